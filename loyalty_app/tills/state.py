"""What the counter shows of its place and device, and the question before a device is enrolled."""

from dataclasses import dataclass
from typing import ClassVar

import reflex as rx

from loyalty_app.core import times
from loyalty_app.core.actor import Permission, actor
from loyalty_app.core.database import read, transact
from loyalty_app.places import service as places
from loyalty_app.tills import service as tills
from loyalty_app.tills.service import Standing
from loyalty_app.ui.live import hub


@dataclass(frozen=True)
class Choice:
    """A location that can be chosen."""

    id: str
    name: str


class TillState(rx.State):
    """Where somebody works, and whether their device locks."""

    permission: ClassVar[Permission] = Permission.REDEEM

    place: rx.Field[str] = rx.field("")
    place_id: rx.Field[str] = rx.field("")
    device: rx.Field[str] = rx.field("")
    lock_seconds: rx.Field[int] = rx.field(0)
    locks: rx.Field[bool] = rx.field(default=True)
    """Whether who leaves the kiosk locks it: on an enrolled device, and for as long as nobody knows."""
    choices: rx.Field[list[Choice]] = rx.field(default_factory=list)
    spot: rx.Field[str] = rx.field("")
    """What the browser keeps with each scan, to tell where it was made."""

    @rx.event
    async def opened(self) -> None:
        """Show where this is; the only location is taken by itself."""
        hub.subscribe(self, TillState.refresh, places.TOPIC)
        self._show(await transact(tills.settle, by=actor(), now=times.now()))

    @rx.event
    async def refresh(self) -> None:
        """Show it again after a location or device was changed."""
        self._show(await read(tills.standing, by=actor(), now=times.now()))

    @rx.event
    async def choose(self, place_id: str) -> None:
        """Work at a location from now on."""
        if str(place_id) in {choice.id for choice in self.choices}:
            self._show(await transact(tills.work_at, int(place_id), by=actor(), now=times.now()))

    def _show(self, found: Standing) -> None:
        self.place, self.place_id = found.place, str(found.place_id or "")
        self.device, self.lock_seconds = found.device, found.lock_seconds
        self.locks = bool(found.device)  # after how many minutes it locks by itself is another matter
        self.spot = found.spot
        self.choices = [Choice(str(number), name) for number, name in found.choices.items()]


class EnrolState(rx.State):
    """Which device this browser would become; looking uses nothing up."""

    permission: ClassVar[Permission] = Permission.PUBLIC

    code: str = ""
    device: str = ""
    place: str = ""
    is_loaded: bool = False

    @rx.event
    async def opened(self) -> None:
        """Look the link up."""
        self.code = self.router.url.query_parameters.get("code", "")[:100]
        found = await read(places.invitation, self.code, now=times.now())
        self.device, self.place = (found.name, found.place) if found else ("", "")
        self.is_loaded = True
