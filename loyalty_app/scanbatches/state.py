"""Batch Management and the page of one batch of QR codes, live."""

from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, ClassVar

import reflex as rx
from sqlmodel import Session

from loyalty_app.audit.models import AuditEntry
from loyalty_app.batches import fields
from loyalty_app.batches import service as batches
from loyalty_app.batches.models import Batch, BatchKind, BatchStatus
from loyalty_app.batches.rules import say_share, share, whole
from loyalty_app.batches.scans import POINTS
from loyalty_app.batches.state import say_progress
from loyalty_app.codes import alphabet
from loyalty_app.codes import service as codes
from loyalty_app.codes.models import Standing
from loyalty_app.core import times
from loyalty_app.core.actor import Permission, actor
from loyalty_app.core.addresses import address, number
from loyalty_app.core.database import read, transact
from loyalty_app.core.errors import NotFoundError
from loyalty_app.core.texts import slug, storable
from loyalty_app.insights.rules import Range
from loyalty_app.insights.state import range_links, read_range, redemptions_chart_of
from loyalty_app.jobs import service as jobs
from loyalty_app.jobs.models import Job
from loyalty_app.program import service as programs
from loyalty_app.program.models import Program
from loyalty_app.program.rules import say_number
from loyalty_app.qr import drawing
from loyalty_app.redemptions import history
from loyalty_app.redemptions.history import Line
from loyalty_app.scanbatches import rules
from loyalty_app.scanbatches import service as scanbatches
from loyalty_app.scanbatches.rules import Column, Mark, Wish
from loyalty_app.scanbatches.service import Totals
from loyalty_app.scanforms.rules import ALPHABETS, say_field
from loyalty_app.ui.charts import Chart, RangeLink
from loyalty_app.ui.errors import NoticeState, say
from loyalty_app.ui.live import hub

MOST_TYPED = 80
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

WARNINGS = {
    Standing.ACTIVE: "Whoever has this link or picture can redeem the code.",
    Standing.CLAIMED: "Whoever has this link or picture can redeem the code.",
    Standing.DISABLED: "Nobody can redeem this code until it is enabled.",
    Standing.REDEEMED: "This code is used. Nobody can redeem it again.",
}
"""What to mind about the link of a code."""
STANDINGS = {"active": Standing.ACTIVE, "used": Standing.REDEEMED, "disabled": Standing.DISABLED}
"""As the address says where a code stands (S0-21)."""
STANDING_WORDS = {
    Standing.ACTIVE: "Active",
    Standing.CLAIMED: "Active",
    Standing.REDEEMED: "Used",
    Standing.DISABLED: "Disabled",
}
ACTIVATIONS = {
    "create": "made the batch",
    "go_on": "went on making codes",
    "disable": "disabled all codes",
    "enable": "enabled all codes",
    "disable_code": "disabled",
    "enable_code": "enabled",
    "pause": "paused the batch",
    "resume": "resumed the batch",
    "freeze": "froze redemptions",
    "unfreeze": "allowed redemptions",
}

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

    id: int = 0
    name: str = ""
    created: str = ""
    expires: str = ""
    is_expired: bool = False
    total: str = ""
    used: str = ""
    active: str = ""
    mark: str = ""
    mark_words: str = ""
    is_frozen: bool = False
    used_share: int = 0
    active_share: int = 0
    disabled_share: int = 0
    share_words: str = ""
    progress: int = 0
    progress_words: str = ""
    may_disable: bool = False
    may_enable: bool = False
    may_go_on: bool = False


@dataclass(frozen=True)
class DisableView:
    """What happens if every code of a batch is disabled."""

    id: int = 0
    name: str = ""
    question: str = ""
    facts: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class ScanBatchView:
    """A batch as its own page shows it: information, sequence, usage (S0-21)."""

    made_at: str = ""
    until: str = ""
    end: str = ""
    points: str = ""
    title: str = ""
    parameters: list[tuple[str, str]] = field(default_factory=list)
    fields: list[str] = field(default_factory=list)
    base_url: str = ""
    disabled: str = ""
    first: str = ""
    last: str = ""
    prefix: str = ""
    alphabet: str = ""
    made: str = ""
    key: str = ""
    export: str = ""
    downloads: str = ""
    may_pause: bool = False
    may_resume: bool = False


@dataclass(frozen=True)
class ActivationRow:
    """Something that made codes good or stopped them."""

    id: int
    at: str
    who: str
    what: str
    details: str


@dataclass(frozen=True)
class CodeRow:
    """A code as its row shows it."""

    serial: int
    code: str
    status: str
    status_words: str
    redeemed: str
    member: str


@dataclass(frozen=True)
class CodeView:
    """One code with its picture, for who may manage codes: whoever has its link can redeem it."""

    serial: int = 0
    code: str = ""
    url: str = ""
    qr: str = ""
    status: str = ""
    status_words: str = ""
    image: str = ""
    """The address of its pictures, without how they end."""
    name: str = ""
    """What a file of it is called, without how it ends."""
    warning: str = ""
    used: list[tuple[str, str]] = field(default_factory=list)
    """When it was used, and for who may see members by whom, and what they told."""


@dataclass(frozen=True)
class _Shown:
    row: ScanBatchRow
    view: ScanBatchView
    activations: list[ActivationRow]


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
        self.page = number(asked.get("page", "")) or 1
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


class ScanBatchState(rx.State):
    """The page of one scan batch, with a page of its codes; search, status and place are kept in the address."""

    permission: ClassVar[Permission] = Permission.VIEW_DASHBOARD

    row: rx.Field[ScanBatchRow] = rx.field(default_factory=ScanBatchRow)
    batch: rx.Field[ScanBatchView] = rx.field(default_factory=ScanBatchView)
    activations: rx.Field[list[ActivationRow]] = rx.field(default_factory=list)
    rows: rx.Field[list[CodeRow]] = rx.field(default_factory=list)
    serials: rx.Field[list[int]] = rx.field(default_factory=list)
    chart: rx.Field[Chart] = rx.field(default_factory=Chart)
    ranges: rx.Field[list[RangeLink]] = rx.field(default_factory=list)
    text: rx.Field[str] = rx.field("")
    status: rx.Field[str] = rx.field("")
    first_page: rx.Field[str] = rx.field("")
    next_page: rx.Field[str] = rx.field("")
    sees_members: rx.Field[bool] = rx.field(default=False)
    is_missing: rx.Field[bool] = rx.field(default=False)
    is_loaded: rx.Field[bool] = rx.field(default=False)

    _batch_id: int = 0
    _after: int = 0
    _range: str = Range.ALL.value

    @rx.event
    async def opened(self) -> rx.event.EventSpec | None:
        """Show the batch that the address names, and keep it fresh; one of vouchers has a page of its own."""
        asked = self.router.url.query_parameters
        self._batch_id = number(self.router.url.path.rstrip("/").rsplit("/", 1)[-1])
        if await read(_is_claim, self._batch_id):
            return rx.redirect(f"/admin/batches/{self._batch_id}")
        self.text = storable(asked.get("q", ""))[:MOST_TYPED]
        self.status = asked.get("status", "") if asked.get("status", "") in STANDINGS else ""
        self._after = number(asked.get("after", ""))
        self._range = read_range(asked.get("range", ""), Range.ALL)
        self.ranges = range_links(f"{HOME}{self._batch_id}", self._range, Range.ALL)
        chosen = await self.get_state(ScanCodesState)
        chosen.chosen, chosen.looked = [], CodeView()
        hub.subscribe(self, ScanBatchState.refresh, batches.TOPIC, batches.topic(self._batch_id))
        await self._show()
        return None

    @rx.event
    async def refresh(self) -> None:
        """Show it again after something changed."""
        await self._show()

    @rx.event
    async def find(self, form: dict[str, Any]) -> rx.event.EventSpec:
        """Go to the address of this search."""
        return rx.redirect(self._address(str(form.get("q") or ""), str(form.get("status") or "")))

    async def _show(self) -> None:
        batch_id, after = self._batch_id, self._after
        wish = codes.Wish(self.text, STANDINGS.get(self.status), serial=whole(self.text.removeprefix("#")))
        try:
            shown = await hub.shared(batches.TOPIC, ("scan-batch", batch_id), lambda: read(_shown, batch_id))
            listed = await read(_listed, batch_id, wish, after)
            self.chart = await redemptions_chart_of(Range(self._range), batch_id)
        except NotFoundError:
            self.is_missing, self.is_loaded = True, True
            return
        self.row, self.batch, self.activations = shown.row, shown.view, list(shown.activations)
        self.rows, more = listed[: codes.PAGE], listed[codes.PAGE :]
        self.serials = [one.serial for one in self.rows]
        self.sees_members = actor().may(Permission.VIEW_MEMBERS)
        self.first_page = self._address(self.text, self.status) if after else ""
        self.next_page = self._address(self.text, self.status, self.rows[-1].serial) if more else ""
        self.is_missing, self.is_loaded = False, True

    def _address(self, text: str, status: str, after: int = 0) -> str:
        status = status if status in STANDINGS else ""
        asked = {"q": storable(text).strip()[:MOST_TYPED], "status": status, "after": after}
        there = address(f"{HOME}{self._batch_id}", asked)
        return f"{there}#codes" if any(asked.values()) else there


class ScanCodesState(rx.State):
    """What may be done to single codes of the batch that is shown (S0-22)."""

    permission: ClassVar[Permission] = Permission.QR_CODE_MANAGEMENT

    chosen: rx.Field[list[int]] = rx.field(default_factory=list)
    """Serials, of the page that is shown."""
    looked: rx.Field[CodeView] = rx.field(default_factory=CodeView)
    is_busy: rx.Field[bool] = rx.field(default=False)

    @rx.event
    async def choose(self, serial: int) -> None:
        """Choose a code, or let it go."""
        serial = int(serial)
        self.chosen = sorted({*self.chosen} ^ {serial}) if serial in (await self._page()).serials else self.chosen

    @rx.event
    async def choose_page(self) -> None:
        """Choose every code on this page, or let all go if all are chosen."""
        serials = list((await self._page()).serials)
        self.chosen = [] if self.chosen == serials else serials

    @rx.event
    async def disable(self) -> AsyncIterator[None]:
        """Switch the chosen codes off."""
        self.is_busy = True
        yield
        await self._switch(codes.disable_some, self.chosen, "disabled")

    @rx.event
    async def enable(self) -> AsyncIterator[None]:
        """Switch the chosen codes on again."""
        self.is_busy = True
        yield
        await self._switch(codes.enable_some, self.chosen, "enabled")

    @rx.event
    async def disable_one(self, serial: int) -> None:
        """Switch a code off."""
        await self._switch(codes.disable_some, [int(serial)], "disabled")

    @rx.event
    async def enable_one(self, serial: int) -> None:
        """Switch a code on again."""
        await self._switch(codes.enable_some, [int(serial)], "enabled")

    @rx.event
    async def look(self, serial: int) -> None:
        """Show one code as it is printed."""
        self.looked = await read(_looked, (await self._page())._batch_id, int(serial))  # noqa: SLF001 - of this room

    async def _page(self) -> ScanBatchState:
        return await self.get_state(ScanBatchState)

    async def _switch(self, verb: Callable[..., int], serials: list[int], done: str) -> None:
        batch_id = (await self._page())._batch_id  # noqa: SLF001 - of this room
        try:
            changed = await transact(verb, batch_id, list(serials), by=actor(), now=times.now())
        finally:
            self.is_busy = False
        self.chosen = []
        locale = (await read(programs.current)).locale
        kept = len(serials) - changed
        words = f"{_codes(changed, locale)} {done}."
        say(await self.get_state(NoticeState), words + (f" {_codes(kept, locale)} stayed as before." if kept else ""))


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


def view(batch: Batch, program: Program, now: datetime) -> ScanBatchView:
    """Return the batch as its own page shows it."""
    locale, zone = program.locale, program.time_zone
    others = [(key, value) for key, value in batch.parameters.items() if key != POINTS]
    return ScanBatchView(
        made_at=times.say_instant(batch.created_at, zone, locale),
        until=times.say_validity(batch.closes_at, zone, locale, now=now),
        end=times.clock_end(batch.closes_at, zone),
        points=say_number(batch.reward_value, locale),
        title=batch.title,
        parameters=[(POINTS, say_number(batch.reward_value, locale)), *others] if batch.reward_value else others,
        fields=[say_field(one) for one in fields.loaded(batch.fields)],
        base_url=batch.base_url,
        disabled=say_number(batch.disabled, locale),
        first=say_number(1, locale),
        last=say_number(batch.total, locale),
        prefix=batch.prefix or "none",
        alphabet=f"{ALPHABETS[batch.alphabet]}, {batch.length} characters",
        made=f"{say_number(batch.made, locale)} of {say_number(batch.total, locale)}",
        key=f"Key {batch.key_id}",
        export=f"/api/v1/batches/{batch.id}/codes.csv",
        downloads=f"/admin/batches/scan/{batch.id}/downloads",
        may_pause=batch.status is BatchStatus.ACTIVE,
        may_resume=batch.status is BatchStatus.PAUSED,
    )


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
    return address(HOME, asked)


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


def _is_claim(session: Session, batch_id: int) -> bool:
    batch = session.get(Batch, batch_id)
    return batch is not None and batch.kind is BatchKind.CLAIM


def _shown(session: Session, batch_id: int) -> _Shown:
    by, program, now = actor(), programs.current(session), times.now()
    batch = batches.watched(session, batch_id, by=by)
    running = jobs.of_subject(session, batches.GENERATE_CODES, [batch_id]).get(batch_id)
    trail = scanbatches.activations(session, batch, by=by)
    activations = [_activation(entry, program) for entry in trail]
    return _Shown(row(batch, running, program, now), view(batch, program, now), activations)


def _activation(entry: AuditEntry, program: Program) -> ActivationRow:
    return ActivationRow(
        entry.id or 0,
        times.say_instant(entry.at, program.time_zone, program.locale),
        entry.actor or "the system",
        ACTIVATIONS[entry.verb],
        entry.details,
    )


def _listed(session: Session, batch_id: int, wish: codes.Wish, after: int) -> list[CodeRow]:
    program, batch = programs.current(session), batches.watched(session, batch_id, by=actor())
    found = codes.listed(session, batch_id, wish, after=after, limit=codes.PAGE + 1, by=actor())
    return [
        CodeRow(
            one.serial,
            alphabet.display(one.code, batch.prefix),
            one.standing,
            STANDING_WORDS[one.standing],
            times.say_instant(one.redeemed_at, program.time_zone, program.locale) if one.redeemed_at else "—",
            one.member or "—",
        )
        for one in found
    ]


def _looked(session: Session, batch_id: int, serial: int) -> CodeView:
    found = codes.made(session, batch_id, serial, serial, by=actor())
    if not found:
        raise NotFoundError("code")
    batch, (one,) = batches.get(session, batch_id), found
    url, code = batches.links(batch)(serial), alphabet.display(one.code, batch.prefix)
    used = history.of_code(session, batch_id, serial, by=actor())
    return CodeView(
        serial,
        code,
        url,
        drawing.svg_data_uri(url),
        one.standing,
        STANDING_WORDS[one.standing],
        f"/api/v1/codes/{code}/image",
        f"{slug(batch.name)}-{serial:06}-{code}",
        WARNINGS[one.standing],
        say_use(used, programs.current(session)) if used else [],
    )


def say_use(line: Line, program: Program) -> list[tuple[str, str]]:
    """Return what is known of the use of a code, to who may know it."""
    at = times.say_instant(line.at, program.time_zone, program.locale)
    if line.answers is None:
        return [("Used", at)]
    return [("Used", at), ("Member", line.member or "—"), *line.answers.items()]
