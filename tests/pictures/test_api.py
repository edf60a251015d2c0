"""Pictures go in and out through the routes."""

import asyncio
import io

import httpx
import pytest
from PIL import Image

from loyalty_app.core.actor import STRANGER
from loyalty_app.pictures import drawing
from loyalty_app.pictures.models import Picture
from tests.builders import CASHIER, MARKETER
from tests.doors import rows
from tests.programs import plain_routes

pytestmark = pytest.mark.usefixtures("database")


def ask(method, path, *, by=STRANGER, content=None):
    """Send one request as somebody."""

    async def who(session_hash):
        return by

    async def send():
        transport = httpx.ASGITransport(plain_routes(who))
        async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
            return await client.request(method, path, content=content)

    return asyncio.run(send())


def cup():
    out = io.BytesIO()
    Image.new("RGB", (2400, 1200), "brown").save(out, "JPEG")
    return out.getvalue()


def test_a_picture_goes_in_and_everybody_sees_it():
    answer = ask("POST", "/pictures", by=MARKETER, content=cup())

    assert answer.status_code == 201
    said = answer.json()
    (kept,) = rows(Picture)
    assert said == {
        "id": kept.id, "digest": kept.digest, "url": f"/pictures/{kept.digest}", "width": 1200, "height": 600,
    }  # fmt: skip

    seen = ask("GET", said["url"])
    assert (seen.status_code, seen.content) == (200, kept.content)
    assert seen.headers["content-type"] == "image/webp"
    assert seen.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert seen.headers["content-security-policy"] == "default-src 'none'; sandbox"


@pytest.mark.parametrize(
    ("content", "said"), [(b"no picture", drawing.NOT_A_PICTURE), (b"x" * 5_000_001, drawing.TOO_HEAVY)]
)
def test_what_is_no_picture_is_refused_with_a_sentence(content, said):
    answer = ask("POST", "/pictures", by=MARKETER, content=content)

    assert (answer.status_code, answer.headers["content-type"]) == (422, "application/problem+json")
    assert answer.json()["problems"] == {"picture": said}
    assert rows(Picture) == []


def test_others_put_nothing_in():
    assert ask("POST", "/pictures", content=cup()).status_code == 401
    assert ask("POST", "/pictures", by=CASHIER, content=cup()).status_code == 403
    assert rows(Picture) == []


def test_an_address_of_no_picture_is_not_found():
    answer = ask("GET", f"/pictures/{'0' * 64}")

    assert (answer.status_code, answer.headers["cache-control"]) == (404, "no-store")
