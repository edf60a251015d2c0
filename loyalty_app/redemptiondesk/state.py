"""What the Redemptions page shows, and what may be undone there."""

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import Any, ClassVar
from urllib.parse import urlencode

import reflex as rx
from sqlmodel import Session

from loyalty_app.batches import service as batches
from loyalty_app.batches.rules import say_share
from loyalty_app.codes import alphabet
from loyalty_app.core import times
from loyalty_app.core.actor import Actor, Permission, actor
from loyalty_app.core.addresses import address, number
from loyalty_app.core.database import read, transact
from loyalty_app.core.errors import InvalidError, NotFoundError
from loyalty_app.core.reasons import Reason
from loyalty_app.core.texts import storable
from loyalty_app.directory.state import say_reversal
from loyalty_app.points.rules import say_points
from loyalty_app.program import service as programs
from loyalty_app.program.models import Program
from loyalty_app.program.rules import say_money, say_number
from loyalty_app.redemptiondesk import rules
from loyalty_app.redemptiondesk.rules import STATUSES, Search
from loyalty_app.redemptions import conflicts, history, numbers
from loyalty_app.redemptions import rules as redemption_rules
from loyalty_app.redemptions import search as redemption_search
from loyalty_app.redemptions import service as redemptions
from loyalty_app.redemptions.asks import Refused
from loyalty_app.redemptions.conflicts import Conflict, Side
from loyalty_app.redemptions.history import Line, Wish
from loyalty_app.redemptions.models import RedemptionStatus
from loyalty_app.redemptions.numbers import Choices, Stand
from loyalty_app.ui.forms import text_of
from loyalty_app.ui.live import hub

HOME = "/admin/redemptions/"
PAGE = 25
MOST_TYPED = 80

REFUSALS = {
    Reason.REVERSAL_DENIED: "The time to undo it is over. A lead or an admin can take it back.",
    Reason.ALREADY_REVERSED: "It was taken back before, by somebody else.",
}


@dataclass(frozen=True)
class Cards:
    """The numbers above the list (S2-3)."""

    total: str = "0"
    total_note: str = ""
    active: str = "0"
    rate: str = "—"
    rate_words: str = ""
    share: int = 0
    verdict: str = ""
    hint: str = ""


@dataclass(frozen=True)
class RedemptionRow:
    """A redemption as its row shows it (S2-4)."""

    id: int
    code: str
    customer: str
    title: str
    worth: str
    """What it paid, or the basket."""
    status: str
    status_words: str
    at: str
    scanned: str
    """When, if that was without a connection."""
    place: str
    staff: str
    is_new: bool = False


@dataclass(frozen=True)
class Fact:
    """One thing that is known of a redemption, and where there is more of it."""

    label: str
    words: str
    href: str = ""


@dataclass(frozen=True)
class Details:
    """Everything that is known of one redemption, and what may be done about it."""

    id: int = 0
    is_missing: bool = False
    code: str = ""
    status: str = ""
    status_words: str = ""
    facts: list[Fact] = field(default_factory=list)
    undo_until: str = ""
    """Until when whoever looks may undo it as their own scan."""
    may_take_back: bool = False
    why: str = ""
    """Where every check of its code is told."""
    effects: list[str] = field(default_factory=list)
    """What taking it back does."""


@dataclass(frozen=True)
class ConflictRow:
    """A voucher that was given away twice, with both sides (product.md, section 5, item 9)."""

    id: int
    code: str
    about: str
    first: str
    late: str
    redemption: int


@dataclass(frozen=True)
class ChoiceRow:
    """A place or a person to narrow the list to."""

    value: str
    name: str


@dataclass(frozen=True)
class _Page:
    rows: list[RedemptionRow]
    is_more: bool


class RedemptionsState(rx.State):
    """The numbers, a page of the history, and one redemption of it; all that is asked for stands in the address."""

    permission: ClassVar[Permission] = Permission.VIEW_REDEMPTIONS

    cards: rx.Field[Cards] = rx.field(default_factory=Cards)
    rows: rx.Field[list[RedemptionRow]] = rx.field(default_factory=list)
    places: rx.Field[list[ChoiceRow]] = rx.field(default_factory=list)
    people: rx.Field[list[ChoiceRow]] = rx.field(default_factory=list)
    conflicts: rx.Field[list[ConflictRow]] = rx.field(default_factory=list)
    conflicts_words: rx.Field[str] = rx.field("")
    may_settle: rx.Field[bool] = rx.field(default=False)
    found: rx.Field[str] = rx.field("")
    """How many fit the search."""
    narrowed: rx.Field[str] = rx.field("")
    """What the list is narrowed to, in words."""
    news: rx.Field[str] = rx.field("")
    """How many came since, where showing them would move what is being read."""
    here: rx.Field[str] = rx.field("")
    """The address of this page up to the number of a redemption."""
    first_page: rx.Field[str] = rx.field("")
    next_page: rx.Field[str] = rx.field("")
    file: rx.Field[str] = rx.field("")
    one: rx.Field[Details] = rx.field(default_factory=Details)
    is_loaded: rx.Field[bool] = rx.field(default=False)

    _search: Search = Search()
    _after: int = 0
    _seen: int | None = None
    """The newest redemption that the reader has been shown under this search."""
    _began: int = 0
    """The newest one when they began to look: what is above it arrived before their eyes."""
    _is_scrolled: bool = False

    @rx.event
    async def opened(self) -> None:
        """Show the page that the address asks for, and keep it fresh."""
        asked = self.router.url.query_parameters
        search, after, one = _search(asked), number(asked.get("after", "")), number(asked.get("redemption", ""))
        # Opening and closing one redemption leaves the list as it stands.
        is_same = (search, after) == (self._search, self._after) and bool(one or self.one.id)
        if not (is_same and self.is_loaded):
            self._search, self._after, self._seen, self._is_scrolled = search, after, None, False
        hub.subscribe(self, RedemptionsState.refresh, redemptions.TOPIC, batches.TOPIC)
        self.may_settle = actor().may(Permission.REVERSE_REDEMPTIONS)
        await self._show()
        await self._show_one(one)

    @rx.event
    async def refresh(self) -> None:
        """Show it again after something changed."""
        await self._show()
        await self._show_one(self.one.id)

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
        stand, program, choices = await hub.shared(batches.TOPIC, "redemptions", lambda: read(_numbers))
        self.cards = say_cards(stand, program)
        self.places = [ChoiceRow(str(one.id), one.name) for one in choices.places]
        self.people = [ChoiceRow(str(one.id), one.name) for one in choices.staff]
        self.narrowed = rules.say_narrowed(parts) if (parts := say_search(self._search, choices, program)) else ""
        newest = await self._page(0)
        top = newest.rows[0].id if newest.rows else 0
        if self._seen is None:
            self._seen = self._began = top
        if not (self._after or self._is_scrolled or self.narrowed) or not self.rows:
            self._seen = top
        page = newest if top == self._seen and not self._after else await self._page(self._after or self._seen + 1)
        self.rows = [replace(row, is_new=True) if row.id > self._began else row for row in page.rows]
        self.news = rules.say_news(sum(row.id > self._seen for row in newest.rows), PAGE - 1)
        self.here = _address(self._search, self._after, 1).removesuffix("1")
        self.first_page = _address(self._search) if self._after else ""
        self.next_page = _address(self._search, self.rows[-1].id) if page.is_more else ""
        self.file = f"/api/v1/redemptions.csv?{urlencode(_asked_of_programs(self._search))}"
        self.found = ""
        if self.narrowed and not self._after:
            self.found = rules.say_found(len(page.rows), is_more=page.is_more)
        await self._show_conflicts()
        self.is_loaded = True

    async def _show_conflicts(self) -> None:
        found = await hub.shared(redemptions.TOPIC, ("conflicts", *_sees()), lambda: read(_conflicts))
        self.conflicts = list(found)
        self.conflicts_words = rules.say_conflicts(len(found)) if found else ""

    async def _page(self, after: int) -> _Page:
        search = self._search
        return await hub.shared(batches.TOPIC, (search, after, *_sees()), lambda: read(_page, search, after))

    async def _show_one(self, redemption_id: int) -> None:
        if not redemption_id:
            self.one = Details()
            return
        try:
            program, line = await read(_one, redemption_id)
        except NotFoundError:
            self.one = Details(redemption_id, is_missing=True)
            return
        self.one = say_details(line, program, by=actor(), now=times.now())


class UndoState(rx.State):
    """What takes a redemption back: staff their own last scan, leads and admins any, with a reason."""

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
    async def take_back(self, form: dict[str, Any]) -> AsyncIterator[None]:
        """Take one back, and say why."""
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
            self.said = "Taken back. The code is good again."


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


def wish(search: Search, zone: str) -> Wish:
    """Return what an address asks for; what cannot be read filters nothing."""
    since, until = _day(search.since), _day(search.until)
    return Wish(
        text=search.q,
        status=RedemptionStatus(search.status) if search.status else None,
        place_id=number(search.place) or None,
        account_id=number(search.staff) or None,
        since=times.start_of_day(since, zone) if since else None,
        until=times.end_of_day(until, zone) if until else None,
    )


def say_cards(stand: Stand, program: Program) -> Cards:
    """Put the numbers above the list into words."""
    locale, rate = program.locale, stand.coupon_rate
    found = rules.verdict(rate)
    redeemed, distributed = say_number(stand.redeemed, locale), say_number(stand.distributed, locale)
    goodwill = f"{say_number(stand.goodwill, locale)} more as goodwill" if stand.goodwill else ""
    return Cards(
        total=say_number(stand.redemptions, locale),
        total_note=goodwill,
        active=say_number(stand.active, locale),
        rate="—" if rate is None else say_share(stand.redeemed, stand.distributed),
        rate_words="" if rate is None else f"Coupon rate: {redeemed} of {distributed} coupons handed out",
        share=round((rate or 0) * 100),
        verdict=found.value,
        hint=rules.HINTS[found],
    )


def say_search(search: Search, choices: Choices, program: Program) -> list[str]:
    """Return what an address narrows the list to, each as a few words."""
    places = {str(one.id): one.name for one in choices.places}
    people = {str(one.id): one.name for one in choices.staff}
    since, until = _day(search.since), _day(search.until)
    parts = (
        search.q and f"“{search.q}”{_how_far(search.q, program)}",
        search.status and STATUSES[RedemptionStatus(search.status)].lower(),
        search.place and f"at {places.get(search.place, 'a location that is gone')}",
        search.staff and f"by {people.get(search.staff, 'somebody who is gone')}",
        since and f"from {times.say_day(since, program.locale)}",
        until and f"to {times.say_day(until, program.locale)}",
    )
    return [part for part in parts if part]


def _how_far(text: str, program: Program) -> str:
    most = redemption_search.LOOKED_BACK
    return (
        f" (so short, among the newest {say_number(most, program.locale)} only)"
        if redemption_search.is_short(text)
        else ""
    )


def say_details(line: Line, program: Program, *, by: Actor, now: datetime) -> Details:
    """Return everything that a caller may know of a redemption, and may do about it."""
    minutes, is_live = program.undo_minutes, line.status is not RedemptionStatus.REVERSED
    may_undo = is_live and redemption_rules.may_undo(line.staff_id, line.at, by.account_id, minutes, now=now)
    ends_at = line.at + timedelta(minutes=minutes)
    return Details(
        id=line.id,
        code=line.code,
        status=line.status.value,
        status_words=STATUSES[line.status],
        facts=_facts(line, program, by),
        undo_until=times.say_time(ends_at, program.time_zone, program.locale) if may_undo else "",
        why=_why(line, by),
        may_take_back=is_live and not may_undo and by.may(Permission.REVERSE_REDEMPTIONS),
        effects=say_reversal(line, program) if is_live else [],
    )


def say_conflict(one: Conflict, program: Program) -> ConflictRow:
    """Put both sides of a conflict into words."""

    def say(side: Side, staff: str) -> str:
        parts = (
            side.staff or staff,
            f"at {side.place}" if side.place else "",
            f"on {side.device}" if side.device else "",
            times.say_instant(side.at, program.time_zone, program.locale),
        )
        return ", ".join(filter(None, parts))

    sent = times.say_instant(one.sent_at, program.time_zone, program.locale)
    return ConflictRow(
        id=one.id,
        code=one.code,
        about=", ".join(filter(None, (one.title, one.member))),
        first=say(one.first, "A program"),
        late=f"{say(one.late, 'A program')}; sent {sent}",
        redemption=one.redemption_id,
    )


def _why(line: Line, by: Actor) -> str:
    # A code that whoever looks may not read is no question that they could ask.
    if not by.may(Permission.SUPPORT) or line.code.startswith(alphabet.HIDDEN):
        return ""
    return address("/admin/redemptions/why/", {"code": line.code})


def _sees() -> tuple[bool, ...]:
    """Return what decides how much of a list somebody may see: what is shared is shared by those who see the same."""
    return tuple(map(actor().may, (Permission.VIEW_MEMBERS, Permission.REDEEM, Permission.QR_CODE_MANAGEMENT)))


def _facts(line: Line, program: Program, by: Actor) -> list[Fact]:
    def say(instant: datetime | None) -> str:
        return times.say_instant(instant, program.time_zone, program.locale) if instant else ""

    member = f"/admin/members/{line.member_id}" if line.member_id and by.may(Permission.VIEW_MEMBERS) else ""
    batch = f"/admin/batches/{line.batch_id}" if by.may(Permission.VIEW_DASHBOARD) else ""
    taken_back = f"{say(line.reversed_at)} by {line.reversed_by}" if line.reversed_at else ""
    facts = (
        Fact("Customer", line.member, member),
        Fact("Offer", line.title, batch),
        Fact("Points", say_points(line.points, program.locale) if line.points else ""),
        Fact("Basket", "" if line.amount is None else say_money(line.amount, program.currency, program.locale)),
        Fact("Scanned without a connection", say(line.scanned_at)),
        Fact("Arrived here" if line.scanned_at else "Date and time", say(line.at)),
        Fact("Location", line.place),
        Fact("Redeemed by", line.staff),
        Fact("Device", line.device),
        Fact("Honoured because", line.goodwill_reason),
        Fact("Taken back", taken_back),
        Fact("Because", line.reversal_reason),
        *(Fact(label, words) for label, words in (line.answers or {}).items()),
    )
    return [fact for fact in facts if fact.words]


def _search(asked: Mapping[str, str]) -> Search:
    typed = {name: storable(asked.get(name, "")).strip()[:MOST_TYPED] for name in vars(Search())}
    if typed["status"] not in set(RedemptionStatus):
        typed["status"] = ""
    for name in ("place", "staff"):
        typed[name] = str(number(typed[name]) or "")
    for name in ("since", "until"):
        typed[name] = typed[name] if _day(typed[name]) else ""
    return Search(**typed)


def _address(search: Search, after: int = 0, redemption: int = 0) -> str:
    return address(HOME, vars(search) | {"after": after, "redemption": redemption})


def _asked_of_programs(search: Search) -> dict[str, str]:
    asked = {
        "q": search.q,
        "status": search.status,
        "placeId": search.place,
        "staffId": search.staff,
        "from": search.since,
        "to": search.until,
    }
    return {name: words for name, words in asked.items() if words}


def _day(text: str) -> date | None:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return None
    return day if times.FIRST_DAY <= day <= times.LAST_DAY else None


def _numbers(session: Session) -> tuple[Stand, Program, Choices]:
    by = actor()
    stand = numbers.stand(session, by=by, now=times.now())
    return stand, programs.current(session), numbers.choices(session, by=by)


def _page(session: Session, search: Search, after: int) -> _Page:
    program = programs.current(session)
    asked = wish(search, program.time_zone)
    found = history.listed(session, asked, after=after, limit=PAGE + 1, by=actor())
    return _Page([_row(line, program) for line in found[:PAGE]], len(found) > PAGE)


def _conflicts(session: Session) -> list[ConflictRow]:
    program = programs.current(session)
    return [say_conflict(one, program) for one in conflicts.conflicts(session, by=actor())]


def _one(session: Session, redemption_id: int) -> tuple[Program, Line]:
    return programs.current(session), history.get(session, redemption_id, by=actor())


def _row(line: Line, program: Program) -> RedemptionRow:
    def say(instant: datetime | None) -> str:
        return times.say_instant(instant, program.time_zone, program.locale) if instant else ""

    points = say_points(line.points, program.locale) if line.points else ""
    basket = "" if line.amount is None else f"Basket {say_money(line.amount, program.currency, program.locale)}"
    return RedemptionRow(
        id=line.id,
        code=line.code,
        customer=line.member or "—",
        title=line.title,
        worth=", ".join(filter(None, (points, basket))),
        status=line.status.value,
        status_words=STATUSES[line.status],
        at=say(line.scanned_at or line.at),
        scanned="Scanned offline" if line.scanned_at else "",
        place=line.place or "—",
        staff=line.staff,
    )
