"""The first start."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests import builders
from tests.journeys.conftest import Watch, screenshot
from tests.journeys.server import Server, served


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    """Serve a program that nobody has set up."""
    with served(tmp_path, has_admin=False) as running:
        yield running


def test_the_newest_printed_link_makes_the_first_admin_and_works_once(
    server: Server, visit: Callable[..., Page], watch: Watch
) -> None:
    old = server.setup_link
    server.stop()
    server.start()
    page = visit(None, old)
    expect(page.get_by_role("heading", name="This setup link does not work")).to_be_visible()
    screenshot(page, "setup-closed")

    page.goto(server.setup_link)
    expect(page.get_by_role("heading", name="Set up your program")).to_be_visible()
    screenshot(page, "setup")
    page.get_by_label("Name", exact=True).fill("Café Aurora")
    page.get_by_label("Time zone").select_option("Europe/Warsaw")
    page.get_by_label("Currency").select_option("PLN")
    page.get_by_label("Number and date format").select_option("pl-PL")
    page.get_by_label("Your name").fill("Ada Nowak")
    page.get_by_label("E-mail").fill("ada@example.com")
    page.get_by_label("Password").fill("short")
    watch.forgiven.append("422")
    page.get_by_role("button", name="Set up program").click()
    expect(page.get_by_role("alert")).to_contain_text("at least 8 characters")
    expect(page.get_by_label("Name", exact=True)).to_have_value("Café Aurora")

    page.get_by_label("Password").fill(builders.PASSWORD)
    page.get_by_role("button", name="Set up program").click()
    expect(page.get_by_role("heading", name="Overview")).to_be_visible()
    expect(page.get_by_role("navigation", name="Main")).to_contain_text("Café Aurora")

    again = visit(None, server.setup_link)
    expect(again.get_by_role("heading", name="This setup link does not work")).to_be_visible()
    answer = again.request.post(
        "/auth/setup", form={"token": server.setup_link.rpartition("=")[2]}, headers={"Origin": server.url}
    )
    assert answer.status == 410
    again.goto("/sign-in/")
    again.get_by_label("E-mail").fill("ada@example.com")
    again.get_by_label("Password").fill(builders.PASSWORD)
    again.get_by_role("button", name="Sign in").click()
    expect(again.get_by_role("heading", name="Overview")).to_be_visible()
