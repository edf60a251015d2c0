// What staff type of a basket, as program/rules.py reads it; what a tablet needs for that comes with its list.

// "12,50" and "12.50" in cents, "1200" in yen: {amount}, or {problem} in the words of the server.
export function readBasket(text, { digits, problem }) {
  const found = /^(\d{1,12})(?:[.,](\d{1,3}))?$/.exec(text.replace(/[\p{C}\p{Z}]/gu, ""));
  if (!found || (found[2] ?? "").length > digits) return { problem };
  return { amount: Number(found[1] + (found[2] ?? "").padEnd(digits, "0")) };
}
