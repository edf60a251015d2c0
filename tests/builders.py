"""A café in Warsaw, its people, and what its tests need most often."""

from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

from sqlmodel import Session, select

from loyalty_app.accounts import rules as account_rules
from loyalty_app.accounts import service as accounts
from loyalty_app.accounts.models import Account, Role
from loyalty_app.accounts.service import Newcomer
from loyalty_app.batches import rules as batch_rules
from loyalty_app.batches import service as batches
from loyalty_app.batches.models import Batch, BatchStatus
from loyalty_app.batches.scans import ScanDraft
from loyalty_app.claims import service as claims
from loyalty_app.codes import step
from loyalty_app.core import database
from loyalty_app.core.actor import Actor
from loyalty_app.jobs import service as jobs
from loyalty_app.jobs.models import JobStatus
from loyalty_app.members import service as members
from loyalty_app.offers import rules as offer_rules
from loyalty_app.offers import service as offers
from loyalty_app.offers.models import Offer
from loyalty_app.places.models import Device, Place
from loyalty_app.program import service as programs

WARSAW = "Europe/Warsaw"
NOON = datetime(2026, 6, 15, 10, tzinfo=UTC)
"""Twelve o'clock in Warsaw, on a Monday."""

PASSWORD = "four plain words here"
PEER = "192.0.2.7"


def _staff(number: int, name: str, role: Role) -> Actor:
    return Actor(number, name, role, account_rules.PERMISSIONS[role])


ADMIN = _staff(1, "Ada", Role.ADMIN)
MARKETER = _staff(2, "Marek", Role.MARKETER)
CASHIER = _staff(3, "Kasia", Role.STAFF)
OTHER_CASHIER = _staff(4, "Tomek", Role.STAFF)
VIEWER = _staff(5, "Wiktor", Role.VIEWER)
LEAD = _staff(6, "Lena", Role.LEAD)
STAFF = (ADMIN, MARKETER, CASHIER, OTHER_CASHIER, VIEWER, LEAD)


def furnish(session: Session) -> None:
    """Set the program up and hire its staff; their account numbers are those of the actors above."""
    programs.make(session, "Kawa", WARSAW, "PLN", "en-GB")
    for who in STAFF:
        created = accounts.create(session, newcomer(who.name), Role(who.role), by=accounts.SYSTEM, now=NOON)
        assert created.id == who.account_id


def newcomer(name: str, email: str = "") -> Newcomer:
    """Return somebody with a good password, hashed once for all tests."""
    return Newcomer(name, email or f"{name.lower().replace(' ', '.')}@example.com", password_hash())


@cache
def password_hash() -> str:
    """Return the hash of the password that everybody uses."""
    return accounts.newcomer("Anybody", "anybody@example.com", PASSWORD).password_hash


def member(session: Session, name: str = "Mia") -> Actor:
    """Return a member, who joins if there is none of that name."""
    found = session.exec(select(Account).where(Account.email == newcomer(name).email)).first()
    if found is None:
        members.join(session, newcomer(name), now=NOON)
        found = session.exec(select(Account).where(Account.email == newcomer(name).email)).one()
    return accounts.actor_for(found)


def place(session: Session, name: str = "Old Town") -> Place:
    """Open a place."""
    opened = Place(name=name, address="Rynek 1, Warsaw", time_zone=WARSAW, created_at=NOON)
    session.add(opened)
    session.flush()
    return opened


def device(session: Session, at: Place, name: str = "Bar tablet") -> Device:
    """Enrol a device at a place."""
    enrolled = Device(place_id=at.id or 0, name=name, secret_hash=f"hash of {name}", created_at=NOON, enrolled_at=NOON)
    session.add(enrolled)
    session.flush()
    return enrolled


def offer(session: Session, title: str = "One coffee", **changes: str) -> Offer:
    """Make an offer; for a free item unless said otherwise."""
    draft = {"reward_item": "One coffee, any size"} | changes
    return offers.create(session, offer_rules.Draft(title=title, **draft), by=ADMIN, now=NOON)


def batch(session: Session, made: int = 10, *, now: datetime = NOON, valid_days: str = "", **changes: str) -> Batch:
    """Make a batch of which that many codes are made; all of them unless a quantity is given."""
    promised = offer(session, valid_days=valid_days)
    draft = {
        "name": "Summer",
        "offer_id": str(promised.id),
        "quantity": str(made),
        "expires_on": (now + timedelta(days=30)).date().isoformat(),
    } | changes
    planned = batches.create(session, batch_rules.Draft(**draft), by=ADMIN, now=now)
    if made:
        _make_codes(session, planned.id or 0, made, now=now)
    return planned


def scan_batch(session: Session, made: int = 3, *, points: int = 20, now: datetime = NOON, **changes: Any) -> Batch:
    """Make a scan batch of which that many codes are made; all of them unless a quantity is given."""
    draft = {
        "name": "Cups",
        "quantity": str(made),
        "expires_on": (now + timedelta(days=30)).date().isoformat(),
        "parameters": (("points", str(points)),),
    } | changes
    planned = batches.create_scan(session, ScanDraft(**draft), by=ADMIN, now=now)
    if made:
        _make_codes(session, planned.id or 0, made, now=now)
    return planned


def link(batch: Batch, serial: int = 1) -> str:
    """Return the address that a code of a scan batch leads to."""
    return batches.links(batch)(serial)


def index_all(session: Session) -> None:
    """Put what SQLite's index of the history does not have yet into it; PostgreSQL's always has all."""
    if database.is_sqlite(session.connection()):
        last = "select coalesce(max(id), 0) from redemption_search_docsize"
        session.connection().exec_driver_sql(
            "insert into redemption_search (rowid, code_text, member_name, title)"
            f" select id, code_text, member_name, title from redemption where id > ({last})"
        )


def redeem_thousands(session: Session) -> None:
    """Redeem twenty thousand vouchers, without asking anybody."""
    batch(session, 1, quantity="50000", prefix="SUN")
    session.flush()
    connection = session.connection()
    digits = "substr('00000000' || i, -9)" if database.is_sqlite(connection) else "lpad(i::text, 9, '0')"
    numbers = "with recursive n(i) as (select 1 union all select i + 1 from n where i < 20000)"
    connection.exec_driver_sql("delete from code")
    connection.exec_driver_sql(
        "insert into code (id, batch_id, serial, code, status)"
        f" {numbers} select i, 1, i, 'SUN' || {digits}, 'redeemed' from n"
    )
    connection.exec_driver_sql(
        "insert into redemption (code_id, batch_id, status, account_id, code_text, title, at)"
        f" select id, 1, 'recorded', {CASHIER.account_id}, code, 'One coffee', '2026-06-15 10:00:00.000000'"
        " from code order by id"
    )
    if not database.is_sqlite(connection):  # it counts on from where it was, whatever was numbered by hand
        connection.exec_driver_sql("select setval(pg_get_serial_sequence('code', 'id'), 20000)")
    connection.exec_driver_sql("analyze")


def delete_step_by_step(batch: Batch) -> None:
    """Pause and then delete a batch, each in a transaction of its own, as two clicks do."""
    with database.transaction() as session:
        batches.pause(session, batch.id or 0, by=ADMIN, now=NOON)
    with database.transaction() as session:
        batches.delete(session, batch.id or 0, typed_name=batch.name, by=ADMIN, now=NOON)


def deleted(session: Session, batch_id: int | None, *, by: Actor = ADMIN, now: datetime = NOON) -> None:
    """Delete a batch as people have to: paused first where it is active, and its name typed."""
    batch = batches.get(session, batch_id or 0)
    if batch.status is BatchStatus.ACTIVE:
        batches.pause(session, batch_id or 0, by=by, now=now)
    batches.delete(session, batch_id or 0, typed_name=batch.name, by=by, now=now)


def claimed(session: Session, batch: Batch, by: Actor | None = None, *, now: datetime = NOON) -> str:
    """Claim a voucher, for Mia unless said otherwise, and return its code."""
    (answer,) = claims.claim_many(session, [claims.Ask(batch.claim_token, by or member(session))], now=now)
    assert isinstance(answer, claims.Claimed), answer
    return answer.code


def _make_codes(session: Session, batch_id: int, made: int, *, now: datetime) -> None:
    queued = jobs.of_subject(session, batches.GENERATE_CODES, [batch_id])[batch_id]
    job = jobs.take_up(session, queued.id or 0, now=now)
    assert job is not None
    session.refresh(job)
    session.expunge(job)
    total, job.total = job.total, made
    while job.done < made:
        store = step.prepare(session, job)
        assert store is not None
        job.done = store(session, now) or made
    if made == total:
        jobs.finish(session, job.id or 0, JobStatus.DONE)
