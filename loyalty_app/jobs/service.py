"""Queue a job, take it up, move its bookmark, and end it."""

import logging
from collections.abc import Callable
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlmodel import Session, col, select

from loyalty_app.core import database
from loyalty_app.core.actor import Actor, Permission
from loyalty_app.core.errors import NotFoundError
from loyalty_app.jobs.models import Job, JobStatus

STALE_AFTER = timedelta(seconds=8)
"""A step takes well under a second, so a beat this old means that the process is gone."""

log = logging.getLogger(__name__)

hand_over: list[Callable[[int], None]] = []
"""Who is told the number of a committed job; the queue puts itself here when it is loaded."""


def enqueue(session: Session, kind: str, subject_id: int, total: int, *, now: datetime) -> Job:
    """Add a job in the caller's transaction; a worker hears of it after the commit."""
    job = Job(kind=kind, subject_id=subject_id, total=total, created_at=now, beat_at=now)
    session.add(job)
    session.flush()
    database.after_commit(session, lambda: _tell(job.id))
    return job


def requeue(session: Session, job_id: int, *, now: datetime) -> None:
    """Let a failed job go on from its bookmark."""
    session.connection().execute(
        sa.update(Job)
        .where(col(Job.id) == job_id, col(Job.status) == JobStatus.FAILED)
        .values(status=JobStatus.QUEUED, problem="", beat_at=now)
    )
    database.after_commit(session, lambda: _tell(job_id))


def take_up(session: Session, job_id: int, *, now: datetime) -> Job | None:
    """Make the caller the one who runs the job; None if somebody alive does, or it is over."""
    taken = session.connection().execute(
        sa.update(Job)
        .where(
            col(Job.id) == job_id,
            _is_free(now),
        )
        .values(status=JobStatus.RUNNING, beat_at=now, started_at=sa.func.coalesce(col(Job.started_at), now))
    )
    return session.get(Job, job_id) if taken.rowcount else None


def beat(session: Session, job: Job, at: datetime) -> None:
    """Give a sign of life ahead of a step that takes its time."""
    session.connection().execute(sa.update(Job).where(col(Job.id) == job.id).values(beat_at=at))


def put_off(session: Session, job: Job, until: datetime) -> None:
    """Put a running job back into the queue, to be taken up at its bookmark but not before then."""
    session.connection().execute(
        sa.update(Job)
        .where(col(Job.id) == job.id, col(Job.status) == JobStatus.RUNNING, col(Job.done) == job.done)
        .values(status=JobStatus.QUEUED, beat_at=until)
    )


def move(session: Session, job: Job, done: int, *, now: datetime) -> bool:
    """Move the bookmark; False if the job was cancelled or another worker has moved it."""
    moved = session.connection().execute(
        sa.update(Job)
        .where(col(Job.id) == job.id, col(Job.status) == JobStatus.RUNNING, col(Job.done) == job.done)
        .values(done=done, beat_at=now)
    )
    return bool(moved.rowcount)


def finish(session: Session, job_id: int, status: JobStatus, problem: str = "") -> None:
    """End a job that has not ended yet."""
    session.connection().execute(
        sa.update(Job)
        .where(col(Job.id) == job_id, col(Job.status).in_((JobStatus.QUEUED, JobStatus.RUNNING)))
        .values(status=status, problem=problem)
    )


def get(session: Session, job_id: int, *, by: Actor) -> Job:
    """Return a job to somebody who may watch."""
    by.must(Permission.VIEW_DASHBOARD)
    job = session.get(Job, job_id)
    if job is None:
        raise NotFoundError("job")
    return job


def of_subject(session: Session, kind: str, subject_ids: list[int]) -> dict[int, Job]:
    """Return the newest job of that kind for each subject."""
    jobs = session.exec(select(Job).where(Job.kind == kind, col(Job.subject_id).in_(subject_ids)).order_by(col(Job.id)))
    return {job.subject_id: job for job in jobs}


def newest(session: Session, kind: str) -> Job | None:
    """Return the newest job of a kind."""
    return session.exec(select(Job).where(Job.kind == kind).order_by(col(Job.id).desc()).limit(1)).first()


def waiting(session: Session, *, now: datetime) -> list[int]:
    """Return jobs that nobody works on: queued, or left by a process that died."""
    found = session.exec(select(Job.id).where(_is_free(now)))
    return [job_id for job_id in found if job_id]


def _is_free(now: datetime) -> sa.ColumnElement[bool]:
    return sa.or_(
        sa.and_(col(Job.status) == JobStatus.QUEUED, col(Job.beat_at) <= now),
        sa.and_(col(Job.status) == JobStatus.RUNNING, col(Job.beat_at) < now - STALE_AFTER),
    )


def _tell(job_id: int | None) -> None:
    for told in hand_over:
        try:
            told(job_id or 0)
        except Exception:  # the row is committed and the sweep finds it; the caller's work is done
            log.exception("job %s could not be handed to the queue", job_id)
