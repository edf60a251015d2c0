"""One batch and all that its numbers say, live."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any, ClassVar

import reflex as rx
from sqlmodel import Session

from loyalty_app.batches import rules as batch_rules
from loyalty_app.batches import service as batches
from loyalty_app.batches.models import Batch, BatchKind, BatchStatus
from loyalty_app.batches.rules import CHANNELS, Badge
from loyalty_app.batches.state import BADGES
from loyalty_app.core import times
from loyalty_app.core.actor import Actor, Permission, actor
from loyalty_app.core.addresses import number
from loyalty_app.core.config import settings
from loyalty_app.core.database import read
from loyalty_app.core.errors import InvalidError, NotFoundError
from loyalty_app.core.reasons import Reason
from loyalty_app.insights import rules
from loyalty_app.insights import service as insights
from loyalty_app.insights.rules import Check, Range, Timeline, Verdict
from loyalty_app.insights.service import Happened, Looked
from loyalty_app.offers import service as offers
from loyalty_app.offers.rules import say_reward
from loyalty_app.program import service as programs
from loyalty_app.program.models import Program
from loyalty_app.program.rules import say_money, say_number
from loyalty_app.qr import drawing
from loyalty_app.redemptions import service as redemptions
from loyalty_app.ui.charts import Chart, Pair, RangeLink, drawn
from loyalty_app.ui.live import hub

MOST_TYPED = 254
NAMES = ("Claimed", "Redeemed")
SETTLED = "settled-activity"
"""Never announced: what is kept under it is swept away with everything that is half a minute old."""
FAR = timedelta(days=1)

VERDICTS = {
    Verdict.TOO_EARLY: "Too early to say",
    Verdict.LOW: "Low",
    Verdict.USUAL: "Usual",
    Verdict.GOOD: "Good",
    Verdict.GREAT: "Great",
}
RANGES = {Range.DAY: "24 hours", Range.WEEK: "7 days", Range.MONTH: "30 days", Range.ALL: "All"}
PERIODS = {
    Range.DAY: "in the last 24 hours",
    Range.WEEK: "in the last 7 days",
    Range.MONTH: "in the last 30 days",
    Range.ALL: "so far",
}
STOPPED = {
    Reason.ALREADY_CLAIMED: "because the member had a voucher of this batch already",
    Reason.LOGIN_REQUIRED: "because nobody was signed in as a member",
    Reason.BATCH_PAUSED: "because the batch was paused",
    Reason.SOLD_OUT: "because no voucher was left",
    Reason.NOT_READY: "because the vouchers were not made yet",
    Reason.EXPIRED: "because the batch was over",
}


@dataclass(frozen=True)
class OfferView:
    """What the batch promises."""

    title: str = ""
    description: str = ""
    terms: str = ""
    reward: str = ""
    conditions: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class BatchView:
    """A batch as its page shows it."""

    id: int = 0
    name: str = ""
    badge: str = ""
    badge_words: str = ""
    channel: str = ""
    until: str = ""
    made: str = ""
    total: str = ""
    claimed: str = ""
    claimed_words: str = ""
    redeemed: str = ""
    redeemed_words: str = ""
    left: str = ""
    left_words: str = ""
    rate: str = ""
    rate_words: str = ""
    progress: int = 0
    progress_words: str = ""
    may_pause: bool = False
    may_resume: bool = False
    may_go_on: bool = False
    is_frozen: bool = False
    url: str = ""
    qr: str = ""
    export: str = ""
    vouchers: str = ""
    edit: str = ""


@dataclass(frozen=True)
class AdviceRow:
    """One thing to do."""

    topic: str
    says: str
    because: str
    questions: list[str]


@dataclass(frozen=True)
class CheckRow:
    """One thing that was looked at; `sign` names its icon."""

    says: str
    sign: str


@dataclass(frozen=True)
class SiblingRow:
    """A batch of the same offer beside the others."""

    id: int
    name: str
    channel: str
    is_this: bool
    share: int
    share_words: str
    rate: int
    rate_words: str
    verdict: str
    verdict_words: str
    band: str
    low: int
    usual: int
    great: int
    great_room: int


@dataclass(frozen=True)
class _Page:
    view: BatchView
    offer: OfferView
    advice: list[AdviceRow]
    checks: list[CheckRow]
    siblings: list[SiblingRow]
    is_unseen: bool


@dataclass(frozen=True)
class Settled:
    """What a chart shows of the time before this hour."""

    program: Program
    line: Timeline
    until: datetime
    happened: list[Happened]


class BatchState(rx.State):
    """The page of one batch; how far back its chart looks is kept in the address."""

    permission: ClassVar[Permission] = Permission.VIEW_DASHBOARD

    batch: rx.Field[BatchView] = rx.field(default_factory=BatchView)
    offer: rx.Field[OfferView] = rx.field(default_factory=OfferView)
    changed: rx.Field[str] = rx.field("")
    advice: rx.Field[list[AdviceRow]] = rx.field(default_factory=list)
    checks: rx.Field[list[CheckRow]] = rx.field(default_factory=list)
    siblings: rx.Field[list[SiblingRow]] = rx.field(default_factory=list)
    chart: rx.Field[Chart] = rx.field(default_factory=Chart)
    ranges: rx.Field[list[RangeLink]] = rx.field(default_factory=list)
    me: rx.Field[str] = rx.field("")
    is_unseen: rx.Field[bool] = rx.field(default=False)
    is_missing: rx.Field[bool] = rx.field(default=False)
    is_loaded: rx.Field[bool] = rx.field(default=False)

    _batch_id: int = 0
    _range: str = Range.ALL.value

    @rx.event
    async def opened(self) -> rx.event.EventSpec | None:
        """Show the batch that the address names, and keep it fresh; one of QR codes has a page of its own."""
        last = self.router.url.path.rstrip("/").rsplit("/", 1)[-1]
        self._batch_id = number(last)
        if await read(_is_scan, self._batch_id):
            return rx.redirect(f"/admin/batches/scan/{self._batch_id}")
        self._range = read_range(self.router.url.query_parameters.get("range", ""), Range.ALL)
        self.ranges = range_links(f"/admin/batches/{self._batch_id}", self._range, Range.ALL)
        self.me = _me(actor())
        (await self.get_state(MemberCheckState)).clear()
        hub.subscribe(
            self, BatchState.refresh, batches.TOPIC, batches.topic(self._batch_id), offers.TOPIC, redemptions.TOPIC
        )
        await self._show()
        return None

    @rx.event
    async def refresh(self) -> None:
        """Show it again after something changed."""
        await self._show()

    async def _show(self) -> None:
        batch_id, wanted = self._batch_id, Range(self._range)
        try:
            page = await hub.shared(batches.TOPIC, ("batch", batch_id), lambda: read(_page, batch_id))
            chart = await chart_of(wanted, batch_id)
            differing = await hub.shared(offers.TOPIC, batch_id, lambda: read(_changed, batch_id))
        except NotFoundError:
            self.is_missing, self.is_loaded = True, True
            return
        self.batch, self.offer, self.changed = page.view, page.offer, say_changed(differing)
        self.advice, self.checks, self.siblings = list(page.advice), list(page.checks), list(page.siblings)
        self.chart, self.is_unseen = chart, page.is_unseen
        self.is_missing, self.is_loaded = False, True


class MemberCheckState(rx.State):
    """Why a member cannot claim, looked up by somebody who may see members."""

    permission: ClassVar[Permission] = Permission.VIEW_MEMBERS

    rows: rx.Field[list[CheckRow]] = rx.field(default_factory=list)
    verdict: rx.Field[str] = rx.field("")
    problem: rx.Field[str] = rx.field("")

    @rx.event
    async def check(self, form: dict[str, Any]) -> None:
        """Go through everything that a member needs for a claim of the batch."""
        batch_id, email = number(str(form.get("batch") or "")), str(form.get("email") or "")[:MOST_TYPED]
        self.clear()
        try:
            checks = await read(insights.check_member, batch_id, email, by=actor(), now=times.now())
        except InvalidError as problem:
            self.problem = problem.problems.get("email", "")
            return
        self.rows = [_check(one) for one in checks]
        may = all(one.passed for one in checks)
        self.verdict = (
            "They can claim now, once signed in." if may else "They cannot claim now. The first cross says why."
        )

    def clear(self) -> None:
        """Begin with nothing, and nobody's answers left from another batch."""
        self.rows, self.verdict, self.problem = [], "", ""


def say_changed(differing: list[str]) -> str:
    """Return in words that an offer says something else by now than the batch promised."""
    if not differing:
        return ""
    words = differing[0] if len(differing) == 1 else f"{', '.join(differing[:-1])} and {differing[-1]}"
    return f"The offer has changed since: another {words}. This batch keeps what it promised."


def read_range(text: str, usual: Range) -> Range:
    """Return the range that an address asks for."""
    return Range(text) if text in set(Range) else usual


def range_links(path: str, here: str, usual: Range) -> list[RangeLink]:
    """Return a link for each range."""
    return [
        RangeLink(words, path if one is usual else f"{path}?range={one.value}", one.value == here)
        for one, words in RANGES.items()
    ]


async def chart_of(wanted: Range, batch_id: int | None = None) -> Chart:
    """Return the chart of claims and redemptions of one batch, or of all together."""
    return drawn_chart(*await _read(wanted, batch_id), wanted)


async def redemptions_chart_of(wanted: Range, batch_id: int) -> Chart:
    """Return the chart of redemptions alone, for a batch that nobody claims from."""
    return drawn_redemptions(*await _read(wanted, batch_id), wanted)


async def _read(wanted: Range, batch_id: int | None) -> tuple[Settled, Happened]:
    """Return what happened before and within this hour.

    Only what happened in this hour is read at each change. What is older hardly changes, and is read anew by and by.
    """
    hour = times.now().replace(minute=0, second=0, microsecond=0)
    old = await hub.shared(SETTLED, (batch_id, wanted, hour), lambda: read(_settled, batch_id, wanted))
    new = await hub.shared(batches.TOPIC, ("since", batch_id, old.until), lambda: read(_since, batch_id, old.until))
    return old, new


def drawn_redemptions(old: Settled, new: Happened, wanted: Range) -> Chart:
    """Return the chart of redemptions, settled and since."""
    zone, locale = old.program.time_zone, old.program.locale
    numbers = [one.redeemed for one in old.happened]
    numbers[-1] += new.redeemed
    pairs = [
        Pair(times.say_step(span.begin, old.line.step, zone, locale), one, 0, say_number(one, locale), "")
        for span, one in zip(old.line.spans, numbers, strict=True)
    ]
    summary = f"{say_number(sum(numbers), locale)} redeemed {PERIODS[wanted]}, by {old.line.step.value}."
    if any(numbers):
        peak = max(pairs, key=lambda pair: pair.first)
        summary += f" Most: {peak.first_words}, {peak.label}."
    return drawn(pairs, NAMES[1:], say_number(max(numbers), locale), summary)


def drawn_chart(old: Settled, new: Happened, wanted: Range) -> Chart:
    """Return the chart of what is settled, and of what happened since in its last span."""
    zone, locale = old.program.time_zone, old.program.locale
    last = old.happened[-1]
    happened = [*old.happened[:-1], Happened(last.claimed + new.claimed, last.redeemed + new.redeemed)]
    pairs = [
        Pair(
            times.say_step(span.begin, old.line.step, zone, locale),
            one.claimed,
            one.redeemed,
            say_number(one.claimed, locale),
            say_number(one.redeemed, locale),
        )
        for span, one in zip(old.line.spans, happened, strict=True)
    ]
    claimed, redeemed = sum(one.claimed for one in happened), sum(one.redeemed for one in happened)
    summary = (
        f"{say_number(claimed, locale)} claimed and {say_number(redeemed, locale)} redeemed {PERIODS[wanted]},"
        f" by {old.line.step.value}."
    )
    most = max(max(one.claimed, one.redeemed) for one in happened)
    if claimed:
        peak = max(pairs, key=lambda pair: pair.first)
        summary += f" Most claims: {peak.first_words}, {peak.label}."
    return drawn(pairs, NAMES, say_number(most, locale), summary)


def _settled(session: Session, batch_id: int | None, wanted: Range) -> Settled:
    by, program, now = actor(), programs.current(session), times.now()
    if batch_id is None:
        began = insights.first_activity(session, by=by) or now
    else:
        batch = batches.watched(session, batch_id, by=by)
        began = batch.created_at
        if wanted is Range.ALL:
            now = min(now, batch.closes_at - timedelta(microseconds=1))
    line = rules.timeline(wanted, began, now, program.time_zone)
    until = rules.settled_until(line, now)
    spans = [rules.Span(one.begin, min(one.end, until)) for one in line.spans]
    return Settled(program, line, until, insights.activity(session, spans, batch_id, by=by))


def _since(session: Session, batch_id: int | None, begin: datetime) -> Happened:
    (found,) = insights.activity(session, [rules.Span(begin, begin + FAR)], batch_id, by=actor())
    return found


def _page(session: Session, batch_id: int) -> _Page:
    looked, program, now = insights.look(session, batch_id, by=actor()), programs.current(session), times.now()
    batch = looked.batch
    facts = _facts(looked, program, now)
    return _Page(
        view=_view(looked, program, now),
        offer=_offer(batch, program),
        advice=[AdviceRow(one.topic, one.says, one.because, one.questions) for one in rules.advice(facts)],
        checks=[_check(one) for one in _checks(looked, program, now)],
        siblings=[_sibling(one, batch.id or 0, program) for one in looked.siblings],
        is_unseen=facts.badge is Badge.ACTIVE and not batch.claimed,
    )


def _is_scan(session: Session, batch_id: int) -> bool:
    batch = session.get(Batch, batch_id)
    return batch is not None and batch.kind is BatchKind.SCAN


def _changed(session: Session, batch_id: int) -> list[str]:
    return insights.changed(session, batch_id, by=actor())


def _facts(looked: Looked, program: Program, now: datetime) -> rules.Facts:
    batch, minimum = looked.batch, looked.batch.minimum_purchase
    return rules.Facts(
        total=batch.total,
        claimed=batch.claimed,
        redeemed=batch.redeemed,
        badge=batch_rules.badge(batch, now),
        age=now - batch.created_at,
        time_left=batch.closes_at - now,
        first_day_claimed=looked.first_day.claimed,
        first_day_redeemed=looked.first_day.redeemed,
        channel=batch.channel,
        reward=say_reward(batches.promise_of(batch), program.currency, program.locale),
        minimum=say_money(minimum, program.currency, program.locale) if minimum else "",
        valid_days=batch.valid_days,
        scans_refused=sum(looked.scans_refused.values()),
        is_tried=any(one.redeemed for one in looked.siblings),
    )


def _view(looked: Looked, program: Program, now: datetime) -> BatchView:
    batch, locale = looked.batch, program.locale
    badge, url = batch_rules.badge(batch, now), batches.claim_url(batch)
    rate = batch_rules.redemption_rate(batch.claimed, batch.redeemed)
    made = f"Made {times.say_instant(batch.created_at, program.time_zone, locale)}"
    return BatchView(
        id=batch.id or 0,
        name=batch.name,
        badge=badge,
        badge_words=BADGES[badge],
        channel=CHANNELS[batch.channel] if batch.channel else "",
        until=times.say_until(batch.closes_at, program.time_zone, locale),
        made=f"{made} by {looked.maker}" if looked.maker else made,
        total=say_number(batch.total, locale),
        claimed=say_number(batch.claimed, locale),
        claimed_words=f"members; {batch_rules.say_share(batch.claimed, batch.total)} of the total",
        redeemed=say_number(batch.redeemed, locale),
        redeemed_words="claimed vouchers used at the counter",
        left=say_number(batch_rules.available(batch), locale),
        left_words="not claimed yet"
        if not batch.withheld
        else f"without {say_number(batch.withheld, locale)} disabled",
        rate="—" if rate is None else f"{rate}%",
        rate_words=VERDICTS[rules.verdict(batch.channel, batch.claimed, batch.redeemed)],
        progress=batch.made * 100 // batch.total,
        progress_words=f"{say_number(batch.made, locale)} of {say_number(batch.total, locale)} made",
        may_pause=batch.status is BatchStatus.ACTIVE,
        may_resume=batch.status is BatchStatus.PAUSED,
        may_go_on=batch.status is BatchStatus.FAILED,
        is_frozen=batch.redemptions_frozen,
        url=url,
        qr=_qr(url),
        export=f"/api/v1/batches/{batch.id}/codes.csv",
        vouchers=f"/admin/batches/{batch.id}/vouchers",
        edit=f"/admin/batches/{batch.id}/edit",
    )


def _offer(batch: Batch, program: Program) -> OfferView:
    conditions = []
    if batch.minimum_purchase:
        conditions.append(f"Minimum purchase {say_money(batch.minimum_purchase, program.currency, program.locale)}")
    if batch.valid_days:
        conditions.append(f"Good for {batch.valid_days} {'day' if batch.valid_days == 1 else 'days'} after the claim")
    return OfferView(
        batch.title,
        batch.description,
        batch.terms,
        say_reward(batches.promise_of(batch), program.currency, program.locale),
        conditions,
    )


def _checks(looked: Looked, program: Program, now: datetime) -> list[Check]:
    batch, locale = looked.batch, program.locale
    badge, left = batch_rules.badge(batch, now), batch_rules.available(batch)
    takes = {
        Badge.ACTIVE: "The batch takes claims.",
        Badge.GENERATING: "The batch takes claims as far as its vouchers are made.",
        Badge.PAUSED: "The batch is paused: nobody can claim. Resume it.",
        Badge.FAILED: "Making the vouchers failed; only those made can be claimed.",
        Badge.EXPIRED: "The batch is over: nobody can claim any more.",
        Badge.SOLD_OUT: "Every voucher is claimed.",
    }
    found = [
        Check(
            "The claim link leads to this batch." if looked.leads_here else "The claim link does not lead here.",
            passed=looked.leads_here,
        ),
        Check("The QR code is drawn from that same link each time it is shown.", passed=True),
        rules.reach(settings().origin),
        Check(takes[badge], passed=badge in (Badge.ACTIVE, Badge.GENERATING)),
    ]
    if left:
        found.append(Check(f"{say_number(left, locale)} left to claim.", passed=True))
    if batch.redemptions_frozen:
        found.append(Check("Redemptions are frozen: claimed vouchers stay good, and cannot be used now.", passed=False))
    found += [
        Check(
            f"{'1 try was' if count == 1 else f'{say_number(count, locale)} tries were'} stopped lately"
            f" {STOPPED.get(reason, 'for another reason')}.",
            passed=None,
        )
        for reason, count in sorted(looked.claims_refused.items(), key=lambda one: -one[1])
    ]
    found.append(Check("How many people open the page is not counted; only claims are.", passed=None))
    return found


def _sibling(batch: Batch, here: int, program: Program) -> SiblingRow:
    rate = batch_rules.redemption_rate(batch.claimed, batch.redeemed)
    found = rules.verdict(batch.channel, batch.claimed, batch.redeemed)
    band = rules.BANDS.get(batch.channel) if batch.channel else None
    locale = program.locale
    return SiblingRow(
        id=batch.id or 0,
        name=batch.name,
        channel=CHANNELS[batch.channel] if batch.channel else "No channel",
        is_this=batch.id == here,
        share=batch_rules.share(batch.claimed, batch.total),
        share_words=(
            f"{batch_rules.say_share(batch.claimed, batch.total)} claimed:"
            f" {say_number(batch.claimed, locale)} of {say_number(batch.total, locale)}"
        ),
        rate=rate or 0,
        rate_words="nobody has claimed yet"
        if rate is None
        else (f"{rate}% redeemed: {say_number(batch.redeemed, locale)} of {say_number(batch.claimed, locale)}"),
        verdict=found,
        verdict_words=VERDICTS[found],
        band=rules.say_band(batch.channel, CHANNELS[batch.channel] if batch.channel else ""),
        low=band.low if band else rules.WEAK,
        usual=band.high - band.low if band else rules.WELL - rules.WEAK,
        great=band.great if band else rules.WHOLE,
        great_room=rules.WHOLE - band.great if band else 0,
    )


@lru_cache(maxsize=256)
def _qr(url: str) -> str:
    return drawing.svg_data_uri(url)  # at each change of a number it would be the same picture


def _check(one: Check) -> CheckRow:
    return CheckRow(one.says, "unknown" if one.passed is None else "good" if one.passed else "bad")


def _me(by: Actor) -> str:
    return f"You are signed in as {by.name}, {by.role}: you can look at the claim page, and only members can claim."
