"""Codes."""

from datetime import datetime
from enum import StrEnum

import sqlalchemy as sa
from sqlmodel import Field, SQLModel

from loyalty_app.core.database import stored


class CodeStatus(StrEnum):
    """Where a code stands; expired is computed, never stored."""

    ACTIVE = "active"
    CLAIMED = "claimed"
    REDEEMED = "redeemed"


class Standing(StrEnum):
    """What lists say of a code: its status, unless the switch over it is off."""

    ACTIVE = "active"
    CLAIMED = "claimed"
    REDEEMED = "redeemed"
    DISABLED = "disabled"


class Code(SQLModel, table=True):
    """One code: active, claimed by a member, redeemed; one of a scan batch is redeemed by a member at once."""

    __table_args__ = (
        sa.Index("code_serial", "batch_id", "serial", unique=True),
        sa.Index(
            "code_one_a_member",
            "batch_id",
            "member_id",
            unique=True,
            sqlite_where=sa.text("member_id is not null and claimed_at is not null"),
            postgresql_where=sa.text("member_id is not null and claimed_at is not null"),
        ),
        sa.Index(
            "code_held",
            "expires_at",
            sqlite_where=sa.text("status = 'claimed' and not disabled"),
            postgresql_where=sa.text("status = 'claimed' and not disabled"),
        ),
        sa.Index(
            "code_free",
            "batch_id",
            "serial",
            sqlite_where=sa.text("status = 'active' and not disabled"),
            postgresql_where=sa.text("status = 'active' and not disabled"),
        ),
    )

    id: int | None = Field(default=None, primary_key=True)
    batch_id: int = Field(foreign_key="batch.id", ondelete="CASCADE")
    serial: int
    """Its place in the batch, from 1."""
    code: str = Field(max_length=40, unique=True)
    """The normalised form: capitals and digits, the prefix included."""
    status: CodeStatus = Field(default=CodeStatus.ACTIVE, sa_type=stored(CodeStatus))
    disabled: bool = Field(default=False, sa_column_kwargs={"server_default": sa.false()})
    """A switch over active and claimed that remembers the state beneath."""
    member_id: int | None = Field(default=None, foreign_key="member.id", index=True, ondelete="SET NULL")
    """Who claimed it; of a scan batch, who redeemed it."""
    claimed_at: datetime | None = None
    expires_at: datetime | None = None
    """The first instant at which the claimed voucher is no longer good."""
    redeemed_at: datetime | None = None
