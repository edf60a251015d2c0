// What a tablet says of the connection, of what it judged by itself, and of what became of that.

import React, { useEffect, useRef, useState } from "react";
import { Countdown } from "./actions.jsx";
import { byItself, takeBack, useVerdict } from "./attempt.jsx";
import { useChoice } from "./choice.jsx";
import { Fit } from "./fit.jsx";
import * as queue from "./queue.jsx";
import { signal } from "./sound.jsx";
import { later, worded } from "./words.jsx";

const DIALOG = "conflicts";

const scansOf = (number) => `${number} ${number === 1 ? "scan" : "scans"}`;

// --- The verdict, in the place of the answer. -----------------------------------------------------------------------

export function Alone({ connected, person, account, spot, words, shapes, className }) {
  const said = useVerdict();
  const { scans } = queue.useQueue();

  useEffect(() => { queue.start(); }, []);
  useEffect(() => { queue.socketIs(connected); }, [connected]);
  useEffect(() => { queue.worksHere(person, account, spot); }, [person, account, spot]);

  const scan = said && scans.find(({ nonce }) => nonce === said.nonce);
  const answer = said && (later(scan, scan && queue.memberOf(scan)) ?? worded(said.verdict, { words, clock: queue.clock, listAt: queue.listAt() }));
  useEffect(() => { if (said) signal(answer.shape); }, [said?.number]);

  const { shape, headline, ...rest } = answer ?? {};
  const please = rest.please && <p className="counter-please">{rest.please}</p>;
  return (
    <div className={className} data-alone={shape}>
      <div className="counter-alone-said" aria-live="assertive" aria-atomic="true">
        {said && (
          <Fit>
            <div className="counter-words" key={said.number}>
              <svg className="counter-shape" viewBox="0 0 48 48" fill="none" stroke="currentColor" strokeWidth="4" strokeLinecap="round" strokeLinejoin="round" aria-hidden="true">
                <path d={shapes[shape] ?? shapes.problem} />
              </svg>
              <h2>{headline}</h2>
              {shape === "basket" && please}
              {rest.lead && <p className="counter-lead" dir="auto">{rest.lead}</p>}
              {rest.title && <p className="counter-title" dir="auto">{rest.title}</p>}
              {rest.note && <p className="counter-note">{rest.note}</p>}
              {rest.member && <p className="counter-member" dir="auto">{rest.member}</p>}
              {shape !== "basket" && please}
              {said.verdict.is === "basket" && <Basket key={said.number} />}
              {rest.mayBeTaken && (
                <button type="button" onClick={() => byItself({ isTaken: true })}>Give it, check later</button>
              )}
              <p className="counter-foot" dir="auto">{said.what.text.slice(0, 40)} · {queue.clock(said.at)}</p>
            </div>
          </Fit>
        )}
      </div>
      {said && <TakeBack key={said.number} scan={scan} />}
    </div>
  );
}

// A scan by mistake, as long as no way to the server was tried with it.
function TakeBack({ scan }) {
  const [isTooLate, setTooLate] = useState(false);
  const left = scan ? queue.secondsToTakeBack(scan) : 0;
  const press = async () => { if (!await takeBack()) setTooLate(true); };

  if (isTooLate) return <p className="counter-cut" role="alert">It is on its way to the server. Undo it under My last scans.</p>;
  return left > 0 && <Countdown number={scan.nonce} seconds={left} onClick={press}>Undo</Countdown>;
}

function Basket() {
  const [problem, setProblem] = useState("");
  const told = (event) => {
    event.preventDefault();
    const { amount, problem: why } = queue.basketOf(event.target.elements.basket.value);
    if (why) setProblem(why);
    else byItself({ amount });
  };
  return (
    <form className="counter-basket" onSubmit={told} noValidate>
      <label htmlFor="basket">Basket</label>
      <input id="basket" name="basket" type="text" inputMode="decimal" autoComplete="off" autoFocus aria-invalid={problem ? "true" : undefined} aria-describedby="basket-problem" />
      <button type="submit">Redeem</button>
      <p id="basket-problem" role="alert">{problem}</p>
    </form>
  );
}

// --- The line under the bar. ----------------------------------------------------------------------------------------

export function Line() {
  const { scans, isCut, needsSignIn, isSending, listAt, canKeep } = queue.useQueue();
  const unsent = queue.waiting(scans).length;
  const lost = queue.lost(scans);
  const fresh = queue.unseen(scans);
  const isKiosk = useChoice().mode === "kiosk";
  const show = () => document.getElementById(DIALOG)?.showModal();
  if (isKiosk) return <Strip isCut={isCut} canCheck={canKeep && Boolean(listAt)} unsent={unsent} needsSignIn={needsSignIn} lost={lost.length} />;

  let said = null;
  if (isCut && canKeep) said = <p><strong>No connection.</strong> Keep scanning: {listAt ? `vouchers are checked against the list of ${queue.clock(listAt)}` : "nothing can be checked yet"}, and sent later.</p>;
  else if (isCut) said = <p><strong>No connection.</strong> This browser keeps nothing: wait until it is back.</p>;
  else if (unsent && needsSignIn) said = <p><a href="/scan/unlock/">Sign in to send {scansOf(unsent)}</a></p>;
  else if (unsent && isSending) said = <p>Sending {scansOf(unsent)}…</p>;
  else if (unsent) said = <p>Connected again.</p>;

  return (
    <div className="counter-line" data-cut={isCut || undefined} data-empty={!(said || unsent || fresh.length || lost.length) || undefined}>
      <div role="status">
        {said}
        {unsent > 0 && <p className="counter-unsent">{unsent} not sent yet</p>}
        {fresh.length > 0 && <p className="counter-summary">{summary(fresh)}</p>}
      </div>
      {fresh.length > 0 && <button type="button" onClick={queue.noticed}>OK</button>}
      {lost.length > 0 && <button type="button" className="counter-look" onClick={show}>See {lost.length === 1 ? "it" : `all ${lost.length}`}: not accepted</button>}
      <Board scans={lost} />
    </div>
  );
}

// In a kiosk: what a customer has to know, and for staff what waits for them, quietly.
function Strip({ isCut, canCheck, unsent, needsSignIn, lost }) {
  const staff = [
    unsent > 0 && (needsSignIn ? `sign in to send ${scansOf(unsent)}` : `${unsent} not sent yet`),
    lost > 0 && `${lost} not accepted`,
  ].filter(Boolean);
  return (
    <div className="counter-strip" role="status">
      {isCut && <p><strong>No connection.</strong> {canCheck ? "Show your code all the same." : "Please ask at the counter."}</p>}
      {staff.length > 0 && <p className="counter-strip-staff">For staff: {staff.join(", ")}</p>}
    </div>
  );
}

function summary(scans) {
  const count = (state) => scans.filter((scan) => scan.state === state).length;
  const parts = [[count("done"), "confirmed"], [count("conflict"), count("conflict") === 1 ? "conflict" : "conflicts"], [count("refused"), "refused"]];
  return parts.filter(([number]) => number).map(([number, word]) => `${number} ${word}`).join(", ");
}

// --- Who was first, and where. --------------------------------------------------------------------------------------

function Board({ scans }) {
  const dialog = useRef(null);
  useEffect(() => { if (!scans.length && dialog.current?.open) dialog.current.close(); }, [scans.length]);
  return (
    <dialog id={DIALOG} ref={dialog} className="counter-board" aria-labelledby="conflicts-name">
      <h2 id="conflicts-name">Scanned without a connection, not accepted</h2>
      <ul>
        {scans.map((scan) => (
          <li key={scan.nonce} data-state={scan.state}>
            <h3 dir="auto">{scan.answer.title || scan.title || scan.answer.headline} <span className="counter-code">{scan.code}</span></h3>
            <dl>
              <dt>This tablet</dt>
              <dd>{queue.clock(scan.scannedAt)}{scan.by && ` by ${scan.by}`}, {scan.verdict === "unchecked" ? "taken unchecked" : "provisional"}</dd>
              <dt>{scan.state === "conflict" ? "Reached us first, and counts" : "Why"}</dt>
              <dd>{scan.state === "conflict" ? scan.answer.first || scan.answer.lead : `${scan.answer.headline}. ${scan.answer.lead}`}</dd>
              {queue.memberOf(scan) && <><dt>Member</dt><dd dir="auto">{queue.memberOf(scan)}</dd></>}
            </dl>
            <button type="button" onClick={() => queue.putAside(scan)}>Put aside</button>
          </li>
        ))}
      </ul>
      <p className="counter-hint">Nothing was redeemed twice. Leads find the conflicts under Redemptions too.</p>
      <button type="button" onClick={() => dialog.current.close()}>Close</button>
    </dialog>
  );
}

// --- Around the button that signs out. ------------------------------------------------------------------------------

export function Leaving({ children }) {
  const place = useRef(null);
  const dialog = useRef(null);
  const mayGo = useRef(false);
  const { scans, isCut } = queue.useQueue();
  const unsent = queue.waiting(scans).length;

  const leave = async (event) => {
    if (mayGo.current || !unsent) return;
    event.preventDefault();
    event.stopPropagation();
    if (!queue.isCutOff() && await queue.allSent()) go();
    else dialog.current.showModal();
  };
  const go = () => {
    mayGo.current = true;
    dialog.current.close();
    place.current.querySelector("form").requestSubmit();
    setTimeout(() => { mayGo.current = false; }, 0);
  };
  const leaveThem = () => {
    const told = Object.assign(document.createElement("input"), { type: "hidden", name: "unsent", value: "yes" });
    place.current.querySelector("form").append(told);
    go();
  };

  return (
    <div ref={place} onSubmitCapture={leave} className="counter-leaving">
      {children}
      <dialog ref={dialog} className="counter-board" aria-labelledby="unsent-name">
        <h2 id="unsent-name">{scansOf(unsent)} not sent yet</h2>
        <p>They stay on this tablet, and are sent {isCut ? "when the connection is back. Without it nobody can sign out." : "as soon as somebody signs in here."}</p>
        <div className="counter-choices">
          <button type="button" onClick={() => dialog.current.close()}>Stay signed in</button>
          {!isCut && <button type="button" onClick={leaveThem}>Sign out</button>}
        </div>
      </dialog>
    </div>
  );
}
