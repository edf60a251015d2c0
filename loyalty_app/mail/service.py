"""Write letters, and remember which were sent."""

from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Session, col

from loyalty_app.core import database
from loyalty_app.core.config import settings
from loyalty_app.jobs import service as jobs
from loyalty_app.mail import rules
from loyalty_app.mail.models import Mail

SEND_MAIL = "send_mail"
OUTBOX = "outbox"
"""The folder for letters where there is no mail server."""


def write(session: Session, recipient: str, subject: str, body: str, *, now: datetime) -> Mail:
    """Write a letter in the caller's transaction; a job sends it after the commit, and never without one."""
    mail = Mail(recipient=recipient, subject=" ".join(subject.split())[:200], body=body, created_at=now)
    session.add(mail)
    session.flush()
    jobs.enqueue(session, SEND_MAIL, mail.id or 0, 1, now=now)
    return mail


def mark_sent(session: Session, mail_id: int, *, now: datetime) -> None:
    """Remember that the letter went out, and forget what it said."""
    _empty(session, mail_id, sent_at=now)


def give_up(session: Session, mail_id: int) -> None:
    """Forget what a letter said that could not be sent."""
    _empty(session, mail_id)


def forget(session: Session, address: str) -> None:
    """Remove every letter to an address, also from the outbox folder; one on its way is not sent any more."""
    session.connection().execute(sa.delete(Mail).where(col(Mail.recipient) == address))
    outbox = settings().data_dir / OUTBOX

    def empty() -> None:
        for file in outbox.iterdir() if outbox.is_dir() else ():
            if rules.is_letter_to(file.name, address):
                file.unlink(missing_ok=True)

    database.after_commit(session, empty)


def _empty(session: Session, mail_id: int, **more: datetime) -> None:
    session.connection().execute(sa.update(Mail).where(col(Mail.id) == mail_id).values(body="", **more))
