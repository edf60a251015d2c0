"""Symbols of texts that differ in a few places only, each by a few exclusive ors (ADR: pictures by the thousand).

With version, error level and mask fixed, every step from a text to its symbol is an exclusive or of bits. So each bit
of a varying character flips the same modules, whatever the others are. Which ones, segno tells, once for each shape.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache, reduce
from itertools import chain, compress, pairwise, takewhile
from operator import getitem, xor

import segno

CHARACTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
"""What may stand in a varying place: base64url (RFC 4648)."""
BITS = {character: tuple(ord(character) >> place & 1 for place in range(7)) for character in CHARACTERS}
MOST_TABLES = 128
"""With more varying characters, which are rare, tables would fill hundreds of megabytes."""
MASKS = range(8)


@dataclass(frozen=True)
class Shape:
    """How texts begin and end, how many characters vary in between, and the least error level."""

    prefix: str
    varying: int
    suffix: str
    error: str

    @classmethod
    def of(cls, texts: Sequence[str], error: str) -> "Shape":
        """Return what these texts have in common."""
        prefix = _beginning(texts)
        rest = [text.removeprefix(prefix) for text in texts]
        suffix = _beginning([text[::-1] for text in rest])[::-1]
        return cls(prefix, len(rest[0]) - len(suffix), suffix, error)

    def varying_of(self, text: str) -> str:
        """Return the characters of a text that vary."""
        end = len(self.prefix) + self.varying
        if len(text) != end + len(self.suffix) or not (text.startswith(self.prefix) and text.endswith(self.suffix)):
            raise ValueError(f"{text!r} is not of the shape {self}")
        return text[len(self.prefix) : end]


def _beginning(texts: Sequence[str]) -> str:
    """Return how all texts begin: as the first and the last of them in order do."""
    pairs = zip(min(texts), max(texts), strict=False)
    return "".join(one for one, _ in takewhile(lambda pair: pair[0] == pair[1], pairs))


class Affine:
    """A number for each text: a constant, and an exclusive or with one more for each bit of each character."""

    def __init__(self, constant: int, flips: Sequence[Sequence[int]]) -> None:
        """Make a table for each place, as far as memory allows."""
        self._constant, self._flips = constant, flips
        self._bits = [*chain.from_iterable(flips)]
        self._tables = [
            {character: reduce(xor, compress(bits, BITS[character])) for character in CHARACTERS}
            for bits in (flips if len(flips) <= MOST_TABLES else ())
        ]

    def __call__(self, characters: str) -> int:
        """Return the number for these characters."""
        if self._tables:
            return reduce(xor, map(getitem, self._tables, characters), self._constant)
        bits = chain.from_iterable(map(BITS.__getitem__, characters))
        return reduce(xor, compress(self._bits, bits), self._constant)

    def through(self, linear: Callable[[int], int], constant: int = 0) -> "Affine":
        """Return what the function makes of each number, with one more constant; it must keep exclusive ors."""
        return Affine(linear(self._constant) ^ constant, [[*map(linear, bits)] for bits in self._flips])


@dataclass(frozen=True)
class Symbols:
    """All symbols of one shape: a set bit is a dark module, the lowest is the first of the first row."""

    version: int
    error: str
    modules: int
    plain: Affine
    """With the first mask."""
    masks: list[int]
    """What each mask flips."""

    def best_mask(self, sample: Sequence[str]) -> int:
        """Return the mask with which these are read best on average."""
        plain = [self.plain(characters) for characters in sample]
        return min(MASKS, key=lambda mask: sum(penalty(self.lines(one ^ self.masks[mask])) for one in plain))

    def lines(self, symbol: int) -> list[str]:
        """Return the symbol row by row, 1 for dark."""
        bits = f"{symbol:0{self.modules**2}b}"[::-1]
        return [bits[start : start + self.modules] for start in range(0, len(bits), self.modules)]


@lru_cache(maxsize=16)
def symbols(shape: Shape) -> Symbols:
    """Return all symbols of the shape: segno draws one of zeros, one for each bit of each character, and each mask."""
    zeros = "\0" * shape.varying
    first = segno.make(shape.prefix + zeros + shape.suffix, shape.error, mode="byte", encoding="utf-8", micro=False)

    def drawn(characters: str, mask: int) -> int:
        text = shape.prefix + characters + shape.suffix
        matrix = segno.make(
            text, first.error, first.version, mode="byte", encoding="utf-8", mask=mask, boost_error=False
        ).matrix
        return int("".join(map(str, b"".join(matrix)))[::-1], 2)

    constant = drawn(zeros, 0)
    flips = [
        [constant ^ drawn(zeros[:place] + chr(1 << bit) + zeros[place + 1 :], 0) for bit in range(7)]
        for place in range(shape.varying)
    ]
    masks = [constant ^ drawn(zeros, mask) for mask in MASKS]
    return Symbols(int(first.version), first.error, len(first.matrix), Affine(constant, flips), masks)


def penalty(lines: Sequence[str]) -> int:
    """Return how hard a symbol is to read (ISO/IEC 18004, 7.8.3): its modules row by row, 1 for dark."""
    both = [*lines, *map("".join, zip(*lines, strict=True))]
    runs = sum(len(run) - 2 for run in re.findall("0{5,}|1{5,}", " ".join(both)))
    finders = len(re.findall("(?<=0000)1011101|1011101(?=0000)", f"0000{'0000'.join(both)}0000"))
    blocks = sum(len(re.findall("(?=00|11)", _alike(*two))) for two in pairwise(lines))
    dark = "".join(lines).count("1") / len(lines) ** 2
    return runs + 40 * finders + 3 * blocks + 10 * int(abs(100 * dark - 50) / 5)


def _alike(line: str, below: str) -> str:
    return "".join(one if one == other else "." for one, other in zip(line, below, strict=True))
