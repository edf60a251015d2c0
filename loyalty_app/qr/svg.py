"""SVG pictures of symbols: one line for each run of dark modules, eight modules at a time."""

from itertools import groupby

from loyalty_app.qr.drawing import QUIET_ZONE


class Lines:
    """An SVG picture for symbols with so many modules a side."""

    def __init__(self, modules: int) -> None:
        """Write down what does not change."""
        self._modules = modules
        self._bytes = -(-modules // 8)
        across = modules + 2 * QUIET_ZONE
        self._parts = [""] * (modules * (self._bytes + 1))
        self._parts[:: self._bytes + 1] = [f"M{QUIET_ZONE} {QUIET_ZONE + row}.5" for row in range(modules)]
        self._head = (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {across} {across}">'
            f'<path fill="#fff" d="M0 0h{across}v{across}h-{across}z"/><path stroke="#000" d="'
        )

    def padded(self, symbol: int) -> int:
        """Return the symbol with whole bytes for each row."""
        row = (1 << self._modules) - 1
        rows = (symbol >> at * self._modules & row for at in range(self._modules))
        return sum(bits << at * self._bytes * 8 for at, bits in enumerate(rows))

    def svg(self, padded: int) -> bytes:
        """Return the file of such a symbol."""
        content = padded.to_bytes(self._modules * self._bytes, "little")
        parts = self._parts.copy()
        for place in range(self._bytes):
            runs = RUNS if place < self._bytes - 1 else LAST_RUNS
            parts[place + 1 :: self._bytes + 1] = map(runs.__getitem__, content[place :: self._bytes])
        return f'{self._head}{"".join(parts)}"/></svg>'.encode()


def _runs(modules: int) -> list[str]:
    """Return the steps of a pen over eight modules, the lowest bit first."""
    steps = [(dark, len([*same])) for dark, same in groupby(f"{modules:08b}"[::-1])]
    return [f"h{length}" if dark == "1" else f"m{length} 0" for dark, length in steps]


RUNS = ["".join(_runs(modules)) for modules in range(256)]
LAST_RUNS = ["".join(steps[:-1] if steps[-1][0] == "m" else steps) for steps in map(_runs, range(256))]
"""At the end of a row the pen need not go on to the edge."""
