"""What can be taken away of a scan batch: asked for, prepared in the background, kept for a day."""

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar
from urllib.parse import urlencode

import reflex as rx
from sqlmodel import Session

from loyalty_app.batches import service as batches
from loyalty_app.batches.models import Batch, BatchKind
from loyalty_app.codes import files
from loyalty_app.codes.service import Refused
from loyalty_app.core import times
from loyalty_app.core.actor import Permission, actor
from loyalty_app.core.addresses import number
from loyalty_app.core.database import read, transact
from loyalty_app.core.errors import InvalidError, NotFoundError
from loyalty_app.core.reasons import Reason
from loyalty_app.exports import rules
from loyalty_app.exports import service as exports
from loyalty_app.exports.models import ExportKind
from loyalty_app.exports.rules import FORMATS, GRID, Draft, Labels, Pictures
from loyalty_app.exports.service import Prepared
from loyalty_app.jobs.models import JobStatus
from loyalty_app.program import service as programs
from loyalty_app.program.models import Program
from loyalty_app.program.rules import say_number
from loyalty_app.ui.errors import NoticeState, say
from loyalty_app.ui.forms import SUMMARY, typed
from loyalty_app.ui.live import hub

SHEETS = [*((key, one.name) for key, one in FORMATS.items()), (GRID, "A grid of my own")]
USUAL = Draft()
"""What the form holds at first."""
KINDS = {ExportKind.ZIP: "ZIP of pictures", ExportKind.LABELS: "Sheets of labels"}
REFUSALS = {
    Reason.WRONG_KIND: "Its vouchers are claimed through one link, so there is no QR code for each of them.",
    Reason.NOT_READY: "Its codes are still being made. This page opens by itself when all of them are there.",
}


@dataclass(frozen=True)
class FileRow:
    """A file as the list shows it."""

    id: int
    name: str
    kind: str
    status: str
    progress: int
    words: str
    href: str


@dataclass(frozen=True)
class _Page:
    batch: Batch
    program: Program
    refusal: str
    files: list[FileRow]


class DownloadsState(rx.State):
    """The page of what can be taken away of one batch."""

    permission: ClassVar[Permission] = Permission.QR_CODE_MANAGEMENT

    name: rx.Field[str] = rx.field("")
    back: rx.Field[str] = rx.field("")
    csv: rx.Field[str] = rx.field("")
    refusal: rx.Field[str] = rx.field("")
    kind: rx.Field[str] = rx.field(ExportKind.ZIP.value)
    sheet: rx.Field[str] = rx.field(Draft.sheet)
    stream: rx.Field[str] = rx.field("")
    told: rx.Field[str] = rx.field("")
    warning: rx.Field[str] = rx.field("")
    preview: rx.Field[str] = rx.field("")
    problems: rx.Field[dict[str, str]] = rx.field(default_factory=dict)
    files: rx.Field[list[FileRow]] = rx.field(default_factory=list)
    busy: rx.Field[bool] = rx.field(default=False)
    is_missing: rx.Field[bool] = rx.field(default=False)
    is_loaded: rx.Field[bool] = rx.field(default=False)

    _batch_id: int = 0

    @rx.event
    async def opened(self) -> None:
        """Show what the batch in the address offers, and keep it fresh."""
        last = self.router.url.path.rstrip("/").split("/")[-2]
        self._batch_id = number(last)
        self.kind, self.sheet, self.problems = ExportKind.ZIP.value, Draft.sheet, {}
        hub.subscribe(self, DownloadsState.refresh, exports.topic(self._batch_id), batches.topic(self._batch_id))
        await self._show()
        if not self.is_missing and not self.refusal:
            await self._look({})

    @rx.event
    async def refresh(self) -> None:
        """Show it again after something changed."""
        was_refused = bool(self.refusal)
        await self._show()
        if was_refused and not self.refusal:
            await self._look({})

    @rx.event
    async def look(self, form: dict[str, Any]) -> None:
        """Tell what the form asks for, and how its labels will look."""
        await self._look(form)

    @rx.event
    async def prepare(self, form: dict[str, Any]) -> Any:
        """Begin to make the file, or say what is not acceptable."""
        self.busy, self.problems = True, {}
        yield
        kind, draft = _kind(form), _draft(form)
        try:
            made = await transact(exports.prepare, self._batch_id, kind, draft, by=actor(), now=times.now())
        except InvalidError as problem:
            self.problems = problem.problems
            yield rx.set_focus(SUMMARY)
            return
        finally:
            self.busy = False
        if isinstance(made, Refused):
            self.refusal = REFUSALS[made.reason]
            return
        say(await self.get_state(NoticeState), f"“{made.export.name}” is being prepared.")
        await self._show()

    @rx.event
    async def remove(self, export_id: int) -> None:
        """Cancel a file that is being made, or delete one that is there."""
        await transact(exports.delete, int(export_id), by=actor(), now=times.now())
        await self._show()

    async def _show(self) -> None:
        batch_id = self._batch_id
        try:
            page = await read(_page, batch_id)
        except NotFoundError:
            self.is_missing, self.is_loaded = True, True
            return
        self.name, self.refusal, self.files = page.batch.name, page.refusal, list(page.files)
        own = f"scan/{batch_id}" if page.batch.kind is BatchKind.SCAN else batch_id
        self.back, self.csv = f"/admin/batches/{own}", f"/api/v1/batches/{batch_id}/codes.csv"
        self.is_missing, self.is_loaded = False, True

    async def _look(self, form: Mapping[str, Any]) -> None:
        kind, draft = _kind(form), _draft(form)
        self.kind, self.sheet = kind.value, draft.sheet
        self.told, self.warning, self.preview, self.stream = "", "", "", ""
        try:
            program, batch, seen = await read(_seen, self._batch_id, kind, draft)
        except InvalidError as problem:
            self.warning = str(problem)
            return
        if isinstance(seen, Pictures):
            self.told = _say_pictures(seen, program)
            self.stream = f"/api/v1/batches/{batch.id}/codes.zip?{_query(seen)}"
        elif not isinstance(seen, Refused):
            self.told, self.warning = _say_labels(seen.labels, program), seen.warning
            self.preview = f"data:image/svg+xml;base64,{base64.b64encode(seen.svg).decode()}"


def _kind(form: Mapping[str, Any]) -> ExportKind:
    wish = str(form.get("kind") or "")
    return ExportKind(wish) if wish in set(ExportKind) else ExportKind.ZIP


def _draft(form: Mapping[str, Any]) -> Draft:
    # What the form does not show for now is as it would be at first.
    return typed(Draft, vars(USUAL) | dict(form))


def _page(session: Session, batch_id: int) -> _Page:
    by, program, now = actor(), programs.current(session), times.now()
    batch = batches.watched(session, batch_id, by=by)
    found = files.printable(session, batch_id, by=by)
    refusal = REFUSALS[found.reason] if isinstance(found, Refused) else ""
    return _Page(batch, program, refusal, [row(one, program, now) for one in exports.listed(session, batch_id, by=by)])


def _seen(
    session: Session, batch_id: int, kind: ExportKind, draft: Draft
) -> tuple[Program, Batch, Pictures | exports.Seen | Refused]:
    batch, program = batches.get(session, batch_id), programs.current(session)
    if kind is ExportKind.LABELS:
        return program, batch, exports.preview(session, batch_id, draft, by=actor())
    asked = exports.read(session, batch, kind, draft)
    assert isinstance(asked, Pictures)
    return program, batch, asked


def _query(asked: Pictures) -> str:
    return urlencode(
        {
            "format": asked.format.value,
            "size": asked.size,
            "error": asked.error.value,
            "first": asked.first,
            "last": asked.last,
        }
    )


def _say_pictures(asked: Pictures, program: Program) -> str:
    count = say_number(asked.count, program.locale)
    return (
        f"{count} {asked.format.upper()} pictures and a list of them, in one ZIP."
        if asked.count > 1
        else "One picture."
    )


def _say_labels(asked: Labels, program: Program) -> str:
    count, sheets = (say_number(number, program.locale) for number in (asked.count, asked.sheets))
    said = f"{count} label{'s' if asked.count > 1 else ''} on {sheets} sheet{'s' if asked.sheets > 1 else ''}."
    if asked.part(0) == asked.count:
        return f"{said} One PDF."
    return f"{said} A ZIP of PDFs with up to {say_number(rules.LABELS_A_PART, program.locale)} labels each."


def row(one: Prepared, program: Program, now: datetime) -> FileRow:
    """Return a file as the list shows it."""
    job = one.job
    return FileRow(
        id=one.export.id or 0,
        name=one.export.name,
        kind=KINDS[one.export.kind],
        status=one.status.value,
        progress=job.done * 100 // job.total,
        words=_words(one, program, now),
        href=f"/api/v1/exports/{one.export.id}/file",
    )


def _words(one: Prepared, program: Program, now: datetime) -> str:
    job, locale = one.job, program.locale
    match one.status:
        case JobStatus.DONE:
            assert one.export.expires_at
            until = times.say_instant(one.export.expires_at, program.time_zone, locale)
            return f"{rules.say_size(one.export.size, locale)}, kept until {until}"
        case JobStatus.QUEUED:
            return "Waits for its turn"
        case JobStatus.RUNNING:
            done = f"{say_number(job.done, locale)} of {say_number(job.total, locale)} codes"
            if not (job.started_at and job.done):
                return done
            left = (now - job.started_at).total_seconds() / job.done * (job.total - job.done)
            return f"{done}, about {times.say_duration(left)} left"
        case JobStatus.FAILED | JobStatus.CANCELLED:
            return "This file could not be made. Delete it and prepare it again; if that stays, look into the log."
