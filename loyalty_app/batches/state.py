"""The live cards of all batches, and the form of a new one."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar

import reflex as rx
from sqlmodel import Session

from loyalty_app.batches import rules
from loyalty_app.batches import service as batches
from loyalty_app.batches.models import Alphabet, Batch, BatchStatus
from loyalty_app.batches.rules import Badge
from loyalty_app.core import times
from loyalty_app.core.actor import Permission, actor
from loyalty_app.core.config import settings
from loyalty_app.core.database import read, transact
from loyalty_app.core.errors import InvalidError
from loyalty_app.core.languages import ENGLISH
from loyalty_app.core.texts import slug
from loyalty_app.jobs import service as jobs
from loyalty_app.jobs.models import Job
from loyalty_app.offers import service as offers
from loyalty_app.program import service as programs
from loyalty_app.program.models import Program
from loyalty_app.program.rules import say_number
from loyalty_app.qr import drawing
from loyalty_app.ui.errors import NoticeState, say
from loyalty_app.ui.forms import SUMMARY, typed
from loyalty_app.ui.live import hub

BADGES = {
    Badge.GENERATING: "Making",
    Badge.ACTIVE: "Active",
    Badge.PAUSED: "Paused",
    Badge.FAILED: "Failed",
    Badge.EXPIRED: "Expired",
    Badge.SOLD_OUT: "All claimed",
}


@dataclass(frozen=True)
class BatchRow:
    """A batch as its card shows it."""

    id: int
    name: str
    offer: str
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


@dataclass(frozen=True)
class ShareView:
    """What the QR dialog shows of a batch."""

    name: str = ""
    url: str = ""
    qr: str = ""
    png: str = ""
    file_name: str = ""


@dataclass(frozen=True)
class DeleteView:
    """What is lost if a batch goes."""

    id: int = 0
    name: str = ""
    question: str = ""
    impact: str = ""
    may_pause: bool = False


@dataclass(frozen=True)
class _Page:
    rows: list[BatchRow]
    count: int


class BatchesState(rx.State):
    """One page of batch cards; the numbers change by themselves."""

    permission: ClassVar[Permission] = Permission.VIEW_DASHBOARD

    rows: rx.Field[list[BatchRow]] = rx.field(default_factory=list)
    page: int = 1
    pages: int = 1
    is_loaded: bool = False
    share: ShareView = ShareView()
    doomed: DeleteView = DeleteView()

    @rx.event
    async def opened(self) -> None:
        """Show the cards, and keep them fresh."""
        asked = self.router.url.query_parameters.get("page", "1")
        self.page = int(asked) if asked.isascii() and asked.isdigit() and int(asked[:6]) > 0 else 1
        hub.subscribe(self, BatchesState.refresh, batches.TOPIC)
        await self._show()

    @rx.event
    async def refresh(self) -> None:
        """Show them again after something changed."""
        await self._show()

    @rx.event
    async def open_share(self, batch_id: int) -> None:
        """Show the claim link of a batch with its QR code."""
        batch = await read(batches.watched, int(batch_id), by=actor())
        url = claim_url(batch)
        self.share = ShareView(
            batch.name,
            url,
            drawing.svg_data_uri(url),
            drawing.png_data_uri(url),
            f"{slug(batch.name)}-claim-qr.png",
        )

    @rx.event
    async def ask_delete(self, batch_id: int) -> None:
        """Tell what deleting a batch would take away."""
        batch = await read(batches.watched, int(batch_id), by=actor())
        locale = (await read(programs.current)).locale
        unredeemed = batch.claimed - batch.redeemed
        self.doomed = DeleteView(
            id=batch.id or 0,
            name=batch.name,
            question=(
                "Are you sure you want to permanently delete this batch?"
                f" {say_number(batch.total, locale)} vouchers will be permanently deleted."
            ),
            impact=f"{_say_loss(unredeemed, locale)} This cannot be undone.",
            may_pause=batch.status is BatchStatus.ACTIVE,
        )

    async def _show(self) -> None:
        page = self.page
        found = await hub.shared(batches.TOPIC, page, lambda: read(_page, page))
        self.rows = list(found.rows)
        self.pages = max(1, -(-found.count // batches.PAGE))
        self.is_loaded = True


class BatchActionsState(rx.State):
    """What may be done to a batch from its card."""

    permission: ClassVar[Permission] = Permission.QR_CODE_MANAGEMENT

    busy: int = 0

    @rx.event
    async def pause(self, batch_id: int) -> Any:
        """Stop new claims."""
        self.busy = int(batch_id)
        yield
        await self._change(batches.pause, batch_id)

    @rx.event
    async def resume(self, batch_id: int) -> Any:
        """Allow new claims again."""
        self.busy = int(batch_id)
        yield
        await self._change(batches.resume, batch_id)

    @rx.event
    async def go_on(self, batch_id: int) -> None:
        """Make the rest of a batch that failed."""
        await transact(batches.go_on, int(batch_id), by=actor(), now=times.now())

    @rx.event
    async def delete(self, batch_id: int) -> Any:
        """Remove a batch for good."""
        self.busy = int(batch_id)
        yield
        await self._change(batches.delete, batch_id)
        say(await self.get_state(NoticeState), "The batch and its vouchers are deleted.")

    async def _change(self, verb: Callable[..., None], batch_id: int) -> None:
        try:
            await transact(verb, int(batch_id), by=actor(), now=times.now())
        finally:
            self.busy = 0


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

    @rx.event
    async def opened(self) -> None:
        """Offer the offers to choose from."""
        program, found = await read(_offers)
        self.problems = {}
        self.choices = [(str(offer.id), offer.title) for offer in found]
        wish = self.router.url.query_parameters.get("offer", "")
        self.offer_id = wish if any(wish == value for value, _ in self.choices) else ""
        self.today, self.zone = times.local_day(times.now(), program.time_zone).isoformat(), program.time_zone
        self.is_loaded = True
        self._weigh()

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
        return rx.redirect("/admin/batches/")

    def _weigh(self) -> None:
        odds = rules.weigh(self.quantity, self.alphabet, self.length)
        self.odds = rules.say_strength(odds) if odds else ""
        self.is_weak = bool(odds and odds.is_weak)


def claim_url(batch: Batch) -> str:
    """Return the public address of a batch's claim page."""
    return f"{settings().origin}{ENGLISH.at(f'/claim/{batch.claim_token}')}"


def row(batch: Batch, job: Job | None, program: Program, now: datetime) -> BatchRow:
    """Return the batch as its card shows it."""
    badge, locale = rules.badge(batch, now), program.locale
    rate = rules.redemption_rate(batch.claimed, batch.redeemed)
    return BatchRow(
        id=batch.id or 0,
        name=batch.name,
        offer=batch.title,
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
        progress_words=_progress(batch, job, locale, now),
        may_pause=batch.status is BatchStatus.ACTIVE,
        may_resume=batch.status is BatchStatus.PAUSED,
        may_go_on=batch.status is BatchStatus.FAILED,
    )


def _progress(batch: Batch, job: Job | None, locale: str, now: datetime) -> str:
    done = f"{say_number(batch.made, locale)} of {say_number(batch.total, locale)}"
    if not (job and job.started_at and batch.made):
        return done
    left = (now - job.started_at).total_seconds() / batch.made * (batch.total - batch.made)
    return f"{done}, about {times.say_duration(left)} left"


def _say_loss(unredeemed: int, locale: str) -> str:
    match unredeemed:
        case 0:
            return "No member holds an unredeemed voucher of it."
        case 1:
            return "One member holds an unredeemed voucher of it, and loses it."
        case _:
            return f"{say_number(unredeemed, locale)} members hold an unredeemed voucher of it, and lose it."


def _page(session: Session, page: int) -> _Page:
    found, count = batches.newest(session, page, by=actor())
    generating = [batch.id or 0 for batch in found if batch.status is BatchStatus.GENERATING]
    running = jobs.of_subject(session, batches.GENERATE_CODES, generating)
    program, now = programs.current(session), times.now()
    # Put into words here, once for all tabs: that takes longer than to read it.
    return _Page([row(batch, running.get(batch.id or 0), program, now) for batch in found], count)


def _offers(session: Session) -> tuple[Program, list[Any]]:
    return programs.current(session), offers.newest(session, by=actor())
