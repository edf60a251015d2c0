"""What the numbers of the Redemptions page mean, and how its list reads."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from loyalty_app.insights.rules import WEAK, WELL
from loyalty_app.redemptions.models import RedemptionStatus

STATUSES = {
    RedemptionStatus.RECORDED: "Redeemed",
    RedemptionStatus.REVERSED: "Taken back",
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


def verdict(rate: float | None) -> Verdict:
    """Return how a share of the handed out coupons compares."""
    if rate is None:
        return Verdict.NONE
    if rate * 100 < WEAK:
        return Verdict.LOW
    return Verdict.GOOD if rate * 100 > WELL else Verdict.USUAL


def say_news(number: int, most: int) -> str:
    """Return how many redemptions came while the reader looked at others."""
    return f"{most}+ new" if number > most else f"{number} new" if number else ""


def say_found(number: int, *, is_more: bool) -> str:
    """Return how many fit what was asked for, as far as one page knows."""
    if is_more:
        return f"More than {number} fit, the newest first."
    return "1 redemption fits." if number == 1 else f"{number} redemptions fit."


def say_conflicts(number: int) -> str:
    """Return how many scans came too late."""
    if number == 1:
        return "1 scan made without a connection reached us after another one"
    return f"{number} scans made without a connection reached us after others"


def say_narrowed(parts: Sequence[str]) -> str:
    """Return what a list is narrowed to, in one sentence: "No redemption fits: “ana”, taken back."."""
    return f"No redemption fits: {', '.join(parts)}."
