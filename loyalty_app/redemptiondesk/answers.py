"""What the Redemptions page says of its numbers, of a redemption and of a conflict: rows, already in words."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from loyalty_app.batches.rules import share
from loyalty_app.codes import alphabet
from loyalty_app.core import times
from loyalty_app.core.actor import Actor, Permission
from loyalty_app.core.addresses import address
from loyalty_app.core.reasons import Reason
from loyalty_app.counter import answers as counter
from loyalty_app.points.rules import say_points
from loyalty_app.program.models import Program
from loyalty_app.program.rules import say_money, say_number
from loyalty_app.redemptiondesk import rules
from loyalty_app.redemptiondesk.rules import STATUSES, Search
from loyalty_app.redemptions import rules as redemption_rules
from loyalty_app.redemptions import search as redemption_search
from loyalty_app.redemptions.conflicts import Conflict, Side
from loyalty_app.redemptions.history import Line
from loyalty_app.redemptions.models import RedemptionStatus
from loyalty_app.redemptions.numbers import Choices, Stand


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
    undone: str
    """By whom, when and why, if it was."""
    status: str
    status_words: str
    at: str
    """When it was recorded: by this the list is in order, and is narrowed to days."""
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
    may_undo_any: bool = False
    """Whether they may undo it with a reason, whoever's it is."""
    why: str = ""
    """Where every check of its code is told."""
    effects: list[str] = field(default_factory=list)
    """What undoing it does."""


@dataclass(frozen=True)
class ConflictRow:
    """A refused scan for which the reward may have been given (product.md, section 5, item 9)."""

    id: int
    code: str
    about: str
    reason: str
    first: str
    """Who was faster, if that is why."""
    late: str
    redemption: int
    """What counts instead, or 0."""


def say_cards(stand: Stand, active: int, program: Program) -> Cards:
    """Put the numbers above the list into words."""
    locale, found = program.locale, rules.verdict(stand.redeemed, stand.distributed)
    redeemed, distributed = say_number(stand.redeemed, locale), say_number(stand.distributed, locale)
    return Cards(
        total=say_number(stand.redemptions, locale),
        total_note=f"{say_number(stand.goodwill, locale)} more as goodwill" if stand.goodwill else "",
        active=say_number(active, locale),
        rate=rules.say_rate(stand.redeemed, stand.distributed, locale),
        rate_words=f"Coupon rate: {redeemed} of {distributed} coupons handed out" if stand.distributed else "",
        share=share(stand.redeemed, stand.distributed) if stand.distributed else 0,
        verdict=found.value,
        hint=rules.HINTS[found],
    )


def say_search(search: Search, choices: Choices, program: Program, *, is_least: bool = False) -> list[str]:
    """Return what an address narrows the list to, each as a few words, and whether only the newest are looked at."""
    places = {str(one.id): one.name for one in choices.places}
    people = {str(one.id): one.name for one in choices.staff}
    parts = (
        search.q and f"“{search.q}”{_how_far(program) if is_least else ''}",
        search.status and STATUSES[RedemptionStatus(search.status)].lower(),
        search.place and f"at {places.get(search.place, 'a location that is gone')}",
        search.staff and f"by {people.get(search.staff, 'somebody who is gone')}",
        search.first_day and f"from {times.say_day(search.first_day, program.locale)}",
        search.last_day and f"to {times.say_day(search.last_day, program.locale)}",
    )
    return [part for part in parts if part]


def _how_far(program: Program) -> str:
    newest = say_number(redemption_search.LOOKED_BACK, program.locale)
    return f" (without three letters in a row, among the newest {newest} only)"


def say_row(line: Line, program: Program) -> RedemptionRow:
    """Return a redemption as its row shows it."""
    points = say_points(line.points, program.locale) if line.points else ""
    basket = "" if line.amount is None else f"Basket {say_money(line.amount, program.currency, program.locale)}"
    return RedemptionRow(
        id=line.id,
        code=line.code,
        customer=line.member or "—",
        title=line.title,
        worth=", ".join(one for one in (points, basket) if one and one != line.title),
        undone=_undone(line, program),
        status=line.status.value,
        status_words=STATUSES[line.status],
        at=_say(line.at, program),
        scanned=_offline(line.scanned_at, line.at, program) if line.scanned_at else "",
        place=line.place or "—",
        staff=line.staff,
    )


def say_details(line: Line, stands: Reason | None, program: Program, *, by: Actor, now: datetime) -> Details:
    """Return everything that a caller may know of a redemption, and may do about it.

    With what would stand against its code once it is undone.
    """
    minutes, is_live = program.undo_minutes, line.status is not RedemptionStatus.REVERSED
    may_undo = is_live and redemption_rules.may_undo(line.staff_id, line.at, by.account_id, minutes, now=now)
    ends_at = line.at + timedelta(minutes=minutes)
    points = say_points(line.points, program.locale) if line.points else ""
    return Details(
        id=line.id,
        code=line.code,
        status=line.status.value,
        status_words=STATUSES[line.status],
        facts=_facts(line, program, by),
        undo_until=times.say_time(ends_at, program.time_zone, program.locale) if may_undo else "",
        why=_why(line, by),
        may_undo_any=is_live and not may_undo and by.may(Permission.REVERSE_REDEMPTIONS),
        effects=redemption_rules.say_effects(line.code, points, stands) if is_live else [],
    )


def say_conflict(one: Conflict, program: Program) -> ConflictRow:
    """Put into words why a scan was refused, who made it, and who was faster."""

    def say(side: Side) -> str:
        parts = (
            side.staff or "A program",
            f"at {side.place}" if side.place else "",
            f"on {side.device}" if side.device else "",
            _say(side.at, program),
        )
        return ", ".join(filter(None, parts))

    why = counter.say(one.reason)
    return ConflictRow(
        id=one.id,
        code=one.code or "—",
        about=", ".join(filter(None, (one.title, one.member))),
        reason=f"{why.headline}. {why.lead}",
        first=say(one.first) if one.first else "",
        late=f"{say(one.late)}; sent {_say(one.sent_at, program)}",
        redemption=one.redemption_id or 0,
    )


def _facts(line: Line, program: Program, by: Actor) -> list[Fact]:
    def here(instant: datetime) -> str:
        zone, locale = program.time_zone, program.locale
        there = times.say_there(instant, line.place_zone or zone, zone, locale)
        return f"{_say(instant, program)} ({there})" if there else _say(instant, program)

    member = f"/admin/members/{line.member_id}" if line.member_id and by.may(Permission.VIEW_MEMBERS) else ""
    batch = f"/admin/batches/{line.batch_id}" if by.may(Permission.VIEW_DASHBOARD) else ""
    facts = (
        Fact("Customer", line.member, member),
        Fact("Offer", line.title, batch),
        Fact("Points", say_points(line.points, program.locale) if line.points else ""),
        Fact("Basket", "" if line.amount is None else say_money(line.amount, program.currency, program.locale)),
        Fact("Scanned without a connection", here(line.scanned_at) if line.scanned_at else ""),
        Fact("Arrived here" if line.scanned_at else "Date and time", here(line.at)),
        Fact("Location", line.place),
        Fact("Redeemed by", line.staff),
        Fact("Device", line.device),
        Fact("Honoured because", line.goodwill_reason),
        Fact("What became of it", _undone(line, program)),
        *(Fact(label, words) for label, words in (line.answers or {}).items()),
    )
    return [fact for fact in facts if fact.words]


def _offline(scanned_at: datetime, at: datetime, program: Program) -> str:
    zone, locale = program.time_zone, program.locale
    is_same_day = times.local_day(scanned_at, zone) == times.local_day(at, zone)
    return f"Scanned offline {(times.say_time if is_same_day else times.say_instant)(scanned_at, zone, locale)}"


def _undone(line: Line, program: Program) -> str:
    if line.reversed_at is None:
        return ""
    return redemption_rules.say_undone(line.reversed_by, _say(line.reversed_at, program), line.reversal_reason)


def _why(line: Line, by: Actor) -> str:
    # A code that whoever looks may not read is no question that they could ask.
    if not by.may(Permission.SUPPORT) or line.code.startswith(alphabet.HIDDEN):
        return ""
    return address("/admin/redemptions/why/", {"code": line.code})


def _say(instant: datetime, program: Program) -> str:
    return times.say_instant(instant, program.time_zone, program.locale)
