"""Write the trail in the transaction of the deed itself."""

from datetime import datetime

from sqlmodel import Session

from loyalty_app.audit.models import AuditEntry
from loyalty_app.core import live
from loyalty_app.core.actor import Actor

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
