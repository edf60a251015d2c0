"""Menus get out of the way."""

from collections.abc import Callable

from playwright.sync_api import Page, expect

from loyalty_app.accounts.models import Role
from tests.journeys.conftest import PHONE, Shop, screenshot


def test_a_menu_closes_on_escape_on_a_click_elsewhere_and_behind_a_dialog(
    visit: Callable[..., Page], shop: Shop
) -> None:
    shop.batch("Menu of the day")
    desk = visit(shop.admin, "/admin/batches/")
    opener, item = desk.get_by_label("Actions for Menu of the day"), desk.get_by_role("button", name="Pause batch")

    opener.click()
    expect(item).to_be_visible()
    desk.keyboard.press("Escape")
    expect(item).to_be_hidden()
    expect(opener).to_be_focused()

    opener.click()
    expect(item).to_be_visible()
    desk.get_by_role("heading", name="Batches", level=1).click()
    expect(item).to_be_hidden()

    opener.click()
    desk.get_by_role("button", name="Delete batch").click()
    desk.get_by_role("button", name="Keep batch").click()
    expect(desk.get_by_role("dialog", name="Delete batch")).to_be_hidden()
    expect(item).to_be_hidden()


def test_a_phone_has_four_places_and_a_menu_for_the_others(visit: Callable[..., Page], shop: Shop) -> None:
    phone = visit(shop.admin, "/admin/redemptions/", at=PHONE)
    places = phone.get_by_role("navigation", name="Main")
    more, settings = places.locator("summary"), places.get_by_role("link", name="Settings")
    expect(places.get_by_role("link")).to_have_text(["Overview", "Batches", "Redemptions", "Members"])
    expect(places.get_by_role("link", name="Redemptions")).to_have_attribute("aria-current", "page")
    expect(more).not_to_have_attribute("aria-current", "true")
    screenshot(phone, "more-closed")

    more.press("Enter")
    expect(settings).to_be_visible()
    assert {"QR codes", "Offers", "Scan", "Settings"} <= set(places.get_by_role("link").all_inner_texts())
    screenshot(phone, "more")
    phone.keyboard.press("Escape")
    expect(settings).to_be_hidden()
    expect(more).to_be_focused()
    more.press("Space")
    settings.press("Enter")
    phone.wait_for_url("**/admin/settings/")
    expect(phone.get_by_role("heading", name="Business profile")).to_be_visible()
    expect(settings).to_be_hidden()
    expect(more).to_have_attribute("aria-current", "true")

    wide = visit(shop.admin, "/admin/redemptions/").get_by_role("navigation", name="Main")
    expect(wide.get_by_role("link", name="Settings")).to_be_visible()
    expect(wide.locator("summary")).to_be_hidden()
    staff = visit(shop.account("Stefan Phone", Role.STAFF), "/admin/redemptions/", at=PHONE)
    expect(staff.get_by_role("navigation", name="Main").get_by_role("link")).to_have_text(["Redemptions", "Scan"])
    expect(staff.get_by_role("navigation", name="Main").locator("summary")).to_have_count(0)
