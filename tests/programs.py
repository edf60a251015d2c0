"""Other programs, which reach the routes with a key."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Iterator
from contextvars import ContextVar
from functools import cache
from typing import Any

import httpx
from fastapi.routing import APIRoute
from starlette.routing import BaseRoute
from starlette.types import ASGIApp, Receive, Scope, Send

from loyalty_app import api
from loyalty_app.accounts import service as accounts
from loyalty_app.apikeys import rules
from loyalty_app.apikeys import service as apikeys
from loyalty_app.core import times
from loyalty_app.core.actor import STRANGER, Actor
from loyalty_app.ui.limits import Limits
from tests import doors

Who = Callable[[str], Awaitable[Actor]]


class Program:
    """A program with a key of certain scopes; of all unless said otherwise."""

    def __init__(self, *scopes: str, key: str | None = None, who: Who | None = None) -> None:
        self.key = new_key(*scopes) if key is None else key
        self._routes = plain_routes(who or nobody)

    def ask(self, method: str, path: str, json: Any = None, **more: Any) -> httpx.Response:
        """Send one request."""
        return self.ask_all([(method, path, json, more)])[0]

    def ask_all(self, asked: list[tuple[str, str, Any, dict[str, Any]]]) -> list[httpx.Response]:
        """Send requests at the same moment."""

        async def send() -> list[httpx.Response]:
            transport = httpx.ASGITransport(self._routes, client=("203.0.113.9", 40000))
            async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
                return await asyncio.gather(
                    *[
                        client.request(
                            method,
                            path
                            if path.startswith("/") and path.startswith(("/api/", "/auth/", "/my/"))
                            else f"/api/v1{path}",
                            json=json,
                            **{**more, "headers": self._headers() | more.get("headers", {})},
                        )
                        for method, path, json, more in asked
                    ]
                )

        return asyncio.run(send())

    def get(self, path: str, **more: Any) -> httpx.Response:
        """Read."""
        return self.ask("GET", path, **more)

    def post(self, path: str, json: Any = None, **more: Any) -> httpx.Response:
        """Make or do."""
        return self.ask("POST", path, json, **more)

    def _headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.key}"} if self.key else {}


async def nobody(session_hash: str) -> Actor:
    """Say that no session is known."""
    del session_hash
    return STRANGER


_asked: ContextVar[tuple[Who, Limits]] = ContextVar("asked")
"""Of the request at hand: who tells whose session a hash is, and what counts against the limits."""


def plain_routes(who: Who) -> ASGIApp:
    """Return the plain routes as a new server has them; they are built once for all, as that takes a while."""
    asked = (who, Limits())

    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        _asked.set(asked)
        await _built()(scope, receive, send)

    return answer


class _LimitsAtHand:
    def __getattr__(self, name: str) -> Any:
        return getattr(_asked.get()[1], name)


@cache
def _built() -> ASGIApp:
    async def who(session_hash: str) -> Actor:
        return await _asked.get()[0](session_hash)

    built = api.build(who)
    gate: Any = built.router.dependencies[0].dependency
    gate._limits = _LimitsAtHand()
    return built


def new_key(*scopes: str) -> str:
    """Make a key, as the operator does."""
    wish = apikeys.Wish("Till", list(scopes or rules.SCOPES))
    return doors.change(apikeys.create, wish, by=accounts.SYSTEM, now=times.now()).secret


def once(key: str) -> dict[str, dict[str, str]]:
    """Return what makes a request one that happens once."""
    return {"headers": {"Idempotency-Key": key}}


def every_route(routes: Iterable[BaseRoute]) -> Iterator[APIRoute]:
    """Yield the routes, those of included routers too."""
    for route in routes:
        if isinstance(route, APIRoute):
            yield route
        elif router := getattr(route, "original_router", None):
            yield from every_route(router.routes)
