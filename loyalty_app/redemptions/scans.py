"""What one person redeemed last."""

from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlmodel import Session, col

from loyalty_app.batches.models import Batch
from loyalty_app.codes import alphabet
from loyalty_app.core.actor import Actor, Permission
from loyalty_app.redemptions.models import Redemption, RedemptionStatus

LATELY = timedelta(hours=12)
"""Older ones are found in the history."""
LAST = 5


@dataclass(frozen=True)
class Own:
    """One redemption of somebody's own."""

    id: int
    code: str
    title: str
    member: str
    status: RedemptionStatus
    at: datetime


def of(session: Session, *, by: Actor, now: datetime) -> list[Own]:
    """Return the caller's own last redemptions, the newest first."""
    by.must(Permission.REDEEM)
    if by.account_id is None:
        return []
    found = session.execute(
        sa.select(
            col(Redemption.id),
            col(Redemption.code_text),
            col(Batch.prefix),
            col(Redemption.title),
            col(Redemption.member_name),
            col(Redemption.status),
            col(Redemption.at),
        )
        .join(Batch, col(Batch.id) == col(Redemption.batch_id))
        .where(col(Redemption.account_id) == by.account_id, col(Redemption.at) > now - LATELY)
        .order_by(col(Redemption.at).desc(), col(Redemption.id).desc())  # by the index of instants
        .limit(LAST)
    )
    return [Own(number, alphabet.display(code, prefix), *rest) for number, code, prefix, *rest in found]
