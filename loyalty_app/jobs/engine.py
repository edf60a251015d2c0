"""Run a job step by step; a killed process costs one step."""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session

from loyalty_app.core import database, times
from loyalty_app.jobs import service as jobs
from loyalty_app.jobs.models import Job, JobStatus

Store = Callable[[Session, datetime], int | None]

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Kind:
    """How jobs of one kind are done.

    `prepare` does the slow part of the next step and returns what stores it; that returns the new
    bookmark, or None when the job is no longer ours. `fail` tells the subject that its job failed.
    """

    prepare: Callable[[Session, Job], Store | None]
    fail: Callable[[Session, int], None]


def run(job_id: int, kinds: dict[str, Kind]) -> None:
    """Run the job to its end, unless somebody alive does already."""
    with database.transaction() as session:
        job = jobs.take_up(session, job_id, now=times.now())
    if job is None:
        return

    kind = kinds[job.kind]
    try:
        while job.done < job.total:
            done = _step(kind, job)
            if done is None:  # cancelled, deleted, or taken over
                return
            job.done = done
    except Exception as problem:
        log.exception("job %s (%s) failed at %s of %s", job.id, job.kind, job.done, job.total)
        with database.transaction() as session:
            jobs.finish(session, job_id, JobStatus.FAILED, type(problem).__name__)
            kind.fail(session, job.subject_id)
        return
    with database.transaction() as session:
        jobs.finish(session, job_id, JobStatus.DONE)


def _step(kind: Kind, job: Job) -> int | None:
    with database.reading() as session:
        store = kind.prepare(session, job)
    if store is None:
        with database.transaction() as session:
            jobs.finish(session, job.id or 0, JobStatus.CANCELLED)
        return None
    with database.transaction() as session:
        return store(session, times.now())
