"""What redemptions tell: which offers bring people in and where, when they come, and how far new members get."""

from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlmodel import Session, col

from loyalty_app.batches.models import BatchActivity
from loyalty_app.codes.models import Code
from loyalty_app.core.actor import Actor, Permission
from loyalty_app.members.models import Member
from loyalty_app.places.models import Place
from loyalty_app.program import service as programs
from loyalty_app.redemptions.models import Redemption, RedemptionStatus

LATELY = timedelta(days=30)
NEW = timedelta(days=90)
MOST_OFFERS = 8


@dataclass(frozen=True)
class Traffic:
    """How often an offer was redeemed, in all and by location; one without a name is no location."""

    offer: str
    redemptions: int
    places: dict[str, int]


@dataclass(frozen=True)
class Funnel:
    """How far the members came who joined lately."""

    joined: int
    claimed: int
    """Took a voucher, or redeemed a code."""
    redeemed: int
    again: int
    """Redeemed more than once."""


def traffic(session: Session, *, by: Actor, now: datetime) -> list[Traffic]:
    """Return the offers redeemed most in the last 30 days; what was taken back, and goodwill, does not count."""
    by.must(Permission.VIEW_DASHBOARD)
    found = session.execute(
        sa.select(col(Redemption.title), col(Place.name), sa.func.count())
        .join(Place, col(Place.id) == col(Redemption.place_id), isouter=True)
        .where(col(Redemption.at) > now - LATELY, col(Redemption.status) == RedemptionStatus.RECORDED)
        .group_by(col(Redemption.title), col(Place.name))
    )
    offers: dict[str, Counter[str]] = {}
    for title, place, number in found:
        offers.setdefault(title, Counter())[place or ""] += number
    by_number = sorted(offers.items(), key=lambda one: (-one[1].total(), one[0]))
    return [Traffic(title, places.total(), dict(places.most_common())) for title, places in by_number[:MOST_OFFERS]]


def hours(session: Session, *, by: Actor, now: datetime) -> dict[tuple[int, int], int]:
    """Return how many redemptions of the last 30 days fell into each (weekday from 0, hour) where the program is.

    It is read from the quarters of an hour that are kept anyway, so no redemption is counted again.
    """
    by.must(Permission.VIEW_DASHBOARD)
    zone = ZoneInfo(programs.current(session).time_zone)
    found = session.execute(
        sa.select(col(BatchActivity.slot), sa.func.sum(BatchActivity.redeemed))
        .where(col(BatchActivity.slot) > now - LATELY)
        .group_by(col(BatchActivity.slot))
    )
    counted: Counter[tuple[int, int]] = Counter()
    for slot, number in found:
        local = slot.astimezone(zone)
        counted[local.weekday(), local.hour] += int(number)
    return {hour: number for hour, number in counted.items() if number}


def funnel(session: Session, *, by: Actor, now: datetime) -> Funnel:
    """Return how far those came who joined in the last 90 days."""
    by.must(Permission.VIEW_DASHBOARD)
    redeemed = (
        sa.select(sa.func.count())
        .where(col(Redemption.member_id) == col(Member.id), col(Redemption.status) == RedemptionStatus.RECORDED)
        .correlate(Member)
        .scalar_subquery()
    )
    holds = sa.exists().where(col(Code.member_id) == col(Member.id)).correlate(Member)
    new = (
        sa.select(redeemed.label("redeemed"), holds.label("holds"))
        .select_from(Member)
        .where(col(Member.joined_at) > now - NEW, col(Member.erased_at).is_(None))
        .subquery()
    )
    joined, claimed, once, again = session.execute(
        sa.select(
            sa.func.count(),
            sa.func.count().filter(new.c.holds),
            sa.func.count().filter(new.c.redeemed > 0),
            sa.func.count().filter(new.c.redeemed > 1),
        ).select_from(new)
    ).one()
    return Funnel(joined, claimed, once, again)
