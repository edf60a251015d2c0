"""Open and close places, and say which devices stand in them."""

import hmac
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Session, col, select

from loyalty_app.audit import service as audit
from loyalty_app.audit.models import AuditEntry
from loyalty_app.core import live, secrets
from loyalty_app.core.actor import Actor, Permission, device_topic
from loyalty_app.core.errors import AppError, InvalidError, NotFoundError
from loyalty_app.places import rules
from loyalty_app.places.models import Device, Place
from loyalty_app.program import service as programs

TOPIC = "places"
REDEEMED = "redemptions"
"""The topic of the room above whose rows are counted here; a test keeps the two the same."""
PAGE = 50
MOST_PLACES = 500
"""Closed ones too: every list of them has all, and none ends without a word."""
WRONG_PINS = "refuse_pins"
NAME_THE_DEVICE = "Name the tablet, for example: Bar tablet."
TAKEN = "Another location has this name."
DEVICE_TAKEN = "Another tablet at this location has this name."
FULL = f"There can be {MOST_PLACES} locations, closed ones too. Open a closed one again, and change it."

_redemption = sa.table("redemption", sa.column("place_id", sa.Integer))


class ClosedError(AppError):
    """Nothing is added where nobody works any more."""

    def __init__(self) -> None:
        """Say what to do first."""
        super().__init__("This location is closed. Open it again first.")


class TakenError(AppError):
    """Two open locations of one name cannot be told apart."""

    def __init__(self, name: str) -> None:
        """Say what to do first."""
        super().__init__(f"Another open location is called {name}. Rename that one first.")


class RevokedError(AppError):
    """A revoked device stays out."""

    def __init__(self) -> None:
        """Say what to do instead."""
        super().__init__("This tablet was revoked for good. Add it again as a new one.")


@dataclass(frozen=True)
class Site:
    """A place with what stands there, and how many redemptions it had, as far as they are counted."""

    place: Place
    devices: list[Device]
    redemptions: int
    wrong_pins: dict[int, datetime]
    """When a device last had too many wrong PINs, if that was lately."""


@dataclass(frozen=True)
class Invited:
    """A device that may be enrolled with a secret, which nobody sees again."""

    device: Device
    secret: str


@dataclass(frozen=True)
class Enrolled:
    """A device as its own browser knows it."""

    id: int
    name: str
    place_id: int
    place: str
    secret: str = ""
    """Only right after it was enrolled: what goes into its cookie and nowhere else."""


def names(session: Session, place_ids: Collection[int]) -> dict[int, str]:
    """Return the names of places."""
    if not place_ids:
        return {}
    found = session.exec(select(Place.id, Place.name).where(col(Place.id).in_(place_ids)))
    return {place_id or 0: name for place_id, name in found}


def zone_at(session: Session, place_id: int | None) -> str:
    """Return by which clock people go at a place; by the program's where it is none."""
    place = session.get(Place, place_id) if place_id else None
    return place.time_zone if place else programs.current(session).time_zone


def zones(session: Session) -> frozenset[str]:
    """Return the time zones of the places where people work."""
    return frozenset(session.exec(select(Place.time_zone).where(col(Place.closed_at).is_(None)).distinct()))


def create(session: Session, draft: rules.Draft, *, by: Actor, now: datetime) -> Place:
    """Open a place; without a time zone it has the program's."""
    by.must(Permission.PLACE_MANAGEMENT)
    kept = _checked(session, draft)
    programs.hold(session)  # who opens, renames and reopens takes turns
    if _is_taken(session, kept.name):
        raise InvalidError(name=TAKEN)
    if session.exec(select(sa.func.count(col(Place.id)))).one() >= MOST_PLACES:
        raise InvalidError(name=FULL)
    place = Place(name=kept.name, address=kept.address, time_zone=kept.time_zone, created_at=now)
    session.add(place)
    session.flush()
    _changed(session, "create", place, by=by, now=now)
    return place


def update(session: Session, place_id: int, draft: rules.Draft, *, by: Actor, now: datetime) -> Place:
    """Correct what a place is called and where it is."""
    by.must(Permission.PLACE_MANAGEMENT)
    programs.hold(session)
    place = _held(session, place_id)
    values = vars(_checked(session, draft))
    if place.closed_at is None and place.name != values["name"] and _is_taken(session, values["name"], but=place_id):
        raise InvalidError(name=TAKEN)
    if any(getattr(place, name) != value for name, value in values.items()):
        for name, value in values.items():
            setattr(place, name, value)
        session.add(place)
        _changed(session, "change", place, by=by, now=now)
    return place


def close(session: Session, place_id: int, *, by: Actor, now: datetime) -> Place:
    """Close a place and revoke its devices; what was redeemed there keeps its name."""
    by.must(Permission.PLACE_MANAGEMENT)
    place = _held(session, place_id)
    if place.closed_at is None:
        for device_id in _held_devices_at(session, place_id):
            revoke(session, device_id, by=by, now=now)
        place.closed_at = now
        session.add(place)
        _changed(session, "close", place, by=by, now=now)
    return place


def reopen(session: Session, place_id: int, *, by: Actor, now: datetime) -> Place:
    """Open a closed place again; its devices have to be enrolled anew."""
    by.must(Permission.PLACE_MANAGEMENT)
    programs.hold(session)
    place = _held(session, place_id)
    if place.closed_at is not None:
        if _is_taken(session, place.name):
            raise TakenError(place.name)
        place.closed_at = None
        session.add(place)
        _changed(session, "reopen", place, by=by, now=now)
    return place


def get(session: Session, place_id: int, *, by: Actor) -> Place:
    """Return a place to somebody who may look at it."""
    by.must(Permission.PLACE_MANAGEMENT)
    place = session.get(Place, place_id)
    if place is None:
        raise NotFoundError("location")
    return place


def listed(session: Session, *, after: int = 0, limit: int = PAGE, by: Actor) -> list[Place]:
    """Return places, the newest first, from behind a number."""
    by.must(Permission.PLACE_MANAGEMENT)
    query = select(Place).order_by(col(Place.id).desc()).limit(limit)
    return list(session.exec(query.where(col(Place.id) < after) if after else query))


def sites(session: Session, *, by: Actor, now: datetime) -> list[Site]:
    """Return every place with its devices, the open ones first, by name."""
    by.must(Permission.PLACE_MANAGEMENT)
    order = (col(Place.closed_at).is_not(None), sa.func.lower(col(Place.name)), col(Place.id))
    found = list(session.exec(select(Place).order_by(*order)))
    devices = devices_of(session, [place.id or 0 for place in found], by=by)
    wrong = _wrong_pins(session, since=now - rules.WARN_FOR)
    return [
        Site(
            place,
            [device for device in devices if device.place_id == place.id],
            _redemptions(session, place.id or 0),
            wrong,
        )
        for place in found
    ]


def open_places(session: Session) -> dict[int, str]:
    """Return the names of the places where people work, by name."""
    wanted = select(Place.id, Place.name).where(col(Place.closed_at).is_(None))
    return {place_id or 0: name for place_id, name in session.exec(wanted.order_by(sa.func.lower(col(Place.name))))}


def devices_of(session: Session, place_ids: Collection[int], *, by: Actor) -> list[Device]:
    """Return the devices of places that are not revoked, by name."""
    by.must(Permission.PLACE_MANAGEMENT)
    wanted = select(Device).where(col(Device.place_id).in_(place_ids), col(Device.revoked_at).is_(None))
    return list(session.exec(wanted.order_by(sa.func.lower(col(Device.name)), col(Device.id))))


def listed_devices(
    session: Session, *, place_id: int | None = None, after: int = 0, limit: int = PAGE, by: Actor
) -> list[Device]:
    """Return devices, the newest first, revoked ones too, from behind a number."""
    by.must(Permission.PLACE_MANAGEMENT)
    query = select(Device).order_by(col(Device.id).desc()).limit(limit)
    if place_id is not None:
        query = query.where(Device.place_id == place_id)
    return list(session.exec(query.where(col(Device.id) < after) if after else query))


def invite(session: Session, place_id: int, name: str, *, by: Actor, now: datetime) -> Invited:
    """Make room for a device at a place, and the one-time secret that enrols it."""
    by.must(Permission.PLACE_MANAGEMENT)
    if problem := rules.name_problem(name, NAME_THE_DEVICE):
        raise InvalidError(name=problem)
    place = _open(session, place_id)
    if _is_device_taken(session, place_id, name):
        raise InvalidError(name=DEVICE_TAKEN)
    device = Device(place_id=place.id or 0, name=name.strip(), created_at=now)
    session.add(device)
    session.flush()
    audit.record(session, "create", f"device {device.id}", f"{device.name}, {place.name}", by=by, now=now)
    return _invited(session, device, now=now)


def invite_again(session: Session, device_id: int, *, by: Actor, now: datetime) -> Invited:
    """Make another one-time secret for a device; the one before works no more."""
    by.must(Permission.PLACE_MANAGEMENT)
    device = _held_device(session, device_id)
    audit.record(session, "invite", f"device {device_id}", device.name, by=by, now=now)
    return _invited(session, device, now=now)


def move(session: Session, device_id: int, name: str, place_id: int, *, by: Actor, now: datetime) -> Device:
    """Give a device another name or another place; its scans count there from now on."""
    by.must(Permission.PLACE_MANAGEMENT)
    if problem := rules.name_problem(name, NAME_THE_DEVICE):
        raise InvalidError(name=problem)
    place = _open(session, place_id)
    device = _held_device(session, device_id)
    if (device.name, device.place_id) != (name.strip(), place_id):
        if _is_device_taken(session, place_id, name, but=device_id):
            raise InvalidError(name=DEVICE_TAKEN)
        if device.place_id != place_id:
            device.moved_at = now
        device.name, device.place_id = name.strip(), place_id
        session.add(device)
        audit.record(session, "change", f"device {device_id}", f"{device.name}, {place.name}", by=by, now=now)
        live.announce(session, device_topic(device_id), TOPIC)
    return device


def revoke(session: Session, device_id: int, *, by: Actor, now: datetime) -> Device:
    """Shut a device out for good; every session on it is nobody's from this moment."""
    by.must(Permission.PLACE_MANAGEMENT)
    revoked = session.connection().execute(
        sa.update(Device)
        .where(col(Device.id) == device_id, col(Device.revoked_at).is_(None))
        .values(revoked_at=now, enrol_hash=None, enrol_expires_at=None)
    )
    device = session.get(Device, device_id, populate_existing=True)
    if device is None:
        raise NotFoundError("tablet")
    if revoked.rowcount:
        audit.record(session, "revoke", f"device {device_id}", device.name, by=by, now=now)
        live.announce(session, device_topic(device_id), TOPIC)
    return device


def invitation(session: Session, secret: str, *, now: datetime) -> Enrolled | None:
    """Return which device a link would enrol; None if it is over, used or made up."""
    wanted = col(Device.enrol_hash) == secrets.fingerprint(secret)
    return _known(session, sa.and_(wanted, col(Device.enrol_expires_at) > now, col(Device.revoked_at).is_(None)))


def enrol(session: Session, secret: str, *, now: datetime) -> Enrolled | None:
    """Let a browser be the device that a link was made for; None if it does not work any more."""
    own = secrets.new_token()
    # Of two who use the link at the same time, the one whose update still finds it goes on.
    taken = session.connection().execute(
        sa.update(Device)
        .where(
            col(Device.enrol_hash) == secrets.fingerprint(secret),
            col(Device.enrol_expires_at) > now,
            col(Device.revoked_at).is_(None),
        )
        .values(
            enrol_hash=None,
            enrol_expires_at=None,
            secret_hash=secrets.fingerprint(own),
            enrolled_at=now,
            last_seen_at=now,
        )
    )
    device = enrolled(session, own) if taken.rowcount else None
    if device is None:
        return None
    itself = Actor(name=device.name, device_id=device.id, place_id=device.place_id)
    audit.record(session, "enrol", f"device {device.id}", f"{device.name}, {device.place}", by=itself, now=now)
    live.announce(session, device_topic(device.id), TOPIC)
    return Enrolled(device.id, device.name, device.place_id, device.place, own)


def enrolled(session: Session, secret: str) -> Enrolled | None:
    """Return the device that brings this secret; None if it is none of ours, or revoked."""
    if not secret:
        return None
    wanted = col(Device.secret_hash) == secrets.fingerprint(secret)
    return _known(session, sa.and_(wanted, col(Device.revoked_at).is_(None)))


def device_named(session: Session, device_id: int) -> Enrolled | None:
    """Return a device by its number; None if it is revoked."""
    return _known(session, sa.and_(col(Device.id) == device_id, col(Device.revoked_at).is_(None)))


def was_revoked(session: Session, secret: str) -> bool:
    """Return whether this secret was a device's that is shut out now."""
    wanted = select(Device.id).where(
        Device.secret_hash == secrets.fingerprint(secret), col(Device.revoked_at).is_not(None)
    )
    return bool(secret) and session.exec(wanted).first() is not None


def hold(session: Session, device_ids: Collection[int]) -> set[int]:
    """Return which of these devices are not revoked, and keep them so until the transaction is over."""
    wanted = select(Device.id).where(col(Device.id).in_(device_ids), col(Device.revoked_at).is_(None))
    # Shared: scans of one device do not wait for each other, only a revocation waits for them, or they for it.
    return {device_id or 0 for device_id in session.exec(wanted.order_by(col(Device.id)).with_for_update(read=True))}


def spot(session: Session, place_id: int, device_id: int | None = None, *, now: datetime) -> str:
    """Return what a browser keeps with each scan, to tell later where it was made."""
    device = session.get(Device, device_id) if device_id else None
    if device is None or not device.secret_hash:
        return rules.Spot(place_id).text
    hour = rules.hour(now)
    proof = rules.proof(device.secret_hash, device.id or 0, place_id, hour)
    return rules.Spot(place_id, device.id, hour, proof).text


def stood(session: Session, told: str, at: datetime, *, by: Actor) -> rules.Spot | None:
    """Return where a scan was made, as far as its browser is to be believed; None where only the sender is known.

    A device has proof, which it was given while it stood there: also when it was moved, revoked, or is sent for by
    others since; but not for what was scanned before it was given, a week later, or after the move. Any other
    browser may name a place that was open then, as its people choose theirs freely; on a device nobody chooses, so
    that without proof a scan is made where the device stands.
    """
    by.must(Permission.REDEEM)
    spot = rules.spot(told)
    place = session.get(Place, spot.place_id) if spot else None
    if spot is None or place is None or (place.closed_at and place.closed_at <= at):
        return None
    if spot.device_id is None:
        return None if by.device_id else spot
    device = session.get(Device, spot.device_id)
    if device is None or not device.secret_hash:
        return None
    proof = rules.proof(device.secret_hash, spot.device_id, spot.place_id, spot.hour)
    if not hmac.compare_digest(spot.proof, proof) or not spot.is_of(at):
        return None
    if device.place_id != spot.place_id and device.moved_at and device.moved_at <= at:
        return None
    was_revoked = device.revoked_at is not None and device.revoked_at <= at
    return rules.Spot(spot.place_id) if was_revoked else spot


def seen(session: Session, device_id: int, *, now: datetime) -> None:
    """Write down that a device was heard of, at most once a minute."""
    written = session.connection().execute(
        sa.update(Device)
        .where(
            col(Device.id) == device_id,
            sa.or_(col(Device.last_seen_at).is_(None), col(Device.last_seen_at) <= now - rules.SEEN_EVERY),
        )
        .values(last_seen_at=now)
    )
    if written.rowcount:
        live.announce(session, TOPIC)


def tell_wrong_pins(session: Session, device: Enrolled, whose: str, *, now: datetime) -> None:
    """Write down that too many wrong PINs were entered on a device, and whose they should have been."""
    itself = Actor(name=device.name, device_id=device.id, place_id=device.place_id)
    audit.record(session, WRONG_PINS, _subject(device.id), f"{device.name}, {whose}", by=itself, now=now)
    live.announce(session, TOPIC)


def _wrong_pins(session: Session, *, since: datetime) -> dict[int, datetime]:
    latest = sa.func.max(col(AuditEntry.at))
    wanted = select(AuditEntry.subject, latest).where(AuditEntry.verb == WRONG_PINS, col(AuditEntry.at) > since)
    found = session.exec(wanted.group_by(col(AuditEntry.subject)))
    return {int(subject.removeprefix(_subject(""))): at for subject, at in found}


def _subject(device_id: int | str) -> str:
    return f"device {device_id}"


def _checked(session: Session, draft: rules.Draft) -> rules.Draft:
    zone = draft.time_zone.strip() or programs.current(session).time_zone
    draft = rules.Draft(draft.name.strip(), draft.address.strip(), zone)
    if problems := rules.problems(draft):
        raise InvalidError(**problems)
    return draft


def _is_taken(session: Session, name: str, *, but: int = 0) -> bool:
    others = select(Place.name).where(col(Place.closed_at).is_(None), Place.id != but)
    return any(rules.is_same_name(name, other) for other in session.exec(others))


def _is_device_taken(session: Session, place_id: int, name: str, *, but: int = 0) -> bool:
    # Whoever names a device holds its place, so that none of the same name is added meanwhile.
    others = select(Device.name).where(Device.place_id == place_id, col(Device.revoked_at).is_(None), Device.id != but)
    return any(rules.is_same_name(name, other) for other in session.exec(others))


def _changed(session: Session, verb: str, place: Place, *, by: Actor, now: datetime) -> None:
    audit.record(session, verb, f"place {place.id}", place.name, by=by, now=now)
    live.announce(session, TOPIC)


def _held(session: Session, place_id: int) -> Place:
    # Who closes a place and who sends a device there take turns: the place first, then its devices.
    # A scan holds its device and then names the place: it must not wait here for who waits for it.
    place = session.exec(select(Place).where(Place.id == place_id).with_for_update(key_share=True)).first()
    if place is None:
        raise NotFoundError("location")
    return place


def _open(session: Session, place_id: int) -> Place:
    place = _held(session, place_id)
    if place.closed_at is not None:
        raise ClosedError
    return place


def _held_device(session: Session, device_id: int) -> Device:
    device = session.exec(select(Device).where(Device.id == device_id).with_for_update()).first()
    if device is None:
        raise NotFoundError("tablet")
    if device.revoked_at is not None:
        raise RevokedError
    return device


def _held_devices_at(session: Session, place_id: int) -> list[int]:
    # Read while they are held: one that was just sent elsewhere is none of this place any more.
    wanted = select(Device.id).where(Device.place_id == place_id, col(Device.revoked_at).is_(None))
    held = session.exec(wanted.order_by(col(Device.id)).with_for_update(key_share=True))
    return [device_id or 0 for device_id in held]


def _invited(session: Session, device: Device, *, now: datetime) -> Invited:
    secret = secrets.new_token()
    device.enrol_hash, device.enrol_expires_at = secrets.fingerprint(secret), now + rules.ENROL_LIFE
    session.add(device)
    session.flush()
    live.announce(session, TOPIC)
    return Invited(device, secret)


def _known(session: Session, which: sa.ColumnElement[bool]) -> Enrolled | None:
    found = session.exec(
        select(Device.id, Device.name, Device.place_id, Place.name)
        .join(Place, col(Place.id) == col(Device.place_id))
        .where(which)
    ).first()
    return Enrolled(found[0] or 0, found[1], found[2], found[3]) if found else None


def _redemptions(session: Session, place_id: int) -> int:
    some = sa.select(sa.literal(1)).select_from(_redemption).where(_redemption.c.place_id == place_id)
    counted = sa.select(sa.func.count()).select_from(some.limit(rules.MOST_COUNTED + 1).subquery())
    return session.connection().execute(counted).scalar_one()
