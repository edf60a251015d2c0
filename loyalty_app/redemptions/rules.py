"""What was scanned, and when a voucher may be redeemed."""

import hashlib
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import lru_cache
from urllib.parse import parse_qsl

from loyalty_app.codes import alphabet
from loyalty_app.codes.models import CodeStatus
from loyalty_app.core import addresses
from loyalty_app.core.reasons import Reason
from loyalty_app.core.texts import line
from loyalty_app.keys import rules as tokens
from loyalty_app.places import rules as places
from loyalty_app.program.rules import MOST_MONEY

MOST_TEXT = 200
MOST_NONCE = 64
MOST_AMOUNT = MOST_MONEY
MOST_EXPLANATION = 200
OFFLINE_LIFE = places.PROOF_LIFE
"""For so long a device keeps what it scanned without a connection."""
CLOCKS_DIFFER = places.CLOCKS_DIFFER
GUESSES_AN_ACCOUNT = 10
"""Wrong typed codes of one member in a quarter of an hour; then they wait."""
UNDONE = "Undone at the counter"


@dataclass(frozen=True)
class CodeText:
    """A code in its normalised form."""

    code: str
    host: str = ""
    """Of the link that carried it, if one did; anybody may make such a link."""


@dataclass(frozen=True)
class TokenText:
    """The sealed text that a scan code's link carries (S0-3)."""

    token: str


@dataclass(frozen=True)
class ClaimLink:
    """The public link of a claim batch: an invitation, not a voucher."""

    token: str
    host: str = ""
    """Where it leads, if it says so."""


@dataclass(frozen=True)
class Foreign:
    """A link to somewhere else."""


@dataclass(frozen=True)
class Unreadable:
    """Nothing that we issue looks like this."""


Scanned = CodeText | TokenText | ClaimLink | Foreign | Unreadable


@dataclass(frozen=True)
class Facts:
    """What stands about a voucher, as far as it decides."""

    status: CodeStatus
    disabled: bool
    is_frozen: bool
    expires_at: datetime
    holder_id: int | None
    minimum: int | None
    is_scan: bool = False
    """A code that pays points to who redeems it, and needs no claim before."""
    is_paused: bool = False
    """Only said of a scan batch: vouchers already claimed stay good when theirs is paused (S3-15)."""
    is_retired: bool = False
    """The key that sealed the batch was retired."""
    is_honoured: bool = False
    """It was honoured as goodwill, and is used up by that too."""
    is_forsaken: bool = False
    """Who held it was erased: what is not used up by then is nobody's to use."""


@dataclass(frozen=True, slots=True)
class Told:
    """What counts of an ask: its instant, and the member and the basket where they were told."""

    now: datetime
    member_id: int | None = None
    amount: int | None = None


@lru_cache(maxsize=1024)  # each ask of a group is looked at more than once
def recognise(text: str) -> Scanned:
    """Tell what was scanned or typed."""
    text = line(text)
    if "://" in text or text.startswith("/") or "?code=" in text or "&code=" in text:  # browsers hide https://
        link = addresses.link(text)
        if carried := line(dict(parse_qsl(link.query)).get("code", "")):
            return TokenText(carried) if tokens.looks_like_token(carried) else _typed(carried, link.host)
        steps = [step for step in link.path.split("/") if step]
        if len(steps) >= 2 and steps[-2] == "claim":  # noqa: PLR2004 - …/claim/{token}
            return ClaimLink(steps[-1], link.host)
        return Foreign()
    return TokenText(text) if tokens.looks_like_token(text) else _typed(text)


def _typed(text: str, host: str = "") -> CodeText | Unreadable:
    code = alphabet.normal(text) if len(text) <= MOST_TEXT else None
    return CodeText(code, host) if code else Unreadable()


def kept(text: str) -> str:
    """Return what is remembered of a text: cut, and in one line that any database can store.

    Of each token in it only a digest: whoever reads the attempts cannot redeem what failed.
    """
    if isinstance(what := recognise(text), TokenText):
        return _digest(what.token)
    text = _RUN.sub(lambda run: _digest(run[0]) if tokens.looks_like_token(run[0]) else run[0], line(text))
    return text[:MOST_TEXT]


def _digest(token: str) -> str:
    return f"token {hashlib.sha256(token.encode(errors='replace')).hexdigest()[:24]}"


def is_nonce(text: str) -> bool:
    """Return whether a device may name its attempt so."""
    return len(text) <= MOST_NONCE and text.isprintable()


def is_amount(amount: int | None) -> bool:
    """Return whether a basket may be worth so much."""
    return amount is None or 0 <= amount <= MOST_AMOUNT


def is_scan_time(scanned_at: datetime | None, now: datetime) -> bool:
    """Return whether a device may have scanned then, and tell of it now."""
    return scanned_at is None or now - OFFLINE_LIFE <= scanned_at <= now + CLOCKS_DIFFER


def scanned_at(told: datetime | None, claimed_at: datetime | None, now: datetime) -> datetime | None:
    """Return when a scan was made, as its device tells; now, where its clock must have been wrong.

    Nobody scans a voucher before it is claimed. Such a clock decides nothing, least of all what was in time.
    """
    return now if told and claimed_at and told < claimed_at - CLOCKS_DIFFER else told


def judged_at(scanned_at: datetime | None, now: datetime, *, is_enrolled: bool) -> datetime:
    """Return the instant that decides whether a voucher was too old.

    What an enrolled device scanned in time stays in time, however long the connection was gone; the clock of any
    other browser proves nothing.
    """
    return min(scanned_at, now) if scanned_at and is_enrolled else now


def may_undo(redemption_by: int | None, at: datetime, own_id: int | None, minutes: int, *, now: datetime) -> bool:
    """Return whether somebody, or a program, may still undo a redemption as their own last scan."""
    return own_id is not None and redemption_by == own_id and now < at + timedelta(minutes=minutes)


def say_undone(by: str, at: str, reason: str) -> str:
    """Return who undid a redemption, when, and why if that was told: "Undone by Lena at 12:05: Wrong guest"."""
    return f"Undone by {by or '—'} at {at}" + (f": {reason}" if reason else "")


def say_again(what: str, stands: Reason | None) -> str:
    """Return whether what was undone is good again: "Code CUP-ABCD cannot be redeemed again: it is disabled."."""
    return f"{what} can be redeemed again." if stands is None else f"{what} cannot be redeemed again: {STANDS[stands]}."


def say_effects(code: str, points: str, stands: Reason | None) -> list[str]:
    """Return a sentence for each thing that undoing a redemption does.

    The points are in words, if there are any; with what stands against the code afterwards.
    """
    return [
        say_again(f"Code {code}", stands),
        *([f"{points} leave the member's balance, also below zero."] if points else []),
        "Both facts stay in the history, with your name and the reason.",
    ]


def refusals(
    facts: Facts, now: datetime, *, member_id: int | None = None, amount: int | None = None
) -> tuple[Reason, ...]:
    """Return every reason to refuse, in the order in which they count; none if the voucher is good.

    Of the member and the basket only what the caller told is checked.
    """
    told = Told(now, member_id, amount)
    return tuple(reason for reason, fails in CHECKS if fails(facts, told))


def stands_after_undo(facts: Facts, now: datetime) -> Reason | None:
    """Return why the next scan of a code would be refused once what used it up is undone; nothing if it would not."""
    status = CodeStatus.ACTIVE if facts.is_scan else CodeStatus.CLAIMED
    undone = replace(facts, status=status, is_honoured=False)
    # What it takes a member or a basket to know is not known yet.
    return next((reason for reason in refusals(undone, now) if reason in STANDS), None)


def verdicts(facts: Facts, told: Told) -> dict[Reason, bool | None]:
    """Return what each check says, also those that a voucher passes and those that do not apply to it."""
    return {reason: fails(facts, told) for reason, fails in CHECKS}


def outward(reason: Reason) -> Reason:
    """Return what strangers and members may know of a reason: one and the same for every code that is none of theirs.

    Nobody shall learn from it how close a guess was.
    """
    return Reason.UNKNOWN_CODE if reason in _QUIET else reason


def _key_is_retired(facts: Facts, _: Told) -> bool | None:
    return facts.is_retired if facts.is_scan else None


def _is_disabled(facts: Facts, _: Told) -> bool:
    return facts.disabled or (facts.is_forsaken and facts.status is CodeStatus.CLAIMED)


def _is_used(facts: Facts, _: Told) -> bool:
    return facts.status is CodeStatus.REDEEMED or facts.is_honoured


def _is_paused(facts: Facts, _: Told) -> bool | None:
    return facts.is_paused if facts.is_scan else None  # vouchers already claimed stay good (S3-15)


def _is_frozen(facts: Facts, _: Told) -> bool:
    return facts.is_frozen


def _is_over(facts: Facts, told: Told) -> bool:
    return told.now >= facts.expires_at


def _is_for_nobody(facts: Facts, told: Told) -> bool | None:
    return not told.member_id if facts.is_scan else None


def _is_unclaimed(facts: Facts, _: Told) -> bool | None:
    return None if facts.is_scan else facts.status is CodeStatus.ACTIVE


def _is_of_another(facts: Facts, told: Told) -> bool | None:
    if facts.is_scan or facts.status is CodeStatus.ACTIVE or told.member_id is None:
        return None
    return told.member_id != facts.holder_id


def _is_too_little(facts: Facts, told: Told) -> bool | None:
    return None if told.amount is None or facts.minimum is None else told.amount < facts.minimum


CHECKS: tuple[tuple[Reason, Callable[[Facts, Told], bool | None]], ...] = (
    (Reason.KEY_RETIRED, _key_is_retired),
    (Reason.DISABLED, _is_disabled),
    (Reason.ALREADY_REDEEMED, _is_used),
    (Reason.BATCH_PAUSED, _is_paused),
    (Reason.REDEMPTION_FROZEN, _is_frozen),
    (Reason.EXPIRED, _is_over),
    (Reason.LOGIN_REQUIRED, _is_for_nobody),
    (Reason.NOT_CLAIMED, _is_unclaimed),
    (Reason.NOT_HOLDER, _is_of_another),
    (Reason.MIN_PURCHASE, _is_too_little),
)
"""What may stand against a voucher, in the order in which it counts; a check that does not apply says nothing."""

STANDS: Mapping[Reason, str] = {
    Reason.KEY_RETIRED: "its key was retired",
    Reason.DISABLED: "it is disabled",
    Reason.BATCH_PAUSED: "its batch is paused",
    Reason.REDEMPTION_FROZEN: "redemptions of its batch are frozen",
    Reason.EXPIRED: "it has expired",
}
"""What stands against a code whoever scans it, however large their basket is."""
_RUN = re.compile(rf"[A-Za-z0-9_-]{{{tokens.SHORTEST},}}")
"""What may be a token within another text; what is all of one case is a printed code."""
OF_THE_BATCH = frozenset({Reason.BATCH_PAUSED, Reason.REDEMPTION_FROZEN, Reason.EXPIRED})
"""What stands against every code of a batch alike."""
_QUIET = frozenset(
    {
        Reason.MALFORMED,
        Reason.TAMPERED,
        Reason.KEY_RETIRED,
        Reason.DISABLED,
        Reason.NOT_HOLDER,
        Reason.NOT_CLAIMED,
    }
)
