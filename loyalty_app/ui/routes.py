"""The one place where every plain route is let through or refused."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from ipaddress import ip_address
from typing import TypeVar

from fastapi import Request

from loyalty_app.core import languages, secrets
from loyalty_app.core.actor import Actor, Permission, act_as, actor
from loyalty_app.core.errors import ForbiddenError
from loyalty_app.core.peers import peer_at
from loyalty_app.core.reasons import STATUS, Reason
from loyalty_app.ui.limits import WRONG_KEYS, Limits, limit_of
from loyalty_app.ui.problems import Problem, ProblemError, refused, too_many
from loyalty_app.ui.shield import session_secret
from loyalty_app.ui.watch import note

Endpoint = TypeVar("Endpoint", bound=Callable[..., object])
Who = Callable[[str], Awaitable[Actor]]
WhoHas = Callable[[str], Awaitable[Actor | None]]

API = "/api/"
FORWARDED = ("x-forwarded-for", "forwarded", "x-real-ip", "via")
"""What proxies add."""

ASK_FOR_A_KEY = {"WWW-Authenticate": "Bearer"}


def allow(permission: Permission) -> Callable[[Endpoint], Endpoint]:
    """Declare what a route needs; one that declares nothing answers nobody."""

    def declare(endpoint: Endpoint) -> Endpoint:
        endpoint.__permission__ = permission  # pyright: ignore[reportFunctionMemberAccess]
        return endpoint

    return declare


class Gate:
    """Stands before all routes: who is it, are they within their limit, and may they."""

    def __init__(self, who: Who, who_has: WhoHas) -> None:
        """Take the questions "whose session is this hash?" and "whose API key is this?"."""
        self._who = who
        self._who_has = who_has
        self._limits = Limits()

    async def __call__(self, request: Request) -> None:
        """Let the request through, or end it with a problem."""
        caller = await self._caller(request)
        act_as(caller)
        route = request.scope.get("route")
        note(getattr(route, "path", ""), caller.key if caller.is_signed_in else "")
        if request.url.path.startswith(API):
            self._count(request, caller)
        else:
            languages.speak(languages.of_tag(*languages.accepted(request.headers.get("accept-language", ""))))

        need = getattr(getattr(route, "endpoint", None), "__permission__", None)
        if need is None or not caller.may(need):
            raise ProblemError(_not_allowed(caller, need))

    def _count(self, request: Request, caller: Actor) -> None:
        who = caller.key if caller.is_signed_in else f"peer:{peer_of(request)}"
        request.state.limit = left = self._limits.count(limit_of(request.method, request.url.path), who)
        if left.is_over:
            raise ProblemError(too_many(left.seconds))

    async def _caller(self, request: Request) -> Actor:
        # A request with a key never uses the cookie, so that a page that sends one does what a program would.
        if given := request.headers.get("authorization"):
            return await self._program(given, peer_of(request), request)
        secret = session_secret(request.headers.get("cookie", ""))
        return await self._who(secrets.fingerprint(secret) if secret else "")

    async def _program(self, given: str, peer: str, request: Request) -> Actor:
        guesses = self._limits.look(WRONG_KEYS, peer)
        if guesses.is_over:
            request.state.limit = guesses
            raise ProblemError(too_many(guesses.seconds))
        scheme, _, key = given.partition(" ")
        caller = await self._who_has(key.strip()) if scheme.lower() == "bearer" else None
        if caller is None:
            request.state.limit = self._limits.count(WRONG_KEYS, peer)
            raise ProblemError(_unknown_key())
        return caller


def peer_of(request: Request) -> str:
    """Return the network peer that the request came from, as tries are counted."""
    return peer_at(_address_of(request))


def must_be_here_or_may(request: Request, permission: Permission) -> None:
    """Refuse whoever neither runs on this machine, with no proxy between, nor has the permission."""
    if not (_is_from_this_machine(request) or actor().may(permission)):
        raise ProblemError(_not_allowed(actor(), permission))


def _is_from_this_machine(request: Request) -> bool:
    if any(name in request.headers for name in FORWARDED):
        return False
    try:
        return ip_address(_address_of(request).removeprefix("::ffff:")).is_loopback
    except ValueError:
        return False


def _address_of(request: Request) -> str:
    return request.client.host if request.client else ""


def _not_allowed(caller: Actor, need: Permission | None) -> Problem:
    if not caller.is_signed_in:
        return replace(refused(Reason.LOGIN_REQUIRED), headers=ASK_FOR_A_KEY)
    if caller.api_key_id is None or need is None:
        return Problem(403, "forbidden", str(ForbiddenError()))
    return Problem(403, "forbidden", f"This API key lacks the scope {need}.", {"scope": need})


def _unknown_key() -> Problem:
    words = "This API key is not known, was revoked, or is past its end."
    headers = {"WWW-Authenticate": 'Bearer error="invalid_token"'}
    return Problem(STATUS[Reason.LOGIN_REQUIRED], Reason.LOGIN_REQUIRED, words, headers=headers)
