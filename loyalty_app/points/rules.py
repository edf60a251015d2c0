"""Which adjustments of points are acceptable, and how points are said."""

from loyalty_app.core.languages import ENGLISH, Language
from loyalty_app.program.rules import say_number

MOST_ADJUSTED = 1_000_000
MOST_REASON = 80


def problems(points: int | None, reason: str) -> dict[str, str]:
    """Return a sentence for each part of an adjustment that is not acceptable."""
    found = {}
    if not points or abs(points) > MOST_ADJUSTED:
        found["points"] = f"Enter whole points to add, or below zero to take away, up to {MOST_ADJUSTED:,}."
    if not 0 < len(reason) <= MOST_REASON:
        found["reason"] = f"Say why, in at most {MOST_REASON} characters; the member reads it too."
    return found


def say_points(points: int, locale: str, words: Language = ENGLISH) -> str:
    """Return how many points: "1,240 points"."""
    return words.count("{points} point", "{points} points", abs(points), points=say_number(points, locale))


def signed(points: int, locale: str) -> str:
    """Return points that came or went, with their sign: "+20"."""
    return f"+{say_number(points, locale)}" if points > 0 else say_number(points, locale)


def said_for(title: str, points: int) -> str:
    """Return what points were for; nothing where that only says how many, as a batch without an offer is called."""
    return "" if title == ENGLISH.count("{number} point", "{number} points", abs(points)) else title
