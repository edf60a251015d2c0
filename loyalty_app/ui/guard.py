"""The one place where every screen event is let through or refused (ADR: the guard and the shield)."""

import asyncio
import contextvars
import time
from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import quote

import reflex as rx
from reflex.app import App
from reflex.middleware.middleware import Middleware
from reflex.state import BaseState, EventHandlerSetVar, StateUpdate
from reflex_base.event import Event
from reflex_base.registry import RegistrationContext

from loyalty_app.core import languages, live
from loyalty_app.core.actor import STRANGER, Actor, Permission, account_topic, act_as, device_topic
from loyalty_app.core.languages import Language

HYDRATE = "reflex___state____state.hydrate_and_load"
HYDRATES = frozenset({HYDRATE, "reflex___state____state.hydrate"})
FRAMEWORK = HYDRATES | {
    "reflex___state____state.set_is_hydrated",
    "reflex___state____state.reflex___state____on_load_internal_state.on_load_internal",
    "reflex___state____state.reflex___state____on_load_internal_state.set_is_hydrated",
    "reflex___state____state.reflex___state____update_vars_internal_state.update_vars_internal",
    "reflex___state____state.reflex___state____frontend_event_exception_state.handle_frontend_exception",
}
"""The framework's own events, by exact name; everything else has to declare a permission."""

SIGN_IN = "/sign-in/"
FORBIDDEN = "/not-allowed/"
COUNTER = "/scan"
UNLOCK = "/scan/unlock/"
"""The way in to the counter; on a device that is not enrolled it leads on to sign-in."""
TRUST_SECONDS = 2.0
"""For so long an answer about a session is believed; an ended one works no longer than this."""
MOST_TRUSTED = 10_000

Who = Callable[[set[str]], Awaitable[dict[str, Actor]]]


class BoundState(rx.State):
    """Remembers which session a tab's state belongs to."""

    _session_hash: str = ""


def needed(registered: Any) -> Permission | None:
    """Return the permission that a handler's state declares; None means that nobody may call it."""
    if isinstance(registered.handler, EventHandlerSetVar):
        return None
    return getattr(registered.states[0], "permission", None)


class Guard(Middleware):
    """Finds out who sent an event, ties the tab's state to that session, and refuses what is not allowed."""

    def __init__(self, who: Who) -> None:
        """Take the question "who is behind these session hashes?"."""
        self._who = who
        self._trusted: dict[str, tuple[float, Actor]] = {}
        self._unknown: set[str] = set()
        self._looking: asyncio.Task[dict[str, Actor]] | None = None

    async def preprocess(self, app: App, state: BaseState, event: Event) -> StateUpdate | None:
        """Let the event through with None, or answer it here."""
        del app
        root = state._get_root_state()
        session_hash = (root.router.headers.cookie or "").removeprefix("sh=")
        caller = await self.caller(session_hash)
        act_as(caller)
        path = root.router.url.path
        words = languages.of_path(path)
        languages.speak(words)

        bound = await root.get_state(BoundState)
        owner = session_hash if caller.is_signed_in else ""
        if bound._session_hash != owner:
            if bound._session_hash and event.name not in HYDRATES:
                again = [Event(name=HYDRATE, payload={}, router_data=event.router_data)]
                return StateUpdate(events=again if caller.is_signed_in else again + _go(_door(words, path)))
            root.reset()
            bound._session_hash = owner

        if event.name in FRAMEWORK:
            return None
        need = needed(RegistrationContext.get().event_handlers[event.name])
        if need is not None and caller.may(need):
            return None
        if caller.is_signed_in:
            return StateUpdate(events=_go(words.at(FORBIDDEN)))
        return StateUpdate(events=_go(f"{_door(words, path)}?next={quote(path, safe='/')}"))

    async def caller(self, session_hash: str) -> Actor:
        """Return who is behind a session hash, by a recent answer or a new one."""
        until, known = self._trusted.get(session_hash, (0.0, None))
        if known is not None and time.monotonic() < until:
            return known
        self._unknown.add(session_hash)
        if self._looking is None or self._looking.done():
            # A context of its own: the look belongs to everybody who waits for it, not to who came first.
            self._looking = asyncio.get_running_loop().create_task(self._look(), context=contextvars.Context())
        return (await asyncio.shield(self._looking)).get(session_hash, STRANGER)

    async def _look(self) -> dict[str, Actor]:
        await asyncio.sleep(0)  # a change reaches all open tabs in the same moment: one look for all of them
        unknown, self._unknown, self._looking = self._unknown, set(), None
        found = await self._who(unknown)
        if len(self._trusted) + len(unknown) > MOST_TRUSTED:
            self._trusted.clear()
        until = time.monotonic() + TRUST_SECONDS
        self._trusted |= {session_hash: (until, found.get(session_hash, STRANGER)) for session_hash in unknown}
        return found

    def hear(self, topics: set[str]) -> None:
        """Believe nothing any more of accounts whose sessions were ended, and of devices that changed, wherever."""
        if live.EVERYTHING in topics:
            self._trusted.clear()
        for session_hash, (_, caller) in list(self._trusted.items()):
            if caller.is_signed_in and topics & {account_topic(caller.account_id), device_topic(caller.device_id)}:
                del self._trusted[session_hash]


def _door(words: Language, path: str) -> str:
    return UNLOCK if path.startswith(COUNTER) else words.at(SIGN_IN)


def _go(path: str) -> list[Event]:
    return Event.from_event_type(rx.redirect(path))
