"""An admin puts a tablet at a location; staff take turns on it by PIN; it locks, and it can be taken out."""

import io
import re
from collections.abc import Callable, Iterator
from urllib.parse import urlsplit

import pytest
import sqlalchemy as sa
import zxingcpp
from PIL import Image
from playwright.sync_api import Page, Route, expect
from sqlmodel import col

from loyalty_app.accounts import service as accounts
from loyalty_app.accounts.models import Account, Role
from loyalty_app.core import times
from loyalty_app.places import service as places
from loyalty_app.places.models import Device
from loyalty_app.places.rules import Draft
from loyalty_app.program.models import Program
from loyalty_app.redemptions.models import Redemption
from loyalty_app.tills import service as tills
from tests import builders, doors
from tests.builders import ADMIN, PASSWORD
from tests.journeys.conftest import PHONE, TABLET, Shop, Watch, screenshot, screenshots

PIN = "4711"
ASKS_FOR_ALL = re.compile(r"/auth/device\?q=$")


@pytest.fixture
def one_minute(shop: Shop) -> Iterator[None]:
    """Let tablets lock after a minute."""
    del shop  # it opened the database
    change_lock(1)
    yield
    change_lock(5)


@pytest.fixture
def no_lock(shop: Shop) -> Iterator[None]:
    """Let no tablet lock by itself."""
    del shop  # it opened the database
    change_lock(0)
    yield
    change_lock(5)


@pytest.mark.requirement("S2-17", "S2-18")
def test_a_tablet_is_enrolled_by_its_code_unlocked_by_pin_and_every_scan_tells_its_place(
    visit: Callable[..., Page], shop: Shop, watch: Watch
) -> None:
    watch.forgiven += ["401 (Unauthorized", "422 (Unprocessable", "410 (Gone"]
    doors.change(lambda session: session.execute(sa.update(Account).values(pin_hash="")))  # those of other journeys
    kasia = shop.account("Kasia Pin", Role.STAFF)
    code = shop.claimed(shop.batch("At the tablet"), shop.member("Ana Tablet"))

    desk = visit(shop.admin, "/admin/settings/locations/")
    ask_for_a_link(desk)
    drawn = desk.get_by_alt_text("QR code of the link")
    expect(drawn).to_be_visible()
    everywhere(desk, "locations-link")
    (found,) = zxingcpp.read_barcodes(Image.open(io.BytesIO(drawn.screenshot())))
    link = urlsplit(found.text)

    tablet = visit(None, f"{link.path}?{link.query}", at=TABLET)
    expect(tablet.get_by_role("heading", name="Enrol this tablet as Bar tablet?")).to_be_visible()
    expect(tablet.get_by_text("Corner Bar")).to_be_visible()
    everywhere(tablet, "till-enrol")
    tablet.get_by_role("button", name="Enrol this tablet").click()
    expect(tablet.get_by_role("heading", name="Nobody has a PIN yet")).to_be_visible()
    expect(desk.get_by_text("Bar tablet is enrolled.")).to_be_visible()  # by itself
    expect(drawn).to_have_count(0)
    late = visit(None, f"{link.path}?{link.query}", at=PHONE)
    expect(late.get_by_role("heading", name="This link does not work any more")).to_be_visible()

    set_pin(visit(kasia, "/account/"))
    tablet.goto("/scan/")
    tablet.wait_for_url("**/scan/unlock/**")
    everywhere(tablet, "till-people")
    tablet.get_by_role("button", name="Kasia Pin").click()
    expect(tablet.get_by_label("PIN", exact=True)).to_be_focused()
    for digit in "8305":
        tablet.get_by_role("button", name=digit, exact=True).click()
    everywhere(tablet, "till-pad")
    tablet.get_by_role("button", name="Unlock").click()
    expect(tablet.get_by_role("alert")).to_contain_text("This PIN is wrong.")
    tablet.keyboard.type(PIN)
    tablet.keyboard.press("Enter")
    expect(tablet.get_by_text("Bar tablet · Corner Bar")).to_be_visible()
    tablet.get_by_label("Type a code").fill(code)
    tablet.get_by_label("Type a code").press("Enter")
    expect(tablet.get_by_role("heading", name="Accepted")).to_be_visible()
    everywhere(tablet, "till-counter")

    kept = doors.rows(Redemption)[-1]
    (device,) = [one for one in doors.rows(Device) if one.name == "Bar tablet"]
    assert (kept.place_id, kept.device_id, kept.account_id) == (device.place_id, device.id, kasia.id)
    tablet.goto("/admin/settings/")
    expect(tablet.get_by_role("heading", name="Not for your account")).to_be_visible()
    tablet.goto("/scan/")
    tablet.get_by_role("button", name="Lock").click()
    expect(tablet.get_by_role("heading", name="Who are you?")).to_be_visible()
    expect(desk.get_by_role("listitem").filter(has_text="Corner Bar")).to_contain_text("1 redemption")  # by itself
    everywhere(desk, "locations")


@pytest.fixture
def many(shop: Shop) -> Iterator[None]:
    """Give fourteen people a PIN, two of them of one name; others find their tablets as they were afterwards."""
    crowd = [shop.account(f"Crowd {letter}", Role.STAFF).id for letter in "ABCDEFGHIJKL"]
    for address in ("ula.first@example.com", "ula.second@example.com"):
        who = builders.newcomer("Ula Żak", address)
        crowd.append(doors.change(accounts.create, who, Role.STAFF, by=accounts.SYSTEM, now=times.now()).id)
    give_pins(crowd, tills.new_pin(PIN))
    yield
    give_pins(crowd, "")


@pytest.mark.requirement("S2-17")
def test_where_many_work_one_finds_oneself_by_name(
    visit: Callable[..., Page], shop: Shop, watch: Watch, many: None
) -> None:
    del many
    watch.forgiven += ["401 (Unauthorized"]
    tablet = visit(None, at=TABLET)
    shop.enrol(tablet, "Crowded tablet")
    tablet.goto("/scan/unlock/")
    expect(tablet.get_by_role("button", name="Crowd L")).to_be_visible()
    everywhere(tablet, "till-many")
    find = tablet.get_by_label("Find your name")
    find.fill("ŻAK ul")
    expect(tablet.locator(".till-people li")).to_have_text(["Ula Żak ula.first", "Ula Żak ula.second"])
    everywhere(tablet, "till-found")
    held: list[Route] = []

    def hold(route: Route) -> None:
        held.append(route)

    tablet.route(ASKS_FOR_ALL, hold)
    find.fill("")  # and the field stays for whoever types in it, also before there is an answer
    expect(find).to_be_focused()
    expect(tablet.locator(".till-people li")).to_have_count(2)
    find.fill("nobody at all")
    expect(tablet.get_by_text("Nobody of this name has a PIN.")).to_be_visible()
    find.fill("")
    expect(find).to_be_focused()
    expect(tablet.get_by_role("heading", name="Who are you?")).to_be_visible()
    for route in held:
        route.continue_()
    expect(tablet.get_by_role("button", name="Crowd L")).to_be_visible()
    expect(find).to_be_focused()
    find.fill("żak")
    tablet.get_by_role("button", name="Ula Żak ula.second").click()
    expect(tablet.get_by_text("ula.second", exact=True)).to_be_visible()
    tablet.get_by_label("PIN", exact=True).fill(PIN)
    tablet.get_by_role("button", name="Unlock").click()
    expect(tablet.get_by_label("Type a code")).to_be_visible()


def test_a_tablet_that_is_left_alone_warns_and_locks_itself(
    visit: Callable[..., Page], shop: Shop, watch: Watch, one_minute: None
) -> None:
    del one_minute
    watch.forgiven += ["401 (Unauthorized"]  # whatever the page still asks for in the moment of the lock
    tablet = a_tablet(visit, shop, "Left tablet")
    tablet.clock.install()
    with tablet.expect_response("**/auth/stay", timeout=60_000):  # from then on it counts
        unlock(tablet, shop)
    soon = tablet.get_by_text("This tablet locks soon.")
    tablet.clock.fast_forward(41_000)
    expect(soon).to_be_visible()
    tablet.keyboard.press("Shift")
    expect(soon).to_have_count(0)
    tablet.clock.fast_forward(41_000)
    expect(soon).to_be_visible()
    screenshot(tablet, "till-warning", dark=True)
    tablet.clock.fast_forward(20_000)
    tablet.wait_for_url("**/scan/unlock/**")


def test_behind_the_kiosk_of_a_tablet_the_pin_is_asked_for(
    visit: Callable[..., Page], shop: Shop, watch: Watch
) -> None:
    watch.forgiven += ["401 (Unauthorized"]  # whatever the page still asks for in the moment of the lock
    tablet = a_tablet(visit, shop, "Kiosk tablet")
    unlock(tablet, shop)
    tablet.evaluate("localStorage.setItem('loyalty-camera', JSON.stringify({ mode: 'kiosk' }))")
    tablet.reload()
    expect(tablet.get_by_role("button", name="Hold to leave kiosk")).to_be_visible()
    expect(tablet.get_by_role("button", name="Lock")).to_be_hidden()
    expect(tablet.locator(".counter-place")).to_contain_text("Kiosk tablet")  # by then it knows that it locks
    tablet.keyboard.down("Escape")
    tablet.wait_for_url("**/scan/unlock/**")
    tablet.keyboard.up("Escape")
    unlock(tablet, shop)
    expect(tablet.get_by_role("button", name="Lock")).to_be_visible()


def test_a_kiosk_that_cannot_be_locked_stays_one_and_locks_though_nothing_else_does(
    visit: Callable[..., Page], shop: Shop, watch: Watch, no_lock: None
) -> None:
    del no_lock
    watch.forgiven += ["401 (Unauthorized", "ERR_INTERNET_DISCONNECTED", "WebSocket connection to"]
    tablet = a_tablet(visit, shop, "Cut off tablet")
    unlock(tablet, shop)
    tablet.evaluate("localStorage.setItem('loyalty-camera', JSON.stringify({ mode: 'kiosk' }))")
    tablet.reload()
    expect(tablet.get_by_role("button", name="Hold to leave kiosk")).to_be_visible()
    expect(tablet.locator(".counter-place")).to_contain_text("Cut off tablet")
    tablet.context.set_offline(True)
    tablet.keyboard.down("Escape")
    expect(tablet.get_by_text("The tablet could not be locked.")).to_be_visible()
    screenshot(tablet, "kiosk-not-locked")
    tablet.keyboard.up("Escape")
    expect(tablet.get_by_role("button", name="Hold to leave kiosk")).to_be_visible()
    expect(tablet.get_by_role("button", name="Lock")).to_be_hidden()
    tablet.context.set_offline(False)
    tablet.keyboard.down("Escape")
    tablet.wait_for_url("**/scan/unlock/**")
    tablet.keyboard.up("Escape")


def test_a_tablet_that_is_left_on_the_redemptions_locks_itself_too(
    visit: Callable[..., Page], shop: Shop, watch: Watch, one_minute: None
) -> None:
    del one_minute
    watch.forgiven += ["401 (Unauthorized"]
    tablet = a_tablet(visit, shop, "Tablet at the desk")
    tablet.clock.install()
    with tablet.expect_response("**/auth/stay", timeout=60_000):  # else the counter's is taken for the desk's
        unlock(tablet, shop)
    with tablet.expect_response("**/auth/stay"):
        tablet.goto("/admin/redemptions/")
    soon = tablet.get_by_text("This tablet locks soon.")
    tablet.clock.fast_forward(41_000)
    expect(soon).to_be_visible()
    screenshot(tablet, "till-warning-desk")
    tablet.keyboard.press("Shift")
    expect(soon).to_have_count(0)
    tablet.clock.fast_forward(60_000)
    tablet.wait_for_url("**/scan/unlock/**")


def test_a_revoked_tablet_stops_by_itself_and_redeems_nothing(
    visit: Callable[..., Page], shop: Shop, watch: Watch
) -> None:
    watch.forgiven += ["401 (Unauthorized", "403 (Forbidden"]
    code = shop.claimed(shop.batch("After the end"), shop.member("Ana Stolen"))
    tablet = a_tablet(visit, shop, "Stolen tablet")
    unlock(tablet, shop)
    desk = visit(shop.admin, "/admin/settings/locations/")
    desk.get_by_role("button", name="Revoke Stolen tablet").click()
    screenshot(desk, "locations-revoke")
    desk.get_by_role("button", name="Revoke tablet", exact=True).click()

    expect(tablet.get_by_role("heading", name="This tablet is not enrolled any more")).to_be_visible(timeout=20_000)
    everywhere(tablet, "till-revoked")
    tablet.goto("/scan/")
    expect(tablet.get_by_role("heading", name="This tablet is not enrolled any more")).to_be_visible()
    assert code.upper() not in {one.code_text for one in doors.rows(Redemption)}


def test_whoever_works_on_a_browser_of_their_own_says_where(visit: Callable[..., Page], shop: Shop) -> None:
    for name in ("North", "South"):
        doors.change(places.create, Draft(name), by=ADMIN, now=times.now())
    page = visit(shop.account("Ola Walks", Role.STAFF), "/scan/", at=PHONE)
    expect(page.get_by_label("Which location is this?")).to_be_visible()
    everywhere(page, "till-which-location")
    unplaced = shop.claimed(shop.batch("Nowhere yet"), shop.member("Ana Nowhere"))
    page.get_by_label("Type a code").fill(unplaced)
    page.get_by_label("Type a code").press("Enter")
    expect(page.get_by_role("heading", name="Accepted")).to_be_visible()
    assert doors.rows(Redemption)[-1].place_id is None
    page.get_by_label("Which location is this?").select_option("South")
    expect(page.get_by_label("Which location is this?")).to_have_count(0)
    code = shop.claimed(shop.batch("On foot"), shop.member("Ana Foot"))
    expect(page.get_by_label("Location").locator("option")).not_to_contain_text(["Choose location"])
    screenshot(page, "till-location")
    page.reload()
    expect(page.get_by_label("Location").locator("option:checked")).to_have_text("South")
    expect(page.get_by_label("Which location is this?")).to_have_count(0)
    page.get_by_label("Type a code").fill(code)
    page.get_by_label("Type a code").press("Enter")
    expect(page.get_by_role("region", name="Answer")).to_contain_text("Ana Foot")
    place_id = doors.rows(Redemption)[-1].place_id
    assert doors.see(places.names, {place_id or 0}) == {place_id: "South"}


def change_lock(minutes: int) -> None:
    doors.change(lambda session: session.execute(sa.update(Program).values(lock_minutes=minutes)))


def give_pins(account_ids: list[int | None], pin_hash: str) -> None:
    change = sa.update(Account).where(col(Account.id).in_(account_ids)).values(pin_hash=pin_hash)
    doors.change(lambda session: session.execute(change))


def a_tablet(visit: Callable[..., Page], shop: Shop, name: str) -> Page:
    """Return a browser that is enrolled, quickly."""
    doors.change(tills.give_pin, worker(shop).id, tills.new_pin(PIN), by=ADMIN, now=times.now())
    page = visit(None, at=TABLET)
    shop.enrol(page, name)
    return page


def ask_for_a_link(desk: Page) -> None:
    desk.locator("form").filter(has_text="New location").get_by_label("Name").fill("Corner Bar")
    desk.get_by_label("Address").fill("Rynek 1, Warsaw")
    desk.get_by_role("button", name="Add location").click()
    expect(desk.get_by_role("heading", name="Corner Bar")).to_be_visible()
    desk.locator("form").filter(has_text="Add a tablet").get_by_label("Name").fill("Bar tablet")
    desk.get_by_label("Location", exact=True).select_option("Corner Bar")
    desk.get_by_role("button", name="Show its link").click()


def set_pin(own: Page) -> None:
    form = own.locator("form").filter(has_text="New PIN")
    form.get_by_label("Present password").fill(PASSWORD)
    form.get_by_label("New PIN").fill("1234")
    form.get_by_role("button", name="Set PIN").click()
    expect(form.get_by_role("alert")).to_contain_text("too easy to guess")
    form.get_by_label("New PIN").fill(PIN)
    form.get_by_role("button", name="Set PIN").click()
    expect(own.get_by_text("Your PIN is changed.")).to_be_visible()
    screenshot(own, "account-pin")


def worker(shop: Shop) -> Account:
    return shop.account("Wera Turn", Role.STAFF)


def unlock(tablet: Page, shop: Shop) -> None:
    tablet.goto("/scan/")
    tablet.get_by_role("button", name=worker(shop).name).click()
    tablet.get_by_label("PIN", exact=True).fill(PIN)
    tablet.get_by_role("button", name="Unlock").click()
    expect(tablet.get_by_label("Type a code")).to_be_visible()


def everywhere(page: Page, name: str) -> None:
    """Keep a picture at every size; in the dark only as a phone shows it."""
    screenshots(page, name, dark_at={390})
