"""What the numbers of a scan batch mean, and how a list of them is asked for (S0-18, S0-19)."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from loyalty_app.batches.models import Batch, BatchStatus


class Mark(StrEnum):
    """Something that is true of a batch; several may be at once."""

    ACTIVE = "active"
    """Codes can be redeemed right now."""
    EXPIRED = "expired"
    PAUSED = "paused"
    GENERATING = "generating"
    FAILED = "failed"
    USED_UP = "used_up"
    DISABLED = "disabled"
    """Every code that is not used is switched off."""


class Column(StrEnum):
    """What a list of batches is sorted by: each column that holds something to compare."""

    ID = "id"
    CREATED = "created"
    EXPIRES = "expires"
    TOTAL = "total"
    USED = "used"
    ACTIVE = "active"


@dataclass(frozen=True)
class Wish:
    """Which scan batches to list, and in which order."""

    text: str = ""
    """The number of a batch, or part of its name or prefix."""
    mark: Mark | None = None
    column: Column = Column.ID
    is_rising: bool = False


def active(batch: Batch) -> int:
    """Return how many codes are enabled and unused, whatever the date (S0-19)."""
    return batch.made - batch.redeemed - batch.disabled


def marks(batch: Batch, now: datetime) -> set[Mark]:
    """Return what is true of a batch."""
    is_expired = now >= batch.closes_at
    is_whole = batch.status in (BatchStatus.ACTIVE, BatchStatus.PAUSED)
    found = {
        Mark.ACTIVE: batch.status is BatchStatus.ACTIVE and not is_expired and active(batch) > 0,
        Mark.EXPIRED: is_expired,
        Mark.PAUSED: batch.status is BatchStatus.PAUSED,
        Mark.GENERATING: batch.status is BatchStatus.GENERATING,
        Mark.FAILED: batch.status is BatchStatus.FAILED,
        Mark.USED_UP: batch.redeemed == batch.total,
        Mark.DISABLED: is_whole and active(batch) == 0 and batch.disabled > 0,
    }
    return {mark for mark, holds in found.items() if holds}
