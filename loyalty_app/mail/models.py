"""Mail."""

from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Field, SQLModel


class Mail(SQLModel, table=True):
    """A letter to one address, written in the transaction it tells of and sent by a job."""

    id: int | None = Field(default=None, primary_key=True)
    recipient: str = Field(max_length=254)
    subject: str = Field(max_length=200)
    body: str = Field(sa_type=sa.Text)
    """Taken away once it is sent: codes and links in it open accounts."""
    created_at: datetime
    sent_at: datetime | None = None
