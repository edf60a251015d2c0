"""Who comes most, and what brings them: numbers about everybody, so nobody else redeems in this program."""

from collections.abc import Callable
from dataclasses import replace

import pytest
from playwright.sync_api import Page, expect

from loyalty_app.accounts.models import Role
from loyalty_app.core import times
from loyalty_app.redemptions import service as redemptions
from loyalty_app.redemptions.service import Ask
from tests import builders, doors
from tests.journeys.conftest import Shop, screenshot, screenshots
from tests.journeys.server import Server

PATIENCE = 60_000
"""Milliseconds: what takes long to read is read again in gaps, longer ones on a busy machine."""
LONG = "Wolfeschlegelsteinhausenbergerdorff-Featherstonehaugh"
RIGHT_TO_LEFT = "نور الهدى"


@pytest.fixture
def server(quiet_server: Server) -> Server:
    """Return a program which nobody has looked at yet: these numbers are read in gaps."""
    return quiet_server


@pytest.mark.requirement("S2-13")
def test_the_desk_shows_who_comes_most_and_what_brings_them(visit: Callable[..., Page], shop: Shop) -> None:
    members = visit(shop.admin, "/admin/members/")
    expect(members.get_by_text("Nobody has redeemed anything in this time.")).to_be_visible()
    screenshot(members, "members-active-none")
    olaf, long, nur = (shop.member(name) for name in ("Olaf Nowak", LONG, RIGHT_TO_LEFT))
    place = doors.change(builders.place, "Harbour")
    till = replace(builders.CASHIER, account_id=shop.account("Kasia", Role.STAFF).id, place_id=place.id)
    for name, comers in (("One", (olaf, long, nur)), ("Two", (olaf,))):
        batch = shop.batch(name)
        for who in comers:
            doors.change(redemptions.redeem_many, [Ask(shop.claimed(batch, who), till)], now=times.now())

    ranks = members.get_by_role("list", name="Redemptions of each member").get_by_role("listitem")
    in_order = ["Olaf Nowak", RIGHT_TO_LEFT, LONG]  # of two as often the later one first
    expect(ranks).to_contain_text(in_order, timeout=PATIENCE)
    overview = visit(shop.admin, "/admin/")
    expect(overview.get_by_role("heading", name="Which offers bring people in?")).to_be_visible()
    expect(overview.get_by_role("list", name="Redemptions by offer and location")).to_contain_text("Harbour")
    expect(overview.get_by_role("heading", name="When do people come?")).to_be_visible()
    screenshots(members, "members-active")
    screenshots(overview, "overview-visits")
