"""The ledger."""

from datetime import datetime
from enum import StrEnum

import sqlalchemy as sa
from sqlmodel import Field, SQLModel

from loyalty_app.core.database import stored


class EntryKind(StrEnum):
    """Why points came or went."""

    REDEMPTION = "redemption"
    REVERSAL = "reversal"
    ADJUSTMENT = "adjustment"


class PointsEntry(SQLModel, table=True):
    """One movement of points; rows are only ever added (triggers refuse the rest), so balances can be proved.

    Only the reason of an adjustment goes when its member is erased.
    `Member.points` is their sum, kept in the same transaction.
    """

    __tablename__ = "points_entry"  # pyright: ignore[reportAssignmentType]
    __table_args__ = (
        sa.Index("points_entry_of_member", "member_id", "id"),
        sa.Index(
            "points_entry_once",
            "redemption_id",
            "kind",
            unique=True,
            sqlite_where=sa.text("redemption_id is not null"),
            postgresql_where=sa.text("redemption_id is not null"),
        ),
        sa.CheckConstraint("points <> 0", name="points_moved"),
    )

    id: int | None = Field(default=None, primary_key=True)
    member_id: int = Field(foreign_key="member.id", ondelete="RESTRICT")
    kind: EntryKind = Field(sa_type=stored(EntryKind))
    points: int
    """What was added; below zero what was taken away."""
    balance: int = Field(sa_type=sa.BigInteger)
    """What the member had after it."""
    redemption_id: int | None = Field(default=None, foreign_key="redemption.id", ondelete="SET NULL")
    title: str = Field(default="", max_length=80)
    """What it was for, which outlives the batch; of an adjustment, the reason."""
    actor: str = Field(default="", max_length=80)
    """Who did it, in words; nobody but the member where it is empty."""
    at: datetime
