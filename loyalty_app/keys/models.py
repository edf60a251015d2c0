"""Which keys there are; never the keys themselves."""

from datetime import datetime

from sqlmodel import Field, SQLModel


class TokenKey(SQLModel, table=True):
    """What everybody may know of a key that seals tokens; the secret is a file or a setting (`keys.service`)."""

    __tablename__ = "token_key"  # pyright: ignore[reportAssignmentType]

    id: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    """From 1 to 15: it stands in the first byte of each token."""
    fingerprint: str = Field(max_length=64)
    """A digest of the secret, to notice another one under the same number."""
    created_at: datetime
    retired_at: datetime | None = None
    retired_by: str = Field(default="", max_length=80)
