"""What can be asked of a prepared file: pictures of codes, or sheets of labels that can be printed."""

import json
import math
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

from babel.numbers import format_decimal

from loyalty_app.batches.rules import whole
from loyalty_app.codes.rules import LARGEST_PICTURE, SMALLEST_PICTURE, serial_problems
from loyalty_app.qr.drawing import ErrorLevel, PictureFormat

INCH = 25.4
SMALLEST_MODULE = 0.33
"""Millimetres: four dots of a printer of 300 dots an inch, which is what a phone reads in bad light."""
SMALLEST_WIDTH = 15.0
SMALLEST_HEIGHT = 12.0
MOST_COLUMNS = 20
MOST_ROWS = 40
LONGEST_LINE = 60
YES = "yes"
MEGABYTE = 1_000_000
GRID = "grid"
"""The name of a sheet that somebody measured."""
LABELS_A_PART = 5_000
"""So many and the whole sheets they fill are one PDF: more would take longer than a step may, and much memory."""
LABELS_AT_ONCE = 2_000
"""More than these are not drawn while somebody waits for the answer."""


class Paper(StrEnum):
    """Which paper is in the printer."""

    A4 = "a4"
    LETTER = "letter"


PAPER_SIZES = {Paper.A4: (210.0, 297.0), Paper.LETTER: (8.5 * INCH, 11 * INCH)}
"""Width and height in millimetres."""


@dataclass(frozen=True)
class Sheet:
    """Where the labels lie on the paper, in millimetres from its upper left corner."""

    paper: Paper
    columns: int
    rows: int
    width: float
    height: float
    left: float
    top: float
    gap_x: float = 0.0
    gap_y: float = 0.0

    @property
    def count(self) -> int:
        """Return how many labels are on a sheet."""
        return self.columns * self.rows

    def corner(self, place: int) -> tuple[float, float]:
        """Return the upper left corner of a label; they are counted from 0, row by row."""
        row, column = divmod(place, self.columns)
        return self.left + column * (self.width + self.gap_x), self.top + row * (self.height + self.gap_y)


@dataclass(frozen=True)
class Format:
    """A sheet that is sold, or that is often cut from plain paper."""

    name: str
    sheet: Sheet


@dataclass(frozen=True)
class Look:
    """What is on every label beside its own code."""

    lines: tuple[str, ...] = ()
    logo: bytes | None = None
    crop_marks: bool = False
    first_place: int = 1
    """The first label that is still on the first sheet."""


def _of_inches(columns: int, rows: int, size: tuple[float, float], corner: tuple[float, float], *gaps: float) -> Sheet:
    return Sheet(Paper.LETTER, columns, rows, *(INCH * length for length in (*size, *corner, *gaps)))


FORMATS = {
    "l7160": Format("Avery L7160: 63.5 × 38.1 mm, 21 on A4", Sheet(Paper.A4, 3, 7, 63.5, 38.1, 7.21, 15.15, 2.54)),
    "l7163": Format("Avery L7163: 99.1 × 38.1 mm, 14 on A4", Sheet(Paper.A4, 2, 7, 99.1, 38.1, 4.63, 15.15, 2.54)),
    "l7651": Format("Avery L7651: 38.1 × 21.2 mm, 65 on A4", Sheet(Paper.A4, 5, 13, 38.1, 21.2, 4.75, 10.7, 2.5)),
    "a4-35": Format("To cut: 35 × 35 mm, 40 on A4", Sheet(Paper.A4, 5, 8, 35.0, 35.0, 17.5, 8.5)),
    "a4-45": Format("To cut: 45 × 45 mm, 24 on A4", Sheet(Paper.A4, 4, 6, 45.0, 45.0, 15.0, 13.5)),
    "5160": Format("Avery 5160: 2⅝ × 1 in, 30 on Letter", _of_inches(3, 10, (2.625, 1), (0.1875, 0.5), 0.125)),
    "5163": Format("Avery 5163: 4 × 2 in, 10 on Letter", _of_inches(2, 5, (4, 2), (0.15625, 0.5), 0.1875)),
    "22805": Format("Avery 22805: 1½ × 1½ in, 24 on Letter", _of_inches(4, 6, (1.5, 1.5), (0.78125, 0.5), 0.3125, 0.2)),
    "22806": Format("Avery 22806: 2 × 2 in, 12 on Letter", _of_inches(3, 4, (2, 2), (0.625, 0.645), 0.625, 0.57)),
}


def sheet_problems(sheet: Sheet) -> dict[str, str]:
    """Return what is wrong with a sheet that somebody measured, by its field."""
    found: dict[str, str] = {}
    if not 1 <= sheet.columns <= MOST_COLUMNS:
        found["columns"] = f"Use 1 to {MOST_COLUMNS} columns."
    if not 1 <= sheet.rows <= MOST_ROWS:
        found["rows"] = f"Use 1 to {MOST_ROWS} rows."
    for field, length, least in (
        ("width", sheet.width, SMALLEST_WIDTH),
        ("height", sheet.height, SMALLEST_HEIGHT),
        ("left", sheet.left, 0.0),
        ("top", sheet.top, 0.0),
        ("gap_x", sheet.gap_x, 0.0),
        ("gap_y", sheet.gap_y, 0.0),
    ):
        if not math.isfinite(length) or length < least:
            found[field] = f"Use {least:g} mm or more."
    if found:
        return found

    across, down = PAPER_SIZES[sheet.paper]
    # Rounded as it is measured: three labels of a third of the paper fit on it.
    if round((right := sheet.corner(sheet.columns - 1)[0] + sheet.width) - across, 2) > 0:
        found["width"] = f"The labels end {right:.1f} mm from the left edge, and the paper is {across:.1f} mm wide."
    if round((bottom := sheet.corner(sheet.count - 1)[1] + sheet.height) - down, 2) > 0:
        found["height"] = f"The labels end {bottom:.1f} mm from the upper edge, and the paper is {down:.1f} mm high."
    return found


def sheets(sheet: Sheet, count: int, first_place: int = 1) -> int:
    """Return how many sheets that many labels need."""
    return -(-(first_place - 1 + count) // sheet.count)


def warning(module: float) -> str:
    """Return what to say of QR codes whose modules are printed that many millimetres wide; nothing if it is fine."""
    if module >= SMALLEST_MODULE:
        return ""
    return (
        f"Each module of the QR codes will be {module:.2f} mm wide. Below {SMALLEST_MODULE} mm many phones"
        " cannot read them: choose larger labels, fewer lines of text, or a shorter address."
    )


@dataclass(frozen=True)
class Draft:
    """A file as somebody asked for it, or as a program sent it, put into text."""

    format: str = PictureFormat.PNG
    size: str = "600"
    error: str = ErrorLevel.MEDIUM
    first: str = ""
    last: str = ""
    sheet: str = "l7160"
    paper: str = Paper.A4
    columns: str = "3"
    rows: str = "8"
    width: str = "60"
    height: str = "30"
    left: str = "10"
    top: str = "20"
    gap_x: str = "5"
    gap_y: str = "2"
    headline: str = ""
    note: str = ""
    logo: str = ""
    crop_marks: str = ""
    start: str = "1"


@dataclass(frozen=True)
class Pictures:
    """A ZIP with a picture of each code."""

    first: int
    last: int
    error: ErrorLevel
    format: PictureFormat
    size: int

    @property
    def count(self) -> int:
        """Return how many codes it is about."""
        return self.last - self.first + 1


@dataclass(frozen=True)
class Labels:
    """Sheets with a label for each code."""

    first: int
    last: int
    error: ErrorLevel
    sheet: Sheet
    lines: tuple[str, ...]
    logo: bool
    crop_marks: bool
    start: int

    @property
    def count(self) -> int:
        """Return how many codes it is about."""
        return self.last - self.first + 1

    @property
    def sheets(self) -> int:
        """Return how many sheets they need."""
        return sheets(self.sheet, self.count, self.start)

    def part(self, done: int) -> int:
        """Return how many labels come behind those that are done, up to the end of a sheet."""
        before = self.start - 1 + done
        whole = max(1, LABELS_A_PART // self.sheet.count) * self.sheet.count
        return min(self.count - done, whole - before % self.sheet.count)

    def look(self, logo: bytes | None, done: int) -> Look:
        """Return what is on the labels behind those that are done; only at first is a used sheet finished."""
        before = self.start - 1 + done
        return Look(self.lines, logo if self.logo else None, self.crop_marks, before % self.sheet.count + 1)


Asked = Pictures | Labels


def read_pictures(draft: Draft, total: int) -> Pictures | dict[str, str]:
    """Return the ZIP that a draft asks for, of a batch with that many codes, or a sentence for each wrong field."""
    problems: dict[str, str] = {}
    first, last = _read_range(draft, total, problems)
    if draft.format not in set(PictureFormat):
        problems["format"] = "Choose PNG or SVG."
    size = whole(draft.size)
    if not SMALLEST_PICTURE <= size <= LARGEST_PICTURE:
        problems["size"] = f"Use {SMALLEST_PICTURE} to {LARGEST_PICTURE} pixels."
    error = _read_error(draft, problems)
    return problems or Pictures(first, last, error, PictureFormat(draft.format), size)


def read_labels(draft: Draft, total: int) -> Labels | dict[str, str]:
    """Return the sheets that a draft asks for, of a batch with that many codes, or a sentence for each wrong field."""
    problems: dict[str, str] = {}
    first, last = _read_range(draft, total, problems)
    sheet = _read_sheet(draft, problems)
    lines = [" ".join(line.split()) for line in (draft.headline, draft.note)]
    for field, line in zip(("headline", "note"), lines, strict=True):
        if len(line) > LONGEST_LINE:
            problems[field] = f"Keep a line to {LONGEST_LINE} characters."
    start = whole(draft.start)
    if sheet and not 1 <= start <= sheet.count:
        problems["start"] = f"The first sheet has the labels 1 to {sheet.count}."
    error = _read_error(draft, problems)
    if problems or sheet is None:
        return problems
    written = tuple(line for line in lines if line)
    return Labels(first, last, error, sheet, written, draft.logo == YES, draft.crop_marks == YES, start)


def kept(asked: Asked) -> dict[str, Any]:
    """Return what was asked as it is stored, and so comes back."""
    return json.loads(json.dumps(asdict(asked)))


def pictures_of(options: Mapping[str, Any]) -> Pictures:
    """Return what was asked of a ZIP, from how it is stored."""
    return Pictures(
        options["first"],
        options["last"],
        ErrorLevel(options["error"]),
        PictureFormat(options["format"]),
        options["size"],
    )


def labels_of(options: Mapping[str, Any]) -> Labels:
    """Return what was asked of labels, from how it is stored."""
    own = {name: options[name] for name in ("first", "last", "logo", "crop_marks", "start")}
    sheet = Sheet(**options["sheet"] | {"paper": Paper(options["sheet"]["paper"])})
    return Labels(error=ErrorLevel(options["error"]), sheet=sheet, lines=tuple(options["lines"]), **own)


def say_size(size: int, locale: str) -> str:
    """Return a size in words."""
    unit, name = (MEGABYTE, "MB") if size >= MEGABYTE else (1000, "kB")
    return f"{format_decimal(round(size / unit, 1), locale=locale.replace('-', '_'))} {name}"


def _read_range(draft: Draft, total: int, problems: dict[str, str]) -> tuple[int, int]:
    first = whole(draft.first) if draft.first.strip() else 1
    last = whole(draft.last) if draft.last.strip() else total
    problems |= serial_problems(first, last, total)
    return first, last


def _read_error(draft: Draft, problems: dict[str, str]) -> ErrorLevel:
    if draft.error in set(ErrorLevel):
        return ErrorLevel(draft.error)
    problems["error"] = "Choose l, m, q or h."
    return ErrorLevel.MEDIUM


def _read_sheet(draft: Draft, problems: dict[str, str]) -> Sheet | None:
    if draft.sheet in FORMATS:
        return FORMATS[draft.sheet].sheet
    if draft.sheet != GRID or draft.paper not in set(Paper):
        field = "paper" if draft.sheet == GRID else "sheet"
        problems[field] = "Choose one from the list."
        return None
    lengths = {name: _length(getattr(draft, name)) for name in ("width", "height", "left", "top", "gap_x", "gap_y")}
    sheet = Sheet(Paper(draft.paper), whole(draft.columns), whole(draft.rows), **lengths)
    if found := sheet_problems(sheet):
        problems |= found
        return None
    return sheet


def _length(text: str) -> float:
    text = text.strip().replace(",", ".")
    return float(text or 0) if re.fullmatch(r"\d{0,4}(\.\d{0,4})?", text) and text != "." else math.nan
