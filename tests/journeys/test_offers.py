"""Offers: made with a picture and in three languages, changed, and never a word broken."""

import io
from collections.abc import Callable

from PIL import Image
from playwright.sync_api import FilePayload, Locator, Page, expect

from tests.journeys.conftest import Shop, Watch, screenshot


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
    desk.get_by_label("Free item").fill("One coffee, any size")
    screenshot(desk, "offer-picture")

    desk.reload()
    expect(kept(desk)).to_be_visible()
    expect(desk.get_by_label("Reward")).to_have_value("item")
    expect(desk.get_by_label("Free item")).to_have_value("One coffee, any size")

    desk.get_by_role("button", name="Make offer").click()
    expect(desk.get_by_role("alert")).to_contain_text("Enter a title")
    expect(kept(desk)).to_be_visible()
    desk.get_by_role("button", name="Remove picture").click()
    expect(kept(desk)).to_have_count(0)
    expect(desk.get_by_label("Choose a picture")).to_be_focused()
    desk.reload()
    expect(desk.get_by_label("Free item")).to_have_value("One coffee, any size")
    expect(kept(desk)).to_have_count(0)
