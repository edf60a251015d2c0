"""What a sheet of labels is, and whether it can be printed."""

import math
from dataclasses import dataclass
from enum import StrEnum

INCH = 25.4
SMALLEST_MODULE = 0.33
"""Millimetres: four dots of a printer of 300 dots an inch, which is what a phone reads in bad light."""
SMALLEST_WIDTH = 15.0
SMALLEST_HEIGHT = 12.0
MOST_COLUMNS = 20
MOST_ROWS = 40
MOST_LINES = 2
LONGEST_LINE = 60


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


def problems(sheet: Sheet) -> dict[str, str]:
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
