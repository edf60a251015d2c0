"""Pictures."""

from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Field, SQLModel


class Picture(SQLModel, table=True):
    """An uploaded picture, drawn again and made small; its address holds the digest, so it never changes."""

    id: int | None = Field(default=None, primary_key=True)
    digest: str = Field(max_length=64, unique=True)
    media_type: str = Field(max_length=20)
    width: int
    height: int
    content: bytes = Field(sa_type=sa.LargeBinary)
    created_at: datetime
    created_by: int | None = None
