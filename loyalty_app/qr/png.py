"""PNG pictures of symbols, none of them compressed: light modules are bits of the file (ADR: pictures by the thousand).

The compressed stream is laid out once. Each module is one byte of it, dark or light, and copies of it; so a picture is
a dark sheet on which some bits are set, and its checksums.
"""

import math
import struct
import zlib
from collections import defaultdict
from collections.abc import Iterable

from loyalty_app.qr import deflate
from loyalty_app.qr.deflate import DARK, LIGHT, Token
from loyalty_app.qr.drawing import QUIET_ZONE

ADLER = 65_521
MOST_PIXELS = 10_000


class Sheet:
    """A PNG picture for symbols with so many modules a side, at so many pixels for each module."""

    def __init__(self, modules: int, scale: int) -> None:
        """Lay out the picture with all modules dark."""
        self._modules, self._scale, self._across = modules, scale, modules + 2 * QUIET_ZONE
        # As few bits for a pixel as let a module fill whole bytes: each is then dark or light, and never both.
        shared = math.gcd(scale, 8)
        self._bytes = scale // shared
        self._stride = 1 + self._across * self._bytes
        side = self._across * scale
        if scale < 1 or side > MOST_PIXELS:
            raise ValueError(f"a module cannot have {scale} pixels")

        tokens, owners = self._tokens()
        bits, ends = deflate.laid_out(tokens)
        self.dark = int(bits[::-1], 2)
        """The stream of a picture with all modules dark."""
        self._size = -(-len(bits) // 8)
        self._ink = [sum(1 << ends[token] for token in mine) for mine in owners]
        self._weigh([1 << ends[mine[0]] for mine in owners])

        head = _chunk(b"IHDR", struct.pack(">IIBBBBB", side, side, 8 // shared, 0, 0, 0, 0))
        self._head = b"\x89PNG\r\n\x1a\n" + head + (2 + self._size + 4).to_bytes(4, "big") + b"IDAT\x78\x01"
        self._checked = zlib.crc32(b"IDAT\x78\x01")
        self._tail = _chunk(b"IEND", b"")

    def light(self, modules: Iterable[int]) -> int:
        """Return the bits of the stream that make these modules light; they count row by row."""
        return sum(self._ink[module] for module in modules)

    def png(self, stream: int) -> bytes:
        """Return the file with this stream."""
        light = (stream & self._any).bit_count()
        low = (self._low + self._low_of_light * light) % ADLER
        high = self._high
        for bits, weight in self._weights:
            high += (stream & bits).bit_count() * weight
        body = stream.to_bytes(self._size, "little") + (high % ADLER << 16 | low).to_bytes(4, "big")
        return b"".join((self._head, body, zlib.crc32(body, self._checked).to_bytes(4, "big"), self._tail))

    def _tokens(self) -> tuple[list[Token], list[list[int]]]:
        """Return the picture's bytes as tokens, and which of these are each module's."""
        again = [*deflate.copies((self._scale - 1) * self._stride, self._stride)]
        quiet = [0, *deflate.run(LIGHT, self._stride - 1)]
        quiet += deflate.copies((QUIET_ZONE * self._scale - 1) * self._stride, self._stride)
        margin = deflate.run(LIGHT, QUIET_ZONE * self._bytes)
        module = deflate.run(DARK, self._bytes)

        tokens, owners = [*quiet], []
        for _ in range(self._modules):
            tokens += [0, *margin]  # each row of pixels begins with its filter: none
            for _ in range(self._modules):
                owners.append([len(tokens) + place for place, token in enumerate(module) if token == DARK])
                tokens += module
            tokens += [*margin, *again]
        return tokens + quiet, owners

    def _weigh(self, places: list[int]) -> None:
        """Find out how much each light module adds to the checksum (Adler-32, RFC 1950)."""
        picture = zlib.decompress(self.dark.to_bytes(self._size, "little"), wbits=-zlib.MAX_WBITS)
        checksum = zlib.adler32(picture)
        self._high, self._low = checksum >> 16, checksum & 0xFFFF
        self._low_of_light = LIGHT * self._scale * self._bytes
        self._any = sum(places)

        digits: defaultdict[int, int] = defaultdict(int)
        for module, place in enumerate(places):
            weight = self._weight(len(picture), *divmod(module, self._modules))
            for digit in range(weight.bit_length()):
                digits[1 << digit] += place * (weight >> digit & 1)
        # A sum of numbers is no exclusive or: it is taken digit by digit, by counting bits.
        self._weights = [(bits, digit) for digit, bits in digits.items()]

    def _weight(self, size: int, row: int, column: int) -> int:
        """Return what the bytes of a light module add: each counts once for every byte from it to the end."""
        down, right = self._scale, self._bytes
        first = (row + QUIET_ZONE) * down * self._stride + 1 + (column + QUIET_ZONE) * right
        before = right * self._stride * math.comb(down, 2) + down * math.comb(right, 2)
        return LIGHT * (down * right * (size - first) - before) % ADLER


def _chunk(kind: bytes, content: bytes) -> bytes:
    return len(content).to_bytes(4, "big") + kind + content + zlib.crc32(kind + content).to_bytes(4, "big")
