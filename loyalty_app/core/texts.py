"""Text from outside, as databases and file names can hold it."""

import json
import re
import unicodedata
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.elements import ColumnElement
from sqlalchemy.sql.functions import FunctionElement

ERASED = "[erased]"
"""What stands where somebody who is forgotten was named."""
SIGMA, FINAL_SIGMA = "\N{GREEK SMALL LETTER SIGMA}", "\N{GREEK SMALL LETTER FINAL SIGMA}"


def storable(text: str) -> str:
    """Return the text without what PostgreSQL or UTF-8 cannot hold: NUL and halves of characters."""
    return text.replace("\0", "").encode("utf-8", "ignore").decode()


def line(text: str) -> str:
    """Return the text as one line of what can be seen; chats and hand scanners put more around it, and into it."""
    if text.isprintable():
        return text.strip()
    return "".join(letter if letter.isprintable() else _unseen(letter) for letter in text).strip()


def slug(text: str) -> str:
    """Return the text as part of a file's name."""
    return re.sub(r"[^A-Za-z0-9]+", "-", text).strip("-") or "batch"


def has_words(text: str, *columns: Any) -> ColumnElement[bool]:
    """Return which rows have each word of a text in one of these columns, in any case and script."""
    words = dict.fromkeys(storable(text).split())
    return sa.and_(sa.true(), *(sa.or_(*(contains(column, word) for column in columns)) for word in words))


def contains(column: Any, part: str) -> ColumnElement[bool]:
    """Return which rows of a column have a text in it, in any case and script."""
    if SIGMA in part.casefold():  # at the end of a word it has another form, and no capital leads back there
        column, part = sa.func.replace(column, FINAL_SIGMA, SIGMA), part.replace(FINAL_SIGMA, SIGMA)
    around = "%" + re.sub(r"([%_/])", r"/\1", part) + "%"
    return _Like(column, around) if part.isascii() else _Glob(column, around, f"*{''.join(map(_either_case, part))}*")


class _Like(FunctionElement[bool]):
    """A column has an English text in it."""

    inherit_cache = True


class _Glob(_Like):
    """A column has a text in it whose capitals SQLite's LIKE does not know: those of English are all it does."""

    inherit_cache = True


@compiles(_Like)
def _like(found: _Like, compiler: Any, **more: Any) -> str:
    column, around = (compiler.process(one, **more) for one in list(found.clauses)[:2])
    return f"(lower({column}) LIKE lower({around}) ESCAPE '/')"


@compiles(_Like, "sqlite")
def _like_of_sqlite(found: _Like, compiler: Any, **more: Any) -> str:
    column, around = (compiler.process(one, **more) for one in list(found.clauses)[:2])
    return f"({column} LIKE {around} ESCAPE '/')"


@compiles(_Glob, "sqlite")
def _glob_of_sqlite(found: _Glob, compiler: Any, **more: Any) -> str:
    column, _, either = found.clauses
    return f"({compiler.process(column, **more)} GLOB {compiler.process(either, **more)})"


def _either_case(letter: str) -> str:
    cases = sorted({one for one in (letter, letter.lower(), letter.upper()) if len(one) == 1})
    return f"[{''.join(cases)}]" if len(cases) > 1 or letter in "*?[" else letter


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
        spelt = {form for word in self._words for form in (word, word.lower(), word.upper(), word.title())}
        written = {*spelt, *(json.dumps(form)[1:-1] for form in spelt)}
        return sa.or_(sa.false(), *(contains(column, form) for form in sorted(written)))

    @property
    def _words(self) -> list[str]:
        return sorted(filter(None, self.words), key=len, reverse=True)

    @cached_property
    def _pattern(self) -> re.Pattern[str]:
        # Whole words only: Mia is not in Miami, nor al@example.com in jo.al@example.com.
        found = "|".join(_whole(word) for word in self._words) or "(?!)"
        return re.compile(found, re.IGNORECASE)


def _unseen(letter: str) -> str:
    # What only formats takes no room, as where a word may be broken; everything else stands apart.
    return "" if unicodedata.category(letter) == "Cf" else " "


def _whole(word: str) -> str:
    around = (r"(?<![\w.+-])", r"(?![\w-]|\.\w)") if "@" in word else (r"(?<!\w)", r"(?!\w)")
    return re.escape(word).join(around)
