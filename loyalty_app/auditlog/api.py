"""The trail as a file."""

from collections.abc import Iterator

from fastapi import APIRouter
from fastapi.responses import StreamingResponse

from loyalty_app.audit.models import AuditEntry
from loyalty_app.auditlog import rules
from loyalty_app.auditlog import service as auditlog
from loyalty_app.auditlog.service import Wish
from loyalty_app.auditlog.state import Search, wish
from loyalty_app.core import csvs, times
from loyalty_app.core.actor import Actor, Permission, actor
from loyalty_app.core.database import reading
from loyalty_app.ui.routes import allow

router = APIRouter(prefix="/api/v1")

CHUNK = 2_000
HEAD = ("id", "at", "actor", "verb", "subject", "sentence", "details")


@router.get("/audit-log.csv")
@allow(Permission.VIEW_AUDIT_LOG)
def audit_csv(q: str = "", person: str = "", kind: str = "", since: str = "", until: str = "") -> StreamingResponse:
    """Stream the entries that fit the search, the newest first."""
    asked = wish(Search(q[:80], person[:80], kind, since, until))
    return StreamingResponse(
        csvs.lines(HEAD, _chunks(asked, actor())),
        media_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": 'attachment; filename="audit-log.csv"', "Cache-Control": "no-store"},
    )


def _chunks(asked: Wish, by: Actor) -> Iterator[list[list[str]]]:
    with reading() as session:
        before = 0
        while found := auditlog.listed(session, asked, before=before, limit=CHUNK, by=by):
            yield [_row(entry) for entry in found]
            before = found[-1].id or 0


def _row(entry: AuditEntry) -> list[str]:
    at = times.wire(entry.at)
    return [str(entry.id), at, entry.actor, entry.verb, entry.subject, rules.sentence(entry), entry.details]
