"""The overview of the program, live."""

from dataclasses import dataclass
from typing import ClassVar

import reflex as rx
from sqlmodel import Session

from loyalty_app.batches import service as batches
from loyalty_app.batches.rules import redemption_rate, say_share, share
from loyalty_app.core import times
from loyalty_app.core.actor import Permission, actor
from loyalty_app.core.database import read
from loyalty_app.core.reasons import Reason
from loyalty_app.dashboard import service as dashboard
from loyalty_app.dashboard import visits
from loyalty_app.dashboard.visits import Funnel, Traffic
from loyalty_app.insights.rules import Range
from loyalty_app.insights.state import chart_of, range_links, read_range
from loyalty_app.jobs import service as jobs
from loyalty_app.jobs.models import JobStatus
from loyalty_app.program import service as programs
from loyalty_app.program.models import Program
from loyalty_app.program.rules import say_number
from loyalty_app.redemptions import history
from loyalty_app.redemptions import service as redemptions
from loyalty_app.redemptions.rules import ClaimLink, recognise
from loyalty_app.scanbatches import service as scanbatches
from loyalty_app.ui.charts import Chart, Pair, RangeLink, Rank, drawn
from loyalty_app.ui.live import hub

WEEKDAYS = ("Mondays", "Tuesdays", "Wednesdays", "Thursdays", "Fridays", "Saturdays", "Sundays")
WORDS = {
    None: "Redeemed",
    Reason.ALREADY_REDEEMED: "Already redeemed",
    Reason.EXPIRED: "Expired",
    Reason.NOT_CLAIMED: "Not claimed",
    Reason.TAMPERED: "Changed or forged",
    Reason.KEY_RETIRED: "Key retired",
    Reason.LOGIN_REQUIRED: "No member",
    Reason.BATCH_PAUSED: "Paused",
    Reason.UNKNOWN_CODE: "Unknown code",
    Reason.MALFORMED: "Not a voucher",
    Reason.WRONG_KIND: "Not a voucher",
    Reason.DISABLED: "Disabled",
    Reason.REDEMPTION_FROZEN: "Redemptions frozen",
    Reason.NOT_HOLDER: "Another member's",
    Reason.MIN_PURCHASE: "Basket too small",
}


@dataclass(frozen=True)
class ScanRow:
    """One attempt at the counter."""

    id: int
    at: str
    what: str
    member: str
    staff: str
    outcome: str
    is_good: bool


class OverviewState(rx.State):
    """The program in a few numbers, and what just happened at the counter."""

    permission: ClassVar[Permission] = Permission.VIEW_DASHBOARD

    batches: str = "0"
    batches_ever: str = "0"
    vouchers: str = "0"
    claimed: str = "0"
    redeemed: str = "0"
    rate: str = "—"
    vouchers_share: int = 0
    claimed_share: int = 0
    redeemed_share: int = 0
    claimed_words: str = ""
    codes_used: str = "0"
    codes_active: str = "0"
    codes_words: str = ""
    codes_note: str = ""
    points_paid: str = "0"
    has_codes: bool = False
    scans: rx.Field[list[ScanRow]] = rx.field(default_factory=list)
    is_loaded: bool = False
    is_new: bool = False
    at_work: str = ""
    """What is being made in the background for a first look around."""
    chart: rx.Field[Chart] = rx.field(default_factory=Chart)
    ranges: rx.Field[list[RangeLink]] = rx.field(default_factory=list)

    _range: str = Range.MONTH.value

    @rx.event
    async def opened(self) -> None:
        """Show the numbers, and keep them fresh."""
        self._range = read_range(self.router.url.query_parameters.get("range", ""), Range.MONTH)
        self.ranges = range_links("/admin/", self._range, Range.MONTH)
        hub.subscribe(self, OverviewState.refresh, batches.TOPIC, redemptions.TOPIC, programs.SAMPLE_DATA)
        await self._show()

    @rx.event
    async def refresh(self) -> None:
        """Show them again after something changed."""
        await self._show()

    async def _show(self) -> None:
        program, sums = await hub.shared(batches.TOPIC, "totals", lambda: read(_totals))
        self.chart = await chart_of(Range(self._range))
        # What is shared is shared by those who may see the same.
        decides = (Permission.VIEW_MEMBERS, Permission.REDEEM, Permission.QR_CODE_MANAGEMENT)
        sees = tuple(map(actor().may, decides))
        latest = await hub.shared(redemptions.TOPIC, ("latest", *sees), lambda: read(_latest))
        locale = program.locale
        self.batches, self.batches_ever = say_number(sums.batches, locale), say_number(sums.batches_ever, locale)
        self.vouchers = say_number(sums.vouchers, locale)
        self.claimed, self.redeemed = say_number(sums.claimed, locale), say_number(sums.redeemed, locale)
        rate = redemption_rate(sums.claimed, sums.redeemed)
        self.rate = "—" if rate is None else f"{rate}%"
        self.vouchers_share = 100 if sums.vouchers else 0
        self.claimed_share = share(sums.claimed, sums.vouchers)
        self.redeemed_share = share(sums.redeemed, sums.vouchers)
        self.claimed_words = f"{say_share(sums.claimed, sums.vouchers)} of all vouchers"
        self.scans = list(latest)
        await self._show_codes()
        self.at_work = await hub.shared(programs.SAMPLE_DATA, "work", lambda: read(_sample_words))
        self.is_new, self.is_loaded = sums.batches_ever == 0, True

    async def _show_codes(self) -> None:
        program, paid, sums = await hub.shared(batches.TOPIC, "codes", lambda: read(_printed))
        locale = program.locale
        self.has_codes = sums.batches > 0
        self.codes_used, self.points_paid = say_number(paid.today, locale), say_number(paid.points, locale)
        self.codes_active = say_number(sums.active, locale)
        self.codes_words = f"{say_number(sums.used, locale)} in all"
        self.codes_note = f"of {say_number(sums.codes, locale)} printed"


class VisitsState(rx.State):
    """What redemptions tell of offers, places, hours and new members."""

    permission: ClassVar[Permission] = Permission.VIEW_DASHBOARD

    offers: rx.Field[list[Rank]] = rx.field(default_factory=list)
    offers_say: rx.Field[str] = rx.field("")
    clock: rx.Field[Chart] = rx.field(default_factory=Chart)
    steps: rx.Field[list[Rank]] = rx.field(default_factory=list)
    steps_say: rx.Field[str] = rx.field("")
    is_loaded: rx.Field[bool] = rx.field(default=False)

    @rx.event
    async def opened(self) -> None:
        """Show them, and keep them fresh, though not at every scan: they take long to read."""
        hub.subscribe(self, VisitsState.refresh, hub.slow(batches.TOPIC, "visits"))
        await self.refresh()

    @rx.event
    async def refresh(self) -> None:
        """Show them again after something was redeemed."""
        program, offers, hours, funnel = await hub.shared(
            hub.slow(batches.TOPIC, "visits"), "visits", lambda: read(_visits)
        )
        self.offers, self.offers_say = rank_offers(offers, program), say_traffic(offers, program)
        self.clock = draw_hours(hours, program)
        self.steps, self.steps_say = rank_steps(funnel, program), say_funnel(funnel, program)
        self.is_loaded = True


def rank_offers(offers: list[Traffic], program: Program) -> list[Rank]:
    """Return a line for each offer, with its locations where it was redeemed at some."""
    most = max((one.redemptions for one in offers), default=0)
    return [
        Rank(
            one.offer,
            share(one.redemptions, most),
            say_number(one.redemptions, program.locale),
            ", ".join(
                f"{place or 'no location'} {say_number(number, program.locale)}" for place, number in one.places.items()
            )
            if any(one.places)
            else "",
        )
        for one in offers
    ]


def say_traffic(offers: list[Traffic], program: Program) -> str:
    """Return which offer brings most people in, and where."""
    if not offers:
        return "Nothing was redeemed in the last 30 days."
    first, total = offers[0], sum(one.redemptions for one in offers)
    of_total = f"{say_number(first.redemptions, program.locale)} of {say_number(total, program.locale)}"
    where = next((place for place in first.places if place), "")
    at = f", most often at {where}" if where else ""
    return f"{first.offer} brings most people in: {of_total} redemptions{at}."


def draw_hours(hours: dict[tuple[int, int], int], program: Program) -> Chart:
    """Return the hours of the day, side by side, and when most people come."""
    by_hour = [sum(hours.get((day, hour), 0) for day in range(7)) for hour in range(24)]
    numbers = [say_number(number, program.locale) for number in by_hour]
    summary = ""
    if hours:
        (day, hour), number = max(hours.items(), key=lambda one: (one[1], -one[0][0], -one[0][1]))
        said = f"{say_number(number, program.locale)} of {say_number(sum(by_hour), program.locale)} redemptions"
        summary = f"Busiest on {WEEKDAYS[day]} from {hour:02}:00 to {(hour + 1) % 24:02}:00: {said}."
    pairs = [Pair(f"{hour:02}:00", number, 0, numbers[hour], "") for hour, number in enumerate(by_hour)]
    return drawn(pairs, ("Redemptions",), say_number(max(by_hour), program.locale), summary)


def rank_steps(funnel: Funnel, program: Program) -> list[Rank]:
    """Return a line for each step of the way from joining to coming again."""
    steps = (
        ("Joined", funnel.joined),
        ("Took a voucher or a code", funnel.claimed),
        ("Redeemed", funnel.redeemed),
        ("Came again", funnel.again),
    )
    return [Rank(words, share(number, funnel.joined), say_number(number, program.locale)) for words, number in steps]


def say_funnel(funnel: Funnel, program: Program) -> str:
    """Return where most new members are lost."""
    if not funnel.joined:
        return "Nobody joined in the last 90 days."
    losses = (
        (funnel.joined - funnel.claimed, "take nothing: do they see what they can claim?"),
        (
            funnel.claimed - funnel.redeemed,
            "claim and do not redeem: is it worth the way?",
        ),
        (funnel.redeemed - funnel.again, "come once and not again: is there something for the second time?"),
    )
    lost, why = max(losses, key=lambda one: one[0])
    if not lost:
        return "All new members came more than once."
    return f"{say_number(lost, program.locale)} of {say_number(funnel.joined, program.locale)} new members {why}"


def _visits(session: Session) -> tuple[Program, list[Traffic], dict[tuple[int, int], int], Funnel]:
    by, now = actor(), times.now()
    return (
        programs.current(session),
        visits.traffic(session, by=by, now=now),
        visits.hours(session, by=by, now=now),
        visits.funnel(session, by=by, now=now),
    )


def _printed(session: Session) -> tuple[Program, dashboard.Paid, scanbatches.Totals]:
    by, now = actor(), times.now()
    return (
        programs.current(session),
        dashboard.paid(session, by=by, now=now),
        scanbatches.totals(session, by=by, now=now),
    )


def _sample_words(session: Session) -> str:
    job = jobs.newest(session, programs.SAMPLE_DATA)
    if job is None or job.done == job.total:
        return ""
    if job.status in {JobStatus.QUEUED, JobStatus.RUNNING}:
        return f"Making the sample café: {job.done} of {job.total} parts are there. This takes less than a minute."
    return "The sample café could not be made to its end. What is there can be used, or deleted."


def _totals(session: Session) -> tuple[Program, dashboard.Totals]:
    return programs.current(session), dashboard.totals(session, by=actor())


def _latest(session: Session) -> list[ScanRow]:
    program = programs.current(session)
    scans = [(scan, _claim_token(scan.text)) for scan in history.latest(session, by=actor())]
    ours = batches.known_tokens(session, {token for _, token in scans if token})
    return [_row(scan, program, is_claim_link=token in ours) for scan, token in scans]


def _claim_token(text: str) -> str:
    what = recognise(text)
    return what.token if isinstance(what, ClaimLink) else ""


def _row(scan: history.Scan, program: Program, *, is_claim_link: bool) -> ScanRow:
    return ScanRow(
        scan.id,
        times.say_instant(scan.at, program.time_zone, program.locale),
        scan.title or scan.text[:40],
        scan.member or "—",
        scan.staff or "—",
        "Claim link" if is_claim_link else WORDS.get(scan.reason, "Refused"),
        scan.reason is None,
    )
