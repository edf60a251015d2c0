"""From a printed code to points: on a phone, in two taps, once, and in whatever language."""

import re
from collections.abc import Callable
from datetime import timedelta
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Page, expect

from loyalty_app.batches.fields import Field, FieldType
from loyalty_app.batches.models import Batch
from loyalty_app.core import times
from loyalty_app.redemptions.models import Redemption
from tests import builders, doors
from tests.journeys.conftest import PHONE, Shop, Watch, screenshot
from tests.journeys.server import Server

ASKED = (
    Field("Shoe size", FieldType.NUMBER),
    Field("Shop", FieldType.CHOICE, is_required=False, choices=("Centre", "Station")),
    Field("I am 16 or older", FieldType.AGREE),
)


@pytest.mark.requirement("S0-2", "S0-23")
def test_a_new_member_gets_points_in_two_taps(
    visit: Callable[..., Page], shop: Shop, server: Server, watch: Watch
) -> None:
    watch.forgiven += ["422 (Unprocessable"]
    phone = visit(None, code_of(batch(shop, fields=ASKED)), at=PHONE)
    taps = Taps(phone)
    expect(phone.get_by_role("heading", name="20 points")).to_be_visible()
    screenshot(phone, "redeem-new")

    phone.get_by_label("Shoe size").fill("large")
    phone.get_by_label("Shop").select_option("Station")
    phone.get_by_label("E-mail").fill("nina@example.com")
    phone.get_by_role("button", name="Send code").click()
    expect(phone.get_by_role("alert")).to_contain_text("Enter a number.")
    expect(phone.get_by_role("alert")).to_contain_text("Tick the box")
    screenshot(phone, "redeem-new-problems")
    phone.get_by_label("Shoe size").fill("42")
    phone.get_by_label("I am 16 or older").check()
    phone.get_by_label("Name").fill("Nina")

    taps.forget()
    taps.tap("Send code")
    expect(phone.get_by_role("heading", name="Enter the code")).to_be_visible()
    phone.reload()
    expect(phone.get_by_text("nina@example.com")).to_be_visible()
    screenshot(phone, "redeem-code", dark=False)
    phone.get_by_label("Code").fill(mailed(server, "nina@example.com"))
    taps.tap("Get 20 points")
    expect(phone.get_by_role("heading", name="+20 points")).to_be_visible()
    expect(phone.get_by_text("Your balance")).to_be_visible()
    screenshot(phone, "redeem-paid")
    assert taps.count == 2
    assert doors.rows(Redemption)[-1].answers == {"Shoe size": "42", "Shop": "Station", "I am 16 or older": "yes"}


def code_of(made: Batch, serial: int = 1) -> str:
    """Return where one of its codes leads, on the server."""
    there = urlsplit(builders.link(made, serial))
    return f"{there.path}?{there.query}"


def batch(shop: Shop, made: int = 3, *, age_in_days: int = 0, **changes: object) -> Batch:
    """Make a scan batch that pays 20 points a code."""
    del shop  # it opened the database
    return doors.change(builders.scan_batch, made, now=times.now() - timedelta(days=age_in_days), **changes)


def mailed(server: Server, address: str, nth: int = 1) -> str:
    """Return the code in a letter."""
    found = re.search(r"\b\d{8}\b", server.letter(address, nth))
    assert found
    return found.group()


class Taps:
    """Counts the buttons and links that a finger touches."""

    def __init__(self, page: Page) -> None:
        self.page, self.count = page, 0

    def tap(self, button: str) -> None:
        self.page.get_by_role("button", name=button).tap()
        self.count += 1

    def forget(self) -> None:
        self.count = 0
