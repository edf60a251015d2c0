"""A member complains, and somebody at the desk finds out why."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from loyalty_app.accounts import service as accounts
from loyalty_app.accounts.models import Role
from loyalty_app.core import times
from loyalty_app.redemptions import service as redemptions
from tests import doors
from tests.journeys.conftest import PHONE, Shop, Watch, screenshot


@pytest.mark.requirement("S2-16", "S3-32")
def test_support_finds_out_why_a_voucher_was_refused_and_sends_the_answer_on(
    visit: Callable[..., Page], shop: Shop, watch: Watch
) -> None:
    batch = shop.batch("Why poster", made=1)
    shop.member("Ben Why")
    code = shop.claimed(batch, shop.member("Ana Why"))
    cashier = accounts.actor_for(shop.account("Kasia Why", Role.STAFF))
    doors.change(redemptions.redeem_many, [redemptions.Ask(code, cashier)], now=times.now())

    desk = visit(shop.account("Marek Support", Role.MARKETER), "/admin/redemptions/why/")
    desk.keyboard.press("Tab")
    desk.get_by_label("Code, link or scanned text").fill(code)
    desk.get_by_label("Member, if you know who").fill("Why")
    desk.keyboard.press("Enter")
    desk.get_by_role("link", name="Ben Why").click()

    expect(desk.get_by_role("heading", name="Redeemed before")).to_be_visible()
    steps = desk.get_by_role("list", name="Every check").get_by_role("listitem")
    expect(steps).to_have_count(17)
    decisive = steps.filter(has_text="The reason")
    expect(decisive).to_contain_text("Not redeemed before")
    expect(steps.nth(12)).to_contain_text("Held by Ana Why, asked for Ben Why.")
    screenshot(desk, "why-refused")
    desk.emulate_media(color_scheme="dark")
    screenshot(desk, "why-refused", dark=True)

    lead = visit(shop.account("Lena Support", Role.LEAD), desk.url.removeprefix(shop.server.url), at=PHONE)
    expect(lead.get_by_role("alert")).to_contain_text("No member fits.")
    lead.get_by_label("Member, if you know who").fill("ben.why@example.com")
    lead.get_by_role("button", name="Show every check").click()
    expect(lead.get_by_role("heading", name="Redeemed before")).to_be_visible()
    screenshot(lead, "why-refused")
    assert "Ben Why" not in lead.content()

    desk.goto("/admin/redemptions/why/")
    desk.get_by_label("Code, link or scanned text").fill(f"{shop.server.url}{shop.claim_path(batch)}")
    desk.get_by_label("Member, if you know who").fill("ben.why@example.com")
    desk.get_by_role("button", name="Show every check").click()
    expect(desk.get_by_role("heading", name="No vouchers left")).to_be_visible()
    expect(desk.get_by_text("0 left of 1.").first).to_be_visible()
    screenshot(desk, "why-claim")

    for number in range(11):
        shop.member(f"Zoë Crowd {number}")
    desk.goto("/admin/redemptions/why/")
    desk.get_by_label("Code, link or scanned text").fill(code)
    desk.get_by_label("Member, if you know who").fill("CROWD zoË")
    desk.get_by_role("button", name="Show every check").click()
    expect(desk.locator(".people-choice li")).to_have_count(10)
    expect(desk.get_by_text("The 10 who joined last are shown; more fit.")).to_be_visible()
    screenshot(desk, "why-several")
