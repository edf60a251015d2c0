"""The codes of a batch are taken away: as pictures, and as labels to print."""

import csv
import io
import zipfile
from collections.abc import Callable

import pypdfium2
import pytest
import zxingcpp
from PIL import Image
from playwright.sync_api import Download, Locator, Page, expect

from loyalty_app.accounts.models import Role
from loyalty_app.batches import service as batches
from tests.journeys.conftest import PHONE, Shop, screenshot


def file(page: Page, name: str) -> Locator:
    """Return the row of a prepared file."""
    return page.get_by_role("listitem").filter(has=page.get_by_role("heading", name=name))


def taken(page: Page, row: Locator) -> Download:
    """Wait until a file is ready, and take it away."""
    link = row.get_by_role("link", name="Download")
    expect(link).to_be_visible(timeout=120_000)
    with page.expect_download() as download:
        link.click()
    return download.value


@pytest.mark.requirement("S0-13", "S0-15")
def test_pictures_are_prepared_behind_a_bar_and_taken_away(visit: Callable[..., Page], shop: Shop) -> None:
    batch = shop.scan_batch("Spring cups", made=4000, prefix="CUP")
    page = visit(shop.account("Marek Marketer", Role.MARKETER), f"/admin/batches/scan/{batch.id}/downloads")
    expect(page.get_by_text("4,000 PNG pictures and a list of them, in one ZIP.")).to_be_visible()
    expect(page.get_by_text("None yet.")).to_be_visible()
    expect(page.get_by_role("link", name="Export CSV")).to_have_attribute(
        "href", f"/api/v1/batches/{batch.id}/codes.csv"
    )

    page.get_by_label("Last serial").fill("3500")
    page.get_by_label("Pixels").fill("300")
    expect(page.get_by_text("3,500 PNG pictures and a list of them, in one ZIP.")).to_be_visible()
    page.get_by_role("button", name="Prepare file").click()
    row = file(page, "Spring-cups-1-3500-png.zip")
    expect(row.get_by_role("progressbar").or_(row.get_by_role("link", name="Download"))).to_be_visible()
    page.reload()
    expect(page.get_by_label("Last serial")).to_have_value("3500")
    download = taken(page, row)

    expect(row.get_by_text("kept until")).to_be_visible()
    assert download.suggested_filename == "Spring-cups-1-3500-png.zip"
    with zipfile.ZipFile(download.path()) as pack:
        rows = list(csv.DictReader(io.StringIO(pack.read("manifest.csv").decode("utf-8-sig"))))
        assert len(rows) == 3500
        for one in (rows[0], rows[1700], rows[-1]):
            assert zxingcpp.read_barcode(Image.open(pack.open(one["file"]))).text == one["url"]
    screenshot(page, "downloads")
    row.get_by_role("button", name="Delete").click()
    expect(page.get_by_text("None yet.")).to_be_visible()
    page.get_by_role("link", name="Back to batch").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Spring cups")
    page.get_by_role("link", name="Downloads").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Downloads")


@pytest.mark.requirement("S0-14")
def test_labels_are_seen_before_they_are_printed(visit: Callable[..., Page], shop: Shop) -> None:
    batch = shop.scan_batch("Label cups", made=30)
    page = visit(shop.admin, f"/admin/batches/scan/{batch.id}/downloads")
    page.get_by_label("What to prepare").select_option("labels")
    sheet = page.get_by_role("img", name="The first sheet as it will be printed")
    expect(sheet).to_be_visible()
    expect(page.get_by_text("30 labels on 2 sheets. One PDF.")).to_be_visible()

    page.get_by_label("Label format").select_option("grid")
    page.get_by_label("Label width").fill("90")
    expect(page.get_by_text("the paper is 210.0 mm wide")).to_be_visible()
    page.get_by_role("button", name="Prepare file").click()
    expect(page.get_by_role("alert").get_by_role("link", name="the paper is 210.0 mm wide")).to_be_visible()
    page.get_by_label("Label width").fill("20")
    page.get_by_label("Label height").fill("15")
    expect(page.get_by_text("many phones cannot read them")).to_be_visible()
    page.get_by_label("Label format").select_option("l7160")
    page.get_by_label("First line").fill("Café Aurora")
    page.get_by_label("Start at label").fill("21")
    expect(page.get_by_text("30 labels on 3 sheets. One PDF.")).to_be_visible()
    page.reload()
    expect(page.get_by_text("30 labels on 3 sheets. One PDF.")).to_be_visible()
    expect(page.get_by_label("First line")).to_have_value("Café Aurora")
    expect(sheet).to_be_visible()

    screenshot(page, "downloads-labels")
    page.emulate_media(color_scheme="dark")
    page.set_viewport_size({"width": 820, "height": 1180})
    screenshot(page, "downloads-labels", dark=True)
    page.emulate_media(color_scheme="light")
    page.set_viewport_size(PHONE["viewport"])
    screenshot(page, "downloads-labels")
    page.get_by_role("button", name="Prepare file").click()
    download = taken(page, file(page, "Label-cups-labels.pdf"))

    document = pypdfium2.PdfDocument(download.path())
    drawn = [document[number].render(scale=300 / 72).to_pil() for number in range(len(document))]
    found = [one.text for page in drawn for one in zxingcpp.read_barcodes(page, formats=zxingcpp.BarcodeFormat.QRCode)]
    assert sorted(found) == sorted(map(batches.links(batch), range(1, 31)))
    assert "Café Aurora" in document[0].get_textpage().get_text_bounded()


def test_vouchers_have_no_pictures_of_their_own(visit: Callable[..., Page], shop: Shop) -> None:
    batch = shop.batch("Voucher mail", made=3)
    page = visit(shop.admin, f"/admin/batches/scan/{batch.id}/downloads")

    expect(page.get_by_role("heading", name="No pictures or labels of this batch")).to_be_visible()
    expect(page.get_by_role("link", name="Export CSV")).to_be_visible()
    screenshot(page, "downloads-refused")
