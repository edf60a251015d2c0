"""Look places and devices up."""

from collections.abc import Collection

from sqlmodel import Session, col, select

from loyalty_app.places.models import Place


def names(session: Session, place_ids: Collection[int]) -> dict[int, str]:
    """Return the names of places."""
    if not place_ids:
        return {}
    found = session.exec(select(Place.id, Place.name).where(col(Place.id).in_(place_ids)))
    return {place_id or 0: name for place_id, name in found}
