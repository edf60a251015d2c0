"""The connection drops at the counter: scanning goes on, nothing is lost, nothing is redeemed twice."""

import os
import re
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from playwright.sync_api import Page, expect

from loyalty_app.accounts import service as accounts
from loyalty_app.accounts.models import Account, Role
from loyalty_app.accounts.service import actor_for
from loyalty_app.codes import alphabet
from loyalty_app.core import times
from loyalty_app.core.reasons import Reason
from loyalty_app.places import service as places
from loyalty_app.places.models import Device
from loyalty_app.redemptions import service as redemptions
from loyalty_app.redemptions.models import Attempt, Redemption, RedemptionStatus
from loyalty_app.ui.shield import COOKIE
from tests import builders, doors
from tests.journeys.conftest import SCREENSHOTS, TABLET, Shop, Watch, screenshot
from tests.journeys.server import Server
from tests.journeys.till import beam

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
def kasia(shop: Shop) -> Account:
    """Return somebody who works at the till."""
    return shop.account("Kasia Till", Role.STAFF)


@pytest.fixture
def made(shop: Shop) -> Callable[[type], list]:
    """Return what returns the rows of a table that this journey made."""
    del shop  # it opened the database
    before = {table: len(doors.rows(table)) for table in (Redemption, Attempt)}
    return lambda table: doors.rows(table)[before[table] :]


@pytest.fixture
def till(visit: Callable[..., Page], kasia: Account, watch: Watch) -> Callable[..., Page]:
    """Return what opens a counter, once its list is there; and its page is kept, if it will be loaded again."""
    watch.forgiven += LOUD

    def open_till(by: Account = kasia, *, is_kept: bool = False) -> Page:
        page = visit(by, at=TABLET)
        with page.expect_response("**/counter/snapshot"):
            page.goto("/scan/")
        expect(page.get_by_label("Type a code")).to_be_visible()
        page.wait_for_function(LIST_AT)
        if is_kept:
            page.wait_for_function(IS_KEPT)
        return page

    return open_till


IN_THE_MIDDLE = """(words) => {
    const seen = document.elementFromPoint(innerWidth / 2, innerHeight / 2)?.closest(".counter-answer");
    return Boolean(seen) && words.every((some) => seen.innerText.includes(some));
}"""
"""What lies over everything else, and is seen."""

SHOWN = 10_000
"""Milliseconds after which a kiosk shows no answer any more."""
NOTHING_IN_THE_MIDDLE = "() => !document.elementFromPoint(innerWidth / 2, innerHeight / 2).closest('.counter-answer')"

IS_KEPT = """async () => {
    const names = await caches.keys();
    if (names.length !== 1) return false;
    const kept = new Set((await (await caches.open(names[0])).keys()).map((one) => new URL(one.url).pathname));
    const loaded = performance.getEntriesByType("resource").map((one) => new URL(one.name).pathname);
    const needed = loaded.filter((path) => /^\\/(assets|css|external)\\/.*\\.(js|css)$/.test(path));
    return kept.size > 10 && needed.every((path) => kept.has(path));
}"""
"""What was loaded late is kept some seconds later, and a reload without a connection needs that too."""

KEEP_TWICE = """async () => {
    const { active } = await navigator.serviceWorker.ready;
    const loaded = performance.getEntriesByType("resource").map((one) => new URL(one.name));
    const keep = loaded.filter((one) => one.origin === location.origin).map((one) => one.pathname);
    const before = await caches.keys();
    active.postMessage({ keep });
    await new Promise((done) => setTimeout(done, 3)); // as two tabs do it that are opened at once
    active.postMessage({ keep });
    return before[0];
}"""

KEPT_PATHS = """async () => {
    const [name] = await caches.keys();
    return (await (await caches.open(name)).keys()).map((one) => new URL(one.url).pathname);
}"""


@pytest.mark.requirement("S2-12", "S2-16")
def test_ten_scans_without_a_network_and_one_of_them_lost_to_another_till(
    till: Callable[..., Page], shop: Shop, kasia: Account, made: Callable[[type], list]
) -> None:
    batch = shop.batch("Ten cups", made=12)
    codes = [shop.claimed(batch, shop.member(f"Guest {number}")) for number in range(10)]
    page = till(is_kept=True)
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

    other = page.context.new_page()  # another tab of the same tablet
    other.goto("/scan/")
    expect(other.get_by_text("6 not sent yet")).to_be_visible()
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
    expect(other.get_by_text("9 confirmed, 1 conflict")).to_be_visible()
    assert not [path for path in page.evaluate(KEPT_PATHS) if not path.startswith(("/scan/", "/assets/", "/css/"))]
    page.get_by_role("button", name="See it").click()
    board = page.get_by_role("dialog")
    expect(board).to_contain_text("by Tomek Elsewhere")
    expect(board).to_contain_text("by Kasia Till, provisional")
    screenshot(page, "scan-conflicts")
    redeemed = made(Redemption)
    assert sorted(row.code_text for row in redeemed) == sorted(alphabet.normal(code) for code in codes)
    assert [row.account_id for row in redeemed].count(kasia.id) == 9
    reasons = [attempt.reason for attempt in made(Attempt)]
    assert (reasons.count(None), reasons.count(Reason.CONFLICT_OFFLINE), len(reasons)) == (10, 1, 11)

    board.get_by_role("button", name="Put aside").click()
    expect(board).to_have_count(0)
    page.get_by_role("button", name="OK").click()
    expect(page.get_by_text("9 confirmed")).to_have_count(0)
    scan(page, codes[0])
    expect_answer(page, "Already redeemed")


@pytest.mark.requirement("S2-12", "S2-18")
def test_the_server_goes_away_and_comes_back_and_nobody_reads_an_error(
    till: Callable[..., Page], shop: Shop, server: Server, made: Callable[[type], list]
) -> None:
    batch = shop.batch("Cups in the cellar", made=5)
    first, second, third = (shop.claimed(batch, shop.member(f"Cellar {number}")) for number in range(3))
    page = till()
    with page.expect_response("**/counter/snapshot"):
        page.reload()
    scan(page, first)
    expect_answer(page, "Accepted")

    server.kill()
    expect(page.get_by_text("No connection.")).to_be_visible()
    for code in (second, third):
        scan(page, code)
        expect_answer(page, "Provisional")
    scan(page, first)  # accepted a minute ago, which the list cannot know
    expect_answer(page, "Already redeemed", "Redeemed here at")
    said = page.locator("body").inner_text().lower()
    assert not [word for word in ("error", "failed", "fetch", "undefined", "timeout", "null") if word in said]

    page.get_by_role("button", name="Sign out").click()
    leaving = page.get_by_role("dialog", name="2 scans not sent yet")
    expect(leaving).to_be_visible()
    expect(leaving).to_contain_text("Without it nobody can sign out")
    screenshot(page, "scan-leaving")
    leaving.get_by_role("button", name="Stay signed in").click()
    expect(page.get_by_text("2 not sent yet", exact=True)).to_be_visible()

    server.start()
    expect(page.get_by_text("2 confirmed")).to_be_visible()
    expect(page.get_by_text("No connection.")).to_have_count(0)
    assert [row.code_text for row in made(Redemption)] == [alphabet.normal(one) for one in (first, second, third)]
    assert [attempt.reason for attempt in made(Attempt)] == [None] * 3


def test_a_shift_that_ends_without_a_connection_leaves_its_scans_to_the_next(
    till: Callable[..., Page], shop: Shop, watch: Watch, made: Callable[[type], list]
) -> None:
    watch.forgiven += ["status of 401"]  # the browser's own line about a session that is over
    code = shop.claimed(shop.batch("Late cups", made=2), shop.member("Late Guest"))
    page = till()
    page.context.set_offline(True)
    scan(page, code)
    expect_answer(page, "Provisional")
    tomek = shop.sign_in(shop.account("Tomek Next", Role.STAFF))
    page.context.clear_cookies()  # the session of whoever scanned is over
    page.context.set_offline(False)
    expect(page.get_by_role("link", name="Sign in to send 1 scan")).to_be_visible()
    screenshot(page, "scan-sign-in-to-send")
    assert made(Redemption) == []

    page.context.add_cookies([{"name": COOKIE, "value": tomek, "url": shop.server.url, "httpOnly": True}])
    page.goto("/scan/")
    expect(page.get_by_text("1 confirmed")).to_be_visible()
    (row,) = made(Redemption)
    assert row.scanned_at
    assert row.scanned_at < row.at


def test_what_nobody_can_read_is_put_aside_and_holds_up_no_other(
    till: Callable[..., Page], shop: Shop, watch: Watch, made: Callable[[type], list]
) -> None:
    watch.forgiven += ["status of 422"]  # the browser's own line about what it sent
    batch = shop.batch("Odd cups", made=3)
    first, second = (shop.claimed(batch, shop.member(f"Odd {number}")) for number in range(2))
    page = till(is_kept=True)
    page.context.set_offline(True)
    for code in (first, second):
        scan(page, code)
        expect_answer(page, "Provisional")
    page.evaluate(SPOIL_ONE)
    page.reload()
    page.context.set_offline(False)
    expect(page.get_by_text("1 confirmed, 1 refused")).to_be_visible()
    assert len(made(Redemption)) == 1
    assert "Odd 0" not in page.evaluate(KEPT_SCANS)
    assert "Odd 1" not in page.evaluate(KEPT_SCANS)


SPOIL_ONE = """() => new Promise((resolve) => {
    const request = indexedDB.open("counter", 1);
    request.onsuccess = () => {
        const change = request.result.transaction("scans", "readwrite");
        const scans = change.objectStore("scans");
        scans.getAll().onsuccess = ({ target }) => scans.put({ ...target.result[0], amount: "much" });
        change.oncomplete = resolve;
    };
})"""

KEPT_SCANS = """() => new Promise((resolve) => {
    const request = indexedDB.open("counter", 1);
    request.onsuccess = () => {
        request.result.transaction("scans").objectStore("scans").getAll().onsuccess = ({ target }) =>
            resolve(JSON.stringify(target.result));
    };
})"""


def test_the_basket_is_asked_for_without_a_connection_too(
    till: Callable[..., Page], shop: Shop, made: Callable[[type], list]
) -> None:
    promise = shop.offer("Large basket", minimum_purchase="20")
    batch = shop.batch("Large baskets", made=3, offer_id=promise)
    small, large = (shop.claimed(batch, shop.member(f"Basket {number}")) for number in range(2))
    page = till()
    page.context.set_offline(True)
    scan(page, small)
    tell_basket(page, "twenty")
    expect(page.get_by_text("for example 5 or 4.50")).to_be_visible()
    tell_basket(page, "19,99")
    expect_answer(page, "Basket too small")
    scan(page, large)
    screenshot(page, "scan-basket-alone")
    tell_basket(page, "20")
    expect_answer(page, "Provisional")
    page.context.set_offline(False)
    expect(page.get_by_text("1 confirmed")).to_be_visible()
    assert [(row.code_text, row.amount) for row in made(Redemption)] == [(alphabet.normal(large), 2000)]


@pytest.mark.requirement("S2-11", "S2-18")
def test_before_a_kiosk_without_a_network_nothing_looks_redeemed_that_is_not(
    till: Callable[..., Page], shop: Shop, made: Callable[[type], list]
) -> None:
    promise = shop.offer("Kiosk basket", minimum_purchase="20")
    good = shop.claimed(shop.batch("Kiosk cups", made=3), shop.member("Kiosk Guest"))
    dear = shop.claimed(shop.batch("Kiosk baskets", made=3, offer_id=promise), shop.member("Kiosk Basket"))
    page = till()
    page.evaluate("localStorage.setItem('loyalty-camera', JSON.stringify({ mode: 'kiosk' }))")
    page.clock.install()
    with page.expect_response("**/counter/snapshot"):
        page.reload()
    answer = page.get_by_role("region", name="Answer")
    expect(page.get_by_role("heading", name="No camera found")).to_be_visible()
    expect(page.get_by_text("Please show your code at the counter.")).to_be_visible()
    expect(page.get_by_text("type the codes")).to_be_hidden()

    beam(page, dear, end="Enter")
    page.wait_for_function(IN_THE_MIDDLE, arg=["Nothing is redeemed yet: please ask at the counter."])
    page.context.set_offline(True)
    expect(page.get_by_text("Show your code all the same.")).to_be_visible()
    page.clock.fast_forward(SHOWN)
    page.wait_for_function(NOTHING_IN_THE_MIDDLE)  # though the server cannot put its answer away
    screenshot(page, "kiosk-no-connection")
    beam(page, good, end="Enter")
    page.wait_for_function(IN_THE_MIDDLE, arg=["Provisional", "it is confirmed when the connection is back"])
    page.screenshot(path=SCREENSHOTS / "kiosk-provisional.png")
    expect(page.get_by_text("For staff: 1 not sent yet")).to_be_visible()
    for text, name in ((dear, "basket"), ("NEVER-MADE-23", "not-in-the-list")):
        page.clock.fast_forward(SHOWN)
        page.wait_for_function(NOTHING_IN_THE_MIDDLE)  # by itself, for the next customer
        beam(page, text, end="Enter")
        page.wait_for_function(IN_THE_MIDDLE, arg=["Nothing is redeemed yet: please ask at the counter."])
        page.screenshot(path=SCREENSHOTS / f"kiosk-{name}.png")
    expect(answer.get_by_role("heading", name="How much is the basket?")).to_be_hidden()
    expect(page.get_by_label("Basket", exact=True)).to_be_hidden()
    expect(answer.get_by_role("button")).to_have_count(0)
    page.clock.fast_forward(SHOWN)
    page.wait_for_function(NOTHING_IN_THE_MIDDLE)

    page.context.set_offline(False)
    expect(page.get_by_text("Show your code all the same.")).to_be_hidden()
    expect(page.get_by_text("For staff:")).to_be_hidden()
    assert [row.code_text for row in made(Redemption)] == [alphabet.normal(good)]


@pytest.mark.requirement("S2-18")
def test_what_is_pressed_without_a_connection_is_not_done_later_in_its_place(
    till: Callable[..., Page], shop: Shop, made: Callable[[type], list]
) -> None:
    batch = shop.batch("Pressed cups", made=3)
    first, second = (shop.claimed(batch, shop.member(f"Pressed {number}")) for number in range(2))
    late = shop.claimed(shop.batch("Pressed late", age_in_days=90), shop.member("Pressed Late"), days_ago=80)
    page = till(shop.account("Lena Pressed", Role.LEAD))
    actions = page.locator(".counter-actions")
    scan(page, late)
    expect_answer(page, "Expired", "You may honour it as goodwill")
    page.locator("summary", has_text="Honour as goodwill").click()
    page.context.set_offline(True)
    page.get_by_role("button", name="Our mistake").click()
    expect(page.get_by_text("No connection: nothing was honoured.")).to_be_visible()
    screenshot(page, "scan-goodwill-no-connection")
    page.context.set_offline(False)
    expect(page.get_by_text("No connection.")).to_have_count(0)
    expect(page.get_by_text("No connection: nothing was honoured.")).to_have_count(0)

    scan(page, first)
    expect_answer(page, "Accepted", "Pressed 0")
    page.context.set_offline(True)
    actions.get_by_role("button", name="Undo").click()
    expect(actions.get_by_text("No connection: nothing was undone.")).to_be_visible()
    screenshot(page, "scan-undo-no-connection")
    actions.get_by_role("button", name="Next").click()
    expect(page.get_by_role("heading", name="Accepted")).to_be_hidden()
    expect(page.get_by_role("region", name="Answer").get_by_text("Ready", exact=True)).to_be_visible()
    page.context.set_offline(False)
    expect(page.get_by_text("No connection.")).to_have_count(0)
    scan(page, second)
    expect_answer(page, "Accepted", "Pressed 1")
    assert [(row.code_text, row.status) for row in made(Redemption)] == [
        (alphabet.normal(code), RedemptionStatus.RECORDED) for code in (first, second)
    ]


@pytest.mark.requirement("S2-12")
def test_a_scan_by_mistake_is_undone_on_the_tablet_until_it_may_have_been_sent(
    till: Callable[..., Page], shop: Shop, made: Callable[[type], list]
) -> None:
    code = shop.claimed(shop.batch("Mistaken cups", made=3), shop.member("Mistaken Guest"))
    page = till()
    undo = page.get_by_role("region", name="Answer").get_by_role("button", name="Undo")
    page.context.set_offline(True)
    scan(page, code)
    expect_answer(page, "Provisional")
    expect(page.get_by_text("1 not sent yet")).to_be_visible()
    screenshot(page, "scan-provisional-undo")
    undo.click()
    expect_answer(page, "Undone", "It is not sent: the voucher stays as it was.")
    expect(page.get_by_text("1 not sent yet")).to_have_count(0)
    expect(undo).to_have_count(0)
    screenshot(page, "scan-provisional-undone")

    scan(page, code)
    expect_answer(page, "Provisional")
    expect(undo).to_be_visible()
    page.context.route("**/counter/queue", lambda route: route.abort())  # it may be there, and nobody hears of it
    page.context.set_offline(False)
    expect(undo).to_have_count(0)
    page.context.set_offline(True)
    expect(page.get_by_text("No connection.")).to_be_visible()
    expect(page.get_by_text("1 not sent yet")).to_be_visible()
    expect(undo).to_have_count(0)
    page.context.unroute_all()
    page.context.set_offline(False)
    expect(page.get_by_text("1 confirmed")).to_be_visible()
    assert [row.code_text for row in made(Redemption)] == [alphabet.normal(code)]


def test_a_voucher_that_is_not_in_the_list_is_taken_only_if_staff_say_so(
    till: Callable[..., Page], shop: Shop, made: Callable[[type], list]
) -> None:
    batch = shop.batch("Fresh cups", made=3)
    page = till()
    page.context.set_offline(True)
    code = shop.claimed(batch, shop.member("Fresh Guest"))  # while the tablet hears of nothing
    scan(page, "https://elsewhere.example/?code=SAVE20")
    expect_answer(page, "Not a voucher", "leads to another place")
    scan(page, "\u200b" + "\u200b".join(code))  # as a chat may hold it
    expect_answer(page, "Not in the list")
    page.get_by_role("button", name="Give it, check later").click()
    expect_answer(page, "Taken unchecked")
    page.context.set_offline(False)
    expect(page.get_by_text("1 confirmed")).to_be_visible()
    expect_answer(page, "Confirmed", "Fresh Guest")
    assert [row.code_text for row in made(Redemption)] == [alphabet.normal(code)]


def test_tabs_that_are_opened_at_once_keep_the_page(till: Callable[..., Page]) -> None:
    page = till(is_kept=True)
    for _ in range(3):
        before = page.evaluate(KEEP_TWICE)
        page.wait_for_function("async (before) => !(await caches.keys()).includes(before)", arg=before)
        page.wait_for_function(IS_KEPT)
    page.context.set_offline(True)
    page.reload()
    expect(page.get_by_label("Type a code")).to_be_visible()


def tell_basket(page: Page, amount: str) -> None:
    page.get_by_label("Basket", exact=True).fill(amount)
    page.locator(".counter-basket").get_by_role("button", name="Redeem").click()


def scan(page: Page, text: str) -> None:
    page.get_by_label("Type a code").fill(text)
    page.get_by_label("Type a code").press("Enter")


def scan_alone(page: Page, codes: list[str]) -> None:
    """Cut the connection, and scan what waits from then on."""
    page.context.set_offline(True)
    for code in codes:
        scan(page, code)
        expect_answer(page, "Provisional", code)


def expect_answer(page: Page, headline: str, *words: str) -> None:
    answer = page.get_by_role("region", name="Answer")
    expect(answer.get_by_role("heading", name=headline)).to_be_visible()
    for part in words:
        expect(answer).to_contain_text(part)


def test_a_network_that_falls_silent_keeps_nobody_waiting_and_its_late_answer_counts_nothing_twice(
    till: Callable[..., Page], shop: Shop, server: Server, made: Callable[[type], list]
) -> None:
    batch = shop.batch("Cups in the fog", made=3)
    first, second = (shop.claimed(batch, shop.member(f"Fog {number}")) for number in range(2))
    page = till()
    with held_up(server):  # it takes connections still, and answers nothing
        for code in (first, second):
            scan(page, code)
            answer = page.get_by_role("region", name="Answer")
            expect(answer.get_by_role("heading", name="Provisional")).to_be_visible(timeout=15_000)
            expect(answer).to_contain_text(code)
        expect(page.get_by_text("No connection.")).to_be_visible()
    expect(page.get_by_text(re.compile(r"\b[12] confirmed"))).to_be_visible()
    expect(page.get_by_text(re.compile(r"^\d+ not sent yet$"))).to_have_count(0)
    expect(page.get_by_text("No connection.")).to_have_count(0)
    assert sorted(row.code_text for row in made(Redemption)) == sorted(map(alphabet.normal, (first, second)))
    assert [attempt.reason for attempt in made(Attempt)] == [None, None]


def test_a_list_that_is_right_still_is_not_fetched_again_and_counts_as_new(
    till: Callable[..., Page], shop: Shop
) -> None:
    code = shop.claimed(shop.batch("Cups of the day", made=2), shop.member("Daily Guest"))
    page = till()
    before = page.wait_for_function(LIST_AT).json_value()
    with page.expect_response("**/counter/snapshot") as answer:
        page.reload()
    assert answer.value.status == 304
    assert page.wait_for_function(f"async () => {{ const at = await ({LIST_AT})(); return at > {before} && at; }}")
    page.context.set_offline(True)
    scan(page, code)
    expect_answer(page, "Provisional", "One coffee")


def test_what_one_scanned_on_a_tablet_another_sends_and_it_stays_the_first_ones(
    tablet: Callable[..., Page], shop: Shop, kasia: Account, watch: Watch, made: Callable[[type], list]
) -> None:
    watch.forgiven += ["status of 401"]
    batch = shop.batch("Cups at the door", made=4)
    codes = [shop.claimed(batch, shop.member(f"Door {number}")) for number in range(3)]
    page = tablet("Door tablet", kasia)
    scan_alone(page, codes)
    page.context.clear_cookies(name=COOKIE)  # the tablet locked itself
    page.context.set_offline(False)
    page.get_by_role("link", name="Sign in to send 3 scans").click()
    expect(page.get_by_text("3 scans wait on this tablet. Unlock it to send them.")).to_be_visible()
    screenshot(page, "till-unsent")

    device = device_called("Door tablet")
    elsewhere = doors.change(builders.place, "Behind the door")
    doors.change(places.move, device.id, device.name, elsewhere.id, by=builders.ADMIN, now=times.now())
    sit_down(page, shop, shop.account("Tomek Next", Role.STAFF), device)
    page.goto("/scan/")
    expect(page.get_by_text("3 confirmed")).to_be_visible()
    redeemed = made(Redemption)
    assert [row.account_id for row in redeemed] == [kasia.id] * 3
    assert {(row.place_id, row.device_id) for row in redeemed} == {(device.place_id, device.id)}


def test_a_revoked_tablet_says_what_waits_on_it_and_whoever_signs_in_sends_it(
    tablet: Callable[..., Page], shop: Shop, kasia: Account, watch: Watch, made: Callable[[type], list]
) -> None:
    watch.forgiven += ["status of 401", "status of 403"]
    batch = shop.batch("Cups of the lost tablet", made=4)
    codes = [shop.claimed(batch, shop.member(f"Lost {number}")) for number in range(2)]
    page = tablet("Lost tablet", kasia)
    scan_alone(page, codes)
    device = device_called("Lost tablet")
    doors.change(places.revoke, device.id, by=builders.ADMIN, now=times.now())
    page.context.set_offline(False)
    expect(page.get_by_role("heading", name="This tablet is not enrolled any more")).to_be_visible()
    expect(page.get_by_text("2 scans wait on this tablet. Sign in to send them.")).to_be_visible()
    screenshot(page, "till-revoked-unsent")
    assert made(Redemption) == []

    page.get_by_role("link", name="Sign in with e-mail and password").click()
    page.wait_for_url("**/sign-in/**")
    page.get_by_label("E-mail").fill(kasia.email)
    page.get_by_label("Password").fill(builders.PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_text("2 confirmed")).to_be_visible()
    assert {row.place_id for row in made(Redemption)} == {device.place_id}


def test_who_signs_out_elsewhere_is_told_of_scans_that_wait_and_leaves_them_there(
    till: Callable[..., Page], shop: Shop, kasia: Account, made: Callable[[type], list]
) -> None:
    code = shop.claimed(shop.batch("Forgotten cups", made=2), shop.member("Forgotten Guest"))
    page = till()
    page.context.set_offline(True)
    scan(page, code)
    expect_answer(page, "Provisional")
    page.context.route("**/counter/queue", lambda route: route.abort())
    page.context.set_offline(False)
    page.goto("/account/")
    page.locator("summary[aria-label=Account]").click()
    page.get_by_role("button", name="Sign out", exact=True).click()
    expect(page.get_by_role("alert")).to_contain_text("Scans wait in this browser that are not sent yet.")
    screenshot(page, "account-unsent")
    page.get_by_role("button", name="Sign out", exact=True).click()
    page.wait_for_url("**/sign-in/**")

    page.context.unroute_all()
    page.context.add_cookies([{"name": COOKIE, "value": shop.sign_in(kasia), "url": shop.server.url, "httpOnly": True}])
    page.goto("/scan/")
    expect(page.get_by_text("1 confirmed")).to_be_visible()
    assert [row.code_text for row in made(Redemption)] == [alphabet.normal(code)]


LIST_AT = """() => new Promise((resolve) => {
    const request = indexedDB.open("counter", 1);
    request.onsuccess = () => {
        request.result.transaction("kept").objectStore("kept").get("list").onsuccess = ({ target }) =>
            resolve(target.result?.at ?? 0);
    };
})"""


@contextmanager
def held_up(server: Server) -> Iterator[None]:
    """Stop every process of a server in its tracks, for a while."""
    assert server.process
    os.killpg(server.process.pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.killpg(server.process.pid, signal.SIGCONT)


@pytest.fixture
def tablet(visit: Callable[..., Page], shop: Shop, watch: Watch) -> Callable[..., Page]:
    """Return what opens the counter on an enrolled tablet, once its list is there."""
    watch.forgiven += LOUD

    def open_tablet(name: str, by: Account) -> Page:
        page = visit(None, at=TABLET)
        shop.enrol(page, name)
        sit_down(page, shop, by, device_called(name))
        with page.expect_response("**/counter/snapshot"):
            page.goto("/scan/")
        expect(page.get_by_text(f"{name} · Place of {name}")).to_be_visible()
        page.wait_for_function(LIST_AT)
        return page

    return open_tablet


def device_called(name: str) -> Device:
    (device,) = (one for one in doors.rows(Device) if one.name == name)
    return device


def sit_down(page: Page, shop: Shop, who: Account, device: Device) -> None:
    """Sign somebody in on the tablet."""
    signed_in = doors.change(accounts.open_session, who, now=times.now())
    doors.change(accounts.tie_to_device, signed_in, device.id)
    page.context.add_cookies([{"name": COOKIE, "value": signed_in.secret, "url": shop.server.url, "httpOnly": True}])
