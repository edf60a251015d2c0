"""Whichever way a code comes to the counter, it fires once, and nobody's typing is taken for one."""

import base64
import io
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import Browser, Page, expect

from loyalty_app.accounts.models import Account, Role
from loyalty_app.redemptions.models import Redemption
from tests import doors
from tests.journeys import fake_camera
from tests.journeys.conftest import PHONE, TABLET, Shop, screenshot
from tests.journeys.till import beam, expect_answer, open_with_camera, reasons_of, type_code

HAND = 130
"""Milliseconds between two letters of a quick typist."""
HELD = 2000
"""Milliseconds after which a button that was held would have done something."""
FILM_WENT_ON = """() => {
    const seen = document.querySelector("video").getVideoPlaybackQuality().totalVideoFrames;
    window.seenBefore ??= seen;
    return seen > window.seenBefore + 60;
}"""
"""Two seconds of it."""


@pytest.fixture
def kasia(shop: Shop) -> Account:
    """Return somebody who works at the till."""
    return shop.account("Kasia Till", Role.STAFF)


@pytest.fixture
def till(visit: Callable[..., Page], kasia: Account) -> Page:
    """Open a counter whose tablet has no camera."""
    page = visit(kasia, "/scan/", at=TABLET, permissions=["camera", "clipboard-read", "clipboard-write"])
    expect(page.get_by_role("heading", name="No camera found")).to_be_visible()
    return page


def test_a_hand_scanner_fires_wherever_the_focus_is_and_typing_by_hand_does_not(till: Page, shop: Shop) -> None:
    batch = shop.batch("Hand scanner")
    codes = [shop.claimed(batch, shop.member(f"Ana Beam {number}")) for number in range(4)]
    field, button = till.get_by_label("Type a code"), till.get_by_role("button", name="Sign out")

    till.evaluate("document.activeElement.blur()")
    beam(till, codes[0], end="Enter")
    expect_answer(till, "Accepted", "Ana Beam 0")

    field.fill("HALF")  # what somebody typed stays
    beam(till, f"]Q1{codes[1]}", end="Tab")
    expect_answer(till, "Accepted", "Ana Beam 1")
    expect(field).to_have_value("HALF")
    expect(field).to_be_focused()

    button.focus()  # its Enter would press what has the focus
    beam(till, codes[2], end="Enter")
    expect_answer(till, "Accepted", "Ana Beam 2")

    field.fill("")
    beam(till, codes[3])  # one that sends no end
    expect_answer(till, "Accepted", "Ana Beam 3")
    expect(field).to_have_value("")

    beam(till, "TYPED-BY-23", every=HAND)
    expect(field).to_have_value("TYPED-BY-23")
    expect_answer(till, "Accepted", "Ana Beam 3")
    till.keyboard.press("Enter")
    expect_answer(till, "Unknown code")
    assert [reasons_of(code) for code in codes] == [[None]] * 4


def test_hand_scans_that_come_faster_than_answers_all_get_their_turn(till: Page, shop: Shop) -> None:
    batch = shop.batch("Fast hands")
    codes = [shop.claimed(batch, shop.member(f"Ana Fast {number}")) for number in range(3)]

    for code in codes:
        beam(till, f"{shop.server.url}/redeem?code={code}", end="Enter")
    expect_answer(till, "Accepted", "Ana Fast 2")
    redeemed = [row.code_text for row in doors.rows(Redemption)]
    assert [redeemed.count(code.replace("-", "")) for code in codes] == [1, 1, 1]


def test_a_photo_of_a_code_is_read_and_one_without_says_so(till: Page, shop: Shop, tmp_path: Path) -> None:
    code = shop.claimed(shop.batch("Photo"), shop.member("Ana Photo"))
    photo, wall = tmp_path / "photo.jpg", tmp_path / "wall.png"
    large_photo(code).save(photo)
    Image.new("RGB", (600, 400), "grey").save(wall)

    till.get_by_label("Photo of a code").set_input_files(wall)
    expect(till.get_by_text("No code in this picture")).to_be_visible()
    screenshot(till, "scan-no-code-in-picture")
    till.get_by_label("Photo of a code").set_input_files(photo)
    expect_answer(till, "Accepted", "Ana Photo")


def test_a_code_is_pasted_as_text_and_as_a_picture(till: Page, shop: Shop) -> None:
    batch = shop.batch("Pasted")
    text, picture = (shop.claimed(batch, shop.member(name)) for name in ("Ana Text", "Ana Picture"))

    till.evaluate("text => navigator.clipboard.writeText(text)", text)
    till.get_by_role("heading", name="Ready").click()
    till.keyboard.press("Control+v")
    expect_answer(till, "Accepted", "Ana Text")

    png = io.BytesIO()
    fake_camera.picture(picture).save(png, "PNG")
    till.evaluate(
        """async base64 => {
            const bytes = Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
            const item = new ClipboardItem({ "image/png": new Blob([bytes], { type: "image/png" }) });
            await navigator.clipboard.write([item]);
        }""",
        base64.b64encode(png.getvalue()).decode(),
    )
    till.get_by_role("button", name="Paste").click()
    expect_answer(till, "Accepted", "Ana Picture")


@pytest.mark.requirement("S2-7")
def test_a_code_shown_again_later_fires_again(
    visit: Callable[..., Page], shop: Shop, kasia: Account, show: Callable[..., Browser]
) -> None:
    code = shop.claimed(shop.batch("Shown again"), shop.member("Ana Again"))
    # Long enough for a busy tablet: the film runs while the decoder is loaded still.
    till = open_with_camera(visit, kasia, show((code, 10), (None, 6), (code, 30)))

    expect_answer(till, "Accepted", "Ana Again")
    expect_answer(till, "Already redeemed", "You just scanned this yourself")
    assert len(reasons_of(code)) == 2


def test_of_two_codes_in_view_neither_is_redeemed_until_one_is_left(
    visit: Callable[..., Page], shop: Shop, kasia: Account, show: Callable[..., Browser]
) -> None:
    batch = shop.batch("Two in view")
    left, right = (shop.claimed(batch, shop.member(name)) for name in ("Ana Left", "Ana Right"))
    till = open_with_camera(visit, kasia, show(((left, right), 20), (right, 60)))

    expect(till.get_by_role("status").filter(has_text="Two codes in view")).to_contain_text("Show one at a time")
    assert [reasons_of(code) for code in (left, right)] == [[], []]
    screenshot(till, "scan-two-codes")
    expect_answer(till, "Accepted", "Ana Right")
    expect(till.get_by_text("Two codes in view")).to_have_count(0)
    assert [reasons_of(code) for code in (left, right)] == [[], [None]]


def test_two_codes_in_view_are_told_of_beside_the_answer_to_a_typed_one(
    visit: Callable[..., Page], shop: Shop, kasia: Account, show: Callable[..., Browser]
) -> None:
    batch = shop.batch("Two and one typed")
    left, right, typed = (shop.claimed(batch, shop.member(f"Ana {name}")) for name in ("West", "East", "Typed"))
    till = open_with_camera(visit, kasia, show(((left, right), 1)))
    expect(till.get_by_text("Nothing is redeemed yet.")).to_be_visible()

    type_code(till, typed)
    expect_answer(till, "Accepted", "Ana Typed")
    expect(till.get_by_text("Two codes in view. Show one at a time.")).to_be_visible()
    screenshot(till, "scan-two-codes-and-an-answer")
    assert [reasons_of(code) for code in (left, right)] == [[], []]


def test_a_code_wins_over_what_lies_beside_it_and_is_none_of_ours(
    visit: Callable[..., Page], shop: Shop, kasia: Account, show: Callable[..., Browser]
) -> None:
    code = shop.claimed(shop.batch("Beside a menu"), shop.member("Ana Menu"))
    menu = "https://example.org/menu-of-the-day"
    till = open_with_camera(visit, kasia, show(((menu, code), 1)))

    expect_answer(till, "Accepted", "Ana Menu")
    till.wait_for_function(FILM_WENT_ON)  # with both in view
    expect_answer(till, "Accepted", "Ana Menu")
    assert (reasons_of(code), reasons_of(menu)) == ([None], [])


def test_a_photo_of_two_codes_redeems_neither(till: Page, shop: Shop, tmp_path: Path) -> None:
    batch = shop.batch("Two in a photo")
    codes = [shop.claimed(batch, shop.member(name)) for name in ("Ana One", "Ana Two")]
    photo = tmp_path / "two.png"
    fake_camera.picture((codes[0], codes[1])).save(photo)

    till.get_by_label("Photo of a code").set_input_files(photo)
    expect(till.get_by_text("Two codes in view")).to_be_visible()
    assert [reasons_of(code) for code in codes] == [[], []]


@pytest.mark.requirement("S2-11")
def test_in_the_kiosk_customers_show_their_phone_and_see_no_staff(
    visit: Callable[..., Page], shop: Shop, kasia: Account, show: Callable[..., Browser]
) -> None:
    code = shop.claimed(shop.batch("Kiosk"), shop.member("Ana Kiosk"))
    browser = show((None, 6), (code, 6), (None, 9), (code, 6), (None, 60))
    till = visit(kasia, "/scan/", browser=browser, at=TABLET, permissions=["camera"])

    till.get_by_role("button", name="Start kiosk").click()
    expect(till.get_by_text("Hold your code here")).to_be_visible()
    expect(till.get_by_role("button", name="Sign out")).to_be_hidden()
    expect_answer(till, "Accepted", "Ana Kiosk")
    expect(till.get_by_role("button", name="Undo")).to_be_hidden()
    on_tablet_and_phone(till, "kiosk-accepted")
    expect(till.get_by_role("heading", name="Accepted")).to_be_hidden()  # by itself
    expect_answer(till, "Already redeemed", "First redeemed")
    expect(till.get_by_text("By Kasia Till")).to_be_hidden()
    on_tablet_and_phone(till, "kiosk-already-redeemed")

    till.reload()  # the tablet remembers
    expect(till.get_by_text("Hold your code here")).to_be_visible()
    on_tablet_and_phone(till, "kiosk-ready")  # only now: the first code waits for no picture


@pytest.mark.requirement("S2-11")
def test_customers_do_not_leave_the_kiosk_and_staff_do(
    visit: Callable[..., Page], kasia: Account, show: Callable[..., Browser]
) -> None:
    till = visit(kasia, "/admin/redemptions/", browser=show((None, 1)), at=TABLET, permissions=["camera"])
    expect(till.get_by_role("heading", name="Redemptions", exact=True)).to_be_visible()
    till.clock.install()
    till.goto("/scan/")
    start, leave = till.get_by_role("button", name="Start kiosk"), till.get_by_role("button", name="Hold to leave")
    start.click()
    expect(leave).to_be_visible()

    leave.click()
    expect(till.get_by_text("Hold the button, or Escape, until it is full.")).to_be_visible()
    screenshot(till, "kiosk-leaving")
    for _ in range(3):
        till.go_back()
        expect(leave).to_be_visible()
    till.keyboard.press("Escape")
    till.clock.run_for(HELD)
    expect(till.get_by_role("button", name="Sign out")).to_be_hidden()
    assert till.url.endswith("/scan/")

    leave.hover()
    till.mouse.down()
    expect(start).to_be_visible()
    till.mouse.up()
    expect(till.get_by_role("button", name="Sign out")).to_be_visible()
    start.click()
    expect(leave).to_be_visible()
    till.keyboard.down("Escape")
    expect(start).to_be_visible()
    till.keyboard.up("Escape")
    till.wait_for_function("!history.state?.isKiosk")  # the browser goes that step back a moment later
    till.go_back()  # nothing stays behind that holds anybody back
    expect(till.get_by_role("heading", name="Redemptions", exact=True)).to_be_visible()


def on_tablet_and_phone(till: Page, name: str) -> None:
    for at in (PHONE, TABLET):
        till.set_viewport_size(at["viewport"])
        screenshot(till, name)


def large_photo(code: str) -> Image.Image:
    photo = Image.new("RGB", (3000, 4000), (120, 110, 100))
    photo.paste(
        fake_camera.picture(code).resize((700, 525)).rotate(17, expand=True, fillcolor=(150, 146, 140)), (1200, 2300)
    )
    return photo
