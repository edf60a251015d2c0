"""The trail as a file."""

from collections.abc import Iterator
from datetime import date
from typing import Annotated

from fastapi import APIRouter, Query
from fastapi.responses import StreamingResponse
from pydantic import Field

from loyalty_app.audit.models import AuditEntry
from loyalty_app.auditlog import rules
from loyalty_app.auditlog import service as auditlog
from loyalty_app.auditlog.service import Wish
from loyalty_app.auditlog.state import Search, wish
from loyalty_app.core import csvs, times
from loyalty_app.core.actor import Actor, Permission, actor
from loyalty_app.core.database import reading, streaming
from loyalty_app.core.texts import storable
from loyalty_app.ui.rest import Instant, Page, Paged, Shown, begun
from loyalty_app.ui.routes import allow

router = APIRouter(prefix="/api/v1")

CHUNK = 2_000
HEAD = ("id", "at", "actor", "verb", "subject", "sentence", "details")


class EntryShown(Shown):
    """One thing that somebody did."""

    id: Annotated[int, Field(examples=[41])]
    at: Instant
    actor: Annotated[str, Field(examples=["Ada"], description="The name of who it was, as it was then.")]
    account_id: int | None
    api_key_id: int | None
    verb: Annotated[str, Field(examples=["pause"])]
    subject: Annotated[str, Field(examples=["batch 12"])]
    sentence: Annotated[str, Field(examples=["paused batch 12"])]
    details: str


@router.get("/audit-log", tags=["Audit log"])
@allow(Permission.VIEW_AUDIT_LOG)
def list_audit_log(
    paging: Paged,
    q: Annotated[str, Query(max_length=80, description="Words that occur.")] = "",
    person: Annotated[str, Query(max_length=80, description="The name of who it was.")] = "",
    kind: Annotated[str, Query(max_length=20, description="The kind of thing, for example `batch`.")] = "",
    since: Annotated[date | None, Query(description="The first day, in the program's zone.")] = None,
    until: Annotated[date | None, Query(description="The last day, in the program's zone.")] = None,
) -> Page[EntryShown]:
    """List who did what to what, the newest first; no member's data is in it."""
    wanted = Wish(storable(q), storable(person), storable(kind), since, until)
    with reading() as session:
        found = auditlog.listed(session, wanted, before=paging.after, limit=paging.limit + 1, by=actor())
    return paging.page(found, _shown, lambda entry: entry.id or 0)


def _shown(entry: AuditEntry) -> EntryShown:
    own = {name: getattr(entry, name) for name in EntryShown.model_fields if name != "sentence"}
    return EntryShown.model_validate(own | {"sentence": rules.sentence(entry)})


@router.get("/audit-log.csv", tags=["Audit log"])
@allow(Permission.VIEW_AUDIT_LOG)
def audit_csv(q: str = "", person: str = "", kind: str = "", since: str = "", until: str = "") -> StreamingResponse:
    """Stream the entries that fit the search, the newest first."""
    asked = wish(Search(q[:80], person[:80], kind, since, until))
    return StreamingResponse(
        csvs.lines(HEAD, begun(_chunks(asked, actor()))),
        media_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": 'attachment; filename="audit-log.csv"', "Cache-Control": "no-store"},
    )


def _chunks(asked: Wish, by: Actor) -> Iterator[list[list[str]]]:
    with streaming() as session:
        before = 0
        while found := auditlog.listed(session, asked, before=before, limit=CHUNK, by=by):
            yield [_row(entry) for entry in found]
            before = found[-1].id or 0


def _row(entry: AuditEntry) -> list[str]:
    at = times.wire(entry.at)
    return [str(entry.id), at, entry.actor, entry.verb, entry.subject, rules.sentence(entry), entry.details]
