"""Places and the devices that stand in them."""

from datetime import datetime

from sqlmodel import Field, SQLModel


class Place(SQLModel, table=True):
    """A location where codes are redeemed; a closed one keeps its history."""

    id: int | None = Field(default=None, primary_key=True)
    name: str = Field(max_length=80)
    address: str = Field(default="", max_length=200, sa_column_kwargs={"server_default": ""})
    time_zone: str = Field(max_length=64)
    created_at: datetime
    closed_at: datetime | None = None


class Device(SQLModel, table=True):
    """A tablet or till, enrolled once at a place; what it proves itself with is not kept."""

    id: int | None = Field(default=None, primary_key=True)
    place_id: int = Field(foreign_key="place.id", index=True)
    name: str = Field(max_length=80)
    secret_hash: str | None = Field(default=None, max_length=64, unique=True)
    """Of the secret in the device's cookie; none before it was enrolled."""
    enrol_hash: str | None = Field(default=None, max_length=64, unique=True)
    """Of the one-time secret in the QR code that enrols it; none when that was used."""
    enrol_expires_at: datetime | None = None
    created_at: datetime
    enrolled_at: datetime | None = None
    last_seen_at: datetime | None = None
    moved_at: datetime | None = None
    """When it last came to another place."""
    revoked_at: datetime | None = None
