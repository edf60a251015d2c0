"""Merge SQLite's index of the history piece by piece, so that no letters of a forgotten name stay in it."""

from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Session

from loyalty_app.core import database
from loyalty_app.jobs import service as jobs
from loyalty_app.jobs.engine import Store
from loyalty_app.jobs.models import Job
from loyalty_app.redemptions.service import TIDY_STEPS

PAGES = 100
"""Written in one step, of 4 kB: tills wait for some hundredths of a second, all at once would be seconds."""

_MERGE = sa.text("insert into redemption_search (redemption_search, rank) values ('merge', :pages)")
_CHANGES = sa.text("select total_changes()")


def prepare(session: Session, job: Job) -> Store | None:
    """Return what merges some pages; the bookmark says whether it was begun, and whether it is over."""
    if not database.is_sqlite(session.connection()):  # restored from where there was such an index
        return None

    def store(session: Session, now: datetime) -> int | None:
        done = TIDY_STEPS if not _merge(session, begins=job.done == 0) else 1
        if done == TIDY_STEPS:
            database.leave_no_trace(session)
        return done if jobs.move(session, job, done, now=now) else None

    return store


def give_up(_session: Session, _subject_id: int) -> None:
    """Leave the rest to the next time that somebody is forgotten: the failed job is in the log."""


def _merge(session: Session, *, begins: bool) -> bool:
    # Less than nothing puts all parts into one merge, and more goes on with it: only a merge of all forgets.
    before = session.scalars(_CHANGES).one()
    session.connection().execute(_MERGE, {"pages": -PAGES if begins else PAGES})
    return session.scalars(_CHANGES).one() - before >= 2  # noqa: PLR2004 - SQLite: with fewer nothing was left to do
