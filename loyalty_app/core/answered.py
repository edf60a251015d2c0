"""Answers to requests that named themselves: a repeat gets the same answer and has no second effect."""

import json
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlmodel import Field, Session, SQLModel, UTCDateTime, col

from loyalty_app.core.texts import Redaction


class Answered(SQLModel, table=True):
    """One request with an `Idempotency-Key`, and what it was answered."""

    owner: str = Field(primary_key=True, max_length=40)
    key: str = Field(primary_key=True, max_length=255)
    fingerprint: str = Field(max_length=64)
    """Of the method, the address and the body: the same key with another request is a mistake."""
    status: int = 0
    body: str = Field(default="", sa_type=sa.Text)
    created_at: datetime = Field(index=True)


KEPT_FOR = timedelta(hours=24)
"""A caller repeats within seconds; after a day the same key is a new request."""


def answer_before(session: Session, owner: str, key: str, fingerprint: str, *, now: datetime) -> Answered | None:
    """Return what the request was answered, or None if it is new: the caller then answers it in this transaction.

    Of two at once the second waits here for the first: the primary key decides.
    """
    values = {"owner": owner, "key": key, "fingerprint": fingerprint, "now": now, "old": now - KEPT_FOR}
    session.connection().execute(_FORGET, values)
    if session.connection().execute(_BEGIN, values).rowcount:
        return None
    return session.get(Answered, (owner, key), populate_existing=True)


def keep(session: Session, owner: str, key: str, status: int, body: str) -> None:
    """Keep the answer; it is committed with what it tells of, or not at all."""
    session.connection().execute(
        sa.update(Answered)
        .where(col(Answered.owner) == owner, col(Answered.key) == key)
        .values(status=status, body=body)
    )


def forget(session: Session, member_id: int, contact: Redaction) -> None:
    """Empty the answers that tell of a member, by number or address; a repeat still has no second effect."""
    numbered = (
        f'"{name}":{space}{member_id}{end}' for name in ("id", "memberId") for space in ("", " ") for end in ",}"
    )
    numbered_too = [col(Answered.body).contains(part, autoescape=True) for part in numbered]
    kept = session.execute(
        sa.select(col(Answered.owner), col(Answered.key), col(Answered.body)).where(
            sa.or_(contact.may_be_in(col(Answered.body)), *numbered_too)
        )
    )
    theirs = [(owner, key) for owner, key, body in kept if _tells_of(json.loads(body), member_id, contact)]
    for owner, key in theirs:
        keep_empty = sa.update(Answered).where(col(Answered.owner) == owner, col(Answered.key) == key)
        session.connection().execute(keep_empty.values(body="{}"))


def sweep(session: Session, *, now: datetime) -> None:
    """Forget answers that nobody will ask for again."""
    session.connection().execute(sa.delete(Answered).where(col(Answered.created_at) <= now - KEPT_FOR))


def _tells_of(told: Any, member_id: int, contact: Redaction) -> bool:
    match told:
        case {"memberId": int(number)} | {"member": {"id": int(number)}} | {"id": int(number), "email": _}:
            is_theirs = number == member_id
        case str(text):
            is_theirs = contact.is_in(text)
        case _:
            is_theirs = False
    parts = told.values() if isinstance(told, dict) else told if isinstance(told, list) else ()
    return is_theirs or any(_tells_of(part, member_id, contact) for part in parts)


_FORGET = sa.delete(Answered).where(
    col(Answered.owner) == sa.bindparam("owner"),
    col(Answered.key) == sa.bindparam("key"),
    col(Answered.created_at) <= sa.bindparam("old"),
)
_BEGIN = sa.text(
    "insert into answered (owner, key, fingerprint, status, body, created_at)"
    " values (:owner, :key, :fingerprint, 0, '', :now) on conflict (owner, key) do nothing"
).bindparams(sa.bindparam("now", type_=UTCDateTime()))
