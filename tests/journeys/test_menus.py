"""Menus get out of the way."""

from collections.abc import Callable

from playwright.sync_api import Page, expect

from tests.journeys.conftest import Shop


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
