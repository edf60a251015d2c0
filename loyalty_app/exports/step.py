"""Write the next piece of a file: what is committed of it is whole, whatever is killed."""

import fcntl
import os
import time
from datetime import datetime, timedelta
from typing import BinaryIO
from zoneinfo import ZoneInfo

from sqlmodel import Session

from loyalty_app.accounts.service import SYSTEM
from loyalty_app.batches import service as batches
from loyalty_app.batches.models import Batch
from loyalty_app.codes import files
from loyalty_app.codes import service as codes
from loyalty_app.codes.files import Wanted
from loyalty_app.core import csvs, database
from loyalty_app.core.zips import Archive, Packed
from loyalty_app.exports import drawing, rules
from loyalty_app.exports import service as exports
from loyalty_app.exports.models import Export, ExportKind
from loyalty_app.exports.rules import Pictures
from loyalty_app.jobs import service as jobs
from loyalty_app.jobs.engine import Store
from loyalty_app.jobs.models import Job, JobStatus
from loyalty_app.program import service as programs


class FileLostError(Exception):
    """What was written of a file is not here any more."""


TAKES = timedelta(seconds=20)
"""What a part of a print pack may need on a busy machine."""
STEP_SECONDS = 1.0
CHUNK = 1_000


def prepare(session: Session, job: Job) -> Store | None:
    """Write the next piece behind what is committed; return what commits it, or None if nobody wants the file."""
    export = session.get(Export, job.subject_id)
    if export is None or export.created_at != job.created_at:  # deleted; another file may have its number by now
        return None
    file = _locked(export)
    try:
        session.rollback()  # whoever held the lock may have moved the bookmark
        fresh, export = session.get(Job, job.id), session.get(Export, job.subject_id)
        if fresh is None or export is None or (fresh.status, fresh.done) != (JobStatus.RUNNING, job.done):
            file.close()
            return _nothing
        done = _written(session, job, export, file)
        os.fsync(file.fileno())
        size = file.tell()
    except BaseException:
        file.close()
        raise

    def store(session: Session, now: datetime) -> int | None:
        database.hold(session, file)  # who waits for the lock has to see the bookmark, so it must be committed
        if not jobs.move(session, job, done, now=now + TAKES):
            return None
        exports.grow(session, job.subject_id, size, is_whole=done == job.total, now=now)
        return done

    return store


def _nothing(_session: Session, _now: datetime) -> None:
    return None


def _locked(export: Export) -> BinaryIO:
    path = exports.path_of(export)
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    file = os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT, 0o600), "r+b")
    fcntl.flock(file, fcntl.LOCK_EX)
    return file


def _written(session: Session, job: Job, export: Export, file: BinaryIO) -> int:
    """Write behind what is committed; return the new bookmark."""
    file.seek(0, os.SEEK_END)
    if file.tell() < export.size:
        raise FileLostError
    file.seek(export.size)
    write = _write_pictures if export.kind is ExportKind.ZIP else _write_labels
    done = write(session, job, export, file)
    file.truncate()
    file.flush()
    return done


def _write_labels(session: Session, job: Job, export: Export, file: BinaryIO) -> int:
    batch, asked = batches.get(session, export.batch_id), rules.labels_of(export.options)
    first, count = asked.first + job.done, asked.part(job.done)
    labels = exports.labels_of(session, batch, first, count, by=SYSTEM)
    look, made = asked.look(exports.logo_of(session), job.done), _made(session, export)
    session.close()  # drawing takes its time, with no hand on the database
    sheets = drawing.pdf(labels, asked.sheet, look, exports.drawer(batch, asked.error).matrix)
    if count == asked.count:
        file.write(sheets)
        return count
    file.write(Archive(made).entry(f"labels-{first:06}-{first + count - 1:06}.pdf", sheets))
    if job.done + count == asked.count:
        _write_end(Archive.resumed(made, file, file.tell()), file)
    return job.done + count


def _write_pictures(session: Session, job: Job, export: Export, file: BinaryIO) -> int:
    batch, asked = batches.get(session, export.batch_id), rules.pictures_of(export.options)
    album = files.Album(batch, Wanted(asked.first, asked.last, asked.format, asked.size, asked.error))
    archive, done, until = Archive(_made(session, export)), job.done, time.monotonic() + STEP_SECONDS
    while done == job.done or (done < asked.count and time.monotonic() < until):
        lines = [album.line(one) for one in _codes(session, batch, asked, done)]
        file.writelines(archive.entry(line.file, album.picture(line)) for line in lines)
        done += len(lines)
    if done == asked.count:
        archive, manifest = Archive.resumed(_made(session, export), file, file.tell()), Packed()
        manifest.add(csvs.start(files.HEAD).encode())
        for start in range(0, asked.count, CHUNK):
            lines = map(album.line, _codes(session, batch, asked, start))
            manifest.add(csvs.text(lines).encode())
        file.write(archive.packed(files.MANIFEST, manifest))
        _write_end(archive, file)
    return done


def _codes(session: Session, batch: Batch, asked: Pictures, done: int) -> list[codes.Made]:
    first = asked.first + done
    return codes.made(session, batch.id or 0, first, min(first + CHUNK - 1, asked.last), by=SYSTEM)


def _write_end(archive: Archive, file: BinaryIO) -> None:
    file.writelines(archive.end())


def _made(session: Session, export: Export) -> datetime:
    """Return when it was asked for, as a clock on the wall shows it; the same in every step."""
    return export.created_at.astimezone(ZoneInfo(programs.current(session).time_zone))
