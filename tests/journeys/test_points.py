"""A member's points: live on the phone, in every language."""

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from loyalty_app.core import times
from loyalty_app.core.languages import LANGUAGES, Language
from loyalty_app.points import service as ledger
from loyalty_app.redemptions import service as redemptions
from loyalty_app.redemptions.service import Ask
from tests import builders, doors
from tests.journeys.conftest import DESK, PHONE, TABLET, Shop, screenshot


@pytest.mark.parametrize("words", LANGUAGES, ids=lambda one: one.tag)
def test_points_of_a_member_rise_while_they_look(visit: Callable[..., Page], shop: Shop, words: Language) -> None:
    pia = shop.member(f"Pia {words.path}")
    batch = doors.change(builders.scan_batch, 3, points=20, name=f"Cups {words.path}", now=times.now())
    phone = visit(pia, words.at("/my/cards/"), at=PHONE)
    phone.get_by_role("link", name=words("My points")).click()
    expect(phone.get_by_role("heading", name=words("No points yet"))).to_be_visible()
    screenshot(phone, f"points-none-{words.path}")

    redeem(builders.link(batch, 1), pia)
    expect(phone.locator(".balance")).to_have_text(words.count("{points} point", "{points} points", 20, points=20))
    redeem(builders.link(batch, 2), pia)
    expect(phone.locator(".balance")).to_have_text(words.count("{points} point", "{points} points", 40, points=40))
    doors.change(ledger.adjust, member_id(pia), -15, "Ein Café crème", by=builders.ADMIN, now=times.now())
    expect(phone.locator(".ledger li")).to_have_count(3)
    expect(phone.locator(".ledger li").first).to_contain_text("Ein Café crème")
    screenshot(phone, f"points-{words.path}")


@pytest.mark.parametrize("at", [PHONE, {"viewport": {"width": 820, "height": 1180}}, DESK, TABLET], ids=str)
def test_a_long_ledger_is_turned_by_pages(visit: Callable[..., Page], shop: Shop, at: dict[str, Any]) -> None:
    omar = shop.member("Omar")
    if not doors.see(ledger.mine, by=omar).entries:
        for number in range(1, ledger.PAGE + 3):
            doors.change(ledger.adjust, member_id(omar), number, f"Visit {number}", by=builders.ADMIN, now=times.now())

    page = visit(omar, "/my/points/", at=at, color_scheme="dark")
    expect(page.get_by_text("Visit 52", exact=True)).to_be_visible()
    screenshot(page, "points-long", dark=True)
    page.get_by_role("link", name="Older").click()
    expect(page.get_by_text("Visit 1", exact=True)).to_be_visible()
    expect(page.locator(".ledger li")).to_have_count(2)
    page.get_by_role("link", name="Newest").click()
    expect(page.get_by_text("Visit 52", exact=True)).to_be_visible()


def redeem(link: str, by: Any) -> None:
    """Redeem as another tab would."""
    doors.change(redemptions.redeem_many, [Ask(link, by)], now=times.now())


def member_id(who: Any) -> int:
    """Return the number of the member behind an account."""
    topic = doors.see(ledger.my_topic, by=who)
    return int(topic.rpartition(":")[2])
