"""The points ledger for other programs."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter
from fastapi.responses import Response
from pydantic import Field
from sqlmodel import Session

from loyalty_app.core.actor import Permission, actor
from loyalty_app.core.database import reading
from loyalty_app.core.texts import storable
from loyalty_app.points import service as ledger
from loyalty_app.points.models import EntryKind, PointsEntry
from loyalty_app.ui.rest import Instant, Number, OnceOnly, Page, Paged, Sent, Shown
from loyalty_app.ui.routes import allow

rest = APIRouter(prefix="/api/v1/members", tags=["Members"])


class Adjustment(Sent):
    """Points to add to a member, or below zero to take away, and why."""

    points: Annotated[int, Field(examples=[50])]
    reason: Annotated[str, Field(max_length=300, examples=["Waited long for a table"])]


class EntryShown(Shown):
    """One movement of points; the ledger is only ever added to."""

    id: Annotated[int, Field(examples=[310])]
    member_id: Annotated[int, Field(examples=[21])]
    kind: EntryKind
    points: Annotated[int, Field(description="What came, or below zero what went.", examples=[20])]
    balance: Annotated[int, Field(description="What the member had after it.", examples=[120])]
    title: Annotated[str, Field(description="What it was for; of an adjustment the reason.", examples=["20 points"])]
    actor: Annotated[str, Field(description="Who did it; nobody but the member where it is empty.")]
    redemption_id: Annotated[int | None, Field(description="Null for an adjustment, and once its batch is deleted.")]
    at: Instant


@rest.get("/{member_id}/points")
@allow(Permission.VIEW_MEMBERS)
def list_points(member_id: Number, paging: Paged) -> Page[EntryShown]:
    """List how a member's points came to be, the newest first; the first balance is what they have."""
    with reading() as session:
        found = ledger.of_member(session, member_id, after=paging.after, limit=paging.limit + 1, by=actor())
    return paging.page(found.entries, _shown, lambda entry: entry.id or 0)


@rest.post("/{member_id}/points", status_code=201, response_model=EntryShown)
@allow(Permission.POINTS_MANAGEMENT)
def adjust_points(member_id: Number, sent: Adjustment, once: OnceOnly) -> Response:
    """Add points to a member, or take some away; an adjustment cannot leave less than none."""

    def adjust(session: Session, now: datetime) -> EntryShown:
        return _shown(ledger.adjust(session, member_id, sent.points, storable(sent.reason), by=actor(), now=now))

    return once.answer(201, adjust)


def _shown(entry: PointsEntry) -> EntryShown:
    return EntryShown.model_validate(entry)
