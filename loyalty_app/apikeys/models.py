"""API keys."""

from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Field, SQLModel


class ApiKey(SQLModel, table=True):
    """What another program shows to get in; the key itself is not kept."""

    __tablename__ = "api_key"  # pyright: ignore[reportAssignmentType]

    id: int | None = Field(default=None, primary_key=True)
    name: str = Field(max_length=80)
    key_hash: str = Field(max_length=64, unique=True)
    hint: str = Field(max_length=12)
    """How the key begins, to tell one from another."""
    scopes: list[str] = Field(sa_type=sa.JSON)
    """Permissions by name."""
    created_at: datetime
    created_by: int | None = Field(default=None, foreign_key="account.id", ondelete="SET NULL")
    expires_at: datetime | None = None
    last_used_at: datetime | None = None
    revoked_at: datetime | None = None
