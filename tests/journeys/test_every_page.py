"""Every page there is: for everybody, at every size, in light and dark, and from nowhere else."""

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from loyalty_app.accounts.models import Role
from loyalty_app.batches.fields import Field, FieldType
from loyalty_app.core import times
from loyalty_app.core.languages import ENGLISH, of_path
from tests import builders, doors
from tests.journeys.conftest import Shop, Watch, screenshots
from tests.journeys.routes import ROUTES

MOST_BYTES = 200_000
"""What a member's phone may have to load before the claim page, or that of a printed code, can be used."""
ASKED = (
    Field("Shoe size", FieldType.NUMBER),
    Field("Which shop was it?", FieldType.CHOICE, choices=("Centre", "Station")),
    Field("Birthday", FieldType.DATE, is_required=False),
    Field("I am 16 or older", FieldType.AGREE),
)


@pytest.fixture
def busy_shop(shop: Shop) -> Shop:
    """Have something to show on every page."""
    if not any(batch.name == "Summer poster" for batch in shop.batches()):
        batch = shop.batch("Summer poster", made=250, valid_days="14")
        shop.batch("Spring poster with a long name that has to break somewhere in the middle", age_in_days=60)
        shop.claimed(batch, shop.member("Ana Ruiz"))
        more = {"title": "A cup of summer", "description": "Thank you for drinking with us.", "fields": ASKED}
        doors.change(builders.scan_batch, name="Summer cups", now=times.now(), **more)
    return shop


@pytest.mark.sweep
@pytest.mark.parametrize("route", ROUTES)
def test_a_page_is_open_to_everybody_at_every_size(
    route: str, visit: Callable[..., Page], page_of: Callable[..., Page], busy_shop: Shop, watch: Watch
) -> None:
    watch.forgiven += ["404 (Not Found)"] if route == "404" else []
    if route == "scan/unlock":
        page = visit(reduced_motion="reduce")
        busy_shop.enrol(page, "Window tablet")  # any other browser is sent on from there
    else:
        page = page_of(visitor(route, busy_shop))
    page.goto(path(route, busy_shop))
    expect(page.get_by_role("heading", level=1)).to_be_attached()
    expect(page.locator("[aria-busy=true]")).to_have_count(0)
    language = of_path(f"/{route}")
    expect(page.get_by_text(language("Live"), exact=True)).to_be_attached()
    expect(page.locator("html")).to_have_css("direction", language.direction)
    screenshots(page, f"page-{route.replace('/', '-').replace('[', '').replace(']', '')}")


@pytest.mark.parametrize(("route", "shown"), [("en-us/claim/[token]", "Sign in to claim"), ("redeem", "Sign in")])
def test_what_a_phone_loads_is_light(route: str, shown: str, visit: Callable[..., Page], busy_shop: Shop) -> None:
    page = visit(None)
    kinds: dict[str, str] = {}
    sizes: dict[str, float] = {}
    wire = page.context.new_cdp_session(page)
    wire.on("Network.responseReceived", lambda event: kinds.update({event["requestId"]: event["type"]}))
    wire.on("Network.loadingFinished", lambda event: sizes.update({event["requestId"]: event["encodedDataLength"]}))
    wire.send("Network.enable")

    page.goto(path(route, busy_shop), wait_until="networkidle")
    expect(page.get_by_role("link", name=shown)).to_be_visible()
    by_kind: dict[str, Any] = {}
    for request, size in sizes.items():
        by_kind[kinds[request]] = by_kind.get(kinds[request], 0) + size
    assert {"Document", "Script", "Stylesheet"} <= by_kind.keys()
    assert sum(by_kind.values()) <= MOST_BYTES, by_kind


def visitor(route: str, shop: Shop) -> Any:
    """Return who works on a page; a signed-in visitor of a public one would be sent on."""
    route = ENGLISH.at(f"/{route}").strip("/")
    if route == "scan/unlock":
        return None
    if route.startswith(("admin", "scan")):
        return shop.admin
    if route.startswith("my/"):
        return shop.member("Ana Ruiz")
    strangers = {"", "index", "sign-in", "sign-up", "verify", "forgot-password", "reset-password", "redeem"}
    return None if route in strangers else shop.account("Wiktor Viewer", Role.VIEWER)


def path(route: str, shop: Shop) -> str:
    """Return an address of the route at which there is something to see."""
    batch = next(batch for batch in shop.batches() if batch.name == "Summer poster")
    cups = next(batch for batch in shop.batches() if batch.name == "Summer cups")
    known = {
        "[token]": batch.claim_token,
        "[batch_id]": str(cups.id if route.endswith(("scan/[batch_id]", "downloads")) else batch.id),
        "[offer_id]": str(batch.offer_id),
        "[member_id]": "1",
    }
    if route.rpartition("/")[2] == "redeem":
        return f"/{route}/?{builders.link(cups).partition('?')[2]}"
    steps = [known[step] if step.startswith("[") else step for step in route.split("/") if route != "index"]
    return "/" + "/".join(steps) + ("" if "[" in route or not steps else "/")
