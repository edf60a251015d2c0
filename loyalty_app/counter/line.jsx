// What a tablet says of the connection, of what it judged by itself, and of what became of that.

import React, { useEffect, useRef, useState } from "react";
import { byItself, useVerdict } from "./attempt.jsx";
import { Fit } from "./fit.jsx";
import * as queue from "./queue.jsx";

const DIALOG = "conflicts";

const scansOf = (number) => `${number} ${number === 1 ? "scan" : "scans"}`;

// --- The verdict, in the place of the answer. -----------------------------------------------------------------------

export function Alone({ connected, person, account, spot, words, shapes, className }) {
  const said = useVerdict();
  const { scans } = queue.useQueue();

  useEffect(() => { queue.start(); }, []);
  useEffect(() => { queue.socketIs(connected); }, [connected]);
  useEffect(() => { queue.worksHere(person, account, spot); }, [person, account, spot]);

  if (!said) return <div className={className} aria-live="assertive" aria-atomic="true" />;
  const { verdict, what } = said;
  const { shape, headline, ...rest } = later(scans.find((scan) => scan.nonce === said.nonce)) ?? worded(verdict, words);
  return (
    <div className={className} aria-live="assertive" aria-atomic="true" data-alone={shape}>
      <Fit>
        <div className="counter-words" key={said.number}>
          <svg className="counter-shape" viewBox="0 0 48 48" fill="none" stroke="currentColor" strokeWidth="4" strokeLinecap="round" strokeLinejoin="round" aria-hidden="true">
            <path d={shapes[shape] ?? shapes.problem} />
          </svg>
          <h2>{headline}</h2>
          {rest.lead && <p className="counter-lead" dir="auto">{rest.lead}</p>}
          {rest.title && <p className="counter-title" dir="auto">{rest.title}</p>}
          {rest.note && <p className="counter-note">{rest.note}</p>}
          {rest.member && <p className="counter-member" dir="auto">{rest.member}</p>}
          {verdict.is === "basket" && <Basket key={said.number} />}
          {rest.mayBeTaken && (
            <button type="button" className="counter-alone-button" onClick={() => byItself({ isTaken: true })}>Give it, check later</button>
          )}
          <p className="counter-foot" dir="auto">{what.text.slice(0, 40)} · {queue.clock(said.at)}</p>
        </div>
      </Fit>
    </div>
  );
}

// What the server said of it meanwhile.
function later(scan) {
  if (!scan?.answer) return null;
  const { shape, headline, lead, title, note } = scan.answer;
  const member = queue.memberOf(scan);
  return scan.state === "done" ? { shape, headline: "Confirmed", lead, title, member } : { shape, headline, lead, title, member, note };
}

function worded({ is, voucher, at }, words) {
  const { reward: lead = "", title = "" } = voucher ?? {};
  const of = queue.listAt() ? ` of ${queue.clock(queue.listAt())}` : "";
  switch (is) {
    case "provisional":
      return { shape: "provisional", headline: "Provisional", lead, title, note: "Authentic, but not confirmed yet: it is sent when the connection is back." };
    case "taken":
      return { shape: "provisional", headline: "Taken unchecked", note: "It is checked when the connection is back." };
    case "basket":
      return { shape: "basket", headline: "How much is the basket?", lead, title, note: `${voucher.minimumWords} or more.` };
    case "again":
      return { shape: "used", headline: "Scanned before", lead: `Scanned here at ${queue.clock(at)}, not confirmed yet.`, note: "Do not give the reward again." };
    case "here":
      return { shape: "used", headline: "Already redeemed", lead: `Redeemed here at ${queue.clock(at)}.`, note: "Do not give the reward again." };
    case "unlisted":
      return { shape: "unchecked", headline: "Not in the list", lead: `Not in this tablet's list${of}.`, note: "It may have been claimed since: let the customer wait, or take it on trust.", mayBeTaken: true };
    case "unlistable":
      return { shape: "unchecked", headline: "Not checked", lead: "No connection, and no list of vouchers on this tablet.", note: "Let the customer wait, or take it on trust.", mayBeTaken: true };
    case "lost":
      return { shape: "problem", headline: "No answer", lead: "The server did not reply.", note: "Check the connection, then scan the same code again: it will not be counted twice." };
    default:
      return { ...words[is], lead: (is === "expired" && voucher.ended) || words[is].lead, title: voucher ? voucher.title || voucher.reward : "" };
  }
}

function Basket() {
  const [problem, setProblem] = useState("");
  const told = (event) => {
    event.preventDefault();
    const amount = minor(event.target.elements.basket.value);
    if (amount === null) setProblem("Enter an amount, for example 12.50.");
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

// "12,50" and "12.50" in cents, "1200" in yen; nothing for what is no amount.
function minor(text) {
  const digits = queue.digits();
  const found = /^(\d{1,9})(?:[.,](\d+))?$/.exec(text.replace(/\s/g, ""));
  if (!found || (found[2] ?? "").length > digits) return null;
  return Number(found[1] + (found[2] ?? "").padEnd(digits, "0"));
}

// --- The line under the bar. ----------------------------------------------------------------------------------------

export function Line() {
  const { scans, isCut, needsSignIn, isSending, listAt, canKeep } = queue.useQueue();
  const unsent = queue.waiting(scans).length;
  const lost = queue.lost(scans);
  const fresh = queue.unseen(scans);
  const show = () => document.getElementById(DIALOG)?.showModal();

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
              <dt>{scan.state === "conflict" ? "First" : "Why"}</dt>
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
