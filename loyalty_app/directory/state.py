"""The list of members, the page of one, and what may be done there."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, ClassVar

import reflex as rx
from sqlmodel import Session

from loyalty_app.batches import service as batches
from loyalty_app.batches.rules import is_same_name, share
from loyalty_app.claims import rules as claim_rules
from loyalty_app.claims.service import Voucher
from loyalty_app.codes import alphabet
from loyalty_app.core import times
from loyalty_app.core.actor import Permission, actor
from loyalty_app.core.addresses import address, number
from loyalty_app.core.database import read, transact
from loyalty_app.core.errors import InvalidError, NotFoundError
from loyalty_app.core.reasons import Reason
from loyalty_app.core.texts import storable
from loyalty_app.directory import engagement, erasure
from loyalty_app.directory import service as directory
from loyalty_app.directory.engagement import Active, Event, EventKind
from loyalty_app.directory.erasure import Forecast
from loyalty_app.directory.service import Place, Profile
from loyalty_app.members import service as members
from loyalty_app.members.models import Member
from loyalty_app.members.service import Wish
from loyalty_app.points import rules as point_rules
from loyalty_app.points import service as ledger
from loyalty_app.points.models import EntryKind, PointsEntry
from loyalty_app.program import service as programs
from loyalty_app.program.models import Program
from loyalty_app.program.rules import say_number
from loyalty_app.redemptions import history
from loyalty_app.redemptions import rules as redemption_rules
from loyalty_app.redemptions import service as redemptions
from loyalty_app.redemptions.asks import Refused
from loyalty_app.redemptions.history import Line
from loyalty_app.redemptions.models import RedemptionStatus
from loyalty_app.ui.charts import RangeLink, Rank
from loyalty_app.ui.errors import NoticeState, say
from loyalty_app.ui.forms import text_of, typed
from loyalty_app.ui.live import hub
from loyalty_app.ui.problems import SENTENCES

HOME = "/admin/members/"
MOST_TYPED = 80

KINDS = {EntryKind.REDEMPTION: "Redemption", EntryKind.REVERSAL: "Undone", EntryKind.ADJUSTMENT: "Adjustment"}
HAPPENED = {
    EventKind.CLAIM: "Claimed",
    EventKind.REDEMPTION: "Redeemed",
    EventKind.GOODWILL: "Goodwill",
    EventKind.REVERSAL: "Undone",
    EventKind.REFUSAL: "Refused",
    EventKind.POINTS: "Points",
}
FILTERS = {
    EventKind.CLAIM: "Claims",
    EventKind.REDEMPTION: "Redemptions",
    EventKind.GOODWILL: "Goodwill",
    EventKind.REVERSAL: "Undone",
    EventKind.REFUSAL: "Refusals",
    EventKind.POINTS: "Points",
}
STANDINGS = {"ready": "Ready", "disabled": "Disabled", "redeemed": "Redeemed", "expired": "Expired"}


@dataclass(frozen=True)
class MemberRow:
    """A member as the list shows them."""

    id: int
    name: str
    email: str
    phone: str
    points: str
    joined: str


@dataclass(frozen=True)
class MemberView:
    """Who a member is."""

    id: int = 0
    name: str = ""
    email: str = ""
    phone: str = ""
    points: str = ""
    is_below: bool = False
    joined: str = ""
    account: str = ""
    is_erased: bool = False


@dataclass(frozen=True)
class EntryRow:
    """A line of the ledger."""

    id: int
    at: str
    kind: str
    title: str
    actor: str
    points: str
    is_minus: bool
    balance: str


@dataclass(frozen=True)
class VoucherRow:
    """A voucher that a member holds, or held."""

    code: str
    title: str
    state: str
    standing: str
    claimed: str
    note: str


@dataclass(frozen=True)
class RedemptionRow:
    """A redemption, with what may still be done about it."""

    id: int
    at: str
    title: str
    batch: str
    code: str
    points: str
    staff: str
    told: list[tuple[str, str]]
    """What the member told with it."""
    is_reversed: bool
    reversed: str


@dataclass(frozen=True)
class EventRow:
    """One thing that a member did, or that was done for them."""

    spot: str
    kind: str
    at: str
    what: str
    title: str
    code: str
    note: str
    points: str
    where: str
    staff: str
    desk: str
    """Where the redemption is found at the desk."""


@dataclass(frozen=True)
class KindLink:
    """A way to see only what is of one kind."""

    words: str
    href: str
    is_here: bool


class MembersState(rx.State):
    """One page of the members; search and place are kept in the address."""

    permission: ClassVar[Permission] = Permission.VIEW_MEMBERS

    rows: rx.Field[list[MemberRow]] = rx.field(default_factory=list)
    text: rx.Field[str] = rx.field("")
    is_erased: rx.Field[bool] = rx.field(default=False)
    other: rx.Field[str] = rx.field("")
    """Where the erased are, or everybody else."""
    first_page: rx.Field[str] = rx.field("")
    next_page: rx.Field[str] = rx.field("")
    is_loaded: rx.Field[bool] = rx.field(default=False)

    _after: int = 0

    @rx.event
    async def opened(self) -> None:
        """Show the page that the address asks for, and keep it fresh."""
        asked = self.router.url.query_parameters
        self.text = storable(asked.get("q", ""))[:MOST_TYPED]
        self.is_erased = asked.get("erased", "") == "yes"
        self._after = number(asked.get("after", ""))
        hub.subscribe(self, MembersState.refresh, members.TOPIC)
        await self._show()
        hub.subscribe(self, MembersState.refresh, *(ledger.topic(row.id) for row in self.rows))

    @rx.event
    async def refresh(self) -> None:
        """Show it again after somebody joined or got points."""
        await self._show()

    @rx.event
    async def search(self, form: dict[str, Any]) -> rx.event.EventSpec:
        """Go to the address of this search."""
        return rx.redirect(_address(text_of(form, "q").strip()[:MOST_TYPED]))

    async def _show(self) -> None:
        program, found = await read(_listed, Wish(self.text, is_erased=self.is_erased), self._after)
        shown, more = found[: members.PAGE], found[members.PAGE :]
        self.rows = [_member_row(one, program) for one in shown]
        self.other = _address(is_erased=not self.is_erased)
        self.first_page = self._at() if self._after else ""
        self.next_page = self._at(shown[-1].id or 0) if more else ""
        self.is_loaded = True

    def _at(self, after: int = 0) -> str:
        return _address(self.text, after, is_erased=self.is_erased)


class ActiveState(rx.State):
    """Who came most often lately."""

    permission: ClassVar[Permission] = Permission.VIEW_MEMBERS

    ranks: rx.Field[list[Rank]] = rx.field(default_factory=list)
    ranges: rx.Field[list[RangeLink]] = rx.field(default_factory=list)
    days: rx.Field[int] = rx.field(0)

    @rx.event
    async def opened(self) -> None:
        """Show them, for as many days as the address asks for, and keep them fresh, though not at every scan."""
        self.days = 90 if self.router.url.query_parameters.get("active", "") == "90" else 30
        self.ranges = [
            RangeLink("30 days", HOME, self.days == 30),  # noqa: PLR2004 - the two there are
            RangeLink("90 days", address(HOME, {"active": 90}), self.days == 90),  # noqa: PLR2004
        ]
        hub.subscribe(self, ActiveState.refresh, hub.slow(batches.TOPIC, "most active"))
        await self.refresh()

    @rx.event
    async def refresh(self) -> None:
        """Show them again after something was redeemed."""
        days = self.days
        program, found = await hub.shared(
            hub.slow(batches.TOPIC, "most active"), ("active", days), lambda: read(_active, days)
        )
        most = max((one.redemptions for one in found), default=0)
        self.ranks = [_rank(one, most, program) for one in found]


class MemberState(rx.State):
    """One member with everything of theirs; the places in the long lists are kept in the address."""

    permission: ClassVar[Permission] = Permission.VIEW_MEMBERS

    member: MemberView = MemberView()
    events: rx.Field[list[EventRow]] = rx.field(default_factory=list)
    kinds: rx.Field[list[KindLink]] = rx.field(default_factory=list)
    kind: rx.Field[str] = rx.field("")
    entries: rx.Field[list[EntryRow]] = rx.field(default_factory=list)
    redemptions: rx.Field[list[RedemptionRow]] = rx.field(default_factory=list)
    vouchers: rx.Field[list[VoucherRow]] = rx.field(default_factory=list)
    newest_events: rx.Field[str] = rx.field("")
    older_events: rx.Field[str] = rx.field("")
    newest_entries: rx.Field[str] = rx.field("")
    older_entries: rx.Field[str] = rx.field("")
    newest_redemptions: rx.Field[str] = rx.field("")
    older_redemptions: rx.Field[str] = rx.field("")
    newest_vouchers: rx.Field[str] = rx.field("")
    older_vouchers: rx.Field[str] = rx.field("")
    file: rx.Field[str] = rx.field("")
    may_adjust: rx.Field[bool] = rx.field(default=False)
    may_erase: rx.Field[bool] = rx.field(default=False)
    may_reverse: rx.Field[bool] = rx.field(default=False)
    is_missing: rx.Field[bool] = rx.field(default=False)
    is_loaded: rx.Field[bool] = rx.field(default=False)

    _id: int = 0
    _place: Place = Place()

    @rx.event
    async def opened(self) -> None:
        """Show the member whom the address names, and keep them fresh."""
        asked = self.router.url.query_parameters
        self._id = member_of(self.router.url.path)
        kind = asked.get("kind", "")
        self._place = Place(
            number(asked.get("entries", "")),
            number(asked.get("redemptions", "")),
            number(asked.get("vouchers", "")),
            asked.get("events", ""),
            kind if kind in set(EventKind) else "",
        )
        self.may_adjust = actor().may(Permission.POINTS_MANAGEMENT)
        self.may_erase = actor().may(Permission.MEMBER_MANAGEMENT)
        self.may_reverse = actor().may(Permission.REVERSE_REDEMPTIONS)
        hub.subscribe(self, MemberState.refresh, *directory.topics(self._id))
        await self._show()

    @rx.event
    async def refresh(self) -> None:
        """Show them again after something changed."""
        await self._show()

    async def _show(self) -> None:
        try:
            program, found = await read(_profile, self._id, self._place)
        except NotFoundError:
            self.is_missing, self.is_loaded = True, True
            return
        now, size = times.now(), directory.PAGE
        self.member = _member_view(found.member, program)
        self.file = f"/api/v1/members/{self._id}/export"
        if found.member.erased_at:
            self.may_adjust = self.may_erase = False
        self.events = [_event_row(event, program) for event in found.events[:size]]
        self.entries = [_entry_row(entry, program) for entry in found.entries[:size]]
        self.redemptions = [_redemption_row(line, program) for line in found.redemptions[:size]]
        self.vouchers = [_voucher_row(voucher, program, now) for voucher in found.vouchers[:size]]
        place = self._place
        self.kind, self.kinds = (
            place.kind,
            [self._kind("All", ""), *(self._kind(FILTERS[one], one) for one in EventKind)],
        )
        self.newest_events = self._at(event="") if place.event else ""
        self.newest_entries = self._at(entry=0) if place.entry else ""
        self.newest_redemptions = self._at(redemption=0) if place.redemption else ""
        self.newest_vouchers = self._at(voucher=0) if place.voucher else ""
        self.older_events = self._at(event=self.events[-1].spot) if len(found.events) > size else ""
        self.older_entries = self._at(entry=self.entries[-1].id) if len(found.entries) > size else ""
        self.older_redemptions = self._at(redemption=self.redemptions[-1].id) if len(found.redemptions) > size else ""
        self.older_vouchers = self._at(voucher=found.vouchers[size - 1].id) if len(found.vouchers) > size else ""
        self.is_missing, self.is_loaded = False, True

    def _kind(self, words: str, kind: str) -> KindLink:
        return KindLink(words, self._at(kind=kind, event=""), self._place.kind == kind)

    def _at(self, **changes: Any) -> str:
        place = replace(self._place, **changes)
        asked = {
            "kind": place.kind, "events": place.event, "entries": place.entry, "redemptions": place.redemption,
            "vouchers": place.voucher,
        }  # fmt: skip
        return address(f"{HOME}{self._id}", asked)


@dataclass(frozen=True)
class AdjustmentDraft:
    """What is asked of an adjustment."""

    direction: str = ""
    points: str = ""
    reason: str = ""
    turn: str = ""


class AdjustmentState(rx.State):
    """The dialog that adds points to a member or takes some away."""

    permission: ClassVar[Permission] = Permission.POINTS_MANAGEMENT

    problems: rx.Field[dict[str, str]] = rx.field(default_factory=dict)
    preview: rx.Field[str] = rx.field("")
    is_too_low: rx.Field[bool] = rx.field(default=False)
    turn: int = 0
    """Grows with each adjustment: a form sent twice comes with an old one, and a dialog made anew is closed."""

    _id: int = 0

    @rx.event
    async def ask(self) -> None:
        """Say what the member has before anything is typed."""
        self.problems = {}
        self._id = member_of(self.router.url.path)
        await self._look(0)

    @rx.event
    async def watch(self, form: dict[str, Any]) -> None:
        """Say what the member would have."""
        await self._look(points_of(typed(AdjustmentDraft, form)) or 0)

    @rx.event
    async def adjust(self, form: dict[str, Any]) -> rx.event.EventSpec | None:
        """Write it into the ledger, once however often the button is pressed."""
        draft = typed(AdjustmentDraft, form)
        if draft.turn != str(self.turn):
            return None
        self.turn += 1  # at once: a second press that waits behind this one finds it changed
        try:
            entry = await transact(ledger.adjust, self._id, points_of(draft), draft.reason, by=actor(), now=times.now())
        except InvalidError as refused:
            self.turn, self.problems = self.turn - 1, refused.problems
            return None
        self.problems, self.preview = {}, ""
        program = await read(programs.current)
        said = point_rules.signed(entry.points, program.locale)
        say(await self.get_state(NoticeState), f"{said} points are in the ledger.")
        return rx.set_focus("adjust-points")

    async def _look(self, points: int) -> None:
        program, member = await read(_member, self._id)
        after = member.points + points
        self.is_too_low = points < 0 and after < 0
        has = point_rules.say_points(member.points, program.locale)
        if self.is_too_low:
            self.preview = f"The member has {has}. An adjustment cannot leave less than none."
        elif points:
            self.preview = f"Now {has}, then {point_rules.say_points(after, program.locale)}."
        else:
            self.preview = f"Now {has}."


class EraseState(rx.State):
    """The dialog that says what is forgotten with a member, and wants their name typed."""

    permission: ClassVar[Permission] = Permission.MEMBER_MANAGEMENT

    doomed_id: rx.Field[int] = rx.field(0)
    doomed: rx.Field[str] = rx.field("")
    facts: rx.Field[list[str]] = rx.field(default_factory=list)
    file: rx.Field[str] = rx.field("")
    fits: rx.Field[bool] = rx.field(default=False)
    problem: rx.Field[str] = rx.field("")
    busy: rx.Field[bool] = rx.field(default=False)
    turn: rx.Field[int] = rx.field(0)
    """Grows with each erasure: a dialog made anew is closed."""

    @rx.event
    async def ask(self) -> None:
        """Say what goes and what stays."""
        self.doomed_id, self.fits, self.problem = member_of(self.router.url.path), False, ""
        program, found = await read(_forecast, self.doomed_id)
        self.doomed, self.facts = found.member.name, say_erasure(found, program)
        self.file = f"/api/v1/members/{self.doomed_id}/export"

    @rx.event
    async def type_name(self, typed_name: str) -> None:
        """Look whether the typed name is the member's."""
        self.fits, self.problem = is_same_name(str(typed_name), self.doomed), ""

    @rx.event
    async def erase(self, form: dict[str, Any]) -> AsyncIterator[rx.event.EventSpec | None]:
        """Forget them for good."""
        self.busy, self.problem = True, ""
        yield
        try:
            name = text_of(form, "typed_name")
            await transact(erasure.erase, self.doomed_id, typed_name=name, by=actor(), now=times.now())
        except InvalidError as refused:
            self.problem = str(refused)
            return
        finally:
            self.busy = False
        self.turn += 1
        say(await self.get_state(NoticeState), "Nothing about this person is left here.")
        yield rx.set_focus("member-history")


class ReversalState(rx.State):
    """The dialog that undoes a redemption."""

    permission: ClassVar[Permission] = Permission.REVERSE_REDEMPTIONS

    facts: rx.Field[list[str]] = rx.field(default_factory=list)
    problems: rx.Field[dict[str, str]] = rx.field(default_factory=dict)
    turn: int = 0
    """Grows with each reversal: a dialog made anew is closed."""

    _id: int = 0

    @rx.event
    async def ask(self, redemption_id: int) -> None:
        """Say what undoing it does."""
        self._id, self.problems = int(redemption_id), {}
        program, line, stands = await read(_redemption, self._id)
        points = point_rules.say_points(line.points, program.locale) if line.points else ""
        self.facts = redemption_rules.say_effects(line.code, points, stands)

    @rx.event
    async def reverse(self, form: dict[str, Any]) -> rx.event.EventSpec | None:
        """Undo it; of two presses the database lets one through."""
        try:
            answer = await transact(
                redemptions.reverse, self._id, reason=text_of(form, "why"), by=actor(), now=times.now()
            )
        except InvalidError as refused:
            self.problems = {"why": str(refused)}
            return None
        self.turn += 1
        if isinstance(answer, Refused):
            words = "This redemption was undone before."
        else:
            words = f"The redemption is undone. {redemption_rules.say_again('The code', answer.stands)}"
        say(await self.get_state(NoticeState), words)
        return rx.set_focus("member-redemptions")


def member_of(path: str) -> int:
    """Return the number of the member whose page it is, or 0."""
    return number(path.rstrip("/").rsplit("/", 1)[-1])


def points_of(draft: AdjustmentDraft) -> int | None:
    """Return the points to add, below zero to take away; None where no number was typed."""
    text = draft.points.strip()
    if not (text.isascii() and text.isdigit() and len(text) <= len(str(point_rules.MOST_ADJUSTED))):
        return None
    return -int(text) if draft.direction == "take" else int(text)


def say_erasure(found: Forecast, program: Program) -> list[str]:
    """Return a sentence for each thing that erasing a member takes away, or leaves."""
    lost = f"{say_number(found.vouchers, program.locale)} voucher{'' if found.vouchers == 1 else 's'}"
    points = point_rules.say_points(found.member.points, program.locale)
    return [
        "Name, address, phone number and account go, what they told when they redeemed, and why points were adjusted.",
        "They are signed out at once.",
        *([f"{lost} that they have not used can no longer be redeemed."] if found.vouchers else []),
        f"Claims, redemptions and {points} stay as numbers of nobody.",
        "Backups and files that were taken away before still hold them.",
    ]


def _active(session: Session, days: int) -> tuple[Program, list[Active]]:
    found = engagement.most_active(session, days, by=actor(), now=times.now())
    return programs.current(session), found


def _rank(one: Active, most: int, program: Program) -> Rank:
    points = point_rules.say_points(one.points, program.locale)
    last = times.say_instant(one.last, program.time_zone, program.locale)
    return Rank(
        one.name,
        share(one.redemptions, most),
        say_number(one.redemptions, program.locale),
        f"last {last} · {points}",
        f"{HOME}{one.member_id}",
    )


def _listed(session: Session, wish: Wish, after: int) -> tuple[Program, list[Member]]:
    found = members.listed(session, wish, after=after, limit=members.PAGE + 1, by=actor())
    return programs.current(session), found


def _profile(session: Session, member_id: int, place: Place) -> tuple[Program, Profile]:
    return programs.current(session), directory.profile(session, member_id, place, by=actor())


def _forecast(session: Session, member_id: int) -> tuple[Program, Forecast]:
    return programs.current(session), erasure.forecast(session, member_id, by=actor(), now=times.now())


def _member(session: Session, member_id: int) -> tuple[Program, Member]:
    return programs.current(session), members.get(session, member_id, by=actor())


def _redemption(session: Session, redemption_id: int) -> tuple[Program, Line, Reason | None]:
    line = history.get(session, redemption_id, by=actor())
    stands = redemptions.stands_after_undo(session, redemption_id, by=actor(), now=times.now())
    return programs.current(session), line, stands


def _address(text: str = "", after: int = 0, *, is_erased: bool = False) -> str:
    return address(HOME, {"q": text, "after": after, "erased": "yes" if is_erased else ""})


def _day(instant: datetime, program: Program) -> str:
    return times.say_day(times.local_day(instant, program.time_zone), program.locale)


def _member_row(member: Member, program: Program) -> MemberRow:
    return MemberRow(
        member.id or 0,
        member.name,
        member.email,
        member.phone or "—",
        say_number(member.points, program.locale),
        _day(member.joined_at, program),
    )


def _member_view(member: Member, program: Program) -> MemberView:
    return MemberView(
        id=member.id or 0,
        name=member.name,
        email=member.email,
        phone=member.phone,
        points=say_number(member.points, program.locale),
        is_below=member.points < 0,
        joined=f"Erased {_day(member.erased_at, program)}"
        if member.erased_at
        else f"Joined {_day(member.joined_at, program)}",
        account="Signs in with this address" if member.account_id else "Has no account yet",
        is_erased=member.erased_at is not None,
    )


def _entry_row(entry: PointsEntry, program: Program) -> EntryRow:
    return EntryRow(
        id=entry.id or 0,
        at=times.say_instant(entry.at, program.time_zone, program.locale),
        kind=KINDS[entry.kind],
        title=entry.title,
        actor=entry.actor or "—",
        points=point_rules.signed(entry.points, program.locale),
        is_minus=entry.points < 0,
        balance=say_number(entry.balance, program.locale),
    )


def _event_row(event: Event, program: Program) -> EventRow:
    note = SENTENCES[event.reason] if event.reason else event.note
    return EventRow(
        spot=event.spot,
        kind=event.kind,
        at=times.say_instant(event.at, program.time_zone, program.locale),
        what=HAPPENED[event.kind],
        title=event.title,
        code=event.code,
        note=note,
        points=point_rules.signed(event.points, program.locale) if event.points else "",
        where=event.place,
        staff=event.staff,
        desk=address("/admin/redemptions/", {"q": event.code}) if event.redemption_id and event.code else "",
    )


def _voucher_row(voucher: Voucher, program: Program, now: datetime) -> VoucherRow:
    state = claim_rules.voucher_state(voucher.status, voucher.expires_at, now, is_disabled=voucher.is_disabled)
    if voucher.redeemed_at:
        note = f"Redeemed {times.say_instant(voucher.redeemed_at, program.time_zone, program.locale)}"
    else:
        until = times.say_validity(voucher.expires_at, program.time_zone, program.locale, now=now)
        note = until[:1].upper() + until[1:]
    return VoucherRow(
        code=alphabet.display(voucher.code, voucher.prefix),
        title=voucher.promise.title,
        state=state,
        standing=STANDINGS[state],
        claimed=_day(voucher.claimed_at, program) if voucher.claimed_at else "—",
        note=note,
    )


def _redemption_row(line: Line, program: Program) -> RedemptionRow:
    since = ""
    if line.reversed_at:
        at = times.say_instant(line.reversed_at, program.time_zone, program.locale)
        since = redemption_rules.say_undone(line.reversed_by, at, line.reversal_reason)
    return RedemptionRow(
        id=line.id,
        at=times.say_instant(line.at, program.time_zone, program.locale),
        title=line.title,
        batch=f"/admin/batches/{line.batch_id}",
        code=line.code,
        points=point_rules.signed(line.points, program.locale) if line.points else "—",
        staff=line.staff or "—",
        told=list((line.answers or {}).items()),
        is_reversed=line.status is RedemptionStatus.REVERSED,
        reversed=since,
    )
