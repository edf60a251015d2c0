"""Text from outside, as databases and file names can hold it."""

import json
import re
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import sqlalchemy as sa
from sqlalchemy.sql.elements import ColumnElement

ERASED = "[erased]"
"""What stands where somebody who is forgotten was named."""


def storable(text: str) -> str:
    """Return the text without what PostgreSQL or UTF-8 cannot hold: NUL and halves of characters."""
    return text.replace("\0", "").encode("utf-8", "ignore").decode()


def slug(text: str) -> str:
    """Return the text as part of a file's name."""
    return re.sub(r"[^A-Za-z0-9]+", "-", text).strip("-") or "batch"


@dataclass(frozen=True)
class Redaction:
    """Words that are taken out of texts, however they are written: a name, an address, a number."""

    words: tuple[str, ...]

    def of(self, text: str) -> str:
        """Return the text without them."""
        return self._pattern.sub(ERASED, text)

    def is_in(self, text: str) -> bool:
        """Return whether one of them stands in the text as a whole."""
        return self._pattern.search(text) is not None

    def may_be_in(self, column: Any) -> ColumnElement[bool]:
        """Return which rows of a column to look at: all that hold one of the words, as text or within JSON."""
        # SQLite knows only the capitals of English.
        spelt = {form for word in self._words for form in (word, word.lower(), word.upper(), word.title())}
        written = {form for word in spelt for form in (word, json.dumps(word)[1:-1])}
        return sa.or_(sa.false(), *(column.icontains(form, autoescape=True) for form in sorted(written)))

    @property
    def _words(self) -> list[str]:
        return sorted(filter(None, self.words), key=len, reverse=True)

    @cached_property
    def _pattern(self) -> re.Pattern[str]:
        # Whole words only: Mia is not in Miami, nor al@example.com in jo.al@example.com.
        found = "|".join(_whole(word) for word in self._words) or "(?!)"
        return re.compile(found, re.IGNORECASE)


def _whole(word: str) -> str:
    around = (r"(?<![\w.+-])", r"(?![\w-]|\.\w)") if "@" in word else (r"(?<!\w)", r"(?!\w)")
    return re.escape(word).join(around)
