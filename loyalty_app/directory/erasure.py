"""Forget a person, and keep the numbers."""

from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session, select

from loyalty_app.accounts import service as accounts
from loyalty_app.audit import service as audit
from loyalty_app.batches import service as batches
from loyalty_app.batches.rules import is_same_name
from loyalty_app.codes import service as codes
from loyalty_app.core import answered, database, live
from loyalty_app.core.actor import Actor, Permission
from loyalty_app.core.errors import AppError, InvalidError
from loyalty_app.core.texts import Redaction
from loyalty_app.mail import service as mails
from loyalty_app.members import service as members
from loyalty_app.members.models import Member
from loyalty_app.members.service import ErasedError
from loyalty_app.points import service as ledger
from loyalty_app.redemptions import service as redemptions

TRIES = 5
LEAST_DIGITS = 7
"""A phone number of fewer may be any number."""


class BusyError(AppError):
    """The member claims faster than they can be forgotten."""

    def __init__(self) -> None:
        """Say what to do."""
        super().__init__("This member is claiming at this moment. Try again.")


class _ClaimedMeanwhileError(Exception):
    """A claim came in between the look at their vouchers and the member themselves."""


@dataclass(frozen=True)
class _Known:
    """Who they were."""

    account_id: int | None
    name: str
    email: str
    phone: str

    @property
    def words(self) -> Redaction:
        """Return what says who they were, where something is about them."""
        return Redaction((self.name, self.email, self.phone))

    @property
    def contact(self) -> Redaction:
        """Return what says so wherever it stands."""
        is_long = sum(map(str.isdigit, self.phone)) >= LEAST_DIGITS
        return Redaction((self.email, self.phone if is_long else ""))


@dataclass(frozen=True)
class Forecast:
    """Whom erasing would forget, and what they would lose."""

    member: Member
    vouchers: int
    """That they have not used, and could still redeem."""


def forecast(session: Session, member_id: int, *, by: Actor, now: datetime) -> Forecast:
    """Return what erasing a member would take away."""
    by.must(Permission.MEMBER_MANAGEMENT)
    member = members.get(session, member_id, by=by)
    return Forecast(member, codes.count_unused(session, member_id, now=now))


def erase(session: Session, member_id: int, *, typed_name: str, by: Actor, now: datetime) -> Member:
    """Forget who a member was, in one piece: what is left are numbers that belong to nobody.

    A claim or a redemption of theirs at the same moment comes before it, or is refused.
    """
    by.must(Permission.MEMBER_MANAGEMENT)
    member = members.get(session, member_id, by=by)
    if member.erased_at:
        raise ErasedError
    if not is_same_name(typed_name, member.name):
        raise InvalidError(typed_name="This is not the name of the member.")
    for _ in range(TRIES):
        with suppress(_ClaimedMeanwhileError), session.begin_nested():
            _erase(session, member_id, by, now)
            return session.get_one(Member, member_id, populate_existing=True)
    raise BusyError


def _erase(session: Session, member_id: int, by: Actor, now: datetime) -> None:
    # Codes, batches, the member, their account: everybody holds them in this order.
    codes.withdraw(session, member_id)
    known = _known(session, member_id)
    if not members.blank(session, member_id, by=by, now=now):
        raise ErasedError
    if codes.holds_any(session, member_id):
        raise _ClaimedMeanwhileError
    accounts.forget_member(session, known.account_id, known.email)
    if accounts.with_address(session, known.email) is None:  # else these letters are of somebody who works here
        mails.forget(session, known.email)
    ledger.forget(session, member_id)
    explained = redemptions.forget(session, member_id, known.words, known.contact)
    subjects = {f"member {member_id}", *(f"redemption {number}" for number in explained)}
    if known.account_id is not None:
        subjects.add(f"account {known.account_id}")
        audit.rename(session, known.account_id, known.words, members.erased_name(member_id))
    audit.forget(session, subjects, known.words, known.contact, reasons_of=ledger.ADJUST)
    answered.forget(session, member_id, known.contact)
    audit.record(session, "erase", f"member {member_id}", by=by, now=now)
    live.announce(session, ledger.topic(member_id), batches.TOPIC)
    redemptions.tidy_later(session, now=now)
    database.leave_no_trace(session)


def _known(session: Session, member_id: int) -> _Known:
    held = select(Member).where(Member.id == member_id).with_for_update().execution_options(populate_existing=True)
    member = session.exec(held).one()
    return _Known(member.account_id, member.name, member.email, member.phone)
