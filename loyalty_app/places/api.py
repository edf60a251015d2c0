"""Locations and devices, for programs that manage them."""

from typing import Annotated

from fastapi import APIRouter, Query
from fastapi.responses import Response
from pydantic import Field
from sqlmodel import Session

from loyalty_app.core import times
from loyalty_app.core.actor import Permission, actor
from loyalty_app.core.database import change, reading
from loyalty_app.core.texts import storable
from loyalty_app.places import rules
from loyalty_app.places import service as places
from loyalty_app.places.models import Device, Place
from loyalty_app.ui.rest import MOST_NUMBER, Instant, Number, OnceOnly, Page, Paged, Sent, Shown
from loyalty_app.ui.routes import allow

router = APIRouter(prefix="/api/v1/places", tags=["Locations"])
devices = APIRouter(prefix="/api/v1/devices", tags=["Locations"])


class PlaceWish(Sent):
    """A location that is wanted."""

    name: Annotated[str, Field(max_length=300, examples=["Old Town"])]
    address: Annotated[str, Field(max_length=600, examples=["Rynek 1, Warsaw"])] = ""
    time_zone: Annotated[
        str, Field(max_length=64, examples=["Europe/Warsaw"], description="The program's, if it is left out.")
    ] = ""


class PlaceChange(Sent):
    """What to change of a location; what is left out stays as it is."""

    name: Annotated[str | None, Field(max_length=300, examples=["Old Town"])] = None
    address: Annotated[str | None, Field(max_length=600, examples=["Rynek 1, Warsaw"])] = None
    time_zone: Annotated[str | None, Field(max_length=64, examples=["Europe/Warsaw"])] = None


class PlaceShown(Shown):
    """A location."""

    id: Annotated[int, Field(examples=[2])]
    name: Annotated[str, Field(examples=["Old Town"])]
    address: Annotated[str, Field(examples=["Rynek 1, Warsaw"])]
    time_zone: Annotated[str, Field(examples=["Europe/Warsaw"])]
    created_at: Instant
    closed_at: Annotated[Instant | None, Field(description="Null while it is open.")]


class DeviceShown(Shown):
    """A tablet or till that was enrolled, or waits for it."""

    id: Annotated[int, Field(examples=[4])]
    place_id: Annotated[int, Field(examples=[2])]
    name: Annotated[str, Field(examples=["Bar tablet"])]
    created_at: Instant
    enrolled_at: Annotated[Instant | None, Field(description="Null until its link is used.")]
    last_seen_at: Annotated[Instant | None, Field(description="To the minute.")]
    revoked_at: Instant | None


@router.post("", status_code=201, response_model=PlaceShown)
@allow(Permission.PLACE_MANAGEMENT)
def create_place(sent: PlaceWish, once: OnceOnly) -> Response:
    """Open a location."""
    draft = rules.Draft(storable(sent.name), storable(sent.address), storable(sent.time_zone))
    return once.answer(201, lambda session, now: _shown(places.create(session, draft, by=actor(), now=now)))


@router.get("")
@allow(Permission.PLACE_MANAGEMENT)
def list_places(paging: Paged) -> Page[PlaceShown]:
    """List the locations, the newest first, closed ones too."""
    with reading() as session:
        found = places.listed(session, after=paging.after, limit=paging.limit + 1, by=actor())
    return paging.page(found, _shown, lambda place: place.id or 0)


@router.get("/{place_id}")
@allow(Permission.PLACE_MANAGEMENT)
def read_place(place_id: Number) -> PlaceShown:
    """Return one location."""
    with reading() as session:
        return _shown(places.get(session, place_id, by=actor()))


@router.patch("/{place_id}")
@allow(Permission.PLACE_MANAGEMENT)
def change_place(place_id: Number, sent: PlaceChange) -> PlaceShown:
    """Change a name, an address or a time zone."""
    changes = {name: storable(text) for name, text in sent.model_dump(exclude_none=True).items()}

    def rewrite(session: Session) -> Place:
        place = places.get(session, place_id, by=actor())
        draft = rules.Draft(**{"name": place.name, "address": place.address, "time_zone": place.time_zone} | changes)
        return places.update(session, place_id, draft, by=actor(), now=times.now())

    return _shown(change(rewrite))


@router.post("/{place_id}/close")
@allow(Permission.PLACE_MANAGEMENT)
def close_place(place_id: Number) -> PlaceShown:
    """Close a location and revoke its devices; what was redeemed there stays. Again changes nothing."""
    return _shown(change(places.close, place_id, by=actor(), now=times.now()))


@router.post("/{place_id}/reopen")
@allow(Permission.PLACE_MANAGEMENT)
def reopen_place(place_id: Number) -> PlaceShown:
    """Open a closed location again; its devices stay revoked."""
    return _shown(change(places.reopen, place_id, by=actor(), now=times.now()))


@devices.get("")
@allow(Permission.PLACE_MANAGEMENT)
def list_devices(
    paging: Paged,
    place_id: Annotated[
        int | None, Query(alias="placeId", ge=1, le=MOST_NUMBER, description="At this location only.")
    ] = None,
) -> Page[DeviceShown]:
    """List the devices, the newest first, revoked ones too."""
    with reading() as session:
        found = places.listed_devices(
            session, place_id=place_id, after=paging.after, limit=paging.limit + 1, by=actor()
        )
    return paging.page(found, _device, lambda device: device.id or 0)


@devices.delete("/{device_id}", status_code=204)
@allow(Permission.PLACE_MANAGEMENT)
def revoke_device(device_id: Number) -> None:
    """Revoke a device at once and for good; whoever is signed in on it is out."""
    change(places.revoke, device_id, by=actor(), now=times.now())


def _shown(place: Place) -> PlaceShown:
    return PlaceShown.model_validate(place)


def _device(device: Device) -> DeviceShown:
    return DeviceShown.model_validate(device)
