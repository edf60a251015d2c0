"""Manage batches of QR codes: the list, one batch, its codes, and what is taken away."""

import csv
import io
from collections.abc import Callable

import pytest
import zxingcpp
from PIL import Image
from playwright.sync_api import Locator, Page, expect

from loyalty_app.accounts.models import Role
from loyalty_app.batches.fields import Field
from loyalty_app.core import csvs, times
from loyalty_app.redemptions import service as redemptions
from tests import builders, doors
from tests.journeys.conftest import Shop, screenshot


def row(page: Page, name: str) -> Locator:
    """Return the row of a batch in the table."""
    return page.get_by_role("row").filter(has=page.get_by_role("link", name=name, exact=False))


def code(page: Page, serial: int) -> Locator:
    """Return the row of a code in the table."""
    return page.locator(f"tr[data-serial='{serial}']")


@pytest.mark.requirement("S0-14", "S0-16", "S0-17", "S0-18", "S0-19", "S0-20", "S0-21", "S0-22", "S0-29")
def test_a_batch_of_qr_codes_is_managed_from_the_list_to_a_single_code(visit: Callable[..., Page], shop: Shop) -> None:
    batch = shop.scan_batch("Managed cups", 5, prefix="MC")
    ana = shop.member("Ana Ruiz")
    desk = visit(shop.account("Marek Marketer", Role.MARKETER), "/admin/batches/scan/?q=managed")
    managed = row(desk, "Managed cups")
    expect(managed.locator("td.amount")).to_have_text(["5", "0", "5"])

    doors.change(redemptions.redeem_many, [redemptions.Ask(builders.link(batch, 1), ana, "")], now=times.now())
    expect(managed.locator("td.amount")).to_have_text(["5", "1", "4"])
    screenshot(desk, "scan-batches")
    desk.get_by_role("link", name="Used Codes").click()
    desk.wait_for_url("**sort=-used**")
    expect(desk.get_by_role("columnheader", name="Used Codes")).to_have_attribute("aria-sort", "descending")
    managed.get_by_role("link", name="View details of Managed cups").click()
    desk.wait_for_url(f"**/admin/batches/scan/{batch.id}")

    for title in ("Batch Information", "Sequence Details", "Activation Details"):
        expect(desk.get_by_role("heading", name=title)).to_be_visible()
    expect(code(desk, 1)).to_contain_text("Used")
    expect(code(desk, 1)).to_contain_text("Ana Ruiz")
    code(desk, 2).get_by_role("button", name="Disable code 2").click()
    expect(code(desk, 2)).to_contain_text("Disabled")
    expect(desk.get_by_text("1 code disabled.")).to_be_visible()

    desk.get_by_label("Select all on this page").click()
    expect(desk.get_by_text("5 selected")).to_be_visible()
    desk.get_by_role("button", name="Disable selected").click()
    expect(desk.get_by_text("3 codes disabled. 2 codes stayed as before.")).to_be_visible()
    desk.get_by_label("Actions for Managed cups").click()
    desk.get_by_role("button", name="Enable all codes").click()
    expect(desk.get_by_text("4 codes enabled.")).to_be_visible()
    expect(code(desk, 1)).to_contain_text("Used")
    expect(code(desk, 5)).to_contain_text("Active")
    expect(desk.get_by_text("enabled all codes")).to_be_visible()

    desk.get_by_label("Code, serial or member").fill("3")
    desk.get_by_label("Code, serial or member").press("Enter")
    desk.wait_for_url("**q=3**")
    code(desk, 3).get_by_role("button", name="View code 3").click()
    dialog = desk.get_by_role("dialog", name="One code")
    expect(dialog.get_by_text(builders.link(batch, 3))).to_be_visible()
    screenshot(desk, "scan-batch-code")
    with desk.expect_download() as taken:
        dialog.get_by_role("link", name="Download PNG").click()
    (found,) = zxingcpp.read_barcodes(Image.open(taken.value.path()))
    assert found.text == builders.link(batch, 3)
    assert taken.value.suggested_filename.startswith("Managed-cups-000003-")
    dialog.get_by_role("button", name="Close").click()

    with desk.expect_download() as taken:
        desk.get_by_role("link", name="Export CSV").first.click()
    text = taken.value.path().read_text(encoding="utf-8").removeprefix(csvs.BOM)
    lines = list(csv.DictReader(io.StringIO(text, newline="")))
    assert [line["url"] for line in lines] == [builders.link(batch, serial) for serial in range(1, 6)]
    assert [line["status"] for line in lines] == ["redeemed", "active", "active", "active", "active"]
    screenshot(desk, "scan-batch")


@pytest.mark.requirement("S0-21", "S0-23")
def test_a_used_code_says_by_whom_and_what_they_told(visit: Callable[..., Page], shop: Shop) -> None:
    batch, ana = shop.scan_batch("Asking cups", 2, fields=(Field("Shoe size"),)), shop.member("Ana Told")
    ask = redemptions.Ask(builders.link(batch, 1), ana, "", answers={"Shoe size": "42"})
    doors.change(redemptions.redeem_many, [ask], now=times.now())

    desk = visit(shop.account("Marek Marketer", Role.MARKETER), f"/admin/batches/scan/{batch.id}")
    desk.get_by_role("button", name="View code 1").click()
    used = desk.get_by_role("dialog", name="One code")
    expect(used.get_by_text("This code is used. Nobody can redeem it again.")).to_be_visible()
    expect(used.locator("dl")).to_contain_text("MemberAna ToldShoe size42")
    screenshot(desk, "scan-batch-code-used")

    desk.goto("/admin/members/?q=Ana+Told")
    desk.get_by_role("link", name="Ana Told").click()
    expect(desk.get_by_text("Shoe size: 42")).to_be_visible()
    screenshot(desk, "member-told")


def test_all_codes_are_disabled_only_after_the_numbers_are_told(visit: Callable[..., Page], shop: Shop) -> None:
    shop.scan_batch("Recalled boxes", 3)
    desk = visit(shop.account("Marek Marketer", Role.MARKETER), "/admin/batches/scan/?q=recalled")
    desk.get_by_label("Actions for Recalled boxes").click()
    desk.get_by_role("button", name="Disable all codes").click()
    dialog = desk.get_by_role("dialog", name="Disable all codes")
    expect(dialog).to_contain_text("Disable all 3 active codes of “Recalled boxes”?")
    screenshot(desk, "scan-batch-disable")

    dialog.get_by_role("button", name="Disable all codes").click()
    expect(row(desk, "Recalled boxes").locator("td.amount")).to_have_text(["3", "0", "0"])
    expect(row(desk, "Recalled boxes")).to_contain_text("All disabled")


def test_a_batch_is_always_shown_on_the_page_of_its_kind(visit: Callable[..., Page], shop: Shop) -> None:
    printed = shop.scan_batch("Printed kind", 1)
    claimed = shop.batch("Claimed kind", made=1)
    desk = visit(shop.account("Wiktor Viewer", Role.VIEWER), f"/admin/batches/{printed.id}")
    desk.wait_for_url(f"**/admin/batches/scan/{printed.id}")
    expect(desk.get_by_role("heading", name="Printed kind")).to_be_visible()
    expect(desk.get_by_role("button", name="View code 1")).to_have_count(0)

    desk.goto(f"/admin/batches/scan/{claimed.id}")
    desk.wait_for_url(f"**/admin/batches/{claimed.id}")
    expect(desk.get_by_role("heading", name="Claimed kind")).to_be_visible()


def test_a_deleted_batch_leads_back_to_the_list(visit: Callable[..., Page], shop: Shop) -> None:
    batch = shop.scan_batch("Doomed cups", 2)
    desk = visit(shop.account("Marek Marketer", Role.MARKETER), f"/admin/batches/scan/{batch.id}")
    desk.get_by_label("Actions for Doomed cups").click()
    desk.get_by_role("button", name="Delete batch").click()
    dialog = desk.get_by_role("dialog", name="Delete batch")
    expect(dialog).to_contain_text("2 QR codes will be permanently deleted.")
    expect(dialog).to_contain_text("pausing stops redemptions")
    dialog.get_by_role("button", name="Pause and go on").click()
    dialog.get_by_label("Type the name of the batch to delete it").fill("Doomed cups")
    dialog.get_by_role("button", name="Confirm").click()

    desk.wait_for_url("**/admin/batches/scan/")
    expect(desk.get_by_text("The batch and its QR codes are deleted.")).to_be_visible()
