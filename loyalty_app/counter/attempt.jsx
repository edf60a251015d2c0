// One attempt at a time, whichever way it came in.

import React, { useEffect, useSyncExternalStore } from "react";
import { signal, unlockSound } from "./sound.jsx";

const QUIET = 150; // an answer within this needs no "Checking…"
const PATIENCE = 5000;
const MOST_TRIES = 3;
const LOST_COUNTS = 60000;

// The number makes asking again harmless: the server gives the first answer to it, and redeems nothing twice.

let attempt = null;
let lost = null;
let phase = "";
let timers = [];
const watchers = new Set();

const watch = (tell) => { watchers.add(tell); return () => watchers.delete(tell); };
export const usePhase = () => useSyncExternalStore(watch, () => phase, () => "");
const show = (next) => { phase = next; watchers.forEach((tell) => tell()); };
const later = (act, wait) => timers.push(setTimeout(act, wait));
const settle = () => { timers.forEach(clearTimeout); timers = []; attempt = null; };

function newNonce() {
  if (crypto.randomUUID) return crypto.randomUUID(); // only where the address is secure
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

// `what` is the text and what else is told of it; `send` gets it with the attempt's number.
export function ask(what, send, done) {
  if (attempt) return false;
  const same = JSON.stringify(what);
  const isAgain = lost?.same === same && Date.now() - lost.at < LOST_COUNTS;
  attempt = { same, nonce: isAgain ? lost.nonce : newNonce(), tries: 0, done };
  const go = () => {
    attempt.tries += 1;
    send({ ...what, nonce: attempt.nonce });
    later(attempt.tries < MOST_TRIES ? go : giveUp, PATIENCE);
  };
  show("");
  later(() => show("checking"), QUIET);
  go();
  return true;
}

function giveUp() {
  lost = { same: attempt.same, nonce: attempt.nonce, at: Date.now() };
  settle();
  show("lost");
}

function answer(nonce) {
  const isAwaited = attempt?.nonce === nonce;
  const isLate = lost?.nonce === nonce;
  if (!isAwaited && !isLate) return false;
  const done = isAwaited ? attempt.done : undefined;
  if (isLate) lost = null;
  if (isAwaited) settle();
  if (!attempt) show("");
  done?.();
  return true;
}

export function Waiting({ answered, shape }) {
  const now = usePhase();

  useEffect(() => { if (answered && answer(answered)) signal(shape); }, [answered, shape]);
  useEffect(() => {
    if (navigator.userActivation?.hasBeenActive) unlockSound();
    document.addEventListener("pointerdown", unlockSound);
    document.addEventListener("keydown", unlockSound);
    return () => {
      document.removeEventListener("pointerdown", unlockSound);
      document.removeEventListener("keydown", unlockSound);
      settle();
      show("");
    };
  }, []);

  return (
    <div className="counter-wait" data-wait={now || undefined} role="status">
      {now === "checking" && <p><span className="counter-dots" aria-hidden="true" />Checking…</p>}
      {now === "lost" && (
        <>
          <p>No answer</p>
          <p>The server did not reply. Check the connection, then scan the same code again within a minute: it will not be counted twice.</p>
        </>
      )}
    </div>
  );
}
