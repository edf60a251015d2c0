"""The numbers above the history, and what it can be narrowed by."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Session, col, select

from loyalty_app.accounts.models import Account, Role
from loyalty_app.batches.models import Batch, BatchKind
from loyalty_app.codes.models import Code, CodeStatus
from loyalty_app.core.actor import Actor, Permission
from loyalty_app.places.models import Place
from loyalty_app.redemptions import search
from loyalty_app.redemptions.models import Redemption, RedemptionStatus
from loyalty_app.redemptions.search import Wish


@dataclass(frozen=True)
class Stand:
    """How redeeming is going, in a few numbers (S2-3), of the counters of the batches: read at every change."""

    redemptions: int
    """That count, of codes of every kind."""
    distributed: int
    """Vouchers of claim batches that somebody has claimed."""
    redeemed: int
    """Of those."""
    goodwill: int
    """Expired vouchers that were honoured; no other number counts them."""

    @property
    def coupon_rate(self) -> float | None:
        """Return the share of the distributed coupons that is redeemed, if there are any."""
        return self.redeemed / self.distributed if self.distributed else None


@dataclass(frozen=True)
class Choice:
    """A place or a person that the history can be narrowed to."""

    id: int
    name: str


@dataclass(frozen=True)
class Choices:
    """What the history can be narrowed to."""

    places: Sequence[Choice]
    staff: Sequence[Choice]
    """Who has ever redeemed a code for a customer."""


def stand(session: Session, *, by: Actor) -> Stand:
    """Return the numbers above the history that cost next to nothing."""
    by.must(Permission.VIEW_REDEMPTIONS)
    of_claims = col(Batch.kind) == BatchKind.CLAIM
    redemptions, distributed, redeemed = session.execute(
        sa.select(
            sa.func.coalesce(sa.func.sum(Batch.redeemed), 0),
            sa.func.coalesce(sa.func.sum(Batch.claimed).filter(of_claims), 0),
            sa.func.coalesce(sa.func.sum(Batch.redeemed).filter(of_claims), 0),
        )
    ).one()
    goodwill = session.exec(
        select(sa.func.count())
        .select_from(Redemption)
        # The words of the indexes, here and below: SQLite knows them by nothing else.
        .where(Redemption.status == RedemptionStatus.GOODWILL, sa.text("status <> 'recorded'"))
    ).one()
    return Stand(int(redemptions), int(distributed), int(redeemed), goodwill)


def active(session: Session, *, by: Actor, now: datetime) -> int:
    """Return how many coupons could be redeemed now: claimed, enabled, unexpired, unredeemed, and not on hold.

    They are counted one by one, in an index: what shows them reads them every few seconds at most. No counter knows
    them, as each voucher has an end of its own, and passes it without anybody writing that down.
    """
    by.must(Permission.VIEW_REDEMPTIONS)
    held = session.exec(
        select(sa.func.count())
        .select_from(Code)
        .where(sa.text("status = 'claimed' and not disabled"))
        .where(col(Code.expires_at) > now)
    ).one()
    on_hold = session.exec(
        select(sa.func.count())
        .select_from(Batch)
        .join(Code, col(Code.batch_id) == col(Batch.id))
        .where(col(Batch.kind) == BatchKind.CLAIM, col(Batch.redemptions_frozen), col(Code.expires_at) > now)
        .where(col(Code.status) == CodeStatus.CLAIMED, ~col(Code.disabled))
    ).one()
    return held - on_hold


def fitting(session: Session, wish: Wish, *, most: int, by: Actor) -> int:
    """Return how many redemptions fit a wish, up to so many; the file of the same wish has as many rows."""
    by.must(Permission.VIEW_REDEMPTIONS)
    return len(search.newest(session, wish, after=0, limit=most, by=by))


def choices(session: Session, *, by: Actor) -> Choices:
    """Return what the history can be narrowed to."""
    by.must(Permission.VIEW_REDEMPTIONS)
    places = session.exec(select(Place.id, Place.name).order_by(Place.name, col(Place.id)))
    staff = session.exec(
        select(Account.id, Account.name)
        .where(
            Account.role != Role.MEMBER,
            sa.exists().where(col(Redemption.account_id) == col(Account.id)).correlate(Account),
        )
        .order_by(Account.name, col(Account.id))
    )
    return Choices(*([Choice(number or 0, name) for number, name in found] for found in (places, staff)))
