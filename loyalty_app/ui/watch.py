"""The layer around everything: each request gets a number, and is timed, counted and logged."""

import logging
import re
import secrets
import time
from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import dataclass, field

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from loyalty_app.core import logs, metrics

HEADER = "x-request-id"
ELSEWHERE = "other"
BROKEN_OFF = 499
"""Logged where no answer was begun: the caller went away first."""

_WELL_FORMED = re.compile(r"[A-Za-z0-9._-]{8,64}")

log = logging.getLogger(__name__)


@dataclass
class Asked:
    """The request that is being answered."""

    id: str = field(default_factory=lambda: secrets.token_hex(6))
    route: str = ""
    caller: str = ""


_asked: ContextVar[Asked | None] = ContextVar("asked", default=None)


def asked() -> Asked:
    """Return the request that is being answered; outside of one, a new number."""
    return _asked.get() or Asked()


def note(route: str, caller: str) -> None:
    """Write down which route it is and who asks."""
    if request := _asked.get():
        request.route, request.caller = route, caller


class Watch:
    """Wraps the whole application, the shield included."""

    def __init__(self, app: ASGIApp, template: Callable[[str], str], trusted_proxies: frozenset[str]) -> None:
        """Take what turns the path of a page into its route, and the proxies whose word counts."""
        self._app = app
        self._template = template
        self._proxies = trusted_proxies

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request or websocket."""
        if scope["type"] not in {"http", "websocket"}:
            await self._app(scope, receive, send)
            return
        request = self._numbered(scope)
        before = _asked.set(request)
        try:
            with logs.about(request_id=request.id):
                if scope["type"] == "websocket":
                    with metrics.tabs.track_inprogress():
                        await self._app(scope, receive, send)
                else:
                    await self._answer(request, scope, receive, send)
        finally:
            _asked.reset(before)

    async def _answer(self, request: Asked, scope: Scope, receive: Receive, send: Send) -> None:
        status, began = BROKEN_OFF, time.perf_counter()

        async def out(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                MutableHeaders(scope=message)[HEADER] = request.id
            await send(message)

        try:
            await self._app(scope, receive, out)
        finally:
            seconds = time.perf_counter() - began
            route = request.route or self._template(scope["path"])
            metrics.count_request(scope["method"], route, status, seconds)
            facts = {"method": scope["method"], "route": route, "status": status, "ms": round(seconds * 1000, 1)}
            if request.caller:
                facts["caller"] = request.caller
            log.info("answered", extra={"facts": facts})

    def _numbered(self, scope: Scope) -> Asked:
        peer = (scope.get("client") or ("",))[0]
        given = Headers(scope=scope).get(HEADER, "") if peer in self._proxies else ""
        return Asked(given) if _WELL_FORMED.fullmatch(given) else Asked()


def templates(routes: list[str]) -> Callable[[str], str]:
    """Return what turns a path into the route of its page: addresses hold secrets, and there are many of them."""
    known = [(re.compile(_pattern(route)), f"/{route.strip('/')}" if route != "index" else "/") for route in routes]

    def template(path: str) -> str:
        if path.startswith("/assets/"):
            return "/assets/"
        return next((route for pattern, route in known if pattern.fullmatch(path)), ELSEWHERE)

    return template


def _pattern(route: str) -> str:
    if route == "index":
        return "/"
    steps = ["[^/]+" if step.startswith("[") else re.escape(step) for step in route.strip("/").split("/")]
    return "/" + "/".join(steps) + "/?"
