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

UPRIGHT = {"viewport": {"width": 820, "height": 1180}}


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


def test_a_long_ledger_is_turned_by_pages(visit: Callable[..., Page], shop: Shop) -> None:
    omar = shop.member("Omar")
    for number in range(1, ledger.PAGE + 3):
        doors.change(ledger.adjust, member_id(omar), number, f"Visit {number}", by=builders.ADMIN, now=times.now())

    page = visit(omar, "/my/points/", at=PHONE, color_scheme="dark")
    expect(page.get_by_text("Visit 52", exact=True)).to_be_visible()
    for at in (DESK, TABLET, UPRIGHT, PHONE):
        page.set_viewport_size(at["viewport"])
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


def test_an_admin_adjusts_points_and_takes_a_redemption_back(visit: Callable[..., Page], shop: Shop) -> None:
    lea = shop.member("Lea Brandt")
    batch = doors.change(builders.scan_batch, 2, points=20, name="Receipts", now=times.now())
    redeem(builders.link(batch, 1), lea)
    shop.claimed(shop.batch("For Lea"), lea)
    phone = visit(lea, "/my/points/", at=PHONE)
    desk = visit(shop.admin, "/admin/")
    desk.get_by_role("link", name="Members").click()
    desk.get_by_label("Name, address or phone").fill("brandt")
    desk.keyboard.press("Enter")
    expect(desk.locator("tbody tr")).to_have_count(1)
    screenshot(desk, "members")
    desk.get_by_role("link", name="Lea Brandt").click()
    expect(desk.get_by_role("heading", name="Lea Brandt")).to_be_visible()

    desk.get_by_role("button", name="Adjust points").click()
    dialog = desk.get_by_role("dialog", name="Adjust points")
    expect(dialog.get_by_role("status")).to_have_text("Now 20 points.")
    dialog.get_by_label("What to do").select_option("take")
    dialog.get_by_label("Points", exact=True).fill("21")
    expect(dialog.get_by_role("status")).to_contain_text("An adjustment cannot leave less than none.")
    dialog.get_by_label("Reason").fill("A coffee for points")
    dialog.get_by_role("button", name="Adjust points").click()
    expect(dialog.locator("#points-problem")).to_contain_text("The member has 20 points")
    screenshot(desk, "member-adjust-refused")
    dialog.get_by_label("Points", exact=True).fill("15")
    expect(dialog.get_by_role("status")).to_have_text("Now 20 points, then 5 points.")
    dialog.get_by_role("button", name="Adjust points").dblclick()
    expect(dialog).to_be_hidden()
    expect(desk.get_by_text("-15 points are in the ledger.")).to_be_visible()
    expect(phone.locator(".balance")).to_have_text("5 points")

    desk.get_by_role("button", name="Undo").click()
    taking = desk.get_by_role("dialog", name="Undo a redemption")
    expect(taking.get_by_text("20 points leave the member's balance")).to_be_visible()
    screenshot(desk, "member-take-back")
    taking.get_by_role("button", name="Undo").click()
    expect(taking.locator("#why-problem")).to_contain_text("Say why")
    taking.get_by_label("Reason").fill("Somebody else's receipt")
    taking.get_by_role("button", name="Undo").click()
    expect(desk.get_by_text("Somebody else's receipt", exact=True)).to_be_visible()
    expect(phone.locator(".balance")).to_have_text("-15 points")
    expect(phone.get_by_text("The next ones make up for it.")).to_be_visible()
    screenshot(phone, "points-below")
    screenshot(desk, "member")
    assert [entry.points for entry in doors.see(ledger.mine, by=lea).entries] == [-20, -15, 20]

    desk.emulate_media(color_scheme="dark")
    for at in (PHONE, UPRIGHT):
        desk.set_viewport_size(at["viewport"])
        screenshot(desk, "member", dark=True)
    desk.goto("/admin/members/")
    expect(desk.get_by_role("link", name="Lea Brandt")).to_be_visible()
    for at in (PHONE, UPRIGHT):
        desk.set_viewport_size(at["viewport"])
        screenshot(desk, "members", dark=True)


def test_who_does_not_exist_is_said(visit: Callable[..., Page], shop: Shop) -> None:
    desk = visit(shop.admin, "/admin/members/999999")
    expect(desk.get_by_role("heading", name="This member does not exist")).to_be_visible()
    desk.goto("/admin/members/?q=nobody+of+that+name")
    expect(desk.get_by_role("heading", name="No member fits")).to_be_visible()
    screenshot(desk, "members-none")


def test_the_overview_tells_how_printed_codes_go_while_they_are_used(visit: Callable[..., Page], shop: Shop) -> None:
    batch = doors.change(builders.scan_batch, 2, points=20, name="On the overview", now=times.now())
    overview = visit(shop.admin, "/admin/")
    used = overview.locator(".codes .tile").filter(has_text="Used today").locator(".live")
    expect(used).to_be_visible()
    before = int(used.inner_text())
    redeem(builders.link(batch, 1), shop.member("Noor"))
    expect(used).to_have_text(str(before + 1))
    screenshot(overview, "overview-codes")
    phone = visit(shop.admin, "/admin/", at=PHONE, color_scheme="dark")
    expect(phone.locator(".codes")).to_be_visible()
    screenshot(phone, "overview-codes", dark=True)
