"""Scans that a device made without a connection and that were refused when they reached us."""

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import aliased
from sqlmodel import Session, col, select

from loyalty_app.accounts.models import Account
from loyalty_app.apikeys.models import ApiKey
from loyalty_app.audit import service as audit
from loyalty_app.batches.models import Batch
from loyalty_app.codes import alphabet
from loyalty_app.codes import service as codes
from loyalty_app.codes.models import Code
from loyalty_app.core import live
from loyalty_app.core.actor import Actor, Permission
from loyalty_app.core.errors import NotFoundError
from loyalty_app.core.reasons import Reason
from loyalty_app.members.models import Member
from loyalty_app.places.models import Device, Place
from loyalty_app.redemptions import history, search
from loyalty_app.redemptions.models import Attempt, Redemption
from loyalty_app.redemptions.service import TOPIC

MOST = 50
WAITING = (
    # The words of the index.
    col(Attempt.scanned_at).is_not(None),
    col(Attempt.reason).is_not(None),
    col(Attempt.settled_at).is_(None),
)
"""Of which attempts somebody has to hear: the reward may have been given."""


@dataclass(frozen=True)
class Side:
    """Who took a voucher, when, where and on what."""

    staff: str
    at: datetime
    place: str
    device: str


@dataclass(frozen=True)
class Conflict:
    """A scan for which the reward may have been given, though it does not count."""

    id: int
    """The attempt's number."""
    code: str
    """What was read, where that is no code of ours."""
    title: str
    member: str
    """Whose it is; nothing for who may not read names."""
    reason: Reason
    """Why it was refused."""
    redemption_id: int | None
    """What counts instead, if somebody was first."""
    first: Side | None
    """Who redeemed it then."""
    late: Side
    """Who took it without a connection, at the device's own time."""
    sent_at: datetime
    """When the device had a connection again."""


def conflicts(session: Session, *, by: Actor) -> list[Conflict]:
    """Return the newest of the refused scans that nobody has put aside, with both sides where there are two."""
    by.must(Permission.VIEW_REDEMPTIONS)
    name = sa.func.coalesce(col(Redemption.member_name), col(Member.name), "")
    # No join may lose a scan: what it hit may be gone, or never was.
    found = session.execute(
        sa.select(
            col(Attempt.id),
            col(Attempt.text),
            codes.shown_to(by),
            col(Batch.prefix),
            # A scan code that is good still is hidden already (`shown_to`).
            sa.and_(codes.is_open_to(by), sa.not_(search.is_readable(by))),
            sa.func.coalesce(Batch.title, ""),
            name if search.sees_names(by) else sa.literal(""),
            col(Attempt.reason),
            col(Redemption.id),
            sa.func.coalesce(_FirstStaff.name, _FirstKey.name, ""),
            sa.func.coalesce(Redemption.scanned_at, Redemption.at),
            *(sa.func.coalesce(one.name, "") for one in (_FirstPlace, _FirstDevice)),
            sa.func.coalesce(_LateStaff.name, _LateKey.name, ""),
            col(Attempt.scanned_at),
            *(sa.func.coalesce(one.name, "") for one in (_LatePlace, _LateDevice)),
            col(Attempt.at),
        )
        .select_from(Attempt)
        .join(Code, col(Code.id) == col(Attempt.code_id), isouter=True)
        .join(Batch, col(Batch.id) == col(Code.batch_id), isouter=True)
        .join(Member, col(Member.id) == col(Attempt.member_id), isouter=True)
        .join(
            Redemption,
            sa.and_(col(Redemption.id) == _WON, col(Attempt.reason) == Reason.CONFLICT_OFFLINE),
            isouter=True,
        )
        .join(_FirstStaff, col(_FirstStaff.id) == col(Redemption.account_id), isouter=True)
        .join(_FirstKey, col(_FirstKey.id) == col(Redemption.api_key_id), isouter=True)
        .join(_FirstPlace, col(_FirstPlace.id) == col(Redemption.place_id), isouter=True)
        .join(_FirstDevice, col(_FirstDevice.id) == col(Redemption.device_id), isouter=True)
        .join(_LateStaff, col(_LateStaff.id) == col(Attempt.account_id), isouter=True)
        .join(_LateKey, col(_LateKey.id) == col(Attempt.api_key_id), isouter=True)
        .join(_LatePlace, col(_LatePlace.id) == col(Attempt.place_id), isouter=True)
        .join(_LateDevice, col(_LateDevice.id) == col(Attempt.device_id), isouter=True)
        .where(*WAITING)
        .order_by(col(Attempt.id).desc())
        .limit(MOST)
    )
    return [
        Conflict(
            number,
            _read(text, by) if code is None else history.written(code, prefix, is_masked=is_masked),
            title,
            member,
            reason,
            redemption_id,
            Side(*sides[:4]) if redemption_id else None,
            Side(*sides[4:]),
            at,
        )
        for number, text, code, prefix, is_masked, title, member, reason, redemption_id, *sides, at in found
    ]


def waiting(session: Session, *, by: Actor) -> int:
    """Return how many refused scans nobody has put aside."""
    by.must(Permission.VIEW_REDEMPTIONS)
    return session.execute(sa.select(sa.func.count()).select_from(Attempt).where(*WAITING)).scalar_one()


def settle(session: Session, attempt_id: int, *, by: Actor, now: datetime) -> bool:
    """Put a refused scan aside, as people have dealt with it; return whether nobody had before."""
    by.must(Permission.REVERSE_REDEMPTIONS)
    attempt = session.get(Attempt, attempt_id)
    if attempt is None or attempt.reason is None or attempt.scanned_at is None:
        raise NotFoundError("conflict")
    settled = session.connection().execute(
        sa.update(Attempt)
        .where(col(Attempt.id) == attempt_id, *WAITING)
        .values(settled_at=now, settled_by=by.name[:80])
    )
    if not settled.rowcount:  # the one statement that decides
        return False

    audit.record(session, "settle", f"attempt {attempt_id}", by=by, now=now)
    live.announce(session, TOPIC)
    return True


def _read(text: str, by: Actor) -> str:
    # It may be a voucher but for one letter: who only watches reads how it ends.
    is_known = by.may(Permission.REDEEM) or by.may(Permission.QR_CODE_MANAGEMENT)
    return text if is_known else alphabet.masked(text)


_FirstStaff, _LateStaff = aliased(Account), aliased(Account)
_FirstKey, _LateKey = aliased(ApiKey), aliased(ApiKey)
_FirstPlace, _LatePlace = aliased(Place), aliased(Place)
_FirstDevice, _LateDevice = aliased(Device), aliased(Device)
_Then, _Winner = aliased(Redemption), aliased(Attempt)
# Who was first is told by the order in which attempts are written, while the code is held: clocks may differ.
_WON_AT = (
    select(_Winner.at)
    .where(
        col(_Winner.code_id) == col(Attempt.code_id),
        col(_Winner.reason).is_(None),
        col(_Winner.id) < col(Attempt.id),
    )
    .order_by(col(_Winner.id).desc())
    .limit(1)
    .correlate(Attempt)
    .scalar_subquery()
)
_WON = (
    # What was redeemed by then; it may have been taken back since.
    select(sa.func.max(_Then.id))
    .where(col(_Then.code_id) == col(Attempt.code_id), col(_Then.at) == _WON_AT)
    .correlate(Attempt)
    .scalar_subquery()
)
