"""Pay points, take them back, adjust them, and show the ledger: the balance is always the sum of its entries."""

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Session, col, select

from loyalty_app.audit import service as audit
from loyalty_app.core import database, live
from loyalty_app.core.actor import Actor, Permission
from loyalty_app.core.errors import InvalidError, NotFoundError
from loyalty_app.core.texts import ERASED, storable
from loyalty_app.members import service as members
from loyalty_app.members.models import Member
from loyalty_app.points import rules
from loyalty_app.points.models import EntryKind, PointsEntry

PAGE = 50
ADJUST = "adjust"
"""What the audit log calls points given or taken by hand; the reason stands behind a colon."""
_NEWEST = 2**31 - 1


@dataclass(frozen=True)
class Movement:
    """Points that come or go by a redemption."""

    member_id: int
    points: int
    kind: EntryKind
    redemption_id: int
    title: str
    actor: str = ""


@dataclass(frozen=True)
class Ledger:
    """What a member has, and a page of how it came to be, the newest first."""

    balance: int
    entries: list[PointsEntry]


class TooLowError(InvalidError):
    """A member cannot be left with less than nothing by hand."""


def topic(member_id: int | None) -> str:
    """Return the topic of one member's points."""
    return f"points:{member_id}"


def move(session: Session, movements: Sequence[Movement], *, now: datetime) -> dict[int, int]:
    """Write movements into the ledgers and balances; return the balance after each, by redemption.

    Part of the caller's transaction: the redemption and its points stand or fall together.
    """
    sums = Counter[int]()
    for one in movements:
        sums[one.member_id] += one.points
    balances = _add(session, sums)
    rows = []
    for one in movements:
        if not one.points:
            continue
        balances[one.member_id] += one.points
        rows.append(
            {
                "member_id": one.member_id,
                "kind": one.kind,
                "points": one.points,
                "balance": balances[one.member_id],
                "redemption_id": one.redemption_id,
                "title": one.title,
                "actor": one.actor[:80],
                "at": now,
            }
        )
    if rows:
        session.connection().execute(sa.insert(PointsEntry), rows)
    live.announce(session, *map(topic, sums))
    after = {row["redemption_id"]: row["balance"] for row in rows}
    return {one.redemption_id: after.get(one.redemption_id, balances[one.member_id]) for one in movements}


def hold(session: Session, member_ids: Iterable[int]) -> None:
    """Hold balances for this transaction; always in the same order, so that two tills cannot deadlock."""
    session.connection().execute(_HOLD, {"members": sorted(set(member_ids))})


def paid(session: Session, redemption_ids: Iterable[int]) -> dict[int, int]:
    """Return the balance right after each of these redemptions."""
    found = session.connection().execute(_PAID, {"redemptions": list(redemption_ids)})
    return {redemption_id: balance for redemption_id, balance in found if redemption_id}


def adjust(
    session: Session, member_id: int, points: int | None, reason: str, *, by: Actor, now: datetime
) -> PointsEntry:
    """Add points to a member by hand, or take some away, and say why; it never leaves less than none."""
    by.must(Permission.POINTS_MANAGEMENT)
    reason = " ".join(storable(reason).split())
    if problems := rules.problems(points, reason):
        raise InvalidError(**problems)
    assert points is not None
    balance = session.connection().execute(_ADJUST, {"member": member_id, "points": points}).scalar_one_or_none()
    if balance is None:
        member = session.get(Member, member_id)
        if member is None:
            raise NotFoundError("member")
        if member.erased_at:
            raise members.ErasedError
        raise TooLowError(points=f"The member has {member.points:,} points. An adjustment cannot leave less than none.")
    entry = PointsEntry(
        member_id=member_id,
        kind=EntryKind.ADJUSTMENT,
        points=points,
        balance=balance,
        title=reason,
        actor=by.name[:80],
        at=now,
    )
    session.add(entry)
    session.flush()
    audit.record(session, ADJUST, f"member {member_id}", f"{points:+} points: {reason}", by=by, now=now)
    live.announce(session, topic(member_id))
    return entry


def forget(session: Session, member_id: int) -> None:
    """Take out why a member who is erased was given points by hand, or lost some; the points stay.

    People write reasons, and may name who it is about. The ledger lets nothing else of it be changed, ever.
    """
    own = (col(PointsEntry.member_id) == member_id, col(PointsEntry.kind) == EntryKind.ADJUSTMENT)
    session.connection().execute(sa.update(PointsEntry).where(*own).values(title=ERASED))


def of_member(session: Session, member_id: int, *, after: int = 0, limit: int = PAGE, by: Actor) -> Ledger:
    """Return a page of a member's ledger to who may see members."""
    member = members.get(session, member_id, by=by)
    return Ledger(member.points, _entries(session, member_id, after, limit))


def mine(session: Session, *, after: int = 0, limit: int = PAGE, by: Actor) -> Ledger:
    """Return a page of the caller's own ledger."""
    by.must(Permission.CLAIM)
    member_id = members.ids_of_accounts(session, [by.account_id or 0]).get(by.account_id or 0)
    member = session.get(Member, member_id) if member_id else None
    if member is None or member.id is None:
        return Ledger(0, [])
    return Ledger(member.points, _entries(session, member.id, after, limit))


def my_topic(session: Session, *, by: Actor) -> str:
    """Return the topic of the caller's own points."""
    by.must(Permission.CLAIM)
    return topic(members.ids_of_accounts(session, [by.account_id or 0]).get(by.account_id or 0))


def differences(session: Session) -> list[str]:
    """Return a sentence for each member whose balance is not the sum of the ledger, and each wrong running balance."""
    sums = (
        sa.select(col(PointsEntry.member_id), sa.func.sum(PointsEntry.points).label("sum"))
        .group_by(col(PointsEntry.member_id))
        .subquery()
    )
    found = session.connection().execute(
        sa.select(col(Member.id), col(Member.points), sa.func.coalesce(sums.c.sum, 0))
        .join(sums, sums.c.member_id == Member.id, isouter=True)
        .where(col(Member.points) != sa.func.coalesce(sums.c.sum, 0))
    )
    wrong = session.connection().execute(sa.select(_RUNNING).where(_RUNNING.c.balance != _RUNNING.c.sum))
    return [
        f"member {member_id}: points is {balance}, and the ledger says {total}" for member_id, balance, total in found
    ] + [
        f"member {one.member_id}: the entry of {one.points:+} points says {one.balance} after it,"
        f" and the ledger says {one.sum}"
        for one in wrong
    ]


def _entries(session: Session, member_id: int, after: int, limit: int) -> list[PointsEntry]:
    query = select(PointsEntry).where(PointsEntry.member_id == member_id, col(PointsEntry.id) < (after or _NEWEST))
    return list(session.exec(query.order_by(col(PointsEntry.id).desc()).limit(limit)))


def _add(session: Session, sums: Mapping[int, int]) -> dict[int, int]:
    """Add to the balances, in one statement for however many; return what each member had before."""
    hold(session, sums)
    source = database.rows_from(session, ("member_id", "integer"), ("points", "bigint"))
    added = session.connection().execute(
        sa.text(
            f"update member set points = member.points + got.points from {source} as got"  # noqa: S608 - our own names
            " where member.id = got.member_id returning member.id, member.points"
        ),
        {"rows": json.dumps(sorted(sums.items()))},
    )
    return {member_id: points - sums[member_id] for member_id, points in added}


_ADJUST = (
    sa.update(Member)
    .where(
        col(Member.id) == sa.bindparam("member"),
        col(Member.points) + sa.bindparam("points") >= 0,
        col(Member.erased_at).is_(None),
    )
    .values(points=col(Member.points) + sa.bindparam("points"))
    .returning(col(Member.points))
)
_HOLD = sa.select(sa.func.count()).select_from(
    sa.select(col(Member.id))
    .where(col(Member.id).in_(sa.bindparam("members", expanding=True)))
    .order_by(col(Member.id))
    .with_for_update(key_share=True)
    .subquery()
)
_PAID = sa.select(col(PointsEntry.redemption_id), col(PointsEntry.balance)).where(
    col(PointsEntry.redemption_id).in_(sa.bindparam("redemptions", expanding=True)),
    col(PointsEntry.kind) == EntryKind.REDEMPTION,
)
_RUNNING = sa.select(
    col(PointsEntry.member_id),
    col(PointsEntry.points),
    col(PointsEntry.balance),
    sa.func.sum(PointsEntry.points)
    .over(partition_by=col(PointsEntry.member_id), order_by=col(PointsEntry.id))
    .label("sum"),
).subquery()
