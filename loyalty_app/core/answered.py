"""The table of answers to requests that named themselves: a repeat gets the same answer and has no second effect."""

from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Field, SQLModel


class Answered(SQLModel, table=True):
    """One request with an `Idempotency-Key`, and what it was answered."""

    owner: str = Field(primary_key=True, max_length=40)
    key: str = Field(primary_key=True, max_length=255)
    fingerprint: str = Field(max_length=64)
    """Of the method, the address and the body: the same key with another request is a mistake."""
    status: int = 0
    body: str = Field(default="", sa_type=sa.Text)
    created_at: datetime = Field(index=True)
