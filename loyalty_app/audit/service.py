"""Write the trail in the transaction of the deed itself."""

from collections.abc import Collection
from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Session, col, select

from loyalty_app.audit.models import AuditEntry
from loyalty_app.core import live
from loyalty_app.core.actor import Actor
from loyalty_app.core.texts import ERASED, Redaction

TOPIC = "audit"


def record(session: Session, verb: str, subject: str, details: str = "", *, by: Actor, now: datetime) -> None:
    """Remember who did what to what."""
    live.announce(session, TOPIC)
    session.add(
        AuditEntry(
            at=now,
            account_id=by.account_id,
            api_key_id=by.api_key_id,
            actor=by.name[:80],
            verb=verb,
            subject=subject,
            details=details[:500],
        )
    )


def forget(
    session: Session, subjects: Collection[str], words: Redaction, contact: Redaction, *, reasons_of: str
) -> None:
    """Take a person's words out of what is about these subjects, and how to reach them out of the whole trail.

    Elsewhere what is a name may be an ordinary word: an offer can be called Summer, too. The reasons, behind a colon,
    of what was done by one verb to the subjects go whole. The trail is read once: it is long, and has no such index.
    """
    details = col(AuditEntry.details)
    named = sa.or_(col(AuditEntry.verb) == reasons_of, words.may_be_in(details))
    about = sa.and_(col(AuditEntry.subject).in_(subjects), named)
    for entry in session.exec(select(AuditEntry).where(sa.or_(about, contact.may_be_in(details)))):
        is_about = entry.subject in subjects
        done, colon, _ = entry.details.partition(": ")
        told = done + colon + ERASED if is_about and entry.verb == reasons_of and colon else entry.details
        entry.details = (words if is_about else contact).of(told)
        session.add(entry)


def rename(session: Session, account_id: int, words: Redaction, name: str) -> None:
    """Say another name for who did things with an account, and take these words out of what they did."""
    own = col(AuditEntry.account_id) == account_id
    session.connection().execute(sa.update(AuditEntry).where(own).values(actor=name))
    for entry in session.exec(select(AuditEntry).where(own, words.may_be_in(col(AuditEntry.details)))):
        entry.details = words.of(entry.details)
        session.add(entry)
