"""Make, watch, pause, resume and delete batches."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.sql.elements import ColumnElement
from sqlmodel import Session, UTCDateTime, col, select

from loyalty_app.audit import service as audit
from loyalty_app.batches import fields, rules, scans
from loyalty_app.batches.models import Batch, BatchKind, BatchStatus, BatchTombstone
from loyalty_app.batches.rules import Badge, Sort, Wish
from loyalty_app.core import addresses, languages, live, secrets, times
from loyalty_app.core.actor import Actor, Permission
from loyalty_app.core.config import settings
from loyalty_app.core.errors import AppError, InvalidError, NotFoundError
from loyalty_app.core.texts import has_words
from loyalty_app.jobs import service as jobs
from loyalty_app.jobs.models import JobStatus
from loyalty_app.keys import service as keys
from loyalty_app.offers import service as offers
from loyalty_app.offers.models import Offer, Promise, RewardKind
from loyalty_app.program import service as programs

GENERATE_CODES = "generate_codes"
"""The job kind; only `worker.py` knows who makes codes."""

PAGE = 12
TOPIC = "batches"
DELETIONS = "batch-deletions"
"""What everybody who holds a voucher hears: that a batch is gone, or that its redemptions are frozen or allowed."""
_CODES = sa.table(
    "code",
    sa.column("id", sa.Integer),
    sa.column("batch_id", sa.Integer),
    sa.column("status", sa.String),
    sa.column("expires_at", UTCDateTime()),
)
"""By name only: codes are known further up, here just that they go with their batch."""
_ATTEMPTS = sa.table(
    "attempt",
    *(sa.column(name) for name in ("batch_id", "reason", "scanned_at", "settled_at")),
)
"""Scans of its codes go with a batch too."""
NOUNS = {BatchKind.CLAIM: "vouchers", BatchKind.SCAN: "QR codes"}
PAUSE_FIRST = "Pause the batch first, so that nobody uses it while it is deleted."
CLAIMABLE = (BatchStatus.GENERATING, BatchStatus.ACTIVE, BatchStatus.FAILED)


class NotPossibleNowError(AppError):
    """The batch is in a state that does not allow this."""


@dataclass(frozen=True)
class Impact:
    """What goes if a batch goes."""

    batch: Batch
    usable: int
    """How many claimed vouchers could still be redeemed."""
    waiting: int
    """How many scans without a connection were refused, and nobody has put them aside."""


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
        offer_id=plan.offer_id,
        prefix=plan.prefix,
        alphabet=plan.alphabet,
        length=plan.length,
        channel=plan.channel,
        total=plan.total,
        expires_on=plan.expires_on,
    )
    return _begin(session, batch, program.time_zone, by=by, now=now)


def create_scan(session: Session, draft: scans.ScanDraft, *, by: Actor, now: datetime) -> Batch:
    """Make a scan batch, sealed with the newest key, and start making its codes in the background (S0-13)."""
    by.must(Permission.QR_CODE_MANAGEMENT)
    program = programs.current(session)
    today = times.local_day(now, program.time_zone)
    plan = scans.read(draft, today=today, origin=settings().origin)
    if isinstance(plan, dict):
        raise InvalidError(**plan)
    if plan.offer_id and session.get(Offer, plan.offer_id) is None:
        raise InvalidError(offer_id="This offer does not exist any more. Choose another, or none.")

    promise = promise_of(offers.get(session, plan.offer_id)) if plan.offer_id else _of_points(plan.points)
    promise.reward_kind, promise.reward_value, promise.reward_item = RewardKind.POINTS, plan.points, ""
    promise.minimum_purchase = promise.valid_days = None
    if plan.title:
        promise.title, promise.translations = plan.title, {}
    promise.description = plan.description or promise.description
    batch = Batch(
        **promise.model_dump(),
        name=plan.name,
        kind=BatchKind.SCAN,
        offer_id=plan.offer_id,
        prefix=plan.shape.prefix,
        alphabet=plan.shape.alphabet,
        length=plan.shape.length,
        total=plan.shape.total,
        parameters=plan.parameters,
        fields=fields.stored(plan.fields),
        base_url=plan.base_url,
        key_id=keys.current(session, now=now),
        print_number=secrets.new_number(),
        expires_on=plan.expires_on,
    )
    return _begin(session, batch, program.time_zone, by=by, now=now)


def links(batch: Batch) -> Callable[[int], str]:
    """Return what makes the address that each serial of a scan batch leads to (S0-3)."""
    seal = keys.sealer(batch.key_id or 0, batch.print_number or 0, batch.parameters)
    return lambda serial: scans.link(batch.base_url, seal(serial))


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


def freeze(session: Session, batch_id: int, *, by: Actor, now: datetime) -> None:
    """Stop redemptions, whether or not claims go on; vouchers stay good. Freezing twice changes nothing."""
    _set_frozen(session, batch_id, frozen=True, by=by, now=now)


def unfreeze(session: Session, batch_id: int, *, by: Actor, now: datetime) -> None:
    """Allow redemptions again."""
    _set_frozen(session, batch_id, frozen=False, by=by, now=now)


def rename(
    session: Session,
    batch_id: int,
    *,
    name: str | None = None,
    channel: str | None = None,
    by: Actor,
    now: datetime,
) -> Batch:
    """Change what people here call a batch, and where it is said to be shown; an empty channel is none."""
    by.must(Permission.QR_CODE_MANAGEMENT)
    problems: dict[str, str] = {}
    batch = session.get(Batch, batch_id, with_for_update=True)
    if batch is None:
        raise NotFoundError("batch")
    before = batch.name, batch.channel
    if name is not None:
        batch.name = rules.read_name(name, problems)
    if channel is not None:
        batch.channel = rules.read_channel(channel, problems)
    if problems:
        raise InvalidError(**problems)
    if (batch.name, batch.channel) != before:
        session.add(batch)
        session.flush()
        audit.record(session, "rename", f"batch {batch_id}", f"{before[0]} → {batch.name}", by=by, now=now)
        live.announce(session, TOPIC, topic(batch_id))
    return batch


def impact(session: Session, batch_id: int, *, by: Actor, now: datetime) -> Impact:
    """Return what deleting a batch would take away."""
    by.must(Permission.QR_CODE_MANAGEMENT)
    batch = get(session, batch_id)
    usable = session.execute(
        sa.select(sa.func.count()).where(
            _CODES.c.batch_id == batch_id, _CODES.c.status == "claimed", _CODES.c.expires_at > now
        )
    ).scalar_one()
    waiting = session.execute(
        sa.select(sa.func.count()).where(
            _ATTEMPTS.c.batch_id == batch_id,
            _ATTEMPTS.c.scanned_at.is_not(None),
            _ATTEMPTS.c.reason.is_not(None),
            _ATTEMPTS.c.settled_at.is_(None),
        )
    ).scalar_one()
    return Impact(batch, usable, waiting)


def delete(session: Session, batch_id: int, *, typed_name: str, by: Actor, now: datetime) -> None:
    """Remove the batch, its vouchers and their history for good; leave numbers without names (S3-19, S3-22).

    The name has to be typed, and nobody may be able to claim: so it is paused first, or over (S3-35).
    """
    by.must(Permission.QR_CODE_MANAGEMENT)
    asked = session.get(Batch, batch_id, populate_existing=True)
    if asked is None:
        raise NotFoundError("batch")
    if not rules.is_same_name(typed_name, asked.name):
        raise InvalidError(typed_name=f"Type the batch's name to delete it: {asked.name}")
    if not rules.may_delete(asked, now):  # before any lock: no claim shall find its voucher held for nothing
        raise NotPossibleNowError(PAUSE_FIRST)

    # The job before the batch, as the generator locks them, and the codes too, as claims and redemptions do;
    # the other way round could deadlock.
    if job := jobs.of_subject(session, GENERATE_CODES, [batch_id]).get(batch_id):
        jobs.finish(session, job.id or 0, JobStatus.CANCELLED)
    held = sa.select(_CODES.c.id).where(_CODES.c.batch_id == batch_id).order_by(_CODES.c.id).with_for_update()
    session.connection().execute(sa.select(sa.func.count()).select_from(held.subquery()))
    batch = session.get(Batch, batch_id, with_for_update=True, populate_existing=True)
    if batch is None:
        raise NotFoundError("batch")

    # The database takes the codes, redemptions and attempts along: their foreign keys cascade.
    gone = session.connection().execute(sa.delete(Batch).where(col(Batch.id) == batch_id, _may_go(now)))
    if not gone.rowcount:
        raise NotPossibleNowError(PAUSE_FIRST)
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
    audit.record(session, "delete", f"batch {batch_id}", f"{batch.total} {NOUNS[batch.kind]}", by=by, now=now)
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


def claim_url(batch: Batch) -> str:
    """Return the public address of a batch's claim page (S3-9)."""
    return f"{settings().origin}{languages.ENGLISH.at(f'/claim/{batch.claim_token}')}"


def by_tokens(session: Session, claim_tokens: Iterable[str]) -> dict[str, Batch]:
    """Return the batches behind public claim tokens."""
    found = session.exec(_BY_TOKENS, params={"tokens": _storable(claim_tokens)})
    return {batch.claim_token: batch for batch in found}


def known_tokens(session: Session, claim_tokens: Iterable[str]) -> set[str]:
    """Return which of these are public claim tokens of ours."""
    wanted = _storable(claim_tokens)
    return set(session.exec(_KNOWN_TOKENS, params={"tokens": wanted})) if wanted else set()


def hosts(session: Session) -> frozenset[str]:
    """Return where our own links lead: to the program, and to the pages that batches of QR codes name."""
    named = session.exec(select(Batch.base_url).where(col(Batch.base_url) != "").distinct())
    return frozenset(addresses.link(url).host for url in (settings().origin, *named))


def listed(
    session: Session,
    wish: Wish,
    *,
    skip: int = 0,
    limit: int = PAGE,
    by: Actor,
    now: datetime,
) -> list[Batch]:
    """Return the batches that fit the wish, a page at a time."""
    by.must(Permission.VIEW_DASHBOARD)
    query = (
        select(Batch)
        .where(*_fits(wish, now))
        .order_by(*_order(wish.sort, now), col(Batch.id).desc())
        .offset(skip)
        .limit(limit)
    )
    return list(session.exec(query))


def counted(session: Session, wish: Wish, *, by: Actor, now: datetime) -> int:
    """Return how many batches fit the wish."""
    by.must(Permission.VIEW_DASHBOARD)
    return session.exec(select(sa.func.count(col(Batch.id))).where(*_fits(wish, now))).one()


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
        raise NotPossibleNowError("Codes can be disabled and enabled once all codes of the batch are made.")


def count_withdrawn(session: Session, batch_id: int, claimed: int) -> None:
    """Add claimed codes to the disabled, also while others are still being made."""
    _set(session, batch_id, sa.true(), disabled=col(Batch.disabled) + claimed)
    live.announce(session, TOPIC, topic(batch_id))


def promise_of(source: Offer | Batch) -> Promise:
    """Return a copy of what an offer or a batch promises."""
    return Promise(**{field: getattr(source, field) for field in Promise.model_fields})


def _begin(session: Session, batch: Batch, zone: str, *, by: Actor, now: datetime) -> Batch:
    batch.status, batch.claim_token = BatchStatus.GENERATING, secrets.new_token()
    batch.closes_at = times.end_of_day(batch.expires_on, zone)
    batch.created_at, batch.created_by = now, by.account_id
    session.add(batch)
    session.flush()
    jobs.enqueue(session, GENERATE_CODES, batch.id or 0, batch.total, now=now)
    audit.record(
        session, "create", f"batch {batch.id}", f"{batch.name}: {batch.total} {NOUNS[batch.kind]}", by=by, now=now
    )
    live.announce(session, TOPIC)
    return batch


def _of_points(points: int) -> Promise:
    """Return a promise of points that needs no more words, in every language."""
    said = {one.tag: {"title": one.count("{number} point", "{number} points", points)} for one in languages.LANGUAGES}
    title = said.pop(languages.ENGLISH.tag)["title"]
    return Promise(title=title, reward_kind=RewardKind.POINTS, reward_value=points, translations=said)


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
        raise NotPossibleNowError("This batch cannot be paused or resumed until its codes are made.")


def _set_frozen(session: Session, batch_id: int, *, frozen: bool, by: Actor, now: datetime) -> None:
    by.must(Permission.QR_CODE_MANAGEMENT)
    is_other = col(Batch.redemptions_frozen).is_not(frozen)
    if _set(session, batch_id, is_other, redemptions_frozen=frozen):
        audit.record(session, "freeze" if frozen else "unfreeze", f"batch {batch_id}", by=by, now=now)
        live.announce(session, TOPIC, topic(batch_id), DELETIONS)
    else:
        get(session, batch_id)


def _fits(wish: Wish, now: datetime) -> list[ColumnElement[bool]]:
    parts: list[ColumnElement[bool]] = []
    if text := wish.text.strip():
        parts.append(has_words(text, Batch.name))
    if wish.badge:
        parts.append(_says(wish.badge, now))
    if wish.channel:
        parts.append(col(Batch.channel) == wish.channel)
    if wish.kind:
        parts.append(col(Batch.kind) == wish.kind)
    if wish.offer_id is not None:
        parts.append(col(Batch.offer_id) == wish.offer_id)
    if wish.below is not None:
        parts.append(col(Batch.id) < wish.below)
    return parts


def _order(sort: Sort, now: datetime) -> tuple[ColumnElement[Any], ...]:
    match sort:
        case Sort.NEWEST:
            return ()
        case Sort.NAME:
            return (sa.func.lower(Batch.name),)
        case Sort.EXPIRY:  # the next to end first; what is over stands behind
            return col(Batch.closes_at) <= now, col(Batch.closes_at).asc()
        case Sort.CLAIMED:
            return (col(Batch.claimed).desc(),)
        case Sort.RATE:  # one without claims has no rate, and stands behind
            rate = sa.case((col(Batch.claimed) > 0, col(Batch.redeemed) * 1.0 / col(Batch.claimed)), else_=-1)
            return (rate.desc(),)
        case Sort.LEFT:
            return (_LEFT,)


def _says(badge: Badge, now: datetime) -> ColumnElement[bool]:
    """Return `rules.badge` as a condition."""
    runs = sa.and_(col(Batch.status) == BatchStatus.ACTIVE, col(Batch.closes_at) > now)
    match badge:
        case Badge.EXPIRED:
            return sa.and_(col(Batch.status) == BatchStatus.ACTIVE, col(Batch.closes_at) <= now)
        case Badge.SOLD_OUT:
            return sa.and_(runs, _LEFT == 0)
        case Badge.ACTIVE:
            return sa.and_(runs, _LEFT > 0)
        case Badge.GENERATING | Badge.PAUSED | Badge.FAILED:
            return col(Batch.status) == BatchStatus(badge.value)


def _may_go(now: datetime) -> ColumnElement[bool]:
    """Return `rules.may_delete` as a condition."""
    return sa.or_(
        col(Batch.status).in_((BatchStatus.PAUSED, BatchStatus.FAILED)),
        sa.and_(col(Batch.status) == BatchStatus.GENERATING, _GONE == 0),
        col(Batch.closes_at) <= now,
        _LEFT == 0,
    )


def _storable(claim_tokens: Iterable[str]) -> list[str]:
    # Anything may stand in an address; what no database can store is no token of ours.
    return list({token for token in claim_tokens if token.isascii() and token.isprintable()})


def _set(session: Session, batch_id: int, condition: ColumnElement[bool], **values: object) -> bool:
    changed = session.connection().execute(
        sa.update(Batch).where(col(Batch.id) == batch_id, condition).values(**values)
    )
    return bool(changed.rowcount)


_GONE = sa.case((col(Batch.redeemed) > col(Batch.claimed), col(Batch.redeemed)), else_=col(Batch.claimed))
_LEFT = col(Batch.total) - _GONE - col(Batch.withheld)

# Statements of every claim and scan are put together once: that takes longer than running them.
_IS_MEANT = sa.and_(
    col(Batch.claim_token).in_(sa.bindparam("tokens", expanding=True)), col(Batch.kind) == BatchKind.CLAIM
)
_BY_TOKENS = select(Batch).where(_IS_MEANT)
_KNOWN_TOKENS = select(Batch.claim_token).where(_IS_MEANT)  # a row may be read later, once it is held
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
