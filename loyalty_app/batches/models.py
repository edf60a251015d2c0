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


class Channel(StrEnum):
    """Where its link is shown; each has numbers of its own to be compared with (S3-27, S3-36)."""

    EMAIL = "email"
    IN_STORE = "in_store"
    SOCIAL = "social"
    EVENT = "event"
    SMS = "sms"
    WEBSITE = "website"
    PRINT = "print"
    OTHER = "other"


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
        sa.CheckConstraint("claimed + withheld <= made", name="claimed_at_most_made"),
        sa.CheckConstraint("made <= total", name="made_at_most_total"),
        # A number is never given twice: the tombstone of a deleted batch keeps it.
        {"sqlite_autoincrement": True},
    )

    id: int | None = Field(default=None, primary_key=True)
    name: str = Field(max_length=80)
    kind: BatchKind = Field(sa_type=stored(BatchKind))
    status: BatchStatus = Field(sa_type=stored(BatchStatus))
    offer_id: int | None = Field(default=None, foreign_key="offer.id", index=True, ondelete="SET NULL")
    channel: Channel | None = Field(default=None, sa_type=stored(Channel))
    prefix: str = Field(default="", max_length=12)
    alphabet: Alphabet = Field(sa_type=stored(Alphabet))
    length: int
    total: int
    """How many codes were asked for; fixed (S3-24)."""
    made: int = 0
    claimed: int = 0
    redeemed: int = 0
    disabled: int = Field(default=0, sa_column_kwargs={"server_default": "0"})
    """How many codes are switched off and not redeemed."""
    withheld: int = Field(default=0, sa_column_kwargs={"server_default": "0"})
    """How many of the disabled nobody has claimed, so nobody can."""
    redemptions_frozen: bool = Field(default=False, sa_column_kwargs={"server_default": sa.false()})
    """The second switch, independent of the pause: vouchers stay good, and cannot be redeemed for now."""
    expires_on: date
    closes_at: datetime
    """The first instant after the expiry date in the program's time zone."""
    claim_token: str = Field(max_length=64, unique=True)
    created_at: datetime
    created_by: int | None = None


class BatchActivity(SQLModel, table=True):
    """What happened to a batch within one quarter of an hour: every time zone's days are made of them."""

    __tablename__ = "batch_activity"  # pyright: ignore[reportAssignmentType]

    batch_id: int = Field(primary_key=True, foreign_key="batch.id", ondelete="CASCADE")
    slot: datetime = Field(primary_key=True, index=True)
    """The instant at which the quarter of an hour begins."""
    claimed: int = 0
    redeemed: int = 0


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
