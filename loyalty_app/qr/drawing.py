"""QR codes as pictures: black on white, four modules of quiet zone, sizes honest to the pixel (ISO/IEC 18004)."""

import io
import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import groupby

import segno
from reportlab.lib.units import mm
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.pdfgen.canvas import Canvas

QUIET_ZONE = 4
PRINT_PIXELS = 1024
"""S3-10 asks for 500 at least; people print larger."""
COMFORTABLE_MODULE = 0.4
"""Millimetres: ink that runs and a phone held in one hand still leave it apart from its neighbours."""

PRINT_MILLIMETRES = 30
FONT = "Vera"  # the PDF library's own; a file carries the letters that it uses
LINE = 1.3
LARGEST_TEXT, TEXT_SHARE = 9.0, 0.06
"""Points, and how much of the picture's width."""


@dataclass(frozen=True)
class Facts:
    """How dense a code is, before anything is drawn."""

    version: int
    """From 1 to 40; each adds four modules to a side."""
    modules: int
    """A side, without the quiet zone."""

    @property
    def print_size(self) -> int:
        """Return the least width in whole millimetres, quiet zone included, at which it prints well."""
        return math.ceil((self.modules + 2 * QUIET_ZONE) * COMFORTABLE_MODULE)


def facts(text: str, error: str = "m") -> Facts:
    """Return how dense the code of a text is."""
    code = segno.make(text, error=error, micro=False)
    return Facts(int(code.version), len(code.matrix))


class PictureFormat(StrEnum):
    """What a picture is made of: pixels, or lines that are sharp at any size."""

    PNG = "png"
    SVG = "svg"


class ErrorLevel(StrEnum):
    """How much of a QR code may be lost: about 7, 15, 25 and 30 percent; each makes it finer."""

    LOW = "l"
    MEDIUM = "m"
    QUARTILE = "q"
    HIGH = "h"


def svg(text: str, error: str = "m") -> bytes:
    """Return the code as an SVG picture that fits any size, for print."""
    picture = io.BytesIO()
    code = segno.make(text, error=error, micro=False)
    code.save(picture, kind="svg", border=QUIET_ZONE, light="#fff", dark="#000", omitsize=True)
    return picture.getvalue()


def svg_data_uri(text: str, error: str = "m") -> str:
    """Return the code as an SVG picture that fits any size, as a `data:` address."""
    code = segno.make(text, error=error, micro=False)
    return code.svg_data_uri(border=QUIET_ZONE, light="#fff", dark="#000", omitsize=True)


def png(text: str, at_least: int = PRINT_PIXELS, error: str = "m") -> bytes:
    """Return the code as a PNG whose sides have at least that many pixels, a whole number for each module."""
    code = segno.make(text, error=error, micro=False)
    modules = code.symbol_size(border=QUIET_ZONE)[0]
    picture = io.BytesIO()
    code.save(picture, kind="png", scale=-(-at_least // modules), border=QUIET_ZONE)
    return picture.getvalue()


def pdf(text: str, millimetres: float, caption: Sequence[str], error: str = "m") -> bytes:
    """Return the code as a PDF of one page, sharp at any size: a side of that many millimetres, words under it."""
    modules = [[*row] for row in segno.make(text, error=error, micro=False).matrix_iter(border=QUIET_ZONE)]
    side = millimetres * mm
    module = side / len(modules)
    pdfmetrics.registerFont(TTFont(FONT, "Vera.ttf"))
    widest = max((pdfmetrics.stringWidth(line, FONT, 1) for line in caption), default=1)
    size = min(LARGEST_TEXT, side * TEXT_SHARE, side / widest)
    height = side + size * LINE * (len(caption) + 0.5)

    picture = io.BytesIO()
    page = Canvas(picture, pagesize=(side, height), pageCompression=1)
    page.setTitle(" ".join(caption))
    outline = page.beginPath()
    for row, line in enumerate(modules, start=1):
        for dark, run in groupby(enumerate(line), key=lambda one: one[1]):
            places = [place for place, _ in run]
            if dark:
                outline.rect(places[0] * module, height - row * module, len(places) * module, module)
    page.drawPath(outline, stroke=0, fill=1)
    page.setFont(FONT, size)
    for number, line in enumerate(caption, start=1):
        page.drawCentredString(side / 2, height - side - size * LINE * (number - 0.25), line)
    page.save()
    return picture.getvalue()
