"""An admin lets a program in, and shuts it out."""

from collections.abc import Callable

import httpx
from playwright.sync_api import Page, expect

from tests.journeys.conftest import Shop, screenshot
from tests.journeys.server import Server


def test_a_key_is_made_shown_once_used_and_revoked(visit: Callable[..., Page], shop: Shop, server: Server) -> None:
    desk = visit(shop.admin, "/admin/settings/api-keys/")
    desk.get_by_role("button", name="Make key").click()
    expect(desk.get_by_role("alert")).to_contain_text("Choose at least one thing")
    desk.get_by_label("Name").fill("Till in Warsaw")
    desk.get_by_label("See offers, batches").check()
    desk.get_by_role("button", name="Make key").click()

    key = desk.locator("code.key").inner_text()
    screenshot(desk, "api-keys")
    asked = {"url": f"{server.url}/api/v1/offers", "headers": {"Authorization": f"Bearer {key}"}, "timeout": 30}
    assert httpx.get(**asked).status_code == 200
    desk.reload()
    expect(desk.get_by_role("cell", name="Till in Warsaw", exact=True)).to_be_visible()
    expect(desk.get_by_text(key)).to_have_count(0)

    desk.get_by_role("button", name="Revoke Till in Warsaw").click()
    screenshot(desk, "api-keys-revoke")
    desk.get_by_role("button", name="Revoke key").click()
    expect(desk.get_by_role("cell", name="Revoked")).to_be_visible()
    assert httpx.get(**asked).status_code == 401


def test_the_documentation_of_the_api_is_shown_from_here(visit: Callable[..., Page]) -> None:
    reader = visit(None, "/api/docs")

    expect(reader.locator("#operations-Offers-createOffer")).to_be_visible()
