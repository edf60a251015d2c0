"""Make accounts, sign in and out, and tell who a browser is."""

import hmac
import secrets as chance
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from cryptography.exceptions import InvalidKey
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id
from sqlalchemy.exc import IntegrityError
from sqlalchemy.sql.elements import ColumnElement
from sqlmodel import Session, UTCDateTime, col, select

from loyalty_app.accounts import rules
from loyalty_app.accounts.models import (
    Account,
    AccountSession,
    PasswordReset,
    Role,
    SetupLink,
    SignUp,
    Throttle,
)
from loyalty_app.audit import service as audit
from loyalty_app.core import live, secrets
from loyalty_app.core.actor import STRANGER, Actor, Permission, account_topic
from loyalty_app.core.config import settings
from loyalty_app.core.errors import AppError, ForbiddenError, InvalidError, NotFoundError
from loyalty_app.core.languages import Language, Sentence
from loyalty_app.core.reasons import Reason
from loyalty_app.mail import service as mails
from loyalty_app.places.models import Device, Place
from loyalty_app.program import rules as program_rules
from loyalty_app.program import service as programs

SYSTEM = Actor(name="system", role=Role.ADMIN, permissions=frozenset(Permission))
"""The operator at the command line, and the program's own start."""

HASH_COST: dict[str, Any] = {"iterations": 3, "lanes": 4, "memory_cost": 64 * 1024}
"""Passes, lanes and KiB of memory of Argon2id: the second recommendation of RFC 9106, section 4."""
NO_PASSWORD = ""
"""The hash of an account without one: nothing that is typed fits it. Its owner comes in by mail, or sets one."""


def hashed(text: str) -> str:
    """Return what is kept of a password or PIN; slow on purpose, so call it outside a transaction."""
    return Argon2id(salt=chance.token_bytes(16), length=32, **HASH_COST).derive_phc_encoded(text.encode())


_nobodys_hash = hashed(secrets.new_token())


@dataclass(frozen=True)
class SignedIn:
    """A new session; `secret` goes into the cookie and nowhere else."""

    secret: str
    role: Role
    expires_at: datetime
    """When the browser forgets it at the latest; the session itself may end sooner."""


@dataclass(frozen=True)
class SignInRefused:
    """A sign-in that failed, with the seconds to wait where there were too many."""

    reason: Reason
    retry_after: int = 0


@dataclass(frozen=True)
class CodeRefused:
    """A sign-up code that opened nothing."""

    reason: Reason


class LastAdminError(AppError):
    """Without an admin nobody could make another."""

    def __init__(self) -> None:
        """Say what to do first."""
        super().__init__("This is the last active admin. Make somebody else an admin first.")


class OwnRoleError(AppError):
    """Nobody decides about themselves."""

    def __init__(self) -> None:
        """Say who can."""
        super().__init__("Another admin has to change your own role or switch you off.")


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
    return Newcomer(name.strip(), rules.normal_email(email) or "", hashed(password))


def new_password(password: str, email: str = "") -> str:
    """Check a new password and hash it; slow on purpose, so call it outside a transaction."""
    if problem := rules.password_problem(password, email):
        raise InvalidError(password=problem)
    return hashed(password)


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


def first_admin(session: Session) -> Account | None:
    """Return the admin who has been here longest, to the operator of the machine."""
    wanted = select(Account).where(Account.role == Role.ADMIN, col(Account.is_active)).order_by(col(Account.id))
    return session.exec(wanted).first()


def staff(session: Session, *, by: Actor) -> list[Account]:
    """Return everybody who works here, by name."""
    by.must(Permission.USER_MANAGEMENT)
    return list(
        session.exec(select(Account).where(Account.role != Role.MEMBER).order_by(col(Account.name), col(Account.id)))
    )


def end_sessions(session: Session, account_id: int, *, by: Actor, now: datetime) -> str:
    """Sign somebody who works here out everywhere; return their name."""
    by.must(Permission.USER_MANAGEMENT)
    account = _of_staff(session, account_id)
    close_all_sessions(session, account_id)
    audit.record(session, "end_sessions", f"account {account_id}", by=by, now=now)
    return account.name


def change_role(session: Session, account_id: int, role: Role, *, by: Actor, now: datetime) -> str:
    """Give somebody who works here another role, and sign them out for it; return their name."""
    by.must(Permission.USER_MANAGEMENT)
    if role is Role.MEMBER:
        raise InvalidError(role="Choose what the account is for.")
    admins = _lock_admins(session)
    account = _of_staff(session, account_id)
    if account_id == by.account_id:
        raise OwnRoleError
    if admins == [account_id] and role is not Role.ADMIN:
        raise LastAdminError
    if account.role is not role:
        audit.record(session, "change_role", f"account {account_id}", f"{account.role} to {role}", by=by, now=now)
        account.role = role
        session.add(account)
        close_all_sessions(session, account_id)
    return account.name


def switch(session: Session, account_id: int, *, is_active: bool, by: Actor, now: datetime) -> str:
    """Let somebody who works here in no more, and end their sessions at once; or let them in again."""
    by.must(Permission.USER_MANAGEMENT)
    admins = _lock_admins(session)
    account = _of_staff(session, account_id)
    if account_id == by.account_id:
        raise OwnRoleError
    if admins == [account_id] and not is_active:
        raise LastAdminError
    if account.is_active is not is_active:
        account.is_active = is_active
        session.add(account)
        close_all_sessions(session, account_id)
        live.announce(session, account_topic(account_id))
        verb = "switch_on" if is_active else "switch_off"
        audit.record(session, verb, f"account {account_id}", by=by, now=now)
    return account.name


def rename(session: Session, account_id: int, name: str, *, by: Actor, now: datetime) -> None:
    """Correct the name of somebody who works here."""
    by.must(Permission.USER_MANAGEMENT)
    account = _of_staff(session, account_id)
    _rename(session, account, name)
    audit.record(session, "rename", f"account {account_id}", by=by, now=now)


def ask_to_join(session: Session, who: Newcomer, words: Language, *, peer: str, now: datetime) -> str | SignInRefused:
    """Keep what a newcomer entered and send a code to their address; return the secret that goes with the code."""
    if refused := _too_many_letters(session, who.email, peer=peer, now=now):
        return refused
    session.connection().execute(sa.delete(SignUp).where(col(SignUp.expires_at) <= now - rules.PENDING_LIFE))
    secret = secrets.new_token()
    pending = SignUp(
        secret_hash=secrets.fingerprint(secret),
        email=who.email,
        name=who.name,
        password_hash=who.password_hash,
        code_hash="",
        created_at=now,
        expires_at=now,
    )
    _send_code(session, pending, secret, words, now=now)
    return secret


def ask_to_enter(
    session: Session, name: str, email: str, words: Language, *, peer: str, now: datetime
) -> str | SignInRefused:
    """Send a code to an address that lets its owner in without a password; return the secret that goes with it.

    It looks the same whether the address is a member's or nobody's yet.
    """
    who = Newcomer(name.strip(), check_entry(name, email), NO_PASSWORD)
    return ask_to_join(session, who, words, peer=peer, now=now)


def check_entry(name: str, email: str) -> str:
    """Return the address of somebody who wants to come in by mail; only who is new has to tell a name."""
    address, problems = rules.normal_email(email), {}
    if name.strip() and (problem := rules.name_problem(name)):
        problems["name"] = problem
    if address is None:
        problems["email"] = rules.NOT_AN_ADDRESS
    if problems or address is None:
        raise InvalidError(**problems)
    return address


def pending_email(session: Session, secret: str) -> str | None:
    """Return the address that a sign-up waits for a code from; None if there is no such sign-up any more."""
    pending = session.get(SignUp, secrets.fingerprint(secret))
    return pending.email if pending else None


def send_new_code(
    session: Session, secret: str, words: Language, *, peer: str, now: datetime
) -> CodeRefused | SignInRefused | None:
    """Send another code, which replaces the one before."""
    pending = session.get(SignUp, secrets.fingerprint(secret))
    if pending is None:
        return CodeRefused(Reason.EXPIRED)
    if refused := _too_many_letters(session, pending.email, peer=peer, now=now):
        return refused
    _send_code(session, pending, secret, words, now=now)
    return None


def verify(session: Session, secret: str, code: str, *, now: datetime) -> Newcomer | CodeRefused:
    """Take a sign-up whose owner has shown that they read its mail, and whose address has no account yet."""
    who = _prove(session, secret, code, is_entry=False, now=now)
    if isinstance(who, Newcomer) and with_address(session, who.email):
        return CodeRefused(Reason.LOGIN_REQUIRED)
    return who


def entered(session: Session, secret: str, code: str, *, now: datetime) -> Newcomer | CodeRefused:
    """Take somebody who was let in by mail, whether or not their address has an account."""
    return _prove(session, secret, code, is_entry=True, now=now)


def sign_up(session: Session, who: Newcomer, *, now: datetime) -> Account:
    """Make a member's account; a member is all it can make."""
    return _add(session, who, Role.MEMBER, now=now)


def ask_for_reset(session: Session, email: str, words: Language, *, peer: str, now: datetime) -> SignInRefused | None:
    """Send a link to choose a new password to the owner of the address, if it has an account; tell nobody whether."""
    address = rules.normal_email(email)
    if address is None:
        raise InvalidError(email=rules.NOT_AN_ADDRESS)
    if refused := _too_many_letters(session, address, peer=peer, now=now):
        return refused
    session.connection().execute(sa.delete(PasswordReset).where(col(PasswordReset.expires_at) <= now))
    account = with_address(session, address)
    if account is None or not account.is_active:
        return None

    secret = secrets.new_token()
    session.add(
        PasswordReset(
            secret_hash=secrets.fingerprint(secret), account_id=account.id or 0, expires_at=now + rules.RESET_LIFE
        )
    )
    link = f"{settings().origin}{words.at('/reset-password/')}?token={secret}"
    subject, body = rules.reset_letter(words, programs.current(session).name, link)
    mails.write(session, account.email, subject, body, now=now)
    return None


def reset_email(session: Session, secret: str, *, now: datetime) -> str | None:
    """Return whose password a link can change; None if it is over, used or made up."""
    return session.exec(
        select(Account.email)
        .join(PasswordReset, col(PasswordReset.account_id) == col(Account.id))
        .where(
            PasswordReset.secret_hash == secrets.fingerprint(secret),
            PasswordReset.expires_at > now,
            col(Account.is_active),
        )
    ).first()


def reset_password(session: Session, secret: str, password_hash: str, *, peer: str, now: datetime) -> bool:
    """Put the new password in place of the old, and end every session; False if the link does not work any more."""
    # Of two who use the link at the same time, the one whose delete still finds it goes on.
    used = session.connection().execute(
        sa.delete(PasswordReset)
        .where(col(PasswordReset.secret_hash) == secrets.fingerprint(secret), col(PasswordReset.expires_at) > now)
        .returning(col(PasswordReset.account_id))
    )
    account = session.get(Account, used.scalar() or 0)
    if account is None or not account.is_active:
        return False
    _put_password(session, account, password_hash)
    close_all_sessions(session, account.id)
    _forgive(session, account.email, peer=peer)
    audit.record(session, "reset_password", f"account {account.id}", by=actor_for(account), now=now)
    return True


def change_password(
    session: Session, password_hash: str, *, is_right: bool, by: Actor, peer: str, now: datetime
) -> SignInRefused | None:
    """Put a new password in place of the caller's own, if they knew it, and end their other sessions."""
    account = _of_mine(session, by=by)
    if refused := prove_again(session, account, is_right=is_right, peer=peer, now=now):
        return refused
    _put_password(session, account, password_hash)
    end_my_other_sessions(session, by=by)
    audit.record(session, "change_password", f"account {account.id}", by=by, now=now)
    return None


def prove_again(
    session: Session, account: Account, *, is_right: bool, peer: str, now: datetime
) -> SignInRefused | None:
    """Refuse somebody signed in who did not know their password, and count it like a sign-in."""
    if refused := too_many_tries(session, account.email, peer=peer, now=now):
        return refused
    if not is_right:
        count_tries(session, _sign_in_limits(account.email, peer), now=now)
        return SignInRefused(Reason.LOGIN_REQUIRED)
    return None


def my_account(session: Session, *, by: Actor) -> Account:
    """Return the caller's own account."""
    return _of_mine(session, by=by)


def rename_me(session: Session, name: str, *, by: Actor) -> Account:
    """Change the caller's own name."""
    account = _of_mine(session, by=by)
    _rename(session, account, name)
    return account


def my_sessions(session: Session, *, by: Actor, now: datetime) -> list[AccountSession]:
    """Return where the caller is signed in, the newest first."""
    account = _of_mine(session, by=by)
    return list(
        session.exec(
            select(AccountSession)
            .where(AccountSession.account_id == account.id, AccountSession.expires_at > now)
            .order_by(col(AccountSession.created_at).desc(), col(AccountSession.secret_hash))
        )
    )


def session_key(secret_hash: str) -> str:
    """Return what a screen calls a session; it opens nothing."""
    return secrets.fingerprint(secret_hash)[:16]


def end_my_session(session: Session, key: str, *, by: Actor, now: datetime) -> None:
    """End one of the caller's own sessions; an ended one is no error."""
    mine = [one.secret_hash for one in my_sessions(session, by=by, now=now) if session_key(one.secret_hash) == key]
    _close(session, col(AccountSession.secret_hash).in_(mine))


def end_my_other_sessions(session: Session, *, by: Actor) -> None:
    """End every session of the caller but the one they ask with."""
    account = _of_mine(session, by=by)
    _close(
        session,
        sa.and_(col(AccountSession.account_id) == account.id, col(AccountSession.secret_hash) != by.session_hash),
    )


def password_is_right(session: Session, email: str, password: str) -> bool:
    """Check a password; slow on purpose, so call it with a session that only reads."""
    account = with_address(session, email)
    # An unknown address costs the same time as a wrong password, so neither tells which it was.
    return fits(account.password_hash if account else "", password)


def too_many_tries(session: Session, email: str, *, peer: str, now: datetime) -> SignInRefused | None:
    """Return the refusal for an address or a network peer that failed too often, by what the database remembers."""
    wait = seconds_to_wait(session, _sign_in_limits(email, peer), now=now)
    return SignInRefused(Reason.RATE_LIMITED, wait) if wait else None


def sign_in(
    session: Session, email: str, *, is_right: bool, peer: str, now: datetime, device: str = ""
) -> SignedIn | SignInRefused:
    """Open a session if the password was right; count it if it was wrong."""
    limits = _sign_in_limits(email, peer)
    # Looked up again here: guesses sent at the same time all passed the first look.
    if refused := too_many_tries(session, email, peer=peer, now=now):
        return refused
    account = with_address(session, email)
    if account is None or not account.is_active or not is_right:
        count_tries(session, limits, now=now)
        return SignInRefused(Reason.LOGIN_REQUIRED)

    _forgive(session, email, peer=peer)
    session.connection().execute(sa.delete(AccountSession).where(col(AccountSession.expires_at) <= now))
    return open_session(session, account, now=now, device=device)


def open_session(
    session: Session, account: Account, *, now: datetime, device: str = "", idle: timedelta | None = None
) -> SignedIn:
    """Open a session for an account whose owner has just proved who they are.

    One opened with a PIN ends when the device is left alone for `idle`.
    """
    secret = secrets.new_token()
    expires_at = now + rules.session_length(account.role)
    session.add(
        AccountSession(
            secret_hash=secrets.fingerprint(secret),
            account_id=account.id or 0,
            created_at=now,
            expires_at=expires_at if idle is None else now + idle,
            device=device,
            is_by_pin=idle is not None,
        )
    )
    return SignedIn(secret, account.role, expires_at)


def tie_to_device(session: Session, signed_in: SignedIn, device_id: int) -> None:
    """Say on which enrolled device a session was opened; it ends when that is revoked."""
    session.flush()
    session.connection().execute(
        sa.update(AccountSession)
        .where(col(AccountSession.secret_hash) == secrets.fingerprint(signed_in.secret))
        .values(device_id=device_id)
    )


def close_session(session: Session, secret_hash: str) -> None:
    """End one session; closing a closed one is no error."""
    _close(session, col(AccountSession.secret_hash) == secret_hash)


def close_all_sessions(session: Session, account_id: int | None) -> None:
    """End every session of an account."""
    _close(session, col(AccountSession.account_id) == account_id)


def close_pin_sessions(session: Session, account_id: int) -> None:
    """End every session that an account's PIN opened."""
    _close(session, sa.and_(col(AccountSession.account_id) == account_id, col(AccountSession.is_by_pin)))


def close_sessions_on(session: Session, device_id: int) -> None:
    """End every session on an enrolled device."""
    _close(session, col(AccountSession.device_id) == device_id)


def actor_of(session: Session, secret_hash: str, *, now: datetime) -> Actor:
    """Return who a session belongs to; a stranger if it is unknown, ended or over."""
    return actors_of(session, {secret_hash}, now=now).get(secret_hash, STRANGER)


def actors_of(session: Session, secret_hashes: Iterable[str], *, now: datetime) -> dict[str, Actor]:
    """Return who those sessions belong to that are known and neither ended nor over."""
    found = session.exec(
        select(AccountSession, Account, sa.func.coalesce(Device.place_id, Place.id))
        .join(Account, col(Account.id) == col(AccountSession.account_id))
        .join(Device, col(Device.id) == col(AccountSession.device_id), isouter=True)
        .join(
            Place,
            sa.and_(col(Place.id) == col(AccountSession.place_id), col(Place.closed_at).is_(None)),
            isouter=True,
        )
        .where(
            col(AccountSession.secret_hash).in_(set(secret_hashes)),
            AccountSession.expires_at > now,
            col(Account.is_active),
            col(Device.revoked_at).is_(None),
        )
    )
    return {
        opened.secret_hash: replace(
            actor_for(account, opened.secret_hash, is_by_pin=opened.is_by_pin),
            place_id=place_id,
            device_id=opened.device_id,
        )
        for opened, account, place_id in found
    }


def actor_for(account: Account, secret_hash: str = "", *, is_by_pin: bool = False) -> Actor:
    """Return what an account may do; less of it where only its PIN was shown."""
    may = rules.PERMISSIONS[account.role]
    may = may & rules.BY_PIN if is_by_pin else may
    return Actor(account.id, account.name, account.role, may, secret_hash, is_by_pin=is_by_pin)


def fits(kept: str, text: str) -> bool:
    """Return whether a text is what was hashed; as slow for a hash that is none, which nothing fits."""
    try:
        Argon2id.verify_phc_encoded(text.encode(), kept or _nobodys_hash)
    except (InvalidKey, ValueError):  # another text, or no such hash
        return False
    return bool(kept)


def with_address(session: Session, email: str) -> Account | None:
    """Return the account with that address."""
    return session.exec(select(Account).where(Account.email == rules.normal_email(email))).first()


def forget_member(session: Session, account_id: int | None, email: str) -> None:
    """Remove the account of a member, with its sessions and its links, and sign-ups on their way to the address."""
    close_all_sessions(session, account_id)
    session.connection().execute(
        sa.delete(Account).where(col(Account.id) == account_id, col(Account.role) == Role.MEMBER)
    )
    session.connection().execute(sa.delete(SignUp).where(col(SignUp.email) == email))


def names(session: Session, account_ids: set[int]) -> dict[int, str]:
    """Return the names of accounts."""
    found = session.exec(select(Account.id, Account.name).where(col(Account.id).in_(account_ids)))
    return {account_id or 0: name for account_id, name in found}


def names_at_counter(session: Session, account_ids: set[int]) -> dict[int, str]:
    """Return the names of those accounts that work at a counter, or did until they were switched off."""
    may_redeem = [role for role, permissions in rules.PERMISSIONS.items() if Permission.REDEEM in permissions]
    found = session.exec(
        select(Account.id, Account.name).where(col(Account.id).in_(account_ids), col(Account.role).in_(may_redeem))
    )
    return {account_id or 0: name for account_id, name in found}


def count_tries(
    session: Session, keys: Iterable[str], *, now: datetime, window: timedelta = rules.THROTTLE_WINDOW
) -> None:
    """Count one try under each key."""
    for key in keys:
        session.connection().execute(_COUNT, {"key": key, "now": now, "ends": now + window})


def take_tries_back(session: Session, keys: Iterable[str]) -> None:
    """Count one try less under each key: it was none that should be slowed down."""
    session.connection().execute(
        sa.update(Throttle)
        .where(col(Throttle.key).in_(list(keys)), col(Throttle.failures) > 0)
        .values(failures=col(Throttle.failures) - 1)
    )


def forgive_tries(session: Session, keys: Iterable[str]) -> None:
    """Forget what was counted under keys: whoever it was has shown who they are."""
    session.connection().execute(sa.delete(Throttle).where(col(Throttle.key).in_(list(keys))))


def throttle_key(kind: str, text: str) -> str:
    """Return what tries of a kind are counted under; whose they are is not kept in the clear."""
    return f"{kind}:{secrets.fingerprint(text)}"


def tries(session: Session, key: str, *, now: datetime) -> int:
    """Return how many tries are counted under a key now."""
    row = session.exec(select(Throttle).where(Throttle.key == key, Throttle.window_ends_at > now)).first()
    return row.failures if row else 0


def seconds_to_wait(session: Session, limits: dict[str, int], *, now: datetime) -> int:
    """Return the seconds until a key that has reached its limit is free again; 0 if none has."""
    rows = session.exec(select(Throttle).where(col(Throttle.key).in_(limits), Throttle.window_ends_at > now))
    waits = [(row.window_ends_at - now).total_seconds() for row in rows if row.failures >= limits[row.key]]
    return int(max(waits, default=-1)) + 1


def _prove(session: Session, secret: str, code: str, *, is_entry: bool, now: datetime) -> Newcomer | CodeRefused:
    """Return whose code it is; each code counts its tries, and works once."""
    secret_hash = secrets.fingerprint(secret)
    is_this = col(SignUp.secret_hash) == secret_hash
    # Counted before it is looked at: guesses sent at the same time are too many together.
    counted = session.connection().execute(
        sa.update(SignUp)
        .where(is_this, col(SignUp.tries) < rules.CODE_TRIES, col(SignUp.expires_at) > now)
        .values(tries=col(SignUp.tries) + 1)
    )
    pending = session.get(SignUp, secret_hash)
    if pending is None or now >= pending.expires_at or (pending.password_hash == NO_PASSWORD) is not is_entry:
        return CodeRefused(Reason.EXPIRED)
    if not counted.rowcount:
        return CodeRefused(Reason.RATE_LIMITED)
    if not hmac.compare_digest(pending.code_hash, _code_hash(secret, rules.digits(code))):
        return CodeRefused(Reason.UNKNOWN_CODE)
    who = Newcomer(pending.name, pending.email, pending.password_hash)
    session.expunge(pending)
    if not session.connection().execute(sa.delete(SignUp).where(is_this)).rowcount:
        return CodeRefused(Reason.EXPIRED)
    return who


def _of_staff(session: Session, account_id: int) -> Account:
    account = session.get(Account, account_id, populate_existing=True)
    if account is None or account.role is Role.MEMBER:
        raise NotFoundError("account")
    return account


def _of_mine(session: Session, *, by: Actor) -> Account:
    if by.account_id is None or by.is_by_pin:
        raise ForbiddenError
    account = session.get(Account, by.account_id)
    if account is None:
        raise NotFoundError("account")
    return account


def _lock_admins(session: Session) -> list[int]:
    # Two admins who demote each other at once: the second waits here, and then finds who is left.
    found = session.exec(
        select(Account.id)
        .where(Account.role == Role.ADMIN, col(Account.is_active))
        .order_by(col(Account.id))
        .with_for_update()
    )
    return [account_id for account_id in found if account_id]


def _rename(session: Session, account: Account, name: str) -> None:
    if problem := rules.name_problem(name):
        raise InvalidError(name=problem)
    account.name = name.strip()
    session.add(account)
    live.announce(session, account_topic(account.id))


def _put_password(session: Session, account: Account, password_hash: str) -> None:
    account.password_hash = password_hash
    session.add(account)
    session.connection().execute(sa.delete(PasswordReset).where(col(PasswordReset.account_id) == account.id))


def _send_code(session: Session, pending: SignUp, secret: str, words: Language, *, now: datetime) -> None:
    is_entry = pending.password_hash == NO_PASSWORD
    length = rules.ENTRY_CODE_LENGTH if is_entry else rules.CODE_LENGTH
    code = "".join(chance.choice("0123456789") for _ in range(length))
    pending.code_hash, pending.tries, pending.expires_at = _code_hash(secret, code), 0, now + rules.CODE_LIFE
    session.add(pending)
    program = programs.current(session).name
    # To a stranger both look the same; only the owner of the mailbox learns which it was.
    known = with_address(session, pending.email)
    sign_in, forgot = (settings().origin + words.at(path) for path in ("/sign-in/", "/forgot-password/"))
    if is_entry and known and known.role is not Role.MEMBER:
        subject, body = rules.work_letter(words, program, sign_in)
    elif is_entry:
        subject, body = rules.entry_letter(words, program, code)
    elif known:
        subject, body = rules.known_letter(words, program, sign_in, forgot)
    else:
        subject, body = rules.code_letter(words, program, code)
    mails.write(session, pending.email, subject, body, now=now)


def _code_hash(secret: str, code: str) -> str:
    # Six digits alone would be guessed from their hash; the secret is not stored.
    return secrets.fingerprint(f"{secret} {code}")


def _too_many_letters(session: Session, address: str, *, peer: str, now: datetime) -> SignInRefused | None:
    limits = {
        throttle_key("letter-place", f"{address} {peer}"): rules.LETTERS_A_PLACE,
        throttle_key("letter-address", address): rules.LETTERS_AN_ADDRESS,
        throttle_key("letter-peer", peer): rules.LETTERS_A_PEER,
    }
    # Counted first: those who ask at the same time stand in line here.
    count_tries(session, limits, now=now)
    wait = seconds_to_wait(session, {key: limit + 1 for key, limit in limits.items()}, now=now)
    return SignInRefused(Reason.RATE_LIMITED, wait) if wait else None


def _forgive(session: Session, email: str, *, peer: str) -> None:
    of_this_person = list(_sign_in_limits(email, peer))[:2]  # the peer's count stays: others may guess from there
    forgive_tries(session, of_this_person)


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
        raise InvalidError(email=Sentence("There is an account with this address. Sign in instead.")) from None
    return account


def _sign_in_limits(email: str, peer: str) -> dict[str, int]:
    address = rules.normal_email(email) or email.strip().lower()
    return {
        throttle_key("place", f"{address} {peer}"): rules.FAILURES_A_PLACE,
        throttle_key("address", address): rules.FAILURES_AN_ADDRESS,
        throttle_key("peer", peer): rules.FAILURES_A_PEER,
    }


_COUNT = sa.text(
    "insert into throttle (key, failures, window_ends_at) values (:key, 1, :ends)"
    " on conflict (key) do update set"
    " failures = case when throttle.window_ends_at <= :now then 1 else throttle.failures + 1 end,"
    " window_ends_at = case when throttle.window_ends_at <= :now then :ends else throttle.window_ends_at end"
).bindparams(sa.bindparam("now", type_=UTCDateTime()), sa.bindparam("ends", type_=UTCDateTime()))
