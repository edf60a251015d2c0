"""What the numbers of the Redemptions page mean, what its list can be asked for, and how it reads."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum

from loyalty_app.batches.rules import WHOLE, say_share
from loyalty_app.core import times
from loyalty_app.core.addresses import number
from loyalty_app.core.texts import storable
from loyalty_app.insights.rules import WEAK, WELL
from loyalty_app.program.rules import say_number
from loyalty_app.redemptions.models import RedemptionStatus

MOST_TYPED = 80
STATUSES = {
    RedemptionStatus.RECORDED: "Redeemed",
    RedemptionStatus.REVERSED: "Undone",
    RedemptionStatus.GOODWILL: "Goodwill",
}


class Verdict(StrEnum):
    """How a coupon rate compares with what is usual (S2-5)."""

    NONE = ""
    LOW = "low"
    USUAL = "usual"
    GOOD = "good"


HINTS = {
    Verdict.NONE: "No coupon is handed out yet. Share the claim link of a batch first.",
    Verdict.LOW: f"Under {WEAK}%: a weak offer, or shown to the wrong people.",
    Verdict.USUAL: f"Neither weak nor strong: over {WELL}% is doing well.",
    Verdict.GOOD: f"Over {WELL}%: doing well.",
}


@dataclass(frozen=True)
class Search:
    """What the address asks for, as text."""

    q: str = ""
    status: str = ""
    place: str = ""
    staff: str = ""
    since: str = ""
    until: str = ""

    @property
    def first_day(self) -> date | None:
        """Return from which day on redemptions are wanted."""
        return day(self.since)

    @property
    def last_day(self) -> date | None:
        """Return up to which day they are wanted; a day before the first one narrows nothing."""
        return None if self.is_backwards else day(self.until)

    @property
    def is_backwards(self) -> bool:
        """Return whether the days are the wrong way round, so that nothing could lie between them."""
        first, last = day(self.since), day(self.until)
        return bool(first and last and last < first)


def search(asked: Mapping[str, str]) -> Search:
    """Return what an address asks for; what it cannot mean filters nothing."""
    typed = {name: storable(asked.get(name, "")).strip()[:MOST_TYPED] for name in vars(Search())}
    if typed["status"] not in set(RedemptionStatus):
        typed["status"] = ""
    for name in ("place", "staff"):
        typed[name] = str(number(typed[name]) or "")
    for name in ("since", "until"):
        found = day(typed[name])
        typed[name] = found.isoformat() if found else ""  # as programs are asked for it, however it was written
    return Search(**typed)


def day(text: str) -> date | None:
    """Return the day that a date field sent, if it is one that can be reckoned with."""
    try:
        found = date.fromisoformat(text)
    except ValueError:
        return None
    return found if times.FIRST_DAY <= found <= times.LAST_DAY else None


def verdict(redeemed: int, distributed: int) -> Verdict:
    """Return how many of the handed out coupons are redeemed, compared with what is usual."""
    if not distributed:
        return Verdict.NONE
    if redeemed * WHOLE < distributed * WEAK:
        return Verdict.LOW
    return Verdict.GOOD if redeemed * WHOLE > distributed * WELL else Verdict.USUAL


def say_rate(redeemed: int, distributed: int, locale: str) -> str:
    """Return the share of redeemed coupons in words that lie on the same side of a hint's border as the share itself.

    In whole percent, and finer only where those would say "30%" of what is less or more: "29.9%", "just over 30%".
    """
    if not distributed:
        return "—"
    said = say_share(redeemed, distributed)
    border = next((one for one in (WEAK, WELL) if said == f"{one}%"), 0)
    above = redeemed * WHOLE - distributed * border
    if not border or not above:
        return said
    tenths = (redeemed * WHOLE * 20 + distributed) // (distributed * 2)  # half up
    if tenths == border * 10:
        return f"just {'over' if above > 0 else 'under'} {said}"
    return f"{say_number(Decimal(tenths).scaleb(-1), locale)}%"


def say_news(number: int, most: int) -> str:
    """Return how many redemptions came while the reader looked at others."""
    return f"{most}+ new" if number > most else f"{number} new" if number else ""


def say_found(number: int, most: int, locale: str) -> str:
    """Return how many fit what was asked for, as far as they are counted."""
    if number > most:
        return f"More than {say_number(most, locale)} redemptions fit."
    return "1 redemption fits." if number == 1 else f"{say_number(number, locale)} redemptions fit."


def say_rows(number: int, most: int, locale: str, *, is_least: bool = False) -> str:
    """Return how many rows the file will have, as far as they are counted; at least so many, where it looks further."""
    if number > most:
        return f"more than {say_number(most, locale)} rows"
    if is_least:
        return f"{say_number(number, locale)} rows or more" if number else ""
    return "1 row" if number == 1 else f"{say_number(number, locale)} rows" if number else "nothing to export"


def say_conflicts(number: int, locale: str) -> str:
    """Return how many scans were refused when they reached us."""
    if number == 1:
        return "1 scan made without a connection was refused when it reached us"
    return f"{say_number(number, locale)} scans made without a connection were refused when they reached us"


def say_rest(shown: int, number: int, locale: str) -> str:
    """Return how many of so many are shown, if not all are."""
    if shown >= number:
        return ""
    counted = f"The newest {say_number(shown, locale)} of {say_number(number, locale)} are shown."
    return f"{counted} Those before them follow as these are put aside."


def say_narrowed(parts: Sequence[str]) -> str:
    """Return what a list is narrowed to, in one sentence: "No redemption fits: “ana”, undone."."""
    return f"No redemption fits: {', '.join(parts)}."
