"""An admin makes a batch of QR codes: fills in, watches the preview, reviews, submits, and waits for the last code."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Locator, Page, expect

from loyalty_app.batches.models import Batch, BatchKind
from tests import doors
from tests.journeys.conftest import PHONE, Shop, in_days, screenshot
from tests.journeys.pictures import is_black_on_white, read_qr
from tests.journeys.server import eventually

NEW = "/admin/batches/scan/new/"


def test_the_preview_follows_every_key_stroke_and_can_be_scanned(visit: Callable[..., Page], shop: Shop) -> None:
    page = visit(shop.admin, NEW)
    expect(page.get_by_label("Key 1")).to_have_value("points")
    expect(preview(page)).to_contain_text("An example with points = 20")
    seen = {decodes_to_its_address(page)}
    page.get_by_label("Value 1").focus()
    for points in ("2", "25", "250"):
        page.keyboard.type(points[-1])
        expect(preview(page).get_by_text(f"points = {points}", exact=True)).to_be_visible()
        seen.add(decodes_to_its_address(page))
    assert len(seen) == 4

    page.get_by_label("Base Redirect URL").fill("https://shop.example/?from=cup#")
    page.keyboard.press("End")
    for fragment in ("t", "to", "top"):
        page.keyboard.type(fragment[-1])
        address = re.compile(rf"^https://shop\.example/\?from=cup&code=[\w-]+#{fragment}$")
        expect(url_of(page)).to_have_text(address)
        assert address.match(decodes_to_its_address(page))
    page.get_by_label("Code Prefix").fill("sun")
    expect(preview(page)).to_contain_text("SUN-2345-6789")
    page.emulate_media(color_scheme="dark")
    assert is_black_on_white(picture(page))

    page.get_by_role("button", name="Add parameter").click()
    expect(page.get_by_label("Key 2")).to_be_focused()
    page.keyboard.type("shop")
    page.get_by_label("Value 2").fill("ż" * 140)
    expect(preview(page).get_by_role("status")).to_contain_text("Hard to print and to scan")
    screenshot(page, "create-batch-dense", dark=True)
    page.get_by_role("button", name="Remove parameter shop").click()
    expect(preview(page).get_by_role("status")).to_have_count(0)
    expect(page.get_by_label("Key 1")).to_be_focused()


@pytest.mark.requirement("S0-6")
def test_the_way_there_and_its_five_steps_are_in_sight(visit: Callable[..., Page], shop: Shop) -> None:
    page = visit(shop.admin, "/admin/")
    places = page.get_by_role("navigation", name="Main").get_by_role("list", name="Partners & Promotions")
    expect(places.get_by_role("link")).to_contain_text(["Batches", "QR codes", "Offers"])
    page.goto(NEW)
    expect(places.get_by_role("link", name="QR codes")).to_have_attribute("aria-current", "page")
    tabs = page.get_by_role("navigation", name="QR codes").get_by_role("link")
    expect(tabs).to_have_text(["Batch Management", "Create Batch"])
    expect(tabs.nth(1)).to_have_attribute("aria-current", "page")
    expect(page).to_have_title("Create Batch")
    expect(page.get_by_role("heading", level=1)).to_have_text("Generate QR Codes")

    steps = page.get_by_role("list", name="Steps").get_by_role("listitem")
    expect(steps).to_have_count(5)
    expect(steps.nth(1)).to_have_attribute("data-done", "false")
    page.get_by_label("Value 1").fill("20")
    expect(steps.nth(1)).to_have_attribute("data-done", "true")
    steps.nth(4).get_by_role("link").click()
    expect(page.get_by_label("Batch name")).to_be_in_viewport()


@pytest.mark.requirement("S0-1", "S0-5", "S0-12", "S0-13")
def test_codes_are_described_reviewed_and_made_once(visit: Callable[..., Page], shop: Shop) -> None:
    page = visit(shop.admin, NEW)
    fill_in(page)

    # What is missing is said at its field, and nothing that was typed is lost by it, or by a reload.
    page.get_by_role("button", name="Review", exact=True).click()
    expect(page.get_by_role("alert")).to_be_focused()
    page.get_by_role("alert").get_by_role("link", name="Give the batch a name").click()
    expect(page.get_by_label("Batch name")).to_be_focused()
    screenshot(page, "create-batch-refused")
    before = url_of(page).inner_text()
    page.reload()
    still_stands(page)
    expect(url_of(page)).to_have_text(before)

    # The review shows all of it; going back loses nothing.
    page.get_by_label("Batch name").fill("Cup sleeves")
    page.get_by_role("button", name="Review", exact=True).click()
    expect(page.get_by_role("heading", name="Review", exact=True)).to_be_focused()
    review = page.get_by_role("region", name="Review", exact=True)
    for words in (
        "points = 250", "shop = Old Town", "12,000", "SUN", "23:59 UTC, 40 days left", "https://shop.example/?from=cup#top",
        "250 points", "Full name: text, required", "Size: one of S, M, optional", "Cup sleeves",
    ):  # fmt: skip
        expect(review).to_contain_text(words)
    screenshot(page, "create-batch-review")
    review.get_by_role("button", name="Back to the form").click()
    still_stands(page)
    page.get_by_role("button", name="Review", exact=True).click()

    page.get_by_role("button", name="Submit").dblclick()
    expect(page.get_by_role("heading", name="Cup sleeves")).to_be_visible()
    page.reload()
    expect(page.get_by_text("All 12,000 codes are made.")).to_be_visible(timeout=120_000)
    screenshot(page, "create-batch-made")
    (batch,) = [batch for batch in doors.rows(Batch) if batch.name == "Cup sleeves"]
    assert (batch.kind, batch.total, batch.made, batch.prefix) == (BatchKind.SCAN, 12_000, 12_000, "SUN")
    assert batch.parameters == {"points": "250", "shop": "Old Town"}

    # Another like it is filled in; a fresh one is empty.
    page.get_by_role("link", name="Make another like this").click()
    expect(page.get_by_label("Batch name")).to_have_value("Cup sleeves again")
    expect(page.get_by_label("Value 2")).to_have_value("Old Town")
    expect(page.get_by_label("Expiry Date")).to_have_value("")
    page.goto(NEW)
    expect(page.get_by_label("Value 1")).to_have_value("")
    expect(page.get_by_label("Batch name")).to_have_value("")


def test_on_a_phone_the_preview_is_one_tap_away(visit: Callable[..., Page], shop: Shop) -> None:
    page = visit(shop.admin, NEW, at=PHONE)
    page.get_by_label("Value 1").fill("20")
    page.get_by_label("Expiry Date").fill(in_days(40))
    page.get_by_role("button", name="Add field").tap()
    expect(page.get_by_label("Label 1")).to_be_focused()
    page.keyboard.type("Full name")
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        screenshot(page, "create-batch-filled", dark=scheme == "dark")
    page.get_by_label("Label 1").scroll_into_view_if_needed()
    link = page.get_by_role("link", name="QR Code Preview")
    expect(link).to_be_in_viewport()
    link.tap()
    expect(picture(page)).to_be_in_viewport()
    assert "/redeem?code=" in decodes_to_its_address(page)


def fill_in(page: Page) -> None:
    page.get_by_label("Value 1").fill("250")
    page.get_by_role("button", name="Add parameter").click()
    expect(page.get_by_label("Key 2")).to_be_focused()
    page.keyboard.type("shop")
    page.get_by_label("Value 2").fill("Old Town")
    page.get_by_label("Number of Codes").fill("12000")
    page.get_by_label("Code Prefix").fill("sun")
    page.get_by_label("Expiry Date").fill(in_days(40))
    page.get_by_label("Base Redirect URL").fill("https://shop.example/?from=cup#top")
    for number, label in enumerate(("Size", "Full name", "Shoe"), 1):
        page.get_by_role("button", name="Add field").click()
        expect(page.get_by_label(f"Label {number}")).to_be_focused()
        page.keyboard.type(label)
    page.get_by_role("button", name="Move Full name up").click()
    page.get_by_role("button", name="Remove Shoe").click()
    page.get_by_label("Type 2").select_option("choice")
    page.get_by_label("Answers to choose from, one a line 2").fill("S\nM")
    page.get_by_label("Required 2").uncheck()
    expect(page.get_by_text("40 days left")).to_be_visible()
    expect(preview(page)).to_contain_text("shop = Old Town")


def still_stands(page: Page) -> None:
    expect(page.get_by_label("Value 1")).to_have_value("250")
    expect(page.get_by_label("Value 2")).to_have_value("Old Town")
    expect(page.get_by_label("Code Prefix")).to_have_value("sun")
    expect(page.get_by_label("Expiry Date")).to_have_value(in_days(40))
    expect(page.get_by_label("Label 1")).to_have_value("Full name")
    expect(page.get_by_label("Answers to choose from, one a line 2")).to_have_value("S\nM")
    expect(page.get_by_label("Required 2")).not_to_be_checked()


def preview(page: Page) -> Locator:
    return page.get_by_role("complementary")


def url_of(page: Page) -> Locator:
    return preview(page).locator(".url")


def picture(page: Page) -> Locator:
    return preview(page).get_by_alt_text("Sample QR code")


def decodes_to_its_address(page: Page) -> str:
    return eventually(lambda: url if (url := url_of(page).inner_text()) == read_qr(picture(page)) else "")
