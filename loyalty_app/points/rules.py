"""Which adjustments of points are acceptable."""

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
