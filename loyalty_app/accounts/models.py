"""Accounts, their sessions, and what slows a guesser down."""

from datetime import datetime
from enum import StrEnum

import sqlalchemy as sa
from sqlmodel import Field, SQLModel

from loyalty_app.core.database import stored


class Role(StrEnum):
    """What an account is for."""

    ADMIN = "admin"
    MARKETER = "marketer"
    LEAD = "lead"
    STAFF = "staff"
    VIEWER = "viewer"
    MEMBER = "member"


class Account(SQLModel, table=True):
    """Somebody who can sign in with an e-mail address and a password."""

    id: int | None = Field(default=None, primary_key=True)
    email: str = Field(max_length=254, unique=True)
    name: str = Field(max_length=80)
    password_hash: str
    pin_hash: str = Field(default="", sa_column_kwargs={"server_default": ""})
    """Of the short number that opens an enrolled device, and nothing else."""
    role: Role = Field(sa_type=stored(Role), index=True)
    is_active: bool = Field(default=True, sa_column_kwargs={"server_default": sa.true()})
    """Whether they may sign in; who leaves is switched off, so that what they did keeps its name."""
    created_at: datetime


class AccountSession(SQLModel, table=True):
    """One signed-in browser; the cookie's secret itself is not kept."""

    __tablename__ = "account_session"  # pyright: ignore[reportAssignmentType]

    secret_hash: str = Field(primary_key=True, max_length=64)
    account_id: int = Field(foreign_key="account.id", index=True, ondelete="CASCADE")
    created_at: datetime
    expires_at: datetime = Field(index=True)
    device: str = Field(default="", max_length=120, sa_column_kwargs={"server_default": ""})
    """What the browser said it is, in a few words."""
    device_id: int | None = Field(default=None, foreign_key="device.id", index=True, ondelete="CASCADE")
    """The enrolled device that it was opened on; revoked, it ends this session."""
    place_id: int | None = Field(default=None, foreign_key="place.id", ondelete="SET NULL")
    """Where they said they work, on a browser that is not enrolled."""
    is_by_pin: bool = Field(default=False, sa_column_kwargs={"server_default": sa.false()})
    """Opened with the short number: it ends when the device is left alone."""


class SignUp(SQLModel, table=True):
    """Somebody who wants to become a member and has yet to enter the code from the mail."""

    __tablename__ = "sign_up"  # pyright: ignore[reportAssignmentType]

    secret_hash: str = Field(primary_key=True, max_length=64)
    email: str = Field(max_length=254, index=True)
    name: str = Field(max_length=80)
    password_hash: str
    code_hash: str = Field(max_length=64)
    tries: int = 0
    created_at: datetime
    expires_at: datetime = Field(index=True)


class PasswordReset(SQLModel, table=True):
    """A link in a mail that lets the owner of an account choose a new password, once."""

    __tablename__ = "password_reset"  # pyright: ignore[reportAssignmentType]

    secret_hash: str = Field(primary_key=True, max_length=64)
    account_id: int = Field(foreign_key="account.id", index=True, ondelete="CASCADE")
    expires_at: datetime = Field(index=True)


class Throttle(SQLModel, table=True):
    """Failed tries under one key, an address or a network peer, within a window."""

    key: str = Field(primary_key=True, max_length=80)
    failures: int
    window_ends_at: datetime


class SetupLink(SQLModel, table=True):
    """The one-time secret that makes the first admin; each start without an account makes it new."""

    __tablename__ = "setup_link"  # pyright: ignore[reportAssignmentType]

    id: int = Field(default=1, primary_key=True)
    secret_hash: str = Field(max_length=64)
