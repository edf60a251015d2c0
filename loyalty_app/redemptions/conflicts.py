"""Vouchers that a device took without a connection while another till had redeemed them."""

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import aliased
from sqlmodel import Session, col, select

from loyalty_app.accounts.models import Account
from loyalty_app.apikeys.models import ApiKey
from loyalty_app.audit import service as audit
from loyalty_app.batches.models import Batch
from loyalty_app.codes import service as codes
from loyalty_app.codes.models import Code
from loyalty_app.core import live
from loyalty_app.core.actor import Actor, Permission
from loyalty_app.core.errors import NotFoundError
from loyalty_app.core.reasons import Reason
from loyalty_app.places.models import Device, Place
from loyalty_app.redemptions import history, search
from loyalty_app.redemptions.models import Attempt, Redemption
from loyalty_app.redemptions.service import TOPIC

MOST = 100
_OPEN = (
    # The words of the index, so that both databases know it.
    col(Attempt.reason) == sa.literal_column(f"'{Reason.CONFLICT_OFFLINE}'"),
    col(Attempt.settled_at).is_(None),
)


@dataclass(frozen=True)
class Side:
    """Who took a voucher, when, where and on what."""

    staff: str
    at: datetime
    place: str
    device: str


@dataclass(frozen=True)
class Conflict:
    """A voucher that was taken twice, of which one counts."""

    id: int
    """The attempt's number."""
    code: str
    title: str
    member: str
    """Whose it is; nothing for who may not read names."""
    redemption_id: int
    first: Side
    """Who redeemed it: this one counts."""
    late: Side
    """Who took it without a connection, at the device's own time."""
    sent_at: datetime
    """When the device had a connection again."""


def conflicts(session: Session, *, by: Actor) -> list[Conflict]:
    """Return the conflicts that nobody has put aside, the newest first, with both sides."""
    by.must(Permission.VIEW_REDEMPTIONS)
    first = sa.func.coalesce(_FirstStaff.name, _FirstKey.name, "")
    late = sa.func.coalesce(_LateStaff.name, _LateKey.name, "")
    found = session.execute(
        sa.select(
            col(Attempt.id),
            codes.shown_to(by),
            col(Batch.prefix),
            history.is_hidden(by),
            col(Redemption.title),
            col(Redemption.member_name) if search.sees_names(by) else sa.literal(""),
            col(Redemption.id),
            *(first, sa.func.coalesce(Redemption.scanned_at, Redemption.at)),
            *(sa.func.coalesce(one.name, "") for one in (_FirstPlace, _FirstDevice)),
            *(late, sa.func.coalesce(Attempt.scanned_at, Attempt.at)),
            *(sa.func.coalesce(one.name, "") for one in (_LatePlace, _LateDevice)),
            col(Attempt.at),
        )
        .select_from(Attempt)
        .join(Code, col(Code.id) == col(Attempt.code_id))
        .join(Batch, col(Batch.id) == col(Code.batch_id))
        .join(Redemption, col(Redemption.id) == _WON)
        .join(_FirstStaff, col(_FirstStaff.id) == col(Redemption.account_id), isouter=True)
        .join(_FirstKey, col(_FirstKey.id) == col(Redemption.api_key_id), isouter=True)
        .join(_FirstPlace, col(_FirstPlace.id) == col(Redemption.place_id), isouter=True)
        .join(_FirstDevice, col(_FirstDevice.id) == col(Redemption.device_id), isouter=True)
        .join(_LateStaff, col(_LateStaff.id) == col(Attempt.account_id), isouter=True)
        .join(_LateKey, col(_LateKey.id) == col(Attempt.api_key_id), isouter=True)
        .join(_LatePlace, col(_LatePlace.id) == col(Attempt.place_id), isouter=True)
        .join(_LateDevice, col(_LateDevice.id) == col(Attempt.device_id), isouter=True)
        .where(*_OPEN)
        .order_by(col(Attempt.id).desc())
        .limit(MOST)
    )
    return [
        Conflict(
            number,
            history.written(code, prefix, is_masked=is_masked),
            title,
            member,
            redemption_id,
            Side(*sides[:4]),
            Side(*sides[4:]),
            at,
        )
        for number, code, prefix, is_masked, title, member, redemption_id, *sides, at in found
    ]


def settle(session: Session, attempt_id: int, *, by: Actor, now: datetime) -> bool:
    """Put a conflict aside, as people have dealt with it; return whether nobody had before."""
    by.must(Permission.REVERSE_REDEMPTIONS)
    attempt = session.get(Attempt, attempt_id)
    if attempt is None or attempt.reason is not Reason.CONFLICT_OFFLINE:
        raise NotFoundError("conflict")
    settled = session.connection().execute(
        sa.update(Attempt).where(col(Attempt.id) == attempt_id, *_OPEN).values(settled_at=now, settled_by=by.name[:80])
    )
    if not settled.rowcount:  # the one statement that decides
        return False

    audit.record(session, "settle", f"attempt {attempt_id}", by=by, now=now)
    live.announce(session, TOPIC)
    return True


_FirstStaff, _LateStaff = aliased(Account), aliased(Account)
_FirstKey, _LateKey = aliased(ApiKey), aliased(ApiKey)
_FirstPlace, _LatePlace = aliased(Place), aliased(Place)
_FirstDevice, _LateDevice = aliased(Device), aliased(Device)
_Then = aliased(Redemption)
_WON = (
    # What was redeemed by then; it may have been taken back since.
    select(sa.func.max(_Then.id))
    .where(col(_Then.code_id) == col(Attempt.code_id), col(_Then.at) <= col(Attempt.at))
    .correlate(Attempt)
    .scalar_subquery()
)
