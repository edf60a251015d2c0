"""Look at a code without using it, and pay it to somebody who comes in by mail at the same time."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session

from loyalty_app.accounts import service as accounts
from loyalty_app.accounts.service import CodeRefused, SignedIn
from loyalty_app.core.actor import STRANGER, Actor, Permission
from loyalty_app.core.reasons import Reason
from loyalty_app.landing import rules
from loyalty_app.members import service as members
from loyalty_app.redemptions import service as redemptions
from loyalty_app.redemptions.service import Answer, Ask, Refused, Worth


@dataclass(frozen=True)
class TooMany:
    """Too many wrong codes were typed; the seconds to wait."""

    seconds: int


@dataclass(frozen=True)
class Guest:
    """Who entered a code from the mail, and the secret that goes with it."""

    secret: str
    code: str
    name: str = ""
    device: str = ""


@dataclass(frozen=True)
class CameIn:
    """Somebody entered the code from the mail, and what became of their points."""

    signed_in: SignedIn
    answer: Answer


def look(session: Session, text: str, *, by: Actor, peer: str, now: datetime) -> Worth | Refused | TooMany:
    """Return what a code is worth to who looks; nothing is used up, but wrong typed codes are counted.

    A typed code needs a session that writes; what nobody can guess is only read.
    """
    by.must(Permission.PUBLIC)
    member = by if by.may(Permission.CLAIM) else STRANGER  # what staff may know is for the scanner
    if not rules.is_guessable(text):
        return redemptions.look(session, text, by=member, now=now)
    limits = _limits(by, peer)
    # Counted first: guesses made at the same time stand in line here.
    accounts.count_tries(session, limits, now=now)
    if wait := accounts.seconds_to_wait(session, {key: most + 1 for key, most in limits.items()}, now=now):
        return TooMany(wait)
    found = redemptions.look(session, text, by=member, now=now)
    if not (isinstance(found, Refused) and found.reason is Reason.UNKNOWN_CODE):
        accounts.take_tries_back(session, limits)
    return found


def too_many(session: Session, *, by: Actor, peer: str, now: datetime) -> TooMany | None:
    """Return the refusal of any typed code; asked before `look`, so that it costs no writer."""
    by.must(Permission.PUBLIC)
    wait = accounts.seconds_to_wait(session, _limits(by, peer), now=now)
    return TooMany(wait) if wait else None


def let_in(
    session: Session, guest: Guest, text: str, answers: Mapping[str, str], *, nonce: str = "", now: datetime
) -> CameIn | CodeRefused:
    """Let in who entered the code from the mail, and redeem for them: both, or neither."""
    entered = members.enter(session, guest.secret, guest.code, guest.name, now=now, device=guest.device)
    if isinstance(entered, CodeRefused):
        return entered
    (answer,) = redemptions.redeem_many(session, [Ask(text, entered.by, nonce, answers=answers)], now=now)
    return CameIn(entered.signed_in, answer)


def _limits(by: Actor, peer: str) -> dict[str, int]:
    limits = {accounts.throttle_key("guess-peer", peer): rules.GUESSES_A_PEER}
    if by.is_signed_in:
        limits[accounts.throttle_key("guess-account", by.key)] = rules.GUESSES_AN_ACCOUNT
    return limits
