"""The business profile: what is changed there, members see at once."""

import io
from collections.abc import Callable, Iterator

import pytest
from PIL import Image
from playwright.sync_api import Page, expect

from loyalty_app.program.models import Program
from tests import doors
from tests.journeys.conftest import PHONE, Shop, screenshot


@pytest.fixture
def own_profile(shop: Shop) -> Iterator[None]:
    """Leave the profile as others expect to find it."""
    del shop  # it opened the database
    (before,) = doors.rows(Program)
    yield
    doors.change(lambda session: session.merge(before))


@pytest.mark.requirement("S2-18")
def test_a_new_name_colour_and_logo_reach_an_open_claim_page(
    visit: Callable[..., Page], shop: Shop, own_profile: None
) -> None:
    del own_profile
    batch = shop.batch("Profile flyer")
    phone = visit(None, shop.claim_path(batch), at=PHONE)
    button = phone.get_by_role("link", name="Sign in to claim")
    expect(button).to_be_visible()
    before = button.evaluate("one => getComputedStyle(one).backgroundColor")
    desk = visit(shop.admin, "/admin/settings/")
    name = desk.get_by_label("Name", exact=True).input_value()

    desk.get_by_label("Brand colour", exact=True).fill("#8a1c4a")
    expect(desk.locator(".phone .button").first).to_have_css("background-color", "rgb(138, 28, 74)")
    desk.get_by_label("Logo", exact=True).set_input_files(
        {"name": "logo.png", "mimeType": "image/png", "buffer": logo()}
    )
    expect(desk.locator(".picture-field img")).to_be_visible()
    desk.get_by_label("Name", exact=True).fill("Aurora on the corner")
    desk.get_by_label("About", exact=True).fill("We roast on Mondays.")
    desk.get_by_label("Contact address").fill("hello@aurora.example")
    screenshot(desk, "profile")
    desk.get_by_role("button", name="Save profile").click()
    expect(desk.get_by_text("The profile is saved.")).to_be_visible()

    expect(phone.get_by_role("link", name="Aurora on the corner")).to_be_visible()
    expect(phone.locator(".brand img")).to_be_visible()
    assert before != "rgb(138, 28, 74)"
    expect(button).to_have_css("background-color", "rgb(138, 28, 74)")
    screenshot(phone, "claim-branded")
    phone.emulate_media(color_scheme="dark")
    screenshot(phone, "claim-branded", dark=True)

    home = visit(None, "/", at=PHONE)
    expect(home.get_by_text("We roast on Mondays.")).to_be_visible()
    expect(home.get_by_role("link", name="hello@aurora.example")).to_be_visible()
    screenshot(home, "home-with-profile")

    desk.goto("/admin/settings/audit-log/?kind=program")
    expect(desk.get_by_role("cell", name="changed program").first).to_be_visible()
    expect(desk.get_by_role("cell", name="name, brand color, about, contact, logo").first).to_be_visible()

    desk.goto("/admin/settings/")
    desk.get_by_label("Name", exact=True).fill(name)
    desk.get_by_label("About", exact=True).fill("")
    desk.get_by_label("Contact address").fill("")
    desk.get_by_role("button", name="Use the standard colour").click()
    desk.get_by_role("button", name="Remove picture").click()
    desk.get_by_role("button", name="Save profile").click()
    expect(phone.get_by_role("link", name=name, exact=True)).to_be_visible()
    expect(phone.locator(".brand img")).to_have_count(0)


def test_a_field_that_is_not_acceptable_is_named_and_nothing_is_changed(visit: Callable[..., Page], shop: Shop) -> None:
    desk = visit(shop.admin, "/admin/settings/")
    desk.get_by_label("Website").fill("not an address")
    desk.get_by_label("About").fill("We roast on Mondays.")
    desk.get_by_role("button", name="Save profile").click()

    expect(desk.get_by_role("alert")).to_contain_text("Enter a web address")
    expect(desk.get_by_label("About")).to_have_value("We roast on Mondays.")
    desk.reload()
    expect(desk.get_by_label("Website")).to_have_value("")


def logo() -> bytes:
    """Return a small picture."""
    picture = io.BytesIO()
    Image.new("RGBA", (96, 64), (138, 28, 74, 255)).save(picture, "PNG")
    return picture.getvalue()
