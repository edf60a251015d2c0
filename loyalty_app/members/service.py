"""Join the program, and find members."""

from collections.abc import Iterable
from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Session, col

from loyalty_app.accounts import service as accounts
from loyalty_app.accounts.service import Newcomer, SignedIn, SignInRefused
from loyalty_app.core.errors import AppError
from loyalty_app.members.models import Member
from loyalty_app.program import service as programs


class NotSetUpError(AppError):
    """There is no program yet that somebody could join."""

    def __init__(self) -> None:
        """Say who can change that."""
        super().__init__("This program is not set up yet. Come back when its first admin has done that.")


def join(session: Session, who: Newcomer, *, peer: str, now: datetime) -> SignedIn | SignInRefused:
    """Make a member with an account, and sign them in at once."""
    if not programs.is_set_up(session):
        raise NotSetUpError
    account = accounts.sign_up(session, who, peer=peer, now=now)
    if isinstance(account, SignInRefused):
        return account

    session.add(Member(account_id=account.id, name=account.name, email=account.email, joined_at=now))
    return accounts.open_session(session, account, now=now)


def ids_of_accounts(session: Session, account_ids: Iterable[int]) -> dict[int, int]:
    """Return the member behind each account that has one."""
    found = session.connection().execute(_OF_ACCOUNTS, {"accounts": list(set(account_ids))})
    return {account_id: member_id for account_id, member_id in found if account_id and member_id}


_OF_ACCOUNTS = sa.select(col(Member.account_id), col(Member.id)).where(
    col(Member.account_id).in_(sa.bindparam("accounts", expanding=True))
)
