"""Everything that is known of one member, as one JSON file."""

import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, col, select

from loyalty_app.accounts import service as accounts
from loyalty_app.accounts.models import Account, AccountSession
from loyalty_app.audit import service as audit
from loyalty_app.audit.models import AuditEntry
from loyalty_app.batches.models import Batch
from loyalty_app.claims.models import ClaimAttempt
from loyalty_app.codes.models import Code
from loyalty_app.core import times
from loyalty_app.core.actor import Actor, Permission
from loyalty_app.core.errors import NotFoundError
from loyalty_app.core.reasons import Reason
from loyalty_app.members import service as members
from loyalty_app.members.models import Member
from loyalty_app.places.models import Place
from loyalty_app.points.models import PointsEntry
from loyalty_app.program import service as programs
from loyalty_app.redemptions.models import Attempt, Redemption

CHUNK = 500
MOST_OF_MINE = 20
WINDOW = timedelta(hours=1)
"""So often in it a member takes their own data away."""
Told = dict[str, Any]


@dataclass(frozen=True)
class Refused:
    """Not now, and the seconds to wait."""

    reason: Reason
    retry_after: int


def record(session: Session, member_id: int, *, by: Actor, now: datetime) -> None:
    """Write down that somebody takes a member's data away."""
    by.must(Permission.MEMBER_MANAGEMENT)
    members.get(session, member_id, by=by)
    audit.record(session, "export", f"member {member_id}", by=by, now=now)


def record_mine(session: Session, *, by: Actor, now: datetime) -> Refused | None:
    """Write down that a member takes their own data away, as often as people do."""
    by.must(Permission.CLAIM)
    key = accounts.throttle_key("own-data", by.key)
    # Counted first: those who ask at the same time stand in line here.
    accounts.count_tries(session, [key], now=now, window=WINDOW)
    if wait := accounts.seconds_to_wait(session, {key: MOST_OF_MINE + 1}, now=now):
        return Refused(Reason.RATE_LIMITED, wait)
    audit.record(session, "export", f"member {_mine(session, by)}", by=by, now=now)
    return None


def mine(session: Session, *, by: Actor, now: datetime) -> str:
    """Return the caller's own file, whole: it is a person's, and no slow reader may hold the database for it."""
    by.must(Permission.CLAIM)
    return "".join(_written(session, session.get_one(Member, _mine(session, by)), now))


def written(session: Session, member_id: int, *, by: Actor, now: datetime) -> Iterator[str]:
    """Yield the file, never more than a chunk of it at a time; codes and answers are in it in full."""
    by.must(Permission.MEMBER_MANAGEMENT)
    return _written(session, members.get(session, member_id, by=by), now)


def _mine(session: Session, by: Actor) -> int:
    member_id = members.ids_of_accounts(session, {by.account_id or 0}).get(by.account_id or 0)
    if member_id is None:
        raise NotFoundError("member")
    return member_id


def _written(session: Session, member: Member, now: datetime) -> Iterator[str]:
    member_id = member.id or 0
    account = session.get(Account, member.account_id) if member.account_id else None
    profile = _columns(member, "id name email phone points joined_at erased_at")
    about = {
        "exportedAt": times.wire(now),
        "program": programs.current(session).name,
        "member": profile,
        "account": _columns(account, "email name created_at is_active") if account else None,
        "devices": _devices(session, member.account_id),
    }
    yield json.dumps(about, ensure_ascii=False, indent=2)[:-2]
    for name, rows in _lists(session, member_id, member.account_id):
        yield f',\n  "{name}": ['
        yield from _listed(rows)
        yield "]"
    yield "\n}\n"


def _lists(session: Session, member_id: int, account_id: int | None) -> Iterator[tuple[str, Iterable[Told]]]:
    codes = sa.select(Code, col(Batch.name), col(Batch.title)).join(Batch, col(Batch.id) == col(Code.batch_id))
    yield "vouchers", _chunks(session, codes.where(col(Code.member_id) == member_id), Code, _voucher)
    redemptions = sa.select(Redemption, col(Place.name)).join(
        Place, col(Place.id) == col(Redemption.place_id), isouter=True
    )
    of_member = redemptions.where(col(Redemption.member_id) == member_id)
    yield "redemptions", _chunks(session, of_member, Redemption, _redemption)
    attempts = sa.select(Attempt, col(Place.name)).join(Place, col(Place.id) == col(Attempt.place_id), isouter=True)
    yield "attempts", _chunks(session, attempts.where(col(Attempt.member_id) == member_id), Attempt, _attempt)
    claims = sa.select(ClaimAttempt).where(col(ClaimAttempt.member_id) == member_id)
    yield "claimAttempts", _chunks(session, claims, ClaimAttempt, _claim)
    entries = sa.select(PointsEntry).where(col(PointsEntry.member_id) == member_id)
    yield "points", _chunks(session, entries, PointsEntry, _entry)
    deeds = sa.select(AuditEntry).where(col(AuditEntry.account_id) == account_id)
    # Nobody's account is not that of the programs and the command line.
    yield "actions", _chunks(session, deeds, AuditEntry, _deed) if account_id is not None else []


def _listed(rows: Iterable[Told]) -> Iterator[str]:
    before = "\n    "
    for row in rows:
        yield before + json.dumps(row, ensure_ascii=False)
        before = ",\n    "


def _chunks(session: Session, query: Any, table: Any, told: Callable[..., Told]) -> Iterator[Told]:
    last = 0
    while True:
        found = session.execute(query.where(table.id > last).order_by(table.id).limit(CHUNK)).all()
        for row in found:
            yield told(*row)
        if len(found) < CHUNK:
            return
        last = found[-1][0].id
        session.expunge_all()  # what is written needs no memory


def _columns(row: Any, names: str) -> Told:
    told = {}
    for name in names.split():
        value = getattr(row, name)
        first, *others = name.split("_")
        camel = first + "".join(other.title() for other in others)
        told[camel] = times.wire(value) if isinstance(value, datetime) else value
    return told


def _devices(session: Session, account_id: int | None) -> list[Told]:
    found = session.exec(select(AccountSession).where(AccountSession.account_id == account_id))
    return [_columns(one, "device created_at expires_at") for one in found]


def _voucher(code: Code, batch: str, title: str) -> Told:
    own = _columns(code, "code batch_id status disabled claimed_at expires_at redeemed_at")
    return own | {"batch": batch, "offer": title}


def _redemption(one: Redemption, place: str | None) -> Told:
    own = "id code_text batch_id title status at scanned_at amount points answers goodwill_reason reversed_at"
    return _columns(one, f"{own} reversal_reason") | {"place": place}


def _attempt(one: Attempt, place: str | None) -> Told:
    return _columns(one, "id at scanned_at batch_id text reason") | {"place": place}


def _claim(one: ClaimAttempt) -> Told:
    return _columns(one, "id at batch_id reason")


def _entry(one: PointsEntry) -> Told:
    return _columns(one, "id at kind points balance title redemption_id")


def _deed(one: AuditEntry) -> Told:
    return _columns(one, "at verb subject details")
