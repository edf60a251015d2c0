"""Redemptions, and every attempt at one."""

from datetime import datetime
from enum import StrEnum

import sqlalchemy as sa
from sqlmodel import Field, SQLModel

from loyalty_app.core.database import stored
from loyalty_app.core.reasons import Reason


class RedemptionStatus(StrEnum):
    """Whether a redemption counts."""

    RECORDED = "recorded"
    REVERSED = "reversed"
    GOODWILL = "goodwill"
    """An expired voucher, honoured all the same: counted in no rate (S2-15)."""


class Redemption(SQLModel, table=True):
    """The consuming event; at most one live redemption, or goodwill, per code.

    The triggers of migration 0004 keep `member_name` in step with the member, and the search index with all three
    texts: a list of a million is searched without a join.
    """

    __table_args__ = (
        sa.Index(
            "redemption_one_live",
            "code_id",
            unique=True,
            sqlite_where=sa.text("status <> 'reversed'"),
            postgresql_where=sa.text("status <> 'reversed'"),
        ),
        sa.Index("redemption_at_place", "place_id", "id"),
        sa.Index("redemption_by_staff", "account_id", "id"),
        sa.Index(
            "redemption_exceptional",
            "status",
            "id",
            sqlite_where=sa.text("status <> 'recorded'"),
            postgresql_where=sa.text("status <> 'recorded'"),
        ),
    )

    id: int | None = Field(default=None, primary_key=True)
    code_id: int = Field(foreign_key="code.id", index=True, ondelete="CASCADE")
    batch_id: int = Field(foreign_key="batch.id", index=True, ondelete="CASCADE")
    status: RedemptionStatus = Field(default=RedemptionStatus.RECORDED, sa_type=stored(RedemptionStatus))
    member_id: int | None = Field(default=None, foreign_key="member.id", index=True, ondelete="SET NULL")
    """Whose voucher it was, or who got the points."""
    account_id: int | None = Field(default=None, foreign_key="account.id", ondelete="SET NULL")
    """The staff who scanned, or the member who redeemed for themselves."""
    api_key_id: int | None = Field(default=None, foreign_key="api_key.id", ondelete="SET NULL")
    """The program that redeemed, if it was one."""
    amount: int | None = Field(default=None, sa_type=sa.BigInteger)
    """The basket, in minor units, where the caller told it."""
    points: int = Field(default=0, sa_column_kwargs={"server_default": "0"})
    """What it paid."""
    answers: dict[str, str] = Field(default_factory=dict, sa_type=sa.JSON, sa_column_kwargs={"server_default": "{}"})
    """What the member told, by the label of the field (`Batch.fields`)."""
    place_id: int | None = Field(default=None, foreign_key="place.id", ondelete="SET NULL")
    device_id: int | None = Field(default=None, foreign_key="device.id", index=True, ondelete="SET NULL")
    code_text: str = Field(default="", max_length=40, sa_column_kwargs={"server_default": ""})
    """The code, as it was; for searching."""
    member_name: str = Field(default="", max_length=80, sa_column_kwargs={"server_default": ""})
    title: str = Field(default="", max_length=80, sa_column_kwargs={"server_default": ""})
    """The offer's."""
    goodwill_reason: str = Field(default="", max_length=200, sa_column_kwargs={"server_default": ""})
    at: datetime = Field(index=True)
    """When it was recorded."""
    scanned_at: datetime | None = None
    """When the device scanned it, if there was no connection then."""
    reversed_at: datetime | None = None
    reversed_by: str = Field(default="", max_length=80, sa_column_kwargs={"server_default": ""})
    reversal_reason: str = Field(default="", max_length=200, sa_column_kwargs={"server_default": ""})


class Attempt(SQLModel, table=True):
    """Any scan or entry at the counter, accepted or refused (S2-12)."""

    __table_args__ = (
        sa.Index(
            "attempt_nonce",
            "account_id",
            "nonce",
            unique=True,
            sqlite_where=sa.text("nonce <> ''"),
            postgresql_where=sa.text("nonce <> ''"),
        ),
        sa.Index(
            "attempt_key_nonce",
            "api_key_id",
            "nonce",
            unique=True,
            sqlite_where=sa.text("nonce <> ''"),
            postgresql_where=sa.text("nonce <> ''"),
        ),
        sa.Index(
            "attempt_device_nonce",
            "device_id",
            "nonce",
            unique=True,
            sqlite_where=sa.text("nonce <> ''"),
            postgresql_where=sa.text("nonce <> ''"),
        ),
        sa.Index(
            "attempt_waiting",
            "id",
            sqlite_where=sa.text("scanned_at is not null and reason is not null and settled_at is null"),
            postgresql_where=sa.text("scanned_at is not null and reason is not null and settled_at is null"),
        ),
    )

    id: int | None = Field(default=None, primary_key=True)
    at: datetime = Field(index=True)
    account_id: int | None = Field(default=None, foreign_key="account.id", ondelete="SET NULL")
    api_key_id: int | None = Field(default=None, foreign_key="api_key.id", ondelete="SET NULL")
    member_id: int | None = Field(default=None, foreign_key="member.id", index=True, ondelete="SET NULL")
    """The member who tried, where one did or was named."""
    code_id: int | None = Field(default=None, foreign_key="code.id", index=True, ondelete="CASCADE")
    batch_id: int | None = Field(default=None, foreign_key="batch.id", index=True, ondelete="CASCADE")
    text: str = Field(max_length=200)
    """What was read, cut to 200 characters."""
    nonce: str = Field(default="", max_length=64)
    """The device's own number for this attempt; the same one again is the same attempt."""
    reason: Reason | None = Field(default=None, sa_type=stored(Reason))
    """Why not; nothing for a redemption."""
    place_id: int | None = Field(default=None, foreign_key="place.id", ondelete="SET NULL")
    device_id: int | None = Field(default=None, foreign_key="device.id", ondelete="SET NULL")
    scanned_at: datetime | None = None
    """When the device scanned it, if there was no connection then."""
    settled_at: datetime | None = None
    """When somebody put it aside, as it was refused though the device may have accepted it."""
    settled_by: str = Field(default="", max_length=80, sa_column_kwargs={"server_default": ""})
