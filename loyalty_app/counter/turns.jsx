// Which code of those in view is tried: each once for as long as it stays there, and of two vouchers neither.

import { recognised } from "./verdict.jsx";

const HOLD_OFF = 2500; // a code fires again only after it was out of view for so long
const BLINK = 500; // of two codes, one is not read in every picture

// What is worth trying of what one look has read, each thing once: vouchers; without one, what we can say most about.
export function candidates(texts) {
  const found = texts.map((text) => ({ text, ...recognised(text) }));
  const vouchers = new Map();
  for (const { is, code, text } of found) {
    const key = code ?? text; // a code is the same with and without a link around it
    if ((is === "code" || is === "token") && !vouchers.has(key)) vouchers.set(key, { key, text, isVoucher: true });
  }
  if (vouchers.size) return [...vouchers.values()];
  const other = found.find(({ is }) => is === "claim") ?? found[0];
  return other ? [{ key: other.text, text: other.text, isVoucher: false }] : [];
}

export function makeTurns() {
  const seen = new Map(); // what it is: when it came into view, when it was there last, and whether it was tried
  let now = 0, lookedAt = 0;
  return {
    // Tell whether two vouchers are in view, and whether one of them has its answer already.
    look(texts, fire, at = performance.now()) {
      // Nothing left the view while nobody looked: the page was hidden, or the tablet took its time over a picture.
      now += Math.min(at - lookedAt, BLINK);
      lookedAt = at;
      for (const [key, one] of seen) if (now - one.at > HOLD_OFF) seen.delete(key);
      const found = candidates(texts).map((one) => {
        const before = seen.get(one.key);
        const isBack = before && now - before.at > BLINK;
        const here = { from: now, isTried: false, ...before, ...(isBack && { from: now }), ...one, at: now };
        seen.set(one.key, here);
        return here;
      });

      const vouchers = [...seen.values()].filter((one) => one.isVoucher && now - one.at <= BLINK);
      const areBeside = (one, other) => one !== other && one.at >= other.from && other.at >= one.from;
      const together = vouchers.filter((one) => vouchers.some((other) => areBeside(one, other)));
      const [first] = found;
      // What is no voucher waits as long: one may lie beside it, and not be read yet.
      const isSure = first && (first.isVoucher ? vouchers.length === 1 : !vouchers.length && now - first.from >= BLINK);
      // While an answer is awaited nothing fires; held in view it gets its turn.
      if (isSure && !first.isTried) first.isTried = Boolean(fire(first.text));
      return { areTwo: together.length > 1, isOneAnswered: together.some((one) => one.isTried) };
    },
  };
}
