"""Which codes of a batch can be drawn, and how large."""

SMALLEST_PICTURE, LARGEST_PICTURE = 100, 4096
"""Pixels that may be asked for."""


def serial_problems(first: int, last: int, total: int) -> dict[str, str]:
    """Return what is wrong with a range of serials of a batch with that many codes, by its field."""
    if not 1 <= first <= total:
        return {"first": f"Use a serial from 1 to {total:,}."}
    if not first <= last <= total:
        return {"last": f"Use a serial from {first:,} to {total:,}."}
    return {}
