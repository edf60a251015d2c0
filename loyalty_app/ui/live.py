"""One hub a process: open tabs subscribe to topics, and read again with their own eyes when one changes."""

import asyncio
import contextvars
from collections import defaultdict
from collections.abc import Awaitable, Callable
from typing import Any

import reflex as rx
from reflex.app import App
from reflex_base.event import Event
from reflex_base.utils.format import format_event_handler

from loyalty_app.core import live

GAP_SECONDS = 0.15
"""Changes closer together than this reach a tab as one."""
PATIENCE_SECONDS = 2.0


class Hub:
    """Which tabs of this process look at which topics; no task and no thread per tab, so nothing can leak."""

    def __init__(self) -> None:
        """Start with nobody listening."""
        self._app: App | None = None
        self._tabs: dict[str, dict[str, str]] = defaultdict(dict)  # topic → tab → event name
        self._snapshots: dict[str, dict[Any, asyncio.Future[Any]]] = defaultdict(dict)
        self._changed: set[str] = set()
        self._flushing: asyncio.Task[None] | None = None

    def subscribe(self, state: rx.State, handler: Any, *topics: str) -> None:
        """Send the handler's event to this tab whenever one of the topics changes."""
        for topic in topics:
            self._tabs[topic][state.router.session.client_token] = format_event_handler(handler)

    def forget(self, state: rx.State) -> None:
        """End all subscriptions of a tab; every page's opening starts with this."""
        for topic in list(self._tabs):
            self._drop(topic, state.router.session.client_token)

    async def shared(self, topic: str, key: Any, load: Callable[[], Awaitable[Any]]) -> Any:
        """Return what `load` read since the topic last changed: one query for all tabs that show the same."""
        kept = self._snapshots[topic]
        if key not in kept or (kept[key].done() and kept[key].exception()):
            kept[key] = asyncio.ensure_future(load())
        return await asyncio.shield(kept[key])

    @property
    def listeners(self) -> int:
        """Return how many subscriptions there are."""
        return sum(len(tabs) for tabs in self._tabs.values())

    async def run(self, app: App) -> None:
        """Listen for committed topics for as long as the process lives."""
        self._app = app
        async for topics in live.heard():
            self._changed |= set(self._tabs) | set(self._snapshots) if live.EVERYTHING in topics else topics
            for topic in self._changed:
                self._snapshots.pop(topic, None)
            if self._flushing is None or self._flushing.done():
                # A clean context: else what is pushed counts as a child of the event that happened to start this.
                self._flushing = asyncio.get_running_loop().create_task(self._flush(), context=contextvars.Context())

    async def _flush(self) -> None:
        assert self._app is not None  # noqa: S101 - set by run
        with self._app.set_contexts():
            while self._changed:
                topics, self._changed = self._changed, set()
                events = {tab: name for topic in topics for tab, name in self._tabs.get(topic, {}).items()}
                waits = [await self._send(tab, name) for tab, name in events.items()]
                if pending := [wait for wait in waits if wait]:
                    await asyncio.wait(pending, timeout=PATIENCE_SECONDS)
                await asyncio.sleep(GAP_SECONDS)

    async def _send(self, tab: str, event: str) -> Any:
        assert self._app is not None  # noqa: S101
        tokens = self._app.event_namespace._token_manager  # type: ignore[union-attr]  # noqa: SLF001 - held by a test
        socket = tokens.token_to_socket.get(tab)
        if socket is None or socket.instance_id != tokens.instance_id:
            for topic in list(self._tabs):
                self._drop(topic, tab)
            return None
        return await self._app.event_processor.enqueue(tab, Event(name=event, payload={}))

    def _drop(self, topic: str, tab: str) -> None:
        self._tabs[topic].pop(tab, None)
        if not self._tabs[topic]:
            del self._tabs[topic]


hub = Hub()
