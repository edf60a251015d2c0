"""What the address of a screen says, read and written; and where any link leads."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlencode

MOST_DIGITS = 9
"""Every number of so many fits a column of whole numbers."""

# Words before the https:// are passed over, as in a line of a chat; in what an address carries none is looked for.
_LINK = re.compile(r"(?:(?:(?:.*? )??[^ /?#]*:)?//)?([^/?#]*)([^?#]*)(?:\?([^#]*))?")
_PORT = re.compile(r":[0-9]*\Z")


@dataclass(frozen=True)
class Link:
    """The parts of a link, also of one that lacks its https://, or has words before it."""

    host: str
    """In small letters and without its port; nothing if the link is one within a site."""
    path: str
    query: str


def number(text: str) -> int:
    """Return the number that an address names, or 0."""
    return int(text) if text.isascii() and text.isdigit() and len(text) <= MOST_DIGITS else 0


def link(text: str) -> Link:
    """Return the parts of a link; anything can be read as one."""
    host, path, query = next(_LINK.finditer(text)).groups("")
    return Link(_PORT.sub("", host).lower(), path, query)


def address(path: str, asked: Mapping[str, object]) -> str:
    """Return the address that asks for this; what is empty is left out."""
    query = urlencode({name: value for name, value in asked.items() if value})
    return f"{path}?{query}" if query else path
