"""A member reads everything in their language, from their side, and knows the end on their own clock."""

from collections.abc import Callable
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import Page, expect

from loyalty_app.core import times
from loyalty_app.core.languages import ARABIC, GERMAN
from tests.builders import WARSAW
from tests.journeys.conftest import DESK, PHONE, Shop, screenshot


def test_a_member_changes_the_language_and_everything_follows(visit: Callable[..., Page], shop: Shop) -> None:
    batch = shop.batch("Summer in three languages")
    phone = visit(shop.member("Layla Haddad"), f"/claim/{batch.claim_token}", at=PHONE, locale="ar-EG")
    expect(phone).to_have_url(f"{shop.server.url}/ar/claim/{batch.claim_token}")
    expect(phone.locator("html")).to_have_attribute("dir", "rtl")
    expect(phone.locator("html")).to_have_attribute("lang", "ar")
    expect(phone.get_by_role("button", name=ARABIC("Claim voucher"))).to_be_visible()
    screenshot(phone, "language-ar-claimable")

    phone.get_by_role("link", name="Deutsch").click()
    expect(phone).to_have_url(f"{shop.server.url}/de-de/claim/{batch.claim_token}")
    expect(phone.locator("html")).to_have_attribute("dir", "ltr")
    phone.get_by_role("button", name=GERMAN("Claim voucher")).click()
    expect(phone.get_by_role("heading", name=GERMAN("It is yours"))).to_be_visible()
    screenshot(phone, "language-de-claimed")

    phone.get_by_role("link", name="العربية").click()
    expect(phone.get_by_role("heading", name=ARABIC("You have this voucher"))).to_be_visible()
    for scheme in ("light", "dark"):
        phone.emulate_media(color_scheme=scheme)
        screenshot(phone, "language-ar-claimed", dark=scheme == "dark")


@pytest.mark.parametrize("zone", ["Pacific/Apia", "America/Los_Angeles", WARSAW])
def test_the_end_is_told_on_the_readers_own_clock(visit: Callable[..., Page], shop: Shop, zone: str) -> None:
    assert shop.server
    batch = shop.batch(f"Summer seen from {zone}")
    page = visit(None, shop.claim_path(batch), at=DESK, timezone_id=zone)
    shown = page.locator("time.reader-time")
    expect(page.get_by_text("valid through")).to_be_visible()
    program_end = datetime.fromisoformat(times.clock_end(batch.closes_at, shop_zone()))
    here = program_end.astimezone(ZoneInfo(zone))

    if here.utcoffset() == program_end.utcoffset():
        page.wait_for_load_state("networkidle")
        expect(shown).to_have_count(0)
    else:
        expect(shown).to_contain_text(f"{here:%H:%M} your time")
        if here.date() != program_end.date():
            expect(shown).to_contain_text(f"{here.day}")


def shop_zone() -> str:
    from loyalty_app.program import service as programs  # noqa: PLC0415
    from tests import doors  # noqa: PLC0415

    return doors.see(lambda session: programs.current(session).time_zone)
