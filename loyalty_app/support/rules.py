"""The steps of a check in their fixed order, and what each one looked at, in words."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from loyalty_app.core import times
from loyalty_app.core.reasons import Reason
from loyalty_app.program.rules import say_money

MOST_TEXT = 2500
"""As much as any link of ours; a whole scanned text may be pasted."""
MOST_MEMBER = 120


class Verdict(StrEnum):
    """What became of a step."""

    PASSED = "passed"
    FAILED = "failed"
    NOT_APPLICABLE = "not_applicable"
    NOT_CHECKED = "not_checked"


@dataclass(frozen=True)
class Finding:
    """What one check said: whether it fails, or nothing where it does not apply."""

    place: int
    """Of its step, from 0 on."""
    reason: Reason
    fails: bool | None


@dataclass(frozen=True)
class Step:
    """One step of the order, and the checks that belong to it."""

    title: str
    reasons: tuple[Reason, ...] = ()


@dataclass(frozen=True)
class Judged:
    """A step with what became of it."""

    number: int
    title: str
    verdict: Verdict
    reason: Reason | None = None
    """Why it failed."""
    is_decisive: bool = False
    """Whether this is the reason that is told."""


@dataclass(frozen=True)
class Facts:
    """What the checks looked at, as far as whoever asks may know it."""

    at: datetime
    zone: str
    locale: str
    currency: str
    code: str = ""
    batch: str = ""
    is_scan: bool = False
    is_token: bool = False
    holder: str = ""
    asked_for: str = ""
    expires_at: datetime | None = None
    redeemed_at: datetime | None = None
    redeemed_by: str = ""
    redeemed_place: str = ""
    is_goodwill: bool = False
    minimum: int | None = None
    amount: int | None = None
    place: str = ""
    tries: int | None = None
    """Wrong codes that the member typed lately."""
    most_tries: int = 0
    made: int = 0
    total: int = 0
    left: int = 0


CODE_STEPS = (
    Step("Too many tries", (Reason.RATE_LIMITED,)),
    Step("Readable", (Reason.MALFORMED,)),
    Step("Seal of the link", (Reason.TAMPERED, Reason.KEY_RETIRED)),
    Step("Known code", (Reason.UNKNOWN_CODE,)),
    Step("Right kind", (Reason.WRONG_KIND,)),
    Step("Batch is made", (Reason.NOT_READY,)),
    Step("Switched on", (Reason.DISABLED,)),
    Step("Not redeemed before", (Reason.ALREADY_REDEEMED,)),
    Step("Batch takes redemptions", (Reason.BATCH_PAUSED, Reason.REDEMPTION_FROZEN)),
    Step("Has started"),
    Step("Has not ended", (Reason.EXPIRED,)),
    Step("Member is known", (Reason.LOGIN_REQUIRED,)),
    Step("Holder", (Reason.NOT_CLAIMED, Reason.NOT_HOLDER)),
    Step("Basket, location and staff", (Reason.MIN_PURCHASE,)),
    Step("Limit of each member"),
    Step("Budget"),
    Step("Nobody was faster"),
)
"""What a till checks (docs/reference.md); a step without reasons has nothing to check yet."""

CLAIM_STEPS = (
    Step("Known link", (Reason.UNKNOWN_CODE,)),
    Step("Right kind", (Reason.WRONG_KIND,)),
    Step("Batch is not paused", (Reason.BATCH_PAUSED,)),
    Step("Batch is made", (Reason.NOT_READY,)),
    Step("Has not ended", (Reason.EXPIRED,)),
    Step("Member is known", (Reason.LOGIN_REQUIRED,)),
    Step("First of this member", (Reason.ALREADY_CLAIMED,)),
    Step("Vouchers left", (Reason.SOLD_OUT, Reason.NOT_READY)),
)
"""What a claim link checks, one thing in each step."""

HEADLINES: Mapping[Reason, str] = {
    Reason.RATE_LIMITED: "Too many tries",
    Reason.MALFORMED: "Not a code",
    Reason.TAMPERED: "Changed or forged",
    Reason.KEY_RETIRED: "Withdrawn with its key",
    Reason.UNKNOWN_CODE: "Not known",
    Reason.WRONG_KIND: "Not a voucher",
    Reason.NOT_READY: "Not made yet",
    Reason.DISABLED: "Switched off",
    Reason.ALREADY_REDEEMED: "Redeemed before",
    Reason.BATCH_PAUSED: "Batch is paused",
    Reason.REDEMPTION_FROZEN: "Redemptions are stopped",
    Reason.EXPIRED: "Expired",
    Reason.LOGIN_REQUIRED: "No member named",
    Reason.NOT_CLAIMED: "Not claimed",
    Reason.NOT_HOLDER: "Belongs to another member",
    Reason.ALREADY_CLAIMED: "Claimed before",
    Reason.SOLD_OUT: "No vouchers left",
    Reason.MIN_PURCHASE: "Basket too small",
}
"""The answer in a few words."""

NEXT: Mapping[Reason, str] = {
    Reason.RATE_LIMITED: "Wait a quarter of an hour, or have the code scanned at a counter.",
    Reason.MALFORMED: "Compare it with the voucher letter by letter, or scan it instead of typing it.",
    Reason.TAMPERED: "Scan the printed code itself. A copied link may have lost some letters; else it is forged.",
    Reason.KEY_RETIRED: "The codes of this print are withdrawn for good. Hand out one of another batch.",
    Reason.UNKNOWN_CODE: "Compare it letter by letter. A code whose batch was deleted is not known any more.",
    Reason.WRONG_KIND: "Ask the member for the voucher in My cards, or for the printed code.",
    Reason.NOT_READY: "Wait until the vouchers are made; if the batch has stopped, go on with it on its page.",
    Reason.DISABLED: "Somebody switched the code off. Who manages codes can enable it on the page of its batch.",
    Reason.ALREADY_REDEEMED: "If that was a mistake, undo that redemption; the voucher is then as it was before.",
    Reason.BATCH_PAUSED: "Resume the batch, or ask the member to come back later.",
    Reason.REDEMPTION_FROZEN: "Allow redemptions on the page of the batch. The voucher stays valid meanwhile.",
    Reason.EXPIRED: "A lead can honour an expired voucher as goodwill at the counter. Points cannot be honoured.",
    Reason.LOGIN_REQUIRED: "Say who it is for: the member signs in, or opens the printed code on their own phone.",
    Reason.NOT_CLAIMED: "The member opens the claim link, claims a voucher, and shows the code they get.",
    Reason.NOT_HOLDER: "The voucher is for its holder only. This member claims one of their own.",
    Reason.ALREADY_CLAIMED: "One voucher for each member. Theirs is in My cards.",
    Reason.SOLD_OUT: "All vouchers are claimed. Make a new batch if there shall be more.",
    Reason.MIN_PURCHASE: "The basket has to reach the minimum of the offer.",
}
"""What the member or the staff can do next."""


def judged(steps: Sequence[Step], findings: Sequence[Finding]) -> list[Judged]:
    """Return what became of each step; those behind the last finding were never reached."""
    reached = max((finding.place for finding in findings), default=-1)
    decisive = next((finding for finding in findings if finding.fails), None)
    found = []
    for place, step in enumerate(steps):
        own = [finding for finding in findings if finding.place == place]
        failed = next((finding for finding in own if finding.fails), None)
        if failed:
            verdict = Verdict.FAILED
        elif any(finding.fails is False for finding in own):
            verdict = Verdict.PASSED
        elif place > reached:
            verdict = Verdict.NOT_CHECKED
        else:
            verdict = Verdict.NOT_APPLICABLE
        is_decisive = failed is not None and failed is decisive
        found.append(Judged(place + 1, step.title, verdict, failed.reason if failed else None, is_decisive))
    return found


def of_code(reason: Reason, *, fails: bool | None) -> Finding:
    """Return what one check of a code said."""
    return Finding(_place(CODE_STEPS, reason), reason, fails)


def until(steps: Sequence[Step], reason: Reason) -> list[Finding]:
    """Return the findings of an ask that ended at a reason: all before it passed."""
    end = _place(steps, reason)
    passed = [(place, one) for place, step in enumerate(steps[: end + 1]) for one in step.reasons]
    passed = passed[: passed.index((end, reason))]
    return [*(Finding(place, one, fails=False) for place, one in passed), Finding(end, reason, fails=True)]


def said(step: Judged, facts: Facts) -> str:
    """Return what a step of a code looked at."""
    if step.verdict is Verdict.NOT_CHECKED:
        return "Not checked: nothing was found before."
    return _CODE_WORDS[step.number - 1](step, facts)


def claim_said(step: Judged, facts: Facts) -> str:
    """Return what a step of a claim looked at."""
    if step.verdict is Verdict.NOT_CHECKED:
        return "Not checked: nothing was found before."
    return _CLAIM_WORDS[step.number - 1](step, facts)


def _place(steps: Sequence[Step], reason: Reason) -> int:
    return next(place for place, step in enumerate(steps) if reason in step.reasons)


def _instant(instant: datetime, facts: Facts) -> str:
    return times.say_instant(instant, facts.zone, facts.locale)


def _tries(_: Judged, facts: Facts) -> str:
    if facts.tries is None:
        return "A counter may try as often as it likes. Only codes that members type themselves are counted."
    counted = f"{facts.tries} of {facts.most_tries} wrong codes typed by the member in 15 minutes."
    return counted if facts.is_scan else f"{counted} A counter may try as often as it likes."


def _reading(step: Judged, facts: Facts) -> str:
    if step.reason:
        return "No code of ours looks like this."
    return "A sealed link." if facts.is_token else "Letters and digits, as codes are written."


def _seal(step: Judged, facts: Facts) -> str:
    match step.reason:
        case Reason.TAMPERED:
            return "The seal does not fit what the link says."
        case Reason.KEY_RETIRED:
            return "The key that sealed it was retired."
        case _ if facts.is_token:
            return "The seal is intact, and its key is in use."
        case _ if facts.is_scan:
            return "Typed, so there is no seal to look at. The key of its batch is in use."
        case _:
            return "Only printed codes that pay points are sealed."


def _existence(step: Judged, facts: Facts) -> str:
    if step.reason:
        return "There is no such code."
    return f"{facts.code} of the batch {facts.batch}." if facts.code else "There is no code to look for."


def _kind(step: Judged, facts: Facts) -> str:
    if step.reason:
        return "This leads to another place; it is no code of ours."
    return "A printed code that pays points." if facts.is_scan else "A voucher that members claim."


def _making(_: Judged, facts: Facts) -> str:
    return f"{facts.made} of {facts.total} codes are made. Each is good as soon as it is made."


def _switch(step: Judged, _: Facts) -> str:
    return "The code is switched off." if step.reason else "The code is switched on."


def _use(step: Judged, facts: Facts) -> str:
    if not step.reason:
        return "Nobody has redeemed it, or it was undone."
    verb = "Honoured as goodwill" if facts.is_goodwill else "Redeemed first"
    at = f" on {_instant(facts.redeemed_at, facts)}" if facts.redeemed_at else ""
    place = f" at {facts.redeemed_place}" if facts.redeemed_place else ""
    staff = f" by {facts.redeemed_by}" if facts.redeemed_by else ""
    return f"{verb}{at}{place}{staff}."


def _batch(step: Judged, facts: Facts) -> str:
    match step.reason:
        case Reason.BATCH_PAUSED:
            return "The batch is paused, and its codes are paused with it."
        case Reason.REDEMPTION_FROZEN:
            return "The batch takes no redemptions for now."
        case _ if facts.is_scan:
            return "The batch is not paused, and takes redemptions."
        case _:
            return "The batch takes redemptions. A pause would only stop claims: what is claimed stays good."


def _start(_: Judged, __: Facts) -> str:
    return "Batches begin when they are made."


def _end(step: Judged, facts: Facts) -> str:
    if facts.expires_at is None:
        return ""
    last = times.last_minute(facts.expires_at)
    verb = "Expired" if step.reason else "Expires"
    return f"{verb} {_instant(last, facts)} {facts.zone}; judged at {_instant(facts.at, facts)}."


def _member(step: Judged, facts: Facts) -> str:
    if step.reason:
        return "It pays points to a member, and nobody says to whom."
    return f"For {facts.asked_for}." if facts.is_scan else "A voucher knows its holder."


def _holder(step: Judged, facts: Facts) -> str:
    if step.reason is Reason.NOT_CLAIMED:
        return "No member has claimed it."
    if facts.is_scan:
        return "Whoever has the printed code may redeem it."
    held = f"Held by {facts.holder or 'a member who was erased'}"
    if not facts.asked_for:
        return f"{held}. Nobody was named to compare with."
    return f"{held}, asked for {facts.asked_for}."


def _conditions(_: Judged, facts: Facts) -> str:
    at = f" Asked at {facts.place}." if facts.place else ""
    everywhere = f"Every location and all staff may redeem it.{at}"
    if facts.minimum is None:
        return f"The offer has no minimum purchase. {everywhere}"
    least = say_money(facts.minimum, facts.currency, facts.locale)
    if facts.amount is None:
        return f"Minimum purchase {least}; the basket was not told, so the till asks for it. {everywhere}"
    return f"Minimum purchase {least}, basket {say_money(facts.amount, facts.currency, facts.locale)}. {everywhere}"


def _limit(_: Judged, facts: Facts) -> str:
    if facts.is_scan:
        return "A member may redeem any number of printed codes, each once."
    return "A member has at most one voucher of a batch; that was checked when it was claimed."


def _budget(_: Judged, __: Facts) -> str:
    return "Batches have no budget beside their number of codes."


def _race(_: Judged, __: Facts) -> str:
    return "Only redeeming itself can tell: of several tills at the same moment one wins."


def _link(step: Judged, facts: Facts) -> str:
    return "No batch has this link." if step.reason else f"The link of the batch {facts.batch}."


def _claimable(step: Judged, _: Facts) -> str:
    return "Printed codes are redeemed, never claimed." if step.reason else "Members claim vouchers of this batch."


def _pause(step: Judged, _: Facts) -> str:
    return "The batch is paused: nobody can claim." if step.reason else "The batch is not paused."


def _made(step: Judged, facts: Facts) -> str:
    made = f"{facts.made} of {facts.total} vouchers are made."
    return f"{made} Making them has stopped." if step.reason else made


def _visitor(step: Judged, facts: Facts) -> str:
    return "Nobody was named: a visitor has to sign in." if step.reason else f"For {facts.asked_for}."


def _first(step: Judged, facts: Facts) -> str:
    if step.verdict is Verdict.NOT_APPLICABLE:
        return "Nobody was named to look for."
    return f"They have {facts.code} already." if step.reason else "They have no voucher of this batch yet."


def _left(step: Judged, facts: Facts) -> str:
    more = " The others are still being made." if step.reason is Reason.NOT_READY else ""
    return f"{facts.left} left of {facts.total}.{more}"


_CODE_WORDS = (
    _tries,
    _reading,
    _seal,
    _existence,
    _kind,
    _making,
    _switch,
    _use,
    _batch,
    _start,
    _end,
    _member,
    _holder,
    _conditions,
    _limit,
    _budget,
    _race,
)
_CLAIM_WORDS = (_link, _claimable, _pause, _made, _end, _visitor, _first, _left)
