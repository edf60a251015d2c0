"""What a member did, everything that is known of them, and their end, for other programs; a member's own file."""

import base64
from collections.abc import Iterator
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Query
from fastapi.responses import Response, StreamingResponse
from pydantic import Field
from sqlmodel import Session

from loyalty_app.core import times
from loyalty_app.core.actor import Actor, Permission, actor
from loyalty_app.core.database import change, reading, streaming
from loyalty_app.core.errors import InvalidError
from loyalty_app.core.reasons import Reason
from loyalty_app.core.texts import storable
from loyalty_app.directory import dossier, engagement, erasure
from loyalty_app.directory.engagement import Event, EventKind, Spot
from loyalty_app.members.api import MemberShown, shown
from loyalty_app.ui.problems import too_many
from loyalty_app.ui.rest import MOST_A_PAGE, PAGE, Instant, Number, OnceOnly, Page, Responses, Sent, Shown, begun
from loyalty_app.ui.routes import allow

router = APIRouter(prefix="/my")
rest = APIRouter(prefix="/api/v1/members", tags=["Members"])


JSON_FILE: Responses = {
    200: {
        "content": {
            "application/json": {
                "schema": {"type": "object"},
                "example": {"member": {"id": 21, "name": "Ana Ruiz"}, "vouchers": []},
            }
        },
        "description": "The file.",
    }
}


class Erasure(Sent):
    """The name of the member, so that nobody is erased by a wrong number."""

    confirm: Annotated[str, Field(max_length=300, examples=["Ana Ruiz"])]


class EventShown(Shown):
    """One thing that a member did, or that was done for them."""

    kind: EventKind
    at: Instant
    title: Annotated[str, Field(description="Of the offer; of an adjustment the reason.", examples=["One free coffee"])]
    batch_id: Annotated[int | None, Field(examples=[12])]
    code: Annotated[str, Field(examples=["SUN-2K7P-M4XR-9T"])]
    redemption_id: Annotated[int | None, Field(examples=[301])]
    place: Annotated[str, Field(description="The location.", examples=["Old Town"])]
    staff: Annotated[str, Field(description="Who was there: a person, or a program.", examples=["Kasia"])]
    reason: Annotated[Reason | None, Field(description="Of a refusal.")]
    points: Annotated[int, Field(description="What came, or below zero what went.", examples=[0])]
    note: Annotated[str, Field(description="Why it was honoured or undone.", examples=[""])]


@router.get("/data.json")
@allow(Permission.CLAIM)
def export_mine() -> Response:
    """Give a member everything that is known of them; the audit log keeps that they asked for it."""
    by, now = actor(), times.now()
    if refused := change(dossier.record_mine, by=by, now=now):
        return too_many(refused.retry_after).response()
    with reading() as session:
        file = dossier.mine(session, by=by, now=now)
    return Response(file, media_type="application/json", headers=_as_file("my-data.json"))


@rest.get("/{member_id}/events")
@allow(Permission.VIEW_MEMBERS)
def list_events(
    member_id: Number,
    kind: EventKind | None = None,
    limit: Annotated[int, Query(ge=1, le=MOST_A_PAGE, description="How many items at most.")] = PAGE,
    cursor: Annotated[str, Query(max_length=80, description="The `nextCursor` of the page before.")] = "",
) -> Page[EventShown]:
    """List what a member did, the newest first: claims, redemptions, goodwill, reversals, refusals and points."""
    with reading() as session:
        found = engagement.of_member(session, member_id, kind, after=_spot(cursor), limit=limit + 1, by=actor())
    shown, more = found[:limit], found[limit:]
    return Page(items=[_shown(one) for one in shown], next_cursor=_cursor(shown[-1]) if more else None)


@rest.get("/{member_id}/export", response_class=StreamingResponse, responses=JSON_FILE)
@allow(Permission.MEMBER_MANAGEMENT)
def export_member(member_id: Number) -> StreamingResponse:
    """Stream everything that is known of a member, all of one moment; the audit log keeps who asked for it."""
    by, now = actor(), times.now()
    change(dossier.record, member_id, by=by, now=now)
    return StreamingResponse(
        begun(_dossier(member_id, by, now)),
        media_type="application/json",
        headers=_as_file(f"member-{member_id}.json"),
    )


@rest.post("/{member_id}/erase", response_model=MemberShown)
@allow(Permission.MEMBER_MANAGEMENT)
def erase_member(member_id: Number, sent: Erasure, once: OnceOnly) -> Response:
    """Forget who a member is, for good; numbers, codes and points stay, and belong to nobody."""

    def erase(session: Session, now: datetime) -> MemberShown:
        return shown(erasure.erase(session, member_id, typed_name=storable(sent.confirm), by=actor(), now=now))

    return once.answer(200, erase)


def _dossier(member_id: int, by: Actor, now: datetime) -> Iterator[str]:
    with streaming() as session:
        yield from dossier.written(session, member_id, by=by, now=now)


def _as_file(name: str) -> dict[str, str]:
    return {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"}


def _shown(event: Event) -> EventShown:
    return EventShown.model_validate(event)


def _cursor(event: Event) -> str:
    return base64.urlsafe_b64encode(event.spot.encode()).decode().rstrip("=")


def _spot(cursor: str) -> Spot | None:
    if not cursor:
        return None
    try:
        found = engagement.spot(
            base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars="-_", validate=True).decode()
        )
    except ValueError:
        found = None
    if found is None:
        raise InvalidError(cursor="This is not the nextCursor of a page.")
    return found
