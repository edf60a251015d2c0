"""Sheets of labels as PDF: each code as a QR code that is sharp at any size, with what people can read beside it."""

import base64
import functools
import io
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from xml.sax.saxutils import escape

import segno
from PIL import Image
from reportlab import rl_config
from reportlab.lib.units import mm
from reportlab.lib.utils import ImageReader
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.pdfgen.canvas import Canvas

from loyalty_app.exports.rules import PAPER_SIZES, Look, Sheet

Matrix = Sequence[Sequence[int]]

QUIET_ZONE = 4
PADDING = 1.5
"""Millimetres that text keeps from the edge of its label: printers and knives are not exact."""
LINE_HEIGHT = 1.2
ASCENT = 0.93
SMALLEST_TEXT = 5.0
"""Points; what is still too long is cut, but never a code."""
WIDE = 1.4
"""From here on the text stands beside the QR code, else under it."""
MOST_FOR_TEXT = 0.5
"""Of a label's height, under a QR code."""

TEXT, BOLD = "Vera", "VeraBd"  # the library's own; every PDF carries the letters that it uses
CROP_LENGTH, CROP_DISTANCE = 4.0, 1.0
CUT = "…"
SMALLEST_LOGO = 2.0
"""Millimetres; below, nobody could make it out, and it is left away."""


@dataclass(frozen=True)
class Label:
    """One code: what its QR code says, and what people read."""

    url: str
    code: str
    serial: int


@dataclass(frozen=True)
class Box:
    """A part of a label, in millimetres from its upper left corner."""

    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True)
class Line:
    """Where one line of text stands on every label: the middle of its baseline, or its start."""

    x: float
    y: float
    size: float
    font: str
    is_centred: bool


@dataclass(frozen=True)
class Layout:
    """Where everything is on a label, the same on all of them."""

    qr: Box
    """With its quiet zone."""
    logo: Box | None
    fixed: tuple[tuple[Line, str], ...]
    code: tuple[Line, ...]
    serial: Line

    def module(self, modules: int) -> float:
        """Return how wide a module is printed, in millimetres, of a QR code of that many."""
        return self.qr.width / (modules + 2 * QUIET_ZONE)


def matrix(url: str, error: str = "m") -> Matrix:
    """Return the QR code of a text, without its quiet zone."""
    return segno.make(url, error=error, micro=False).matrix


def unprintable(text: str) -> str:
    """Return the characters for which the labels have no letter."""
    known = _register()
    return "".join(dict.fromkeys(one for one in text if ord(one) not in known and not one.isspace()))


def pdf(labels: Sequence[Label], sheet: Sheet, look: Look, draw: Callable[[str], Matrix] = matrix) -> bytes:
    """Return the labels as a PDF, row by row, sheet by sheet."""
    out = io.BytesIO()
    across, down = (length * mm for length in PAPER_SIZES[sheet.paper])
    canvas = Canvas(out, pagesize=(across, down), pageCompression=1, invariant=1)
    canvas.setTitle("Labels")
    layout = laid_out(labels, sheet, look)
    logo = _Logo.of(look.logo)
    for position, label in enumerate(labels, look.first_place - 1):
        place = position % sheet.count
        if position >= sheet.count and place == 0:
            canvas.showPage()
        if look.crop_marks and (place == 0 or position == look.first_place - 1):
            _draw_crop_marks(canvas, sheet, down)
        x, y = sheet.corner(place)
        _draw_label(canvas, layout, label, draw(label.url), (x * mm, down - y * mm))
        if logo and layout.logo:
            logo.draw(canvas, layout.logo, (x * mm, down - y * mm))
    canvas.save()
    return out.getvalue()


def preview(sample: Label, sheet: Sheet, look: Look, count: int, modules: Matrix) -> bytes:
    """Return the first sheet as an SVG picture, with the sample on each of its labels."""
    across, down = PAPER_SIZES[sheet.paper]
    layout = laid_out([sample], sheet, look)
    scale = layout.module(len(modules))
    left, top = layout.qr.x + QUIET_ZONE * scale, layout.qr.y + QUIET_ZONE * scale
    dark = " ".join(f"M{x} {y}h{width}v1h-{width}z" for x, y, width in _runs(modules))
    inside = [
        f'<rect width="{sheet.width}" height="{sheet.height}" rx="1" fill="#fff" stroke="#b8b8b8" stroke-width=".25"/>',
        f'<path transform="translate({left} {top}) scale({scale})" d="{dark}"/>',
        *(_svg_line(line, text) for line, text in _texts(layout, sample)),
    ]
    if look.logo and layout.logo:
        place = layout.logo
        inside.append(
            f'<image x="{place.x}" y="{place.y}" width="{place.width}" height="{place.height}"'
            f' href="data:image/png;base64,{base64.b64encode(_as_png(look.logo)).decode()}"/>'
        )
    taken = range(look.first_place - 1, min(sheet.count, look.first_place - 1 + count))
    used = [f'<use href="#label" x="{x:.3f}" y="{y:.3f}"/>' for x, y in map(sheet.corner, taken)]
    marks = [
        f'<path d="M{x1:.3f} {y1:.3f}L{x2:.3f} {y2:.3f}" stroke="#000" stroke-width=".2"/>'
        for x1, y1, x2, y2 in (_crop_marks(sheet) if look.crop_marks else ())
    ]
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {across:g} {down:g}">'
        f'<defs><g id="label">{"".join(inside)}</g></defs>'
        f'<rect width="{across:g}" height="{down:g}" fill="#fff"/>{"".join(marks)}{"".join(used)}</svg>'
    ).encode()


def laid_out(labels: Sequence[Label], sheet: Sheet, look: Look) -> Layout:
    """Return where everything goes, so that the widest code fits too."""
    _register()
    is_wide = sheet.width >= WIDE * sheet.height
    if is_wide:
        room = Box(sheet.height, PADDING, sheet.width - sheet.height - PADDING, sheet.height - 2 * PADDING)
    else:
        room = Box(PADDING, 0, sheet.width - 2 * PADDING, sheet.height * MOST_FOR_TEXT)
    rows = _rows(labels, look, room.width, _ease(sheet))
    high = sum(row.size for row in rows) * LINE_HEIGHT / mm
    shrink = min(1.0, room.height / high)
    high *= shrink
    logo = _logo_box(look.logo, room, high, is_wide=is_wide)
    taken = high + (logo.height + PADDING / 2 if logo else 0)

    if is_wide:
        qr = Box(0, 0, sheet.height, sheet.height)
        top = (sheet.height - taken) / 2
    else:
        side = min(sheet.width, sheet.height - taken - PADDING / 2)
        over = max(0.0, sheet.height - side - taken - PADDING / 2) / 2  # a tall label has room to spare
        qr = Box((sheet.width - side) / 2, over, side, side)
        top = over + side
    if logo:
        logo = Box(logo.x, top, logo.width, logo.height)
        top += logo.height + PADDING / 2

    lines: list[Line] = []
    for row in rows:
        size = row.size * shrink
        x = room.x if is_wide else sheet.width / 2
        lines.append(Line(x, top + ASCENT * size / mm, size, row.font, not is_wide))
        top += size * LINE_HEIGHT / mm
    fixed = [(line, row.text) for line, row in zip(lines, rows, strict=True) if row.text]
    return Layout(qr, logo, tuple(fixed), tuple(lines[len(fixed) : -1]), lines[-1])


@dataclass(frozen=True)
class _Row:
    size: float
    font: str
    text: str = ""


def _rows(labels: Sequence[Label], look: Look, width: float, ease: float) -> list[_Row]:
    """Return the lines of a label from above: text, then the code in as many lines as it needs, then the serial."""
    rows: list[_Row] = []
    for number, text in enumerate(one for one in look.lines if one.strip()):
        font = TEXT if number else BOLD
        size = max(SMALLEST_TEXT, min(9 * ease, _fitting([text], font, width)))
        rows.append(_Row(size, font, _cut(text, font, size, width)))
    codes = [label.code for label in labels]
    pieces, size = 1, _fitting(codes, BOLD, width)
    while size < SMALLEST_TEXT and pieces < max(map(len, codes)):
        pieces += 1
        size = _fitting([piece for code in codes for piece in _pieces(code, pieces)], BOLD, width)
    rows += [_Row(min(8 * ease, size), BOLD)] * pieces
    serials = [_serial(label) for label in labels]
    rows.append(_Row(min(6.5 * ease, _fitting(serials, TEXT, width)), TEXT))
    return rows


def _ease(sheet: Sheet) -> float:
    # Text grows with its label, but slower.
    return min(1.8, max(0.75, (sheet.width * sheet.height) ** 0.5 / 48))


def _fitting(texts: Sequence[str], font: str, width: float) -> float:
    widest = max((pdfmetrics.stringWidth(text, font, 1) for text in texts), default=0)
    return width * mm / widest if widest else 99.0


def _cut(text: str, font: str, size: float, width: float) -> str:
    if pdfmetrics.stringWidth(text, font, size) <= width * mm + 0.01:
        return text
    while text and pdfmetrics.stringWidth(text.rstrip() + CUT, font, size) > width * mm:
        text = text[:-1]
    return text.rstrip() + CUT


def _pieces(code: str, count: int) -> list[str]:
    """Return the code in that many pieces of about the same length, divided at its hyphens where that is possible."""
    groups = re.findall(r"[^-]*-|[^-]+", code)
    if len(groups) < count:
        length = -(-len(code) // count)
        return [code[length * piece : length * (piece + 1)] for piece in range(count)]
    pieces: list[str] = []
    for left in range(count, 0, -1):
        wanted = sum(map(len, groups)) / left
        nearest = min(range(1, len(groups) - left + 2), key=lambda taken: abs(sum(map(len, groups[:taken])) - wanted))
        pieces.append("".join(groups[:nearest]))
        groups = groups[nearest:]
    return pieces


def _serial(label: Label) -> str:
    return f"#{label.serial}"


def _texts(layout: Layout, label: Label) -> Iterator[tuple[Line, str]]:
    yield from layout.fixed
    pieces = _pieces(label.code, len(layout.code)) if len(layout.code) > 1 else [label.code]
    yield from zip(layout.code, pieces, strict=True)
    yield layout.serial, _serial(label)


def _runs(modules: Matrix) -> Iterator[tuple[int, int, int]]:
    for y, row in enumerate(modules):
        for run in _DARK.finditer(bytes(row)):
            yield run.start(), y, run.end() - run.start()


def _draw_label(canvas: Canvas, layout: Layout, label: Label, modules: Matrix, corner: tuple[float, float]) -> None:
    x, y = corner
    scale = layout.module(len(modules)) * mm
    left, top = x + layout.qr.x * mm + QUIET_ZONE * scale, y - layout.qr.y * mm - QUIET_ZONE * scale
    # One path in units of modules, filled at once: no hairlines between its rectangles, and half the bytes.
    dark = "\n".join([f"{x} {y} {width} 1 re" for x, y, width in _runs(modules)])
    canvas.addLiteral(f"q {scale:.5f} 0 0 {-scale:.5f} {left:.4f} {top:.4f} cm\n{dark} f Q")
    for line, text in _texts(layout, label):
        canvas.setFont(line.font, line.size)
        write = canvas.drawCentredString if line.is_centred else canvas.drawString
        write(x + line.x * mm, y - line.y * mm, text)


def _svg_line(line: Line, text: str) -> str:
    # As wide as on paper, whatever the reader's font is.
    width = pdfmetrics.stringWidth(text, line.font, line.size) / mm
    anchor = "middle" if line.is_centred else "start"
    weight = 700 if line.font == BOLD else 400
    return (
        f'<text x="{line.x:.3f}" y="{line.y:.3f}" font-size="{line.size / mm:.3f}" font-weight="{weight}"'
        f' font-family="{_FAMILY}" text-anchor="{anchor}"'
        f' textLength="{width:.3f}" lengthAdjust="spacingAndGlyphs">{escape(text)}</text>'
    )


def _crop_marks(sheet: Sheet) -> Iterator[tuple[float, float, float, float]]:
    """Yield lines in the margins that point at every edge of the labels, never onto one."""
    across, down = PAPER_SIZES[sheet.paper]
    right, bottom = (
        edge + size for edge, size in zip(sheet.corner(sheet.count - 1), (sheet.width, sheet.height), strict=True)
    )
    uprights = {round(x + d, 3) for x, _ in map(sheet.corner, range(sheet.columns)) for d in (0, sheet.width)}
    levels = {
        round(y + d, 3) for _, y in map(sheet.corner, range(0, sheet.count, sheet.columns)) for d in (0, sheet.height)
    }
    for near, far, edge in ((sheet.top, bottom, down), (sheet.left, right, across)):
        before = (max(0.0, near - CROP_DISTANCE - CROP_LENGTH), near - CROP_DISTANCE)
        behind = (far + CROP_DISTANCE, min(edge, far + CROP_DISTANCE + CROP_LENGTH))
        for start, end in (before, behind):
            if start >= end:
                continue
            if edge == down:
                yield from ((x, start, x, end) for x in sorted(uprights))
            else:
                yield from ((start, y, end, y) for y in sorted(levels))


def _draw_crop_marks(canvas: Canvas, sheet: Sheet, down: float) -> None:
    canvas.setLineWidth(0.25)
    canvas.lines([(x1 * mm, down - y1 * mm, x2 * mm, down - y2 * mm) for x1, y1, x2, y2 in _crop_marks(sheet)])


@dataclass(frozen=True)
class _Logo:
    picture: ImageReader

    @classmethod
    def of(cls, content: bytes | None) -> "_Logo | None":
        return cls(ImageReader(io.BytesIO(_as_png(content)))) if content else None

    def draw(self, canvas: Canvas, box: Box, corner: tuple[float, float]) -> None:
        x, y = corner[0] + box.x * mm, corner[1] - (box.y + box.height) * mm
        canvas.drawImage(self.picture, x, y, box.width * mm, box.height * mm, mask="auto")


def _logo_box(logo: bytes | None, room: Box, high: float, *, is_wide: bool) -> Box | None:
    if not logo:
        return None
    with Image.open(io.BytesIO(logo)) as picture:
        shape = picture.width / picture.height
    most = room.height - high - PADDING / 2
    height = min(most, room.height * (0.4 if is_wide else 0.25), room.width / shape)
    if height < SMALLEST_LOGO:
        return None
    width = height * shape
    return Box(room.x if is_wide else room.x + (room.width - width) / 2, 0, width, height)


@functools.lru_cache(maxsize=4)
def _as_png(content: bytes) -> bytes:
    out = io.BytesIO()
    with Image.open(io.BytesIO(content)) as picture:
        picture.convert("RGBA").save(out, "PNG")
    return out.getvalue()


@functools.cache
def _register() -> frozenset[int]:
    """Make the fonts known; return the letters they have."""
    rl_config.useA85 = 0  # a PDF is no mail: without letters for bytes it is a fifth smaller
    plain, bold = TTFont(TEXT, "Vera.ttf"), TTFont(BOLD, "VeraBd.ttf")
    pdfmetrics.registerFont(plain)
    pdfmetrics.registerFont(bold)
    return frozenset(plain.face.charToGlyph) & frozenset(bold.face.charToGlyph)


_DARK = re.compile(rb"\x01+")
_FAMILY = "Bitstream Vera Sans, DejaVu Sans, Verdana, sans-serif"
