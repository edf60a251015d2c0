"""How many requests a program may send, counted in each process."""

import math
import time
from dataclasses import dataclass

from limits import RateLimitItem, RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import FixedWindowRateLimiter

READS = RateLimitItemPerMinute(600, namespace="read")
WRITES = RateLimitItemPerMinute(240, namespace="write")
COUNTER = RateLimitItemPerMinute(1200, namespace="counter")
"""Validations and redemptions have their own: a queue at the till must not wait for a report."""
WRONG_KEYS = RateLimitItemPerMinute(30, 15, namespace="wrong-key")
"""From one network peer, as for passwords."""

READ_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
AT_THE_COUNTER = ("/api/v1/redemptions", "/api/v1/validations")


@dataclass(frozen=True)
class Left:
    """What is left of a limit after a request was counted, or could not be."""

    limit: RateLimitItem
    remaining: int
    seconds: int
    """Until the window ends."""
    is_over: bool = False

    @property
    def headers(self) -> dict[str, str]:
        """Return what the answer says about it."""
        return {
            "RateLimit-Limit": str(self.limit.amount),
            "RateLimit-Remaining": str(self.remaining),
            "RateLimit-Reset": str(self.seconds),
            "RateLimit-Policy": f"{self.limit.amount};w={self.limit.get_expiry()}",
        }


class Limits:
    """The counts of one process."""

    def __init__(self) -> None:
        """Start at nothing."""
        self._limiter = FixedWindowRateLimiter(MemoryStorage())

    def count(self, limit: RateLimitItem, who: str) -> Left:
        """Count one, unless the limit is used up."""
        is_over = not self._limiter.hit(limit, who)
        return self._left(limit, who, is_over=is_over)

    def look(self, limit: RateLimitItem, who: str) -> Left:
        """Return what is left, and count nothing."""
        return self._left(limit, who, is_over=not self._limiter.test(limit, who))

    def _left(self, limit: RateLimitItem, who: str, *, is_over: bool) -> Left:
        ends_at, remaining = self._limiter.get_window_stats(limit, who)
        return Left(limit, remaining, max(1, math.ceil(ends_at - time.time())), is_over)


def limit_of(method: str, path: str) -> RateLimitItem:
    """Return which limit a request counts against."""
    if method in READ_METHODS:
        return READS
    return COUNTER if path.startswith(AT_THE_COUNTER) else WRITES
