"""What the Redemptions page shows, and what may be undone there."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from typing import Any, ClassVar
from urllib.parse import urlencode

import reflex as rx
from sqlmodel import Session

from loyalty_app.batches import service as batches
from loyalty_app.core import times
from loyalty_app.core.actor import Permission, actor
from loyalty_app.core.addresses import address, number
from loyalty_app.core.database import read, transact
from loyalty_app.core.errors import InvalidError, NotFoundError
from loyalty_app.core.reasons import Reason
from loyalty_app.program import service as programs
from loyalty_app.program.models import Program
from loyalty_app.redemptiondesk import answers, rules
from loyalty_app.redemptiondesk.answers import Cards, ConflictRow, Details, RedemptionRow
from loyalty_app.redemptiondesk.rules import Search
from loyalty_app.redemptions import conflicts, history, numbers, search
from loyalty_app.redemptions import rules as redemption_rules
from loyalty_app.redemptions import service as redemptions
from loyalty_app.redemptions.asks import Refused
from loyalty_app.redemptions.history import Line, Wish
from loyalty_app.redemptions.models import RedemptionStatus
from loyalty_app.redemptions.numbers import Choices, Stand
from loyalty_app.tills.state import TillState
from loyalty_app.ui.forms import text_of
from loyalty_app.ui.live import CLOCK, hub

HOME = "/admin/redemptions/"
PAGE = 25
MOST_COUNTED = 10_000

REFUSALS = {
    Reason.REVERSAL_DENIED: "The time to undo it is over. A lead or an admin can undo it.",
    Reason.ALREADY_REVERSED: "It was undone before, by somebody else.",
}


@dataclass(frozen=True)
class ChoiceRow:
    """A place or a person to narrow the list to."""

    value: str
    name: str


@dataclass(frozen=True)
class _Page:
    rows: list[RedemptionRow]
    is_more: bool
    is_least: bool
    """Whether its text is looked for among the newest only."""


class RedemptionsState(rx.State):
    """The numbers, a page of the history, and one redemption of it; all that is asked for stands in the address."""

    permission: ClassVar[Permission] = Permission.VIEW_REDEMPTIONS

    cards: rx.Field[Cards] = rx.field(default_factory=Cards)
    rows: rx.Field[list[RedemptionRow]] = rx.field(default_factory=list)
    places: rx.Field[list[ChoiceRow]] = rx.field(default_factory=list)
    people: rx.Field[list[ChoiceRow]] = rx.field(default_factory=list)
    conflicts: rx.Field[list[ConflictRow]] = rx.field(default_factory=list)
    conflicts_words: rx.Field[str] = rx.field("")
    conflicts_rest: rx.Field[str] = rx.field("")
    """How many of them are shown, if not all are."""
    may_settle: rx.Field[bool] = rx.field(default=False)
    found: rx.Field[str] = rx.field("")
    """How many fit the search."""
    narrowed: rx.Field[str] = rx.field("")
    """What the list is narrowed to, in words."""
    days_problem: rx.Field[str] = rx.field("")
    """Why one of the days narrows nothing."""
    news: rx.Field[str] = rx.field("")
    """How many came since, where showing them would move what is being read."""
    here: rx.Field[str] = rx.field("")
    """The address of this page up to the number of a redemption."""
    first_page: rx.Field[str] = rx.field("")
    next_page: rx.Field[str] = rx.field("")
    file: rx.Field[str] = rx.field("")
    file_words: rx.Field[str] = rx.field("")
    """How many rows the file will have."""
    has_file: rx.Field[bool] = rx.field(default=False)
    one: rx.Field[Details] = rx.field(default_factory=Details)
    is_loaded: rx.Field[bool] = rx.field(default=False)

    _search: Search = Search()
    _after: int = 0
    _seen: int | None = None
    """The newest redemption that the reader has been shown under this search."""
    _began: int = 0
    """The newest one when they began to look: what is above it arrived before their eyes."""
    _is_scrolled: bool = False
    _counted: int | None = None
    """How many fit the search, up to one more than is counted; nothing until they are."""
    _is_more: bool = False
    """Whether more fit than a page holds."""
    _is_least: bool = False
    """Whether the file looks further than the list."""
    _locale: str = ""

    @rx.event
    async def opened(self) -> list[Any]:
        """Show the page that the address asks for, and keep it fresh."""
        asked = self.router.url.query_parameters
        wanted, after, one = rules.search(asked), number(asked.get("after", "")), number(asked.get("redemption", ""))
        # Opening and closing one redemption leaves the list as it stands.
        is_same = (wanted, after) == (self._search, self._after) and bool(one or self.one.id)
        if not (is_same and self.is_loaded):
            self._search, self._after, self._seen, self._is_scrolled = wanted, after, None, False
            self._counted = None
        hub.subscribe(self, RedemptionsState.refresh, redemptions.TOPIC, batches.TOPIC)
        hub.subscribe(self, RedemptionsState.recount, _counting(), CLOCK)
        self.may_settle = actor().may(Permission.REVERSE_REDEMPTIONS)
        await self._show()
        await self._show_one(one)
        # A tablet that is left alone locks here too.
        return [*self._next(), *([TillState.opened] if actor().may(Permission.REDEEM) else [])]

    @rx.event
    async def refresh(self) -> list[Any]:
        """Show it again after something changed."""
        await self._show()
        await self._show_one(self.one.id)
        return self._next()

    @rx.event
    async def recount(self) -> None:
        """Show the numbers again: vouchers expire without anybody doing anything."""
        await self._show_cards()

    @rx.event
    async def count(self) -> None:
        """Count what fits, once the list is shown: the file will have as many rows."""
        wanted = self._search
        found = await hub.shared(batches.TOPIC, (wanted, "count", *_sees()), lambda: read(_count, wanted))
        self._say_count(found)

    @rx.event
    async def scrolled(self, is_scrolled: bool = False) -> None:  # noqa: FBT001, FBT002 - an event's arguments come by position
        """Remember whether the reader is among the rows; back at the top they see what came meanwhile."""
        self._is_scrolled = bool(is_scrolled)
        if self.news and not self._is_scrolled:
            await self._show()

    @rx.event
    async def show_news(self) -> rx.event.EventSpec:
        """Show what came meanwhile."""
        if self._after:
            return rx.redirect(_address(self._search))
        self._seen, self._is_scrolled = None, False
        await self._show()
        return rx.call_function("() => scrollTo({ top: 0 })")

    async def _show(self) -> None:
        program, choices = await self._show_cards()
        self._locale = program.locale
        self.places = [ChoiceRow(str(one.id), one.name) for one in choices.places]
        self.people = [ChoiceRow(str(one.id), one.name) for one in choices.staff]
        newest = await self._page(0)
        self._is_least = newest.is_least
        parts = answers.say_search(self._search, choices, program, is_least=newest.is_least)
        self.narrowed = rules.say_narrowed(parts) if parts else ""
        self.days_problem = "This is before From, so it is left out." if self._search.is_backwards else ""
        top = newest.rows[0].id if newest.rows else 0
        if self._seen is None:
            self._seen = self._began = top
        # Who looks for something by words finds it where it stood; filters are for watching.
        if not (self._after or self._is_scrolled or self._search.q) or not self.rows:
            self._seen = top
        page = newest if top == self._seen and not self._after else await self._page(self._after or self._seen + 1)
        self.rows = [replace(row, is_new=True) if row.id > self._began else row for row in page.rows]
        self.news = rules.say_news(sum(row.id > self._seen for row in newest.rows), PAGE - 1)
        self.here = _address(self._search, self._after, 1).removesuffix("1")
        self.first_page = _address(self._search) if self._after else ""
        self.next_page = _address(self._search, self.rows[-1].id) if page.is_more else ""
        self.file = f"/api/v1/redemptions.csv?{urlencode(_asked_of_programs(self._search))}"
        self._is_more = newest.is_more
        self._say_count(self._counted if newest.is_more else len(newest.rows))
        await self._show_conflicts()
        self.is_loaded = True

    async def _show_cards(self) -> tuple[Program, Choices]:
        stand, program, choices = await hub.shared(batches.TOPIC, "redemptions", lambda: read(_numbers))
        active = await hub.shared(_counting(), "active", lambda: read(_active))
        self.cards = answers.say_cards(stand, active, program)
        return program, choices

    def _next(self) -> list[Any]:
        # What fills no page is counted with it; and where there are too many, one more changes nothing.
        return [RedemptionsState.count] if self._is_more and (self._counted or 0) <= MOST_COUNTED else []

    def _say_count(self, number: int | None) -> None:
        # What the index does not know the list looks for among the newest only; the file looks for it everywhere.
        self._counted, self.has_file = number, number != 0 or self._is_least
        self.found = self.file_words = ""
        if number is None:
            return
        self.file_words = rules.say_rows(number, MOST_COUNTED, self._locale, is_least=self._is_least)
        if self.narrowed and not self._after:
            self.found = rules.say_found(number, MOST_COUNTED, self._locale)

    async def _show_conflicts(self) -> None:
        found, waiting = await hub.shared(redemptions.TOPIC, ("conflicts", *_sees()), lambda: read(_conflicts))
        self.conflicts = list(found)
        self.conflicts_words = rules.say_conflicts(waiting, self._locale) if found else ""
        self.conflicts_rest = rules.say_rest(len(found), waiting, self._locale)

    async def _page(self, after: int) -> _Page:
        wanted = self._search
        return await hub.shared(batches.TOPIC, (wanted, after, *_sees()), lambda: read(_page, wanted, after))

    async def _show_one(self, redemption_id: int) -> None:
        if not redemption_id:
            self.one = Details()
            return
        try:
            program, line, stands = await read(_one, redemption_id)
        except NotFoundError:
            self.one = Details(redemption_id, is_missing=True)
            return
        self.one = answers.say_details(line, stands, program, by=actor(), now=times.now())


class UndoState(rx.State):
    """What undoes a redemption: staff their own last scan, leads and admins any, with a reason."""

    permission: ClassVar[Permission] = Permission.REDEEM

    about: rx.Field[int] = rx.field(0)
    """Which redemption the words below are about."""
    said: rx.Field[str] = rx.field("")
    problem: rx.Field[str] = rx.field("")
    busy: rx.Field[bool] = rx.field(default=False)

    @rx.event
    async def undo(self, redemption_id: int = 0) -> AsyncIterator[None]:
        """Undo one's own scan."""
        self.busy = True
        yield
        await self._reverse(number(str(redemption_id)), "")

    @rx.event
    async def undo_any(self, form: dict[str, Any]) -> AsyncIterator[None]:
        """Undo whoever's it is, and say why."""
        self.busy = True
        yield
        await self._reverse(number(text_of(form, "redemption")), text_of(form, "why"))

    async def _reverse(self, redemption_id: int, why: str) -> None:
        self.about, self.said, self.problem = redemption_id, "", ""
        try:
            answer = await transact(redemptions.reverse, redemption_id, reason=why, by=actor(), now=times.now())
        except (InvalidError, NotFoundError) as refused:
            self.problem = str(refused)
            return
        finally:
            self.busy = False
        if isinstance(answer, Refused):
            self.problem = REFUSALS[answer.reason]
        else:
            self.said = f"Undone. {redemption_rules.say_again('The code', answer.stands)}"


class SettleState(rx.State):
    """What puts a conflict aside that people have dealt with."""

    permission: ClassVar[Permission] = Permission.REVERSE_REDEMPTIONS

    busy: rx.Field[int] = rx.field(0)

    @rx.event
    async def settle(self, attempt_id: int = 0) -> AsyncIterator[None]:
        """Put one aside."""
        self.busy = number(str(attempt_id))
        yield
        try:
            await transact(conflicts.settle, self.busy, by=actor(), now=times.now())
        finally:
            self.busy = 0


def wish(wanted: Search, zone: str) -> Wish:
    """Return what an address asks for; what cannot be read filters nothing."""
    first, last = wanted.first_day, wanted.last_day
    return Wish(
        text=wanted.q,
        status=RedemptionStatus(wanted.status) if wanted.status else None,
        place_id=number(wanted.place) or None,
        account_id=number(wanted.staff) or None,
        since=times.start_of_day(first, zone) if first else None,
        until=times.end_of_day(last, zone) if last else None,
    )


def _sees() -> tuple[bool, ...]:
    """Return what decides how much of a list somebody may see: what is shared is shared by those who see the same."""
    return tuple(map(actor().may, (Permission.VIEW_MEMBERS, Permission.REDEEM, Permission.QR_CODE_MANAGEMENT)))


def _address(wanted: Search, after: int = 0, redemption: int = 0) -> str:
    return address(HOME, vars(wanted) | {"after": after, "redemption": redemption})


def _asked_of_programs(wanted: Search) -> dict[str, str]:
    asked = {
        "q": wanted.q,
        "status": wanted.status,
        "placeId": wanted.place,
        "staffId": wanted.staff,
        "from": wanted.since,
        "to": wanted.until if wanted.last_day else "",
    }
    return {name: words for name, words in asked.items() if words}


def _counting() -> str:
    return hub.slow(batches.TOPIC, "active vouchers")


def _numbers(session: Session) -> tuple[Stand, Program, Choices]:
    by = actor()
    return numbers.stand(session, by=by), programs.current(session), numbers.choices(session, by=by)


def _active(session: Session) -> int:
    return numbers.active(session, by=actor(), now=times.now())


def _page(session: Session, wanted: Search, after: int) -> _Page:
    program = programs.current(session)
    asked = wish(wanted, program.time_zone)
    found = history.listed(session, asked, after=after, limit=PAGE + 1, by=actor())
    is_least = search.is_beyond_index(session, wanted.q, by=actor())
    return _Page([answers.say_row(line, program) for line in found[:PAGE]], len(found) > PAGE, is_least)


def _count(session: Session, wanted: Search) -> int:
    asked = wish(wanted, programs.current(session).time_zone)
    return numbers.fitting(session, asked, most=MOST_COUNTED + 1, by=actor())


def _conflicts(session: Session) -> tuple[list[ConflictRow], int]:
    program, found = programs.current(session), conflicts.conflicts(session, by=actor())
    return [answers.say_conflict(one, program) for one in found], conflicts.waiting(session, by=actor())


def _one(session: Session, redemption_id: int) -> tuple[Program, Line, Reason | None]:
    line = history.get(session, redemption_id, by=actor())
    stands = redemptions.stands_after_undo(session, redemption_id, by=actor(), now=times.now())
    return programs.current(session), line, stands
