"""Who is signed in, for the frame around every page."""

from typing import ClassVar

import reflex as rx
from sqlmodel import Session

from loyalty_app.accounts import rules
from loyalty_app.accounts import service as accounts
from loyalty_app.core.actor import Permission, actor
from loyalty_app.core.database import read
from loyalty_app.program import service as programs
from loyalty_app.ui.errors import NoticeState
from loyalty_app.ui.live import hub


class ShellState(rx.State):
    """What the frames show; opened first on every page."""

    permission: ClassVar[Permission] = Permission.PUBLIC

    program_name: rx.Field[str] = rx.field("")
    name: rx.Field[str] = rx.field("")
    home: rx.Field[str] = rx.field("/sign-in/")
    is_signed_in: rx.Field[bool] = rx.field(default=False)
    is_member: rx.Field[bool] = rx.field(default=False)
    may_scan: rx.Field[bool] = rx.field(default=False)
    may_watch: rx.Field[bool] = rx.field(default=False)
    may_manage: bool = False

    @rx.event
    async def opened(self) -> None:
        """Show who is signed in, and end what the page before listened to."""
        hub.forget(self)
        by = actor()
        self.program_name = await read(_program_name)
        self.name, self.is_signed_in = by.name, by.is_signed_in
        self.home = rules.home(by.role) if by.is_signed_in else "/sign-in/"
        self.is_member = by.may(Permission.CLAIM)
        self.may_scan = by.may(Permission.REDEEM)
        self.may_watch = by.may(Permission.VIEW_DASHBOARD)
        self.may_manage = by.may(Permission.QR_CODE_MANAGEMENT)
        notice = await self.get_state(NoticeState)
        notice.notice = ""


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
            return rx.redirect(self.next_path or rules.home(actor().role))
        return None

    @rx.event
    async def setup_opened(self) -> None:
        """Check the one-time link."""
        self.setup_secret = self.router.url.query_parameters.get("token", "")[:100]
        self.is_setup_open = await read(accounts.setup_is_open, self.setup_secret)
        self.is_loaded = True


def _program_name(session: Session) -> str:
    return programs.current(session).name
