"""List for a tablet what it needs while the connection is gone."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, col, select

from loyalty_app.audit.models import AuditEntry
from loyalty_app.batches import service as batches
from loyalty_app.batches.models import Batch, BatchKind
from loyalty_app.codes.models import Code, CodeStatus
from loyalty_app.core.actor import Actor, Permission
from loyalty_app.core.errors import ForbiddenError
from loyalty_app.counter.rules import FORMAT, LATELY, Held, Listing, Offered, Standing
from loyalty_app.places import service as places
from loyalty_app.program import service as programs
from loyalty_app.redemptions.models import Redemption, RedemptionStatus

LATEST = 1000
"""So many numbers are looked at: more than are ever given out while one transaction is under way."""


def stamp(session: Session, *, by: Actor) -> str:
    """Return a text that is another one whenever the listing may be; it costs next to nothing.

    Claims are counted; redemptions, and everything else that changes a voucher and is audited, are numbered.
    """
    _must_be_at_a_counter(by)
    counted = session.execute(
        sa.select(sa.func.count(col(Batch.id)), sa.func.coalesce(sa.func.sum(Batch.claimed), 0), sa.func.max(Batch.id))
    ).one()
    numbered = (number for latest in _LATEST for number in session.execute(latest).one())
    return "-".join(str(number or 0) for number in (FORMAT, *counted, *numbered))


def listing(session: Session, *, by: Actor, now: datetime) -> Listing:
    """Return every voucher that could be redeemed at a counter now, and those of which it lately could."""
    _must_be_at_a_counter(by)
    since = now - LATELY
    vouchers = [
        *_held(session.execute(_CLAIMED, {"since": since}), Standing.GOOD),
        *_held(session.execute(_USED, {"since": since}), Standing.USED),
        *_held(session.execute(_OFF, {"since": since}), Standing.OFF),
    ]
    mentioned = {one.batch_id for one in vouchers}
    found = session.exec(select(Batch).where(col(Batch.kind) == BatchKind.CLAIM))
    of = {
        batch.id or 0: Offered(batches.promise_of(batch), batch.redemptions_frozen)
        for batch in found
        if batch.id in mentioned
    }
    return Listing(vouchers, of, programs.current(session), now, places.zones(session), batches.hosts(session))


def _must_be_at_a_counter(by: Actor) -> None:
    by.must(Permission.REDEEM)
    if by.account_id is None:  # a program has no customer before it, and could keep the list for ever
        raise ForbiddenError


def _held(rows: Iterable[sa.Row[str, int, datetime]], standing: Standing) -> list[Held]:
    return [Held(code, batch_id, expires_at, standing) for code, batch_id, expires_at in rows]


def _latest(number: Any) -> sa.Select[Any, Any]:
    # The greatest number alone says nothing of a lower one that was given before it, and is committed after it.
    newest = sa.select(number.label("number")).order_by(number.desc()).limit(LATEST).subquery()
    return sa.select(sa.func.max(newest.c.number), sa.func.sum(newest.c.number))


_LATEST = (_latest(col(Redemption.id)), _latest(col(AuditEntry.id)))
_VOUCHER = sa.select(col(Code.code), col(Code.batch_id), col(Code.expires_at))
_IS_KNOWN_STILL = col(Code.expires_at) > sa.bindparam("since")
_CLAIMED = _VOUCHER.where(sa.text("code.status = 'claimed' and not code.disabled"), _IS_KNOWN_STILL)
"""In the words of the index `code_held`, or it would not be used."""
_USED = (
    _VOUCHER.join(Redemption, col(Redemption.code_id) == col(Code.id))
    .join(Batch, col(Batch.id) == col(Code.batch_id))
    .where(
        col(Redemption.at) > sa.bindparam("since"),
        col(Redemption.status) != RedemptionStatus.REVERSED,
        col(Batch.kind) == BatchKind.CLAIM,
        _IS_KNOWN_STILL,
    )
)
_OFF = _VOUCHER.join(Batch, col(Batch.id) == col(Code.batch_id)).where(
    col(Batch.disabled) > 0,
    col(Batch.kind) == BatchKind.CLAIM,
    col(Code.disabled),
    col(Code.status) == CodeStatus.CLAIMED,
    _IS_KNOWN_STILL,
)
