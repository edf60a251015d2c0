"""How codes are made, written and read back."""

import os
import re
import unicodedata
from collections.abc import Iterable
from itertools import groupby

from loyalty_app.core.texts import line

MOST_LENGTH = 40
GROUP = 4
HIDDEN = "…"
"""What stands for the part of a code that somebody may not read."""
LONG = 2 * GROUP
"""Of fewer characters not even the last four are shown: the others could be guessed."""

_SEPARATORS = re.compile(r"[\s\-_.\u2010-\u2015\u2212]+")
_CODE = re.compile(rf"[A-Z0-9]{{4,{MOST_LENGTH}}}")


def make(prefix: str, characters: str, length: int, count: int) -> list[str]:
    """Return that many different random codes, each character equally likely."""
    fair = 256 - 256 % len(characters)
    letters = bytes(ord(characters[byte % len(characters)]) for byte in range(256))
    unfair = bytes(range(fair, 256))
    codes: dict[str, None] = {}
    while len(codes) < count:
        wanted = (count - len(codes)) * length
        text = os.urandom(wanted + wanted // 8 + length).translate(letters, unfair).decode()
        for start in range(0, min(len(text), wanted) - length + 1, length):
            codes[prefix + text[start : start + length]] = None
    return list(codes)


def normal(text: str) -> str | None:
    """Return what somebody typed or scanned in the one form that is stored, or None if no code looks like it."""
    code = _written(text)
    return code if _CODE.fullmatch(code) else None


def normal_part(text: str) -> str:
    """Return part of a code in the form that is stored, or nothing if no code can contain it."""
    part = _written(text)
    return part if part.isascii() and part.isalnum() else ""


def _written(text: str) -> str:
    return _SEPARATORS.sub("", line(unicodedata.normalize("NFKC", text))).upper()


def display(code: str, prefix: str = "") -> str:
    """Return a code in groups of four after its prefix, as it is read aloud and printed."""
    rest = code[len(prefix) :]
    groups = [rest[start : start + GROUP] for start in range(0, len(rest), GROUP)]
    if len(groups) > 1 and len(groups[-1]) == 1:
        groups[-2:] = [groups[-2] + groups[-1]]
    return "-".join([prefix, *groups] if prefix else groups)


def masked(text: str) -> str:
    """Return only how a text ends, if it is long enough."""
    return HIDDEN + (text[-GROUP:] if len(text) >= LONG else "")


def runs(serials: Iterable[int]) -> str:
    """Return serials in few words: "3, 5–9"."""
    ordered = sorted(set(serials))
    parts = [[serial for _, serial in run] for _, run in groupby(enumerate(ordered), key=lambda one: one[1] - one[0])]
    return ", ".join(str(run[0]) if len(run) == 1 else f"{run[0]}–{run[-1]}" for run in parts)
