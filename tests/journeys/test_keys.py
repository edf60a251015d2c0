"""An admin looks after the keys that seal printed codes."""

from collections.abc import Callable

from playwright.sync_api import Page, expect

from loyalty_app.core import times
from loyalty_app.keys.models import TokenKey
from tests.doors import change, rows
from tests.journeys.conftest import Shop, screenshot


def test_a_lost_key_is_retired_and_a_new_one_asked_for(visit: Callable[..., Page], shop: Shop) -> None:
    change(lambda session: session.add(TokenKey(id=2, fingerprint="lost", created_at=times.now())))
    desk = visit(shop.admin, "/admin/settings/keys/")
    expect(desk.get_by_role("row").filter(has_text="Seals new batches")).to_be_visible()
    expect(desk.get_by_role("row").filter(has_text="Secret missing here")).to_be_visible()

    desk.get_by_role("button", name="Make new key").click()
    expect(desk.get_by_text("prints what to add to it")).to_be_visible()
    screenshot(desk, "keys")

    desk.get_by_role("button", name="Retire key 2").click()
    dialog = desk.get_by_role("dialog", name="Retire key 2?")
    expect(dialog.get_by_text("0 unredeemed codes of 0 batches")).to_be_visible()
    expect(dialog.get_by_role("button", name="Retire key")).to_be_disabled()
    dialog.get_by_label("Type key 2 to retire it").press_sequentially("key 2")
    screenshot(desk, "keys-retire")
    dialog.get_by_role("button", name="Retire key").click()
    expect(desk.get_by_role("row").filter(has_text="Retired on")).to_be_visible()
    expect(dialog).to_be_hidden()
    assert [bool(key.retired_at) for key in rows(TokenKey)] == [False, True]
