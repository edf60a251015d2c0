"""One batch on its own page: live numbers over time, channels side by side, advice, and help where it hurts."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from loyalty_app.accounts.models import Role
from tests.journeys.conftest import PHONE, Shop, screenshot


def tile(page: Page, label: str) -> str:
    """Return the selector of one of the numbers."""
    return f"main dl > div:has(dt:text-is('{label}')) dd > .live"


@pytest.mark.requirement("S3-4", "S3-29", "S3-36")
def test_a_claim_moves_the_numbers_the_chart_and_the_comparison(visit: Callable[..., Page], shop: Shop) -> None:
    batch = shop.batch("Picnic - Email list", made=50)
    shop.batch("Picnic - Poster", made=50, offer_id=str(batch.offer_id))
    page = visit(shop.account("Marek Marketer", Role.MARKETER), f"/admin/batches/{batch.id}")

    expect(page.get_by_role("heading", level=1)).to_have_text("Picnic - Email list")
    expect(page.locator(tile(page, "Total"))).to_have_text("50")
    expect(page.locator(tile(page, "Left"))).to_have_text("50")
    expect(page.locator(tile(page, "Redemption rate"))).to_have_text("—")
    expect(page.get_by_text("Nothing happened in this time.")).to_be_visible()
    expect(page.get_by_role("heading", name="Nobody has claimed yet, and you shared it?")).to_be_visible()

    shop.claimed(batch, shop.member("Pia Picnic"))
    expect(page.locator(tile(page, "Claimed"))).to_have_text("1")
    expect(page.locator(tile(page, "Left"))).to_have_text("49")
    expect(page.locator(tile(page, "Redemption rate"))).to_have_text("0%")
    expect(page.get_by_text("1 claimed and 0 redeemed so far, by hour.")).to_be_visible()
    expect(page.get_by_role("heading", name="Members say they cannot claim?")).to_be_visible()
    page.get_by_text("The same as a table").click()
    expect(page.get_by_role("region", name="The numbers of the chart").get_by_role("row")).not_to_have_count(1)
    page.get_by_text("The same as a table").click()

    siblings = page.get_by_role("listitem").filter(has_text=re.compile("claimed: "))
    expect(siblings).to_have_count(2)
    expect(siblings.first).to_contain_text("2% claimed: 1 of 50")
    screenshot(page, "batch")
    siblings.last.get_by_role("link", name="Picnic - Poster").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Picnic - Poster")
    expect(page.locator(tile(page, "Claimed"))).to_have_text("0")


def test_how_far_back_the_chart_looks_stands_in_the_address(visit: Callable[..., Page], shop: Shop) -> None:
    batch = shop.batch("Old picnic", made=20, age_in_days=20)
    shop.claimed(batch, shop.member("Pia Picnic"), days_ago=10)
    page = visit(shop.admin, f"/admin/batches/{batch.id}")
    expect(page.get_by_text("1 claimed and 0 redeemed so far, by day.")).to_be_visible()

    page.get_by_role("link", name="7 days").click()
    expect(page.get_by_text("0 claimed and 0 redeemed in the last 7 days, by day.")).to_be_visible()
    page.reload()
    expect(page.get_by_role("link", name="7 days")).to_have_attribute("aria-current", "true")
    expect(page.get_by_text("0 claimed and 0 redeemed in the last 7 days, by day.")).to_be_visible()
    page.go_back()
    expect(page.get_by_text("1 claimed and 0 redeemed so far, by day.")).to_be_visible()


@pytest.mark.requirement("S3-32")
def test_a_member_who_cannot_claim_is_checked(visit: Callable[..., Page], shop: Shop) -> None:
    batch = shop.batch("Checked picnic")
    shop.claimed(batch, shop.member("Pia Picnic"))
    shop.member("Otto Other")
    page = visit(shop.account("Marek Marketer", Role.MARKETER), f"/admin/batches/{batch.id}", at=PHONE)
    address, check = page.get_by_label("E-mail address"), page.get_by_role("button", name="Check", exact=True)

    address.fill("pia.picnic@example.com")
    check.click()
    expect(page.get_by_text("They cannot claim now. The first cross says why.")).to_be_visible()
    expect(page.get_by_text("Pia Picnic has one voucher of this batch already")).to_be_visible()
    screenshot(page, "batch-check")

    address.fill("otto.other@example.com")
    check.click()
    expect(page.get_by_text("They can claim now, once signed in.")).to_be_visible()
    address.fill("otto")
    check.click()
    expect(page.get_by_text("Enter the member's e-mail address.")).to_be_visible()


@pytest.mark.requirement("S3-13", "S3-17")
def test_a_batch_is_paused_and_resumed_from_its_page(visit: Callable[..., Page], shop: Shop) -> None:
    batch = shop.batch("Switched picnic")
    page = visit(shop.admin, f"/admin/batches/{batch.id}")

    page.get_by_role("button", name="Pause batch").click()
    expect(page.get_by_text("The batch is paused: nobody can claim. Resume it.")).to_be_visible()
    page.get_by_role("button", name="Resume batch").click()
    expect(page.get_by_text("The batch takes claims.")).to_be_visible()


def test_a_viewer_looks_and_changes_nothing(visit: Callable[..., Page], shop: Shop) -> None:
    batch = shop.batch("Watched picnic")
    page = visit(shop.account("Wiktor Viewer", Role.VIEWER), f"/admin/batches/{batch.id}")

    expect(page.get_by_role("link", name="Vouchers", exact=True)).to_be_visible()
    expect(page.get_by_role("button", name="Pause batch")).to_have_count(0)
    expect(page.get_by_role("heading", name="Check a member")).to_have_count(0)

    page.goto("/admin/batches/999999")
    expect(page.get_by_role("heading", name="This batch does not exist")).to_be_visible()
