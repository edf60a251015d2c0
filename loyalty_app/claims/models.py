"""What was tried; the claim itself stands on the code."""

from datetime import datetime

from sqlmodel import Field, SQLModel

from loyalty_app.core.database import stored
from loyalty_app.core.reasons import Reason


class ClaimAttempt(SQLModel, table=True):
    """One press of "Claim voucher", granted or not."""

    __tablename__ = "claim_attempt"  # pyright: ignore[reportAssignmentType]

    id: int | None = Field(default=None, primary_key=True)
    batch_id: int = Field(foreign_key="batch.id", index=True, ondelete="CASCADE")
    member_id: int | None = Field(default=None, foreign_key="member.id", index=True, ondelete="SET NULL")
    at: datetime
    reason: Reason | None = Field(default=None, sa_type=stored(Reason))
    """Why not; nothing for a claim that was granted."""
