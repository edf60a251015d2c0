"""The business profile, and how it will look."""

from typing import Any, ClassVar

import reflex as rx
from sqlmodel import Session

from loyalty_app.core import times
from loyalty_app.core.actor import Permission, actor
from loyalty_app.core.database import read, transact
from loyalty_app.core.errors import InvalidError
from loyalty_app.program import rules
from loyalty_app.program import service as programs
from loyalty_app.program.models import Program
from loyalty_app.program.service import Face
from loyalty_app.ui.errors import NoticeState, say
from loyalty_app.ui.forms import SUMMARY, typed

NO_COLOR = "#0f5f4f"
"""What the colour field shows while there is no brand colour: the house's own."""


class ProfileState(rx.State):
    """The form of the business profile, with its preview."""

    permission: ClassVar[Permission] = Permission.PROGRAM_MANAGEMENT

    name: rx.Field[str] = rx.field("")
    brand_color: rx.Field[str] = rx.field("")
    color: rx.Field[str] = rx.field("")
    logo: rx.Field[str] = rx.field("")
    digest: rx.Field[str] = rx.field("")
    about: rx.Field[str] = rx.field("")
    website: rx.Field[str] = rx.field("")
    contact: rx.Field[str] = rx.field("")
    time_zone: rx.Field[str] = rx.field("")
    locale: rx.Field[str] = rx.field("")
    currency: rx.Field[str] = rx.field("")
    undo_minutes: rx.Field[str] = rx.field("")
    lock_minutes: rx.Field[str] = rx.field("")
    light: rx.Field[dict[str, str]] = rx.field(default_factory=dict)
    dark: rx.Field[dict[str, str]] = rx.field(default_factory=dict)
    problems: rx.Field[dict[str, str]] = rx.field(default_factory=dict)
    picked: rx.Field[int] = rx.field(0)
    version: rx.Field[int] = rx.field(0)
    is_loaded: rx.Field[bool] = rx.field(default=False)

    @rx.event
    async def opened(self) -> None:
        """Show the profile as it is."""
        await self._show()

    @rx.event
    async def preview_name(self, name: str) -> None:
        """Show the name as it is typed."""
        self.name = str(name)[: rules.NAME_LENGTH]

    @rx.event
    async def type_color(self, color: str) -> None:
        """Show the colour as it is typed."""
        self._paint(str(color).strip().lower())

    @rx.event
    async def pick_color(self, color: str) -> None:
        """Show the colour that was picked, also as text."""
        self._paint(str(color).strip().lower())
        self.picked += 1

    @rx.event
    async def take_color_away(self) -> None:
        """Go back to the colour of the house."""
        self._paint("")
        self.picked += 1

    @rx.event
    async def save(self, form: dict[str, Any]) -> rx.event.EventSpec | None:
        """Keep the profile, or say what is not acceptable."""
        draft = typed(rules.Draft, form)
        try:
            await transact(programs.update, draft, by=actor(), now=times.now())
        except InvalidError as problem:
            self.problems = problem.problems
            return rx.set_focus(SUMMARY)
        self.problems = {}
        await self._show()
        say(await self.get_state(NoticeState), "The profile is saved. Open pages show it already.")
        return None

    async def _show(self) -> None:
        program, face = await read(_profile)
        self.name, self.about, self.website, self.contact = face.name, face.about, face.website, face.contact
        self.logo = face.logo
        self.digest = self.logo.rpartition("/")[2]
        self.time_zone, self.locale, self.currency = program.time_zone, program.locale, program.currency
        self.undo_minutes, self.lock_minutes = str(program.undo_minutes), str(program.lock_minutes)
        self._paint(program.brand_color)
        self.version += 1
        self.is_loaded = True

    def _paint(self, color: str) -> None:
        is_color = bool(rules.COLOR.fullmatch(color))
        if color and not is_color:
            return
        self.brand_color, self.color = color, color or NO_COLOR
        self.light, self.dark = (_painted(color, scheme) for scheme in ("light", "dark"))


def _painted(color: str, scheme: str) -> dict[str, str]:
    accent = rules.accent(color, scheme) if color else rules.STANDARD[scheme]
    card, paper, _ = rules.PAPERS[scheme]
    return {
        "--accent": accent.accent,
        "--on-accent": accent.on_accent,
        "--accent-soft": accent.soft,
        "--paper": paper,
        "--card": card,
        "--ink": "#1c1b1a" if scheme == "light" else "#f2f0ec",
        "--ink-quiet": "#57534e" if scheme == "light" else "#b5afa6",
        "--line": "#dedad4" if scheme == "light" else "#3d3935",
    }


def _profile(session: Session) -> tuple[Program, Face]:
    return programs.current(session), programs.face(session)
