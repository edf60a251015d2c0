"""Who is signed in, for the frame around every page."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar

import reflex as rx
from sqlmodel import Session

from loyalty_app.accounts import rules
from loyalty_app.accounts import service as accounts
from loyalty_app.accounts.models import Account, AccountSession, Role
from loyalty_app.core import times
from loyalty_app.core.actor import Actor, Permission, account_topic, actor, device_topic
from loyalty_app.core.config import settings
from loyalty_app.core.database import read, transact
from loyalty_app.core.errors import InvalidError
from loyalty_app.core.languages import ENGLISH, spoken
from loyalty_app.program import service as programs
from loyalty_app.program.models import Program
from loyalty_app.program.rules import theme
from loyalty_app.ui.errors import NoticeState, say, turn_page
from loyalty_app.ui.forms import typed
from loyalty_app.ui.guard import FORBIDDEN
from loyalty_app.ui.live import hub

SETTINGS = {
    "settings": Permission.PROGRAM_MANAGEMENT,
    "people": Permission.USER_MANAGEMENT,
    "api-keys": Permission.API_KEY_MANAGEMENT,
    "keys": Permission.PROGRAM_MANAGEMENT,
    "audit-log": Permission.VIEW_AUDIT_LOG,
    "locations": Permission.PLACE_MANAGEMENT,
}
"""Which page of the settings needs what, by the last step of its address."""


DONE = frozenset({"name", "password", "pin"})
"""What the own account says was changed."""


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
    may_view_dashboard: rx.Field[bool] = rx.field(default=False)
    may_view_redemptions: rx.Field[bool] = rx.field(default=False)
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
        self.home = spoken().at(rules.home(by.role, is_by_pin=by.is_by_pin) if by.is_signed_in else "/sign-in/")
        self.is_member = by.may(Permission.CLAIM)
        self.may_view_dashboard = by.may(Permission.VIEW_DASHBOARD)
        self.may_view_redemptions = by.may(Permission.VIEW_REDEMPTIONS)
        self.may_scan = by.may(Permission.REDEEM)
        self.may_manage = by.may(Permission.QR_CODE_MANAGEMENT)
        self.may_view_members = by.may(Permission.VIEW_MEMBERS)
        self.settings = [step for step, permission in SETTINGS.items() if by.may(permission)]
        turn_page(await self.get_state(NoticeState))
        if by.is_signed_in:
            hub.subscribe(self, ShellState.recheck, account_topic(by.account_id))
        if by.device_id is not None:
            hub.subscribe(self, ShellState.recheck, device_topic(by.device_id))

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
    is_reset: bool = False
    """Whether a new password was just chosen."""
    is_loaded: bool = False

    @rx.event
    async def opened(self) -> rx.event.EventSpec | None:
        """Remember where the visitor wanted to go; somebody signed in goes on at once."""
        self.is_reset = "reset" in self.router.url.query_parameters
        self.next_path = rules.safe_return(self.router.url.query_parameters.get("next", ""))
        self.is_loaded = True
        if actor().is_signed_in:
            home = rules.home(actor().role, is_by_pin=actor().is_by_pin)
            return rx.redirect(spoken().at(self.next_path or home))
        return None

    @rx.event
    async def setup_opened(self) -> None:
        """Check the one-time link."""
        self.setup_secret = self.router.url.query_parameters.get("token", "")[:100]
        self.is_setup_open = await read(accounts.setup_is_open, self.setup_secret)
        self.is_loaded = True


class VerifyState(rx.State):
    """Whose address a sign-up waits for a code from."""

    permission: ClassVar[Permission] = Permission.PUBLIC

    sign_up: str = ""
    email: str = ""
    next_path: str = ""
    is_sent_again: bool = False
    has_mail_server: rx.Field[bool] = rx.field(default=False)
    is_loaded: bool = False

    @rx.event
    async def opened(self) -> None:
        """Find the sign-up that the address names."""
        query = self.router.url.query_parameters
        self.sign_up = query.get("sign_up", "")[:100]
        self.email = await read(accounts.pending_email, self.sign_up) or ""
        self.next_path = rules.safe_return(query.get("next", ""))
        self.is_sent_again = "sent" in query
        self.has_mail_server = _has_mail_server()
        self.is_loaded = True


class ResetState(rx.State):
    """The way back in for who forgot their password."""

    permission: ClassVar[Permission] = Permission.PUBLIC

    token: str = ""
    is_sent: bool = False
    is_open: bool = False
    has_mail_server: rx.Field[bool] = rx.field(default=False)
    is_loaded: bool = False

    @rx.event
    async def forgot_opened(self) -> None:
        """Say what to do next, once a link was asked for."""
        self.is_sent = "sent" in self.router.url.query_parameters
        self.has_mail_server = _has_mail_server()
        self.is_loaded = True

    @rx.event
    async def reset_opened(self) -> None:
        """Check the link from the mail."""
        self.token = self.router.url.query_parameters.get("token", "")[:100]
        self.is_open = await read(accounts.reset_email, self.token, now=times.now()) is not None
        self.is_loaded = True


@dataclass(frozen=True)
class SessionRow:
    """A browser that somebody is signed in with, as their list shows it."""

    key: str
    device: str
    since: str
    is_this: bool


class AccountState(rx.State):
    """The account of whoever is signed in."""

    permission: ClassVar[Permission] = Permission.PUBLIC

    name: rx.Field[str] = rx.field("")
    email: rx.Field[str] = rx.field("")
    done: rx.Field[str] = rx.field("")
    is_member: rx.Field[bool] = rx.field(default=False)
    may_have_pin: rx.Field[bool] = rx.field(default=False)
    has_pin: rx.Field[bool] = rx.field(default=False)
    sessions: rx.Field[list[SessionRow]] = rx.field(default_factory=list)
    is_loaded: rx.Field[bool] = rx.field(default=False)

    @rx.event
    async def opened(self) -> rx.event.EventSpec | None:
        """Show the account; a stranger signs in first."""
        if actor().account_id is None:
            return rx.redirect(spoken().at("/sign-in/") + "?next=/account/")
        if actor().is_by_pin:
            return rx.redirect(spoken().at(FORBIDDEN))
        done = self.router.url.query_parameters.get("done", "")
        self.done = done if done in DONE else ""
        await self._show()
        hub.subscribe(self, AccountState.refresh, account_topic(actor().account_id))
        return None

    @rx.event
    async def refresh(self) -> None:
        """Show what changed in another browser."""
        if actor().account_id is not None and not actor().is_by_pin:
            await self._show()

    @rx.event
    async def end_session(self, key: str) -> None:
        """Sign one other browser out."""
        await transact(accounts.end_my_session, str(key), by=actor(), now=times.now())
        await self._show()
        words = spoken()
        say(await self.get_state(NoticeState), words("That browser is signed out."))

    @rx.event
    async def end_other_sessions(self) -> None:
        """Sign every other browser out."""
        await transact(accounts.end_my_other_sessions, by=actor())
        await self._show()
        words = spoken()
        say(await self.get_state(NoticeState), words("All other browsers are signed out."))

    async def _show(self) -> None:
        account, program, sessions = await read(_mine)
        locale = program.locale if spoken() == ENGLISH else spoken().tag
        self.name, self.email = account.name, account.email
        self.is_member = actor().may(Permission.CLAIM)
        self.may_have_pin, self.has_pin = actor().may(Permission.REDEEM), bool(account.pin_hash)
        self.sessions = [_session(one, program, locale) for one in sessions]
        self.is_loaded = True


@dataclass(frozen=True)
class PersonRow:
    """Somebody who works here, as the list shows them."""

    id: int = 0
    name: str = ""
    email: str = ""
    role: str = ""
    role_words: str = ""
    since: str = ""
    is_active: bool = True
    is_me: bool = False
    may_have_pin: bool = False
    has_pin: bool = False


class PeopleState(rx.State):
    """Everybody who works here."""

    permission: ClassVar[Permission] = Permission.USER_MANAGEMENT

    rows: rx.Field[list[PersonRow]] = rx.field(default_factory=list)
    chosen: rx.Field[PersonRow] = rx.field(default_factory=PersonRow)
    problems: rx.Field[dict[str, str]] = rx.field(default_factory=dict)
    is_loaded: rx.Field[bool] = rx.field(default=False)

    @rx.event
    async def opened(self) -> None:
        """Show everybody."""
        self.chosen = PersonRow()
        await self._show()

    @rx.event
    async def choose(self, account_id: int) -> rx.event.EventSpec:
        """Open somebody's account, and go there."""
        self.problems = {}
        self.chosen = next((row for row in self.rows if row.id == int(account_id)), PersonRow())
        return rx.set_focus("person_name")

    @rx.event
    async def leave(self) -> None:
        """Leave the account as it is."""
        self.chosen, self.problems = PersonRow(), {}

    @rx.event
    async def save(self, form: dict[str, Any]) -> None:
        """Change the chosen one's name and role."""
        changes = typed(PersonDraft, form)
        try:
            name = await transact(_change, self.chosen.id, changes, by=actor(), now=times.now())
        except InvalidError as refused:
            self.problems = {f"person_{field}": sentence for field, sentence in refused.problems.items()}
            return
        await self._done(f"{name}'s account is changed.")

    @rx.event
    async def switch(self, is_active: bool) -> None:  # noqa: FBT001 - an event's arguments come by position
        """Let the chosen one in no more, or again."""
        name = await transact(accounts.switch, self.chosen.id, is_active=bool(is_active), by=actor(), now=times.now())
        await self._done(f"{name} may sign in again." if is_active else f"{name} is switched off and signed out.")

    @rx.event
    async def end_sessions(self) -> None:
        """Sign the chosen one out everywhere."""
        name = await transact(accounts.end_sessions, self.chosen.id, by=actor(), now=times.now())
        await self._done(f"{name} is signed out everywhere.")

    async def _done(self, sentence: str) -> None:
        self.chosen, self.problems = PersonRow(), {}
        await self._show()
        say(await self.get_state(NoticeState), sentence)

    async def _show(self) -> None:
        program, staff = await read(_staff)
        self.rows = [_person(one, program) for one in staff]
        self.is_loaded = True


@dataclass(frozen=True)
class PersonDraft:
    """What is asked of a change; the form for a new account has a name and a role too."""

    person_name: str = ""
    person_role: str = ""


def _change(session: Session, account_id: int, draft: PersonDraft, *, by: Actor, now: datetime) -> str:
    if draft.person_role not in set(Role):
        raise InvalidError(role="Choose what the account is for.")
    name = accounts.change_role(session, account_id, Role(draft.person_role), by=by, now=now)
    if draft.person_name.strip() != name:
        accounts.rename(session, account_id, draft.person_name, by=by, now=now)
    return draft.person_name.strip()


def _has_mail_server() -> bool:
    return bool(settings().smtp_url.get_secret_value())


def _mine(session: Session) -> tuple[Account, Program, list[AccountSession]]:
    by = actor()
    mine = accounts.my_sessions(session, by=by, now=times.now())
    return accounts.my_account(session, by=by), programs.current(session), mine


def _session(one: AccountSession, program: Program, locale: str) -> SessionRow:
    words = spoken()
    return SessionRow(
        accounts.session_key(one.secret_hash),
        one.device or words("Unknown browser"),
        times.say_instant(one.created_at, program.time_zone, locale),
        one.secret_hash == actor().session_hash,
    )


def _staff(session: Session) -> tuple[Program, list[Account]]:
    return programs.current(session), accounts.staff(session, by=actor())


def _person(account: Account, program: Program) -> PersonRow:
    since = times.say_day(times.local_day(account.created_at, program.time_zone), program.locale)
    return PersonRow(
        account.id or 0,
        account.name,
        account.email,
        account.role,
        account.role.capitalize(),
        since,
        account.is_active,
        account.id == actor().account_id,
        Permission.REDEEM in rules.PERMISSIONS[account.role],
        bool(account.pin_hash),
    )
