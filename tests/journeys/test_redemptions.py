"""The Redemptions page: what the counter does shows at once, and every redemption is found again."""

import csv
import io
import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from loyalty_app.accounts import service as accounts
from loyalty_app.accounts.models import Account, Role
from loyalty_app.batches import service as batches
from loyalty_app.core import csvs, times
from loyalty_app.core.actor import Actor
from loyalty_app.members.models import Member
from loyalty_app.redemptions import service as redemptions
from tests import builders, doors
from tests.builders import ADMIN, CASHIER
from tests.journeys.conftest import DESK, PHONE, TABLET, Shop, screenshot
from tests.journeys.till import type_code

HOME = "/admin/redemptions/"


@pytest.fixture
def lena(shop: Shop) -> Account:
    """Return somebody who leads the shift."""
    return shop.account("Lena Lead", Role.LEAD)


@pytest.fixture
def kasia(shop: Shop) -> Account:
    """Return somebody who works at the till."""
    return shop.account("Kasia Till", Role.STAFF)


def row(page: Page, customer: str) -> Locator:
    """Return the row of a customer's redemption."""
    return page.locator(".redemptions tbody tr").filter(has_text=customer)


def tile(page: Page, label: str) -> Locator:
    """Return the number of a card."""
    return page.locator(".stand > div").filter(has_text=label).locator(".live")


def redeem(shop: Shop, code: str, *, by: Actor = CASHIER, **more: object) -> None:
    """Redeem behind everybody's back."""
    asked = redemptions.Ask(code, by, **more)
    doors.change(redemptions.redeem_many, [asked], now=times.now())


@pytest.mark.requirement("S2-2", "S2-3", "S2-4", "S2-14")
def test_what_the_counter_redeems_shows_at_once_and_a_lead_undoes_it(
    visit: Callable[..., Page], shop: Shop, lena: Account, kasia: Account
) -> None:
    batch = shop.batch("Live desk")
    redeem(shop, shop.claimed(batch, shop.member("Ana Before")))
    code = shop.claimed(batch, shop.member("Ana Live"))
    desk, viewer = visit(lena, HOME), visit(shop.account("Wiktor View", Role.VIEWER), HOME)
    expect(row(desk, "Ana Before")).to_be_visible()
    total = int(tile(desk, "Total redemptions").inner_text().replace(",", ""))
    till = visit(kasia, "/scan/", at=TABLET)

    type_code(till, code)
    expect(desk.locator(".redemptions tbody tr").first).to_contain_text("Ana Live")  # how soon: tests.bench live
    expect(tile(desk, "Total redemptions")).to_have_text(f"{total + 1:,}")
    expect(desk.locator(".redemptions tbody tr").first).to_contain_text("by Kasia Till")
    expect(tile(viewer, "Total redemptions")).to_have_text(f"{total + 1:,}")
    expect(viewer.get_by_text("Ana Live")).to_have_count(0)
    screenshot(desk, "redemptions")

    row(desk, "Ana Live").get_by_role("link").click()
    one = desk.get_by_role("dialog", name="One redemption")
    expect(one).to_contain_text("Kasia Till")
    one.locator("summary", has_text="Undo").click()
    screenshot(desk, "redemptions-undo")
    one.get_by_label("Reason").fill("Wrong guest")
    one.get_by_role("button", name="Undo").click()
    expect(one.get_by_text("Undone. The code can be redeemed again.")).to_be_visible()
    expect(one).to_contain_text("Undone by Lena Lead at")
    expect(tile(viewer, "Total redemptions")).to_have_text(f"{total:,}")
    expect(viewer.locator(".redemptions tbody tr").first).to_contain_text("Undone")
    desk.keyboard.press("Escape")
    expect(one).to_be_hidden()
    expect(desk).not_to_have_url(re.compile("redemption="))
    expect(row(desk, "Ana Live")).to_contain_text("Wrong guest")


@pytest.mark.requirement("S2-13", "S2-14")
def test_what_a_lead_undoes_is_undone_on_every_screen(
    visit: Callable[..., Page], shop: Shop, lena: Account, kasia: Account
) -> None:
    batch = shop.batch("Undone everywhere")
    code = shop.claimed(batch, shop.member("Ula Kowal"))
    redeem(shop, code, by=accounts.actor_for(kasia))
    member = next(one.id for one in doors.rows(Member) if one.name == "Ula Kowal")
    card, sheet = visit(shop.admin, f"/admin/members/{member}"), visit(shop.admin, f"/admin/batches/{batch.id}")
    used = sheet.locator("dl > div").filter(has_text="Redeemed").first.locator(".live")
    expect(card.locator(".timeline > li").first).to_contain_text("Redeemed")
    expect(used).to_have_text("1")
    till = visit(kasia, "/scan/", at=TABLET)
    till.locator("summary", has_text="My last scans").click()
    mine = till.get_by_role("listitem").filter(has_text="Ula Kowal")
    expect(mine).to_contain_text("Accepted")

    desk = visit(lena, f"{HOME}?q=ula+kowal")
    row(desk, "Ula Kowal").get_by_role("link").click()
    one = desk.get_by_role("dialog", name="One redemption")
    one.locator("summary", has_text="Undo").click()
    one.get_by_label("Reason").fill("Gave it to the wrong guest")
    one.get_by_role("button", name="Undo").click()
    told = "Undone by Lena Lead at"
    expect(one).to_contain_text(told)

    expect(row(desk, "Ula Kowal")).to_contain_text(told)
    expect(used).to_have_text("0")
    expect(card.locator(".timeline > li").first).to_contain_text("Undone")
    expect(card.locator(".timeline > li").first).to_contain_text("Gave it to the wrong guest")
    expect(card.get_by_role("cell").filter(has_text=told)).to_contain_text("Gave it to the wrong guest")
    till.reload()
    till.locator("summary", has_text="My last scans").click()
    expect(mine).to_contain_text("Undone")


def test_a_conflict_shows_by_itself_and_is_settled_once_for_all(
    visit: Callable[..., Page], shop: Shop, lena: Account, kasia: Account
) -> None:
    code = shop.claimed(shop.batch("Taken twice"), shop.member("Cleo Conflict"))
    redeem(shop, code)
    desk, other = visit(lena, HOME), visit(kasia, HOME)
    board, seen = (page.locator(".conflicts li").filter(has_text="Cleo Conflict") for page in (desk, other))
    expect(row(desk, "Cleo Conflict")).to_be_visible()
    expect(board).to_have_count(0)

    redeem(shop, code, by=accounts.actor_for(kasia), scanned_at=times.now())
    expect(board).to_have_count(1)
    desk.locator(".conflicts summary").click()
    expect(board).to_contain_text("Reached us later")
    expect(board).to_contain_text("Kasia Till")
    frozen = shop.batch("Frozen while away")
    away = shop.claimed(frozen, shop.member("Fay Away"))
    doors.change(batches.freeze, frozen.id, by=ADMIN, now=times.now())
    redeem(shop, away, by=accounts.actor_for(kasia), scanned_at=times.now())
    refused = desk.locator(".conflicts li").filter(has_text="Fay Away")
    expect(refused).to_contain_text("Redemptions frozen")
    expect(refused).to_contain_text("Kasia Till")
    screenshot(desk, "redemptions-conflict")
    desk.set_viewport_size(PHONE["viewport"])
    screenshot(desk, "redemptions-conflict")
    refused.get_by_role("button", name="Put").click()
    expect(refused).to_have_count(0)
    other.locator(".conflicts summary").click()
    expect(seen).to_be_visible()
    expect(seen.get_by_role("button")).to_have_count(0)
    board.get_by_role("button", name="Put").click()
    expect(board).to_have_count(0)
    expect(seen).to_have_count(0)


@pytest.mark.requirement("S2-4", "S2-14")
def test_while_a_filter_is_set_only_what_fits_appears(visit: Callable[..., Page], shop: Shop, lena: Account) -> None:
    batch = shop.batch("Watched corner")
    corner, other = (doors.change(builders.place, name) for name in ("Watched corner", "Other corner"))
    desk = visit(lena, f"{HOME}?place={corner.id}")
    expect(desk.get_by_text("No redemption fits: at Watched corner.")).to_be_visible()
    expect(desk.get_by_role("button", name="Export CSV")).to_be_disabled()

    redeem(shop, shop.claimed(batch, shop.member("Otto Elsewhere")), place_id=other.id)
    redeem(shop, shop.claimed(batch, shop.member("Cora First")), place_id=corner.id)
    expect(row(desk, "Cora First")).to_be_visible()
    redeem(shop, shop.claimed(batch, shop.member("Cora Second")), place_id=corner.id)
    expect(row(desk, "Cora Second")).to_be_visible()
    expect(desk.locator(".redemptions tbody tr")).to_have_count(2)
    expect(desk.get_by_text("2 rows", exact=True)).to_be_visible()
    expect(desk.get_by_role("link", name="Export CSV")).to_be_visible()

    desk.get_by_label("From").fill("2026-06-15")
    desk.get_by_label("To", exact=True).fill("2026-06-14")
    expect(desk.get_by_text("This is before From, so it is left out.")).to_be_visible()
    expect(row(desk, "Cora Second")).to_be_visible()
    screenshot(desk, "redemptions-days")


@pytest.mark.requirement("S2-4", "S2-17")
def test_a_dispute_is_settled_by_the_customers_name(visit: Callable[..., Page], shop: Shop, kasia: Account) -> None:
    batch, other = shop.batch("Disputed"), shop.batch("Disputed too")
    square = doors.change(builders.place, "Dispute Square")
    redeem(shop, shop.claimed(batch, shop.member("Zofia Dispute")), place_id=square.id)
    redeem(shop, shop.claimed(other, shop.member("Zofia Dispute")))
    redeem(shop, shop.claimed(batch, shop.member("Adam Other")))
    desk = visit(kasia, HOME)
    expect(row(desk, "Adam Other")).to_be_visible()

    desk.keyboard.press("/")
    desk.keyboard.type("zofia disp", delay=60)
    expect(row(desk, "Adam Other")).to_have_count(0)
    expect(row(desk, "Zofia Dispute")).to_have_count(2)
    expect(desk.get_by_text("2 redemptions fit.")).to_be_visible()
    expect(desk.get_by_label("Code, customer or offer")).to_be_focused()
    expect(desk.get_by_label("Code, customer or offer")).to_have_value("zofia disp")
    desk.get_by_label("Location", exact=True).select_option("Dispute Square")
    expect(row(desk, "Zofia Dispute")).to_have_count(1)
    desk.reload()
    expect(row(desk, "Zofia Dispute")).to_have_count(1)
    expect(desk.get_by_label("Code, customer or offer")).to_have_value("zofia disp")
    expect(desk.get_by_label("Location", exact=True)).to_have_value(str(square.id))

    with desk.expect_download() as taken:
        desk.get_by_role("link", name="Export CSV").click()
    text = taken.value.path().read_text(encoding="utf-8").removeprefix(csvs.BOM)
    (line,) = csv.DictReader(io.StringIO(text, newline=""))
    assert (line["customer"], line["location"]) == ("Zofia Dispute", "Dispute Square")

    row(desk, "Zofia Dispute").get_by_role("link").click()
    one = desk.get_by_role("dialog", name="One redemption")
    expect(one).to_contain_text("Zofia Dispute")
    expect(one).to_contain_text("Dispute Square")
    screenshot(desk, "redemptions-one")
    desk.go_back()
    expect(one).to_be_hidden()
    desk.go_back()
    expect(row(desk, "Zofia Dispute")).to_have_count(2)
    expect(desk.get_by_label("Location", exact=True)).to_have_value("")
    desk.get_by_role("link", name="Clear search and filters").click()
    expect(row(desk, "Adam Other")).to_be_visible()
    expect(desk.get_by_label("Code, customer or offer")).to_have_value("")

    desk.get_by_label("Code, customer or offer").fill("nobody at all")
    expect(desk.get_by_text("No redemption fits: “nobody at all”.")).to_be_visible()
    screenshot(desk, "redemptions-none")


def test_who_reads_further_down_is_told_what_is_new_and_nothing_moves(
    visit: Callable[..., Page], shop: Shop, lena: Account
) -> None:
    batch = shop.batch("Long list", 40)
    for number in range(14):
        redeem(shop, shop.claimed(batch, shop.member(f"Reader {number}")))
    desk = visit(lena, HOME, at=PHONE)
    last = row(desk, "Reader 3")
    last.scroll_into_view_if_needed()
    expect(desk.locator("[data-scrolled=true]")).to_be_attached()
    place = last.bounding_box()

    redeem(shop, shop.claimed(batch, shop.member("Newcomer")))
    expect(desk.get_by_role("button", name="1 new")).to_be_attached()
    assert last.bounding_box() == place
    expect(row(desk, "Newcomer")).to_have_count(0)
    # A click would scroll up to it first, and that alone shows what is new.
    desk.get_by_role("button", name="1 new").dispatch_event("click")
    expect(desk.locator(".redemptions tbody tr").first).to_contain_text("Newcomer")


@pytest.mark.requirement("S2-6", "S2-7", "S2-9")
def test_the_scanner_opens_on_the_page_and_its_camera_goes_out_with_it(
    visit: Callable[..., Page], shop: Shop, lena: Account, show: Callable[..., Browser]
) -> None:
    code = shop.claimed(shop.batch("In the dialog"), shop.member("Ana Dialog"))
    desk = visit(lena, HOME, browser=show((code, 1)), at=DESK, permissions=["camera"])
    expect(desk.get_by_role("button", name="Scan QR Code")).to_be_visible()
    assert not desk.evaluate("document.querySelector('video')?.srcObject")

    desk.get_by_role("button", name="Scan QR Code").click()
    dialog = desk.get_by_role("dialog", name="Scan QR Code")
    expect(dialog.get_by_role("heading", name="Accepted")).to_be_visible()
    desk.evaluate("window.track = document.querySelector('video').srcObject.getTracks()[0]")
    assert desk.evaluate("window.track.readyState") == "live"
    screenshot(desk, "redemptions-scan")
    desk.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    desk.wait_for_function("window.track.readyState === 'ended'")
    expect(desk.locator(".redemptions tbody tr").first).to_contain_text("Ana Dialog")
    expect(desk.get_by_role("button", name="Scan QR Code")).to_be_focused()
