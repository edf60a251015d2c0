"""CSV that is streamed, and that no spreadsheet takes for a formula (RFC 4180; OWASP, CSV injection)."""

import csv
import io
from collections.abc import Iterable, Iterator, Sequence

FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n")
BOM = "\ufeff"
"""Spreadsheets read UTF-8 only when told so."""


def lines(head: Sequence[str], chunks: Iterable[Sequence[Sequence[str]]]) -> Iterator[str]:
    """Yield the head, then the text of each chunk of rows: never more than one chunk in memory."""
    yield start(head)
    for chunk in chunks:
        yield text(chunk)


def start(head: Sequence[str]) -> str:
    """Return how a file begins, whose columns are called so."""
    return BOM + text([head])


def text(rows: Iterable[Sequence[str]]) -> str:
    """Return the lines of these rows."""
    written = io.StringIO()
    csv.writer(written).writerows([safe(cell) for cell in row] for row in rows)
    return written.getvalue()


def safe(cell: str) -> str:
    """Return the cell as text for a spreadsheet: what looks like a formula gets an apostrophe before it."""
    return f"'{cell}" if cell.startswith(FORMULA_STARTS) else cell
