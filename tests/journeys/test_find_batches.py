"""Find a batch among many, share its link, make another, and give one another name."""

import base64
import io
from collections.abc import Callable

import pytest
import zxingcpp
from PIL import Image
from playwright.sync_api import Page, expect

from loyalty_app.accounts.models import Role
from loyalty_app.batches.models import Channel
from tests.journeys.conftest import PHONE, Shop, card, in_days, screenshot

LEAST_PIXELS = 1024


@pytest.mark.requirement("S3-2")
def test_what_is_searched_stands_in_the_address_and_survives_reload_back_and_forward(
    visit: Callable[..., Page], shop: Shop
) -> None:
    offer = shop.offer("Found tea")
    for name, channel in (("Found in the mail", "email"), ("Found in the shop", "in_store")):
        shop.batch(name, made=2, channel=channel, offer_id=offer)
    shop.pause(shop.batch("Found and paused", made=2, channel="email", offer_id=offer))
    desk = visit(shop.account("Wiktor Viewer", Role.VIEWER), f"/admin/batches/?offer={offer}")
    expect(desk.get_by_text("3 batches fit.")).to_be_visible()
    expect(desk.get_by_role("link", name="Show batches of other offers than Found tea too")).to_be_visible()

    desk.get_by_label("Search by name").fill("found")
    desk.get_by_label("Search by name").press("Enter")
    desk.wait_for_url("**q=found**")
    desk.get_by_label("Channel").focus()
    desk.get_by_label("Channel").select_option(label="Email")
    expect(desk.get_by_text("2 batches fit.")).to_be_visible()
    expect(desk.get_by_label("Channel")).to_be_focused()
    desk.get_by_label("Status").select_option(label="Paused")
    expect(desk.get_by_text("1 batch fits.")).to_be_visible()
    expect(card(desk, "Found and paused")).to_contain_text("Email")
    desk.get_by_label("Sort by").select_option(label="Name")
    desk.wait_for_url("**sort=name**")
    assert all(part in desk.url for part in ("q=found", "channel=email", "status=paused", f"offer={offer}"))

    desk.reload()
    expect(desk.get_by_text("1 batch fits.")).to_be_visible()
    expect(desk.get_by_label("Search by name")).to_have_value("found")
    expect(desk.get_by_label("Status")).to_have_value("paused")
    desk.go_back()
    desk.go_back()
    expect(desk.get_by_text("2 batches fit.")).to_be_visible()
    expect(desk.get_by_label("Status")).to_have_value("")
    expect(desk.get_by_label("Channel")).to_have_value("email")
    desk.go_forward()
    expect(desk.get_by_text("1 batch fits.")).to_be_visible()
    expect(desk.get_by_label("Status")).to_have_value("paused")

    desk.get_by_label("Search by name").fill("no such name")
    desk.get_by_role("button", name="Search").click()
    expect(desk.get_by_role("heading", name="No batch fits")).to_be_visible()
    screenshot(desk, "batches-none-fit")
    desk.get_by_role("link", name="Show all batches").last.click()
    expect(card(desk, "Found in the shop")).to_be_visible()
    assert desk.url.endswith("/admin/batches/")


def test_a_filtered_dashboard_stays_live(visit: Callable[..., Page], shop: Shop) -> None:
    batch = shop.batch("Watched while filtered", made=2)
    desk = visit(shop.account("Wiktor Viewer", Role.VIEWER), "/admin/batches/?q=watched+while&status=active")
    expect(desk.get_by_text("1 batch fits.")).to_be_visible()

    shop.pause(batch)
    expect(desk.get_by_role("heading", name="No batch fits")).to_be_visible()


@pytest.mark.requirement("S3-8", "S3-9", "S3-10", "S3-11", "S3-33")
def test_a_link_is_shared_as_text_picture_and_page(visit: Callable[..., Page], shop: Shop) -> None:
    batch = shop.batch("Shared poster", made=2)
    desk = visit(shop.account("Wiktor Viewer", Role.VIEWER), "/admin/batches/?q=shared+poster")
    desk.context.grant_permissions(["clipboard-read", "clipboard-write"])
    desk.get_by_role("button", name="Share Shared poster").click()
    dialog = desk.get_by_role("dialog", name="Share batch")
    link = f"{shop.server.url}{shop.claim_path(batch)}"
    expect(dialog.get_by_text(link, exact=True)).to_be_visible()

    dialog.get_by_role("button", name="Copy Link", exact=True).click()
    expect(dialog.get_by_role("button", name="Copied")).to_be_visible()
    assert desk.evaluate("navigator.clipboard.readText()") == link

    with desk.expect_download() as taken:
        dialog.get_by_role("link", name="Download QR", exact=True).click()
    assert taken.value.suggested_filename == "Shared-poster-claim-qr.png"
    image = Image.open(taken.value.path())
    assert image.width == image.height >= LEAST_PIXELS
    assert [found.text for found in zxingcpp.read_barcodes(image)] == [link]

    with desk.expect_download() as taken:
        dialog.get_by_role("link", name="Download SVG", exact=True).click()
    assert taken.value.suggested_filename == "Shared-poster-claim-qr.svg"
    assert read_svg(visit(None), taken.value.path().read_bytes()) == [link]

    expect(dialog).to_contain_text("The QR code is drawn from exactly this link, and the link leads to this batch.")
    expect(dialog).to_contain_text("The claim page is open: members can claim now.")
    expect(dialog).to_contain_text("only this computer knows")
    dialog.get_by_text("Does the download not start?").click()
    expect(dialog.get_by_text("Try another browser.")).to_be_visible()
    screenshot(desk, "batches-share")
    with desk.context.expect_page() as opened:
        dialog.get_by_role("link", name="Visit Page", exact=True).click()
    expect(opened.value).to_have_url(link)


@pytest.mark.requirement("S3-37")
def test_a_new_batch_says_what_it_will_promise_and_how_many_to_make(visit: Callable[..., Page], shop: Shop) -> None:
    offer = shop.offer("Promised cake", reward_kind="percent", reward_value="20", valid_days="14")
    desk = visit(shop.account("Marek Marketer", Role.MARKETER), f"/admin/batches/new/?offer={offer}")
    promised = desk.get_by_role("list", name="What the offer promises")
    expect(promised).to_contain_text("20% off")
    expect(promised).to_contain_text("Valid 14 days after the claim")
    expect(promised).to_contain_text("Speaks English")

    desk.get_by_label("Name", exact=True).fill("Advised mailing")
    desk.get_by_label("Channel").select_option(label="Email")
    desk.get_by_label("Expected members").fill("200")
    expect(desk.get_by_text("You expect 200 members? Make 300 to 400.")).to_be_visible()
    expect(desk.get_by_label("Quantity")).to_have_value("500")
    desk.get_by_role("button", name="Use 300").click()
    expect(desk.get_by_label("Quantity")).to_have_value("300")
    desk.get_by_label("Quantity").fill("310")
    desk.get_by_label("Expiry date").fill(in_days(1))
    expect(desk.get_by_text("1 day left.")).to_be_visible()
    screenshot(desk, "batch-new-filled")
    desk.get_by_role("button", name="Make batch").click()
    expect(card(desk, "Advised mailing")).to_contain_text("Email")
    (made,) = [batch for batch in shop.batches() if batch.name == "Advised mailing"]
    assert (made.total, made.channel) == (310, Channel.EMAIL)


def test_a_batch_gets_another_name_and_channel(visit: Callable[..., Page], shop: Shop) -> None:
    shop.batch("Misnamed", made=2)
    desk = visit(shop.account("Marek Marketer", Role.MARKETER), "/admin/batches/?q=misnamed", at=PHONE)
    card(desk, "Misnamed").get_by_label("Actions for Misnamed").click()
    desk.get_by_role("link", name="Name and channel of Misnamed").click()

    expect(desk.get_by_role("heading", name="Name and channel", exact=True)).to_be_visible()
    desk.get_by_label("Name").fill("")
    desk.get_by_role("button", name="Save name and channel").click()
    expect(desk.get_by_role("alert")).to_contain_text("Give the batch a name")
    desk.get_by_label("Name").fill("Well named")
    desk.get_by_label("Channel").select_option(label="Social media")
    desk.get_by_role("button", name="Save name and channel").click()
    expect(card(desk, "Well named")).to_contain_text("Social media")


def read_svg(page: Page, svg: bytes) -> list[str]:
    """Let a browser draw the picture, and read the code in it."""
    page.set_content(f'<img width="600" src="data:image/svg+xml;base64,{base64.b64encode(svg).decode()}">')
    seen = Image.open(io.BytesIO(page.locator("img").screenshot()))
    return [found.text for found in zxingcpp.read_barcodes(seen)]
