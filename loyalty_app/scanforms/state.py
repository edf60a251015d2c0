"""The form of a new scan batch: what stands in it, its preview at every key stroke, the review, and the making."""

import asyncio
from dataclasses import dataclass, fields
from datetime import date
from typing import Any, ClassVar

import reflex as rx
from sqlmodel import Session

from loyalty_app.batches import rules as batch_rules
from loyalty_app.batches import scans
from loyalty_app.batches import service as batches
from loyalty_app.batches.fields import loaded
from loyalty_app.batches.models import Alphabet, Batch, BatchKind
from loyalty_app.batches.scans import LANDING, POINTS, ScanDraft
from loyalty_app.batches.state import BatchRow, row
from loyalty_app.codes import alphabet
from loyalty_app.core import times
from loyalty_app.core.actor import Permission, actor
from loyalty_app.core.addresses import number
from loyalty_app.core.config import settings
from loyalty_app.core.database import read, transact
from loyalty_app.core.errors import InvalidError, NotFoundError
from loyalty_app.jobs import service as jobs
from loyalty_app.keys import service as keys
from loyalty_app.offers import service as offers
from loyalty_app.offers.models import Offer
from loyalty_app.program import service as programs
from loyalty_app.program.models import Program
from loyalty_app.qr import drawing
from loyalty_app.scanforms import rules
from loyalty_app.scanforms.rules import Step
from loyalty_app.ui.forms import SUMMARY, text_of
from loyalty_app.ui.live import hub

HERE = "/admin/batches/scan/new/"
REVIEW = "review"
EXAMPLE = {POINTS: "20"}
"""Drawn until there are parameters."""


@dataclass(frozen=True)
class FormView:
    """What stands in the form when it opens."""

    name: str = ""
    parameters: str = ""
    quantity: str = ""
    prefix: str = ""
    alphabet: str = ""
    length: str = ""
    expires_on: str = ""
    base_url: str = ""
    title: str = ""
    description: str = ""
    offer_id: str = ""
    fields: str = ""


@dataclass(frozen=True)
class PreviewView:
    """What the codes will be, as the panel beside the form shows it."""

    qr: str = ""
    base_url: str = ""
    url: str = ""
    parameters: tuple[tuple[str, str], ...] = ()
    note: str = ""
    """Why the picture does not show what stands in the form."""
    density: str = ""
    print_size: str = ""
    print_words: str = ""
    warning: str = ""
    is_dense: bool = False
    hints: tuple[str, ...] = ()
    sample: str = ""
    odds: str = ""
    is_weak: bool = False
    until: str = ""


@dataclass(frozen=True)
class Part:
    """One thing that is reviewed."""

    name: str
    lines: tuple[str, ...]


@dataclass(frozen=True)
class _Ground:
    """What the preview stands on, read when the form opens."""

    zone: str
    locale: str
    key_id: int
    desk: str


class ScanFormState(rx.State):
    """The form of a new scan batch, from the first parameter to the last code."""

    permission: ClassVar[Permission] = Permission.QR_CODE_MANAGEMENT

    stage: rx.Field[str] = rx.field("")
    version: rx.Field[str] = rx.field("")
    memory: rx.Field[str] = rx.field("")
    form: rx.Field[FormView] = rx.field(default_factory=FormView)
    choices: rx.Field[list[tuple[str, str]]] = rx.field(default_factory=list)
    today: rx.Field[str] = rx.field("")
    zone: rx.Field[str] = rx.field("")
    own_url: rx.Field[str] = rx.field("")
    problems: rx.Field[dict[str, str]] = rx.field(default_factory=dict)
    unfolded: rx.Field[bool] = rx.field(default=False)
    steps: rx.Field[list[Step]] = rx.field(default_factory=list)
    preview: rx.Field[PreviewView] = rx.field(default_factory=PreviewView)
    parts: rx.Field[list[Part]] = rx.field(default_factory=list)
    made: rx.Field[list[BatchRow]] = rx.field(default_factory=list)

    _ground: _Ground | None = None
    _draft: ScanDraft | None = None
    _made_id: int = 0

    @rx.event
    async def opened(self) -> None:
        """Show the form, empty or like another batch; or how the batch that was made comes on."""
        asked = self.router.url.query_parameters
        self._made_id, self._draft = number(asked.get("made", "")), None
        self.problems, self.unfolded, self.made, self.parts = {}, False, [], []
        if self._made_id:
            hub.subscribe(self, ScanFormState.refresh, batches.topic(self._made_id))
            await self._show_made()
            return
        program, found, key_id = await transact(_surroundings)
        like = number(asked.get("like", ""))
        self._ground = _Ground(program.time_zone, program.locale, key_id, str(self.router.url))
        self.choices = [(str(offer.id), offer.title) for offer in found]
        self.today, self.zone = times.local_day(times.now(), program.time_zone).isoformat(), program.time_zone
        self.own_url = _own_url()
        self.form = await read(_like, like) if like else _empty()
        self.memory = f"scan-batch-{like}" if like else "scan-batch"
        self.version = times.now().isoformat()
        await self._preview(_draft(vars(self.form)))
        self.stage = "form"

    @rx.event
    async def refresh(self) -> None:
        """Show how far the making has come."""
        await self._show_made()

    @rx.event
    async def typed(self, form: dict[str, Any]) -> None:
        """Show what the codes will be with what stands in the form."""
        await self._preview(_draft(form))

    @rx.event
    async def review(self, form: dict[str, Any]) -> rx.event.EventSpec:
        """Show everything that would be made, or say what is not acceptable."""
        draft = _draft(form)
        await self._preview(draft)
        if problems := _problems(draft, self.zone):
            return self._refuse(problems)
        self.problems, self._draft, self.stage = {}, draft, REVIEW
        offer = dict(self.choices).get(draft.offer_id, "")
        url = scans.read_base_url(draft.base_url or self.own_url, {})
        locale = self._ground.locale if self._ground else ""
        told = rules.reviewed(draft, until=self.preview.until, base_url=url, offer=offer, locale=locale)
        self.parts = [Part(name, tuple(lines)) for name, lines in told]
        return rx.set_focus(REVIEW)

    @rx.event
    async def change(self) -> None:
        """Go back to the form; everything still stands in it."""
        self.stage, self._draft = "form", None

    @rx.event
    async def submit(self) -> rx.event.EventSpec | None:
        """Make the batch that was reviewed; a second click finds nothing left to make."""
        if self._draft is None:
            return None
        try:
            batch = await transact(batches.create_scan, self._draft, by=actor(), now=times.now())
        except InvalidError as problem:
            self.stage, self._draft = "form", None
            return self._refuse(problem.problems)
        self._draft = None
        return rx.redirect(f"{HERE}?made={batch.id}")

    def _refuse(self, problems: dict[str, str]) -> rx.event.EventSpec:
        self.problems = problems
        self.unfolded = self.unfolded or bool(problems.keys() & {"alphabet", "length"})
        return rx.set_focus(SUMMARY)

    async def _preview(self, draft: ScanDraft) -> None:
        if self._ground is None:
            return
        self.preview = await asyncio.to_thread(_preview, draft, self.preview, self._ground)
        self.steps = rules.steps(_problems(draft, self._ground.zone))

    async def _show_made(self) -> None:
        try:
            self.made = [await read(_made, self._made_id)]
        except NotFoundError:
            self.made = []
        self.stage = "made" if self.made else "missing"


def _surroundings(session: Session) -> tuple[Program, list[Offer], int]:
    now = times.now()
    return programs.current(session), offers.newest(session, by=actor()), keys.current(session, now=now)


def _made(session: Session, batch_id: int) -> BatchRow:
    batch = batches.watched(session, batch_id, by=actor())
    job = jobs.of_subject(session, batches.GENERATE_CODES, [batch_id]).get(batch_id)
    return row(batch, job, programs.current(session), times.now())


def _empty() -> FormView:
    return FormView(
        parameters=rules.parameters_as([(POINTS, "")]),
        quantity="500",
        alphabet=Alphabet.SAFE.value,
        length="10",
        fields=rules.fields_as([]),
    )


def _like(session: Session, batch_id: int) -> FormView:
    """Return the form filled in like a batch; its last day is chosen anew."""
    try:
        batch = batches.watched(session, batch_id, by=actor())
    except NotFoundError:
        return _empty()
    if batch.kind is not BatchKind.SCAN:
        return _empty()
    return FormView(
        name=f"{batch.name} again"[: batch_rules.NAME_LENGTH],
        parameters=rules.parameters_as([*batch.parameters.items()]),
        quantity=str(batch.total),
        prefix=batch.prefix,
        alphabet=batch.alphabet.value,
        length=str(batch.length),
        base_url="" if batch.base_url == _own_url() else batch.base_url,
        title=_own_title(session, batch),
        description=batch.description,
        offer_id=str(batch.offer_id or ""),
        fields=rules.fields_as(loaded(batch.fields)),
    )


def _own_title(session: Session, batch: Batch) -> str:
    """Return the title that was typed for a batch; one that was copied keeps its translations by being copied again."""
    if batch.offer_id:
        return "" if batch.title == offers.get(session, batch.offer_id).title else batch.title
    return "" if batch.translations else batch.title


def _draft(form: dict[str, Any]) -> ScanDraft:
    texts = {one.name: text_of(form, one.name) for one in fields(ScanDraft) if one.type is str}
    return ScanDraft(
        **texts,
        parameters=rules.parameters_of(str(form.get("parameters") or "")),
        fields=rules.fields_of(str(form.get("fields") or "")),
    )


def _problems(draft: ScanDraft, zone: str) -> dict[str, str]:
    read = scans.read(draft, today=times.local_day(times.now(), zone), origin=settings().origin)
    return read if isinstance(read, dict) else {}


def _preview(draft: ScanDraft, before: PreviewView, ground: _Ground) -> PreviewView:
    """Return what the codes will be; a part of the form that is not acceptable yet counts as it did before."""
    problems: dict[str, str] = {}
    whole = [row for row in draft.parameters if all(part.strip() for part in row)]
    parameters = scans.read_parameters(whole, problems) if whole else EXAMPLE
    base_url = scans.read_base_url(draft.base_url or _own_url(), problems)
    # That codes are too easy to guess is said by the odds.
    batch_rules.read_shape(draft.quantity, draft.prefix, draft.alphabet, draft.length, problems, needed=0)
    if "parameters" in problems:
        parameters = dict(before.parameters) or EXAMPLE
    if "base_url" in problems:
        base_url = before.base_url or _own_url()
    url = scans.link(base_url, keys.sealer(ground.key_id, 0, parameters)(0))
    facts = drawing.facts(url)
    odds = batch_rules.weigh(draft.quantity, draft.alphabet, draft.length, scans.GUESSES_PER_HIT)
    return PreviewView(
        qr=drawing.svg_data_uri(url),
        base_url=base_url,
        url=url,
        parameters=tuple(parameters.items()),
        note=rules.say_note(problems, is_example=not whole),
        density=rules.say_density(facts),
        print_size=f"{facts.print_size} mm",
        print_words=rules.say_print(facts),
        warning=rules.warn(facts),
        is_dense=rules.is_too_dense(facts),
        hints=tuple(rules.hints(url, ground.desk, is_ours=base_url == _own_url())),
        sample=_sample(draft) or before.sample,
        odds=batch_rules.say_strength(odds) if odds else "",
        is_weak=bool(odds and odds.is_weak),
        until=_until(draft.expires_on, ground),
    )


def _sample(draft: ScanDraft) -> str:
    """Return how a code will be printed."""
    shape = batch_rules.read_shape("1", draft.prefix, draft.alphabet, draft.length, problems := {})
    if shape is None or problems:
        return ""
    return alphabet.display(shape.prefix + rules.sample(shape.alphabet, shape.length), shape.prefix)


def _until(text: str, ground: _Ground) -> str:
    try:
        closes_at = times.end_of_day(date.fromisoformat(text.strip()), ground.zone)
    except (ValueError, OverflowError):
        return ""
    return rules.say_expiry(closes_at, ground.zone, ground.locale, now=times.now())


def _own_url() -> str:
    return f"{settings().origin}{LANDING}"
