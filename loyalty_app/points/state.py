"""What a member sees of their points."""

from dataclasses import dataclass
from typing import ClassVar

import reflex as rx
from sqlmodel import Session

from loyalty_app.core import times
from loyalty_app.core.actor import Permission, actor
from loyalty_app.core.addresses import address, number
from loyalty_app.core.database import read
from loyalty_app.core.languages import Language, spoken
from loyalty_app.points import service as ledger
from loyalty_app.points.models import EntryKind, PointsEntry
from loyalty_app.points.rules import said_for, say_points, signed
from loyalty_app.points.service import Ledger
from loyalty_app.program import service as programs
from loyalty_app.program.models import Program
from loyalty_app.program.rules import say_number
from loyalty_app.ui.live import hub


@dataclass(frozen=True)
class EntryRow:
    """A movement of points in a reader's words."""

    id: int
    title: str
    what: str
    points: str
    is_minus: bool
    balance: str
    at: str
    clock: str


class PointsState(rx.State):
    """A member's own points; the place in the ledger is kept in the address."""

    permission: ClassVar[Permission] = Permission.CLAIM

    balance: rx.Field[str] = rx.field("")
    is_below: rx.Field[bool] = rx.field(default=False)
    rows: rx.Field[list[EntryRow]] = rx.field(default_factory=list)
    first_page: rx.Field[str] = rx.field("")
    next_page: rx.Field[str] = rx.field("")
    is_loaded: rx.Field[bool] = rx.field(default=False)

    _before: int = 0

    @rx.event
    async def opened(self) -> None:
        """Show the page of the ledger that the address asks for, and keep it fresh."""
        self._before = number(self.router.url.query_parameters.get("before", ""))
        hub.subscribe(self, PointsState.refresh, await read(ledger.my_topic, by=actor()))
        await self._show()

    @rx.event
    async def refresh(self) -> None:
        """Show it again after points came or went."""
        await self._show()

    async def _show(self) -> None:
        program, found = await read(_mine, self._before)
        words = spoken()
        shown, more = found.entries[: ledger.PAGE], found.entries[ledger.PAGE :]
        self.balance = say_points(found.balance, words.formats(program.locale), words)
        self.is_below = found.balance < 0
        self.rows = [_row(entry, program, words) for entry in shown]
        here = words.at("/my/points/")
        self.first_page = here if self._before else ""
        self.next_page = address(here, {"before": shown[-1].id}) if more else ""
        self.is_loaded = True


def _mine(session: Session, before: int) -> tuple[Program, Ledger]:
    return programs.current(session), ledger.mine(session, after=before, limit=ledger.PAGE + 1, by=actor())


def _row(entry: PointsEntry, program: Program, words: Language) -> EntryRow:
    zone, locale = program.time_zone, words.formats(program.locale)
    what, title = _what(entry.kind, words), said_for(entry.title, entry.points)
    return EntryRow(
        id=entry.id or 0,
        title=title or what,
        what=what if title else "",
        points=signed(entry.points, locale),
        is_minus=entry.points < 0,
        balance=words("balance {points}", points=say_number(entry.balance, locale)),
        at=times.say_instant(entry.at, zone, locale),
        clock=times.clock(entry.at, zone),
    )


def _what(kind: EntryKind, words: Language) -> str:
    match kind:
        case EntryKind.REDEMPTION:
            return words("Code redeemed")
        case EntryKind.REVERSAL:
            return words("Taken back")
        case EntryKind.ADJUSTMENT:
            return words("Changed by our team")
