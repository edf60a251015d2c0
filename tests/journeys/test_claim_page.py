"""Every state of the claim page is a screen of its own."""

from collections.abc import Callable

from playwright.sync_api import Page, expect

from loyalty_app.accounts.models import Role
from loyalty_app.batches import service as batches
from loyalty_app.batches.models import BatchStatus
from loyalty_app.core import times
from tests import builders, doors
from tests.journeys.conftest import PHONE, Shop, screenshot


def test_a_stranger_is_asked_in_and_comes_back(visit: Callable[..., Page], shop: Shop) -> None:
    batch, mia = shop.batch("Signed out"), shop.member("Mia Returns")
    phone = visit(None, shop.claim_path(batch), at=PHONE)

    expect(phone.get_by_role("button", name="Claim voucher")).to_have_count(0)
    phone.get_by_role("link", name="Sign in to claim").click()
    phone.get_by_label("E-mail").fill(builders.newcomer(mia.name).email)
    phone.get_by_label("Password").fill(builders.PASSWORD)
    screenshot(phone, "sign-in")
    phone.get_by_role("button", name="Sign in").click()
    expect(phone.get_by_role("button", name="Claim voucher")).to_be_visible()
    assert phone.url.endswith(shop.claim_path(batch))


def test_a_link_without_a_locale_leads_to_the_page(visit: Callable[..., Page], shop: Shop) -> None:
    batch = shop.batch("No locale")
    phone = visit(None, f"/claim/{batch.claim_token}", at=PHONE)

    expect(phone.get_by_role("link", name="Sign in to claim")).to_be_visible()
    assert phone.url.endswith(shop.claim_path(batch))


def test_the_last_voucher_gone_closes_every_open_page(visit: Callable[..., Page], shop: Shop) -> None:
    batch = shop.batch("One only", made=1)
    first = visit(shop.member("Mia First"), shop.claim_path(batch), at=PHONE)
    second = visit(shop.member("Max Second"), shop.claim_path(batch), at=PHONE)
    expect(second.get_by_role("button", name="Claim voucher")).to_be_visible()

    first.get_by_role("button", name="Claim voucher").click()
    expect(first.get_by_role("heading", name="It is yours")).to_be_visible()
    expect(second.get_by_role("heading", name="No vouchers available.", exact=True)).to_be_visible()
    expect(second.get_by_role("link", name="Back to Home")).to_be_visible()
    screenshot(second, "claim-sold-out")
    first.reload()
    expect(first.get_by_role("heading", name="You have this voucher")).to_be_visible()


def test_a_promotion_that_is_over_says_so(visit: Callable[..., Page], shop: Shop) -> None:
    phone = visit(None, shop.claim_path(shop.batch("Over", age_in_days=90)), at=PHONE)

    expect(phone.get_by_role("heading", name="This promotion is over")).to_be_visible()
    screenshot(phone, "claim-expired")


def test_an_unknown_link_leads_home(visit: Callable[..., Page]) -> None:
    phone = visit(None, "/en-us/claim/never-made", at=PHONE)

    expect(phone.get_by_role("heading", name="This link leads nowhere")).to_be_visible()
    expect(phone.get_by_role("link", name="Back to Home")).to_be_visible()
    screenshot(phone, "claim-unknown")


def test_vouchers_still_being_made_are_almost_ready(visit: Callable[..., Page], shop: Shop) -> None:
    batch = doors.change(failed_batch, "Failed early")
    phone = visit(shop.member("Mia Early"), shop.claim_path(batch), at=PHONE)

    expect(phone.get_by_role("heading", name="Almost ready")).to_be_visible()
    screenshot(phone, "claim-not-ready")
    doors.change(batches.go_on, batch.id, by=builders.ADMIN, now=times.now())
    expect(phone.get_by_role("button", name="Claim voucher")).to_be_visible()


def test_somebody_who_works_here_sees_the_page_but_cannot_claim(visit: Callable[..., Page], shop: Shop) -> None:
    phone = visit(shop.account("Kasia Curious", Role.STAFF), shop.claim_path(shop.batch("For members")), at=PHONE)

    expect(phone.get_by_text("This is what members see.")).to_be_visible()
    expect(phone.get_by_role("button", name="Claim voucher")).to_have_count(0)
    screenshot(phone, "claim-not-a-member")


def test_a_page_open_when_the_pause_comes_still_cannot_claim(visit: Callable[..., Page], shop: Shop) -> None:
    batch = shop.batch("Paused between")
    phone = visit(shop.member("Mia Quick"), shop.claim_path(batch), at=PHONE)
    button = phone.get_by_role("button", name="Claim voucher")
    expect(button).to_be_visible()

    doors.change(set_status_silently, batch.id)  # as if the news had not arrived yet
    button.click()
    expect(phone.get_by_role("heading", name="Promotion Temporarily Paused")).to_be_visible()


def failed_batch(session: batches.Session, name: str) -> batches.Batch:
    """Make a batch and let the making of its codes fail at once, before the worker hears of it."""
    batch = builders.batch(session, 0, now=times.now(), name=name, quantity="5")
    job = batches.jobs.of_subject(session, batches.GENERATE_CODES, [batch.id or 0])[batch.id or 0]
    batches.jobs.finish(session, job.id or 0, batches.JobStatus.FAILED)
    batches.fail(session, batch.id or 0)
    return batch


def set_status_silently(session: batches.Session, batch_id: int) -> None:
    """Pause a batch and announce nothing."""
    batch = session.get(batches.Batch, batch_id)
    assert batch
    batch.status = BatchStatus.PAUSED
    session.add(batch)
