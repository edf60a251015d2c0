"""What a counter sees is seldom a clean drawing: small, worn, dark or turned, the scanner reads it all the same."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Browser, Page, expect

from loyalty_app.accounts.models import Account, Role
from loyalty_app.redemptions.models import Attempt
from loyalty_app.redemptions.rules import kept
from tests import doors
from tests.frames import Frame, frame
from tests.journeys.conftest import TABLET, Shop
from tests.journeys.server import eventually

HARD = {
    "15–30 % of the frame": 1.0,
    "60–90 % of the frame": 1.0,
    "on a screen": 0.9,
    "turned": 0.4,
    "tilted": 0.6,
    "curved": 0.5,
    "moved": 0.4,
    "blurred": 0.2,
    "inverted": 0.7,
    "low light": 0.6,
    "low contrast": 0.7,
    "glare": 0.6,
    "in the hand": 0.6,
}
"""How hard each kind is; of two in view neither would be tried."""
HELD = 1.2
"""Seconds."""


@pytest.mark.requirement("S2-6", "S2-7")
def test_what_is_small_dark_worn_or_turned_is_read_and_nothing_is_read_wrong(
    visit: Callable[..., Page], shop: Shop, show: Callable[..., Browser]
) -> None:
    shown = [frame(kind, hard) for kind, hard in HARD.items()]
    read = watch(visit, shop.account("Hanna Hard", Role.STAFF), show(*((one.jpeg, HELD) for one in shown)))

    eventually(lambda: not missed(shown, read()), lambda: f"not read: {missed(shown, read())}")
    assert read() <= {kept(text) for one in shown for text in one.texts}


def watch(visit: Callable[..., Page], staff: Account, browser: Browser) -> Callable[[], set[str]]:
    """Open a counter before a film of frames, and return what tells the texts it has read so far."""
    till = visit(staff, "/scan/", browser=browser, at=TABLET, permissions=["camera"])
    expect(till.locator("[data-camera=scanning]")).to_be_visible()
    return lambda: {attempt.text for attempt in doors.rows(Attempt) if attempt.account_id == staff.id}


def missed(shown: list[Frame], read: set[str]) -> list[str]:
    """Return the kinds of frames of which nothing was read."""
    return [one.kind for one in shown if not {kept(text) for text in one.texts} & read]
