"""From a printed code to points: on a phone, in two taps, once, and in whatever language."""

import re
from collections.abc import Callable
from datetime import timedelta
from urllib.parse import urlsplit

import httpx
import pytest
from playwright.sync_api import Page, expect

from loyalty_app.accounts.models import Role
from loyalty_app.batches import service as batches
from loyalty_app.batches.fields import Field, FieldType
from loyalty_app.batches.models import Batch
from loyalty_app.codes import service as codes
from loyalty_app.codes.models import Code
from loyalty_app.core import times
from loyalty_app.landing import rules
from loyalty_app.redemptions import service as redemptions
from loyalty_app.redemptions.models import Attempt, Redemption
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


@pytest.mark.requirement("S0-23")
def test_a_known_member_comes_in_by_mail_on_a_german_phone(
    visit: Callable[..., Page], shop: Shop, server: Server
) -> None:
    made = batch(shop)
    shop.member("Greta")
    phone = visit(None, code_of(made), at=PHONE, locale="de-DE")
    taps = Taps(phone)
    expect(phone.get_by_role("heading", name="20 Punkte")).to_be_visible()
    assert urlsplit(phone.url).path == "/de-de/redeem/"
    screenshot(phone, "redeem-new-german")

    phone.get_by_label("E-Mail").fill("greta@example.com")
    taps.tap("Code senden")
    phone.get_by_label("Code").fill(mailed(server, "greta@example.com"))
    taps.tap("20 Punkte holen")
    expect(phone.get_by_role("heading", name="+20 Punkte")).to_be_visible()
    assert taps.count == 2

    phone.goto(code_of(made, 2))
    taps.forget()
    taps.tap("20 Punkte holen")
    expect(phone.get_by_text("40 Punkte")).to_be_visible()
    assert taps.count == 1


@pytest.mark.requirement("S0-27")
def test_a_second_tap_a_reload_and_the_way_back_pay_nothing_more(visit: Callable[..., Page], shop: Shop) -> None:
    mia = shop.member("Mia Impatient")
    phone = visit(mia, code_of(batch(shop)), at=PHONE)
    expect(phone.get_by_role("button", name="Get 20 points")).to_be_visible()
    screenshot(phone, "redeem-member")
    phone.get_by_role("button", name="Get 20 points").dblclick()
    expect(phone.get_by_role("heading", name="+20 points")).to_be_visible()

    phone.go_back()
    expect(phone.get_by_role("heading", name="You have these points")).to_be_visible()
    expect(phone.get_by_text("You collected 20 points on")).to_be_visible()
    screenshot(phone, "redeem-collected")
    screenshot_dark(phone, "redeem-collected")
    phone.reload()
    expect(phone.get_by_text("You collected 20 points on")).to_be_visible()
    expect(phone.get_by_text("Your balance").locator("..")).to_contain_text("20 points")
    assert [one.points for one in doors.rows(Redemption) if one.account_id == mia.account_id] == [20]


def test_a_broken_connection_loses_nothing_that_was_typed(visit: Callable[..., Page], shop: Shop, watch: Watch) -> None:
    watch.forgiven += ["ERR_INTERNET_DISCONNECTED", "ERR_FAILED"]
    asked = (Field("Shoe size", FieldType.NUMBER),)
    phone = visit(shop.member("Mia Underground"), code_of(batch(shop, fields=asked)), at=PHONE)
    phone.get_by_label("Shoe size").fill("42")
    phone.route("**/auth/points", lambda route: route.abort())
    phone.get_by_role("button", name="Get 20 points").click()
    expect(phone.get_by_role("alert")).to_contain_text("No connection")

    phone.unroute("**/auth/points")
    phone.get_by_role("button", name="Get 20 points").click()
    expect(phone.get_by_role("heading", name="+20 points")).to_be_visible()


@pytest.mark.requirement("S0-10", "S0-26")
def test_every_refusal_has_its_screen(visit: Callable[..., Page], shop: Shop) -> None:
    mia, ola = shop.member("Mia Again"), shop.member("Ola Late")
    old, used, paused, off = batch(shop, age_in_days=60), batch(shop), batch(shop), batch(shop)
    doors.change(redemptions.redeem_many, [redemptions.Ask(builders.link(used), mia)], now=times.now())
    shop.pause(paused)
    doors.change(codes.disable_all, off.id, by=builders.ADMIN, now=times.now())
    phone = visit(ola, at=PHONE)
    for made, title, name in (
        (old, "This code is too old", "expired"),
        (used, "These points are gone", "used"),
        (paused, "Come back later", "paused"),
        (off, "This code does not work", "unknown"),
    ):
        phone.goto(code_of(made))
        expect(phone.get_by_role("heading", name=title)).to_be_visible()
        screenshot(phone, f"redeem-{name}")
        screenshot_dark(phone, f"redeem-{name}")

    tampered = code_of(off)[:-1] + ("A" if not code_of(off).endswith("A") else "B")
    phone.goto(tampered)
    expect(phone.get_by_role("heading", name="This code does not work")).to_be_visible()
    quiet = phone.get_by_role("main").inner_text()
    phone.goto(code_of(off))
    expect(phone.get_by_role("heading", name="This code does not work")).to_be_visible()
    assert phone.get_by_role("main").inner_text() == quiet

    phone.goto(code_of(paused))
    expect(phone.get_by_role("heading", name="Come back later")).to_be_visible()
    doors.change(batches.resume, paused.id, by=builders.ADMIN, now=times.now())
    expect(phone.get_by_role("button", name="Get 20 points")).to_be_visible()  # by itself

    counter = visit(shop.account("Kasia Curious", Role.STAFF), code_of(paused), at=PHONE)
    expect(counter.get_by_text("Points are for members")).to_be_visible()
    expect(counter.get_by_role("button", name="Get 20 points")).to_have_count(0)
    screenshot(counter, "redeem-worker")


def test_a_printed_code_is_typed_forgivingly_and_guessed_in_vain(visit: Callable[..., Page], shop: Shop) -> None:
    made = batch(shop)
    code = next(one.code for one in doors.rows(Code) if one.batch_id == made.id)
    phone = visit(shop.member("Mia Typist"), "/redeem", at=PHONE)
    phone.get_by_label("Code").fill("?!")
    phone.get_by_role("button", name="Show points").click()
    expect(phone.get_by_role("alert")).to_contain_text("does not look like one of our codes")
    screenshot(phone, "redeem-typed")
    screenshot_dark(phone, "redeem-typed")
    phone.get_by_label("Code").fill(f" {code[:3].lower()} {code[3:]}")
    phone.get_by_role("button", name="Show points").click()
    expect(phone.get_by_role("button", name="Get 20 points")).to_be_visible()
    phone.get_by_role("link", name="Deutsch").click()
    expect(phone.get_by_role("button", name="20 Punkte holen")).to_be_visible()

    for number in range(rules.GUESSES_AN_ACCOUNT + 1):
        phone.goto(f"/redeem/?code=AAAA-{number:04}")
        expect(phone.locator("[data-screen=unknown], [data-screen=rate_limited]")).to_be_visible()
    expect(phone.get_by_role("heading", name="Too many wrong codes")).to_be_visible()
    expect(phone.get_by_text(re.compile("Wait 1[345] minutes"))).to_be_visible()  # by the first guess
    screenshot(phone, "redeem-rate-limited")


def test_who_has_a_password_signs_in_and_comes_back(visit: Callable[..., Page], shop: Shop) -> None:
    mia, made = shop.member("Mia Password"), batch(shop, parameters=(("points", "20"), ("campaign", "x" * 200)))
    phone = visit(None, code_of(made), at=PHONE)
    phone.get_by_role("link", name="Sign in").click()
    expect(phone.get_by_role("heading", name="Sign in", exact=True)).to_be_visible()
    phone.get_by_label("E-mail").fill(builders.newcomer(mia.name).email)
    phone.get_by_label("Password").fill(builders.PASSWORD)
    phone.get_by_role("button", name="Sign in").click()

    phone.get_by_role("button", name="Get 20 points").click()
    expect(phone.get_by_role("heading", name="+20 points")).to_be_visible()


@pytest.mark.requirement("S0-2")
def test_a_preview_robot_uses_nothing_up(visit: Callable[..., Page], shop: Shop, server: Server) -> None:
    made = batch(shop)
    before = len(doors.rows(Attempt)), len(doors.rows(Redemption))
    for method in ("GET", "HEAD"):
        answer = httpx.request(method, server.url + code_of(made), follow_redirects=True, timeout=30)
        assert answer.status_code == httpx.codes.OK
    robot = visit(None, code_of(made), user_agent="WhatsApp/2.23")
    expect(robot.get_by_role("heading", name="20 points")).to_be_visible()

    assert (len(doors.rows(Attempt)), len(doors.rows(Redemption))) == before


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


def screenshot_dark(page: Page, name: str) -> None:
    """Keep a picture of a screen as it is at night."""
    page.emulate_media(color_scheme="dark")
    screenshot(page, name, dark=True)
    page.emulate_media(color_scheme="light")
