"""Make and find offers."""

from datetime import datetime

from sqlmodel import Session, col, select

from loyalty_app.audit import service as audit
from loyalty_app.core import live
from loyalty_app.core.actor import Actor, Permission
from loyalty_app.core.errors import InvalidError, NotFoundError
from loyalty_app.offers import rules
from loyalty_app.offers.models import Offer
from loyalty_app.pictures import service as pictures
from loyalty_app.program import service as programs

PAGE = 50


def create(session: Session, draft: rules.Draft, *, by: Actor, now: datetime) -> Offer:
    """Make an offer."""
    by.must(Permission.OFFER_MANAGEMENT)
    promise = rules.read(draft, programs.current(session).currency)
    if isinstance(promise, dict):
        raise InvalidError(**promise)

    promise.picture_id = pictures.chosen(session, draft.picture)
    offer = Offer(**promise.model_dump(), created_at=now, updated_at=now)
    session.add(offer)
    session.flush()
    audit.record(session, "create", f"offer {offer.id}", offer.title, by=by, now=now)
    live.announce(session, "offers")
    return offer


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
