"""Let people in on an enrolled device by PIN, and out again when it is left alone."""

from dataclasses import dataclass, field
from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Session, col, select

from loyalty_app.accounts import rules as account_rules
from loyalty_app.accounts import service as accounts
from loyalty_app.accounts.models import Account, AccountSession
from loyalty_app.accounts.service import SignedIn, SignInRefused
from loyalty_app.audit import service as audit
from loyalty_app.core import live
from loyalty_app.core.actor import Actor, Permission, account_topic
from loyalty_app.core.errors import AppError, InvalidError, NotFoundError
from loyalty_app.core.reasons import Reason
from loyalty_app.core.texts import has_words
from loyalty_app.places import service as places
from loyalty_app.places.service import Enrolled
from loyalty_app.program import service as programs
from loyalty_app.tills import rules

MOST_PEOPLE = 100
GOOD, REVOKED, UNKNOWN = "enrolled", "revoked", "none"


class OwnPinError(AppError):
    """Whoever is signed in proves themselves before their own PIN changes."""

    def __init__(self) -> None:
        """Say where to do it."""
        super().__init__("Change your own PIN under My account, with your password.")


@dataclass(frozen=True)
class Person:
    """Somebody who can unlock a device."""

    id: int
    name: str
    hint: str = ""
    """Of their address, where another one has the same name."""


@dataclass(frozen=True)
class Face:
    """What a browser is told of itself before anybody is signed in."""

    standing: str
    device: str = ""
    place: str = ""
    people: tuple[Person, ...] = ()
    """Those who can unlock it, by name; told to an enrolled device only."""
    has_more: bool = False
    """Whether there are more of them than are told at once: they are found by a part of their name."""
    asks_password: bool = False
    """Whether too many wrong PINs were entered for it to take another."""


@dataclass(frozen=True)
class Standing:
    """Where somebody works, and on what."""

    place_id: int | None = None
    place: str = ""
    device: str = ""
    is_by_pin: bool = False
    lock_seconds: int = 0
    """Left alone for so long the device locks; 0 is never."""
    choices: dict[int, str] = field(default_factory=dict)
    """The locations that can be chosen, where the browser is not enrolled."""
    spot: str = ""
    """What the browser keeps with each scan, to tell where it was made (`places.stood`)."""


def face(session: Session, device_secret: str, text: str = "", *, now: datetime) -> Face:
    """Return what a browser may know by its device cookie; of the people those whose names have the words."""
    device = places.enrolled(session, device_secret)
    if device is None:
        return Face(REVOKED if places.was_revoked(session, device_secret) else UNKNOWN)
    people = _people(session, text)
    shown, has_more = people[:MOST_PEOPLE], len(people) > MOST_PEOPLE
    return Face(GOOD, device.name, device.place, shown, has_more, asks_password(session, device.id, now=now))


def asks_password(session: Session, device_id: int, *, now: datetime) -> bool:
    """Return whether a device takes no PIN for now, because too many were wrong in a day."""
    return accounts.tries(session, _day_key(device_id), now=now) >= rules.WRONG_PINS_A_DAY


def enrol(session: Session, secret: str, *, device_secret: str, session_hash: str, now: datetime) -> Enrolled | None:
    """Let this browser be the device that a link was made for, and nobody's and no other device any more."""
    before = places.enrolled(session, device_secret)
    device = places.enrol(session, secret, now=now)
    if device is None:
        return None
    accounts.forgive_tries(session, [_day_key(device.id)])  # an admin has looked after it
    accounts.close_sessions_on(session, device.id)  # on the browser that was this device so far
    accounts.close_session(session, session_hash)
    if before and before.id != device.id:
        places.revoke(session, before.id, by=accounts.SYSTEM, now=now)
    return device


def count_pin(session: Session, device: Enrolled, account_id: int, *, now: datetime) -> SignInRefused | None:
    """Count a PIN before it is looked at: guesses sent at the same time are too many together."""
    limits = _limits(device.id, account_id)
    accounts.count_tries(session, limits, now=now)
    full = {key: limit + 1 for key, limit in limits.items()} | {_day_key(device.id): rules.WRONG_PINS_A_DAY}
    wait = accounts.seconds_to_wait(session, full, now=now)
    return SignInRefused(Reason.RATE_LIMITED, wait) if wait else None


def pin_is_right(session: Session, account_id: int, pin: str) -> bool:
    """Check a PIN; slow on purpose, so call it with a session that only reads."""
    account = _worker(session, account_id)
    return accounts.fits(account.pin_hash if account else "", rules.digits(pin))


def unlock(
    session: Session, device: Enrolled, account_id: int, *, is_right: bool, now: datetime, browser: str = ""
) -> SignedIn | SignInRefused:
    """Open a session on a device for whoever entered their PIN."""
    account = _worker(session, account_id)
    if account is None or not is_right:
        _remember_wrong(session, device, account_id, account.name if account else "", now=now)
        return SignInRefused(Reason.LOGIN_REQUIRED)
    places.seen(session, device.id, now=now)  # before it is held: two who hold it could not write it then
    if not places.hold(session, {device.id}):
        return SignInRefused(Reason.LOGIN_REQUIRED)

    accounts.take_tries_back(session, _limits(device.id, account_id))
    accounts.forgive_tries(session, [_key(device.id, account_id)])
    idle = rules.idle(programs.current(session).lock_minutes)
    signed_in = accounts.open_session(session, account, now=now, device=browser, idle=idle)
    accounts.tie_to_device(session, signed_in, device.id)
    return signed_in


def stay(session: Session, *, by: Actor, now: datetime) -> None:
    """Put off the end of a session that a PIN opened, because somebody is there; of others nothing changes."""
    by.must(Permission.REDEEM)
    idle = rules.idle(programs.current(session).lock_minutes)
    session.connection().execute(
        sa.update(AccountSession)
        .where(
            col(AccountSession.secret_hash) == by.session_hash,
            col(AccountSession.is_by_pin),
            col(AccountSession.expires_at) > now,
            col(AccountSession.created_at) > now - account_rules.WORKING_DAY,
        )
        .values(expires_at=now + idle)
    )
    if by.device_id is not None:
        places.seen(session, by.device_id, now=now)


def standing(session: Session, *, by: Actor, now: datetime) -> Standing:
    """Return where the caller works, and what they can choose."""
    by.must(Permission.REDEEM)
    mine = session.get(AccountSession, by.session_hash)
    device = places.device_named(session, mine.device_id) if mine and mine.device_id else None
    if mine and device:
        seconds = programs.current(session).lock_minutes * 60 if mine.is_by_pin else 0
        spot = places.spot(session, device.place_id, device.id, now=now)
        return Standing(device.place_id, device.place, device.name, mine.is_by_pin, seconds, spot=spot)
    choices = places.open_places(session)
    chosen = mine.place_id if mine and mine.place_id in choices else None
    spot = places.spot(session, chosen, now=now) if chosen else ""
    return Standing(chosen, choices.get(chosen or 0, ""), choices=choices, spot=spot)


def settle(session: Session, *, by: Actor, now: datetime) -> Standing:
    """Return where the caller works, and take the only place there is; their device was heard of."""
    by.must(Permission.REDEEM)
    found = standing(session, by=by, now=now)
    if by.device_id is not None:
        places.seen(session, by.device_id, now=now)
    if found.place_id is None and len(found.choices) == 1:
        return work_at(session, next(iter(found.choices)), by=by, now=now)
    return found


def work_at(session: Session, place_id: int, *, by: Actor, now: datetime) -> Standing:
    """Remember at which place the caller works, until they sign out; an enrolled device has its own."""
    by.must(Permission.REDEEM)
    if place_id not in places.open_places(session):
        raise NotFoundError("location")
    session.connection().execute(
        sa.update(AccountSession)
        .where(col(AccountSession.secret_hash) == by.session_hash, col(AccountSession.device_id).is_(None))
        .values(place_id=place_id)
    )
    session.expire_all()
    live.announce(session, account_topic(by.account_id))  # the guard knows the place of each session
    return standing(session, by=by, now=now)


def new_pin(pin: str) -> str:
    """Check a new PIN and hash it; slow on purpose, so call it outside a transaction."""
    pin = rules.digits(pin)
    if problem := rules.pin_problem(pin):
        raise InvalidError(pin=problem)
    return accounts.hashed(pin)


def set_my_pin(
    session: Session, pin_hash: str, *, is_right: bool, by: Actor, peer: str, now: datetime
) -> SignInRefused | None:
    """Put a PIN in place of the caller's own, or take it away, if they knew their password."""
    by.must(Permission.REDEEM)
    account = accounts.my_account(session, by=by)
    if refused := accounts.prove_again(session, account, is_right=is_right, peer=peer, now=now):
        return refused
    _put_pin(session, account, pin_hash, by=by, now=now)
    return None


def give_pin(session: Session, account_id: int, pin_hash: str, *, by: Actor, now: datetime) -> str:
    """Give somebody who works at the counter a PIN, or take it away; return their name."""
    by.must(Permission.USER_MANAGEMENT)
    if account_id == by.account_id:
        raise OwnPinError
    account = session.get(Account, account_id)
    if account is None or account.role not in rules.WORKERS:
        raise NotFoundError("account")
    _put_pin(session, account, pin_hash, by=by, now=now)
    return account.name


def _put_pin(session: Session, account: Account, pin_hash: str, *, by: Actor, now: datetime) -> None:
    account.pin_hash = pin_hash
    session.add(account)
    accounts.close_pin_sessions(session, account.id or 0)
    audit.record(session, "change_pin" if pin_hash else "remove_pin", f"account {account.id}", by=by, now=now)
    live.announce(session, account_topic(account.id))


def _worker(session: Session, account_id: int) -> Account | None:
    return session.exec(select(Account).where(Account.id == account_id, *_WORKERS)).first()


def _people(session: Session, text: str) -> tuple[Person, ...]:
    wanted = select(Account.id, Account.name, Account.email).where(*_WORKERS, has_words(text, Account.name))
    order = (sa.func.lower(col(Account.name)), col(Account.id))
    found = session.exec(wanted.order_by(*order).limit(MOST_PEOPLE + 1)).all()
    hints = rules.hints([(name, email) for _, name, email in found])
    return tuple(Person(one[0] or 0, one[1], hint) for one, hint in zip(found, hints, strict=True))


def _remember_wrong(session: Session, device: Enrolled, account_id: int, name: str, *, now: datetime) -> None:
    # Counted here and never forgiven, so that each limit is reached once and told once.
    person, day = accounts.throttle_key("pin-wrong", f"{device.id} {account_id}"), _day_key(device.id)
    accounts.count_tries(session, [person], now=now)
    accounts.count_tries(session, [day], now=now, window=rules.A_DAY)
    if accounts.tries(session, person, now=now) == rules.WRONG_PINS:
        places.tell_wrong_pins(session, device, name or "somebody unknown", now=now)
    if accounts.tries(session, day, now=now) == rules.WRONG_PINS_A_DAY:
        places.tell_wrong_pins(session, device, "asks for e-mail and password now", now=now)


def _key(device_id: int, account_id: int) -> str:
    return accounts.throttle_key("pin", f"{device_id} {account_id}")


def _day_key(device_id: int) -> str:
    return accounts.throttle_key("pin-day", str(device_id))


def _limits(device_id: int, account_id: int) -> dict[str, int]:
    return {
        _key(device_id, account_id): rules.WRONG_PINS,
        accounts.throttle_key("pin-device", str(device_id)): rules.WRONG_PINS_A_DEVICE,
    }


_WORKERS = (col(Account.pin_hash) != "", col(Account.is_active), col(Account.role).in_(rules.WORKERS))
