"""Redemptions and attempts, to be read."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, col

from loyalty_app.accounts.models import Account, Role
from loyalty_app.apikeys.models import ApiKey
from loyalty_app.batches.models import Batch
from loyalty_app.codes import alphabet
from loyalty_app.codes import service as codes
from loyalty_app.codes.models import Code
from loyalty_app.core.actor import Actor, Permission
from loyalty_app.core.errors import NotFoundError
from loyalty_app.core.reasons import Reason
from loyalty_app.members.models import Member
from loyalty_app.places.models import Device, Place
from loyalty_app.redemptions import search
from loyalty_app.redemptions.models import Attempt, Redemption, RedemptionStatus
from loyalty_app.redemptions.search import Wish

LATEST = 12


@dataclass(frozen=True)
class Line:
    """One redemption as a list shows it; without its customer for who neither redeems nor may see members.

    Of a code that is good again, as its redemption was reversed, who only watches reads but the end; of a scan code
    everybody who may not manage codes.
    """

    id: int
    code: str
    batch_id: int
    title: str
    status: RedemptionStatus
    at: datetime
    member_id: int | None
    member: str
    email: str
    """Nothing for who may not see members, as the answers below."""
    staff: str
    """Who redeemed it: a person, or a program."""
    staff_id: int | None
    """The person's account."""
    place: str
    place_zone: str
    """The clock there."""
    place_id: int | None
    device: str
    scanned_at: datetime | None
    """When the device scanned it, if there was no connection then."""
    amount: int | None
    points: int
    reversed_at: datetime | None
    reversed_by: str
    reversal_reason: str
    goodwill_reason: str
    answers: Mapping[str, str] | None
    """What the member told, by the label of the field."""


@dataclass(frozen=True)
class Scan:
    """One line of the latest attempts."""

    id: int
    at: datetime
    text: str
    title: str
    member: str
    staff: str
    reason: Reason | None


def listed(session: Session, wish: Wish, *, after: int = 0, limit: int, by: Actor) -> list[Line]:
    """Return the redemptions that fit the wish, the newest first, from behind a number."""
    by.must(Permission.VIEW_REDEMPTIONS)
    return _numbered(session, search.newest(session, wish, after=after, limit=limit, by=by), by)


def all_listed(session: Session, wish: Wish, *, by: Actor) -> Iterator[list[Line]]:
    """Yield all redemptions that fit the wish, the newest first, some thousands at once."""
    by.must(Permission.VIEW_REDEMPTIONS)
    for numbers in search.pieces(session, wish, by=by):
        yield _numbered(session, numbers, by)


def get(session: Session, redemption_id: int, *, by: Actor) -> Line:
    """Return one redemption."""
    by.must(Permission.VIEW_REDEMPTIONS)
    return line(session, redemption_id, by)


def of_code(session: Session, batch_id: int, serial: int, *, by: Actor) -> Line | None:
    """Return the redemption of a code that counts, if it is redeemed."""
    by.must(Permission.VIEW_DASHBOARD)
    found = session.execute(
        _lines(by).where(
            col(Code.batch_id) == batch_id,
            col(Code.serial) == serial,
            col(Redemption.status) == RedemptionStatus.RECORDED,
        )
    ).one_or_none()
    return _as_line(found) if found else None


def latest(session: Session, *, by: Actor) -> list[Scan]:
    """Return the latest attempts, the newest first; members' names only to those who may view them.

    Of what may be a code that is still good they read but the end, as in the list (`search.is_readable`).
    """
    by.must(Permission.VIEW_DASHBOARD)
    named = by.may(Permission.VIEW_MEMBERS)
    found = session.execute(
        sa.select(
            Attempt,
            col(Batch.title),
            col(Member.name),
            _redeemer(is_named=named),
            sa.and_(col(Code.id).is_not(None), search.is_readable(by)),
        )
        .join(Code, col(Code.id) == col(Attempt.code_id), isouter=True)
        .join(Batch, col(Batch.id) == col(Attempt.batch_id), isouter=True)
        .join(Member, col(Member.id) == col(Code.member_id), isouter=True)
        .join(Account, col(Account.id) == col(Attempt.account_id), isouter=True)
        .join(ApiKey, col(ApiKey.id) == col(Attempt.api_key_id), isouter=True)
        .order_by(col(Attempt.id).desc())
        .limit(LATEST)
    )
    manages = by.may(Permission.QR_CODE_MANAGEMENT)
    return [
        Scan(
            attempt.id or 0,
            attempt.at,
            attempt.text if manages or is_open else alphabet.masked(attempt.text),
            title or "",
            (named and member) or "",
            staff or "",
            attempt.reason,
        )
        for attempt, title, member, staff, is_open in found
    ]


def is_hidden(by: Actor) -> sa.ColumnElement[bool]:
    """Return of which redemptions only the end of the code is shown: it is good again, and they may not use it."""
    # A scan code that is good again is hidden already (`shown_to`).
    return sa.and_(
        col(Redemption.status) == RedemptionStatus.REVERSED, codes.is_open_to(by), sa.not_(search.is_readable(by))
    )


def written(code: str, prefix: str, *, is_masked: bool) -> str:
    """Return a code as people read it."""
    return alphabet.display(prefix + alphabet.masked(code[len(prefix) :]) if is_masked else code, prefix)


def _redeemer(*, is_named: bool) -> sa.ColumnElement[str]:
    """Return who redeemed, or tried: staff and programs for everybody, members for who may read their names."""
    person = col(Account.name) if is_named else sa.case((col(Account.role) != Role.MEMBER, col(Account.name)))
    return sa.func.coalesce(person, ApiKey.name, "")


def _lines(by: Actor) -> sa.Select[*tuple[Any, ...]]:
    sees_members = by.may(Permission.VIEW_MEMBERS)
    # Outer joins, though no row lacks its code or batch: so SQLite keeps to the order of the redemptions.
    return (
        sa.select(
            col(Redemption.id),
            codes.shown_to(by),
            col(Batch.prefix),
            is_hidden(by),
            col(Redemption.batch_id),
            col(Redemption.title),
            col(Redemption.status),
            col(Redemption.at),
            col(Redemption.member_id),
            col(Redemption.member_name) if search.sees_names(by) else sa.literal(""),
            sa.func.coalesce(Member.email, "") if sees_members else sa.literal(""),
            _redeemer(is_named=search.sees_names(by)),
            col(Redemption.account_id),
            sa.func.coalesce(Place.name, ""),
            sa.func.coalesce(Place.time_zone, ""),
            col(Redemption.place_id),
            sa.func.coalesce(Device.name, ""),
            col(Redemption.scanned_at),
            col(Redemption.amount),
            col(Redemption.points),
            col(Redemption.reversed_at),
            col(Redemption.reversed_by),
            col(Redemption.reversal_reason),
            col(Redemption.goodwill_reason),
            col(Redemption.answers) if sees_members else sa.null(),
        )
        .select_from(Redemption)
        .join(Code, col(Code.id) == col(Redemption.code_id), isouter=True)
        .join(Batch, col(Batch.id) == col(Redemption.batch_id), isouter=True)
        .join(Member, col(Member.id) == col(Redemption.member_id), isouter=True)
        .join(Account, col(Account.id) == col(Redemption.account_id), isouter=True)
        .join(ApiKey, col(ApiKey.id) == col(Redemption.api_key_id), isouter=True)
        .join(Place, col(Place.id) == col(Redemption.place_id), isouter=True)
        .join(Device, col(Device.id) == col(Redemption.device_id), isouter=True)
    )


def line(session: Session, redemption_id: int, by: Actor) -> Line:
    """Return one redemption to who has been let in."""
    found = session.execute(_lines(by).where(col(Redemption.id) == redemption_id)).one_or_none()
    if found is None:
        raise NotFoundError("redemption")
    return _as_line(found)


def _numbered(session: Session, numbers: Sequence[int], by: Actor) -> list[Line]:
    found = session.execute(_lines(by).where(col(Redemption.id).in_(numbers)).order_by(col(Redemption.id).desc()))
    return [_as_line(row) for row in found]


def _as_line(row: sa.Row[*tuple[Any, ...]]) -> Line:
    number, code, prefix, is_masked, *others = row
    return Line(number, written(code, prefix, is_masked=is_masked), *others)
