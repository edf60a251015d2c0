"""The connection drops at the counter: scanning goes on, nothing is lost, nothing is redeemed twice."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from loyalty_app.accounts.models import Account, Role
from loyalty_app.accounts.service import actor_for
from loyalty_app.codes import alphabet
from loyalty_app.core import times
from loyalty_app.core.reasons import Reason
from loyalty_app.redemptions import service as redemptions
from loyalty_app.redemptions.models import Attempt, Redemption
from tests import doors
from tests.journeys.conftest import TABLET, Shop, Watch, screenshot
from tests.journeys.server import Server, served

LOUD = [
    "ERR_INTERNET_DISCONNECTED",
    "ERR_CONNECTION_REFUSED",
    "ERR_CONNECTION_RESET",
    "ERR_EMPTY_RESPONSE",
    "ERR_FAILED",
    "WebSocket connection to",
]
"""What a browser itself writes to its console when there is no network; nobody at a counter reads that."""


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    """Serve a program of its own, because one of these journeys stops it."""
    with served(tmp_path) as running:
        yield running


@pytest.fixture
def kasia(shop: Shop) -> Account:
    """Return somebody who works at the till."""
    return shop.account("Kasia Till", Role.STAFF)


@pytest.fixture
def till(visit: Callable[..., Page], kasia: Account, watch: Watch) -> Callable[[], Page]:
    """Return what opens a counter, once its list is there and its page is kept."""
    watch.forgiven += LOUD

    def open_till() -> Page:
        page = visit(kasia, at=TABLET)
        with page.expect_response("**/counter/snapshot"):
            page.goto("/scan/")
        expect(page.get_by_label("Type a code")).to_be_visible()
        page.wait_for_function(IS_KEPT)
        return page

    return open_till


IS_KEPT = """async () => {
    const names = await caches.keys();
    return names.length === 1 && (await (await caches.open(names[0])).keys()).length > 10;
}"""


@pytest.mark.requirement("S2-12", "S2-16")
def test_ten_scans_without_a_network_and_one_of_them_lost_to_another_till(
    till: Callable[[], Page], shop: Shop, kasia: Account
) -> None:
    batch = shop.batch("Ten cups", made=12)
    codes = [shop.claimed(batch, shop.member(f"Guest {number}")) for number in range(10)]
    page = till()
    page.context.set_offline(True)
    expect(page.get_by_text("No connection.")).to_be_visible()

    for code in codes[:6]:
        scan(page, code)
        expect_answer(page, "Provisional", "One coffee", "not confirmed yet")
    expect(page.get_by_text("6 not sent yet")).to_be_visible()
    screenshot(page, "scan-provisional")
    scan(page, codes[2])
    expect_answer(page, "Scanned before", "Scanned here at", "not confirmed yet")
    for text, headline in (("no!", "Not a voucher"), ("NEVER-MADE-23", "Not in the list")):
        scan(page, text)
        expect_answer(page, headline)
    screenshot(page, "scan-not-in-the-list")
    expect(page.get_by_text("6 not sent yet")).to_be_visible()

    page.reload()  # while there is no network
    expect(page.get_by_text("6 not sent yet")).to_be_visible()
    for code in codes[6:]:
        scan(page, code)
        expect_answer(page, "Provisional")
    tomek = actor_for(shop.account("Tomek Elsewhere", Role.STAFF))
    doors.change(redemptions.redeem_many, [redemptions.Ask(codes[4], tomek)], now=times.now())

    page.context.set_offline(False)
    expect(page.get_by_text("9 confirmed, 1 conflict")).to_be_visible()
    expect(page.get_by_text(re.compile(r"^\d+ not sent yet$"))).to_have_count(0)
    page.get_by_role("button", name="See it").click()
    board = page.get_by_role("dialog")
    expect(board).to_contain_text("by Tomek Elsewhere")
    expect(board).to_contain_text("by Kasia Till, provisional")
    screenshot(page, "scan-conflicts")
    redeemed = doors.rows(Redemption)
    assert sorted(row.code_text for row in redeemed) == sorted(alphabet.normal(code) for code in codes)
    assert [row.account_id for row in redeemed].count(kasia.id) == 9
    reasons = [attempt.reason for attempt in doors.rows(Attempt)]
    assert (reasons.count(None), reasons.count(Reason.CONFLICT_OFFLINE), len(reasons)) == (10, 1, 11)

    board.get_by_role("button", name="Put aside").click()
    expect(board).to_have_count(0)
    page.get_by_role("button", name="OK").click()
    expect(page.get_by_text("9 confirmed")).to_have_count(0)
    scan(page, codes[0])
    expect_answer(page, "Already redeemed")


def scan(page: Page, text: str) -> None:
    page.get_by_label("Type a code").fill(text)
    page.get_by_label("Type a code").press("Enter")


def expect_answer(page: Page, headline: str, *words: str) -> None:
    answer = page.get_by_role("region", name="Answer")
    expect(answer.get_by_role("heading", name=headline)).to_be_visible()
    for part in words:
        expect(answer).to_contain_text(part)
