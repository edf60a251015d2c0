"""Pause, resume and delete a batch while somebody looks at its claim page."""

from collections.abc import Callable

from playwright.sync_api import Page, expect

from loyalty_app.accounts.models import Role
from tests.journeys.conftest import PHONE, Shop, card, choose, screenshot


def test_a_pause_closes_the_open_claim_page_and_a_resume_opens_it_again(visit: Callable[..., Page], shop: Shop) -> None:
    batch = shop.batch("Spring flyer", offer_id=shop.offer("Free cake", description="One slice."))
    desk = visit(shop.account("Marek Marketer", Role.MARKETER), "/admin/batches/")
    phone = visit(shop.member("Mia Member"), shop.claim_path(batch), at=PHONE)
    expect(phone.get_by_role("button", name="Claim voucher")).to_be_visible()

    choose(desk, "Spring flyer", "Pause batch")
    expect(card(desk, "Spring flyer")).to_contain_text("Paused")
    expect(phone.get_by_role("heading", name="Promotion Temporarily Paused", exact=True)).to_be_visible()
    expect(phone.get_by_role("main")).to_contain_text("Free cake")
    expect(phone.get_by_role("main")).to_contain_text("One slice.")
    expect(phone.get_by_role("link", name="Back to Home", exact=True)).to_be_visible()
    expect(phone.get_by_role("main").get_by_role("button")).to_have_count(0)
    screenshot(phone, "claim-paused")

    choose(desk, "Spring flyer", "Resume batch")
    expect(card(desk, "Spring flyer")).to_contain_text("Active")
    phone.get_by_role("button", name="Claim voucher").click()
    expect(phone.get_by_role("heading", name="It is yours")).to_be_visible()


def test_a_paused_page_leads_home(visit: Callable[..., Page], shop: Shop) -> None:
    batch = shop.batch("Autumn flyer")
    shop.pause(batch)

    phone = visit(None, shop.claim_path(batch), at=PHONE)
    phone.get_by_role("link", name="Back to Home").click()
    expect(phone.get_by_role("link", name="Become a member")).to_be_visible()
    screenshot(phone, "home")


def test_a_deletion_says_what_is_lost_and_takes_everything(visit: Callable[..., Page], shop: Shop) -> None:
    batch, mia = shop.batch("Old flyer", made=1500), shop.member("Mia Deleted")
    code = shop.claimed(batch, mia)
    desk = visit(shop.admin, "/admin/batches/")
    cards = visit(mia, "/my/cards/", at=PHONE)
    claim_page = visit(None, shop.claim_path(batch), at=PHONE)
    expect(cards.get_by_role("img", name="QR code of voucher")).to_have_count(1)
    expect(claim_page.get_by_role("link", name="Become a member")).to_be_visible()

    choose(desk, "Old flyer", "Delete batch")
    dialog = desk.get_by_role("dialog", name="Delete batch")
    expect(dialog).to_contain_text(
        "Are you sure you want to permanently delete this batch? 1,500 vouchers will be permanently deleted."
    )
    expect(dialog).to_contain_text("One member holds an unredeemed voucher of it, and loses it.")
    screenshot(desk, "batches-delete")
    dialog.get_by_role("button", name="Keep batch").click()
    expect(dialog).to_be_hidden()
    expect(card(desk, "Old flyer")).to_be_visible()

    choose(desk, "Old flyer", "Delete batch")
    dialog.get_by_role("button", name="Confirm").click()
    expect(card(desk, "Old flyer")).to_have_count(0)
    expect(desk.get_by_text("The batch and its vouchers are deleted.")).to_be_visible()
    expect(cards.get_by_text(code[:4])).to_have_count(0)
    expect(cards.get_by_role("heading", name="No vouchers to use")).to_be_visible()
    expect(claim_page.get_by_role("heading", name="This link leads nowhere")).to_be_visible()
    screenshot(cards, "my-cards-empty")


def test_a_batch_can_be_paused_instead_of_deleted(visit: Callable[..., Page], shop: Shop) -> None:
    shop.batch("Doubtful flyer")
    desk = visit(shop.admin, "/admin/batches/")

    choose(desk, "Doubtful flyer", "Delete batch")
    desk.get_by_role("dialog", name="Delete batch").get_by_role("button", name="Pause instead").click()
    expect(card(desk, "Doubtful flyer")).to_contain_text("Paused")


def test_whoever_only_watches_is_offered_no_actions(visit: Callable[..., Page], shop: Shop) -> None:
    shop.batch("Watched flyer")
    desk = visit(shop.account("Wiktor Viewer", Role.VIEWER), "/admin/batches/")

    expect(card(desk, "Watched flyer").get_by_role("button", name="Share")).to_be_visible()
    expect(card(desk, "Watched flyer").get_by_label("Actions")).to_have_count(0)
    expect(desk.get_by_role("link", name="New batch")).to_have_count(0)
