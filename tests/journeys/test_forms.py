"""Forms say what is wrong, and lose nothing that was typed."""

from collections.abc import Callable

from playwright.sync_api import Page, expect

from loyalty_app.batches.models import Batch
from tests import doors
from tests.journeys.conftest import Shop, Watch, in_days, screenshot


def test_weak_codes_are_refused_with_the_odds_and_the_way_out(visit: Callable[..., Page], shop: Shop) -> None:
    shop.offer("Weak coffee")
    before = len(doors.rows(Batch))
    desk = visit(shop.admin, "/admin/batches/new/")
    desk.get_by_label("Name", exact=True).fill("Guessable")
    desk.get_by_label("Offer", exact=True).select_option(label="Weak coffee")
    desk.get_by_label("Expiry date").fill(in_days(400))
    desk.get_by_label("Quantity").fill("20000")
    desk.get_by_label("Character set").select_option("numeric")
    desk.get_by_label("Length").fill("8")
    expect(desk.get_by_text("Too easy to guess: 1 guess in 5,000 would hit.")).to_be_visible()
    screenshot(desk, "batch-weak")

    desk.get_by_role("button", name="Make batch").click()
    problem = "20,000 of 100,000,000 possible codes, so 1 guess in 5,000 would hit"
    expect(desk.get_by_role("alert")).to_contain_text(problem)
    expect(desk.get_by_role("alert")).to_contain_text("use at least 9 characters")
    expect(desk.get_by_role("alert")).to_be_focused()
    expect(desk.get_by_label("Length")).to_have_attribute("aria-invalid", "true")
    screenshot(desk, "batch-refused")
    assert len(doors.rows(Batch)) == before

    desk.reload()
    expect(desk.get_by_label("Name", exact=True)).to_have_value("Guessable")
    expect(desk.get_by_label("Offer", exact=True).locator("option:checked")).to_have_text("Weak coffee")
    expect(desk.get_by_label("Expiry date")).to_have_value(in_days(400))
    expect(desk.get_by_label("Character set")).to_have_value("numeric")
    expect(desk.get_by_label("Length")).to_have_value("8")
    expect(desk.get_by_text("Too easy to guess: 1 guess in 5,000 would hit.")).to_be_visible()

    desk.get_by_label("Length").fill("12")
    desk.get_by_role("button", name="Make batch").click()
    expect(desk.get_by_role("heading", name="Guessable")).to_be_visible()
    desk.goto("/admin/batches/new/")
    expect(desk.get_by_label("Name", exact=True)).to_have_value("")


def test_an_offer_keeps_its_answers_over_an_error_and_a_reload(visit: Callable[..., Page], shop: Shop) -> None:
    desk = visit(shop.admin, "/admin/offers/new/")
    desk.get_by_label("Description", exact=True).fill("Half of it.")
    desk.get_by_label("Reward").select_option("percent")
    desk.get_by_label("Percent").fill("150")
    desk.get_by_role("button", name="Make offer").click()

    summary = desk.get_by_role("alert")
    expect(summary).to_contain_text("Enter a title")
    expect(summary).to_contain_text("whole number from 1 to 100")
    screenshot(desk, "offer-errors")
    summary.get_by_role("link", name="Enter a title").click()
    expect(desk.get_by_label("Title", exact=True)).to_be_focused()
    expect(desk.get_by_label("Description", exact=True)).to_have_value("Half of it.")
    expect(desk.get_by_label("Percent")).to_have_value("150")

    desk.reload()
    expect(desk.get_by_label("Description", exact=True)).to_have_value("Half of it.")
    expect(desk.get_by_label("Percent")).to_have_value("150")


def test_a_wrong_password_keeps_the_address_and_says_no_more_than_it_must(
    visit: Callable[..., Page], watch: Watch
) -> None:
    watch.forgiven.append("401")
    page = visit(None, "/sign-in/")
    page.get_by_label("E-mail").fill("nobody@example.com")
    page.get_by_label("Password").fill("not this one")
    page.get_by_role("button", name="Sign in").click()

    expect(page.get_by_role("alert")).to_contain_text("The e-mail address or the password is wrong.")
    expect(page.get_by_label("E-mail")).to_have_value("nobody@example.com")
    screenshot(page, "sign-in-wrong")


def test_a_sign_up_names_every_field_that_is_wrong(visit: Callable[..., Page], watch: Watch) -> None:
    watch.forgiven.append("422")
    page = visit(None, "/sign-up/")
    page.get_by_label("E-mail").fill("not-an-address")
    page.get_by_role("button", name="Make account").click()

    for sentence in ("Enter a name.", "Enter an e-mail address like", "at least 8 characters"):
        expect(page.get_by_role("alert")).to_contain_text(sentence)
    expect(page.get_by_label("E-mail")).to_have_value("not-an-address")
    page.get_by_role("link", name="Enter a name.").click()
    expect(page.get_by_label("Name")).to_be_focused()
