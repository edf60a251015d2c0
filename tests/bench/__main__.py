"""Measure beside a peer or a limit in the same run: `python -m tests.bench [row …]`, rows as below; all without."""

import gc
import sys
import time

from tests.bench import beside, claims, codes, dashboard, decode, live, pictures, redemptions, search, tokens
from tests.bench.harness import HEAD, places

ROWS = {
    "codes": codes,
    "beside": beside,
    "pictures": pictures,
    "claims": claims,
    "redemptions": redemptions,
    "search": search,
    "tokens": tokens,
    "live": live,
    "dashboard": dashboard,
    "decode": decode,
}


def main(wanted):
    """Print the table of the wanted rows, as they come."""
    unknown = set(wanted) - set(ROWS)
    if unknown:
        sys.exit(f"There are only these rows: {', '.join(ROWS)}.")
    began = time.monotonic()
    gc.collect()
    gc.freeze()  # as the server does: what is loaded by now is no garbage
    with places() as found:
        print("|", " | ".join(HEAD), "|\n|", " | ".join("---" for _ in HEAD), "|", flush=True)
        for name in wanted or ROWS:
            for place in found:
                for row in ROWS[name].run(place):
                    print(row, flush=True)
    print(f"\n{time.monotonic() - began:.0f} s", flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
