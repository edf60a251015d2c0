"""An admin hires a cashier, who goes to work at once, and sends them home."""

from collections.abc import Callable

from playwright.sync_api import Page, expect

from loyalty_app.accounts.models import Role
from tests import builders
from tests.journeys.conftest import TABLET, Shop, Watch, screenshot


def test_a_cashier_is_hired_works_and_is_signed_out(visit: Callable[..., Page], shop: Shop, watch: Watch) -> None:
    watch.forgiven += ["422 (Unprocessable"]
    desk = visit(shop.admin, "/admin/people/")
    form = desk.locator("form.card").filter(has_text="New account")
    form.get_by_label("Name").fill("Zofia")
    desk.get_by_label("E-mail", exact=True).fill("zofia@shop.local")
    desk.get_by_label("Password").fill("short")
    desk.get_by_role("button", name="Make account").click()
    expect(desk.get_by_role("alert")).to_contain_text("Use at least 8 characters.")
    expect(form.get_by_label("Name")).to_have_value("Zofia")

    desk.get_by_label("Password").fill("long enough for a till")
    desk.get_by_role("button", name="Make account").click()
    hired = desk.get_by_role("row").filter(has_text="Zofia")
    expect(hired).to_contain_text("Staff")
    screenshot(desk, "people")

    till = visit(None, "/sign-in/")
    till.get_by_label("E-mail").fill("zofia@shop.local")
    till.get_by_label("Password").fill("long enough for a till")
    till.get_by_role("button", name="Sign in").click()
    expect(till.get_by_label("Type a code")).to_be_visible()

    change = desk.get_by_role("region", name="Change an account")
    hired.get_by_role("button", name="Change Zofia").click()
    screenshot(desk, "people-change")
    change.get_by_role("button", name="Sign out everywhere").click()
    expect(desk.get_by_text("Zofia is signed out everywhere.")).to_be_visible()
    expect(till.get_by_role("heading", name="Sign in")).to_be_visible()  # by itself: nobody touched the till


def test_a_cashier_gets_another_name_and_role_and_is_switched_off(
    visit: Callable[..., Page], shop: Shop, watch: Watch
) -> None:
    watch.forgiven += ["401 (Unauthorized"]
    who = shop.account("Olena", Role.STAFF)
    till, desk = visit(who, "/scan/", at=TABLET), visit(shop.admin, "/admin/people/")
    expect(till.get_by_label("Type a code")).to_be_visible()
    row, change = (
        desk.get_by_role("row").filter(has_text="olena@example.com"),
        desk.get_by_role("region", name="Change an account"),
    )
    row.get_by_role("button", name="Change Olena").click()
    expect(change.get_by_label("Name")).to_be_focused()
    change.get_by_label("Name", exact=True).fill("")
    change.get_by_role("button", name="Save changes").click()
    expect(change.get_by_role("alert")).to_contain_text("Enter a name.")
    change.get_by_label("Name", exact=True).fill("Olena Petrenko")
    change.get_by_label("Role").select_option("viewer")
    change.get_by_role("button", name="Save changes").click()

    expect(row).to_contain_text("Olena Petrenko")
    expect(row).to_contain_text("Viewer")
    expect(till.get_by_role("heading", name="Sign in")).to_be_visible()
    till.goto("/sign-in/")
    sign_in(till, "olena@example.com")
    expect(till.get_by_role("heading", name="Overview")).to_be_visible()

    row.get_by_role("button", name="Change Olena Petrenko").click()
    change.get_by_role("button", name="Switch account off").click()
    expect(row).to_contain_text("Switched off")
    expect(till.get_by_role("heading", name="Sign in")).to_be_visible()
    sign_in(till, "olena@example.com")
    expect(till.get_by_role("alert")).to_contain_text("wrong")
    screenshot(desk, "people-switched-off")


def sign_in(page: Page, email: str) -> None:
    page.get_by_label("E-mail").fill(email)
    page.get_by_label("Password").fill(builders.PASSWORD)
    page.get_by_role("button", name="Sign in").click()
