"""Members."""

from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Field, SQLModel


class Member(SQLModel, table=True):
    """An end customer; whoever signs up also has an account."""

    id: int | None = Field(default=None, primary_key=True)
    account_id: int | None = Field(default=None, foreign_key="account.id", unique=True, ondelete="SET NULL")
    name: str = Field(max_length=80)
    email: str = Field(max_length=254, unique=True)
    phone: str = Field(default="", max_length=32, sa_column_kwargs={"server_default": ""})
    joined_at: datetime
    points: int = Field(default=0, sa_type=sa.BigInteger, sa_column_kwargs={"server_default": "0"})
    """The sum of the member's ledger (`points.models`)."""
    erased_at: datetime | None = None
    """Since then the row holds nothing about the person; it stays for the numbers."""
