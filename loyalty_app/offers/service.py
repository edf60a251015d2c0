"""Make, find, change, copy and remove offers."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

import sqlalchemy as sa
from sqlmodel import Session, UTCDateTime, col, func, select

from loyalty_app.audit import service as audit
from loyalty_app.core import live
from loyalty_app.core.actor import Actor, Permission
from loyalty_app.core.errors import AppError, InvalidError, NotFoundError
from loyalty_app.core.texts import has_words
from loyalty_app.offers import rules
from loyalty_app.offers.models import Offer, Promise
from loyalty_app.pictures import service as pictures
from loyalty_app.program import service as programs

PAGE = 50
CARDS = 12
TOPIC = "offers"
A_MOMENT = timedelta(microseconds=1)
COPY = "Copy of "

_TABLE = sa.inspect(Offer).local_table
_BATCHES = sa.table(
    "batch",
    sa.column("id", sa.Integer),
    sa.column("name", sa.String),
    sa.column("offer_id", sa.Integer),
    *[sa.column(name, _TABLE.c[name].type) for name in Promise.model_fields],
)
"""By name only: batches are known further up, here just that each has a copy of its offer."""


class Sort(StrEnum):
    """The order of the list."""

    NEWEST = "newest"
    CHANGED = "changed"
    TITLE = "title"


@dataclass(frozen=True)
class Wish:
    """What somebody looks for among the offers."""

    text: str = ""
    sort: Sort = Sort.NEWEST


@dataclass(frozen=True)
class Older:
    """The batches that promise something else than their offer does now."""

    count: int
    newest: Sequence[tuple[int, str]]
    """The number and name of the newest few."""


class ChangedMeanwhileError(AppError):
    """Somebody else saved the offer since the caller read it; nothing was overwritten."""

    def __init__(self, offer: Offer) -> None:
        """Take the offer as it stands now."""
        super().__init__("Somebody else changed this offer meanwhile. Look at their version, then save yours again.")
        self.offer = offer


def create(session: Session, draft: rules.Draft, *, by: Actor, now: datetime) -> Offer:
    """Make an offer."""
    by.must(Permission.OFFER_MANAGEMENT)
    return _add(session, _promise(session, draft), "create", by=by, now=now)


def update(
    session: Session, offer_id: int, draft: rules.Draft, *, seen: datetime | None = None, by: Actor, now: datetime
) -> Offer:
    """Change what later batches will promise; refuse if it was changed since the caller saw it at `seen`."""
    by.must(Permission.OFFER_MANAGEMENT)
    offer = session.get(Offer, offer_id, with_for_update=True, populate_existing=True)
    if offer is None:
        raise NotFoundError("offer")
    promise = _promise(session, draft)
    if seen is not None and offer.updated_at != seen:
        raise ChangedMeanwhileError(offer)

    changes = rules.differences(offer, promise)
    if not changes:
        return offer
    for name in Promise.model_fields:
        setattr(offer, name, getattr(promise, name))
    offer.updated_at = max(now, offer.updated_at + A_MOMENT)  # no two versions look the same
    session.add(offer)
    session.flush()
    audit.record(session, "change", f"offer {offer_id}", ", ".join(changes), by=by, now=now)
    live.announce(session, TOPIC)
    return offer


def clone(session: Session, offer_id: int, *, by: Actor, now: datetime) -> Offer:
    """Make another offer with the same promise."""
    by.must(Permission.OFFER_MANAGEMENT)
    offer = get(session, offer_id)
    promise = Promise(**{name: getattr(offer, name) for name in Promise.model_fields})
    promise.title = f"{COPY}{offer.title.removeprefix(COPY)}"[: rules.TITLE_LENGTH]
    return _add(session, promise, "clone", by=by, now=now)


def delete(session: Session, offer_id: int, *, by: Actor, now: datetime) -> None:
    """Remove an offer; batches made of it keep what they promised."""
    by.must(Permission.OFFER_MANAGEMENT)
    offer = get(session, offer_id)
    session.connection().execute(sa.delete(Offer).where(col(Offer.id) == offer_id))
    audit.record(session, "delete", f"offer {offer_id}", offer.title, by=by, now=now)
    live.announce(session, TOPIC)


def get(session: Session, offer_id: int) -> Offer:
    """Return an offer."""
    offer = session.get(Offer, offer_id)
    if offer is None:
        raise NotFoundError("offer")
    return offer


def newest(session: Session, *, by: Actor) -> list[Offer]:
    """Return the newest offers first."""
    by.must(Permission.VIEW_DASHBOARD)
    return list(session.exec(select(Offer).order_by(col(Offer.id).desc()).limit(PAGE)))


def listed(session: Session, wish: Wish, after: int, limit: int, *, by: Actor) -> list[Offer]:
    """Return the offers that fit, those that come after the offer with the number `after`; from the first for 0."""
    by.must(Permission.VIEW_DASHBOARD)
    found = select(Offer)
    if wish.text:
        found = found.where(has_words(wish.text, Offer.title, Offer.description, Offer.reward_item))
    last = session.get(Offer, after) if after else None
    title = func.lower(col(Offer.title))
    match wish.sort:
        case Sort.NEWEST:
            found = found.order_by(col(Offer.id).desc())
            if after:
                found = found.where(col(Offer.id) < after)
        case Sort.CHANGED:
            found = found.order_by(col(Offer.updated_at).desc(), col(Offer.id).desc())
            if last:
                found = found.where(
                    sa.tuple_(col(Offer.updated_at), col(Offer.id))
                    < sa.tuple_(sa.literal(last.updated_at, UTCDateTime), sa.literal(after))
                )
        case Sort.TITLE:
            found = found.order_by(title, col(Offer.id))
            if last:
                found = found.where(
                    sa.tuple_(title, col(Offer.id)) > sa.tuple_(func.lower(last.title), sa.literal(after))
                )
    return list(session.exec(found.limit(limit)))


def batch_counts(session: Session, offer_ids: Iterable[int], *, by: Actor) -> dict[int, int]:
    """Return how many batches there are of each offer that has any."""
    by.must(Permission.VIEW_DASHBOARD)
    counted = (
        sa.select(_BATCHES.c.offer_id, func.count())
        .where(_BATCHES.c.offer_id.in_(list(offer_ids)))
        .group_by(_BATCHES.c.offer_id)
    )
    return {offer_id: count for offer_id, count in session.connection().execute(counted)}  # noqa: C416 - rows are not pairs to the type checker


def older_batches(session: Session, offer_id: int, few: int = 5, *, by: Actor) -> Older:
    """Return the batches made before the offer became what it is: they keep their word."""
    by.must(Permission.VIEW_DASHBOARD)
    # JSON has no equality on PostgreSQL; both texts were written by the same hand, so they compare.
    differs = [
        sa.cast(_BATCHES.c[name], sa.Text).is_distinct_from(sa.cast(_TABLE.c[name], sa.Text))
        for name in Promise.model_fields
    ]
    older = (
        sa.select(_BATCHES.c.id, _BATCHES.c.name, func.count().over())
        .join(_TABLE, _TABLE.c.id == _BATCHES.c.offer_id)
        .where(_TABLE.c.id == offer_id, sa.or_(*differs))
        .order_by(_BATCHES.c.id.desc())
        .limit(few)
    )
    found = session.connection().execute(older).all()
    return Older(found[0][2] if found else 0, [(batch_id, name) for batch_id, name, _ in found])


def _promise(session: Session, draft: rules.Draft) -> Promise:
    promise = rules.read(draft, programs.current(session).currency)
    if isinstance(promise, dict):
        raise InvalidError(**promise)
    promise.picture_id = pictures.chosen(session, draft.picture)
    return promise


def _add(session: Session, promise: Promise, verb: str, *, by: Actor, now: datetime) -> Offer:
    offer = Offer(**promise.model_dump(), created_at=now, updated_at=now)
    session.add(offer)
    session.flush()
    audit.record(session, verb, f"offer {offer.id}", offer.title, by=by, now=now)
    live.announce(session, TOPIC)
    return offer
