"""Run a job step by step; a killed process costs one step."""

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlmodel import Session

from loyalty_app.core import database, logs, times
from loyalty_app.jobs import service as jobs
from loyalty_app.jobs.models import Job, JobStatus

Store = Callable[[Session, datetime], int | None]

MOST_REST = 0.05

log = logging.getLogger(__name__)


class TryAgainError(Exception):
    """A step that cannot be done now, and will be tried again after a pause; nobody else waits for it."""

    def __init__(self, pause: timedelta, why: str) -> None:
        """Say how long, and why."""
        super().__init__(why)
        self.pause = pause


@dataclass(frozen=True)
class Kind:
    """How jobs of one kind are done.

    `prepare` does the slow part of the next step and returns what stores it; that returns the new
    bookmark, or None when the job is no longer ours. `fail` tells the subject that its job failed.
    """

    prepare: Callable[[Session, Job], Store | None]
    fail: Callable[[Session, int], None]
    step_takes: timedelta = timedelta(0)
    """How long a step may give no sign of life, beyond what is usual."""
    gives_way: bool = False
    """Whether it rests after each step for as long as that took, where all writers share one turn."""
    prepares_once: bool = False
    """Whether preparing does what cannot be undone, as sending a letter: only storing is tried again then."""


def run(job_id: int, kinds: dict[str, Kind]) -> None:
    """Run the job to its end, unless somebody alive does already."""
    job = database.change(_taken_up, job_id, kinds)
    if job is None:
        return
    with logs.about(job=job_id, kind=job.kind):
        _work(job, kinds[job.kind])


def _taken_up(session: Session, job_id: int, kinds: dict[str, Kind]) -> Job | None:
    job = jobs.take_up(session, job_id, now=times.now())
    if job and (takes := kinds[job.kind].step_takes):
        jobs.beat(session, job, times.now() + takes)
    return job


def _work(job: Job, kind: Kind) -> None:
    log.info("job taken up at %s of %s", job.done, job.total)
    try:
        while job.done < job.total:
            began = time.monotonic()
            done = _step(kind, job)
            if done is None:  # cancelled, deleted, or taken over
                return
            job.done = done
            if kind.gives_way and database.is_sqlite(database.engine()):
                time.sleep(min(time.monotonic() - began, MOST_REST))
    except TryAgainError as wish:
        log.warning("job %s (%s) waits %.0f s: %s", job.id, job.kind, wish.pause.total_seconds(), wish)
        database.change(jobs.put_off, job, times.now() + wish.pause)
        return
    except Exception as problem:
        log.exception("job %s (%s) failed at %s of %s", job.id, job.kind, job.done, job.total)
        database.change(_fail, kind, job, type(problem).__name__)
        return
    database.change(jobs.finish, job.id or 0, JobStatus.DONE)
    log.info("job done")


def _fail(session: Session, kind: Kind, job: Job, problem: str) -> None:
    jobs.finish(session, job.id or 0, JobStatus.FAILED, problem)
    kind.fail(session, job.subject_id)


def _step(kind: Kind, job: Job) -> int | None:
    def prepared(session: Session) -> Callable[[Session], int | None]:
        store = kind.prepare(session, job)
        if store is None:
            return lambda session: jobs.finish(session, job.id or 0, JobStatus.CANCELLED)
        return lambda session: store(session, times.now())

    if not kind.prepares_once:
        return database.change_prepared(prepared)
    with database.reading() as session:
        store = prepared(session)
    return database.change(store)
