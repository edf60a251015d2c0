"""Everything works without a mouse."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Locator, Page, expect

from tests import builders
from tests.journeys.conftest import Shop, card
from tests.journeys.server import ADMIN_EMAIL

MOST_STOPS = 200


@pytest.mark.requirement("S3-1")
def test_signing_in_making_an_offer_and_pausing_a_batch_need_only_keys(visit: Callable[..., Page], shop: Shop) -> None:
    shop.batch("Keys only")
    page = visit(None, "/admin/offers/new/")

    walk_to(page, page.get_by_label("E-mail"))
    page.keyboard.type(ADMIN_EMAIL)
    walk_to(page, page.get_by_label("Password"))
    page.keyboard.type(builders.PASSWORD)
    page.keyboard.press("Enter")

    expect(page.get_by_role("heading", name="New offer")).to_be_visible()
    walk_to(page, page.get_by_role("link", name="Skip to content"))
    page.keyboard.press("Enter")
    walk_to(page, page.get_by_label("Title", exact=True))
    page.keyboard.type("Typed only")
    walk_to(page, page.get_by_label("Percent", exact=True))
    page.keyboard.type("20")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="New batch")).to_be_visible()

    walk_to(page, page.get_by_role("link", name="Batches"))
    page.keyboard.press("Enter")
    expect(card(page, "Keys only")).to_contain_text("Active")
    walk_to(page, card(page, "Keys only").get_by_label("Actions for Keys only"))
    page.keyboard.press("Enter")
    walk_to(page, card(page, "Keys only").get_by_role("button", name="Pause batch"))
    page.keyboard.press("Enter")
    expect(card(page, "Keys only")).to_contain_text("Paused")

    walk_to(page, card(page, "Keys only").get_by_role("button", name="Share"))
    page.keyboard.press("Enter")
    expect(page.get_by_role("dialog", name="Share")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog", name="Share")).to_be_hidden()
    expect(card(page, "Keys only").get_by_role("button", name="Share")).to_be_focused()


def walk_to(page: Page, goal: Locator) -> None:
    """Press Tab until the goal has the focus, and shows it."""
    expect(goal).to_be_attached()
    for _ in range(MOST_STOPS):
        page.keyboard.press("Tab")
        if goal.evaluate("element => element === document.activeElement"):
            outline = goal.evaluate("element => getComputedStyle(element).outlineStyle")
            shadow = goal.evaluate("element => getComputedStyle(element).boxShadow")
            assert outline != "none" or shadow != "none", f"nobody sees that {goal} has the focus"
            return
    raise AssertionError(f"the keyboard does not reach {goal}")
