"""Make the next few codes of a batch."""

from collections.abc import Callable
from datetime import datetime

from sqlmodel import Session

from loyalty_app.batches import rules
from loyalty_app.batches import service as batches
from loyalty_app.codes import alphabet
from loyalty_app.codes import service as codes
from loyalty_app.core import live
from loyalty_app.jobs import service as jobs
from loyalty_app.jobs.models import Job

CHUNK = 1_000
"""Each step keeps other writers waiting for about 5 ms; larger ones are faster, and felt at the counter."""


def prepare(session: Session, job: Job) -> Callable[[Session, datetime], int | None] | None:
    """Draw the next codes outside the transaction; return what stores them, or None if the batch is gone."""
    batch = session.get(batches.Batch, job.subject_id)
    if batch is None:
        return None
    characters, prefix, length = rules.CHARACTERS[batch.alphabet], batch.prefix, batch.length
    count = min(CHUNK, job.total - job.done)
    drawn = alphabet.make(prefix, characters, length, count)

    def store(session: Session, now: datetime) -> int | None:
        if not jobs.move(session, job, job.done + count, now=now):
            return None
        missing = codes.store(session, job.subject_id, job.done + 1, drawn)
        # A code that exists already, here or in another batch, is drawn again and fails nothing (solidus#5383).
        while missing:
            again = alphabet.make(prefix, characters, length, len(missing))
            missing = [
                serial
                for serial, code in zip(missing, again, strict=True)
                if codes.store(session, job.subject_id, serial, [code])
            ]
        batch = batches.count_made(session, job.subject_id, count)
        live.announce(session, batches.TOPIC, batches.topic(batch.id))
        return job.done + count

    return store
