"""Write the trail in the transaction of the deed itself."""

from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Session, col, select

from loyalty_app.audit.models import AuditEntry
from loyalty_app.core import live
from loyalty_app.core.actor import Actor
from loyalty_app.core.texts import Redaction

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


def forget(session: Session, account_id: int | None, redaction: Redaction, name: str) -> None:
    """Take a person's words out of the trail; what they did themselves stays, under another name."""
    if account_id is not None:
        session.connection().execute(
            sa.update(AuditEntry).where(col(AuditEntry.account_id) == account_id).values(actor=name)
        )
    found = session.exec(select(AuditEntry).where(redaction.may_be_in(col(AuditEntry.details))))
    for entry in found:
        entry.details = redaction.of(entry.details)
        session.add(entry)
