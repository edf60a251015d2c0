"""The one place where every plain route is let through or refused."""

from collections.abc import Awaitable, Callable
from typing import TypeVar

from fastapi import HTTPException, Request

from loyalty_app.core import secrets
from loyalty_app.core.actor import Actor, Permission, act_as
from loyalty_app.ui.shield import session_secret

PUBLIC_LOCALE = "en-us"
"""The locale of public pages, as it stands in their address."""

Endpoint = TypeVar("Endpoint", bound=Callable[..., object])


def allow(permission: Permission) -> Callable[[Endpoint], Endpoint]:
    """Declare what a route needs; one that declares nothing answers nobody."""

    def declare(endpoint: Endpoint) -> Endpoint:
        endpoint.__permission__ = permission  # pyright: ignore[reportFunctionMemberAccess]
        return endpoint

    return declare


def gate(who: Callable[[str], Awaitable[Actor]]) -> Callable[[Request], Awaitable[None]]:
    """Return the dependency that stands before all routes."""

    async def check(request: Request) -> None:
        route = request.scope.get("route")
        need = getattr(getattr(route, "endpoint", None), "__permission__", None)
        secret = session_secret(request.headers.get("cookie", ""))
        caller = await who(secrets.fingerprint(secret) if secret else "")
        act_as(caller)
        if need is None or not caller.may(need):
            raise HTTPException(403 if caller.is_signed_in else 401)

    return check
