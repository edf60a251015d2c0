"""Give members vouchers in their name, for other programs."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter
from fastapi.responses import Response
from pydantic import Field
from sqlmodel import Session

from loyalty_app.batches import service as batches
from loyalty_app.claims import service as claims
from loyalty_app.codes import alphabet
from loyalty_app.codes.api import CodeShown, shown
from loyalty_app.codes.models import CodeStatus
from loyalty_app.core.actor import Permission, actor
from loyalty_app.core.database import reading
from loyalty_app.core.reasons import Reason
from loyalty_app.ui.problems import Problem, refused
from loyalty_app.ui.rest import MOST_NUMBER, Instant, Number, OnceOnly, Page, Paged, Sent, Shown
from loyalty_app.ui.routes import allow

router = APIRouter(prefix="/api/v1/batches", tags=["Claims"])


class ClaimWish(Sent):
    """Who gets a voucher."""

    member_id: Annotated[int, Field(ge=1, le=MOST_NUMBER, examples=[21])]


class VoucherShown(Shown):
    """A voucher that a member holds."""

    code: Annotated[str, Field(examples=["SUN-2K7P-M4XR-9T"])]
    batch_id: Annotated[int, Field(examples=[12])]
    status: Annotated[CodeStatus, Field(examples=["claimed"])]
    member_id: Annotated[int, Field(examples=[21])]
    claimed_at: Instant | None
    expires_at: Annotated[Instant, Field(description="The first instant at which it is no longer good.")]
    redeemed_at: Instant | None


@router.post("/{batch_id}/claims", status_code=201, response_model=VoucherShown)
@allow(Permission.CLAIM_FOR_MEMBERS)
def claim_for_member(batch_id: Number, sent: ClaimWish, once: OnceOnly) -> Response:
    """Give a member one voucher; a member who has one is answered `already_claimed`, with that `voucher`."""

    def claim(session: Session, now: datetime) -> VoucherShown | Problem:
        answer = claims.claim_for(session, batch_id, sent.member_id, by=actor(), now=now)
        match answer:
            case claims.Claimed():
                return _held(session, batch_id, sent.member_id)
            case claims.Refused(Reason.ALREADY_CLAIMED as reason):
                held = _held(session, batch_id, sent.member_id)
                return refused(reason, voucher=held.model_dump(mode="json", by_alias=True))
            case claims.Refused(reason):
                return refused(reason)

    return once.answer(201, claim)


@router.get("/{batch_id}/claims")
@allow(Permission.VIEW_DASHBOARD)
def list_claims(batch_id: Number, paging: Paged) -> Page[CodeShown]:
    """List the claimed codes of a batch, whatever became of them, in the order they were made."""
    with reading() as session:
        batch = batches.watched(session, batch_id, by=actor())
        found = claims.listed(session, batch_id, after=paging.after, limit=paging.limit + 1, by=actor())
    return paging.page(found, lambda one: shown(one, batch), lambda one: one.serial)


def _held(session: Session, batch_id: int, member_id: int) -> VoucherShown:
    session.expire_all()  # the claim was written past what the session remembers
    held = claims.held_by(session, batch_id, member_id, by=actor())
    assert held is not None, "a voucher that was just claimed has a holder"
    return VoucherShown(
        code=alphabet.display(held.code, held.prefix),
        batch_id=batch_id,
        status=held.status,
        member_id=member_id,
        claimed_at=held.claimed_at,
        expires_at=held.expires_at,
        redeemed_at=held.redeemed_at,
    )
