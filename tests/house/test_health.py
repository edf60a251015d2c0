"""What a load balancer asks."""

import asyncio

import httpx
import pytest

from loyalty_app import api
from tests.house.app import guard
from tests.programs import plain_routes


def ask(path: str) -> httpx.Response:
    """Ask a plain route as a stranger."""

    async def knock() -> httpx.Response:
        transport = httpx.ASGITransport(plain_routes(guard.caller))
        async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
            return await client.get(path)

    return asyncio.run(knock())


def test_a_process_in_step_with_its_database_is_up_and_ready(database):
    assert database
    assert ask("/healthz").json() == {"status": "up"}
    assert ask("/readyz").json() == {"status": "ready"}


@pytest.mark.parametrize("address", ["sqlite:///{}/empty.db", "postgresql://nobody@127.0.0.1:1/none"])
def test_an_empty_or_absent_database_is_not_ready(address, tmp_path, database, monkeypatch):
    assert database
    other = api.database._open(address.format(tmp_path))
    is_current = api.migrations.is_current
    monkeypatch.setattr(api.migrations, "is_current", lambda _: is_current(other))

    answer = ask("/readyz")
    other.dispose()
    assert (answer.status_code, answer.json()["code"]) == (503, "not_ready")
