"""Everything of one member, for who may see members."""

from dataclasses import dataclass

from sqlmodel import Session

from loyalty_app.claims import service as claims
from loyalty_app.claims.service import Voucher
from loyalty_app.codes import service as codes
from loyalty_app.core.actor import Actor, Permission
from loyalty_app.directory import engagement
from loyalty_app.directory.engagement import Event, EventKind
from loyalty_app.members import service as members
from loyalty_app.members.models import Member
from loyalty_app.points import service as ledger
from loyalty_app.points.models import PointsEntry
from loyalty_app.redemptions import history as redemptions
from loyalty_app.redemptions.history import Line

PAGE = 20


@dataclass(frozen=True)
class Place:
    """Where in a member's long lists the page begins; 0, or nothing, is the newest."""

    entry: int = 0
    redemption: int = 0
    voucher: int = 0
    event: str = ""
    kind: str = ""
    """Which events to show; all of them where it is empty."""


@dataclass(frozen=True)
class Profile:
    """A member with what is theirs; of the long lists a page, and one more where there is another page."""

    member: Member
    events: list[Event]
    entries: list[PointsEntry]
    redemptions: list[Line]
    vouchers: list[Voucher]


def profile(session: Session, member_id: int, place: Place, *, by: Actor) -> Profile:
    """Return a member with what is theirs."""
    by.must(Permission.VIEW_MEMBERS)
    member = members.get(session, member_id, by=by)
    wish = redemptions.Wish(member_id=member_id)
    kind = EventKind(place.kind) if place.kind in set(EventKind) else None
    after = engagement.spot(place.event)
    return Profile(
        member=member,
        events=engagement.of_member(session, member_id, kind, after=after, limit=PAGE + 1, by=by),
        entries=ledger.of_member(session, member_id, after=place.entry, limit=PAGE + 1, by=by).entries,
        redemptions=redemptions.listed(session, wish, after=place.redemption, limit=PAGE + 1, by=by),
        vouchers=claims.of_member(session, member_id, after=place.voucher, limit=PAGE + 1, by=by),
    )


def topics(member_id: int) -> tuple[str, ...]:
    """Return what a member's page depends on."""
    return members.TOPIC, ledger.topic(member_id), codes.topic_of(member_id)
