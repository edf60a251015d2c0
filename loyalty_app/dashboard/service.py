"""Totals from the counters, and the recount that proves them."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, col, select

from loyalty_app.batches.models import Batch, BatchActivity, BatchKind, BatchStatus, BatchTombstone
from loyalty_app.claims.models import ClaimAttempt
from loyalty_app.codes.models import Code, CodeStatus
from loyalty_app.core import times
from loyalty_app.core.actor import Actor, Permission
from loyalty_app.core.metrics import Reading
from loyalty_app.jobs import service as jobs
from loyalty_app.jobs.models import Job, JobStatus
from loyalty_app.points import service as ledger
from loyalty_app.program import service as programs
from loyalty_app.redemptions import conflicts, search
from loyalty_app.redemptions.models import Attempt, Redemption, RedemptionStatus

NEWEST = 10_000
HOUR = timedelta(hours=1)

OPERATOR = Actor(name="operator", permissions=frozenset({Permission.VIEW_DASHBOARD}))
"""Whoever may ask for the numbers at all; the door has seen to that."""


@dataclass(frozen=True)
class Totals:
    """The program in a few numbers; a sum over batches, never a count over codes."""

    batches_ever: int
    batches: int
    vouchers: int
    """Of claim batches, as the two below: what nobody claims would water the rates down."""
    claimed: int
    redeemed: int


@dataclass(frozen=True)
class Paid:
    """What printed codes brought about."""

    today: int
    """Codes used since the day began where the program is."""
    points: int
    """What the redemptions of all batches there are paid, without those taken back."""


@dataclass(frozen=True)
class Printed:
    """All printed codes there are, in a few numbers."""

    made: int
    used: int
    active: int
    """Switched on, not used and not over."""
    points: int
    """What the used ones paid."""


def totals(session: Session, *, by: Actor) -> Totals:
    """Return the sums over all batches."""
    by.must(Permission.VIEW_DASHBOARD)
    batches, vouchers, claimed, redeemed = session.exec(
        select(
            sa.func.count(col(Batch.id)),
            *(
                sa.func.coalesce(sa.func.sum(counter).filter(col(Batch.kind) == BatchKind.CLAIM), 0)
                for counter in (Batch.made, Batch.claimed, Batch.redeemed)
            ),
        )
    ).one()
    deleted = session.exec(select(sa.func.count(col(BatchTombstone.batch_id)))).one()
    return Totals(batches + deleted, batches, int(vouchers), int(claimed), int(redeemed))


def paid(session: Session, *, by: Actor, now: datetime) -> Paid:
    """Return what printed codes brought about, from counters and quarters of an hour."""
    by.must(Permission.VIEW_DASHBOARD)
    zone = programs.current(session).time_zone
    today = times.start_of_day(times.local_day(now, zone), zone)
    used = session.exec(
        select(sa.func.coalesce(sa.func.sum(BatchActivity.redeemed), 0))
        .join(Batch, col(Batch.id) == col(BatchActivity.batch_id))
        .where(Batch.kind == BatchKind.SCAN, col(BatchActivity.slot) >= today)
    ).one()
    return Paid(int(used), printed(session, by=by, now=now).points)


def printed(session: Session, *, by: Actor, now: datetime) -> Printed:
    """Return the sums over all batches of printed codes."""
    by.must(Permission.VIEW_DASHBOARD)
    left = sa.case((col(Batch.closes_at) > now, col(Batch.made) - col(Batch.redeemed) - col(Batch.disabled)), else_=0)
    worth = sa.cast(Batch.reward_value, sa.BigInteger) * Batch.redeemed
    sums = (sa.func.coalesce(sa.func.sum(one), 0) for one in (Batch.made, Batch.redeemed, left, worth))
    found = session.exec(sa.select(*sums).where(col(Batch.kind) == BatchKind.SCAN)).one()
    return Printed(*map(int, found))


def differences(session: Session) -> list[str]:
    """Recount every counter and every balance from the rows; return a sentence for each that differs."""
    codes = _by_batch(
        session,
        select(
            Code.batch_id,
            sa.func.count(),
            sa.func.count(col(Code.claimed_at)),
            sa.func.count(sa.case((col(Code.status) == CodeStatus.REDEEMED, 1))),
        ).group_by(col(Code.batch_id)),
        3,
    )
    redemptions = _by_batch(
        session,
        select(Redemption.batch_id, sa.func.count())
        .where(Redemption.status == RedemptionStatus.RECORDED)
        .group_by(col(Redemption.batch_id)),
        1,
    )
    activity = _by_batch(
        session,
        select(
            BatchActivity.batch_id, sa.func.sum(BatchActivity.claimed), sa.func.sum(BatchActivity.redeemed)
        ).group_by(col(BatchActivity.batch_id)),
        2,
    )
    switched_off = _by_batch(
        session,
        select(Code.batch_id, sa.func.count(), sa.func.count(sa.case((col(Code.status) == CodeStatus.ACTIVE, 1))))
        .where(col(Code.disabled), col(Code.status) != CodeStatus.REDEEMED)
        .group_by(col(Code.batch_id)),
        2,
    )
    found = []
    for batch in session.exec(select(Batch).order_by(col(Batch.id))):
        made, claimed, redeemed = codes.get(batch.id or 0, (0, 0, 0))
        (recorded,) = redemptions.get(batch.id or 0, (0,))
        claims_seen, redemptions_seen = activity.get(batch.id or 0, (0, 0))
        disabled, withheld = switched_off.get(batch.id or 0, (0, 0))
        checks = [
            ("made", batch.made, made),
            ("claimed", batch.claimed, claimed),
            ("redeemed", batch.redeemed, redeemed),
            ("redeemed", batch.redeemed, recorded),
            ("claimed, by its activity,", claims_seen, claimed),
            ("redeemed, by its activity,", redemptions_seen, recorded),
            ("disabled", batch.disabled, disabled),
            ("withheld", batch.withheld, withheld),
        ]
        if batch.status in (BatchStatus.ACTIVE, BatchStatus.PAUSED):
            checks.append(("total", batch.total, made))
        found += [
            f"batch {batch.id}: {name} says {said:,}, the rows say {counted:,}"
            for name, said, counted in checks
            if said != counted
        ]
    return found + ledger.differences(session) + search.differences(session)


def readings(session: Session, *, now: datetime) -> list[Reading]:
    """Return the program's numbers for Prometheus; no question here grows with the number of codes."""
    sums = totals(session, by=OPERATOR)
    unfinished = session.execute(
        sa.select(col(Job.status), sa.func.count()).where(col(Job.status) != JobStatus.DONE).group_by(col(Job.status))
    )
    numbers = {"made": sums.vouchers, "claimed": sums.claimed, "redeemed": sums.redeemed}
    codes = printed(session, by=OPERATOR, now=now)
    scanned = {"made": codes.made, "used": codes.used, "active": codes.active}
    return [
        Reading("loyalty_batches", "Batches there are.", {"": sums.batches}),
        *(Reading(f"loyalty_vouchers_{name}", f"Vouchers: {name}.", {"": n}) for name, n in numbers.items()),
        *(Reading(f"loyalty_qr_codes_{name}", f"QR codes: {name}.", {"": n}) for name, n in scanned.items()),
        Reading("loyalty_points_paid", "Points that used QR codes paid.", {"": codes.points}),
        Reading(
            "loyalty_redemptions",
            "Redemptions there are, by status; goodwill counts in no other number.",
            {"recorded": sums.redeemed + codes.used, **_exceptional(session)},
            "status",
        ),
        Reading(
            "loyalty_offline_conflicts",
            "Scans without a connection that were refused when they came, and that nobody has put aside.",
            {"": _waiting(session)},
        ),
        Reading(
            "loyalty_claim_attempts_last_hour",
            f"Presses of the claim button, of the newest {NEWEST:,} at most.",
            _outcomes(session, ClaimAttempt, now),
            "outcome",
        ),
        Reading(
            "loyalty_scans_last_hour",
            f"Codes that somebody tried to redeem, of the newest {NEWEST:,} at most.",
            _outcomes(session, Attempt, now),
            "outcome",
        ),
        Reading("loyalty_jobs", "Jobs that are not done, by status.", _all_of(JobStatus, unfinished), "status"),
        Reading("loyalty_jobs_waiting", "Jobs that nobody works on.", {"": len(jobs.waiting(session, now=now))}),
    ]


def _exceptional(session: Session) -> dict[str, float]:
    # Those few by their index; all others are what the batches count.
    found = session.execute(
        sa.select(col(Redemption.status), sa.func.count())
        .where(col(Redemption.status) != sa.literal_column("'recorded'"))
        .group_by(col(Redemption.status))
    )
    counted = {status: number for status, number in found}  # noqa: C416 - rows are not pairs to the type checker
    return {status.value: counted.get(status, 0) for status in (RedemptionStatus.REVERSED, RedemptionStatus.GOODWILL)}


def _waiting(session: Session) -> int:
    return session.execute(sa.select(sa.func.count()).select_from(Attempt).where(*conflicts.WAITING)).scalar_one()


def _outcomes(session: Session, attempts: type[Attempt | ClaimAttempt], now: datetime) -> dict[str, float]:
    newest = (
        sa.select(col(attempts.at).label("at"), col(attempts.reason).label("reason"))
        .order_by(col(attempts.id).desc())
        .limit(NEWEST)
        .subquery()
    )
    found = session.execute(
        sa.select(newest.c.reason, sa.func.count()).where(newest.c.at > now - HOUR).group_by(newest.c.reason)
    )
    return {reason.value if reason else "accepted": number for reason, number in found} or {"accepted": 0}


def _all_of(statuses: type[JobStatus], found: Iterable[Any]) -> dict[str, float]:
    counted = {status: number for status, number in found}  # noqa: C416 - rows are no pairs
    return {status.value: counted.get(status, 0) for status in statuses if status is not JobStatus.DONE}


def _by_batch(session: Session, query: sa.Executable, numbers: int) -> dict[int, tuple[int, ...]]:
    return {row[0]: tuple(row[1 : 1 + numbers]) for row in session.execute(query)}
