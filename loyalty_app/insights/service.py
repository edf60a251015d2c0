"""Read what a batch's page shows: counters and activity, and never a count over codes."""

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Session, col, select

from loyalty_app.accounts.models import Account, Role
from loyalty_app.accounts.rules import normal_email
from loyalty_app.batches import service as batches
from loyalty_app.batches.models import Batch, BatchActivity, BatchKind
from loyalty_app.batches.rules import available
from loyalty_app.claims import rules as claim_rules
from loyalty_app.claims.models import ClaimAttempt
from loyalty_app.codes import service as codes
from loyalty_app.codes.models import CodeStatus
from loyalty_app.core import database, times
from loyalty_app.core.actor import Actor, Permission
from loyalty_app.core.errors import InvalidError, NotFoundError
from loyalty_app.core.reasons import Reason
from loyalty_app.insights.rules import FIRST_DAY, Check, Span
from loyalty_app.members.models import Member
from loyalty_app.offers.models import Offer
from loyalty_app.offers.rules import differences
from loyalty_app.redemptions.models import Attempt

MOST_SIBLINGS = 12
LATEST = 2_000
"""So many of the latest tries of the whole program are looked through for those of one batch."""

INSTANT = "%Y-%m-%d %H:%M:%S.%f"


@dataclass(frozen=True)
class Happened:
    """How many claims and redemptions fell into a span."""

    claimed: int = 0
    redeemed: int = 0


@dataclass(frozen=True)
class Looked:
    """A batch with what is known around it."""

    batch: Batch
    maker: str
    first_day: Happened
    siblings: list[Batch]
    """The batches of the same offer, this one among them, in the order they were made."""
    leads_here: bool
    """Whether the claim link leads to this batch."""
    claims_refused: Counter[Reason]
    scans_refused: Counter[Reason]


def look(session: Session, batch_id: int, *, by: Actor) -> Looked:
    """Return a batch of vouchers with its siblings, and why people were refused lately."""
    by.must(Permission.VIEW_DASHBOARD)
    batch = _claimable(session, batch_id)
    maker = session.get(Account, batch.created_by) if batch.created_by else None
    found = batches.by_tokens(session, {batch.claim_token}).get(batch.claim_token)
    (first_day,) = activity(
        session, [Span(times.slot(batch.created_at), batch.created_at + FIRST_DAY)], batch_id, by=by
    )
    return Looked(
        batch=batch,
        maker=maker.name if maker else "",
        first_day=first_day,
        siblings=_siblings(session, batch),
        leads_here=found is not None and found.id == batch_id,
        claims_refused=_refused(session, ClaimAttempt, batch_id),
        scans_refused=_refused(session, Attempt, batch_id),
    )


def changed(session: Session, batch_id: int, *, by: Actor) -> list[str]:
    """Return what the offer of a batch says differently by now; the batch keeps its word (S3-38)."""
    by.must(Permission.VIEW_DASHBOARD)
    batch = batches.get(session, batch_id)
    offer = session.get(Offer, batch.offer_id) if batch.offer_id else None
    return differences(batch, offer) if offer else []


def activity(session: Session, spans: Sequence[Span], batch_id: int | None = None, *, by: Actor) -> list[Happened]:
    """Return what happened in each span, to one batch or to all that are claimed by a link."""
    by.must(Permission.VIEW_DASHBOARD)
    kind = "text" if database.is_sqlite(session.connection()) else "timestamptz"
    rows = [[number, *(at.strftime(INSTANT) for at in (one.begin, one.end))] for number, one in enumerate(spans)]
    source = database.rows_from(session, ("place", "integer"), ("begins", kind), ("ends", kind))
    # A cross join keeps SQLite from walking the activity first: each span is one look into an index.
    found = session.connection().execute(
        sa.text(
            "select span.place, sum(happened.claimed), sum(happened.redeemed)"  # noqa: S608 - names from our own code
            f" from {source} as span cross join batch_activity as happened"
            " where happened.slot >= span.begins and happened.slot < span.ends"
            f" and {'happened.batch_id = :batch' if batch_id is not None else _OF_CLAIM_BATCHES} group by span.place"
        ),
        {"rows": json.dumps(rows)} | ({"batch": batch_id} if batch_id is not None else {}),
    )
    by_place = {place: Happened(int(claimed), int(redeemed)) for place, claimed, redeemed in found}
    return [by_place.get(number, Happened()) for number in range(len(spans))]


def first_activity(session: Session, *, by: Actor) -> datetime | None:
    """Return when the first voucher of all was claimed, to the quarter of an hour; printed codes are counted apart."""
    by.must(Permission.VIEW_DASHBOARD)
    # One look into an index for each batch, however much happened to it.
    first = sa.select(sa.func.min(col(BatchActivity.slot))).where(col(BatchActivity.batch_id) == col(Batch.id))
    return session.exec(select(sa.func.min(first.scalar_subquery())).where(Batch.kind == BatchKind.CLAIM)).one()


def check_member(session: Session, batch_id: int, email: str, *, by: Actor, now: datetime) -> list[Check]:
    """Return each thing that a member needs for a claim of this batch, in the order in which it is asked (S3-32)."""
    by.must(Permission.VIEW_MEMBERS)
    batch = _claimable(session, batch_id)
    address = normal_email(email)
    if address is None:
        raise InvalidError(email="Enter the member's e-mail address.")
    account = session.exec(select(Account).where(Account.email == address)).first()
    member = session.exec(select(Member).where(Member.email == address)).first()
    held = codes.held(session, {batch_id}, {member.id or 0}).get((batch_id, member.id or 0)) if member else None
    left = min(available(batch), batch.made - batch.claimed - batch.withheld)

    refusal = claim_rules.refusal(batch, now)
    checks = [
        Check(
            {
                None: "The batch takes claims.",
                Reason.BATCH_PAUSED: "The batch is paused: nobody can claim until it is resumed.",
                Reason.EXPIRED: "The batch is over: nobody can claim any more.",
            }.get(refusal, "The batch cannot be claimed from yet."),
            passed=refusal is None,
        ),
        _account(account, member, address),
    ]
    if held:
        redeemed = held.status is CodeStatus.REDEEMED
        words = "has one voucher of this batch already, and each member gets one"
        checks.append(
            Check(
                f"{member.name if member else ''} {words}; it is {'redeemed' if redeemed else 'not redeemed yet'}.",
                passed=False,
            )
        )
    elif member:
        checks.append(Check(f"{member.name} has no voucher of this batch yet.", passed=True))
    checks.append(Check(f"{left:,} left to claim." if left > 0 else "No voucher is left to claim.", passed=left > 0))
    return checks


def _claimable(session: Session, batch_id: int) -> Batch:
    # What is advised and compared here is about claims, which printed codes have none of.
    batch = batches.get(session, batch_id)
    if batch.kind is not BatchKind.CLAIM:
        raise NotFoundError("batch")
    return batch


def _account(account: Account | None, member: Member | None, address: str) -> Check:
    if account is None or member is None or account.id != member.account_id:
        if account is not None:
            return Check(f"{address} works here as {account.role}: only members claim.", passed=False)
        return Check(f"Nobody has joined with {address}. They have to become a member first.", passed=False)
    if account.role is not Role.MEMBER:
        return Check(f"{address} works here as {account.role}: only members claim.", passed=False)
    if not account.is_active:
        return Check(f"The account of {address} is switched off, so they cannot sign in.", passed=False)
    return Check(f"{address} is a member, and has to be signed in with this address on the phone.", passed=True)


def _siblings(session: Session, batch: Batch) -> list[Batch]:
    if batch.offer_id is None:
        return [batch]
    found = session.exec(
        select(Batch)
        .where(Batch.offer_id == batch.offer_id, Batch.id != batch.id, Batch.kind == batch.kind)
        .order_by(col(Batch.id).desc())
        .limit(MOST_SIBLINGS - 1)
    )
    return sorted([batch, *found], key=lambda one: one.id or 0)


def _refused(session: Session, table: type[ClaimAttempt | Attempt], batch_id: int) -> Counter[Reason]:
    # A piece of the primary key's end: a look at all tries of a batch would take longer with every claim.
    latest = sa.select(sa.func.coalesce(sa.func.max(col(table.id)), 0) - LATEST).scalar_subquery()
    found = session.exec(
        select(table.reason).where(table.batch_id == batch_id, col(table.id) > latest, col(table.reason).is_not(None))
    )
    return Counter(Reason(reason) for reason in found if reason)


_OF_CLAIM_BATCHES = "exists (select 1 from batch where batch.id = happened.batch_id and batch.kind = 'claim')"
