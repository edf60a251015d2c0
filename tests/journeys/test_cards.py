"""My cards on a phone, in every language."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from loyalty_app.batches import service as batches
from loyalty_app.codes import service as codes
from loyalty_app.core import times
from loyalty_app.core.languages import LANGUAGES, Language
from tests import builders, doors
from tests.journeys.conftest import PHONE, Shop, screenshot


@pytest.mark.parametrize("words", LANGUAGES, ids=lambda one: one.tag)
def test_a_card_says_at_once_that_it_is_on_hold_or_switched_off(
    visit: Callable[..., Page], shop: Shop, words: Language
) -> None:
    ida = shop.member(f"Ida {words.path}")
    held, off = shop.batch(f"On hold {words.path}"), shop.batch(f"Off {words.path}")
    _, code = shop.claimed(held, ida), shop.claimed(off, ida)
    phone = visit(ida, words.at("/my/cards/"), at=PHONE)
    expect(phone.locator("img.qr")).to_have_count(2)

    doors.change(batches.freeze, held.id, by=builders.ADMIN, now=times.now())
    on_hold = phone.get_by_text(words("It cannot be redeemed for the moment. It stays valid; try again later."))
    expect(on_hold).to_be_visible()
    doors.change(codes.disable, code, by=builders.ADMIN, now=times.now())
    switched_off = phone.get_by_role("article").filter(
        has_text=words("This voucher cannot be redeemed. Ask in the shop.")
    )
    expect(switched_off).to_be_visible()
    expect(switched_off.locator("img.qr")).to_have_count(0)
    expect(switched_off.locator(".note")).to_have_count(0)
    expect(phone.locator("img.qr")).to_have_count(1)
    screenshot(phone, f"cards-on-hold-{words.path}")


@pytest.mark.parametrize("words", LANGUAGES, ids=lambda one: one.tag)
def test_the_head_of_a_page_is_one_line_with_a_menu_for_the_account(
    visit: Callable[..., Page], shop: Shop, words: Language
) -> None:
    phone = visit(shop.member("Ida"), words.at("/my/cards/"), at=PHONE)
    cards, opener = phone.get_by_role("link", name=words("My cards")), phone.locator(".account > summary")
    expect(opener).to_have_accessible_name(words("Account"))
    for part in (cards, opener):
        box = part.bounding_box()
        assert box
        assert box["height"] <= 48, box

    opener.click()
    expect(phone.get_by_role("link", name=words("My account"))).to_be_visible()
    expect(phone.get_by_role("button", name=words("Sign out"))).to_be_visible()
    screenshot(phone, f"account-menu-{words.path}")
    phone.keyboard.press("Escape")
    expect(phone.get_by_role("link", name=words("My account"))).to_be_hidden()
    expect(opener).to_be_focused()
