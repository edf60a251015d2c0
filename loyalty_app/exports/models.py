"""Files that were asked for."""

from datetime import datetime
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlmodel import Field, SQLModel

from loyalty_app.core.database import stored


class ExportKind(StrEnum):
    """What a prepared file is."""

    ZIP = "zip"
    LABELS = "labels"


class Export(SQLModel, table=True):
    """A file in the data folder, made by a job; kept for a while, then swept."""

    id: int | None = Field(default=None, primary_key=True)
    batch_id: int = Field(foreign_key="batch.id", index=True, ondelete="CASCADE")
    kind: ExportKind = Field(sa_type=stored(ExportKind))
    options: dict[str, Any] = Field(default_factory=dict, sa_type=sa.JSON, sa_column_kwargs={"server_default": "{}"})
    """What was chosen: format, size, error level, range, paper, …"""
    name: str = Field(max_length=120)
    """What the file is called when it is downloaded."""
    secret: str = Field(max_length=64, unique=True)
    """What it is called in the data folder."""
    size: int = Field(default=0, sa_type=sa.BigInteger)
    """How many bytes of it are committed."""
    created_at: datetime
    created_by: int | None = None
    expires_at: datetime | None = Field(default=None, index=True)
    """When it is swept; none while it is being made."""
