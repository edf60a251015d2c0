"""Offers, and the promise that a batch copies from one."""

from datetime import datetime
from enum import StrEnum

import sqlalchemy as sa
from sqlmodel import Field, SQLModel

from loyalty_app.core.database import stored


class RewardKind(StrEnum):
    """What the holder gets."""

    POINTS = "points"
    PERCENT = "percent"
    AMOUNT = "amount"
    ITEM = "item"


class Promise(SQLModel):
    """What is promised to a holder: words, reward and conditions."""

    title: str = Field(max_length=80)
    description: str = Field(default="", max_length=500)
    terms: str = Field(default="", max_length=2000)
    reward_kind: RewardKind = Field(sa_type=stored(RewardKind))
    reward_value: int = Field(sa_type=sa.BigInteger)
    """Points, whole percent, or an amount in minor units; 0 for an item."""
    reward_item: str = Field(default="", max_length=80)
    minimum_purchase: int | None = Field(default=None, sa_type=sa.BigInteger)
    """In minor units of the program's currency."""
    valid_days: int | None = None
    """Days of validity after the claim; without it only the batch's own end counts."""
    picture_id: int | None = Field(default=None, foreign_key="picture.id", ondelete="SET NULL")
    translations: dict[str, dict[str, str]] = Field(
        default_factory=dict, sa_type=sa.JSON, sa_column_kwargs={"server_default": "{}"}
    )
    """Words by language tag, then by field: title, description, terms, reward_item."""


class Offer(Promise, table=True):
    """A reusable promise; batches copy it, so that a later change breaks no word given."""

    id: int | None = Field(default=None, primary_key=True)
    created_at: datetime
    updated_at: datetime
