"""Find redemptions by what people know of them (S2-4)."""

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.sql.elements import ColumnElement
from sqlmodel import Session, col, select

from loyalty_app.batches.models import Batch
from loyalty_app.codes import alphabet
from loyalty_app.codes import service as codes
from loyalty_app.codes.models import Code
from loyalty_app.core.actor import Actor, Permission
from loyalty_app.redemptions.models import Redemption, RedemptionStatus

_NEWEST = 2**31 - 1


@dataclass(frozen=True)
class Wish:
    """Which redemptions are wanted: by a code, or part of one, of a customer's name or of an offer's title."""

    text: str = ""
    status: RedemptionStatus | None = None
    batch_id: int | None = None
    member_id: int | None = None
    place_id: int | None = None
    account_id: int | None = None
    """Of the staff."""
    since: datetime | None = None
    until: datetime | None = None
    """The first instant that is too late."""


def sees_names(by: Actor) -> bool:
    """Return whether somebody may read the customers' names; staff settle disputes by them (S2-17)."""
    return by.may(Permission.VIEW_MEMBERS) or by.may(Permission.REDEEM)


def newest(session: Session, wish: Wish, *, after: int, limit: int, by: Actor) -> list[int]:
    """Return the numbers of the redemptions that fit the wish, the newest first, from behind a number."""
    query = (
        select(Redemption.id)
        .where(col(Redemption.id) < (after or _NEWEST), *_filters(wish))
        .order_by(col(Redemption.id).desc())
        .limit(limit)
    )
    if text := wish.text.strip():
        query = (
            query.join(Code, col(Code.id) == col(Redemption.code_id), isouter=True)
            .join(Batch, col(Batch.id) == col(Redemption.batch_id), isouter=True)
            .where(_fits(session, text, by))
        )
    return [number or 0 for number in session.exec(query)]


def _filters(wish: Wish) -> list[ColumnElement[bool]]:
    wanted = (
        (Redemption.status, wish.status),
        (Redemption.batch_id, wish.batch_id),
        (Redemption.member_id, wish.member_id),
        (Redemption.place_id, wish.place_id),
        (Redemption.account_id, wish.account_id),
    )
    filters = [col(column) == value for column, value in wanted if value is not None]
    if wish.since:
        filters.append(col(Redemption.at) >= wish.since)
    if wish.until:
        filters.append(col(Redemption.at) < wish.until)
    return filters


def _fits(session: Session, text: str, by: Actor) -> ColumnElement[bool]:
    exact = alphabet.normal(text)
    if exact and (code_id := session.exec(select(Code.id).where(Code.code == exact)).first()):
        return sa.and_(col(Redemption.code_id) == code_id, codes.is_open_to(by))
    # Who may not see customers cannot guess them by searching either.
    searched = (Redemption.title, *((Redemption.member_name,) if sees_names(by) else ()))
    fits = [col(part).icontains(text, autoescape=True) for part in searched]
    if part := alphabet.normal_part(text):
        fits.append(sa.and_(codes.is_open_to(by), col(Redemption.code_text).contains(part, autoescape=True)))
    return sa.or_(*fits)
