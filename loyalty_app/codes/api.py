"""The vouchers of a batch as a file (S3-7)."""

from collections.abc import Iterator
from datetime import datetime

from fastapi import APIRouter
from fastapi.responses import StreamingResponse
from sqlmodel import Session

from loyalty_app.batches import service as batches
from loyalty_app.codes import alphabet
from loyalty_app.codes import service as codes
from loyalty_app.codes.models import Standing
from loyalty_app.codes.service import Listed, Wish
from loyalty_app.core import csvs, times
from loyalty_app.core.actor import Actor, Permission, actor
from loyalty_app.core.database import reading
from loyalty_app.core.texts import slug
from loyalty_app.ui.routes import allow

router = APIRouter(prefix="/api/v1/batches", tags=["Codes"])

CHUNK = 2_000
HEAD = ("serial", "code", "status", "member", "email", "claimedAt", "expiresAt", "redeemedAt")


@router.get("/{batch_id}/codes.csv")
@allow(Permission.VIEW_DASHBOARD)
def codes_csv(batch_id: int, q: str = "", status: str = "") -> StreamingResponse:
    """Stream the vouchers that fit the search, all of one moment, however many are claimed meanwhile."""
    by = actor()
    with reading() as session:
        batch = batches.watched(session, batch_id, by=by)
    wish = Wish(q[:80], Standing(status) if status in set(Standing) else None)
    return StreamingResponse(
        csvs.lines(HEAD, _chunks(batch_id, batch.prefix, wish, by)),
        media_type="text/csv; charset=utf-8",
        headers={
            "Content-Disposition": f'attachment; filename="{slug(batch.name)}-vouchers.csv"',
            "Cache-Control": "no-store",
        },
    )


def _chunks(batch_id: int, prefix: str, wish: Wish, by: Actor) -> Iterator[list[list[str]]]:
    with reading() as session:  # one picture for all chunks
        after = 0
        while page := _page(session, batch_id, wish, after, by):
            yield [_row(one, prefix) for one in page]
            after = page[-1].serial


def _page(session: Session, batch_id: int, wish: Wish, after: int, by: Actor) -> list[Listed]:
    return codes.listed(session, batch_id, wish, after=after, limit=CHUNK, by=by)


def _row(one: Listed, prefix: str) -> list[str]:
    return [
        str(one.serial),
        alphabet.display(one.code, prefix),
        one.standing,
        one.member,
        one.email,
        _instant(one.claimed_at),
        _instant(one.expires_at),
        _instant(one.redeemed_at),
    ]


def _instant(instant: datetime | None) -> str:
    return times.wire(instant) if instant else ""
