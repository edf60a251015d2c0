"""Find entries of the trail."""

from dataclasses import dataclass
from datetime import date

from sqlmodel import Session, col, select

from loyalty_app.audit.models import AuditEntry
from loyalty_app.core import times
from loyalty_app.core.actor import Actor, Permission
from loyalty_app.core.texts import has_words
from loyalty_app.program import service as programs

PAGE = 50


@dataclass(frozen=True)
class Wish:
    """Which entries to list: words, who did it, the kind of thing, and days in the program's zone, both included."""

    text: str = ""
    person: str = ""
    kind: str = ""
    first_day: date | None = None
    last_day: date | None = None


def listed(session: Session, wish: Wish, *, before: int = 0, limit: int = PAGE, by: Actor) -> list[AuditEntry]:
    """Return the entries that fit, the newest first, from before an entry's number."""
    by.must(Permission.VIEW_AUDIT_LOG)
    query = select(AuditEntry).order_by(col(AuditEntry.id).desc()).limit(limit)
    if before:
        query = query.where(col(AuditEntry.id) < before)
    if wish.person:
        query = query.where(AuditEntry.actor == wish.person)
    if wish.kind:
        query = query.where(col(AuditEntry.subject).startswith(wish.kind, autoescape=True))
    if wish.text:
        parts = (AuditEntry.verb, AuditEntry.subject, AuditEntry.details, AuditEntry.actor)
        query = query.where(has_words(wish.text, *parts))
    zone = programs.current(session).time_zone
    if wish.first_day:
        query = query.where(col(AuditEntry.at) >= times.start_of_day(wish.first_day, zone))
    if wish.last_day:
        query = query.where(col(AuditEntry.at) < times.end_of_day(wish.last_day, zone))
    return list(session.exec(query))


def people(session: Session, *, by: Actor) -> list[str]:
    """Return everybody who is in the trail, by name."""
    by.must(Permission.VIEW_AUDIT_LOG)
    return list(session.exec(select(AuditEntry.actor).where(AuditEntry.actor != "").distinct().order_by("actor")))


def deleted(session: Session, subjects: set[str], *, by: Actor) -> set[str]:
    """Return which of these things the trail says are gone."""
    by.must(Permission.VIEW_AUDIT_LOG)
    gone = session.exec(
        select(AuditEntry.subject).where(AuditEntry.verb == "delete", col(AuditEntry.subject).in_(subjects))
    )
    return set(gone)
