"""The live cards of all batches, what may be done to one, and the forms of a new one and of its name."""

from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any, ClassVar

import reflex as rx
from sqlmodel import Session

from loyalty_app.batches import rules
from loyalty_app.batches import service as batches
from loyalty_app.batches.models import Alphabet, Batch, BatchKind, BatchStatus, Channel
from loyalty_app.batches.rules import CHANNELS, Badge, Sort, Wish
from loyalty_app.batches.service import Impact
from loyalty_app.core import languages, times
from loyalty_app.core.actor import Permission, actor
from loyalty_app.core.addresses import MOST_DIGITS, address, number
from loyalty_app.core.database import read, transact
from loyalty_app.core.errors import InvalidError, NotFoundError
from loyalty_app.core.texts import storable
from loyalty_app.jobs import service as jobs
from loyalty_app.jobs.models import Job
from loyalty_app.offers import rules as offer_rules
from loyalty_app.offers import service as offers
from loyalty_app.offers.models import Offer, Promise, RewardKind
from loyalty_app.program import service as programs
from loyalty_app.program.models import Program
from loyalty_app.program.rules import say_money, say_number
from loyalty_app.qr import drawing
from loyalty_app.ui.deletion import Deletion
from loyalty_app.ui.errors import NoticeState, say
from loyalty_app.ui.forms import SUMMARY, typed
from loyalty_app.ui.live import hub

MOST_TYPED = 80
HOME = "/admin/batches/"
CLAIMABLE = Wish(kind=BatchKind.CLAIM)
"""Batches of QR codes have screens of their own."""

BADGES = {
    Badge.GENERATING: "Making",
    Badge.ACTIVE: "Active",
    Badge.PAUSED: "Paused",
    Badge.FAILED: "Failed",
    Badge.EXPIRED: "Expired",
    Badge.SOLD_OUT: "All claimed",
}

HINTS = {
    (BatchKind.CLAIM, "pause"): "Pause it first, so that nobody claims while it is deleted. You can leave it at that:"
    " pausing stops new claims and keeps vouchers and numbers.",
    (BatchKind.CLAIM, "wait"): "Its vouchers are still being made, and some are claimed already. Wait until all are"
    " made, then pause the batch.",
    (BatchKind.CLAIM, "confirm"): "",
    (BatchKind.SCAN, "pause"): "Pause it first, so that nobody redeems while it is deleted. You can leave it at that:"
    " pausing stops redemptions and keeps codes and numbers.",
    (BatchKind.SCAN, "wait"): "Its codes are still being made, and some are redeemed already. Wait until all are"
    " made, then pause the batch.",
    (BatchKind.SCAN, "confirm"): "",
}
"""What to do before a batch is deleted."""

PAGE_WORDS = {
    Badge.GENERATING: "Its vouchers are still being made; the page gives those there are.",
    Badge.ACTIVE: "The claim page is open: members can claim now.",
    Badge.PAUSED: "The batch is paused: the page says “Promotion Temporarily Paused”, and nobody can claim.",
    Badge.FAILED: "Not all of its vouchers could be made; the page gives those there are.",
    Badge.EXPIRED: "The batch is over: the page says so, and nobody can claim.",
    Badge.SOLD_OUT: "Every voucher is claimed: the page says “No vouchers available.”",
}
"""What somebody who follows a batch's claim link meets."""


@dataclass(frozen=True)
class BatchRow:
    """A batch as its card shows it."""

    id: int
    name: str
    offer: str
    channel: str
    until: str
    end: str
    badge: str
    badge_words: str
    total: str
    claimed: str
    redeemed: str
    left: str
    claimed_share: int
    redeemed_share: int
    share_words: str
    rate: str
    progress: int
    progress_words: str
    may_pause: bool
    may_resume: bool
    may_go_on: bool
    is_frozen: bool


@dataclass(frozen=True)
class Check:
    """One thing that was looked at while the QR dialog opened."""

    is_good: bool
    words: str


@dataclass(frozen=True)
class ShareView:
    """What the QR dialog shows of a batch."""

    id: int = 0
    name: str = ""
    url: str = ""
    qr: str = ""


@dataclass(frozen=True)
class DeleteView:
    """What is lost if a batch goes, and what has to be done first."""

    id: int = 0
    name: str = ""
    question: str = ""
    step: str = ""
    """pause, wait or confirm."""
    hint: str = ""
    """Why to wait, or to pause it first."""
    noun: str = ""
    """What is deleted with it."""
    may_leave: bool = False
    """Whether it is paused, so that leaving it like this is a choice."""


@dataclass(frozen=True)
class FreezeView:
    """Which batch's redemptions are about to be frozen."""

    id: int = 0
    name: str = ""


@dataclass(frozen=True)
class _Page:
    rows: list[BatchRow]
    count: int
    offer: str


class BatchesState(rx.State):
    """One page of the batch cards that fit what the address asks for; the numbers change by themselves."""

    permission: ClassVar[Permission] = Permission.VIEW_DASHBOARD

    rows: rx.Field[list[BatchRow]] = rx.field(default_factory=list)
    text: rx.Field[str] = rx.field("")
    status: rx.Field[str] = rx.field("")
    channel: rx.Field[str] = rx.field("")
    sort: rx.Field[str] = rx.field(Sort.NEWEST.value)
    offer: rx.Field[str] = rx.field("")
    offer_id: rx.Field[str] = rx.field("")
    without_offer: rx.Field[str] = rx.field("")
    is_narrowed: bool = False
    found_words: rx.Field[str] = rx.field("")
    page: int = 1
    pages: int = 1
    newer: rx.Field[str] = rx.field("")
    older: rx.Field[str] = rx.field("")
    turn: int = 0
    """Grows when the address changes what the search fields hold, so that they are made anew."""
    is_loaded: bool = False
    share: ShareView = ShareView()
    checks: rx.Field[list[Check]] = rx.field(default_factory=list)

    _wish: Wish = CLAIMABLE

    @rx.event
    async def opened(self) -> None:
        """Show the cards that the address asks for, and keep them fresh."""
        asked = self.router.url.query_parameters
        wish = _wish(asked)
        if wish != self._wish:
            self._keep(wish)
            self.turn += 1
        self.page = number(asked.get("page", "")) or 1
        hub.subscribe(self, BatchesState.refresh, batches.TOPIC)
        await self._show()

    @rx.event
    async def refresh(self) -> None:
        """Show them again after something changed."""
        await self._show()

    @rx.event
    async def find(self, form: dict[str, Any]) -> rx.event.EventSpec:
        """Go to the address of what the search fields hold."""
        kept = {"offer": self.offer_id}
        self._keep(_wish({name: str(value or "") for name, value in form.items()} | kept))
        return rx.redirect(_address(self._wish))

    @rx.event
    async def open_share(self, batch_id: int) -> None:
        """Show the claim link of a batch with its QR code, and look whether it can be followed."""
        batch = await read(batches.watched, int(batch_id), by=actor())
        url = batches.claim_url(batch)
        self.share = ShareView(batch.id or 0, batch.name, url, drawing.svg_data_uri(url))
        led = await read(batches.by_tokens, [url.rsplit("/", 1)[-1]])
        self.checks = link_checks(batch, url, list(led.values()), str(self.router.url), times.now())

    def _keep(self, wish: Wish) -> None:
        self._wish = wish
        self.text, self.sort = wish.text, wish.sort.value
        self.status, self.channel = wish.badge or "", wish.channel or ""
        self.offer_id = "" if wish.offer_id is None else str(wish.offer_id)
        self.is_narrowed = replace(wish, sort=Sort.NEWEST) != CLAIMABLE
        self.without_offer = _address(replace(wish, offer_id=None))

    async def _show(self) -> None:
        wish, page = self._wish, self.page
        found = await hub.shared(batches.TOPIC, (wish, page), lambda: read(_page, wish, page))
        self.pages = max(1, -(-found.count // batches.PAGE))
        if page > self.pages:  # the last ones were deleted, or somebody typed a number
            self.page = self.pages
            await self._show()
            return
        self.rows = list(found.rows)
        self.offer = found.offer
        self.found_words = "1 batch fits." if found.count == 1 else f"{found.count} batches fit."
        self.newer = _address(wish, page - 1) if page > 1 else ""
        self.older = _address(wish, page + 1) if page < self.pages else ""
        self.is_loaded = True


class BatchActionsState(rx.State):
    """What may be done to a batch from its card."""

    permission: ClassVar[Permission] = Permission.QR_CODE_MANAGEMENT

    busy: int = 0
    frozen: FreezeView = FreezeView()

    @rx.event
    async def pause(self, batch_id: int) -> AsyncIterator[None]:
        """Stop new claims."""
        self.busy = int(batch_id)
        yield
        await self._change(batches.pause, batch_id)

    @rx.event
    async def resume(self, batch_id: int) -> AsyncIterator[None]:
        """Allow new claims again."""
        self.busy = int(batch_id)
        yield
        await self._change(batches.resume, batch_id)

    @rx.event
    async def go_on(self, batch_id: int) -> None:
        """Make the rest of a batch that failed."""
        await transact(batches.go_on, int(batch_id), by=actor(), now=times.now())

    @rx.event
    async def ask_freeze(self, batch_id: int) -> None:
        """Tell what freezing the redemptions of a batch means."""
        batch = await read(batches.watched, int(batch_id), by=actor())
        self.frozen = FreezeView(batch.id or 0, batch.name)

    @rx.event
    async def freeze(self, batch_id: int) -> AsyncIterator[None]:
        """Stop redemptions."""
        self.busy = int(batch_id)
        yield
        await self._change(batches.freeze, batch_id)

    @rx.event
    async def unfreeze(self, batch_id: int) -> AsyncIterator[None]:
        """Allow redemptions again."""
        self.busy = int(batch_id)
        yield
        await self._change(batches.unfreeze, batch_id)

    async def _change(self, verb: Callable[..., None], batch_id: int) -> None:
        try:
            await transact(verb, int(batch_id), by=actor(), now=times.now())
        finally:
            self.busy = 0


class DeleteState(rx.State):
    """The dialog that says what is lost with a batch, and wants its name typed."""

    permission: ClassVar[Permission] = Permission.QR_CODE_MANAGEMENT

    doomed: DeleteView = DeleteView()
    facts: rx.Field[list[str]] = rx.field(default_factory=list)
    file: rx.Field[str] = rx.field("")
    fits: rx.Field[bool] = rx.field(default=False)
    problem: rx.Field[str] = rx.field("")
    busy: rx.Field[bool] = rx.field(default=False)
    turn: rx.Field[int] = rx.field(0)
    """Grows with each deletion: a dialog made anew is closed."""

    @rx.event
    async def ask(self, batch_id: int) -> None:
        """Tell what deleting a batch would take away."""
        await self._look(int(batch_id))

    @rx.event
    async def pause(self) -> AsyncIterator[None]:
        """Stop new claims, as the first step."""
        self.busy = True
        yield
        try:
            await transact(batches.pause, self.doomed.id, by=actor(), now=times.now())
        finally:
            self.busy = False
        await self._look(self.doomed.id)

    @rx.event
    async def type_name(self, typed_name: str) -> None:
        """Look whether the typed name is the batch's."""
        self.fits, self.problem = rules.is_same_name(str(typed_name), self.doomed.name), ""

    @rx.event
    async def delete(self, form: dict[str, Any]) -> AsyncIterator[rx.event.EventSpec | None]:
        """Remove the batch for good."""
        self.busy, self.problem = True, ""
        yield
        name = storable(str(form.get("typed_name") or ""))
        try:
            await transact(batches.delete, self.doomed.id, typed_name=name, by=actor(), now=times.now())
        except InvalidError as refused:
            self.problem = str(refused)
            return
        finally:
            self.busy = False
        self.turn += 1
        is_gone_from_here = self.router.url.path.rstrip("/").endswith(f"/{self.doomed.id}")  # its own page
        notice = await self.get_state(NoticeState)
        say(notice, f"The batch and its {self.doomed.noun} are deleted.", on_next_page=is_gone_from_here)
        if is_gone_from_here:
            yield rx.redirect(self.router.url.path.rstrip("/").rsplit("/", 1)[0] + "/")

    async def _look(self, batch_id: int) -> None:
        impact, program = await read(_impact, batch_id)
        batch, locale = impact.batch, program.locale
        self.fits, self.problem = False, ""
        noun, step = batches.NOUNS[batch.kind], _step(batch, times.now())
        self.doomed = DeleteView(
            id=batch.id or 0,
            name=batch.name,
            question=(
                "Are you sure you want to permanently delete this batch?"
                f" {say_number(batch.total, locale)} {noun} will be permanently deleted."
            ),
            step=step,
            hint=HINTS[batch.kind, step],
            noun=noun,
            may_leave=batch.status is BatchStatus.PAUSED,
        )
        self.facts = say_impact(impact, program)
        self.file = f"/api/v1/batches/{batch.id}/codes.csv"


class EditBatchState(rx.State):
    """The form of a batch's name and channel; nothing else of a batch ever changes."""

    permission: ClassVar[Permission] = Permission.QR_CODE_MANAGEMENT

    problems: rx.Field[dict[str, str]] = rx.field(default_factory=dict)
    name: str = ""
    channel: str = ""
    is_missing: bool = False
    is_loaded: bool = False

    _batch_id: int = 0

    @rx.event
    async def opened(self) -> None:
        """Show what the batch is called now."""
        self._batch_id, self.problems = number(self.router.url.path.rstrip("/").split("/")[-2]), {}
        try:
            batch = await read(batches.watched, self._batch_id, by=actor())
        except NotFoundError:
            self.is_missing, self.is_loaded = True, True
            return
        self.name, self.channel = batch.name, batch.channel or ""
        self.is_missing, self.is_loaded = False, True

    @rx.event
    async def save(self, form: dict[str, Any]) -> rx.event.EventSpec | None:
        """Give the batch its new name and channel, or say what is not acceptable."""
        told = {name: storable(str(form.get(name) or ""))[:200] for name in ("name", "channel")}
        try:
            batch = await transact(batches.rename, self._batch_id, **told, by=actor(), now=times.now())
        except InvalidError as problem:
            self.problems = problem.problems
            return rx.set_focus(SUMMARY)
        say(await self.get_state(NoticeState), f"The batch is called “{batch.name}” now.", on_next_page=True)
        return rx.redirect(HOME)


class NewBatchState(rx.State):
    """The form of a new batch."""

    permission: ClassVar[Permission] = Permission.QR_CODE_MANAGEMENT

    problems: rx.Field[dict[str, str]] = rx.field(default_factory=dict)
    choices: rx.Field[list[tuple[str, str]]] = rx.field(default_factory=list)
    offer_id: str = ""
    today: str = ""
    zone: str = ""
    is_loaded: bool = False
    quantity: str = "500"
    alphabet: str = Alphabet.SAFE.value
    length: str = "10"
    odds: str = ""
    is_weak: bool = False
    advised: rx.Field[str] = rx.field("")
    advice: str = ""
    until: str = ""
    promised: rx.Field[list[str]] = rx.field(default_factory=list)

    @rx.event
    async def opened(self) -> None:
        """Offer the offers to choose from."""
        program, found = await read(_offers)
        self.problems = {}
        self.choices = [(str(offer.id), offer.title) for offer in found]
        wish = self.router.url.query_parameters.get("offer", "")
        self.offer_id = wish if any(wish == value for value, _ in self.choices) else ""
        self.today, self.zone = times.local_day(times.now(), program.time_zone).isoformat(), program.time_zone
        self.advice, self.advised, self.until = "", "", ""
        self.is_loaded = True
        self._weigh()
        await self._tell_offer()

    @rx.event
    async def choose_offer(self, value: str) -> None:
        """Tell what the offer promises."""
        self.offer_id = str(value)[:MOST_DIGITS]
        await self._tell_offer()

    @rx.event
    async def choose_expiry(self, value: str) -> None:
        """Tell to the minute how long vouchers are good."""
        try:
            last = date.fromisoformat(str(value)[:10])
            closes_at = times.end_of_day(last, self.zone)
        except (ValueError, OverflowError):
            self.until = ""
            return
        locale = (await read(programs.current)).locale
        said = times.say_validity(closes_at, self.zone, locale, now=times.now())
        self.until = f"Vouchers are {said}." if closes_at > times.now() else "This day is over."

    @rx.event
    async def expect_members(self, value: str) -> None:
        """Advise a quantity; what stands in the form is changed by nobody but its writer."""
        expected = number(str(value).strip())
        least, most = rules.suggested(expected)
        locale = (await read(programs.current)).locale
        self.advice = (
            f"You expect {say_number(expected, locale)} members? Make {say_number(least, locale)}"
            f" to {say_number(most, locale)}."
            if expected
            else ""
        )
        self.advised = str(least) if expected else ""

    @rx.event
    async def take_advice(self) -> rx.event.EventSpec:
        """Put the advised quantity into the form."""
        self.quantity = self.advised or self.quantity
        self._weigh()
        return rx.set_value("quantity", self.quantity)

    @rx.event
    async def weigh_quantity(self, value: str) -> None:
        """Tell how hard the codes are to guess with this quantity."""
        self.quantity = str(value)[:12]
        self._weigh()

    @rx.event
    async def weigh_alphabet(self, value: str) -> None:
        """Tell how hard the codes are to guess with this character set."""
        self.alphabet = str(value)[:12]
        self._weigh()

    @rx.event
    async def weigh_length(self, value: str) -> None:
        """Tell how hard the codes are to guess with this length."""
        self.length = str(value)[:12]
        self._weigh()

    @rx.event
    async def save(self, form: dict[str, Any]) -> rx.event.EventSpec | None:
        """Make the batch, or say what is not acceptable."""
        try:
            batch = await transact(batches.create, typed(rules.Draft, form), by=actor(), now=times.now())
        except InvalidError as problem:
            self.problems = problem.problems
            return rx.set_focus(SUMMARY)
        self.problems = {}
        say(
            await self.get_state(NoticeState),
            f"“{batch.name}” is being made. Its claim link works already.",
            on_next_page=True,
        )
        return rx.redirect(HOME)

    async def _tell_offer(self) -> None:
        try:
            program, offer = await read(_offer, int(self.offer_id or 0))
        except (NotFoundError, ValueError):
            self.promised = []
            return
        self.promised = say_promise(offer, program)

    def _weigh(self) -> None:
        odds = rules.weigh(self.quantity, self.alphabet, self.length)
        self.odds = rules.say_strength(odds) if odds else ""
        self.is_weak = bool(odds and odds.is_weak)


def row(batch: Batch, job: Job | None, program: Program, now: datetime) -> BatchRow:
    """Return the batch as its card shows it."""
    badge, locale = rules.badge(batch, now), program.locale
    rate = rules.redemption_rate(batch.claimed, batch.redeemed)
    return BatchRow(
        id=batch.id or 0,
        name=batch.name,
        offer=batch.title,
        channel=CHANNELS[batch.channel] if batch.channel else "",
        until=times.say_validity(batch.closes_at, program.time_zone, locale, now=now),
        end=times.clock_end(batch.closes_at, program.time_zone),
        badge=badge,
        badge_words=BADGES[badge],
        total=say_number(batch.total, locale),
        claimed=say_number(batch.claimed, locale),
        redeemed=say_number(batch.redeemed, locale),
        left=say_number(rules.available(batch), locale),
        claimed_share=rules.share(batch.claimed, batch.total),
        redeemed_share=rules.share(batch.redeemed, batch.total),
        share_words=(
            f"{rules.say_share(batch.claimed, batch.total)} claimed,"
            f" {rules.say_share(batch.redeemed, batch.total)} redeemed"
        ),
        rate="—" if rate is None else f"{rate}%",
        progress=batch.made * 100 // batch.total,
        progress_words=say_progress(batch, job, locale, now),
        may_pause=batch.status is BatchStatus.ACTIVE,
        may_resume=batch.status is BatchStatus.PAUSED,
        may_go_on=batch.status is BatchStatus.FAILED,
        is_frozen=batch.redemptions_frozen,
    )


def link_checks(batch: Batch, url: str, led: list[Batch], desk: str, now: datetime) -> list[Check]:
    """Return what can be said of a claim link without leaving the house: whose it is, and who can follow it (S3-30)."""
    leads_here = [one.id for one in led] == [batch.id]
    hints = rules.link_hints(url, desk)
    return [
        Check(leads_here, "The QR code is drawn from exactly this link, and the link leads to this batch.")
        if leads_here
        else Check(is_good=False, words="The link does not lead to this batch any more. Close this and open it again."),
        Check(rules.badge(batch, now) is Badge.ACTIVE, PAGE_WORDS[rules.badge(batch, now)]),
        *[Check(is_good=False, words=hint) for hint in hints],
        *([] if hints else [Check(is_good=True, words="The link is secure, and phones can open it.")]),
    ]


def say_impact(impact: Impact, program: Program) -> list[str]:
    """Return a sentence for each thing that is lost with a batch (S3-19)."""
    batch, locale = impact.batch, program.locale
    waiting = _say_waiting(impact.waiting, locale)
    if batch.kind is BatchKind.SCAN:
        return [*_say_lost_codes(batch, locale), *waiting, "This cannot be undone."]
    claimed, redeemed = say_number(batch.claimed, locale), say_number(batch.redeemed, locale)
    facts = [f"Claimed: {claimed}. Redeemed: {redeemed}.", _say_loss(impact, locale)]
    if impact.usable:
        facts.append(f"Value outstanding: {_say_value(batch, impact.usable, program)}.")
    return [*facts, *waiting, "This cannot be undone."]


def say_promise(offer: Offer, program: Program) -> list[str]:
    """Return what a batch of the offer would promise, and in which languages."""
    spoken = [language.name for language in languages.LANGUAGES if offer.translations.get(language.tag)]
    facts = [offer_rules.say_reward(offer, program.currency, program.locale)]
    if offer.minimum_purchase:
        facts.append(f"Minimum purchase {say_money(offer.minimum_purchase, program.currency, program.locale)}")
    if offer.valid_days:
        facts.append(f"Valid {offer.valid_days} day{'s' if offer.valid_days > 1 else ''} after the claim")
    return [*facts, f"Speaks {', '.join([languages.ENGLISH.name, *spoken])}"]


def say_progress(batch: Batch, job: Job | None, locale: str, now: datetime) -> str:
    """Return how many codes are made, and about how long the rest takes."""
    done = f"{say_number(batch.made, locale)} of {say_number(batch.total, locale)}"
    if not (job and job.started_at and batch.made):
        return done
    left = (now - job.started_at).total_seconds() / batch.made * (batch.total - batch.made)
    return f"{done}, about {times.say_duration(left)} left"


def _say_lost_codes(batch: Batch, locale: str) -> list[str]:
    unused = say_number(batch.made - batch.redeemed, locale)
    return [
        f"Used: {say_number(batch.redeemed, locale)}. Not used yet: {unused}.",
        "Wherever its codes are printed, they lead to nothing any more.",
        "Points that were paid stay with their members; when and by whom each code was redeemed is lost.",
    ]


def _say_waiting(number: int, locale: str) -> list[str]:
    if not number:
        return []
    if number == 1:
        return ["One scan made without a connection was refused, waits on the Redemptions page, and is lost."]
    scans = f"{say_number(number, locale)} scans made without a connection"
    return [f"{scans} were refused, wait on the Redemptions page, and are lost."]


def _say_loss(impact: Impact, locale: str) -> str:
    if impact.usable == 0:
        return "No member holds an unredeemed voucher of it that is still good."
    if impact.usable == 1:
        return "One member holds an unredeemed voucher of it, and loses it."
    return f"{say_number(impact.usable, locale)} members hold an unredeemed voucher of it, and lose it."


def _say_value(promise: Promise, vouchers: int, program: Program) -> str:
    match promise.reward_kind:
        case RewardKind.AMOUNT:
            return say_money(promise.reward_value * vouchers, program.currency, program.locale)
        case RewardKind.POINTS:
            return f"{say_number(promise.reward_value * vouchers, program.locale)} points"
        case RewardKind.PERCENT | RewardKind.ITEM:
            reward = offer_rules.say_reward(promise, program.currency, program.locale)
            return f"{say_number(vouchers, program.locale)} × {reward}"


def _step(batch: Batch, now: datetime) -> str:
    if rules.may_delete(batch, now):
        return "confirm"
    return "pause" if batch.status is BatchStatus.ACTIVE else "wait"


def _wish(asked: Mapping[str, str]) -> Wish:
    status, channel, sort = (asked.get(name, "") for name in ("status", "channel", "sort"))
    return Wish(
        text=storable(asked.get("q", "")).strip()[:MOST_TYPED],
        badge=Badge(status) if status in set(Badge) else None,
        channel=Channel(channel) if channel in set(Channel) else None,
        offer_id=number(asked.get("offer", "")) or None,
        kind=BatchKind.CLAIM,
        sort=Sort(sort) if sort in set(Sort) else Sort.NEWEST,
    )


def _address(wish: Wish, page: int = 1) -> str:
    asked = {
        "q": wish.text,
        "status": wish.badge or "",
        "channel": wish.channel or "",
        "offer": wish.offer_id or "",
        "sort": "" if wish.sort is Sort.NEWEST else wish.sort,
        "page": page if page > 1 else "",
    }
    return address(HOME, asked)


def _page(session: Session, wish: Wish, page: int) -> _Page:
    program, now, by = programs.current(session), times.now(), actor()
    found = batches.listed(session, wish, skip=(page - 1) * batches.PAGE, by=by, now=now)
    count = batches.counted(session, wish, by=by, now=now)
    generating = [batch.id or 0 for batch in found if batch.status is BatchStatus.GENERATING]
    running = jobs.of_subject(session, batches.GENERATE_CODES, generating)
    # Put into words here, once for all tabs: that takes longer than to read it.
    rows = [row(batch, running.get(batch.id or 0), program, now) for batch in found]
    return _Page(rows, count, _offer_title(session, wish.offer_id) if wish.offer_id else "")


def _offer_title(session: Session, offer_id: int) -> str:
    try:
        return offers.get(session, offer_id).title
    except NotFoundError:
        return "an offer that is gone"


def _impact(session: Session, batch_id: int) -> tuple[Impact, Program]:
    return batches.impact(session, batch_id, by=actor(), now=times.now()), programs.current(session)


def _offer(session: Session, offer_id: int) -> tuple[Program, Offer]:
    return programs.current(session), offers.get(session, offer_id)


def _offers(session: Session) -> tuple[Program, list[Offer]]:
    return programs.current(session), offers.newest(session, by=actor())


DELETION = Deletion(
    doomed=DeleteState.doomed,
    facts=DeleteState.facts,
    file=DeleteState.file,
    fits=DeleteState.fits,
    problem=DeleteState.problem,
    busy=DeleteState.busy,
    turn=DeleteState.turn,
    pause_instead=BatchActionsState.pause(DeleteState.doomed.id),
    pause=DeleteState.pause,
    type_name=DeleteState.type_name,
    delete=DeleteState.delete,
)
"""The dialog of `ui.deletion`, for every page that shows a batch."""
