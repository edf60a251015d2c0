"""A member's history at the till and at the desk, and how they are forgotten."""

import json
import re
from collections.abc import Callable
from dataclasses import replace

import pytest
from playwright.sync_api import Page, expect

from loyalty_app.accounts.models import Role
from loyalty_app.core import times
from loyalty_app.core.actor import Actor
from loyalty_app.members.models import Member
from loyalty_app.redemptions import service as redemptions
from loyalty_app.redemptions.service import Ask
from tests import builders, doors
from tests.journeys.conftest import DESK, PHONE, Shop, screenshot

TABLET = {"viewport": {"width": 820, "height": 1180}}
NAME = "Zuzanna Wrona"
MARKS = ("zuzanna", "wrona")


@pytest.mark.requirement("S2-13", "S2-17")
def test_a_member_s_history_grows_while_it_is_looked_at_until_they_are_forgotten(
    visit: Callable[..., Page], shop: Shop
) -> None:
    zuzanna = shop.member(NAME)
    number = next(one.id for one in doors.rows(Member) if one.name == NAME)
    till = at_till(shop, "Old Town")
    code = shop.claimed(shop.batch("First"), zuzanna)
    desk = visit(shop.admin, f"/admin/members/{number}")
    line = desk.locator(".timeline > li")
    expect(line).to_have_count(1)

    scan(code, till)
    expect(line.first).to_contain_text("Redeemed")
    expect(line.first).to_contain_text("Old Town")
    expect(line.first).to_contain_text("Kasia")
    scan(code, till)
    expect(line.first).to_contain_text("Refused")
    expect(line).to_have_count(3)
    screenshot(desk, "member-history")
    desk.get_by_role("link", name="Refusals").click()
    expect(line).to_have_count(1)
    expect(desk).to_have_url(re.compile("kind=refusal"))
    desk.get_by_role("link", name="All", exact=True).click()
    expect(line).to_have_count(3)
    desk.emulate_media(color_scheme="dark")
    for at in (PHONE, TABLET, DESK):
        desk.set_viewport_size(at["viewport"])
        screenshot(desk, "member-history", dark=True)
    desk.emulate_media(color_scheme="light")

    shop.claimed(shop.batch("Unused"), zuzanna)
    desk.get_by_role("button", name="Erase member").click()
    dialog = desk.get_by_role("dialog", name="Erase member")
    expect(dialog.get_by_text("1 voucher that they have not used")).to_be_visible()
    with desk.expect_download() as fetched:
        dialog.get_by_role("link", name="Export data").click()
    told = json.loads(fetched.value.path().read_text())
    assert (told["member"]["name"], len(told["redemptions"]), len(told["vouchers"])) == (NAME, 1, 2)
    expect(dialog.get_by_role("button", name="Erase", exact=True)).to_be_disabled()
    dialog.get_by_label("Type the name").fill(NAME)
    screenshot(desk, "member-erase")
    dialog.get_by_role("button", name="Erase", exact=True).click()
    expect(desk.get_by_role("heading", name=f"Erased member {number}")).to_be_visible()
    expect(desk.get_by_role("button", name="Adjust points")).to_have_count(0)
    screenshot(desk, "member-erased")

    for path in ("/admin/members/?erased=yes", f"/admin/members/{number}", "/admin/redemptions/", "/admin/"):
        desk.goto(path)
        expect(desk.get_by_role("heading", level=1)).to_be_visible()
        expect(desk.locator(".skeleton")).to_have_count(0)
        assert not any(mark in desk.content().lower() for mark in MARKS), path
    for path in (f"/api/v1/members/{number}/export", "/api/v1/redemptions", "/api/v1/audit-log"):
        said = desk.request.get(path)
        assert said.ok, said.text()
        assert not any(mark in said.text().lower() for mark in MARKS), path
    desk.goto("/admin/members/?q=zuzanna")
    expect(desk.get_by_role("heading", name="No member fits")).to_be_visible()


def test_every_voucher_of_a_member_is_found_and_whoever_is_searched_in_any_script(
    visit: Callable[..., Page], shop: Shop
) -> None:
    name = "Łucja Wszystko"
    for number in range(21):
        shop.claimed(shop.batch(f"Of many {number}", 1), shop.member(name))

    desk = visit(shop.admin, "/admin/members/")
    desk.get_by_label("Name, address or phone").fill("wszystko łUCJA")
    desk.get_by_role("button", name="Search").click()
    desk.get_by_role("link", name=name).click()
    vouchers = desk.locator("#member-vouchers tbody tr")
    expect(vouchers).to_have_count(20)
    desk.get_by_role("button", name="Erase member").click()
    expect(desk.get_by_text("21 vouchers that they have not used can no longer be redeemed.")).to_be_visible()
    desk.get_by_role("button", name="Keep member").click()
    pages = desk.get_by_role("navigation", name="Pages of vouchers")
    pages.get_by_role("link", name="Older").click()
    expect(vouchers).to_have_count(1)
    screenshot(desk, "member-older-vouchers")
    pages.get_by_role("link", name="Newest").click()
    expect(vouchers).to_have_count(20)


@pytest.mark.parametrize(
    ("language", "words", "name"),
    [
        ("", "Download my data", "Iga Own"),
        ("/de-de", "Meine Daten herunterladen", "Ingo Own"),
        ("/ar", "تنزيل بياناتي", "Inas Own"),
    ],
    ids=["english", "german", "arabic"],
)
def test_a_member_takes_their_own_data_away(
    language: str, words: str, name: str, visit: Callable[..., Page], shop: Shop
) -> None:
    member = shop.member(name)
    shop.claimed(shop.batch(f"For {name}"), member)
    phone = visit(member, f"{language}/account/", at=PHONE)
    link = phone.get_by_role("link", name=words)
    expect(link).to_be_visible()
    screenshot(phone, f"account-of-a-member{language.replace('/', '-')}")

    with phone.expect_download() as fetched:
        link.click()
    assert fetched.value.suggested_filename == "my-data.json"
    told = json.loads(fetched.value.path().read_text())
    assert (told["member"]["name"], len(told["vouchers"])) == (name, 1)

    kasia = visit(shop.account("Kasia", Role.STAFF), f"{language}/account/", at=PHONE)
    expect(kasia.locator(".sessions > li").first).to_be_visible()
    expect(kasia.get_by_role("link", name=words)).to_have_count(0)
    assert kasia.request.get("/my/data.json").status == 403


def at_till(shop: Shop, place: str) -> Actor:
    """Return Kasia where she works."""
    kasia = shop.account("Kasia", Role.STAFF)
    return replace(builders.CASHIER, account_id=kasia.id, place_id=doors.change(builders.place, place).id)


def scan(code: str, by: Actor) -> None:
    """Scan a code as a till does."""
    doors.change(redemptions.redeem_many, [Ask(code, by)], now=times.now())
