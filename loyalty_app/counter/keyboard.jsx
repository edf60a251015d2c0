// Codes that are typed.

import React, { useEffect, useRef } from "react";
import { ask, usePhase } from "./attempt.jsx";

export function Entry({ onAsk, className, children }) {
  const form = useRef(null);
  const told = useRef(onAsk);
  told.current = onAsk;
  const isBusy = usePhase() === "checking";

  useEffect(() => {
    // Hand scanners type like a keyboard, wherever the focus is: what nobody else wants goes into the field.
    const type = (event) => {
      const isForNobody = document.activeElement === document.body || document.activeElement === null;
      if (isForNobody && /^[\p{L}\p{N}]$/u.test(event.key) && !event.ctrlKey && !event.metaKey && !event.altKey) form.current?.elements.code?.focus();
    };
    document.addEventListener("keydown", type);
    return () => document.removeEventListener("keydown", type);
  }, []);

  const submit = (event) => {
    event.preventDefault();
    const field = form.current.elements.code;
    const text = field.value.trim();
    if (!text) return field.focus();
    const isTouched = matchMedia("(pointer: coarse)").matches;
    const isSent = ask({ text }, (what) => told.current?.(what), () => {
      if (field.value.trim() === text) field.value = "";
      if (!isTouched) field.focus();
    });
    if (!isSent) return undefined;
    if (isTouched) field.blur(); // else the screen's keyboard covers the answer
    else field.select();
    return undefined;
  };

  return <form ref={form} className={className} onSubmit={submit} autoComplete="off" data-busy={isBusy || undefined}>{children}</form>;
}
