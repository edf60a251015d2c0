"""Streams laid out once with a code of their own, in which a byte may turn from dark to light (RFC 1951).

Both bytes have codes of one length that follow each other, so that exactly one bit of the stream turns with the byte.
"""

import heapq
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterator
from itertools import count, groupby

DARK, LIGHT = 0, 255
SHORTEST, LONGEST = 3, 258
"""How many bytes a copy has."""

Token = int | tuple[int, int]
"""One byte, or a copy of so many bytes from so far back (32,768 at most)."""


def run(value: int, times: int) -> list[Token]:
    """Return the same byte so many times."""
    if times <= SHORTEST:
        return [value] * times
    return [value, *copies(times - 1, 1)]


def copies(total: int, distance: int) -> Iterator[Token]:
    """Yield what copies so many bytes from so far back."""
    while total > LONGEST:
        length = min(LONGEST, total - SHORTEST)
        yield length, distance
        total -= length
    if total:
        yield total, distance


def laid_out(tokens: list[Token]) -> tuple[str, list[int]]:
    """Return the stream as a text of bits, the first first, and where each token's last bit stands."""
    split = [_split(token) for token in tokens]
    lengths = _code_lengths(Counter([END, *(symbol for symbol, *_ in split)]))
    distances = _code_lengths(Counter(distance for _, _, distance, _ in split if distance is not None))
    codes, distance_codes = _codes(lengths), _codes(distances)

    written = [_head(lengths, distances)]
    at = len(written[0]) - 1
    ends = []
    for symbol, extra, distance, distance_extra in split:
        bits = codes[symbol] + extra
        if distance is not None:
            bits += distance_codes[distance] + distance_extra
        written.append(bits)
        at += len(bits)
        ends.append(at)
    return "".join(written) + codes[END], ends


def _classes(first: int, extras: list[int]) -> list[tuple[int, int]]:
    """Return the first number of each class, and how many extra bits tell its numbers apart."""
    classes = []
    for extra in extras:
        classes.append((first, extra))
        first += 1 << extra
    return classes


END = 256
LENGTHS = [*_classes(SHORTEST, [0] * 4 + [place // 4 for place in range(24)]), (LONGEST, 0)]
DISTANCES = _classes(1, [0] * 2 + [place // 2 for place in range(28)])
SYMBOLS = END + 1 + len(LENGTHS)

ORDER = (16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15)
"""In which the code for the codes' lengths is described."""
ZEROS, FEWEST_ZEROS, MOST_ZEROS = 18, 11, 138
LENGTH_CODES = {length: f"{place:04b}" for place, length in enumerate((*range(13), 16, 17, ZEROS))}
"""Sixteen lengths with four bits each: not the shortest code, but complete and always the same."""


def _split(token: Token) -> tuple[int, str, int | None, str]:
    """Return the token's symbol and extra bits, and the same of its distance."""
    if isinstance(token, int):
        return token, "", None, ""
    length, extra = _classified(token[0], LENGTHS)
    return END + 1 + length, extra, *_classified(token[1], DISTANCES)


def _classified(number: int, classes: list[tuple[int, int]]) -> tuple[int, str]:
    place = bisect_right(classes, number, key=lambda one: one[0]) - 1
    first, extra = classes[place]
    return place, _bits(number - first, extra)


def _bits(number: int, width: int) -> str:
    """Return a number as the stream holds numbers, the least bit first."""
    return f"{number:0{width}b}"[::-1] if width else ""


def _code_lengths(used: Counter[int]) -> dict[int, int]:
    """Return how many bits each symbol gets (Huffman): fewer, the more often it is used; dark and light as many."""
    ties = count()
    pair = {value: 1 for value in (DARK, LIGHT) if END in used}
    heap = [(times, next(ties), {symbol: 0}) for symbol, times in sorted(used.items()) if symbol not in pair]
    if pair:
        heap.append((used[DARK] + used[LIGHT], next(ties), pair))
    heapq.heapify(heap)
    while len(heap) > 1:
        (times, _, one), (more, _, other) = heapq.heappop(heap), heapq.heappop(heap)
        deeper = {symbol: length + 1 for symbol, length in (one | other).items()}
        heapq.heappush(heap, (times + more, next(ties), deeper))
    return heap[0][2]


def _codes(lengths: dict[int, int]) -> dict[int, str]:
    """Return each symbol's code: they count up, by length and then by symbol."""
    codes, code, before = {}, 0, 0
    for length, symbol in sorted((length, symbol) for symbol, length in lengths.items()):
        code <<= length - before
        codes[symbol] = f"{code:0{length}b}"
        code, before = code + 1, length
    return codes


def _head(lengths: dict[int, int], distances: dict[int, int]) -> str:
    """Return the start of the one block: how long the codes of all symbols and distances are."""
    written = ["1", _bits(2, 2), _bits(SYMBOLS - END - 1, 5), _bits(len(DISTANCES) - 1, 5), _bits(len(ORDER) - 4, 4)]
    written += [_bits(4 if length in LENGTH_CODES else 0, 3) for length in ORDER]
    wanted = [lengths.get(symbol, 0) for symbol in range(SYMBOLS)]
    wanted += [distances.get(distance, 0) for distance in range(len(DISTANCES))]
    for length, same in groupby(wanted):
        times = len(list(same))
        while length == 0 and times >= FEWEST_ZEROS:
            zeros = min(times, MOST_ZEROS)
            written.append(LENGTH_CODES[ZEROS] + _bits(zeros - FEWEST_ZEROS, 7))
            times -= zeros
        written += [LENGTH_CODES[length]] * times
    return "".join(written)
