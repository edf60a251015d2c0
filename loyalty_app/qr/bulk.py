"""Pictures of a whole batch, ten thousands in a second: QR codes whose texts differ in a few places only."""

from collections.abc import Iterable
from functools import lru_cache

from loyalty_app.qr.drawing import QUIET_ZONE
from loyalty_app.qr.png import Sheet
from loyalty_app.qr.svg import Lines
from loyalty_app.qr.symbols import Affine, Shape, symbols

SAMPLE = 32
STEP = 4
"""From so many pixels for a module on, only multiples of it: modules that fill bytes make small files."""


class Tables:
    """Draws texts of one shape: equally long, the same at the beginning and at the end."""

    def __init__(self, shape: Shape, mask: int) -> None:
        """Look up the shape's symbols; the first to ask waits while they are derived."""
        self.shape, self.mask = shape, mask
        self._symbols = symbols(shape)
        self.version, self.error, self.modules = self._symbols.version, self._symbols.error, self._symbols.modules

    @classmethod
    def of(cls, sample: Iterable[str], error: str = "m") -> "Tables":
        """Return tables for texts as in the sample, with at least this error level: l, m, q or h.

        What varies within the sample may vary in the texts: of random ones, 32 are plenty. They choose the mask, too.
        """
        texts = list(sample)
        shape = Shape.of(texts, error)
        return cls(shape, symbols(shape).best_mask([shape.varying_of(text) for text in texts[:SAMPLE]]))

    def scale(self, at_least: int) -> int:
        """Return how many pixels a module gets so that no side is shorter than asked."""
        scale = -(-at_least // (self.modules + 2 * QUIET_ZONE))
        return scale if scale < STEP else -(-scale // STEP) * STEP

    def pixels(self, scale: int) -> int:
        """Return how many pixels a side has at this scale, with the quiet zone."""
        return (self.modules + 2 * QUIET_ZONE) * scale

    def matrix(self, text: str) -> tuple[bytes, ...]:
        """Return the modules row by row, 1 for dark, without the quiet zone."""
        symbol = self._symbols.plain(self.shape.varying_of(text)) ^ self._symbols.masks[self.mask]
        return tuple(bytes(map(int, line)) for line in self._symbols.lines(symbol))

    def png(self, text: str, scale: int) -> bytes:
        """Return a PNG picture with so many pixels for each module."""
        sheet, streams = _sheet(self.shape, self.mask, scale)
        return sheet.png(streams(self.shape.varying_of(text)))

    def svg(self, text: str) -> bytes:
        """Return an SVG picture that fits any size."""
        lines, padded = _lines(self.shape, self.mask)
        return lines.svg(padded(self.shape.varying_of(text)))


@lru_cache(maxsize=4)
def _sheet(shape: Shape, mask: int, scale: int) -> tuple[Sheet, Affine]:
    known = symbols(shape)
    sheet = Sheet(known.modules, scale)
    everywhere = (1 << known.modules**2) - 1

    def light(dark: int) -> int:
        return sheet.light(place for place, bit in enumerate(f"{dark:b}"[::-1]) if bit == "1")

    return sheet, known.plain.through(light, sheet.dark ^ light(everywhere ^ known.masks[mask]))


@lru_cache(maxsize=4)
def _lines(shape: Shape, mask: int) -> tuple[Lines, Affine]:
    known = symbols(shape)
    lines = Lines(known.modules)
    return lines, known.plain.through(lines.padded, lines.padded(known.masks[mask]))
