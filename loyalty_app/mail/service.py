"""Write letters, and remember which were sent."""

from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Session, col

from loyalty_app.jobs import service as jobs
from loyalty_app.mail.models import Mail

SEND_MAIL = "send_mail"


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


def _empty(session: Session, mail_id: int, **more: datetime) -> None:
    session.connection().execute(sa.update(Mail).where(col(Mail.id) == mail_id).values(body="", **more))
