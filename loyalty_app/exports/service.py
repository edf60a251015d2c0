"""Prepare files in the background, list them, take them away, and sweep them."""

import functools
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import sqlalchemy as sa
from sqlmodel import Session, col, select

from loyalty_app.audit import service as audit
from loyalty_app.batches import service as batches
from loyalty_app.batches.models import Batch
from loyalty_app.codes import alphabet, files
from loyalty_app.codes import service as codes
from loyalty_app.codes.service import Refused
from loyalty_app.core import database, live, secrets
from loyalty_app.core.actor import Actor, Permission
from loyalty_app.core.config import settings
from loyalty_app.core.errors import InvalidError, NotFoundError
from loyalty_app.core.texts import slug
from loyalty_app.exports import drawing, rules
from loyalty_app.exports.drawing import Label
from loyalty_app.exports.models import Export, ExportKind
from loyalty_app.exports.rules import Asked, Draft, Labels
from loyalty_app.jobs import service as jobs
from loyalty_app.jobs.models import Job, JobStatus
from loyalty_app.pictures.models import Picture
from loyalty_app.program import service as programs
from loyalty_app.qr.bulk import SAMPLE, Tables
from loyalty_app.qr.drawing import ErrorLevel

PREPARE_FILE = "prepare_file"
"""The job kind; only `worker.py` knows who prepares."""
FOLDER = "exports"
KEPT = timedelta(hours=24)
"""How long a finished file stays."""
MOST_LETTERS = 10
MOST = 10
"""Files of one batch at a time: a hundred thousand pictures fill a hundred megabytes."""


_UNFINISHED = (JobStatus.QUEUED, JobStatus.RUNNING)
_HOLD = select(Batch.id).where(col(Batch.id) == sa.bindparam("batch")).with_for_update(key_share=True)


@dataclass(frozen=True)
class Prepared:
    """A file that was asked for, its batch, and how far it is."""

    export: Export
    batch: Batch
    job: Job

    @property
    def status(self) -> JobStatus:
        """Return where it stands; with the last code in it, it is whole, whatever the worker does next."""
        return JobStatus.DONE if self.job.done == self.job.total else self.job.status

    @property
    def is_done(self) -> bool:
        """Return whether it can be taken away."""
        return self.status is JobStatus.DONE


@dataclass(frozen=True)
class Seen:
    """What labels will look like: the first sheet as an SVG picture, and what to say before they are made."""

    svg: bytes
    labels: Labels
    warning: str


def topic(batch_id: int) -> str:
    """Return the topic of the files of one batch."""
    return f"exports:{batch_id}"


def read(session: Session, batch: Batch, kind: ExportKind, draft: Draft) -> Asked:
    """Return what a draft asks for of a batch; raise what is wrong with it."""
    if kind is ExportKind.ZIP:
        asked = rules.read_pictures(draft, batch.total)
    else:
        asked = rules.read_labels(draft, batch.total)
        if isinstance(asked, Labels):
            asked = _labels_problems(session, asked, draft) or asked
    if isinstance(asked, dict):
        raise InvalidError(**asked)
    return asked


def prepare(
    session: Session, batch_id: int, kind: ExportKind, draft: Draft, *, by: Actor, now: datetime
) -> Prepared | Refused:
    """Ask for a file; it is made in the background. The same wish again, while it is being made, is the same file."""
    batch = files.printable(session, batch_id, by=by)
    if isinstance(batch, Refused):
        return batch
    asked = read(session, batch, kind, draft)
    session.execute(_HOLD, {"batch": batch_id})  # two clicks at once wait for each other
    there = listed(session, batch_id, by=by)
    for one in there:
        if one.status in _UNFINISHED and (one.export.kind, one.export.options) == (kind, rules.kept(asked)):
            return one
    if len(there) >= MOST:
        raise InvalidError(batch_id=f"There are {MOST} files of this batch. Delete one of them first.")
    export = Export(
        batch_id=batch_id,
        kind=kind,
        options=rules.kept(asked),
        name=_name(batch, asked),
        secret=secrets.new_token(),
        created_at=now,
        created_by=by.account_id,
    )
    session.add(export)
    session.flush()
    job = jobs.enqueue(session, PREPARE_FILE, export.id or 0, asked.count, now=now)
    audit.record(session, "prepare", f"file {export.id}", f"{export.name} of batch {batch_id}", by=by, now=now)
    live.announce(session, topic(batch_id))
    return Prepared(export, batch, job)


def listed(
    session: Session, batch_id: int | None = None, *, before: int = 0, limit: int = MOST, by: Actor
) -> list[Prepared]:
    """Return files of one batch, or of all, the newest first, those behind a number."""
    by.must(Permission.QR_CODE_MANAGEMENT)
    query = select(Export).order_by(col(Export.id).desc()).limit(limit)
    if batch_id is not None:
        query = query.where(Export.batch_id == batch_id)
    if before:
        query = query.where(col(Export.id) < before)
    return _prepared(session, session.exec(query).all())


def get(session: Session, export_id: int, *, by: Actor) -> Prepared:
    """Return one file."""
    by.must(Permission.QR_CODE_MANAGEMENT)
    found = session.exec(select(Export).where(Export.id == export_id)).all()
    if not found:
        raise NotFoundError("file")
    return _prepared(session, found)[0]


def delete(session: Session, export_id: int, *, by: Actor, now: datetime) -> None:
    """Remove a file; one that is being made is not made any further."""
    one = get(session, export_id, by=by)
    jobs.finish(session, one.job.id or 0, JobStatus.CANCELLED)
    _remove(session, [one.export])
    audit.record(session, "delete", f"file {export_id}", one.export.name, by=by, now=now)


def grow(session: Session, export_id: int, size: int, *, is_whole: bool, now: datetime) -> None:
    """Remember how much of a file is there; from when it is whole it is kept for a while."""
    export = session.get_one(Export, export_id)
    export.size, export.expires_at = size, now + KEPT if is_whole else None
    session.add(export)
    live.announce(session, topic(export.batch_id))


def fail(session: Session, export_id: int) -> None:
    """Drop the piece of a file that could not be made, and keep what is known of it."""
    export = session.get(Export, export_id)
    if export is not None:
        export.size, export.expires_at = 0, export.created_at + KEPT
        session.add(export)
        live.announce(session, topic(export.batch_id))
        database.after_commit(session, functools.partial(path_of(export).unlink, missing_ok=True))


def sweep(session: Session, *, now: datetime) -> None:
    """Remove the files whose time is over, and what lies in the folder and belongs to nobody."""
    lying = {path.name for path in folder().glob("*")}  # before the table: a row is there before its file
    _remove(session, session.exec(select(Export).where(col(Export.expires_at) <= now)).all())
    known = set(session.exec(select(Export.secret)))
    for secret in lying - known:
        (folder() / secret).unlink(missing_ok=True)


def preview(session: Session, batch_id: int, draft: Draft, *, by: Actor) -> Seen | Refused:
    """Return what the first sheet of the labels will look like."""
    batch = files.printable(session, batch_id, by=by)
    if isinstance(batch, Refused):
        return batch
    labels = read(session, batch, ExportKind.LABELS, draft)
    assert isinstance(labels, Labels)
    (sample,) = labels_of(session, batch, labels.first, 1, by=by)
    look = labels.look(logo_of(session), 0)
    modules = drawing.matrix(sample.url, labels.error)
    module = drawing.laid_out([sample], labels.sheet, look).module(len(modules))
    svg = drawing.preview(sample, labels.sheet, look, labels.count, modules)
    return Seen(svg, labels, rules.warning(module))


def labels_of(session: Session, batch: Batch, first: int, count: int, *, by: Actor) -> list[Label]:
    """Return what is on the labels of that many codes, from a serial on."""
    by.must(Permission.QR_CODE_MANAGEMENT)
    link = batches.links(batch)
    made = codes.made(session, batch.id or 0, first, first + count - 1, by=by)
    return [Label(link(one.serial), alphabet.display(one.code, batch.prefix), one.serial) for one in made]


def drawer(batch: Batch, error: ErrorLevel) -> Tables:
    """Return what draws the QR codes of a batch; they all have one shape, which the first links tell."""
    return Tables.of(map(batches.links(batch), range(1, SAMPLE + 1)), error)


def logo_of(session: Session) -> bytes | None:
    """Return the program's logo, if there is one."""
    logo = session.get(Picture, programs.current(session).logo_id or 0)
    return logo.content if logo else None


def folder() -> Path:
    """Return where the files lie."""
    return settings().data_dir / FOLDER


def path_of(export: Export) -> Path:
    """Return where a file lies."""
    return folder() / export.secret


def _labels_problems(session: Session, labels: Labels, draft: Draft) -> dict[str, str]:
    problems = {}
    if labels.logo and logo_of(session) is None:
        problems["logo"] = "There is no logo yet. Add one to the business profile first."
    for field, line in (("headline", draft.headline), ("note", draft.note)):
        if letters := drawing.unprintable(line):
            shown = " ".join(letters[:MOST_LETTERS])
            problems[field] = f"The labels have no letters for {shown}. Use Latin letters, or a logo with your words."
    return problems


def _name(batch: Batch, asked: Asked) -> str:
    part = "" if asked.count == batch.total else f"-{asked.first}-{asked.last}"
    if isinstance(asked, Labels):
        ending = "labels.pdf" if asked.part(0) == asked.count else "labels.zip"
    else:
        ending = f"{asked.format}.zip"
    return f"{slug(batch.name)}{part}-{ending}"


def _prepared(session: Session, exports: Sequence[Export]) -> list[Prepared]:
    running = jobs.of_subject(session, PREPARE_FILE, [export.id or 0 for export in exports])
    of = {
        batch.id: batch
        for batch in session.exec(select(Batch).where(col(Batch.id).in_({one.batch_id for one in exports})))
    }
    return [Prepared(one, of[one.batch_id], running[one.id or 0]) for one in exports]


def _remove(session: Session, exports: Sequence[Export]) -> None:
    for export in exports:
        session.delete(export)
        live.announce(session, topic(export.batch_id))
        database.after_commit(session, functools.partial(path_of(export).unlink, missing_ok=True))
