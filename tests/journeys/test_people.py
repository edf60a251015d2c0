"""An admin hires a cashier, who goes to work at once, and sends them home."""

from collections.abc import Callable

from playwright.sync_api import Page, expect

from tests.journeys.conftest import Shop, Watch, screenshot


def test_a_cashier_is_hired_works_and_is_signed_out(visit: Callable[..., Page], shop: Shop, watch: Watch) -> None:
    watch.forgiven += ["422 (Unprocessable"]
    desk = visit(shop.admin, "/admin/people/")
    desk.get_by_label("Name", exact=True).fill("Zofia")
    desk.get_by_label("E-mail", exact=True).fill("zofia@shop.local")
    desk.get_by_label("Password").fill("short")
    desk.get_by_role("button", name="Make account").click()
    expect(desk.get_by_role("alert")).to_contain_text("Use at least 8 characters.")
    expect(desk.get_by_label("Name", exact=True)).to_have_value("Zofia")

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

    hired.get_by_role("button", name="Sign Zofia out everywhere").click()
    expect(desk.get_by_text("Zofia is signed out everywhere.")).to_be_visible()
    expect(till.get_by_role("heading", name="Sign in")).to_be_visible()  # by itself: nobody touched the till
