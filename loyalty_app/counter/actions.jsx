// What can be done with an answer: tell more of it, undo it, or put it away. Nothing of that is sent while there is no
// connection: it would be done later, when nobody expects it, and in the place of another customer's answer.

import React, { useEffect, useRef, useState } from "react";
import { ask, lastAnswer, next, usePhase } from "./attempt.jsx";
import { isCutOff, unanswered, useQueue } from "./queue.jsx";

const PRESSED = 5000; // by then there is an answer, or no connection
const NOT_HONOURED = "No connection: nothing was honoured. Try again when it is back.";
const NOT_UNDONE = "No connection: nothing was undone. Try again when it is back.";
const UNKNOWN = "No answer yet: it may still be undone. Look under My last scans when the connection is back.";

// Why what was pressed is not done; it is over when the connection is back.
function useCut() {
  const [words, say] = useState("");
  const { isCut } = useQueue();
  useEffect(() => { if (!isCut) say(""); }, [isCut]);
  return [words && <p className="counter-cut" role="alert">{words}</p>, say];
}

// A form that asks for the same code again, with what is told in its fields.
export function Told({ code, onAsk, className, children }) {
  const told = useRef(onAsk);
  told.current = onAsk;
  const isBusy = usePhase() === "checking";
  const [cut, say] = useCut();

  const submit = (event) => {
    event.preventDefault();
    const form = event.currentTarget;
    const filled = [...new FormData(form, event.nativeEvent.submitter)].filter(([, value]) => value.trim());
    if (!filled.length) return form.querySelector("input")?.focus();
    const what = { text: code, ...Object.fromEntries(filled) };
    if (what.goodwill && isCutOff()) return say(NOT_HONOURED);
    ask(what, (more) => told.current?.(more));
    return undefined;
  };

  return <form className={className} onSubmit={submit} autoComplete="off" data-busy={isBusy || undefined}>{children}{cut}</form>;
}

const clock = (seconds) => `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;

// A button that counts down for how long it may be pressed.
export function Countdown({ number, seconds, className, label, isBusy = false, onClick, children }) {
  const [left, setLeft] = useState(seconds);

  useEffect(() => {
    const until = performance.now() + seconds * 1000;
    setLeft(seconds);
    const timer = setInterval(() => setLeft(Math.max(0, Math.ceil((until - performance.now()) / 1000))), 1000);
    return () => clearInterval(timer);
  }, [number, seconds]);

  // It stays where it is when its time is over, so that nothing moves under a finger.
  return (
    <button type="button" className={className} aria-label={label || undefined} disabled={left === 0 || isBusy} data-over={left === 0 || undefined} onClick={onClick}>
      {children} <span className="counter-left" aria-hidden="true">{clock(left)}</span>
    </button>
  );
}

export function Undo({ number, onUndo, ...more }) {
  const [isBusy, setBusy] = useState(false);
  const [cut, say] = useCut();
  const timer = useRef(null);

  useEffect(() => {
    setBusy(false);
    return () => clearTimeout(timer.current);
  }, [number]);

  const press = () => {
    if (isCutOff()) return say(NOT_UNDONE);
    const before = lastAnswer();
    setBusy(true);
    timer.current = setTimeout(() => {
      setBusy(false);
      if (lastAnswer() !== before) return;
      unanswered();
      say(UNKNOWN);
    }, PRESSED);
    onUndo?.();
    return undefined;
  };

  return <><Countdown number={number} isBusy={isBusy} onClick={press} {...more} />{cut}</>;
}

export function Next({ className, onNext, children }) {
  return <button type="button" className={className} onClick={() => next(onNext)}>{children}</button>;
}
