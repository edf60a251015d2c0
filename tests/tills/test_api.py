"""The routes of an enrolled device, as its browser calls them."""

import asyncio

import httpx
import pytest

from loyalty_app.accounts.models import Throttle
from loyalty_app.core import times
from loyalty_app.core.actor import STRANGER, Actor
from loyalty_app.places import service as places
from loyalty_app.tills import service as tills
from loyalty_app.ui.shield import DEVICE_COOKIE
from tests import builders
from tests.builders import ADMIN, CASHIER
from tests.doors import change, rows
from tests.programs import plain_routes

pytestmark = pytest.mark.usefixtures("database")

PIN = "4711"


@pytest.fixture
def secret(database):
    """Return what a tablet proves itself with; Kasia has a PIN."""
    now = times.now()
    made = change(places.invite, change(builders.place).id, "Bar tablet", by=ADMIN, now=now)
    change(tills.give_pin, CASHIER.account_id, tills.new_pin(PIN), by=ADMIN, now=now)
    device = change(places.enrol, made.secret, now=now)
    assert device
    return device.secret


def enter(secret, pin):
    async def who(_session_hash: str) -> Actor:
        return STRANGER

    async def send() -> httpx.Response:
        transport = httpx.ASGITransport(plain_routes(who))
        async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
            sent = {"account": CASHIER.account_id, "pin": pin}
            return await client.post("/auth/pin", data=sent, headers={"Cookie": f"{DEVICE_COOKIE}={secret}"})

    return asyncio.run(send())


@pytest.mark.parametrize("pin", ["", "471", "471147114", "47x1", "four", "1234", "7777"])
def test_what_cannot_be_a_pin_uses_up_no_try(secret, pin):
    answer = enter(secret, pin)

    assert (answer.status_code, "cannot be a PIN" in answer.json()["detail"]) == (422, True)
    assert rows(Throttle) == []


def test_what_can_be_one_uses_up_a_try_unless_it_is_right(secret):
    assert enter(secret, "4712").status_code == 401
    assert sum(one.failures for one in rows(Throttle)) > 0
    assert enter(secret, " 47\u06611 ").status_code == 200  # in any script
