"""Offers: made with a picture and in three languages, changed, and never a word broken."""

import io
from collections.abc import Callable

import pytest
from PIL import Image
from playwright.sync_api import FilePayload, Locator, Page, expect

from loyalty_app.offers.models import Offer
from tests import doors
from tests.journeys.conftest import PHONE, Shop, Watch, screenshot


def photograph(colour: str = "#8b5a2b", size: tuple[int, int] = (1600, 1200)) -> FilePayload:
    """Return a picture as somebody's file."""
    out = io.BytesIO()
    Image.new("RGB", size, colour).save(out, "JPEG")
    return {"name": "cup.jpg", "mimeType": "image/jpeg", "buffer": out.getvalue()}


def kept(page: Page) -> Locator:
    """Return the picture that the field shows."""
    return page.get_by_alt_text("The picture as it is kept")


def test_a_picture_is_uploaded_at_once_and_survives_a_reload(
    visit: Callable[..., Page], shop: Shop, watch: Watch
) -> None:
    watch.forgiven.append("422")
    desk = visit(shop.admin, "/admin/offers/new/")
    field = desk.get_by_label("Choose a picture")
    field.set_input_files({"name": "notes.txt", "mimeType": "text/plain", "buffer": b"no picture"})
    expect(desk.get_by_text("This is not a picture that can be read.")).to_be_visible()
    screenshot(desk, "offer-no-picture")

    field.set_input_files(photograph())
    expect(kept(desk)).to_be_visible()
    expect(desk.get_by_role("status").get_by_text("The picture is uploaded.")).to_be_attached()
    expect(desk.get_by_text("This is not a picture that can be read.")).to_have_count(0)
    desk.get_by_label("Reward").select_option("item")
    desk.get_by_label("Free item", exact=True).fill("One coffee, any size")
    screenshot(desk, "offer-picture")

    desk.reload()
    expect(kept(desk)).to_be_visible()
    expect(desk.get_by_label("Reward")).to_have_value("item")
    expect(desk.get_by_label("Free item", exact=True)).to_have_value("One coffee, any size")

    desk.get_by_role("button", name="Make offer").click()
    expect(desk.get_by_role("alert")).to_contain_text("Enter a title")
    expect(kept(desk)).to_be_visible()
    desk.get_by_role("button", name="Remove picture").click()
    expect(kept(desk)).to_have_count(0)
    expect(desk.get_by_label("Choose a picture")).to_be_focused()
    desk.reload()
    expect(desk.get_by_label("Free item", exact=True)).to_have_value("One coffee, any size")
    expect(kept(desk)).to_have_count(0)


def claim_page(visit: Callable[..., Page], shop: Shop, name: str) -> Page:
    """Return what a stranger sees behind the claim link of a batch."""
    batch = next(batch for batch in shop.batches() if batch.name == name)
    return visit(None, shop.claim_path(batch), at=PHONE)


@pytest.mark.requirement("S3-38")
def test_an_offer_is_made_with_a_picture_and_german_words_and_its_batch_keeps_them(
    visit: Callable[..., Page], shop: Shop
) -> None:
    desk = visit(shop.admin, "/admin/offers/new/")
    desk.get_by_label("Title", exact=True).fill("Birthday cake")
    desk.get_by_label("Description", exact=True).fill("One piece for you.")
    desk.get_by_label("Choose a picture").set_input_files(photograph())
    expect(kept(desk)).to_be_visible()
    desk.get_by_label("Reward").select_option("item")
    desk.get_by_label("Free item", exact=True).fill("One piece of cake")
    desk.get_by_text("German").first.click()
    expect(desk.get_by_text("When empty, members see: Birthday cake").first).to_be_visible()
    desk.get_by_label("Title in German").fill("Gratis-Kuchen")
    desk.get_by_text("Arabic").first.click()
    expect(desk.get_by_label("Title in Arabic")).to_have_attribute("dir", "rtl")
    desk.get_by_label("Title in Arabic").fill("كعكة مجانية")
    preview = desk.get_by_role("complementary", name="Preview")
    expect(preview.get_by_role("figure").filter(has_text="German")).to_contain_text("Gratis-Kuchen")
    expect(preview.get_by_role("figure").filter(has_text="Arabic")).to_contain_text("كعكة مجانية")
    expect(preview.get_by_role("figure").filter(has_text="English")).to_contain_text("One piece of cake")
    expect(preview.locator("img")).to_have_count(3)
    screenshot(desk, "offer-in-three-languages")

    desk.get_by_role("button", name="Make offer").click()
    expect(desk.get_by_role("status").or_(desk.locator(".notice"))).to_contain_text(["is made"])
    offer = next(offer for offer in doors.rows(Offer) if offer.title == "Birthday cake")
    assert offer.picture_id
    assert offer.translations == {"ar": {"title": "كعكة مجانية"}, "de-DE": {"title": "Gratis-Kuchen"}}
    shop.batch("Cake by mail", offer_id=str(offer.id))

    desk.goto(f"/admin/offers/{offer.id}")
    expect(desk.get_by_label("Title in German")).to_have_value("Gratis-Kuchen")
    desk.get_by_label("Title", exact=True).fill("Birthday pie")
    desk.get_by_label("Title in German").fill("Gratis-Torte")
    desk.get_by_role("button", name="Save offer").click()
    expect(desk.get_by_role("heading", name="Birthday pie", level=1)).to_be_visible()
    expect(desk.get_by_text("1 batch was made before this change and keeps its word.")).to_be_visible()
    expect(desk.get_by_role("link", name="Cake by mail")).to_be_visible()
    screenshot(desk, "offer-changed")

    phone = claim_page(visit, shop, "Cake by mail")
    expect(phone.get_by_role("heading", level=1)).to_have_text("Birthday cake")
    picture = phone.locator("img.offer-picture")
    expect(picture).to_have_attribute("width", "1200")
    assert picture.evaluate("one => one.decode().then(() => one.naturalWidth)") == 1200
    screenshot(phone, "claim-with-picture")


def test_two_who_change_one_offer_do_not_overwrite_each_other(visit: Callable[..., Page], shop: Shop) -> None:
    offer_id = shop.offer("Two cooks")
    ours, theirs = (visit(shop.admin, f"/admin/offers/{offer_id}") for _ in range(2))
    ours.get_by_label("Description", exact=True).fill("Ours.")
    theirs.get_by_label("Title", exact=True).fill("Theirs")
    theirs.get_by_role("button", name="Save offer").click()
    expect(theirs.get_by_text("The offer is saved.")).to_be_visible()

    ours.get_by_role("button", name="Save offer").click()
    told = ours.get_by_role("alert").filter(has_text="Somebody else changed this offer meanwhile")
    expect(told).to_contain_text("Theirs")
    expect(told).to_be_focused()
    expect(ours.get_by_label("Description", exact=True)).to_have_value("Ours.")
    screenshot(ours, "offer-changed-meanwhile")
    ours.get_by_role("button", name="Save offer").click()
    expect(ours.get_by_text("The offer is saved.")).to_be_visible()

    kept = next(offer for offer in doors.rows(Offer) if offer.id == int(offer_id))
    assert (kept.title, kept.description) == ("Two cooks", "Ours.")


def test_an_offer_is_found_cloned_and_deleted(visit: Callable[..., Page], shop: Shop) -> None:
    for number in range(13):
        shop.offer(f"Waffle {number:02}")
    desk = visit(shop.admin, "/admin/offers/")
    desk.get_by_label("Title, description or free item").fill("waffle")
    desk.get_by_label("Order").select_option("title")
    desk.get_by_role("button", name="Search").click()
    cards = desk.get_by_role("main").get_by_role("listitem")
    expect(cards).to_have_count(12)
    expect(cards.first).to_contain_text("Waffle 00")
    screenshot(desk, "offers-found")
    desk.get_by_role("link", name="Next page").click()
    expect(cards).to_have_count(1)
    desk.reload()
    expect(cards.first).to_contain_text("Waffle 12")
    expect(desk.get_by_label("Title, description or free item")).to_have_value("waffle")

    desk.get_by_role("link", name="Edit Waffle 12").click()
    desk.get_by_label("More actions").click()
    desk.get_by_role("button", name="Clone offer").click()
    expect(desk.get_by_role("heading", name="Copy of Waffle 12")).to_be_visible()
    desk.get_by_label("More actions").click()
    desk.get_by_role("button", name="Delete offer").click()
    dialog = desk.get_by_role("dialog")
    expect(dialog).to_contain_text("No batch was made of it.")
    expect(dialog.get_by_role("button", name="Keep offer")).to_be_focused()
    screenshot(desk, "offer-delete")
    dialog.get_by_role("button", name="Delete for good").click()
    expect(desk.get_by_text("Offer “Copy of Waffle 12” is deleted.")).to_be_visible()
    assert "Copy of Waffle 12" not in [offer.title for offer in doors.rows(Offer)]
