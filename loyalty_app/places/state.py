"""The page of the locations and their tablets."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, ClassVar

import reflex as rx
from sqlmodel import Session

from loyalty_app.core import times
from loyalty_app.core.actor import Actor, Permission, actor
from loyalty_app.core.config import settings
from loyalty_app.core.database import read, transact
from loyalty_app.core.errors import InvalidError
from loyalty_app.places import rules
from loyalty_app.places import service as places
from loyalty_app.places.models import Device, Place
from loyalty_app.places.service import Invited, Site
from loyalty_app.program import service as programs
from loyalty_app.program.models import Program
from loyalty_app.program.rules import say_number
from loyalty_app.qr import drawing
from loyalty_app.ui.errors import NoticeState, say
from loyalty_app.ui.forms import typed
from loyalty_app.ui.live import hub


@dataclass(frozen=True)
class DeviceRow:
    """A tablet as the list shows it."""

    id: int = 0
    name: str = ""
    place_id: str = ""
    standing: str = ""
    seen: str = ""
    is_enrolled: bool = False
    wrong_pins: str = ""
    """When too many wrong PINs were entered on it, if that was lately."""


@dataclass(frozen=True)
class PlaceRow:
    """A location as the list shows it."""

    id: int = 0
    name: str = ""
    address: str = ""
    time_zone: str = ""
    redemptions: str = ""
    is_open: bool = False
    devices: list[DeviceRow] = field(default_factory=list)


@dataclass(frozen=True)
class Invitation:
    """The one-time way in for a tablet."""

    device_id: int = 0
    device: str = ""
    place: str = ""
    link: str = ""
    qr: str = ""
    until: str = ""


class LocationsState(rx.State):
    """Where people work, and the tablets that stand there."""

    permission: ClassVar[Permission] = Permission.PLACE_MANAGEMENT

    rows: rx.Field[list[PlaceRow]] = rx.field(default_factory=list)
    zone: rx.Field[str] = rx.field("")
    place: rx.Field[PlaceRow] = rx.field(default_factory=PlaceRow)
    """The one that is being changed or closed."""
    device: rx.Field[DeviceRow] = rx.field(default_factory=DeviceRow)
    """The one that is being changed or revoked."""
    changing: rx.Field[str] = rx.field("")
    """What the form above the list is about: `place`, `device` or nothing."""
    invitation: rx.Field[Invitation] = rx.field(default_factory=Invitation)
    welcome: rx.Field[str] = rx.field("")
    problems: rx.Field[dict[str, str]] = rx.field(default_factory=dict)
    places_made: rx.Field[int] = rx.field(0)
    """Grows with each location that is made: its form is empty again, and no other one."""
    tablets_made: rx.Field[int] = rx.field(0)
    is_loaded: rx.Field[bool] = rx.field(default=False)

    @rx.event
    async def opened(self) -> None:
        """Show the locations, and keep them fresh."""
        self.problems, self.changing, self.invitation, self.welcome = {}, "", Invitation(), ""
        hub.subscribe(self, LocationsState.refresh, places.TOPIC, places.REDEEMED)
        await self._show()

    @rx.event
    async def refresh(self) -> None:
        """Show them again after something changed; a tablet that was waited for is greeted."""
        await self._show()
        devices = [device for row in self.rows for device in row.devices]
        here = next((one for one in devices if one.id == self.invitation.device_id), None)
        if self.invitation.device_id and (here is None or here.is_enrolled):
            self.welcome = f"{here.name} is enrolled." if here else ""
            self.invitation = Invitation()

    @rx.event
    async def create(self, form: dict[str, Any]) -> None:
        """Open a location."""
        try:
            place = await transact(places.create, typed(rules.Draft, form), by=actor(), now=times.now())
        except InvalidError as refused:
            self.problems = refused.problems
            return
        self.places_made += 1
        await self._done(f"{place.name} is open.")

    @rx.event
    async def choose_place(self, place_id: int) -> rx.event.EventSpec:
        """Take a location up, to change or close it, and go there."""
        self.problems, self.changing = {}, "place"
        self.place = next((row for row in self.rows if row.id == int(place_id)), PlaceRow())
        return rx.set_focus("place_name")

    @rx.event
    async def ask_to_close(self, place_id: int) -> None:
        """Name the location that is to be closed."""
        self.changing = ""
        self.place = next((row for row in self.rows if row.id == int(place_id)), PlaceRow())

    @rx.event
    async def save_place(self, form: dict[str, Any]) -> None:
        """Change what the location is called and where it is."""
        sent = typed(PlaceDraft, form)
        draft = rules.Draft(sent.place_name, sent.place_address, sent.place_time_zone)
        try:
            place = await transact(places.update, self.place.id, draft, by=actor(), now=times.now())
        except InvalidError as refused:
            self.problems = {f"place_{name}": sentence for name, sentence in refused.problems.items()}
            return
        await self._done(f"{place.name} is changed.")

    @rx.event
    async def close_place(self) -> None:
        """Close the location, and shut its tablets out."""
        place = await transact(places.close, self.place.id, by=actor(), now=times.now())
        await self._done(f"{place.name} is closed. Its history stays.")

    @rx.event
    async def reopen(self, place_id: int) -> None:
        """Open a closed location again."""
        place = await transact(places.reopen, int(place_id), by=actor(), now=times.now())
        await self._done(f"{place.name} is open again.")

    @rx.event
    async def invite(self, form: dict[str, Any]) -> rx.event.EventSpec | None:
        """Make the one-time link that enrols a new tablet."""
        sent = typed(TabletDraft, form)
        try:
            place_id = _number(sent.tablet_place)
            made = await transact(places.invite, place_id, sent.tablet_name, by=actor(), now=times.now())
        except InvalidError as refused:
            self.problems = {f"tablet_{name}": sentence for name, sentence in refused.problems.items()}
            return None
        return await self._invited(made)

    @rx.event
    async def invite_again(self, device_id: int) -> rx.event.EventSpec:
        """Make another link for a tablet; the one before works no more."""
        return await self._invited(await transact(places.invite_again, int(device_id), by=actor(), now=times.now()))

    @rx.event
    async def put_away(self) -> None:
        """Take the link off the screen."""
        self.invitation, self.welcome = Invitation(), ""

    @rx.event
    async def choose_device(self, device_id: int) -> rx.event.EventSpec:
        """Take a tablet up, to rename or move it, and go there."""
        self.problems, self.changing, self.device = {}, "device", self._device(device_id)
        return rx.set_focus("device_name")

    @rx.event
    async def ask_to_revoke(self, device_id: int) -> None:
        """Name the tablet that is to be shut out."""
        self.changing, self.device = "", self._device(device_id)

    @rx.event
    async def save_device(self, form: dict[str, Any]) -> None:
        """Rename the tablet, or move it."""
        sent = typed(DeviceDraft, form)
        try:
            place_id = _number(sent.device_place)
            moved = await transact(places.move, self.device.id, sent.device_name, place_id, by=actor(), now=times.now())
        except InvalidError as refused:
            self.problems = {f"device_{name}": sentence for name, sentence in refused.problems.items()}
            return
        await self._done(f"{moved.name} is changed.")

    @rx.event
    async def revoke(self) -> None:
        """Shut the tablet out for good."""
        device = await transact(places.revoke, self.device.id, by=actor(), now=times.now())
        await self._done(f"{device.name} is revoked. Whoever was signed in on it is out.")

    @rx.event
    async def leave(self) -> None:
        """Leave everything as it is."""
        self.problems, self.changing = {}, ""

    async def _done(self, sentence: str) -> None:
        self.problems, self.changing = {}, ""
        await self._show()
        say(await self.get_state(NoticeState), sentence)

    async def _invited(self, made: Invited) -> rx.event.EventSpec:
        self.problems, self.changing, self.welcome = {}, "", ""
        self.tablets_made += 1
        await self._show()
        self.invitation = await read(_invitation, made)
        return rx.set_focus("invitation")

    def _device(self, device_id: int) -> DeviceRow:
        devices = (device for row in self.rows for device in row.devices)
        return next((device for device in devices if device.id == int(device_id)), DeviceRow())

    async def _show(self) -> None:
        program, found = await read(_all, by=actor())
        now = times.now()
        self.rows = [_row(site, program, now) for site in found]
        self.zone = program.time_zone
        self.is_loaded = True


@dataclass(frozen=True)
class PlaceDraft:
    """What is asked of a change to a location."""

    place_name: str = ""
    place_address: str = ""
    place_time_zone: str = ""


@dataclass(frozen=True)
class TabletDraft:
    """What is asked of a new tablet."""

    tablet_name: str = ""
    tablet_place: str = ""


@dataclass(frozen=True)
class DeviceDraft:
    """What is asked of a change to a tablet."""

    device_name: str = ""
    device_place: str = ""


def _number(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 10):  # noqa: PLR2004 - as far as a row's number goes
        raise InvalidError(place="Choose a location.")
    return int(text)


def _all(session: Session, *, by: Actor) -> tuple[Program, list[Site]]:
    return programs.current(session), places.sites(session, by=by, now=times.now())


def _invitation(session: Session, made: Invited) -> Invitation:
    program = programs.current(session)
    link = f"{settings().origin}/scan/enrol/?code={made.secret}"
    until = made.device.enrol_expires_at or times.now()
    return Invitation(
        made.device.id or 0,
        made.device.name,
        places.names(session, {made.device.place_id})[made.device.place_id],
        link,
        drawing.svg_data_uri(link),
        times.say_time(until, program.time_zone, program.locale),
    )


def _row(site: Site, program: Program, now: datetime) -> PlaceRow:
    place: Place = site.place
    return PlaceRow(
        place.id or 0,
        place.name,
        place.address,
        place.time_zone,
        _counted(site.redemptions, program.locale),
        place.closed_at is None,
        [_device_row(device, site.wrong_pins.get(device.id or 0), program, now) for device in site.devices],
    )


def _counted(number: int, locale: str) -> str:
    if number > rules.MOST_COUNTED:
        return f"More than {say_number(rules.MOST_COUNTED, locale)} redemptions"
    return f"{say_number(number, locale)} redemption{'' if number == 1 else 's'}"


def _device_row(device: Device, wrong_pins: datetime | None, program: Program, now: datetime) -> DeviceRow:
    seen = device.last_seen_at
    is_invited = device.enrol_expires_at is not None and device.enrol_expires_at > now
    standing = "Waiting for its link to be opened" if is_invited else "Its link is over"
    return DeviceRow(
        device.id or 0,
        device.name,
        str(device.place_id),
        "Enrolled" if device.enrolled_at else standing,
        times.say_instant(seen, program.time_zone, program.locale) if seen else "Never",
        device.enrolled_at is not None and not is_invited,
        f"Wrong PINs, {times.say_instant(wrong_pins, program.time_zone, program.locale)}" if wrong_pins else "",
    )
