"""Make accounts, sign in and out, and tell who a browser is."""

import hmac
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from sqlalchemy.exc import IntegrityError
from sqlalchemy.sql.elements import ColumnElement
from sqlmodel import Session, UTCDateTime, col, select

from loyalty_app.accounts import rules
from loyalty_app.accounts.models import Account, AccountSession, Role, SetupLink, Throttle
from loyalty_app.audit import service as audit
from loyalty_app.core import live, secrets
from loyalty_app.core.actor import STRANGER, Actor, Permission, account_topic
from loyalty_app.core.errors import InvalidError, NotFoundError
from loyalty_app.core.reasons import Reason
from loyalty_app.program import rules as program_rules
from loyalty_app.program import service as programs

SYSTEM = Actor(name="system", role=Role.ADMIN, permissions=frozenset(Permission))
"""The operator at the command line, and the program's own start."""

_hasher = PasswordHasher()
_nobodys_hash = _hasher.hash(secrets.new_token())


@dataclass(frozen=True)
class SignedIn:
    """A new session; `secret` goes into the cookie and nowhere else."""

    secret: str
    role: Role
    expires_at: datetime


@dataclass(frozen=True)
class SignInRefused:
    """A sign-in that failed, with the seconds to wait where there were too many."""

    reason: Reason
    retry_after: int = 0


@dataclass(frozen=True)
class Newcomer:
    """Somebody about to get an account, checked and with the password already hashed."""

    name: str
    email: str
    password_hash: str


@dataclass(frozen=True)
class ProgramDetails:
    """What setup asks about the program."""

    name: str = "Loyalty"
    time_zone: str = "UTC"
    currency: str = "EUR"
    locale: str = "en-US"


def newcomer(name: str, email: str, password: str) -> Newcomer:
    """Check what somebody entered and hash the password; slow on purpose, so call it outside a transaction."""
    if problems := rules.problems(name, email, password):
        raise InvalidError(**problems)
    return Newcomer(name.strip(), rules.normal_email(email) or "", _hasher.hash(password))


def check_setup(name: str, email: str, password: str, program: ProgramDetails) -> None:
    """Raise for every field of the setup form that is not acceptable, all at once."""
    about_program = program_rules.problems(program.name.strip(), program.time_zone, program.currency, program.locale)
    if problems := about_program | rules.problems(name, email, password):
        raise InvalidError(**problems)


def new_setup_secret(session: Session) -> str | None:
    """Make a fresh one-time setup secret, or None once the program is set up."""
    if programs.is_set_up(session):
        return None
    secret = secrets.new_token()
    session.merge(SetupLink(secret_hash=secrets.fingerprint(secret)))
    return secret


def setup_is_open(session: Session, secret: str) -> bool:
    """Return whether the secret of a setup link is the one that works now."""
    link = session.get(SetupLink, 1)
    return link is not None and hmac.compare_digest(link.secret_hash, secrets.fingerprint(secret))


def set_up(session: Session, secret: str, admin: Newcomer, program: ProgramDetails, *, now: datetime) -> Account | None:
    """Make the program and its first admin; None if the link is not, or no longer, good."""
    if not setup_is_open(session, secret):
        return None
    # Of two who press the button at the same time, the one whose delete still finds the link goes on.
    used = session.connection().execute(
        sa.delete(SetupLink).where(col(SetupLink.secret_hash) == secrets.fingerprint(secret))
    )
    return set_up_from_settings(session, admin, program, now=now) if used.rowcount else None


def set_up_from_settings(session: Session, admin: Newcomer, program: ProgramDetails, *, now: datetime) -> Account:
    """Make the program and its first admin for the operator of the machine."""
    programs.make(session, program.name, program.time_zone, program.currency, program.locale)
    session.connection().execute(sa.delete(SetupLink))
    return create(session, admin, Role.ADMIN, by=SYSTEM, now=now)


def create(session: Session, who: Newcomer, role: Role, *, by: Actor, now: datetime) -> Account:
    """Make an account of any role."""
    by.must(Permission.USER_MANAGEMENT)
    account = _add(session, who, role, now=now)
    audit.record(session, "create", f"account {account.id}", role, by=by, now=now)
    return account


def staff(session: Session, *, by: Actor) -> list[Account]:
    """Return everybody who works here, by name."""
    by.must(Permission.USER_MANAGEMENT)
    return list(
        session.exec(select(Account).where(Account.role != Role.MEMBER).order_by(col(Account.name), col(Account.id)))
    )


def end_sessions(session: Session, account_id: int, *, by: Actor, now: datetime) -> str:
    """Sign somebody who works here out everywhere; return their name."""
    by.must(Permission.USER_MANAGEMENT)
    account = session.get(Account, account_id)
    if account is None or account.role is Role.MEMBER:
        raise NotFoundError("account")
    close_all_sessions(session, account_id)
    audit.record(session, "end_sessions", f"account {account_id}", by=by, now=now)
    return account.name


def sign_up(session: Session, who: Newcomer, *, peer: str, now: datetime) -> Account | SignInRefused:
    """Make a member's account; anybody may, and a member is all it can make."""
    limit = {_key("sign-up", peer): rules.SIGN_UPS_A_PEER}
    if wait := _wait(session, limit, now=now):
        return SignInRefused(Reason.RATE_LIMITED, wait)
    _count(session, limit, now=now)
    return _add(session, who, Role.MEMBER, now=now)


def password_is_right(session: Session, email: str, password: str) -> bool:
    """Check a password; slow on purpose, so call it with a session that only reads."""
    account = _by_email(session, email)
    # An unknown address costs the same time as a wrong password, so neither tells which it was.
    try:
        return _hasher.verify(account.password_hash if account else _nobodys_hash, password) and account is not None
    except (VerificationError, InvalidHashError):
        return False


def too_many_tries(session: Session, email: str, *, peer: str, now: datetime) -> SignInRefused | None:
    """Return the refusal for an address or a network peer that failed too often, by what the database remembers."""
    wait = _wait(session, _sign_in_limits(email, peer), now=now)
    return SignInRefused(Reason.RATE_LIMITED, wait) if wait else None


def sign_in(session: Session, email: str, *, is_right: bool, peer: str, now: datetime) -> SignedIn | SignInRefused:
    """Open a session if the password was right; count it if it was wrong."""
    limits = _sign_in_limits(email, peer)
    # Looked up again here: guesses sent at the same time all passed the first look.
    if refused := too_many_tries(session, email, peer=peer, now=now):
        return refused
    account = _by_email(session, email)
    if account is None or not is_right:
        _count(session, limits, now=now)
        return SignInRefused(Reason.LOGIN_REQUIRED)

    of_this_person = list(limits)[:2]  # the peer's count stays: others may guess from there
    session.connection().execute(sa.delete(Throttle).where(col(Throttle.key).in_(of_this_person)))
    session.connection().execute(sa.delete(AccountSession).where(col(AccountSession.expires_at) <= now))
    return open_session(session, account, now=now)


def open_session(session: Session, account: Account, *, now: datetime) -> SignedIn:
    """Open a session for an account whose owner has just proved who they are."""
    secret = secrets.new_token()
    expires_at = now + rules.session_length(account.role)
    session.add(
        AccountSession(
            secret_hash=secrets.fingerprint(secret),
            account_id=account.id or 0,
            created_at=now,
            expires_at=expires_at,
        )
    )
    return SignedIn(secret, account.role, expires_at)


def close_session(session: Session, secret_hash: str) -> None:
    """End one session; closing a closed one is no error."""
    _close(session, col(AccountSession.secret_hash) == secret_hash)


def close_all_sessions(session: Session, account_id: int | None) -> None:
    """End every session of an account."""
    _close(session, col(AccountSession.account_id) == account_id)


def actor_of(session: Session, secret_hash: str, *, now: datetime) -> Actor:
    """Return who a session belongs to; a stranger if it is unknown, ended or over."""
    return actors_of(session, {secret_hash}, now=now).get(secret_hash, STRANGER)


def actors_of(session: Session, secret_hashes: Iterable[str], *, now: datetime) -> dict[str, Actor]:
    """Return who those sessions belong to that are known and neither ended nor over."""
    found = session.exec(
        select(AccountSession.secret_hash, Account)
        .join(Account, col(Account.id) == col(AccountSession.account_id))
        .where(col(AccountSession.secret_hash).in_(set(secret_hashes)), AccountSession.expires_at > now)
    )
    return {secret_hash: actor_for(account, secret_hash) for secret_hash, account in found}


def actor_for(account: Account, secret_hash: str = "") -> Actor:
    """Return what an account may do."""
    return Actor(account.id, account.name, account.role, rules.PERMISSIONS[account.role], secret_hash)


def names(session: Session, account_ids: set[int]) -> dict[int, str]:
    """Return the names of accounts."""
    found = session.exec(select(Account.id, Account.name).where(col(Account.id).in_(account_ids)))
    return {account_id or 0: name for account_id, name in found}


def _close(session: Session, which: ColumnElement[bool]) -> None:
    ended = session.connection().execute(
        sa.delete(AccountSession).where(which).returning(col(AccountSession.account_id))
    )
    if topics := {account_topic(account_id) for account_id in ended.scalars()}:
        live.announce(session, *topics)


def _add(session: Session, who: Newcomer, role: Role, *, now: datetime) -> Account:
    account = Account(email=who.email, name=who.name, password_hash=who.password_hash, role=role, created_at=now)
    session.add(account)
    try:
        session.flush()
    except IntegrityError:
        raise InvalidError(email="There is an account with this address. Sign in instead.") from None
    return account


def _by_email(session: Session, email: str) -> Account | None:
    return session.exec(select(Account).where(Account.email == rules.normal_email(email))).first()


def _sign_in_limits(email: str, peer: str) -> dict[str, int]:
    address = rules.normal_email(email) or email.strip().lower()
    return {
        _key("place", f"{address} {peer}"): rules.FAILURES_A_PLACE,
        _key("address", address): rules.FAILURES_AN_ADDRESS,
        _key("peer", peer): rules.FAILURES_A_PEER,
    }


def _key(kind: str, text: str) -> str:
    return f"{kind}:{secrets.fingerprint(text)}"


def _wait(session: Session, limits: dict[str, int], *, now: datetime) -> int:
    rows = session.exec(select(Throttle).where(col(Throttle.key).in_(limits), Throttle.window_ends_at > now))
    waits = [(row.window_ends_at - now).total_seconds() for row in rows if row.failures >= limits[row.key]]
    return int(max(waits, default=-1)) + 1


_COUNT = sa.text(
    "insert into throttle (key, failures, window_ends_at) values (:key, 1, :ends)"
    " on conflict (key) do update set"
    " failures = case when throttle.window_ends_at <= :now then 1 else throttle.failures + 1 end,"
    " window_ends_at = case when throttle.window_ends_at <= :now then :ends else throttle.window_ends_at end"
).bindparams(sa.bindparam("now", type_=UTCDateTime()), sa.bindparam("ends", type_=UTCDateTime()))


def _count(session: Session, keys: Iterable[str], *, now: datetime) -> None:
    for key in keys:
        session.connection().execute(_COUNT, {"key": key, "now": now, "ends": now + rules.THROTTLE_WINDOW})
