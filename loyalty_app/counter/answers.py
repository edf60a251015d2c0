"""What is said of an attempt, in words for staff and for the customer."""

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from loyalty_app.core import times
from loyalty_app.core.reasons import Reason
from loyalty_app.offers.rules import say_reward
from loyalty_app.program.models import Program
from loyalty_app.program.rules import say_money
from loyalty_app.redemptions import rules
from loyalty_app.redemptions.history import Line
from loyalty_app.redemptions.service import AmountNeeded, Incomplete, Redeemed, Refused, Voucher

MOST_QUOTED = 40
RECENTLY = timedelta(hours=1)
JUST_NOW = timedelta(minutes=1)


@dataclass(frozen=True)
class Counter:
    """Where it is said."""

    program: Program
    zone: str
    """By whose clock; what was promised keeps the program's."""
    made: Collection[int] = ()
    """The redemptions that were just made in this very window."""


@dataclass(frozen=True)
class Answer:
    """What can be read from across the counter, already in words."""

    shape: str = "ready"
    headline: str = ""
    lead: str = ""
    staff: str = ""
    """Who did it first; nothing that a customer is shown."""
    title: str = ""
    member: str = ""
    note: str = ""
    """What staff do next; nothing that a customer is shown either."""
    foot: str = ""
    nonce: str = ""
    """Which attempt this answers; the browser waits for it."""
    asks: str = ""
    """What has to be told before it goes on: `amount` or `goodwill`."""
    code: str = ""
    """What the till asks again with."""
    currency: str = ""
    """Of the amount that is asked."""
    problem: str = ""
    """Why what was told will not do."""
    undo: int = 0
    """The redemption that may be undone."""
    undo_for: int = 0
    """For so many seconds from now."""


FAILED = Answer(
    shape="problem", headline="Not checked", lead="Something went wrong on our side.", note="Try the same code again."
)
EMPTY = Answer(
    shape="problem", headline="No code", lead="Nothing was scanned or typed.", note="Type the code, or scan it."
)


def present(
    outcome: Redeemed | Refused | Incomplete | AmountNeeded,
    text: str,
    counter: Counter,
    *,
    amount: int | None = None,
    now: datetime,
) -> Answer:
    """Put an outcome into words; `amount` is what was told of the basket."""
    program = counter.program
    match outcome:
        case Redeemed():
            answer = _accepted(outcome, counter, now)
        case Incomplete():
            answer = say(Reason.LOGIN_REQUIRED)
        case AmountNeeded(voucher):
            answer = _basket(voucher, program)
        case Refused(reason, voucher):
            answer = say(reason, is_claim_link=outcome.is_claim_link)
            clock = times.say_time(now, counter.zone, program.locale)
            if voucher is None:
                answer = replace(answer, foot=f"{_quoted(text)} · {clock}" if text else clock)
            else:
                answer = _explained(answer, outcome, voucher, counter, amount=amount, now=now)
                answer = replace(answer, foot=f"{voucher.code} · {clock}")
    return answer


def undone(line: Line, stands: Reason | None) -> Answer:
    """Return what is said after somebody undid their scan, with what stands against the voucher now."""
    is_goodwill, again = bool(line.goodwill_reason), rules.say_again("The voucher", stands)
    return Answer(
        shape="undone",
        headline="Undone",
        lead="The goodwill does not stand any more." if is_goodwill else again,
        title=line.title,
        member=line.member,
        note=again if is_goodwill else "",
        foot=line.code,
    )


def seconds_to_undo(at: datetime, minutes: int, now: datetime) -> int:
    """Return for how long what was redeemed then may still be undone."""
    return max(0, int((at + timedelta(minutes=minutes) - now).total_seconds()))


def _accepted(redeemed: Redeemed, counter: Counter, now: datetime) -> Answer:
    program, voucher, promise = counter.program, redeemed.voucher, redeemed.voucher.promise
    reward = say_reward(promise, program.currency, program.locale)
    clock = times.say_time(redeemed.at, counter.zone, program.locale)
    seconds = seconds_to_undo(redeemed.at, program.undo_minutes, now)
    return Answer(
        shape="goodwill" if voucher.is_goodwill else "accepted",
        headline="Honoured as goodwill" if voucher.is_goodwill else "Accepted",
        lead=reward,
        title=promise.title if promise.title != reward else "",
        member=voucher.member,
        note="It had expired, and counts in no number." if voucher.is_goodwill else "",
        foot=" · ".join(filter(None, (voucher.code, clock, redeemed.place))),
        undo=redeemed.id if seconds else 0,
        undo_for=seconds,
    )


def _basket(voucher: Voucher, program: Program) -> Answer:
    reward = say_reward(voucher.promise, program.currency, program.locale)
    return Answer(
        shape="basket",
        headline="How much is the basket?",
        lead=reward,
        title=voucher.promise.title if voucher.promise.title != reward else "",
        member=voucher.member,
        note=f"{_money(voucher.promise.minimum_purchase or 0, program)} or more. Nothing is redeemed yet.",
        foot=voucher.code,
        asks="amount",
        code=voucher.code,
        currency=program.currency,
    )


def _explained(
    answer: Answer, refused: Refused, voucher: Voucher, counter: Counter, *, amount: int | None, now: datetime
) -> Answer:
    program = counter.program
    answer = replace(answer, title=voucher.promise.title, member=voucher.member)
    match refused.reason:
        case Reason.EXPIRED:
            zone, ends_at = program.time_zone, voucher.expires_at
            is_there = times.is_same_clock(ends_at, zone, counter.zone)
            lead = f"It {times.say_validity(ends_at, zone, program.locale, now=now, is_there=is_there)}."
            return _forgivable(replace(answer, lead=lead), refused, voucher)
        case Reason.ALREADY_REDEEMED | Reason.CONFLICT_OFFLINE if voucher.redeemed_at:
            is_late = refused.reason is Reason.CONFLICT_OFFLINE
            return _repeated(answer, voucher, counter, is_late=is_late, now=now)
        case Reason.MIN_PURCHASE if amount is not None and voucher.promise.minimum_purchase:
            minimum = voucher.promise.minimum_purchase
            lead = f"{_money(minimum, program)} is needed, {_money(minimum - amount, program)} more than this basket."
            return replace(answer, lead=lead)
        case _:
            return answer


def _forgivable(answer: Answer, refused: Refused, voucher: Voucher) -> Answer:
    if refused.is_goodwill_allowed:
        note = "Nothing was redeemed. You may honour it as goodwill."
        return replace(answer, note=note, asks="goodwill", code=voucher.code)
    if not refused.also and not voucher.is_scan:
        return replace(answer, note="Nothing was redeemed. Ask a lead: they may honour it as goodwill.")
    return answer


def _repeated(answer: Answer, voucher: Voucher, counter: Counter, *, is_late: bool, now: datetime) -> Answer:
    assert voucher.redeemed_at is not None, "only asked of what was redeemed"
    age = now - voucher.redeemed_at
    ago = f"{times.say_duration(age.total_seconds())} ago"
    if voucher.redemption_id in counter.made and age < JUST_NOW:
        answer = replace(answer, note="You just scanned this yourself. It counts once.")
    # A scan that arrives late may well have been made first.
    verb = "Reached us first, and counts: redeemed" if is_late else "First redeemed"
    if voucher.is_goodwill:
        verb = "Honoured as goodwill"
    first = _say_when(voucher.redeemed_at, counter, now)
    where = f" at {voucher.redeemed_place}" if voucher.redeemed_place else ""
    there = say_there(voucher, counter)
    since = f", {ago}" if age < RECENTLY else ""
    return replace(
        answer,
        lead=f"{verb} {first}{where}{there}{since}.",
        staff=f"By {voucher.redeemed_by}" if voucher.redeemed_by else "",
    )


def say_there(voucher: Voucher, counter: Counter) -> str:
    """Return what the clock showed where it was redeemed, if another one goes there: " (14:32 Warsaw time)"."""
    if voucher.redeemed_at is None or not voucher.redeemed_zone:
        return ""
    there = times.say_there(voucher.redeemed_at, voucher.redeemed_zone, counter.zone, counter.program.locale)
    return f" ({there})" if there else ""


def _say_when(instant: datetime, counter: Counter, now: datetime) -> str:
    zone, locale = counter.zone, counter.program.locale
    if times.local_day(instant, zone) == times.local_day(now, zone):
        return f"today, {times.say_time(instant, zone, locale)}"
    return times.say_instant(instant, zone, locale)


def say(reason: Reason, *, is_claim_link: bool = False) -> Answer:  # noqa: C901, PLR0911, PLR0912 - one line a reason
    """Return the words for a refusal: what it is, why, and what staff do next."""
    match reason:
        case Reason.ALREADY_REDEEMED:
            return Answer(
                "used", "Already redeemed", "This voucher was used before.", note="Do not give the reward again."
            )
        case Reason.DISABLED:
            return Answer(
                "disabled",
                "Disabled",
                "This voucher was withdrawn.",
                note="Do not give the reward. An admin or marketer knows why, and can enable it again.",
            )
        case Reason.REDEMPTION_FROZEN:
            return Answer(
                "frozen",
                "Redemptions frozen",
                "No voucher of this batch is redeemed for now.",
                note="It stays good: ask the customer to come back. An admin or marketer allows redemptions again.",
            )
        case Reason.NOT_HOLDER:
            return Answer(
                "unclaimed",
                "Not theirs",
                "This voucher belongs to another member.",
                note="Ask for the code in the customer's own My cards.",
            )
        case Reason.MIN_PURCHASE:
            return Answer(
                "problem",
                "Basket too small",
                "This offer has a minimum purchase.",
                note="Nothing was redeemed. Scan again when the basket is large enough.",
            )
        case Reason.EXPIRED:
            return Answer(
                "expired", "Expired", "This voucher is too old.", note="Nothing was redeemed, and nothing is counted."
            )
        case Reason.NOT_CLAIMED:
            return Answer(
                "unclaimed",
                "Not claimed",
                "Nobody has claimed this voucher yet.",
                note="The customer opens the claim link, claims a voucher, and shows the code in My cards.",
            )
        case Reason.UNKNOWN_CODE:
            return Answer(
                "unknown",
                "Unknown code",
                "There is no voucher with this code.",
                note="Compare it letter by letter, and try again.",
            )
        case Reason.TAMPERED | Reason.KEY_RETIRED:
            return Answer(
                "unknown",
                "Not valid",
                "This code was changed, forged, or withdrawn with its key.",
                note="Do not give the reward.",
            )
        case Reason.LOGIN_REQUIRED:
            return Answer(
                "unclaimed",
                "For the customer's phone",
                "This code pays points to whoever opens it.",
                note="Nothing was redeemed. The customer scans it with their own phone.",
            )
        case Reason.BATCH_PAUSED:
            return Answer(
                "frozen", "Paused", "No code of this batch is redeemed for now.", note="It stays good for later."
            )
        case Reason.MALFORMED:
            return Answer(
                "unknown",
                "Not a voucher",
                "Voucher codes do not look like this.",
                note="Ask for the code in the customer's My cards.",
            )
        case Reason.WRONG_KIND:
            return _say_wrong_kind(is_claim_link=is_claim_link)
        case Reason.CONFLICT_OFFLINE:
            return Answer(
                "used",
                "Already redeemed",
                "Another scan of this voucher reached us first, and counts.",
                note="Talk to whoever made that one.",
            )
        case Reason.NONCE_REUSED:
            return Answer(
                "problem",
                "Scan again",
                "Two scans got the same number, so this one did not count.",
                note="Nothing was redeemed.",
            )
        case (
            Reason.RATE_LIMITED
            | Reason.REVERSAL_DENIED
            | Reason.ALREADY_REVERSED
            | Reason.NOT_READY
            | Reason.ALREADY_CLAIMED
            | Reason.SOLD_OUT
        ):  # said elsewhere, never at the counter
            return Answer(
                "problem", "Not redeemed", "This voucher cannot be redeemed now.", note="Ask an admin to look at it."
            )


def _say_wrong_kind(*, is_claim_link: bool) -> Answer:
    if is_claim_link:
        return Answer(
            "link",
            "Claim link",
            "This is the invitation, not the voucher.",
            note="The customer opens it on their phone, claims a voucher, and shows the code they get.",
        )
    return Answer(
        "unknown",
        "Not a voucher",
        "This leads to another place, not to a voucher of ours.",
        note="Ask for the code in the customer's My cards, or for our printed code.",
    )


def _money(minor: int, program: Program) -> str:
    return say_money(minor, program.currency, program.locale)


def _quoted(text: str) -> str:
    return text if len(text) <= MOST_QUOTED else f"{text[:MOST_QUOTED]}…"
