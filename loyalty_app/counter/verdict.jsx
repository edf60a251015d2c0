// Whether a voucher is good, as far as a tablet can tell by itself: what codes/alphabet.py, redemptions/rules.py and
// counter/rules.py say, in the same order. No screen and no storage here; a test asks both sides the same questions.

export const FORMAT = 3;
const MOST_READ = 1000;
const MOST_TEXT = 200;
const SHORTEST_TOKEN = 24;
const SEPARATORS = /[ \-_.\u2010-\u2015\u2212]+/g;
const LINK = /^(?:(?:(?:.*? )??[^ /?#]*:)?\/\/)?([^/?#]*)([^?#]*)(?:\?([^#]*))?/;
const CODE = /^[A-Z0-9]{4,40}$/;

// The text as one line of what can be seen: what only formats takes no room, everything else stands apart.
const line = (text) => text.replace(/\p{Cf}/gu, "").replace(/[\p{C}\p{Z}]/gu, " ").replace(/^ +| +$/g, "");

// What somebody typed or scanned in the one form that is stored, or nothing if no code looks like it.
export function normal(text) {
  const code = line(text.normalize("NFKC")).replace(SEPARATORS, "").toUpperCase();
  return CODE.test(code) ? code : "";
}

// As much of a text as the server looks at, in whole characters.
export const cut = (text) => Array.from(text).slice(0, MOST_READ).join("").replace(/\p{Surrogate}/gu, " ");

// What was scanned: {is: "code", code}, or what else it is; with the host of the link that carried it.
export function recognised(text) {
  text = line(text);
  if (text.includes("://") || text.startsWith("/") || text.includes("?code=") || text.includes("&code=")) {
    const [, place, path, query] = LINK.exec(text);
    const host = place.replace(/:[0-9]*$/, "").toLowerCase();
    const carried = line(new URLSearchParams(query).getAll("code").filter(Boolean).at(-1) ?? "");
    if (carried) return isToken(carried) ? { is: "token" } : typed(carried, host);
    const steps = path.split("/").filter(Boolean);
    return steps.length > 1 && steps.at(-2) === "claim" ? { is: "claim", host } : { is: "foreign" };
  }
  return isToken(text) ? { is: "token" } : typed(text);
}

function typed(text, host = "") {
  const code = text.length <= MOST_TEXT ? normal(text) : "";
  return code ? { is: "code", code, host } : { is: "unreadable" };
}

function isToken(text) {
  return text.length >= SHORTEST_TOKEN && text !== text.toUpperCase() && text !== text.toLowerCase() && !text.includes(" ");
}

// Whether a link leads to another shop, as far as the list knows where ours lead; where this tablet itself is, is ours.
export const isElsewhere = (host, list) => (
  Boolean(host && list && !list.head.hosts.includes(host) && host !== globalThis.location?.hostname)
);

// The list as `rules.packed` writes it, or nothing if it is of another version.
export function unpacked(body) {
  const length = new DataView(body).getUint32(0, true);
  const head = JSON.parse(new TextDecoder().decode(new Uint8Array(body, 4, length)));
  if (head.format !== FORMAT) return null;
  const codes = 4 + length;
  const kinds = codes + 4 * head.count;
  return {
    head,
    digests: new Uint32Array(body.slice(codes, kinds)),
    kinds: new (head.wide ? Uint32Array : Uint16Array)(body.slice(kinds)),
    salt: Uint8Array.from(head.salt.match(/../g), (pair) => parseInt(pair, 16)),
  };
}

export async function digest(salt, code) {
  const key = await crypto.subtle.importKey("raw", salt, { name: "HMAC", hash: "SHA-256" }, false, ["sign"]);
  return new DataView(await crypto.subtle.sign("HMAC", key, new TextEncoder().encode(code))).getUint32(0, true);
}

// Everything in the list that has the digest of a code: hardly ever more than one.
export async function lookedUp(list, code) {
  const wanted = await digest(list.salt, code);
  let low = 0, high = list.digests.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (list.digests[middle] < wanted) low = middle + 1;
    else high = middle;
  }
  const found = [];
  for (; list.digests[low] === wanted; low += 1) {
    const [batch, end, standing] = list.head.kinds[list.kinds[low]];
    const [endsAt, ended] = list.head.ends[end];
    found.push({ ...list.head.batches[batch], endsAt, ended, standing });
  }
  return found;
}

const ORDER = ["off", "used", "frozen", "expired", "basket", "minimum", "good"];

// What stands against it first, or "good", or "basket" where that has to be asked for.
export function judged(voucher, now, amount) {
  if (voucher.standing) return voucher.standing;
  if (voucher.frozen) return "frozen";
  if (now >= voucher.endsAt) return "expired";
  if (voucher.minimum && amount === undefined) return "basket";
  if (voucher.minimum && amount < voucher.minimum) return "minimum";
  return "good";
}

// Of several with the same digest the best one: the server has the last word, and nobody is sent away for another's.
export function best(found, now, amount) {
  return found
    .map((voucher) => ({ voucher, verdict: judged(voucher, now, amount) }))
    .sort((one, other) => ORDER.indexOf(other.verdict) - ORDER.indexOf(one.verdict))[0];
}
