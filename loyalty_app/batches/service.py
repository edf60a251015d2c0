"""Make, watch, pause, resume and delete batches."""

from collections.abc import Iterable
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.sql.elements import ColumnElement
from sqlmodel import Session, UTCDateTime, col, select

from loyalty_app.audit import service as audit
from loyalty_app.batches import rules
from loyalty_app.batches.models import Batch, BatchKind, BatchStatus, BatchTombstone
from loyalty_app.core import live, secrets, times
from loyalty_app.core.actor import Actor, Permission
from loyalty_app.core.errors import AppError, InvalidError, NotFoundError
from loyalty_app.jobs import service as jobs
from loyalty_app.jobs.models import JobStatus
from loyalty_app.offers import service as offers
from loyalty_app.offers.models import Offer, Promise
from loyalty_app.program import service as programs

GENERATE_CODES = "generate_codes"
"""The job kind; only `worker.py` knows who makes codes."""

PAGE = 12
TOPIC = "batches"
DELETIONS = "batch-deletions"
_CODES = sa.table("code", sa.column("id", sa.Integer), sa.column("batch_id", sa.Integer))
"""By name only: codes are known further up, here just that they go with their batch."""
CLAIMABLE = (BatchStatus.GENERATING, BatchStatus.ACTIVE, BatchStatus.FAILED)


class NotPossibleNowError(AppError):
    """The batch is in a state that does not allow this."""


def topic(batch_id: int | None) -> str:
    """Return the topic of one batch."""
    return f"batch:{batch_id}"


def create(session: Session, draft: rules.Draft, *, by: Actor, now: datetime) -> Batch:
    """Make a claim batch and start making its codes in the background."""
    by.must(Permission.QR_CODE_MANAGEMENT)
    program = programs.current(session)
    plan = rules.read(draft, today=times.local_day(now, program.time_zone))
    if isinstance(plan, dict):
        raise InvalidError(**plan)
    if session.get(Offer, plan.offer_id) is None:
        raise InvalidError(offer_id="This offer does not exist any more. Choose another.")

    batch = Batch(
        **promise_of(offers.get(session, plan.offer_id)).model_dump(),
        name=plan.name,
        kind=BatchKind.CLAIM,
        status=BatchStatus.GENERATING,
        offer_id=plan.offer_id,
        prefix=plan.prefix,
        alphabet=plan.alphabet,
        length=plan.length,
        total=plan.total,
        expires_on=plan.expires_on,
        closes_at=times.end_of_day(plan.expires_on, program.time_zone),
        claim_token=secrets.new_token(),
        created_at=now,
        created_by=by.account_id,
    )
    session.add(batch)
    session.flush()
    jobs.enqueue(session, GENERATE_CODES, batch.id or 0, batch.total, now=now)
    audit.record(session, "create", f"batch {batch.id}", f"{batch.name}: {batch.total} vouchers", by=by, now=now)
    live.announce(session, TOPIC)
    return batch


def pause(session: Session, batch_id: int, *, by: Actor, now: datetime) -> None:
    """Stop new claims; vouchers already claimed stay good (S3-12). Pausing a paused batch changes nothing."""
    _switch(session, batch_id, BatchStatus.ACTIVE, BatchStatus.PAUSED, by=by, now=now)


def resume(session: Session, batch_id: int, *, by: Actor, now: datetime) -> None:
    """Allow new claims again, and tell nobody (S3-18)."""
    _switch(session, batch_id, BatchStatus.PAUSED, BatchStatus.ACTIVE, by=by, now=now)


def go_on(session: Session, batch_id: int, *, by: Actor, now: datetime) -> None:
    """Make the rest of a batch whose generation failed; what is made stays."""
    by.must(Permission.QR_CODE_MANAGEMENT)
    job = jobs.of_subject(session, GENERATE_CODES, [batch_id]).get(batch_id)
    if job and _set(session, batch_id, col(Batch.status) == BatchStatus.FAILED, status=BatchStatus.GENERATING):
        jobs.requeue(session, job.id or 0, now=now)
        audit.record(session, "go_on", f"batch {batch_id}", by=by, now=now)
        live.announce(session, TOPIC, topic(batch_id))


def delete(session: Session, batch_id: int, *, by: Actor, now: datetime) -> None:
    """Remove the batch, its vouchers and their history for good; leave numbers without names (S3-19, S3-22)."""
    by.must(Permission.QR_CODE_MANAGEMENT)
    # The job before the batch, as the generator locks them, and the codes too, as claims and redemptions do;
    # the other way round could deadlock.
    if job := jobs.of_subject(session, GENERATE_CODES, [batch_id]).get(batch_id):
        jobs.finish(session, job.id or 0, JobStatus.CANCELLED)
    held = sa.select(_CODES.c.id).where(_CODES.c.batch_id == batch_id).order_by(_CODES.c.id).with_for_update()
    session.connection().execute(sa.select(sa.func.count()).select_from(held.subquery()))
    batch = session.get(Batch, batch_id, with_for_update=True)
    if batch is None:
        raise NotFoundError("batch")

    session.add(
        BatchTombstone(
            batch_id=batch_id,
            kind=batch.kind,
            total=batch.total,
            claimed=batch.claimed,
            redeemed=batch.redeemed,
            created_at=batch.created_at,
            deleted_at=now,
            deleted_by=by.account_id,
        )
    )
    # The database takes the codes, redemptions and attempts along: their foreign keys cascade.
    session.connection().execute(sa.delete(Batch).where(col(Batch.id) == batch_id))
    audit.record(session, "delete", f"batch {batch_id}", f"{batch.total} vouchers", by=by, now=now)
    live.announce(session, TOPIC, DELETIONS, topic(batch_id), "redemptions")


def get(session: Session, batch_id: int) -> Batch:
    """Return a batch."""
    batch = session.get(Batch, batch_id)
    if batch is None:
        raise NotFoundError("batch")
    return batch


def watched(session: Session, batch_id: int, *, by: Actor) -> Batch:
    """Return a batch to somebody who may look at it."""
    by.must(Permission.VIEW_DASHBOARD)
    return get(session, batch_id)


def by_tokens(session: Session, claim_tokens: Iterable[str]) -> dict[str, Batch]:
    """Return the batches behind public claim tokens."""
    # Anything may stand in an address; what no database can store is no token of ours.
    wanted = {token for token in claim_tokens if token.isascii() and token.isprintable()}
    found = session.exec(_BY_TOKENS, params={"tokens": list(wanted)})
    return {batch.claim_token: batch for batch in found}


def newest(session: Session, page: int, *, by: Actor) -> tuple[list[Batch], int]:
    """Return one page of batches, newest first, and how many there are."""
    by.must(Permission.VIEW_DASHBOARD)
    batches = session.exec(select(Batch).order_by(col(Batch.id).desc()).limit(PAGE).offset((page - 1) * PAGE))
    return list(batches), session.exec(select(sa.func.count(col(Batch.id)))).one()


def count_made(session: Session, batch_id: int, made: int) -> Batch:
    """Add codes to what the batch has made; the last ones make it active."""
    batch = session.get(Batch, batch_id, with_for_update=True, populate_existing=True)
    if batch is None:
        raise NotFoundError("batch")
    batch.made += made
    if batch.made == batch.total and batch.status is BatchStatus.GENERATING:
        batch.status = BatchStatus.ACTIVE
    session.add(batch)
    session.flush()
    return batch


def fail(session: Session, batch_id: int) -> None:
    """Mark a batch whose codes could not be made."""
    _set(session, batch_id, col(Batch.status) == BatchStatus.GENERATING, status=BatchStatus.FAILED)
    live.announce(session, TOPIC, topic(batch_id))


def count_claims(session: Session, batch_id: int, claims: int, *, now: datetime) -> int | None:
    """Add to the claimed; return how many are left to claim, or None if the batch was paused or deleted meanwhile."""
    counted = session.connection().execute(_COUNT_CLAIMS, {"batch": batch_id, "claims": claims})
    left = counted.scalar_one_or_none()
    if left is not None:
        _happened(session, batch_id, claims, 0, at=now)
    return left


def count_redemptions(session: Session, batch_id: int, redemptions: int, *, at: datetime) -> bool:
    """Add to the redeemed of the moment when it happened; a reversal takes away there what was added."""
    counted = session.connection().execute(_COUNT_REDEMPTIONS, {"batch": batch_id, "redemptions": redemptions})
    if counted.rowcount:
        _happened(session, batch_id, 0, redemptions, at=at)
    return bool(counted.rowcount)


def count_disabled(session: Session, batch_id: int, disabled: int, withheld: int) -> None:
    """Add to the disabled, and to those of them that nobody has claimed; not while codes are still being made."""
    if not _set(
        session,
        batch_id,
        col(Batch.status) != BatchStatus.GENERATING,
        disabled=col(Batch.disabled) + disabled,
        withheld=col(Batch.withheld) + withheld,
    ):
        get(session, batch_id)
        raise NotPossibleNowError("Codes can be disabled and enabled once all vouchers of the batch are made.")


def promise_of(source: Offer | Batch) -> Promise:
    """Return a copy of what an offer or a batch promises."""
    return Promise(**{field: getattr(source, field) for field in Promise.model_fields})


def _happened(session: Session, batch_id: int, claimed: int, redeemed: int, *, at: datetime) -> None:
    counts = {"batch": batch_id, "slot": times.slot(at), "claimed": claimed, "redeemed": redeemed}
    session.connection().execute(_HAPPENED, counts)


def _switch(
    session: Session, batch_id: int, before: BatchStatus, after: BatchStatus, *, by: Actor, now: datetime
) -> None:
    by.must(Permission.QR_CODE_MANAGEMENT)
    if _set(session, batch_id, col(Batch.status) == before, status=after):
        audit.record(session, "pause" if after is BatchStatus.PAUSED else "resume", f"batch {batch_id}", by=by, now=now)
        live.announce(session, TOPIC, topic(batch_id))
    elif get(session, batch_id).status is not after:
        raise NotPossibleNowError("This batch cannot be paused or resumed until its vouchers are made.")


def _set(session: Session, batch_id: int, condition: ColumnElement[bool], **values: object) -> bool:
    changed = session.connection().execute(
        sa.update(Batch).where(col(Batch.id) == batch_id, condition).values(**values)
    )
    return bool(changed.rowcount)


# Statements of every claim and scan are put together once: that takes longer than running them.
_BY_TOKENS = select(Batch).where(col(Batch.claim_token).in_(sa.bindparam("tokens", expanding=True)))
_COUNT_CLAIMS = (
    sa.update(Batch)
    .where(col(Batch.id) == sa.bindparam("batch"), col(Batch.status).in_(CLAIMABLE))
    .values(claimed=col(Batch.claimed) + sa.bindparam("claims"))
    .returning(col(Batch.made) - col(Batch.claimed) - col(Batch.withheld))
)
_COUNT_REDEMPTIONS = (
    sa.update(Batch)
    .where(col(Batch.id) == sa.bindparam("batch"))
    .values(redeemed=col(Batch.redeemed) + sa.bindparam("redemptions"))
)
_HAPPENED = sa.text(
    "insert into batch_activity (batch_id, slot, claimed, redeemed) values (:batch, :slot, :claimed, :redeemed)"
    " on conflict (batch_id, slot) do update set claimed = batch_activity.claimed + excluded.claimed,"
    " redeemed = batch_activity.redeemed + excluded.redeemed"
).bindparams(sa.bindparam("slot", type_=UTCDateTime()))
