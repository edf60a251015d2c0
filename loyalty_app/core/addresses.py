"""What the address of a screen says, read and written."""

from collections.abc import Mapping
from urllib.parse import urlencode

MOST_DIGITS = 9
"""Every number of so many fits a column of whole numbers."""


def number(text: str) -> int:
    """Return the number that an address names, or 0."""
    return int(text) if text.isascii() and text.isdigit() and len(text) <= MOST_DIGITS else 0


def address(path: str, asked: Mapping[str, object]) -> str:
    """Return the address that asks for this; what is empty is left out."""
    query = urlencode({name: value for name, value in asked.items() if value})
    return f"{path}?{query}" if query else path
