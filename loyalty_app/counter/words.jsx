// What a tablet says by itself, verdict by verdict: no screen and no storage here, so that a test can ask for each.
// `please` is for the customer before a kiosk, who sees no note and nothing to press.

const NOT_YET = "Nothing is redeemed yet: please ask at the counter.";

export function worded({ is, voucher, at }, { words, clock, listAt }) {
  const { reward: lead = "", title = "" } = voucher ?? {};
  const of = listAt ? ` of ${clock(listAt)}` : "";
  switch (is) {
    case "provisional":
      return { shape: "provisional", headline: "Provisional", lead, title, note: "Authentic, but not confirmed yet: it is sent when the connection is back.", please: "Kept here: it is confirmed when the connection is back." };
    case "taken":
      return { shape: "provisional", headline: "Taken unchecked", note: "It is checked when the connection is back." };
    case "withdrawn":
      return { shape: "undone", headline: "Undone", lead: "It is not sent: the voucher stays as it was.", title: title || lead };
    case "basket":
      return { shape: "basket", headline: "How much is the basket?", lead, title, note: `${voucher.minimumWords} or more. Nothing is redeemed yet.`, please: NOT_YET };
    case "again":
      return { shape: "used", headline: "Scanned before", lead: `Scanned here at ${clock(at)}, not confirmed yet.`, note: "Do not give the reward again." };
    case "here":
      return { shape: "used", headline: "Already redeemed", lead: `Redeemed here at ${clock(at)}.`, note: "Do not give the reward again." };
    case "unlisted":
      return { shape: "unchecked", headline: "Not in the list", lead: `Not in this tablet's list${of}.`, note: "It may have been claimed since: let the customer wait, or take it on trust.", please: NOT_YET, mayBeTaken: true };
    case "unlistable":
      return { shape: "unchecked", headline: "Not checked", lead: "No connection, and no list of vouchers on this tablet.", note: "Let the customer wait, or take it on trust.", please: NOT_YET, mayBeTaken: true };
    case "lost":
      return { shape: "problem", headline: "No answer", lead: "The server did not reply.", note: "Check the connection, then scan the same code again: it will not be counted twice.", please: "Please ask at the counter." };
    default:
      return { ...words[is], lead: (is === "expired" && voucher.ended) || words[is].lead, title: voucher ? voucher.title || voucher.reward : "" };
  }
}

// What the server said of a scan meanwhile, if it did.
export function later(scan, member) {
  if (!scan?.answer) return null;
  const { shape, headline, lead, title, note } = scan.answer;
  return scan.state === "done" ? { shape, headline: "Confirmed", lead, title, member } : { shape, headline, lead, title, member, note };
}
