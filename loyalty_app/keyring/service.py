"""What hangs on each key, by the counters of its batches."""

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Session, col

from loyalty_app.batches.models import Batch
from loyalty_app.core.actor import Actor, Permission
from loyalty_app.core.errors import InvalidError, NotFoundError
from loyalty_app.keys import service as keys
from loyalty_app.keys.service import Listed


@dataclass(frozen=True)
class Kept:
    """A key, and what is lost if it goes."""

    key: Listed
    batches: int = 0
    unredeemed: int = 0
    """Every code that nobody has redeemed."""
    redeemable: int = 0
    """Of these, how many are neither over nor switched off."""
    points: int = 0
    """What the redeemable ones would pay."""


def ring(session: Session, *, by: Actor, now: datetime) -> list[Kept]:
    """Return every key there ever was, the newest first, and what hangs on it."""
    by.must(Permission.PROGRAM_MANAGEMENT)
    is_open = col(Batch.closes_at) > now
    redeemable = sa.case((is_open, col(Batch.made) - col(Batch.redeemed) - col(Batch.disabled)), else_=0)
    found = session.execute(
        sa.select(
            col(Batch.key_id),
            sa.func.count(),
            sa.func.sum(col(Batch.made) - col(Batch.redeemed)),
            sa.func.sum(redeemable),
            sa.func.sum(redeemable * sa.cast(col(Batch.reward_value), sa.BigInteger)),
        )
        .where(col(Batch.key_id).is_not(None))
        .group_by(col(Batch.key_id))
    )
    used = {key_id: tuple(map(int, sums)) for key_id, *sums in found}
    return [Kept(key, *used.get(key.id, ())) for key in keys.listed(session, by=by)]


def impact(session: Session, key_id: int, *, by: Actor, now: datetime) -> Kept:
    """Return what retiring a key would take away."""
    for one in ring(session, by=by, now=now):
        if one.key.id == key_id:
            return one
    raise NotFoundError("key")


def phrase(key_id: int) -> str:
    """Return what has to be typed to retire a key."""
    return f"key {key_id}"


def is_meant(typed: str, key_id: int) -> bool:
    """Return whether what was typed names the key."""
    return " ".join(typed.lower().split()) == phrase(key_id)


def retire(session: Session, key_id: int, *, typed: str, by: Actor, now: datetime) -> None:
    """Refuse every code of a key for good, if it was named."""
    by.must(Permission.PROGRAM_MANAGEMENT)
    if not is_meant(typed, key_id):
        raise InvalidError(typed_key=f"Type {phrase(key_id)} to retire it.")
    keys.retire(session, key_id, by=by, now=now)
