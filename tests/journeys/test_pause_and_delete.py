"""Pause, resume, freeze and delete a batch while somebody looks at its claim page."""

import colorsys
from collections.abc import Callable

import pytest
from playwright.sync_api import Locator, Page, expect

from loyalty_app.accounts.models import Role
from loyalty_app.codes import alphabet
from tests.journeys.conftest import PHONE, Shop, card, choose, screenshot


@pytest.mark.requirement("S3-12", "S3-13", "S3-14", "S3-17", "S3-18")
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


@pytest.mark.requirement("S3-5")
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_badge_is_green_while_active_and_yellow_while_paused(
    scheme: str, visit: Callable[..., Page], shop: Shop
) -> None:
    batch = shop.batch(f"Badge in {scheme}")
    desk = visit(shop.admin, f"/admin/batches/?q=Badge in {scheme}", color_scheme=scheme)
    badge = card(desk, f"Badge in {scheme}").locator(".badge")

    expect(badge).to_have_text("Active")
    assert 90 < hue(badge) < 160
    shop.pause(batch)
    expect(badge).to_have_text("Paused")
    assert 30 < hue(badge) < 60


def hue(badge: Locator) -> float:
    """Return the hue of what the badge is painted with, in degrees: 40 is yellow as amber is, 120 is green."""
    red, green, blue = (
        int(part) / 255 for part in badge.evaluate("one => getComputedStyle(one).color.match(/[0-9]+/g).slice(0, 3)")
    )
    return colorsys.rgb_to_hsv(red, green, blue)[0] * 360


def test_a_paused_page_leads_home(visit: Callable[..., Page], shop: Shop) -> None:
    batch = shop.batch("Autumn flyer")
    shop.pause(batch)

    phone = visit(None, shop.claim_path(batch), at=PHONE)
    phone.get_by_role("link", name="Back to Home").click()
    expect(phone.get_by_role("link", name="Become a member")).to_be_visible()
    screenshot(phone, "home")


@pytest.mark.requirement("S3-19", "S3-21", "S3-22", "S3-23", "S3-35")
def test_a_deletion_says_what_is_lost_and_takes_everything(visit: Callable[..., Page], shop: Shop) -> None:
    promised = shop.offer("Five off", reward_kind="amount", reward_value="5")
    batch, mia = shop.batch("Old flyer", made=1500, offer_id=promised), shop.member("Mia Deleted")
    code = shop.claimed(batch, mia)
    desk = visit(shop.admin, "/admin/batches/")
    cards = visit(mia, "/my/cards/", at=PHONE)
    claim_page = visit(None, shop.claim_path(batch), at=PHONE)
    expect(cards.get_by_role("img", name="QR code of voucher")).to_have_count(1)
    expect(cards.get_by_text(alphabet.display(code))).not_to_have_count(0)
    expect(claim_page.get_by_role("link", name="Become a member")).to_be_visible()

    choose(desk, "Old flyer", "Delete batch")
    dialog = desk.get_by_role("dialog", name="Delete batch")
    expect(dialog).to_contain_text(
        "Are you sure you want to permanently delete this batch? 1,500 vouchers will be permanently deleted."
    )
    expect(dialog).to_contain_text("Claimed: 1. Redeemed: 0.")
    expect(dialog).to_contain_text("One member holds an unredeemed voucher of it, and loses it.")
    expect(dialog).to_contain_text("Value outstanding: ")
    expect(dialog).to_contain_text("5.00.")
    expect(dialog.get_by_role("button", name="Confirm")).to_have_count(0)
    screenshot(desk, "batches-delete-active")
    dialog.get_by_role("button", name="Keep batch").click()
    expect(dialog).to_be_hidden()
    expect(card(desk, "Old flyer")).to_contain_text("Active")

    choose(desk, "Old flyer", "Delete batch")
    dialog.get_by_role("button", name="Pause and go on").click()
    expect(dialog).to_contain_text("It is paused. Left like this, it keeps its vouchers and numbers.")
    expect(card(desk, "Old flyer")).to_contain_text("Paused")
    with desk.expect_download() as taken:
        dialog.get_by_role("link", name="Export CSV").click()
    assert len(taken.value.path().read_text().splitlines()) == 1501
    confirm, name = dialog.get_by_role("button", name="Confirm"), dialog.get_by_label("Type the name of the batch")
    expect(confirm).to_be_disabled()
    name.fill("Old fly")
    expect(dialog).to_contain_text("Confirm works once you have typed: Old flyer")
    expect(confirm).to_be_disabled()
    screenshot(desk, "batches-delete")
    name.fill("Old flyer")
    expect(confirm).to_be_enabled()
    confirm.click()
    expect(dialog).to_be_hidden()
    expect(card(desk, "Old flyer")).to_have_count(0)
    expect(desk.get_by_text("The batch and its vouchers are deleted.")).to_be_visible()
    expect(cards.get_by_text(alphabet.display(code))).to_have_count(0)
    expect(cards.get_by_role("heading", name="No vouchers to use")).to_be_visible()
    expect(claim_page.get_by_role("heading", name="This link leads nowhere")).to_be_visible()
    screenshot(cards, "my-cards-empty")


@pytest.mark.requirement("S3-23")
def test_a_batch_can_be_paused_instead_of_deleted(visit: Callable[..., Page], shop: Shop) -> None:
    shop.batch("Doubtful flyer")
    desk = visit(shop.admin, "/admin/batches/")

    choose(desk, "Doubtful flyer", "Delete batch")
    desk.get_by_role("dialog", name="Delete batch").get_by_role("button", name="Pause instead").click()
    expect(desk.get_by_role("dialog", name="Delete batch")).to_be_hidden()
    expect(card(desk, "Doubtful flyer")).to_contain_text("Paused")


def test_redemptions_are_frozen_after_a_word_of_warning_and_allowed_at_once(
    visit: Callable[..., Page], shop: Shop
) -> None:
    batch = shop.batch("Disputed flyer")
    desk = visit(shop.account("Marek Marketer", Role.MARKETER), "/admin/batches/")

    choose(desk, "Disputed flyer", "Freeze redemptions")
    dialog = desk.get_by_role("dialog", name="Freeze redemptions")
    expect(dialog).to_contain_text("keep their vouchers in My cards")
    expect(dialog).to_contain_text("are told at the counter that redemptions are frozen")
    screenshot(desk, "batches-freeze")
    dialog.get_by_role("button", name="Cancel").click()
    expect(card(desk, "Disputed flyer")).not_to_contain_text("Redemptions frozen")

    choose(desk, "Disputed flyer", "Freeze redemptions")
    dialog.get_by_role("button", name="Freeze redemptions").click()
    expect(dialog).to_be_hidden()
    expect(card(desk, "Disputed flyer")).to_contain_text("Redemptions frozen")
    expect(card(desk, "Disputed flyer")).to_contain_text("Active")
    assert next(one for one in shop.batches() if one.id == batch.id).redemptions_frozen

    choose(desk, "Disputed flyer", "Allow redemptions")
    expect(card(desk, "Disputed flyer")).not_to_contain_text("Redemptions frozen")


def test_whoever_only_watches_is_offered_no_actions(visit: Callable[..., Page], shop: Shop) -> None:
    shop.batch("Watched flyer")
    desk = visit(shop.account("Wiktor Viewer", Role.VIEWER), "/admin/batches/")

    expect(card(desk, "Watched flyer").get_by_role("button", name="Share")).to_be_visible()
    expect(card(desk, "Watched flyer").get_by_label("Actions")).to_have_count(0)
    expect(desk.get_by_role("link", name="New batch")).to_have_count(0)
