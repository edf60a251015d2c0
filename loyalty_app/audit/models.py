"""The trail of what people changed."""

from datetime import datetime

from sqlmodel import Field, SQLModel


class AuditEntry(SQLModel, table=True):
    """One thing that somebody did; holds no member's data, so it may stay when a batch goes."""

    __tablename__ = "audit_entry"  # pyright: ignore[reportAssignmentType]

    id: int | None = Field(default=None, primary_key=True)
    at: datetime = Field(index=True)
    account_id: int | None = Field(default=None, index=True)
    api_key_id: int | None = Field(default=None, index=True)
    actor: str = Field(default="", max_length=80, sa_column_kwargs={"server_default": ""})
    """The name of who it was, as it was then."""
    verb: str = Field(max_length=40)
    subject: str = Field(max_length=80)
    details: str = Field(default="", max_length=500)
