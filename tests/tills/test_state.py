"""What the counter is told of the device that it runs on."""

import asyncio

import pytest
import sqlalchemy as sa
from sqlmodel import Session

from loyalty_app.accounts import service as accounts
from loyalty_app.accounts.models import Account
from loyalty_app.core import secrets, times
from loyalty_app.core.actor import STRANGER, act_as
from loyalty_app.places import service as places
from loyalty_app.program.models import Program
from loyalty_app.tills import rules
from loyalty_app.tills.state import TillState
from tests import builders
from tests.builders import ADMIN, CASHIER
from tests.doors import change, see


@pytest.fixture
def device_id(database):
    """Return a tablet, in a program where none locks by itself."""
    change(lambda session: session.execute(sa.update(Program).values(lock_minutes=0)))
    made = change(places.invite, change(builders.place).id, "Bar tablet", by=ADMIN, now=times.now())
    device = change(places.enrol, made.secret, now=times.now())
    assert device
    return device.id


def shown(device_id=None, idle=None):
    """Return what the counter shows to whoever has just signed in."""

    def sign_in(session: Session):
        account = session.get_one(Account, CASHIER.account_id)
        signed_in = accounts.open_session(session, account, now=times.now(), idle=idle)
        if device_id:
            accounts.tie_to_device(session, signed_in, device_id)
        return signed_in

    secret_hash = secrets.fingerprint(change(sign_in).secret)
    till = TillState(_reflex_internal_init=True)
    act_as(see(accounts.actor_of, secret_hash, now=times.now()))
    try:
        asyncio.run(TillState.refresh.fn(till))
    finally:
        act_as(STRANGER)
    return till


def test_whoever_leaves_the_kiosk_of_an_enrolled_tablet_locks_it_though_it_never_locks_by_itself(device_id):
    by_pin, by_password = shown(device_id, rules.idle(0)), shown(device_id)

    assert [(one.device, one.lock_seconds, one.locks) for one in (by_pin, by_password)] == [("Bar tablet", 0, True)] * 2


def test_any_other_browser_leaves_the_kiosk_without_a_lock_once_it_is_known_to_be_one(device_id):
    assert TillState(_reflex_internal_init=True).locks
    assert not shown().locks
