"""The main job from end to end: make a batch, claim from it, scan it, watch it live."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Browser, Page, expect

from loyalty_app.accounts.models import Role
from loyalty_app.batches.models import Batch
from loyalty_app.redemptions.models import Attempt
from tests import builders, doors
from tests.journeys.conftest import PHONE, TABLET, Shop, card, in_days, number, screenshot
from tests.journeys.pictures import is_black_on_white, read_qr
from tests.journeys.server import ADMIN_EMAIL, Server, eventually

BATCH = "Q1 2027 Email Campaign"


@pytest.mark.requirement("S2-1", "S2-2", "S2-14", "S3-3")
def test_a_voucher_is_made_claimed_scanned_and_watched(
    visit: Callable[..., Page], shop: Shop, show: Callable[..., Browser]
) -> None:
    kasia = shop.account("Kasia Till", Role.STAFF)
    desk = visit(permissions=["clipboard-read", "clipboard-write"])
    other = visit(shop.account("Wiktor Viewer", Role.VIEWER), "/admin/batches/")

    sign_in(desk)
    make_offer(desk)
    make_batch(desk, other, shop.server)
    link = share(desk)

    phone = visit(at=PHONE)
    become_a_member(phone, link, shop.server)
    code = claim(phone)
    expect(number(desk, BATCH, "Claimed")).to_have_text("1")
    expect(number(other, BATCH, "Claimed")).to_have_text("1")
    text = look_at_my_cards(phone, code)

    till = visit(kasia, "/scan/", browser=show((text, 1)), at=TABLET, permissions=["camera"])
    answer = till.get_by_role("region", name="Answer")
    answer.get_by_label("Basket in EUR").fill("12,80")  # the offer has a minimum
    answer.get_by_role("button", name="Redeem").click()
    expect(answer.get_by_role("heading", name="Accepted")).to_be_visible()
    expect(answer).to_contain_text("Free coffee")
    expect(answer).to_contain_text("Ana Ruiz")
    screenshot(till, "scan-accepted")

    # Nobody touches these; they change because a voucher was redeemed at the till.
    expect(number(other, BATCH, "Redeemed")).to_have_text("1")
    expect(number(desk, BATCH, "Redeemed")).to_have_text("1")
    expect(card(other, BATCH)).to_contain_text("100%")
    expect(phone.get_by_role("article").filter(has_text=code)).to_contain_text("Redeemed")
    expect(phone.get_by_role("img", name=f"QR code of voucher {code}")).to_have_count(0)
    screenshot(phone, "my-cards-redeemed")
    screenshot(other, "batches")

    till.reload()  # the next customer shows the same code
    expect(answer.get_by_role("heading", name="Already redeemed")).to_be_visible()
    expect(answer).to_contain_text("First redeemed")
    expect(answer).to_contain_text("By Kasia Till")
    screenshot(till, "scan-already-redeemed")

    overview = visit(shop.admin, "/admin/")
    refused = overview.get_by_role("row").filter(has_text="Already redeemed").filter(has_text="Free coffee")
    expect(refused).to_contain_text("Kasia Till")
    screenshot(overview, "overview")
    reasons = [attempt.reason for attempt in doors.rows(Attempt) if attempt.text in {text, code}]
    assert (reasons[0], set(reasons[1:])) == (None, {"already_redeemed"})


def sign_in(desk: Page) -> None:
    desk.goto("/admin/batches/")
    desk.get_by_label("E-mail").fill(ADMIN_EMAIL)
    desk.get_by_label("Password").fill(builders.PASSWORD)
    desk.get_by_role("button", name="Sign in").click()
    expect(desk.get_by_role("heading", name="Batches", exact=True)).to_be_visible()
    desk.get_by_role("link", name="Offers").click()
    desk.get_by_role("link", name="New offer").first.click()


def make_offer(desk: Page) -> None:
    desk.get_by_label("Title", exact=True).fill("Free coffee")
    desk.get_by_label("Description", exact=True).fill("One cup, any size, on us.")
    desk.get_by_label("Terms", exact=True).fill("One per visit.\nNot with other offers.")
    desk.get_by_label("Reward").select_option("item")
    desk.get_by_label("Free item", exact=True).fill("One coffee, any size")
    desk.get_by_label("Minimum purchase").fill("4,50")
    desk.get_by_label("Days of validity").fill("14")
    screenshot(desk, "offer-form")
    desk.get_by_role("button", name="Make offer").click()
    expect(desk.get_by_role("heading", name="New batch")).to_be_visible()
    expect(desk.get_by_label("Offer", exact=True).locator("option:checked")).to_have_text("Free coffee")


def make_batch(desk: Page, other: Page, server: Server) -> None:
    desk.get_by_label("Name", exact=True).fill(BATCH)
    desk.get_by_label("Quantity").fill("100000")
    desk.get_by_label("Expiry date").fill(in_days(100))
    desk.get_by_label("Prefix").fill("q1")
    expect(desk.get_by_text("Strong enough")).to_be_visible()
    screenshot(desk, "batch-form")
    bars = [page.get_by_role("progressbar", name=BATCH) for page in (desk, other)]
    (worker,) = server.workers
    try:
        worker.suspend()  # else all of them are made before anybody has looked
        desk.get_by_role("button", name="Make batch").click()
        for bar in bars:
            expect(bar).to_have_attribute("value", "0")
        worker.resume()
        eventually(lambda: doors.rows(Batch)[-1].made > 0)
        worker.suspend()
        for bar in bars:
            expect(bar).to_have_attribute("value", re.compile(r"[1-9]\d?"))
        screenshot(desk, "batches-making")
    finally:
        worker.resume()
    for page, bar in zip((desk, other), bars, strict=True):
        expect(bar).to_have_count(0, timeout=120_000)
        expect(card(page, BATCH)).to_contain_text("Active")
        expect(number(page, BATCH, "Total")).to_have_text("100,000")
        expect(number(page, BATCH, "Left")).to_have_text("100,000")


def share(desk: Page) -> str:
    card(desk, BATCH).get_by_role("button", name="Share").click()
    dialog = desk.get_by_role("dialog", name="Share")
    link = read_qr(dialog.get_by_role("img", name="QR code of the claim link"))
    expect(dialog).to_contain_text(link)
    screenshot(desk, "batches-share")
    dialog.get_by_role("button", name="Copy Link").click()
    expect(dialog.get_by_role("button", name="Copied")).to_be_visible()
    assert desk.evaluate("navigator.clipboard.readText()") == link
    with desk.expect_download() as download:
        dialog.get_by_role("link", name="Download QR").click()
    assert download.value.suggested_filename.endswith(".png")
    with desk.context.expect_page() as opened:
        dialog.get_by_role("link", name="Visit Page").click()
    expect(opened.value.get_by_role("heading", name="Free coffee")).to_be_visible()
    assert opened.value.url == link
    opened.value.close()
    dialog.get_by_role("button", name="Close").click()
    expect(dialog).to_be_hidden()
    return link


def become_a_member(phone: Page, link: str, server: Server) -> None:
    phone.goto(link)
    expect(phone.get_by_role("heading", name="Free coffee")).to_be_visible()
    screenshot(phone, "claim-signed-out")
    phone.get_by_role("link", name="Become a member").click()
    phone.get_by_label("Name").fill("Ana Ruiz")
    phone.get_by_label("E-mail").fill("ana@example.com")
    phone.get_by_label("Password").fill("a good long one")
    phone.get_by_role("button", name="Make account").click()
    phone.get_by_label("Code").fill(re.search(r"\b\d{6}\b", server.letter("ana@example.com")).group())
    phone.get_by_role("button", name="Confirm address").click()
    expect(phone.get_by_role("button", name="Claim voucher")).to_be_visible()
    assert phone.url == link
    screenshot(phone, "claim-claimable")


def claim(phone: Page) -> str:
    phone.get_by_role("button", name="Claim voucher").click()
    expect(phone.get_by_role("heading", name="It is yours")).to_be_visible()
    screenshot(phone, "claim-claimed")
    picture = phone.get_by_role("img", name="QR code of voucher")
    code = (picture.get_attribute("alt") or "").rpartition(" ")[2]
    assert code.startswith("Q1-")
    phone.reload()
    expect(phone.get_by_role("heading", name="You have this voucher")).to_be_visible()
    screenshot(phone, "claim-already-claimed")
    return code


def look_at_my_cards(phone: Page, code: str) -> str:
    phone.get_by_role("main").get_by_role("link", name="My cards").click()
    picture = phone.get_by_role("img", name=f"QR code of voucher {code}")
    expect(picture).to_be_visible()
    for scheme in ("light", "dark"):
        phone.emulate_media(color_scheme=scheme)
        screenshot(phone, "my-cards", dark=scheme == "dark")
        assert is_black_on_white(picture)
        text = read_qr(picture)
        assert text == code.replace("-", "")
    expect(phone.get_by_role("article")).to_contain_text(code)
    return text
