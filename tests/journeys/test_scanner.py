"""The counter: whatever is scanned or typed, the answer is one that staff can act on."""

from collections.abc import Callable

import pytest
import sqlalchemy as sa
from playwright.sync_api import Browser, Page, expect
from sqlmodel import col

from loyalty_app.accounts.models import Account, Role
from loyalty_app.batches.models import Batch
from loyalty_app.codes import service as codes
from loyalty_app.codes.models import Code
from loyalty_app.core import times
from loyalty_app.core.reasons import Reason
from loyalty_app.ui.shield import COOKIE
from tests import doors
from tests.builders import ADMIN
from tests.journeys.conftest import ELSEWHERE, TABLET, Shop, Watch, screenshot
from tests.journeys.till import expect_answer, open_with_camera, reasons_of, type_code


@pytest.fixture
def kasia(shop: Shop) -> Account:
    """Return somebody who works at the till."""
    return shop.account("Kasia Till", Role.STAFF)


@pytest.fixture
def till(visit: Callable[..., Page], kasia: Account) -> Page:
    """Open a counter whose tablet has no camera."""
    page = visit(kasia, "/scan/", at=TABLET, permissions=["camera"])
    expect(page.get_by_role("heading", name="No camera found")).to_be_visible()
    return page


@pytest.mark.requirement("S2-10", "S2-12")
def test_a_typed_code_is_redeemed_once_with_or_without_dashes(till: Page, shop: Shop) -> None:
    code = shop.claimed(shop.batch("Typed", valid_days="3"), shop.member("Ana Typed"))

    type_code(till, f" {code[:4]}-{code[4:8]} {code[8:].lower()}")
    expect_answer(till, "Accepted", "One coffee", "Ana Typed")
    expect(till.get_by_label("Type a code")).to_have_value("")
    type_code(till, code)
    expect_answer(till, "Already redeemed", "First redeemed", "By Kasia Till", "You just scanned this")
    assert reasons_of(code.upper()) == [Reason.ALREADY_REDEEMED]


def test_every_refusal_says_what_it_is_and_is_kept(till: Page, shop: Shop) -> None:
    batch = shop.batch("Refused")
    old = shop.batch("Refused old", age_in_days=90)
    expired = shop.claimed(old, shop.member("Ana Late"), days_ago=80)
    unclaimed = free_code(batch.id)

    for text, headline, words, reason in (
        ("ABCD-EFGH-23", "Unknown code", "Compare it letter by letter", Reason.UNKNOWN_CODE),
        ("no!", "Not a voucher", "do not look like this", Reason.MALFORMED),
        (f"{shop.server.url}{shop.claim_path(batch)}", "Claim link", "invitation, not the voucher", Reason.WRONG_KIND),
        ("https://example.org/menu", "Not a voucher", "leads to another place", Reason.WRONG_KIND),
        (unclaimed, "Not claimed", "Nobody has claimed this voucher yet", Reason.NOT_CLAIMED),
        (expired, "Expired", "It was valid through", Reason.EXPIRED),
    ):
        type_code(till, text)
        expect_answer(till, headline, words)
        screenshot(till, f"scan-{headline.lower().replace(' ', '-')}")
        assert reasons_of(text) == [reason], text


def test_a_voucher_disabled_or_frozen_says_so_and_is_good_again_afterwards(till: Page, shop: Shop) -> None:
    batch = shop.batch("Held back")
    code = shop.claimed(batch, shop.member("Ana Held Back"))
    desk = {"by": ADMIN, "now": times.now()}

    doors.change(codes.disable, code, **desk)
    type_code(till, code)
    expect_answer(till, "Disabled", "This voucher was withdrawn", "Do not give the reward", "Ana Held Back")
    screenshot(till, "scan-disabled")
    doors.change(codes.enable, code, **desk)

    set_frozen(batch, frozen=True)
    type_code(till, code)
    expect_answer(
        till, "Redemptions frozen", "No voucher of this batch is redeemed for now", "ask the customer to come back"
    )
    screenshot(till, "scan-frozen")
    set_frozen(batch, frozen=False)

    type_code(till, code)
    expect_answer(till, "Accepted", "Ana Held Back")
    assert reasons_of(code) == [Reason.DISABLED, Reason.REDEMPTION_FROZEN, None]


@pytest.mark.requirement("S2-6", "S2-7")
def test_a_code_held_in_view_fires_once(
    visit: Callable[..., Page], shop: Shop, kasia: Account, show: Callable[..., Browser]
) -> None:
    code = shop.claimed(shop.batch("Held"), shop.member("Ana Held"))
    # When the second code is answered, the first was in view for all of its time.
    till = open_with_camera(visit, kasia, show((code, 10), ("NEVER-MADE-23", 30)))

    expect_answer(till, "Accepted", "Ana Held")
    expect_answer(till, "Unknown code")
    assert reasons_of(code) == [None]
    assert reasons_of("NEVER-MADE-23") == [Reason.UNKNOWN_CODE]


def test_a_customer_who_shows_the_poster_is_told_to_claim_first(
    visit: Callable[..., Page], shop: Shop, kasia: Account, show: Callable[..., Browser]
) -> None:
    batch = shop.batch("Poster")
    till = open_with_camera(visit, kasia, show((f"{shop.server.url}{shop.claim_path(batch)}", 1)))

    expect_answer(till, "Claim link", "The customer opens it on their phone")


def test_a_camera_that_is_not_allowed_says_how_to_allow_it(
    visit: Callable[..., Page], kasia: Account, show: Callable[..., Browser]
) -> None:
    till = visit(kasia, "/scan/", browser=show((None, 1)), at=TABLET)

    expect(till.get_by_role("heading", name="Camera not allowed")).to_be_visible()
    expect(till.get_by_role("button", name="Try again")).to_be_visible()
    screenshot(till, "scan-camera-denied")
    till.context.grant_permissions(["camera"])
    expect(till.get_by_text("Hold the voucher's code in front of the camera.")).to_be_visible()
    screenshot(till, "scan-ready")


@pytest.mark.requirement("S2-6")
def test_without_a_camera_codes_are_typed(till: Page) -> None:
    expect(till.get_by_text("Type the voucher's code.")).to_be_visible()
    expect(till.get_by_label("Type a code")).to_be_editable()
    screenshot(till, "scan-no-camera")


def test_an_insecure_address_explains_itself_and_still_redeems(
    visit: Callable[..., Page], shop: Shop, kasia: Account, watch: Watch
) -> None:
    insecure = f"http://{ELSEWHERE}:{shop.server.port}"
    watch.url = insecure
    watch.forgiven.append(
        "Cross-Origin-Opener-Policy header has been ignored"
    )  # so says the browser of every http page
    code = shop.claimed(shop.batch("Insecure"), shop.member("Ana Insecure"))
    till = visit(None, at=TABLET, base_url=insecure)
    till.context.add_cookies([{"name": COOKIE, "value": shop.sign_in(kasia), "url": insecure}])

    till.goto("/scan/")
    expect(till.get_by_role("heading", name="Camera needs a secure address")).to_be_visible()
    screenshot(till, "scan-insecure")
    type_code(till, code)
    expect_answer(till, "Accepted", "Ana Insecure")


def test_staff_land_on_the_counter_and_see_no_desk(visit: Callable[..., Page], kasia: Account) -> None:
    page = visit(kasia, "/sign-in/")
    expect(page.get_by_role("heading", name="Scan vouchers")).to_be_attached()
    page.goto("/admin/batches/")
    expect(page.get_by_role("heading", name="Not for your account")).to_be_visible()
    screenshot(page, "not-allowed")


def free_code(batch_id: int | None) -> str:
    return next(code.code for code in doors.rows(Code) if code.batch_id == batch_id and code.member_id is None)


def set_frozen(batch: Batch, *, frozen: bool) -> None:
    change = sa.update(Batch).where(col(Batch.id) == batch.id).values(redemptions_frozen=frozen)
    doors.change(lambda session: session.connection().execute(change))
