"""What a member did, from every source, as one line of time."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import RowMapping
from sqlalchemy.sql.elements import ColumnElement
from sqlmodel import Session, col

from loyalty_app.accounts.models import Account
from loyalty_app.apikeys.models import ApiKey
from loyalty_app.batches.models import Batch
from loyalty_app.claims.models import ClaimAttempt
from loyalty_app.codes import alphabet
from loyalty_app.codes import service as codes
from loyalty_app.codes.models import Code
from loyalty_app.core.actor import Actor, Permission
from loyalty_app.core.reasons import Reason
from loyalty_app.members import service as members
from loyalty_app.members.models import Member
from loyalty_app.places.models import Place
from loyalty_app.points.models import PointsEntry
from loyalty_app.redemptions.models import Attempt, Redemption, RedemptionStatus

MOST_ACTIVE = 10
_BEGIN = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_SPOT = re.compile(r"(\d{1,18})-(\d)-(\d{1,10})")


class EventKind(StrEnum):
    """What happened."""

    CLAIM = "claim"
    REDEMPTION = "redemption"
    GOODWILL = "goodwill"
    REVERSAL = "reversal"
    REFUSAL = "refusal"
    POINTS = "points"
    """Points by hand, or of a batch that is deleted; those of a redemption stand with it."""


@dataclass(frozen=True)
class Event:
    """One thing that a member did, or that was done for them."""

    spot: str
    """Where it stands in the line of time; the page after it begins there."""
    kind: EventKind
    at: datetime
    title: str = ""
    batch_id: int | None = None
    code: str = ""
    redemption_id: int | None = None
    place: str = ""
    staff: str = ""
    """Who was there: a person, or a program."""
    reason: Reason | None = None
    points: int = 0
    note: str = ""
    """Why, in the words of whoever did it."""


@dataclass(frozen=True)
class Spot:
    """Where a page begins: behind this instant, source and row."""

    at: datetime
    source: int
    id: int

    def __str__(self) -> str:
        """Return it as it stands in addresses."""
        return f"{(self.at - _BEGIN) // _MICROSECOND}-{self.source}-{self.id}"


def spot(text: str) -> Spot | None:
    """Return where a page begins that an address names; None if it names none."""
    match = _SPOT.fullmatch(text) if text.isascii() else None
    if match is None or int(match[3]) >= 2**31:
        return None
    try:
        return Spot(_BEGIN + int(match[1]) * _MICROSECOND, int(match[2]), int(match[3]))
    except OverflowError:
        return None


def of_member(
    session: Session, member_id: int, kind: EventKind | None = None, *, after: Spot | None = None, limit: int, by: Actor
) -> list[Event]:
    """Return what a member did, the newest first, from behind a spot; no source is read further than the page."""
    by.must(Permission.VIEW_MEMBERS)
    members.get(session, member_id, by=by)
    found: list[tuple[Spot, Event]] = []
    for number, source in enumerate(_SOURCES):
        if kind is None or kind is source.kind:
            query = _page(source, number, after).limit(limit).params(member=member_id)
            for row in session.execute(source.told(query, by)).mappings():
                where = Spot(row["at"], number, row["id"])
                found.append((where, _event(str(where), source.kind, row)))
    found.sort(key=lambda one: (one[0].at, -one[0].source, one[0].id), reverse=True)
    return [event for _, event in found[:limit]]


@dataclass(frozen=True)
class Active:
    """A member who came often."""

    member_id: int
    name: str
    redemptions: int
    last: datetime
    points: int


def most_active(session: Session, days: int, *, limit: int = MOST_ACTIVE, by: Actor, now: datetime) -> list[Active]:
    """Return who redeemed most in the last days; what was taken back, and goodwill, does not count."""
    by.must(Permission.VIEW_MEMBERS)
    # With a plus: else SQLite goes through the members, and so through every redemption there ever was.
    who: sa.ColumnElement[int] = sa.literal_column("+redemption.member_id", sa.Integer)
    often = (
        sa.select(
            who.label("id"),
            sa.func.count().label("often"),
            sa.func.max(col(Redemption.at)).label("last"),
        )
        .where(
            col(Redemption.at) > now - timedelta(days=days),
            col(Redemption.status) == RedemptionStatus.RECORDED,
            col(Redemption.member_id).is_not(None),
        )
        .group_by(who)
        .subquery()
    )
    found = session.execute(
        sa.select(col(Member.id), col(Member.name), often.c.often, often.c.last, col(Member.points))
        .join(often, often.c.id == col(Member.id))
        .where(col(Member.erased_at).is_(None))
        .order_by(often.c.often.desc(), often.c.last.desc(), col(Member.id))
        .limit(limit)
    )
    return [Active(*row) for row in found]


_Query = sa.Select[*tuple[Any, ...]]


@dataclass(frozen=True)
class _Source:
    """A table that knows something of members."""

    kind: EventKind
    id: Any
    at: Any
    fits: tuple[ColumnElement[bool], ...]
    """Which of its rows are of the member `:member`."""
    told: Callable[[_Query, Actor], _Query]
    """Adds what is told of them."""


def _page(source: _Source, number: int, after: Spot | None) -> _Query:
    query = (
        sa.select(source.id.label("id"), source.at.label("at"))
        .where(*source.fits)
        .order_by(source.at.desc(), source.id.desc())
    )
    if after is None:
        return query
    if number == after.source:
        return query.where(sa.or_(source.at < after.at, sa.and_(source.at == after.at, source.id < after.id)))
    return query.where(source.at <= after.at if number > after.source else source.at < after.at)


def _event(spot: str, kind: EventKind, row: RowMapping) -> Event:
    told = {name: row[name] for name in _PLAIN if row.get(name)}
    code = alphabet.display(row["code"], row["prefix"] or "") if row.get("code") else ""
    if not code and row.get("text"):
        code = alphabet.masked(row["text"])
    return Event(spot, kind, row["at"], code=code, **told)


_PLAIN = ("title", "batch_id", "redemption_id", "place", "staff", "reason", "points", "note")


def _of_code(query: _Query, by: Actor, code_id: Any, batch_id: Any) -> _Query:
    # Outer joins, though few rows lack code or batch: so SQLite keeps to the rows of the member.
    return (
        query.add_columns(
            batch_id.label("batch_id"),
            col(Batch.title).label("title"),
            codes.shown_to(by).label("code"),
            col(Batch.prefix).label("prefix"),
        )
        .join(Code, col(Code.id) == code_id, isouter=True)
        .join(Batch, col(Batch.id) == batch_id, isouter=True)
    )


def _of_staff(query: _Query, table: type[Redemption | Attempt]) -> _Query:
    return (
        query.add_columns(
            sa.func.coalesce(Account.name, ApiKey.name).label("staff"),
            col(Place.name).label("place"),
        )
        .join(Account, col(Account.id) == col(table.account_id), isouter=True)
        .join(ApiKey, col(ApiKey.id) == col(table.api_key_id), isouter=True)
        .join(Place, col(Place.id) == col(table.place_id), isouter=True)
    )


def _redemptions(query: _Query, by: Actor) -> _Query:
    query = _of_code(query.select_from(Redemption), by, col(Redemption.code_id), col(Redemption.batch_id))
    return _of_staff(query, Redemption).add_columns(
        col(Redemption.id).label("redemption_id"),
        col(Redemption.points).label("points"),
        col(Redemption.goodwill_reason).label("note"),
    )


def _reversals(query: _Query, by: Actor) -> _Query:
    query = _of_code(query.select_from(Redemption), by, col(Redemption.code_id), col(Redemption.batch_id))
    return query.add_columns(
        col(Redemption.id).label("redemption_id"),
        (-col(Redemption.points)).label("points"),
        col(Redemption.reversed_by).label("staff"),
        col(Redemption.reversal_reason).label("note"),
    )


def _scans(query: _Query, by: Actor) -> _Query:
    query = _of_code(query.select_from(Attempt), by, col(Attempt.code_id), col(Attempt.batch_id))
    return _of_staff(query, Attempt).add_columns(
        col(Attempt.reason).label("reason"),
        sa.case((col(Attempt.code_id).is_(None), col(Attempt.text))).label("text"),
    )


def _refused_claims(query: _Query, _by: Actor) -> _Query:
    return query.add_columns(
        col(ClaimAttempt.batch_id).label("batch_id"),
        col(Batch.title).label("title"),
        col(ClaimAttempt.reason).label("reason"),
    ).join_from(ClaimAttempt, Batch, col(Batch.id) == col(ClaimAttempt.batch_id), isouter=True)


def _claims(query: _Query, by: Actor) -> _Query:
    return query.add_columns(
        col(Code.batch_id).label("batch_id"),
        col(Batch.title).label("title"),
        codes.shown_to(by).label("code"),
        col(Batch.prefix).label("prefix"),
    ).join_from(Code, Batch, col(Batch.id) == col(Code.batch_id), isouter=True)


def _movements(query: _Query, _by: Actor) -> _Query:
    return query.add_columns(
        col(PointsEntry.title).label("title"),
        col(PointsEntry.actor).label("staff"),
        col(PointsEntry.points).label("points"),
    )


_MEMBER = sa.bindparam("member", type_=sa.Integer)
_IS_GOODWILL = sa.or_(col(Redemption.status) == RedemptionStatus.GOODWILL, col(Redemption.goodwill_reason) != "")
"""One that was taken back is told from a redemption by its reason."""
_SOURCES = (
    _Source(
        EventKind.POINTS,
        col(PointsEntry.id),
        col(PointsEntry.at),
        (col(PointsEntry.member_id) == _MEMBER, col(PointsEntry.redemption_id).is_(None)),
        _movements,
    ),
    _Source(
        EventKind.REVERSAL,
        col(Redemption.id),
        col(Redemption.reversed_at),
        (col(Redemption.member_id) == _MEMBER, col(Redemption.reversed_at).is_not(None)),
        _reversals,
    ),
    _Source(
        EventKind.GOODWILL,
        col(Redemption.id),
        col(Redemption.at),
        (col(Redemption.member_id) == _MEMBER, _IS_GOODWILL),
        _redemptions,
    ),
    _Source(
        EventKind.REDEMPTION,
        col(Redemption.id),
        col(Redemption.at),
        (col(Redemption.member_id) == _MEMBER, ~_IS_GOODWILL),
        _redemptions,
    ),
    _Source(
        EventKind.REFUSAL,
        col(Attempt.id),
        col(Attempt.at),
        (col(Attempt.member_id) == _MEMBER, col(Attempt.reason).is_not(None)),
        _scans,
    ),
    _Source(
        EventKind.REFUSAL,
        col(ClaimAttempt.id),
        col(ClaimAttempt.at),
        (col(ClaimAttempt.member_id) == _MEMBER, col(ClaimAttempt.reason).is_not(None)),
        _refused_claims,
    ),
    _Source(
        EventKind.CLAIM,
        col(Code.id),
        col(Code.claimed_at),
        (col(Code.member_id) == _MEMBER, col(Code.claimed_at).is_not(None)),
        _claims,
    ),
)
"""Of one instant the first comes first: points after a reversal, a reversal after a redemption, that after a claim."""
