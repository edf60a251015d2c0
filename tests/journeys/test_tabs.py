"""Closing a tab leaves nothing behind."""

from collections.abc import Callable

import httpx
import psutil
import pytest
from playwright.sync_api import Page, expect

from loyalty_app.accounts import service as accounts
from tests import doors
from tests.journeys.conftest import PHONE, Shop, card
from tests.journeys.glass import SELDOM, WINDOW
from tests.journeys.server import Server, eventually

TABS = 6


@pytest.fixture
def server(quiet_server: Server) -> Server:
    """Return the program with a window into its hub."""
    return quiet_server


def test_the_hub_forgets_tabs_that_were_closed(visit: Callable[..., Page], shop: Shop, server: Server) -> None:
    batch = shop.batch("Looked at")
    visit(shop.admin, "/admin/batches/")  # stays open
    eventually(lambda: listeners(server) == 1)
    sockets = open_sockets(server)

    for is_swept in (True, False):
        if not is_swept:
            httpx.get(server.url + SELDOM, timeout=30)
        desk = visit(shop.admin)
        pages = [desk.context.new_page() for _ in range(TABS)]
        for page in pages:
            page.goto("/admin/batches/")
            expect(card(page, "Looked at")).to_be_visible()
        phone = visit(shop.member("Mia"), shop.claim_path(batch), at=PHONE)
        expect(phone.get_by_role("button", name="Claim voucher")).to_be_visible()
        eventually(lambda: listeners(server) == 1 + TABS + 1)

        phone.get_by_role("link", name="My cards").click()
        expect(phone.get_by_role("heading", name="My cards")).to_be_visible()
        eventually(lambda: listeners(server) == 1 + TABS + 1)
        phone.goto("/not-allowed/")  # a page on which nothing is live but the session itself
        eventually(lambda: listeners(server) == 1 + TABS + 1)
        phone.context.close()
        desk.context.close()

        if not is_swept:  # then a change is what tells the hub
            shop.claimed(batch, shop.member("Max"))
            doors.change(accounts.close_all_sessions, shop.member("Mia").account_id)
        eventually(lambda: listeners(server) == 1)
    eventually(lambda: open_sockets(server) <= sockets)


def listeners(server: Server) -> int:
    return int(httpx.get(server.url + WINDOW, headers={"Connection": "close"}, timeout=30).text)


def open_sockets(server: Server) -> int:
    """Return how many connections browsers have to the server."""
    found = [one for process in server.group for one in process.net_connections("tcp")]
    return sum(one.laddr.port == server.port and one.status == psutil.CONN_ESTABLISHED for one in found)
