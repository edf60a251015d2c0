"""Read scan batches as their managers do: sums and lists from counters, never a count over codes."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.sql.elements import ColumnElement
from sqlmodel import Session, col, select

from loyalty_app.audit.models import AuditEntry
from loyalty_app.batches.models import Batch, BatchKind, BatchStatus, BatchTombstone
from loyalty_app.batches.rules import whole
from loyalty_app.core.actor import Actor, Permission
from loyalty_app.core.texts import has_words
from loyalty_app.scanbatches.rules import Column, Mark, Wish

PAGE = 50
LATEST = 20
"""So many of the latest entries of the trail a batch's page shows."""
ACTIVATIONS = (
    "create",
    "go_on",
    "disable",
    "enable",
    "disable_code",
    "enable_code",
    "pause",
    "resume",
    "freeze",
    "unfreeze",
)
"""What the trail says that makes codes good or stops them (S0-21)."""


@dataclass(frozen=True)
class Totals:
    """The four cards (S0-18), and how many batches exist."""

    batches_ever: int
    batches: int
    codes: int
    used: int
    active: int
    """Enabled, unused, made and not expired."""


def totals(session: Session, *, by: Actor, now: datetime) -> Totals:
    """Return the sums over all scan batches."""
    by.must(Permission.VIEW_DASHBOARD)
    unexpired = sa.case((col(Batch.closes_at) > now, _ACTIVE), else_=0)
    batches, codes, used, active = session.exec(
        select(
            sa.func.count(col(Batch.id)),
            sa.func.coalesce(sa.func.sum(Batch.total), 0),
            sa.func.coalesce(sa.func.sum(Batch.redeemed), 0),
            sa.func.coalesce(sa.func.sum(unexpired), 0),
        ).where(_IS_SCAN)
    ).one()
    deleted = session.exec(
        select(sa.func.count(col(BatchTombstone.batch_id))).where(BatchTombstone.kind == BatchKind.SCAN)
    ).one()
    return Totals(batches + deleted, batches, int(codes), int(used), int(active))


def listed(session: Session, wish: Wish, *, skip: int = 0, limit: int = PAGE, by: Actor, now: datetime) -> list[Batch]:
    """Return the scan batches that fit the wish, a page at a time."""
    by.must(Permission.VIEW_DASHBOARD)
    key = _COLUMNS[wish.column]
    order = (key.asc(), col(Batch.id).asc()) if wish.is_rising else (key.desc(), col(Batch.id).desc())
    return list(session.exec(select(Batch).where(*_fits(wish, now)).order_by(*order).offset(skip).limit(limit)))


def counted(session: Session, wish: Wish, *, by: Actor, now: datetime) -> int:
    """Return how many scan batches fit the wish."""
    by.must(Permission.VIEW_DASHBOARD)
    return session.exec(select(sa.func.count(col(Batch.id))).where(*_fits(wish, now))).one()


def activations(session: Session, batch: Batch, *, by: Actor) -> list[AuditEntry]:
    """Return who enabled or stopped which codes of a batch, the latest first, from the trail."""
    by.must(Permission.VIEW_DASHBOARD)
    found = session.exec(
        select(AuditEntry)
        # The trail has an index over time, and nothing was done to a batch before it was made.
        .where(
            col(AuditEntry.at) >= batch.created_at,
            AuditEntry.subject == f"batch {batch.id}",
            col(AuditEntry.verb).in_(ACTIVATIONS),
        )
        .order_by(col(AuditEntry.id).desc())
        .limit(LATEST)
    )
    return list(found)


def _fits(wish: Wish, now: datetime) -> list[ColumnElement[bool]]:
    parts = [_IS_SCAN]
    if text := wish.text.strip():
        is_named = has_words(text, Batch.name, Batch.prefix)
        parts.append(sa.or_(is_named, col(Batch.id) == whole(text.removeprefix("#"))))
    if wish.mark:
        parts.append(_is(wish.mark, now))
    return parts


def _is(mark: Mark, now: datetime) -> ColumnElement[bool]:  # noqa: PLR0911 - a case for each mark
    """Return `rules.marks` as a condition."""
    match mark:
        case Mark.ACTIVE:
            return sa.and_(col(Batch.status) == BatchStatus.ACTIVE, col(Batch.closes_at) > now, _ACTIVE > 0)
        case Mark.EXPIRED:
            return col(Batch.closes_at) <= now
        case Mark.PAUSED:
            return col(Batch.status) == BatchStatus.PAUSED
        case Mark.GENERATING:
            return col(Batch.status) == BatchStatus.GENERATING
        case Mark.FAILED:
            return col(Batch.status) == BatchStatus.FAILED
        case Mark.USED_UP:
            return col(Batch.redeemed) == col(Batch.total)
        case Mark.DISABLED:
            whole_ones = col(Batch.status).in_((BatchStatus.ACTIVE, BatchStatus.PAUSED))
            return sa.and_(whole_ones, _ACTIVE == 0, col(Batch.disabled) > 0)


_IS_SCAN = col(Batch.kind) == BatchKind.SCAN
_ACTIVE = col(Batch.made) - col(Batch.redeemed) - col(Batch.disabled)
_COLUMNS: dict[Column, Any] = {
    Column.ID: col(Batch.id),
    Column.CREATED: col(Batch.created_at),
    Column.EXPIRES: col(Batch.closes_at),
    Column.TOTAL: col(Batch.total),
    Column.USED: col(Batch.redeemed),
    Column.ACTIVE: _ACTIVE,
}
