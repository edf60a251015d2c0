"""What staff do at the counter beside scanning: undo, ask for the basket, honour what is expired, with keys alone."""

from collections.abc import Callable
from datetime import timedelta

import pytest
import sqlalchemy as sa
from playwright.sync_api import Locator, Page, expect
from sqlmodel import col

from loyalty_app.accounts.models import Account, Role
from loyalty_app.codes import alphabet
from loyalty_app.core import times
from loyalty_app.places.models import Place
from loyalty_app.redemptions.models import Redemption, RedemptionStatus
from tests import builders, doors
from tests.journeys.conftest import DESK, PHONE, TABLET, Shop, screenshot
from tests.journeys.till import expect_answer, type_code

SIZES = {390: 844, 820: 1180, 1180: 820, 1440: 900}


@pytest.fixture
def kasia(shop: Shop) -> Account:
    """Return somebody who works at the till."""
    return shop.account("Kasia Till", Role.STAFF)


@pytest.fixture
def lena(shop: Shop) -> Account:
    """Return somebody who leads the shift."""
    return shop.account("Lena Lead", Role.LEAD)


@pytest.mark.requirement("S2-12", "S2-14")
def test_staff_undo_their_own_scan_and_the_desk_shows_it_by_itself(
    visit: Callable[..., Page], shop: Shop, kasia: Account, lena: Account
) -> None:
    code = shop.claimed(shop.batch("Undone at once"), shop.member("Ana Mistake"))
    desk, till = visit(lena, "/admin/redemptions/"), a_till(visit, kasia)
    type_code(till, code)
    expect_answer(till, "Accepted", "Ana Mistake")
    expect(rows(desk, "Ana Mistake")).to_have_count(1)
    expect(rows(desk, "Ana Mistake")).to_contain_text("Redeemed")

    actions(till).get_by_role("button", name="Undo").click()
    expect_answer(till, "Undone", "The voucher can be redeemed again.", "Ana Mistake")
    all_is_seen(till, "scan-undone")
    expect(rows(desk, "Ana Mistake")).not_to_contain_text("Redeemed")

    type_code(till, code)
    expect_answer(till, "Accepted", "Ana Mistake")
    expect(rows(desk, "Ana Mistake")).to_have_count(2)
    assert statuses(code) == [RedemptionStatus.REVERSED, RedemptionStatus.RECORDED]


def test_what_is_undone_too_late_is_refused_in_words(visit: Callable[..., Page], shop: Shop, kasia: Account) -> None:
    code = shop.claimed(shop.batch("Undone late"), shop.member("Ana Too Late"))
    till = a_till(visit, kasia)
    type_code(till, code)
    expect_answer(till, "Accepted", "Ana Too Late")
    let_pass(code, timedelta(hours=1))  # the till's own clock still offers it

    actions(till).get_by_role("button", name="Undo").click()
    expect_answer(till, "Not undone", "The time to undo it is over", "Ask a lead")
    assert statuses(code) == [RedemptionStatus.RECORDED]


@pytest.mark.requirement("S2-15")
def test_a_lead_honours_an_expired_voucher_with_a_reason_and_no_number_counts_it(
    visit: Callable[..., Page], shop: Shop, kasia: Account, lena: Account
) -> None:
    code = shop.claimed(shop.batch("Goodwill", age_in_days=90), shop.member("Ana Goodwill"), days_ago=80)
    staff = a_till(visit, kasia)
    type_code(staff, code)
    expect_answer(staff, "Expired", "It was valid through", "Nothing was redeemed", "Ask a lead")
    expect(staff.get_by_text("Honour as goodwill")).to_have_count(0)
    all_is_seen(staff, "scan-expired-staff")

    desk, till = visit(lena, "/admin/redemptions/"), a_till(visit, lena)
    expect(desk.get_by_role("heading", name="Redemptions", exact=True)).to_be_visible()
    expect(counted(desk)).to_be_visible()
    before = counted(desk).inner_text()
    type_code(till, code)
    expect_answer(till, "Expired", "You may honour it as goodwill")
    till.locator("summary", has_text="Honour as goodwill").click()
    all_is_seen(till, "scan-goodwill-reason")
    till.get_by_role("button", name="Our mistake").click()
    expect_answer(till, "Honoured as goodwill", "counts in no number", "Ana Goodwill")
    all_is_seen(till, "scan-goodwill")

    expect(rows(desk, "Ana Goodwill")).to_contain_text("Goodwill")
    expect(counted(desk)).to_have_text(before)
    assert statuses(code) == [RedemptionStatus.GOODWILL]


def test_a_basket_too_small_says_what_is_missing_and_one_that_is_large_enough_is_taken(
    visit: Callable[..., Page], shop: Shop, kasia: Account
) -> None:
    offer = shop.offer("Cake for a large basket", minimum_purchase="20")
    code = shop.claimed(shop.batch("Basket", offer_id=offer), shop.member("Ana Basket"))
    till = a_till(visit, kasia)

    type_code(till, code)
    expect_answer(till, "How much is the basket?", "20.00 or more", "Nothing is redeemed yet")
    expect(till.get_by_label("Basket in")).to_be_focused()
    all_is_seen(till, "scan-basket")
    till.get_by_label("Basket in").fill("a lot")
    till.keyboard.press("Enter")
    expect(till.get_by_role("alert").filter(has_text="for example 5 or 4.50")).to_be_visible()
    all_is_seen(till, "scan-basket-wrong")
    till.get_by_label("Basket in").fill("15,50")
    actions(till).get_by_role("button", name="Redeem").click()
    expect_answer(till, "Basket too small", "20.00 is needed", "4.50 more than this basket")
    all_is_seen(till, "scan-basket-too-small")
    assert statuses(code) == []

    type_code(till, code)
    expect_answer(till, "How much is the basket?")
    till.get_by_label("Basket in").fill("20")
    till.keyboard.press("Enter")
    expect_answer(till, "Accepted", "Ana Basket")
    assert statuses(code) == [RedemptionStatus.RECORDED]


def test_one_redemption_needs_nothing_but_keys(visit: Callable[..., Page], shop: Shop, kasia: Account) -> None:
    code = shop.claimed(shop.batch("Keys alone"), shop.member("Ana Keys"))
    till = a_till(visit, kasia, at=DESK)

    till.keyboard.type(code, delay=200)  # nobody has the focus, so it goes where codes are typed
    expect(till.get_by_label("Type a code")).to_be_focused()
    till.keyboard.press("Enter")
    expect_answer(till, "Accepted", "Ana Keys")
    expect(till.get_by_label("Type a code")).to_be_focused()

    tab_to(till, actions(till).get_by_role("button", name="Undo"))
    till.keyboard.press("Enter")
    expect_answer(till, "Undone")
    tab_to(till, actions(till).get_by_role("button", name="Next"))
    till.keyboard.press("Enter")
    expect_answer(till, "Ready")
    assert statuses(code) == [RedemptionStatus.REVERSED]


@pytest.mark.requirement("S2-16")
def test_on_a_phone_all_of_a_repeat_is_read_at_once_and_ones_own_last_scans_too(
    visit: Callable[..., Page], shop: Shop, kasia: Account
) -> None:
    member = shop.member("Ana With A Rather Long Name")
    code = shop.claimed(shop.batch("A summer with a long name", age_in_days=5), member)
    till = a_till(visit, kasia, at=PHONE)
    type_code(till, code)
    expect_answer(till, "Accepted")
    let_pass(code, timedelta(days=2))

    type_code(till, code)
    expect_answer(till, "Already redeemed", "First redeemed", "By Kasia Till", "Do not give the reward again")
    all_is_seen(till, "scan-already-redeemed")
    till.set_viewport_size(PHONE["viewport"])
    type_code(till, shop.claimed(shop.batch("Last scans"), shop.member("Ana Last")))
    expect_answer(till, "Accepted", "Ana Last")
    till.locator("summary", has_text="My last scans").click()
    expect(till.locator(".counter-mine").get_by_text("Ana Last")).to_be_in_viewport(ratio=1)
    expect(till.locator(".counter-mine").get_by_role("button").first).to_be_in_viewport(ratio=1)
    screenshot(till, "scan-last-scans")


def a_till(visit: Callable[..., Page], who: Account, at: dict[str, object] = TABLET) -> Page:
    """Open a counter without a camera, wait until it listens, and say where it is: other journeys open places too."""
    names = {place.name for place in doors.rows(Place)}
    for name in {"Front counter", "Back counter"} - names:
        doors.change(builders.place, name)
    page = visit(who, "/scan/", at=at, permissions=["camera"])
    expect(page.get_by_role("heading", name="No camera found")).to_be_visible()
    page.get_by_label("Which location is this?").select_option("Front counter")
    expect(page.get_by_label("Which location is this?")).to_have_count(0)
    return page


def all_is_seen(till: Page, name: str) -> None:
    """At no size is a word of the answer cut off, or hidden behind what can be done with it."""
    size = till.viewport_size
    assert size
    for width, height in SIZES.items():
        till.set_viewport_size({"width": width, "height": height})
        till.wait_for_function(
            "() => [...document.querySelectorAll('.counter-fit, .counter-actions')].filter((one) => one.clientHeight)"
            ".every((one) => one.scrollHeight <= one.clientHeight + 1)"
        )
        screenshot(till, name)
    till.set_viewport_size(size)


def tab_to(page: Page, wanted: Locator) -> None:
    """Press Tab until something has the focus."""
    expect(wanted).to_be_visible()
    for _ in range(30):
        if wanted.evaluate("one => one === document.activeElement"):
            return
        page.keyboard.press("Tab")
    raise AssertionError(f"no way to {wanted} by keys")


def actions(till: Page) -> Locator:
    """Return what can be done with the answer."""
    return till.locator(".counter-actions")


def rows(desk: Page, customer: str) -> Locator:
    """Return the rows of a customer's redemptions."""
    return desk.locator(".redemptions tbody tr").filter(has_text=customer)


def counted(desk: Page) -> Locator:
    """Return the number of all redemptions that count."""
    return desk.locator(".stand > div").filter(has_text="Total redemptions").locator(".live")


def statuses(code: str) -> list[RedemptionStatus]:
    """Return what became of a code, in order."""
    return [row.status for row in doors.rows(Redemption) if row.code_text == alphabet.normal(code)]


def let_pass(code: str, some: timedelta) -> None:
    """Let it be longer ago that a code was redeemed."""
    earlier = sa.update(Redemption).where(col(Redemption.code_text) == alphabet.normal(code))
    doors.change(lambda session: session.connection().execute(earlier.values(at=times.now() - some)))
