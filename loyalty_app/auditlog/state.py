"""The trail, a page at a time."""

from dataclasses import dataclass, replace
from datetime import date
from typing import Any, ClassVar
from urllib.parse import urlencode

import reflex as rx
from sqlmodel import Session

from loyalty_app.audit.models import AuditEntry
from loyalty_app.audit.service import TOPIC
from loyalty_app.auditlog import rules
from loyalty_app.auditlog import service as auditlog
from loyalty_app.auditlog.service import Wish
from loyalty_app.core import times
from loyalty_app.core.actor import Permission, actor
from loyalty_app.core.addresses import address, number
from loyalty_app.core.database import read
from loyalty_app.core.texts import storable
from loyalty_app.program import service as programs
from loyalty_app.program.models import Program
from loyalty_app.ui.live import hub

MOST_TYPED = 80


@dataclass(frozen=True)
class EntryRow:
    """An entry as its row shows it."""

    id: int
    at: str
    who: str
    what: str
    details: str
    address: str


@dataclass(frozen=True)
class Search:
    """What the address asks for, as text."""

    q: str = ""
    person: str = ""
    kind: str = ""
    since: str = ""
    until: str = ""


@dataclass(frozen=True)
class _Page:
    rows: list[EntryRow]
    people: list[str]


class AuditState(rx.State):
    """One page of the trail; search, filters and place are kept in the address."""

    permission: ClassVar[Permission] = Permission.VIEW_AUDIT_LOG

    rows: rx.Field[list[EntryRow]] = rx.field(default_factory=list)
    people: rx.Field[list[str]] = rx.field(default_factory=list)
    search: Search = Search()
    first_page: rx.Field[str] = rx.field("")
    next_page: rx.Field[str] = rx.field("")
    file: rx.Field[str] = rx.field("")
    is_loaded: rx.Field[bool] = rx.field(default=False)

    _before: int = 0

    @rx.event
    async def opened(self) -> None:
        """Show the page that the address asks for, and keep it fresh."""
        asked = self.router.url.query_parameters
        self.search = _search({name: asked.get(name, "") for name in vars(Search())})
        before = asked.get("before", "")
        self._before = number(before)
        hub.subscribe(self, AuditState.refresh, TOPIC)
        await self._show()

    @rx.event
    async def refresh(self) -> None:
        """Show it again after something was done."""
        await self._show()

    @rx.event
    async def find(self, form: dict[str, Any]) -> rx.event.EventSpec:
        """Go to the address of this search."""
        return rx.redirect(_address(_search(form)))

    async def _show(self) -> None:
        found = await read(_page, wish(self.search), self._before)
        rows, more = found.rows[: auditlog.PAGE], found.rows[auditlog.PAGE :]
        self.rows, self.people = rows, found.people
        self.first_page = _address(self.search) if self._before else ""
        self.next_page = _address(self.search, rows[-1].id) if more else ""
        self.file = f"/api/v1/audit-log.csv?{urlencode(vars(self.search))}"
        self.is_loaded = True


def wish(search: Search) -> Wish:
    """Return what an address asks for; what cannot be read filters nothing."""
    return Wish(
        search.q,
        search.person,
        search.kind if search.kind in rules.KINDS else "",
        _day(search.since),
        _day(search.until),
    )


def _search(form: dict[str, Any]) -> Search:
    typed = {name: storable(str(form.get(name) or "")).strip()[:MOST_TYPED] for name in vars(Search())}
    return replace(Search(), **typed)


def _address(search: Search, before: int = 0) -> str:
    return address("/admin/settings/audit-log/", vars(search) | {"before": before})


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def _page(session: Session, asked: Wish, before: int) -> _Page:
    by, program = actor(), programs.current(session)
    found = auditlog.listed(session, asked, before=before, limit=auditlog.PAGE + 1, by=by)
    gone = auditlog.deleted(session, {entry.subject for entry in found}, by=by)
    return _Page([_row(entry, program, gone) for entry in found], auditlog.people(session, by=by))


def _row(entry: AuditEntry, program: Program, gone: set[str]) -> EntryRow:
    return EntryRow(
        entry.id or 0,
        times.say_instant(entry.at, program.time_zone, program.locale),
        entry.actor or "system",
        rules.sentence(entry),
        entry.details,
        "" if entry.subject in gone else rules.address(entry.subject),
    )
