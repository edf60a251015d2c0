"""Who is signed in, for the frame around every page."""

from dataclasses import dataclass
from typing import ClassVar

import reflex as rx
from sqlmodel import Session

from loyalty_app.accounts import rules
from loyalty_app.accounts import service as accounts
from loyalty_app.accounts.models import Account
from loyalty_app.core import times
from loyalty_app.core.actor import Permission, account_topic, actor
from loyalty_app.core.database import read, transact
from loyalty_app.core.languages import spoken
from loyalty_app.program import service as programs
from loyalty_app.program.models import Program
from loyalty_app.program.rules import theme
from loyalty_app.ui.errors import NoticeState, say, turn_page
from loyalty_app.ui.live import hub

SETTINGS = {
    "settings": Permission.PROGRAM_MANAGEMENT,
    "people": Permission.USER_MANAGEMENT,
    "api-keys": Permission.API_KEY_MANAGEMENT,
    "audit-log": Permission.VIEW_AUDIT_LOG,
}
"""Which page of the settings needs what, by the last step of its address."""


class ShellState(rx.State):
    """What the frames show; opened first on every page."""

    permission: ClassVar[Permission] = Permission.PUBLIC

    program_name: rx.Field[str] = rx.field("")
    logo: rx.Field[str] = rx.field("")
    theme: rx.Field[dict[str, str]] = rx.field(default_factory=dict)
    about: rx.Field[str] = rx.field("")
    website: rx.Field[str] = rx.field("")
    contact: rx.Field[str] = rx.field("")
    name: rx.Field[str] = rx.field("")
    home: rx.Field[str] = rx.field("/sign-in/")
    is_signed_in: rx.Field[bool] = rx.field(default=False)
    is_member: rx.Field[bool] = rx.field(default=False)
    may_scan: rx.Field[bool] = rx.field(default=False)
    may_manage: rx.Field[bool] = rx.field(default=False)
    may_view_members: rx.Field[bool] = rx.field(default=False)
    settings: rx.Field[list[str]] = rx.field(default_factory=list)

    @rx.event
    async def opened(self) -> None:
        """Show who is signed in, and end what the page before listened to."""
        hub.forget(self)
        by = actor()
        await self._show_program()
        hub.subscribe(self, ShellState.show_program, programs.TOPIC)
        self.name, self.is_signed_in = by.name, by.is_signed_in
        self.home = spoken().at(rules.home(by.role) if by.is_signed_in else "/sign-in/")
        self.is_member = by.may(Permission.CLAIM)
        self.may_scan = by.may(Permission.REDEEM)
        self.may_manage = by.may(Permission.QR_CODE_MANAGEMENT)
        self.may_view_members = by.may(Permission.VIEW_MEMBERS)
        self.settings = [step for step, permission in SETTINGS.items() if by.may(permission)]
        turn_page(await self.get_state(NoticeState))
        if by.is_signed_in:
            hub.subscribe(self, ShellState.recheck, account_topic(by.account_id))

    @rx.event
    async def show_program(self) -> None:
        """Show the program as it is now."""
        await self._show_program()

    async def _show_program(self) -> None:
        face = await hub.shared(programs.TOPIC, "face", lambda: read(programs.face))
        self.program_name, self.logo = face.name, face.logo
        self.about, self.website, self.contact = face.about, face.website, face.contact
        self.theme = theme(face.brand_color) if face.brand_color else {}

    @rx.event
    async def recheck(self) -> None:
        """Come past the guard: a tab whose session was ended elsewhere is led to sign-in by it."""


class EntranceState(rx.State):
    """Where to go after signing in, and whether setup is open."""

    permission: ClassVar[Permission] = Permission.PUBLIC

    next_path: str = ""
    setup_secret: str = ""
    is_setup_open: bool = False
    is_loaded: bool = False

    @rx.event
    async def opened(self) -> rx.event.EventSpec | None:
        """Remember where the visitor wanted to go; somebody signed in goes on at once."""
        self.next_path = rules.safe_return(self.router.url.query_parameters.get("next", ""))
        self.is_loaded = True
        if actor().is_signed_in:
            return rx.redirect(spoken().at(self.next_path or rules.home(actor().role)))
        return None

    @rx.event
    async def setup_opened(self) -> None:
        """Check the one-time link."""
        self.setup_secret = self.router.url.query_parameters.get("token", "")[:100]
        self.is_setup_open = await read(accounts.setup_is_open, self.setup_secret)
        self.is_loaded = True


@dataclass(frozen=True)
class PersonRow:
    """Somebody who works here, as the list shows them."""

    id: int
    name: str
    email: str
    role: str
    since: str
    is_me: bool


class PeopleState(rx.State):
    """Everybody who works here."""

    permission: ClassVar[Permission] = Permission.USER_MANAGEMENT

    rows: rx.Field[list[PersonRow]] = rx.field(default_factory=list)
    is_loaded: rx.Field[bool] = rx.field(default=False)

    @rx.event
    async def opened(self) -> None:
        """Show everybody."""
        program, staff = await read(_staff)
        self.rows = [_person(one, program) for one in staff]
        self.is_loaded = True

    @rx.event
    async def end_sessions(self, account_id: int) -> None:
        """Sign somebody out everywhere."""
        name = await transact(accounts.end_sessions, int(account_id), by=actor(), now=times.now())
        say(await self.get_state(NoticeState), f"{name} is signed out everywhere.")


def _staff(session: Session) -> tuple[Program, list[Account]]:
    return programs.current(session), accounts.staff(session, by=actor())


def _person(account: Account, program: Program) -> PersonRow:
    since = times.say_day(times.local_day(account.created_at, program.time_zone), program.locale)
    is_me = account.id == actor().account_id
    return PersonRow(account.id or 0, account.name, account.email, account.role.capitalize(), since, is_me)
