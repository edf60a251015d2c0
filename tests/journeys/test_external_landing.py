"""The landing page that the docs show works as it stands there, against the program as operators run it."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import httpx
import pytest

from loyalty_app.accounts import service as accounts
from loyalty_app.apikeys import service as apikeys
from loyalty_app.batches import service as batches
from loyalty_app.batches.fields import Field, FieldType
from loyalty_app.batches.models import Batch
from loyalty_app.core import times
from loyalty_app.members.models import Member
from loyalty_app.redemptions.models import Redemption
from tests import builders, doors
from tests.journeys.conftest import Shop
from tests.journeys.server import ROOT, Server, eventually, free_port

DOCS = ROOT / "docs" / "landing-pages.md"


@pytest.fixture
def brand(server: Server, shop: Shop, tmp_path: Path) -> Iterator[httpx.Client]:
    """Run the example of the docs, with a key that may do what the docs say and no more."""
    assert shop.server is server
    program, port = tmp_path / "brand.py", free_port()
    found = re.search(r"```python\n(.*?)```", DOCS.read_text(), re.DOTALL)
    assert found
    program.write_text(found.group(1))
    wish = apikeys.Wish("Brand", ["redeem", "member_management"])
    key = doors.change(apikeys.create, wish, by=accounts.SYSTEM, now=times.now()).secret
    environment = os.environ | {"LOYALTY": server.url, "LOYALTY_KEY": key}
    process = subprocess.Popen([sys.executable, program, str(port)], env=environment)
    try:
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=30) as client:
            eventually(lambda: answers(client))
            yield client
    finally:
        process.terminate()
        process.wait(10)


def answers(client: httpx.Client) -> bool:
    with suppress(httpx.TransportError):
        return client.get("/").is_success
    return False


def scan_batch(base_url: str, **more: object) -> Batch:
    return doors.change(builders.scan_batch, points=20, now=times.now(), base_url=base_url, **more)


def sent(page: httpx.Response, **typed: str) -> dict[str, str]:
    """Return the form of a page as somebody sends it who typed that."""
    return dict(re.findall(r"name='([^']*)' value='([^']*)'", page.text)) | typed


@pytest.mark.requirement("S0-11", "S0-23")
def test_a_page_of_the_brands_own_pays_points_once(brand: httpx.Client) -> None:
    asked = (Field("Shoe size", FieldType.NUMBER),)
    made = scan_batch(f"{brand.base_url}/win?from=cup", fields=asked)
    link = builders.link(made)
    assert link.startswith(f"{brand.base_url}/win?from=cup&code=")

    page = brand.get(link)
    assert "<h1>20 points</h1>" in page.text
    assert [one for one in doors.rows(Redemption) if one.batch_id == made.id] == []
    wrong = brand.post(link, data=sent(page, email="brenda@example.com", name="Brenda", **{"Shoe size": "large"}))
    assert "Enter a number." in wrong.text
    assert "brenda@example.com" in wrong.text
    right = sent(wrong, **{"Shoe size": "42"})

    for _ in range(2):
        paid = brand.post(link, data=right)
        assert "+20 points" in paid.text
        assert "You have 20 now." in paid.text
    assert [(one.points, one.answers) for one in doors.rows(Redemption) if one.batch_id == made.id] == [
        (20, {"Shoe size": "42"})
    ]
    assert [(one.name, one.points) for one in doors.rows(Member) if one.email == "brenda@example.com"] == [
        ("Brenda", 20)
    ]
    assert "These points are gone" in brand.get(link).text


def test_it_tells_of_a_code_that_does_not_work_no_more_than_ours(brand: httpx.Client, shop: Shop) -> None:
    made = scan_batch(f"{brand.base_url}/win")
    link = builders.link(made)

    assert "This code does not work." in brand.get(link[:-3]).text
    assert "This code does not work." in brand.get("/win").text
    shop.pause(made)
    assert "No points are given out at the moment." in brand.get(link).text
    doors.change(batches.resume, made.id, by=builders.ADMIN, now=times.now())
    assert "<h1>20 points</h1>" in brand.get(link).text
