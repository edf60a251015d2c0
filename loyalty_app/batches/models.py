"""Batches, and what stays when one is deleted."""

from datetime import date, datetime
from enum import StrEnum

import sqlalchemy as sa
from sqlmodel import Field, SQLModel

from loyalty_app.core.database import stored
from loyalty_app.offers.models import Promise


class BatchKind(StrEnum):
    """How its codes reach people."""

    CLAIM = "claim"


class BatchStatus(StrEnum):
    """Where a batch stands; expired and sold out are computed, never stored."""

    GENERATING = "generating"
    ACTIVE = "active"
    PAUSED = "paused"
    FAILED = "failed"


class Alphabet(StrEnum):
    """Which characters its codes are made of."""

    SAFE = "safe"
    NUMERIC = "numeric"
    ALPHA = "alpha"
    ALPHANUMERIC = "alphanumeric"


class Batch(Promise, table=True):
    """An immutable set of codes with a copy of what was promised when it was made."""

    __table_args__ = (
        sa.CheckConstraint("redeemed between 0 and claimed", name="redeemed_at_most_claimed"),
        sa.CheckConstraint("claimed <= made", name="claimed_at_most_made"),
        sa.CheckConstraint("made <= total", name="made_at_most_total"),
        # A number is never given twice: the tombstone of a deleted batch keeps it.
        {"sqlite_autoincrement": True},
    )

    id: int | None = Field(default=None, primary_key=True)
    name: str = Field(max_length=80)
    kind: BatchKind = Field(sa_type=stored(BatchKind))
    status: BatchStatus = Field(sa_type=stored(BatchStatus))
    offer_id: int | None = Field(default=None, foreign_key="offer.id", index=True, ondelete="SET NULL")
    prefix: str = Field(default="", max_length=12)
    alphabet: Alphabet = Field(sa_type=stored(Alphabet))
    length: int
    total: int
    """How many codes were asked for; fixed (S3-24)."""
    made: int = 0
    claimed: int = 0
    redeemed: int = 0
    expires_on: date
    closes_at: datetime
    """The first instant after the expiry date in the program's time zone."""
    claim_token: str = Field(max_length=64, unique=True)
    created_at: datetime
    created_by: int | None = None


class BatchTombstone(SQLModel, table=True):
    """What is left of a deleted batch: numbers, and nobody's data (S3-22)."""

    __tablename__ = "batch_tombstone"  # pyright: ignore[reportAssignmentType]

    batch_id: int = Field(primary_key=True)
    kind: BatchKind = Field(sa_type=stored(BatchKind))
    total: int
    claimed: int
    redeemed: int
    created_at: datetime
    deleted_at: datetime
    deleted_by: int | None = None
