// What a tablet does while the connection is gone: it judges vouchers by its list, keeps the scans, and sends them later.

import { useSyncExternalStore } from "react";
import { stored, waiting } from "$/public/external/loyalty_app/ui/forms/kept.jsx";
import { readBasket } from "./basket.jsx";
import { best, cut, isElsewhere, lookedUp, recognised, unpacked } from "./verdict.jsx";

const REFRESH = 180000;
const MOST_AT_ONCE = 50;
const SLOW = 20000;
const FIRST_PAUSE = 2000;
const LONGEST_PAUSE = 60000;
const LIST_LIFE = 7 * 86400000; // as long as the server takes scans
const REMEMBERED = 86400000;
const UNREADABLE = 422;
const UNTAKEN = { shape: "problem", headline: "Not redeemed", lead: "The server cannot read this scan.", title: "", member: "", note: "", first: "" };

// --- What is kept, and survives the page: scans by their number, and the list. --------------------------------------

const put = (...scans) => stored("scans", (place) => { scans.forEach((scan) => place.put(scan)); }, "readwrite").then(changed);
const drop = (...scans) => stored("scans", (place) => { scans.forEach((scan) => place.delete(scan.nonce)); }, "readwrite").then(changed);
const keep = (name, value) => stored("kept", (place) => { place.put(value, name); }, "readwrite");
const kept = (name) => stored("kept", (place) => place.get(name));

const tabs = typeof BroadcastChannel === "function" ? new BroadcastChannel("counter") : null;
if (tabs) tabs.onmessage = ({ data }) => {
  if (Array.isArray(data)) data.forEach(([nonce, name]) => names.set(nonce, name));
  else recall();
};

// Whose vouchers they were is never kept: it is gone with the page, with whoever read it, and after a day.
const names = new Map();
export const memberOf = (scan) => names.get(scan.nonce) ?? "";

async function changed() {
  await recall();
  tabs?.postMessage("changed");
}

// --- What the screen sees of it. ------------------------------------------------------------------------------------

let seen = { scans: [], isCut: false, needsSignIn: false, isSending: false, listAt: 0, canKeep: true };
const watchers = new Set();
const watch = (tell) => { watchers.add(tell); return () => watchers.delete(tell); };
const nothing = seen;
export const useQueue = () => useSyncExternalStore(watch, () => seen, () => nothing);

function show(changes) {
  seen = { ...seen, ...changes };
  watchers.forEach((tell) => tell());
}

const inOrder = (scans) => scans.sort((one, other) => one.scannedAt - other.scannedAt);

async function recall() {
  show({ scans: inOrder(await stored("scans", (place) => place.getAll())) });
}

export { waiting };
export const lost = (scans) => scans.filter((scan) => scan.state === "conflict" || scan.state === "refused");
export const unseen = (scans) => scans.filter((scan) => scan.isNew);

// --- Whether there is a connection. ---------------------------------------------------------------------------------

let hasSocket = true;
let isSilent = false; // somebody waited for an answer in vain, and nothing was heard since

export const isCutOff = () => !navigator.onLine || !hasSocket || isSilent;

function looked() {
  const isCut = isCutOff();
  if (isCut !== seen.isCut) show({ isCut });
  if (!isCut) catchUp();
}

export function socketIs(connected) {
  hasSocket = connected;
  looked();
}

export function unanswered() {
  isSilent = true;
  looked();
  later();
}

export function heard(shape) {
  if (isSilent) {
    isSilent = false;
    looked();
  } else if (waiting(seen.scans).length || shape === "undone") catchUp(); // what was undone is good again in the next list
}

// --- The list. ------------------------------------------------------------------------------------------------------

let list = null;
let tag = "";
let zone = ""; // by whose clock people go here
let ahead = 0; // by how much the server's clock is before this one

const now = () => Date.now() + ahead;
export const listAt = () => seen.listAt;

function take({ body, etag, at, difference, here }) {
  list = unpacked(body);
  zone = here;
  [tag, ahead] = list ? [etag, difference] : ["", 0];
  show({ listAt: list ? at : 0 });
}

const isCounter = () => location.pathname === "/scan/";

async function refresh() {
  if (!isCounter()) { // nobody needs the list on the desk; the way there is tried all the same
    await fetch("/healthz", { cache: "no-store", signal: AbortSignal.timeout(SLOW) });
    return;
  }
  const headers = tag ? { "If-None-Match": tag } : {};
  const answer = await fetch("/counter/snapshot", { headers, cache: "no-store", signal: AbortSignal.timeout(SLOW) });
  if (answer.status !== 200 && answer.status !== 304) return;
  const at = Number(answer.headers.get("X-Time")); // the list may be older, and still be right
  const difference = at - Date.now();
  const body = answer.status === 200 ? await answer.arrayBuffer() : (await kept("list"))?.body;
  if (!body) return;
  const fresh = { body, etag: answer.headers.get("ETag") ?? "", at, difference, here: answer.headers.get("X-Zone") };
  take(fresh);
  await keep("list", fresh);
  const isOld = (scan) => Date.now() - scan.scannedAt > REMEMBERED;
  seen.scans.filter(isOld).forEach((scan) => names.delete(scan.nonce));
  const old = seen.scans.filter((scan) => scan.state === "done" && isOld(scan));
  if (old.length) await drop(...old);
}

export function clock(instant) {
  return new Intl.DateTimeFormat(list?.head.locale, { timeStyle: "short", hourCycle: "h23", timeZone: zone || undefined }).format(instant);
}

// --- One scan without the server. -----------------------------------------------------------------------------------

// Who scans, and where: `spot` is what the server said of that, and is told with each scan when it is sent.
let person = { name: "", account: 0, spot: "" };
export async function worksHere(name, account, spot) {
  await isReady;
  if (!name || !account) return;
  const isAnother = account !== person.account;
  const next = { name, account, spot: spot || (isAnother ? "" : person.spot) };
  if (isAnother) names.clear();
  else if (name === person.name && next.spot === person.spot) return;
  person = next;
  keep("person", person).catch(() => {});
}

// What to say of it: {is, voucher?, at?}. What is good is kept before it is said; what nobody can tell is kept only if
// somebody takes it on themselves (`isTaken`), so that nobody loses a voucher for which they got nothing.
export async function judge(what, { nonce, isSent }, isTaken) {
  const text = cut(what.text);
  const { is, code, host } = recognised(text);
  await isReady;
  if (is !== "code") return { is: isElsewhere(host, list) ? "foreign" : is };
  if (!seen.canKeep) return { is: "lost" };
  const before = seen.scans.findLast((scan) => scan.code === code && isAgainst(scan));
  if (before) return { is: before.state === "waiting" ? "again" : "here", at: before.scannedAt };

  const known = Boolean(list) && now() - seen.listAt < LIST_LIFE && Boolean(globalThis.crypto?.subtle);
  const found = known ? best(await lookedUp(list, code), now(), what.amount) : undefined;
  const unfound = isElsewhere(host, list) ? "foreign" : "unlisted";
  const verdict = found?.verdict ?? (known ? unfound : "unlistable");
  if (verdict === "good" || (isTaken && !found)) {
    await put({
      nonce, code, text, amount: what.amount, scannedAt: Date.now(), by: person.name, account: person.account, spot: person.spot, state: "waiting",
      verdict: found ? "provisional" : "unchecked", title: found?.voucher.reward ?? "", isTried: isSent, isNew: false,
    });
    if (!isCutOff()) catchUp();
    return { is: found ? "provisional" : "taken", voucher: found?.voucher, code };
  }
  return { is: verdict, voucher: found?.voucher, code };
}

function isAgainst(scan) {
  if (scan.state === "waiting") return true;
  return scan.state === "done" && now() - ahead < scan.scannedAt + REMEMBERED && scan.scannedAt + ahead > seen.listAt;
}

// What the server accepted is remembered here, until a newer list knows it too.
export function accepted(read, nonce) {
  const text = cut(read);
  const { is, code } = recognised(text);
  if (is !== "code") return;
  put({ nonce, code, text, scannedAt: Date.now(), by: person.name, state: "done", isNew: false }).catch(() => {});
}

// An amount as somebody typed it: {amount}, or {problem}. Without a list nothing here asks for one, or checks it.
export const basketOf = (text) => (list ? readBasket(text, list.head.basket) : {});

// --- A scan by mistake. ---------------------------------------------------------------------------------------------

// For how long it can still be undone here: by who made it, as long after it as any scan, and only if nothing was ever
// sent of it, as then nobody but this tablet knows of it.
export function secondsToTakeBack({ state, isTried, account, scannedAt }) {
  if (state !== "waiting" || isTried || account !== person.account) return 0;
  return Math.max(0, Math.ceil((scannedAt - Date.now()) / 1000) + 60 * (list?.head.undoMinutes ?? 0));
}

// Whether it is off the queue. It goes in one change of what is kept, as in another one `send` marks what it is about to
// send: whichever comes first wins.
export async function withdrawn(nonce) {
  let isGone = false;
  await stored("scans", (place) => {
    place.get(nonce).onsuccess = ({ target: { result: scan } }) => {
      isGone = Boolean(scan) && secondsToTakeBack(scan) > 0;
      if (isGone) place.delete(nonce);
    };
  }, "readwrite");
  await changed();
  return isGone;
}

// --- Sending. -------------------------------------------------------------------------------------------------------

let pause = FIRST_PAUSE;
let timer;
let running = null;

export function catchUp() {
  clearTimeout(timer);
  running ??= go().finally(() => { running = null; });
  return running;
}

async function go() {
  try {
    await isReady;
    const problem = await alone(send).then(() => null, (reason) => reason);
    await refresh(); // whatever is the matter with what waits, the list must not grow old
    if (isSilent) {
      isSilent = false;
      looked();
    }
    if (problem) throw problem;
    pause = FIRST_PAUSE;
    later(waiting(seen.scans).length ? FIRST_PAUSE : REFRESH); // one may have come while the list was fetched
  } catch {
    later();
  }
}

function later(wait) {
  clearTimeout(timer);
  timer = setTimeout(() => { if (navigator.onLine) catchUp(); else later(); }, wait ?? pause);
  if (!wait) pause = Math.min(pause * 2, LONGEST_PAUSE);
}

// One tab at a time. Where there are no locks two may send the same: the number of a scan makes that harmless.
const alone = (act) => (navigator.locks ? navigator.locks.request("counter", act) : act());

// What is next, marked: from now on it may be known to the server, whatever becomes of the answer.
async function nextToSend(most) {
  let some = [];
  await stored("scans", (place) => {
    place.getAll().onsuccess = ({ target: { result: scans } }) => {
      some = waiting(inOrder(scans)).slice(0, most);
      some.forEach((scan) => place.put({ ...scan, isTried: true }));
    };
  }, "readwrite");
  await (some.length ? changed() : recall());
  return some;
}

// A server that cannot be reached at all costs nobody the chance to take a scan back.
async function reach() {
  const answer = await fetch("/healthz", { cache: "no-store", signal: AbortSignal.timeout(SLOW) });
  if (!answer.ok) throw new Error(`answered ${answer.status}`);
}

async function send() {
  let most = MOST_AT_ONCE;
  if (isCutOff() && waiting(seen.scans).length) await reach();
  for (;;) {
    const some = await nextToSend(most);
    if (!some.length) return show({ needsSignIn: false });
    show({ isSending: true });
    try {
      const answer = await fetch("/counter/queue", {
        method: "POST",
        headers: { "Content-Type": "application/json", Accept: "application/json" },
        body: JSON.stringify({ sentAt: new Date(), scans: some.map(told) }),
        signal: AbortSignal.timeout(SLOW),
      });
      const needsSignIn = answer.status === 401 || answer.status === 403;
      show({ needsSignIn });
      if (answer.status === UNREADABLE) { // one of them holds up the others: by itself it is found, and put aside
        if (some.length === 1) await put({ ...some[0], state: "refused", answer: UNTAKEN, isNew: true });
        most = 1;
        continue;
      }
      if (!answer.ok) throw new Error(`answered ${answer.status}`);
      const { answers } = await answer.json();
      const of = new Map(answers.map((one) => [one.nonce, one]));
      const named = answers.filter((one) => one.member).map((one) => [one.nonce, one.member]);
      named.forEach(([nonce, name]) => names.set(nonce, name));
      tabs?.postMessage(named);
      await put(...some.filter((scan) => of.has(scan.nonce)).map((scan) => settled(scan, of.get(scan.nonce))));
    } finally {
      show({ isSending: false });
    }
  }
}

const told = ({ text, nonce, scannedAt, amount, account, spot }) => (
  { text, nonce, scannedAt: new Date(scannedAt), amount: amount ?? null, scannedBy: account || null, spot: spot ?? "" }
);

function settled(scan, answer) {
  const state = answer.verdict === "confirmed" ? "done" : answer.verdict;
  return { ...scan, state, answer: { ...answer, member: "" }, isNew: true };
}

export const noticed = () => put(...unseen(seen.scans).map((scan) => ({ ...scan, isNew: false })));
export const putAside = (scan) => drop(scan);

// Before somebody signs out: true if nothing is left behind.
export async function allSent() {
  await Promise.race([catchUp(), new Promise((resolve) => { setTimeout(resolve, 6000); })]);
  return waiting(seen.scans).length === 0;
}

// --- The page itself, kept for a reload without a connection. -------------------------------------------------------

function keepPage() {
  if (!navigator.serviceWorker || !isCounter()) return;
  navigator.serviceWorker.register("/scan/worker.js", { scope: "/scan/" }).then(async () => {
    const { active } = await navigator.serviceWorker.ready;
    const tell = () => {
      const files = performance.getEntriesByType("resource").map((one) => new URL(one.name)).filter((one) => one.origin === location.origin);
      active.postMessage({ keep: [...new Set(files.map((one) => one.pathname))] });
    };
    tell();
    setTimeout(tell, 5000); // what was loaded later
  }).catch(() => {});
}

let isReady = Promise.resolve();
let isStarted = false;
export function start() {
  if (isStarted) return;
  isStarted = true;
  isReady = (async () => {
    try {
      await recall();
      const [saved, who] = [await kept("list"), await kept("person")];
      if (saved && !list) take(saved);
      if (!person.account && who?.account) person = who;
    } catch {
      show({ canKeep: false });
    }
  })();
  addEventListener("online", looked);
  addEventListener("offline", looked);
  navigator.storage?.persist?.().catch(() => {});
  looked();
  if (document.readyState === "complete") keepPage();
  else addEventListener("load", keepPage);
}
