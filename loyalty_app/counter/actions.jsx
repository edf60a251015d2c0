// What can be done with an answer: tell more of it, or undo it.

import React, { useEffect, useRef, useState } from "react";
import { ask, usePhase } from "./attempt.jsx";

const PRESSED = 5000;

// A form that asks for the same code again, with what is told in its fields.
export function Told({ code, onAsk, className, children }) {
  const told = useRef(onAsk);
  told.current = onAsk;
  const isBusy = usePhase() === "checking";

  const submit = (event) => {
    event.preventDefault();
    const form = event.currentTarget;
    const filled = [...new FormData(form, event.nativeEvent.submitter)].filter(([, value]) => value.trim());
    if (!filled.length) return form.querySelector("input")?.focus();
    ask({ text: code, ...Object.fromEntries(filled) }, (what) => told.current?.(what));
    return undefined;
  };

  return <form className={className} onSubmit={submit} autoComplete="off" data-busy={isBusy || undefined}>{children}</form>;
}

const clock = (seconds) => `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;

export function Undo({ number, seconds, onUndo, className, label, children }) {
  const [left, setLeft] = useState(seconds);
  const [isBusy, setBusy] = useState(false);

  useEffect(() => {
    const until = performance.now() + seconds * 1000;
    setLeft(seconds);
    setBusy(false);
    const timer = setInterval(() => setLeft(Math.max(0, Math.ceil((until - performance.now()) / 1000))), 1000);
    return () => clearInterval(timer);
  }, [number, seconds]);

  const press = () => {
    setBusy(true);
    setTimeout(() => setBusy(false), PRESSED);
    onUndo?.();
  };

  // It stays where it is when its time is over, so that nothing moves under a finger.
  return (
    <button type="button" className={className} aria-label={label || undefined} disabled={left === 0 || isBusy} data-over={left === 0 || undefined} onClick={press}>
      {children} <span className="counter-left" aria-hidden="true">{clock(left)}</span>
    </button>
  );
}
