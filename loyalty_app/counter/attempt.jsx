// One attempt at a time, whichever way it came in.

import React, { useEffect, useRef, useSyncExternalStore } from "react";
import { useChoice } from "./choice.jsx";
import { accepted, basketOf, heard, isCutOff, judge, unanswered, withdrawn } from "./queue.jsx";
import { signal, unlockSound } from "./sound.jsx";

const QUIET = 150; // an answer within this needs no "Checking…"
const PATIENCE = 4000; // then the tablet answers by itself
const LOST_COUNTS = 600000;
const READING = 1200; // so long an answer stands before the next of a row of scans
const MOST_IN_ROW = 20;
const MISSED = "counter-missed";
const HINTED = 6000;
const SHOWN = { accepted: 6000, other: 9000 }; // in the kiosk, until it is ready for the next customer

// The number makes asking again harmless: the server gives the first answer to it, and redeems nothing twice.

let attempt = null;
let lost = null;
let phase = "";
let timers = [];
let row = []; // scans that came while another was being answered
const watchers = new Set();

const watch = (tell) => { watchers.add(tell); return () => watchers.delete(tell); };
export const usePhase = () => useSyncExternalStore(watch, () => phase, () => "");
const show = (next) => { phase = next; watchers.forEach((tell) => tell()); };
const later = (act, wait) => timers.push(setTimeout(act, wait));
const settle = () => {
  timers.forEach(clearTimeout);
  timers = [];
  attempt = null;
  if (row.length) setTimeout(() => !attempt && row.length && ask(...row.shift()), READING);
};

function newNonce() {
  if (crypto.randomUUID) return crypto.randomUUID(); // only where the address is secure
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

// `what` is the text and what else is told of it; `send` gets it with the attempt's number.
export function ask(what, send, done) {
  if (attempt) return false;
  const same = JSON.stringify(what);
  const isAgain = lost?.same === same && Date.now() - lost.at < LOST_COUNTS;
  const { text, goodwill } = what;
  attempt = { what: { text, amount: what.amount && basketOf(what.amount).amount, goodwill }, same, nonce: isAgain ? lost.nonce : newNonce(), isSent: isAgain, done };
  show("");
  tell(null);
  later(() => show("checking"), QUIET);
  if (isCutOff()) {
    alone(attempt);
  } else {
    attempt.isSent = true;
    later(giveUp, PATIENCE);
    send({ ...what, nonce: attempt.nonce });
  }
  return true;
}

// What is not seen again, like the beep of a hand scanner, waits for its turn.
export function askInTurn(what, send) {
  if (!row.length && ask(what, send)) return; // none overtakes those that wait already
  if (row.length < MOST_IN_ROW) row.push([what, send]);
  else missed(1);
}

// Say something that the server is not needed for: `empty` (no code in the picture), `two` (more than one).
export function hint(about) {
  if (attempt) return;
  show(about);
  signal(about);
  setTimeout(() => phase === about && show(""), HINTED);
}

// Two vouchers are before the camera, and neither is tried until one of them is gone. That covers no answer, nor one
// that is awaited: whenever it is not said in its place it is said in the picture, for as long as both are there.
let areBoth = false;
let isTold = false;
export const useTwoInPicture = () => useSyncExternalStore(watch, () => areBoth && phase !== "two", () => false);
export function twoInView(areTwo, isOneAnswered = false) {
  const isNew = areTwo && !isOneAnswered;
  if (areTwo === areBoth && isNew === isTold) return;
  [areBoth, isTold] = [areTwo, isNew];
  if (isNew && !attempt) {
    show("two");
    signal("two");
  } else {
    show(phase === "two" ? "" : phase);
  }
}

// What was read and never asked for is told, on this page or, once it was left, on the next one with a counter.
function missed(number) {
  if (!number) return;
  sessionStorage.setItem(MISSED, Number(sessionStorage.getItem(MISSED) ?? 0) + number);
  signal("problem");
  watchers.forEach((tell) => tell());
}
const useMissed = () => useSyncExternalStore(watch, () => Number(sessionStorage.getItem(MISSED) ?? 0), () => 0);
function toldOfMissed() {
  sessionStorage.removeItem(MISSED);
  watchers.forEach((tell) => tell());
}

function giveUp() {
  lost = { same: attempt.same, nonce: attempt.nonce, at: Date.now() };
  unanswered();
  alone(attempt);
}

// --- Without the server: what the tablet itself says of the attempt, under the same number. -------------------------

let said = null;
let number = 0;
const tell = (next) => { said = next; watchers.forEach((one) => one()); };
export const useVerdict = () => useSyncExternalStore(watch, () => said, () => null);

async function alone(mine, isTaken = false) {
  let verdict;
  try {
    // Whether it is honoured as goodwill only the server says, and it was asked.
    verdict = mine.what.goodwill ? { is: "lost" } : await judge(mine.what, mine, isTaken);
  } catch {
    verdict = { is: "lost" };
  }
  if (attempt !== mine) return; // answered meanwhile
  settle();
  show("");
  putAway();
  say(mine, verdict);
  mine.done?.();
}

function say(mine, verdict) {
  number += 1;
  tell({ ...mine, verdict, at: Date.now(), number });
}

// Somebody told the basket, or takes the voucher on trust.
export function byItself({ isTaken = false, amount }) {
  if (attempt || !said) return;
  const { what, same, nonce, isSent } = said;
  attempt = { what: amount === undefined ? what : { ...what, amount }, same, nonce, isSent };
  alone(attempt, isTaken);
}

// Undo what only this tablet knows of; false if that is no longer so.
export async function takeBack() {
  const mine = said;
  if (!await withdrawn(mine.nonce)) return false;
  if (said === mine) say(mine, { ...mine.verdict, is: "withdrawn" });
  return true;
}

// --- The server's last answer, which is put away here while the server cannot do it. --------------------------------

let latest = "";
let away = "";
export const lastAnswer = () => latest;
const useAway = () => useSyncExternalStore(watch, () => away, () => "");

function putAway() {
  away = latest;
  watchers.forEach((one) => one());
}

export function next(onNext) {
  if (isCutOff()) putAway();
  else onNext?.();
}

function answer(nonce, shape) {
  latest = nonce;
  heard(shape);
  const isAwaited = attempt?.nonce === nonce;
  const isLate = lost?.nonce === nonce;
  if (!isAwaited && !isLate) return false;
  const { done, what } = isAwaited ? attempt : {};
  if (shape === "accepted" && what) accepted(what.text, nonce);
  if (isLate) {
    lost = null;
    if (said?.nonce === nonce) tell(null);
  }
  if (isAwaited) settle();
  if (!attempt) show("");
  done?.();
  return true;
}

export function Waiting({ answered, shape, hasKiosk, onNext }) {
  const now = usePhase();
  const isKiosk = useChoice().mode === "kiosk" && hasKiosk;
  const alone = useVerdict();
  const untried = useMissed();
  const isAway = useAway() === answered && answered !== "";
  const place = useRef(null);

  useEffect(() => { if (answered && (answer(answered, shape) || shape === "undone")) signal(shape); }, [answered, shape]);
  useEffect(() => { // the next customer is waiting
    if (!isKiosk || !(answered || alone)) return undefined;
    const isGood = alone ? alone.verdict.is === "provisional" : shape === "accepted";
    const timer = setTimeout(() => (alone ? tell(null) : next(onNext)), isGood ? SHOWN.accepted : SHOWN.other);
    return () => clearTimeout(timer);
  }, [isKiosk, answered, alone]);
  useEffect(() => { place.current.closest(".counter-answer")?.toggleAttribute("data-away", isAway); }, [isAway]);
  useEffect(() => {
    if (navigator.userActivation?.hasBeenActive) unlockSound();
    document.addEventListener("pointerdown", unlockSound);
    document.addEventListener("keydown", unlockSound);
    const leave = () => {
      missed(row.length);
      row = [];
    };
    addEventListener("pagehide", leave);
    return () => {
      document.removeEventListener("pointerdown", unlockSound);
      document.removeEventListener("keydown", unlockSound);
      removeEventListener("pagehide", leave);
      leave();
      settle();
      show("");
      tell(null);
    };
  }, []);

  return (
    <div ref={place} className="counter-wait" data-wait={now || undefined} role="status">
      {isAway && !now && !alone && <p className="counter-away">Ready</p>}
      {now === "checking" && <p><span className="counter-dots" aria-hidden="true" />Checking…</p>}
      {now === "empty" && (
        <>
          <p>No code in this picture</p>
          <p>Take it straight from the front, with the whole code in it and light on it, or type the code.</p>
        </>
      )}
      {now === "two" && (
        <>
          <svg className="counter-shape" viewBox="0 0 48 48" fill="none" stroke="currentColor" strokeWidth="4" strokeLinecap="round" strokeLinejoin="round" aria-hidden="true">
            <path d="M3 12h17v24H3ZM28 12h17v24H28ZM11.5 24h.01M36.5 24h.01" />
          </svg>
          <p>Two codes in view</p>
          <p>Show one at a time. Nothing is redeemed yet.</p>
        </>
      )}
      {untried > 0 && (
        <>
          <p>{untried === 1 ? "1 scan was not checked" : `${untried} scans were not checked`}</p>
          <p>Too many waited, or the page was left before their turn. Scan them again.</p>
          <button type="button" className="counter-button" onClick={toldOfMissed}>OK</button>
        </>
      )}
    </div>
  );
}
