"""What is on the screen tells whether it is fresh."""

from collections.abc import Callable

from playwright.sync_api import Page, expect

from loyalty_app.accounts.models import Role
from tests.journeys.conftest import PHONE, Shop, Watch, number, screenshot
from tests.journeys.server import Server


def test_open_screens_survive_a_crash_of_the_server(
    visit: Callable[..., Page], shop: Shop, server: Server, watch: Watch
) -> None:
    watch.forgiven += ["WebSocket connection to", "ERR_CONNECTION_REFUSED"]
    batch = shop.batch("Before the crash")
    desk = visit(shop.account("Wiktor Viewer", Role.VIEWER), "/admin/batches/")
    phone = visit(shop.member("Mia Patient"), shop.claim_path(batch), at=PHONE)
    expect(number(desk, "Before the crash", "Claimed")).to_have_text("0")
    expect(phone.get_by_role("button", name="Claim voucher")).to_be_visible()
    expect(desk.get_by_text("Live", exact=True)).to_be_visible()

    server.kill()
    expect(desk.get_by_text("Connection lost")).to_be_visible()
    expect(phone.get_by_text("Connection lost")).to_be_visible()
    screenshot(desk, "batches-connection-lost")
    shop.claimed(batch, shop.member("Max Meanwhile"))  # what happened while nobody could be told

    server.start()
    expect(desk.get_by_text("Live", exact=True)).to_be_visible()
    expect(desk.get_by_text("Connection lost")).to_have_count(0)
    expect(phone.get_by_text("Live", exact=True)).to_be_visible()
    expect(number(desk, "Before the crash", "Claimed")).to_have_text("1")
    phone.get_by_role("button", name="Claim voucher").click()
    expect(phone.get_by_role("heading", name="It is yours")).to_be_visible()
    expect(number(desk, "Before the crash", "Claimed")).to_have_text("2")
