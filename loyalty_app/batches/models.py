"""Batches, and what stays when one is deleted."""

from datetime import date, datetime
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlmodel import Field, SQLModel

from loyalty_app.core.database import stored
from loyalty_app.offers.models import Promise


class BatchKind(StrEnum):
    """How its codes reach people."""

    CLAIM = "claim"
    """Vouchers that members claim by one link."""
    SCAN = "scan"
    """Codes of which each has a link of its own, sealed, that pays points (S0-1)."""


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
        sa.CheckConstraint(
            "redeemed between 0 and case kind when 'claim' then claimed else made end", name="redeemed_at_most_claimed"
        ),
        sa.CheckConstraint("redeemed + disabled <= made", name="disabled_is_not_redeemed"),
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
    parameters: dict[str, str] = Field(default_factory=dict, sa_type=sa.JSON, sa_column_kwargs={"server_default": "{}"})
    """What is sealed into every token of a scan batch, as it was typed (S0-4); `points` is paid."""
    fields: list[dict[str, Any]] = Field(
        default_factory=list, sa_type=sa.JSON, sa_column_kwargs={"server_default": "[]"}
    )
    """What a scan batch asks who redeems (`batches.fields`)."""
    base_url: str = Field(default="", max_length=500, sa_column_kwargs={"server_default": ""})
    """Where the codes of a scan batch lead (S0-11)."""
    print_number: int | None = Field(default=None, unique=True)
    """What its tokens call a scan batch: drawn by lot, so that what was printed in another life of the database, before
    it was brought back from a backup, opens nothing in this one."""
    key_id: int | None = Field(default=None, foreign_key="token_key.id", index=True)
    """The key that seals the tokens of a scan batch."""
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
