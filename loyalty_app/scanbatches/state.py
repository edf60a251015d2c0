"""Batch Management and the page of one batch of QR codes, live."""

from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, ClassVar
from urllib.parse import urlencode

import reflex as rx
from sqlmodel import Session

from loyalty_app.batches import service as batches
from loyalty_app.batches.models import Batch, BatchStatus
from loyalty_app.batches.rules import say_share, share
from loyalty_app.batches.state import say_progress
from loyalty_app.codes import service as codes
from loyalty_app.core import times
from loyalty_app.core.actor import Permission, actor
from loyalty_app.core.database import read, transact
from loyalty_app.core.texts import storable
from loyalty_app.jobs import service as jobs
from loyalty_app.jobs.models import Job
from loyalty_app.program import service as programs
from loyalty_app.program.models import Program
from loyalty_app.program.rules import say_number
from loyalty_app.scanbatches import rules
from loyalty_app.scanbatches import service as scanbatches
from loyalty_app.scanbatches.rules import Column, Mark, Wish
from loyalty_app.scanbatches.service import Totals
from loyalty_app.ui.errors import NoticeState, say
from loyalty_app.ui.live import hub

MOST_TYPED = 80
MOST_DIGITS = 9
HOME = "/admin/batches/scan/"

MARKS = {
    Mark.ACTIVE: "Active",
    Mark.EXPIRED: "Expired",
    Mark.PAUSED: "Paused",
    Mark.GENERATING: "Making",
    Mark.FAILED: "Failed",
    Mark.USED_UP: "Used up",
    Mark.DISABLED: "All disabled",
}
PRESSING = (Mark.GENERATING, Mark.FAILED, Mark.PAUSED, Mark.USED_UP, Mark.DISABLED, Mark.ACTIVE)
"""Which of several marks is said under the name; the date says itself whether it is over."""

COLUMNS = {
    Column.ID: "Batch ID",
    Column.CREATED: "Creation Date",
    Column.EXPIRES: "Expiry Date",
    Column.TOTAL: "Total Codes",
    Column.USED: "Used Codes",
    Column.ACTIVE: "Active Codes",
}
SORTS = tuple(
    (f"{sign}{column.value}", f"{words}, {order}")
    for column, words in COLUMNS.items()
    for sign, order in (("-", "highest first"), ("", "lowest first"))
)


@dataclass(frozen=True)
class Head:
    """A column's head, which sorts."""

    words: str
    href: str
    order: str
    """As `aria-sort` says it."""


@dataclass(frozen=True)
class Cards:
    """The four cards as they read."""

    batches: str = ""
    batches_note: str = ""
    codes: str = ""
    used: str = ""
    used_note: str = ""
    active: str = ""


@dataclass(frozen=True)
class ScanBatchRow:
    """A batch as its row shows it (S0-19)."""

    id: int
    name: str
    created: str
    expires: str
    is_expired: bool
    total: str
    used: str
    active: str
    mark: str
    mark_words: str
    is_frozen: bool
    used_share: int
    active_share: int
    disabled_share: int
    share_words: str
    progress: int
    progress_words: str
    may_disable: bool
    may_enable: bool
    may_go_on: bool


@dataclass(frozen=True)
class DisableView:
    """What happens if every code of a batch is disabled."""

    id: int = 0
    name: str = ""
    question: str = ""
    facts: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class _Page:
    rows: list[ScanBatchRow]
    count: int
    cards: Cards


class ScanBatchesState(rx.State):
    """One page of the scan batches that fit what the address asks for, and the sums over all of them."""

    permission: ClassVar[Permission] = Permission.VIEW_DASHBOARD

    cards: rx.Field[Cards] = rx.field(default_factory=Cards)
    rows: rx.Field[list[ScanBatchRow]] = rx.field(default_factory=list)
    heads: rx.Field[list[Head]] = rx.field(default_factory=list)
    text: rx.Field[str] = rx.field("")
    status: rx.Field[str] = rx.field("")
    sort: rx.Field[str] = rx.field("")
    is_narrowed: rx.Field[bool] = rx.field(default=False)
    found_words: rx.Field[str] = rx.field("")
    page: int = 1
    pages: int = 1
    newer: rx.Field[str] = rx.field("")
    older: rx.Field[str] = rx.field("")
    turn: int = 0
    """Grows when the address changes what the search fields hold, so that they are made anew."""
    is_loaded: rx.Field[bool] = rx.field(default=False)

    _wish: Wish = Wish()

    @rx.event
    async def opened(self) -> None:
        """Show the batches that the address asks for, and keep them fresh."""
        asked = self.router.url.query_parameters
        wish = _wish(asked)
        if wish != self._wish or not self.heads:
            self._keep(wish)
            self.turn += 1
        self.page = _number(asked.get("page", "")) or 1
        hub.subscribe(self, ScanBatchesState.refresh, batches.TOPIC)
        await self._show()

    @rx.event
    async def refresh(self) -> None:
        """Show them again after something changed."""
        await self._show()

    @rx.event
    async def find(self, form: dict[str, Any]) -> rx.event.EventSpec:
        """Go to the address of what the search fields hold."""
        self._keep(_wish({name: str(value or "") for name, value in form.items()}))
        return rx.redirect(_address(self._wish))

    def _keep(self, wish: Wish) -> None:
        self._wish = wish
        self.text, self.status, self.sort = wish.text, wish.mark or "", _sort(wish)
        self.is_narrowed = bool(wish.text or wish.mark)
        self.heads = [_head(column, words, wish) for column, words in COLUMNS.items()]

    async def _show(self) -> None:
        wish, page = self._wish, self.page
        found = await hub.shared(batches.TOPIC, ("scan", wish, page), lambda: read(_page, wish, page))
        self.pages = max(1, -(-found.count // scanbatches.PAGE))
        if page > self.pages:  # the last ones were deleted, or somebody typed a number
            self.page = self.pages
            await self._show()
            return
        self.rows, self.cards = list(found.rows), found.cards
        self.found_words = "1 batch fits." if found.count == 1 else f"{found.count} batches fit."
        self.newer = _address(wish, page - 1) if page > 1 else ""
        self.older = _address(wish, page + 1) if page < self.pages else ""
        self.is_loaded = True


class ScanActionsState(rx.State):
    """What may be done to all codes of a batch at once (S0-20)."""

    permission: ClassVar[Permission] = Permission.QR_CODE_MANAGEMENT

    asked: rx.Field[DisableView] = rx.field(default_factory=DisableView)
    busy: int = 0

    @rx.event
    async def ask_disable(self, batch_id: int) -> None:
        """Tell what disabling every code of a batch means, in numbers."""
        batch, locale = await read(_asked, int(batch_id))
        active, used = rules.active(batch), batch.redeemed
        facts = [
            f"{_codes(active, locale)} can be redeemed no longer, wherever they are printed.",
            f"{_codes(used, locale)} used already: they stay used.",
        ]
        if batch.disabled:
            facts.append(f"{_codes(batch.disabled, locale)} disabled already.")
        self.asked = DisableView(
            batch.id or 0,
            batch.name,
            f"Disable {'the active code' if active == 1 else f'all {say_number(active, locale)} active codes'}"
            f" of “{batch.name}”?",
            [*facts, "You can enable them again at any time."],
        )

    @rx.event
    async def disable_all(self, batch_id: int) -> AsyncIterator[None]:
        """Switch off every code that is not used."""
        self.busy = int(batch_id)
        yield
        await self._switch(codes.disable_all, int(batch_id), "disabled")

    @rx.event
    async def enable_all(self, batch_id: int) -> AsyncIterator[None]:
        """Switch every code on again; what is used stays used."""
        self.busy = int(batch_id)
        yield
        await self._switch(codes.enable_all, int(batch_id), "enabled")

    async def _switch(self, verb: Callable[..., int], batch_id: int, done: str) -> None:
        try:
            changed = await transact(verb, batch_id, by=actor(), now=times.now())
        finally:
            self.busy = 0
        locale = (await read(programs.current)).locale
        say(await self.get_state(NoticeState), f"{_codes(changed, locale)} {done}.")


def row(batch: Batch, job: Job | None, program: Program, now: datetime) -> ScanBatchRow:
    """Return the batch as its row shows it."""
    locale, marks, active = program.locale, rules.marks(batch, now), rules.active(batch)
    mark = next((mark for mark in PRESSING if mark in marks), None)
    is_whole = batch.status in (BatchStatus.ACTIVE, BatchStatus.PAUSED)
    return ScanBatchRow(
        id=batch.id or 0,
        name=batch.name,
        created=times.say_instant(batch.created_at, program.time_zone, locale),
        expires=times.say_day(batch.expires_on, locale),
        is_expired=Mark.EXPIRED in marks,
        total=say_number(batch.total, locale),
        used=say_number(batch.redeemed, locale),
        active=say_number(active, locale),
        mark=mark or "",
        mark_words=MARKS[mark] if mark else "",
        is_frozen=batch.redemptions_frozen,
        used_share=share(batch.redeemed, batch.total),
        active_share=share(active, batch.total),
        disabled_share=share(batch.disabled, batch.total),
        share_words=say_shares(batch, locale),
        progress=batch.made * 100 // batch.total,
        progress_words=say_progress(batch, job, locale, now),
        may_disable=is_whole and active > 0,
        may_enable=is_whole and batch.disabled > 0,
        may_go_on=batch.status is BatchStatus.FAILED,
    )


def say_shares(batch: Batch, locale: str) -> str:
    """Return in words what the bar draws."""
    used, active, disabled = (say_number(one, locale) for one in (batch.redeemed, rules.active(batch), batch.disabled))
    return f"{used} used, {active} active, {disabled} disabled"


def _codes(number: int, locale: str) -> str:
    return "1 code" if number == 1 else f"{say_number(number, locale)} codes"


def _cards(found: Totals, locale: str) -> Cards:
    gone = found.batches_ever - found.batches
    return Cards(
        batches=say_number(found.batches_ever, locale),
        batches_note=f"ever created, {say_number(gone, locale)} deleted since" if gone else "ever created",
        codes=say_number(found.codes, locale),
        used=say_number(found.used, locale),
        used_note=f"scanned and redeemed, {say_share(found.used, found.codes)} of all",
        active=say_number(found.active, locale),
    )


def _head(column: Column, words: str, wish: Wish) -> Head:
    is_here = column is wish.column
    # A first click shows the highest or latest first, a second one turns it round.
    there = replace(wish, column=column, is_rising=not wish.is_rising if is_here else False)
    order = ("ascending" if wish.is_rising else "descending") if is_here else "none"
    return Head(words, _address(there), order)


def _sort(wish: Wish) -> str:
    return f"{'' if wish.is_rising else '-'}{wish.column.value}"


def _wish(asked: Mapping[str, str]) -> Wish:
    status, sort = asked.get("status", ""), asked.get("sort", "")
    column = sort.removeprefix("-")
    return Wish(
        text=storable(asked.get("q", "")).strip()[:MOST_TYPED],
        mark=Mark(status) if status in set(Mark) else None,
        column=Column(column) if column in set(Column) else Column.ID,
        is_rising=column in set(Column) and not sort.startswith("-"),
    )


def _address(wish: Wish, page: int = 1) -> str:
    sort = _sort(wish)
    asked = {
        "q": wish.text,
        "status": wish.mark or "",
        "sort": "" if sort == _sort(Wish()) else sort,
        "page": page if page > 1 else "",
    }
    query = urlencode({name: str(value) for name, value in asked.items() if value})
    return HOME + (f"?{query}" if query else "")


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) <= MOST_DIGITS else 0


def _page(session: Session, wish: Wish, page: int) -> _Page:
    program, now, by = programs.current(session), times.now(), actor()
    found = scanbatches.listed(session, wish, skip=(page - 1) * scanbatches.PAGE, by=by, now=now)
    count = scanbatches.counted(session, wish, by=by, now=now)
    sums = scanbatches.totals(session, by=by, now=now)
    making = [batch.id or 0 for batch in found if batch.status is BatchStatus.GENERATING]
    running = jobs.of_subject(session, batches.GENERATE_CODES, making)
    rows = [row(batch, running.get(batch.id or 0), program, now) for batch in found]
    return _Page(rows, count, _cards(sums, program.locale))


def _asked(session: Session, batch_id: int) -> tuple[Batch, str]:
    return batches.watched(session, batch_id, by=actor()), programs.current(session).locale
