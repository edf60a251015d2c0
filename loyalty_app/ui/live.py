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
SWEEP_SECONDS = 30.0
SLOW_SECONDS = 60.0
"""What takes long to read is read again at most so often."""
CLOCK = "clock"
"""Heard every `SWEEP_SECONDS`: what is shown changes with the time, though nobody writes anything."""


class Hub:
    """Which tabs of this process look at which topics; no task and no thread per tab, so nothing can leak."""

    def __init__(self) -> None:
        """Start with nobody listening."""
        self.heard_first: Callable[[set[str]], None] = lambda _topics: None
        self._app: App | None = None
        self._tabs: dict[str, dict[str, set[str]]] = defaultdict(dict)  # topic → tab → event names
        self._topics: dict[str, set[str]] = defaultdict(set)  # tab → topics
        self._snapshots: dict[str, dict[Any, asyncio.Future[Any]]] = defaultdict(dict)
        self._slow: dict[str, tuple[str, float]] = {}  # slow topic → the topic that it follows, and in which gaps
        self._next: dict[str, float] = {}  # slow topic → when it may be heard next
        self._waiting: set[str] = set()
        self._changed: set[str] = set()
        self._flushing: asyncio.Task[None] | None = None

    def subscribe(self, state: rx.State, handler: Any, *topics: str) -> None:
        """Send the handler's event to this tab whenever one of the topics changes, beside those of other parts."""
        tab = state.router.session.client_token
        for topic in topics:
            self._tabs[topic].setdefault(tab, set()).add(format_event_handler(handler))
            self._topics[tab].add(topic)

    def forget(self, state: rx.State) -> None:
        """End all subscriptions of a tab; every page's opening starts with this."""
        self._drop(state.router.session.client_token)

    async def shared(self, topic: str, key: Any, load: Callable[[], Awaitable[Any]]) -> Any:
        """Return what `load` read since the topic last changed: one query for all tabs that show the same."""
        kept = self._snapshots[topic]
        if key not in kept or (kept[key].done() and kept[key].exception()):
            kept[key] = asyncio.ensure_future(load())
        return await asyncio.shield(kept[key])

    def slow(self, topic: str, seconds: float = SLOW_SECONDS) -> str:
        """Return a topic that is heard when the other one is, but in such gaps at least; the last is never missed."""
        name = f"slow:{seconds}:{topic}"
        self._slow[name] = topic, seconds
        return name

    @property
    def listeners(self) -> int:
        """Return how many tabs are subscribed to something."""
        return len(self._topics)

    async def run(self, app: App) -> None:
        """Listen for committed topics for as long as the process lives."""
        self._app = app
        sweeping = asyncio.create_task(self._sweep())
        try:
            async for topics in live.heard():
                self._hear(topics)
        finally:
            sweeping.cancel()

    def _hear(self, topics: set[str]) -> None:
        self.heard_first(topics)
        loop = asyncio.get_running_loop()
        for name in {name for name, (topic, _) in self._slow.items() if topic in topics} - self._waiting:
            self._waiting.add(name)
            at = max(loop.time(), self._next.get(name, 0.0))
            loop.call_at(at, self._hear_slowly, name, context=contextvars.Context())
        self._note(topics)

    def _hear_slowly(self, name: str) -> None:
        self._waiting.discard(name)
        self._next[name] = asyncio.get_running_loop().time() + self._slow[name][1]
        self._note({name})

    def _note(self, topics: set[str]) -> None:
        changed = set(self._tabs) | set(self._snapshots) if live.EVERYTHING in topics else topics
        for topic in changed:
            self._snapshots.pop(topic, None)
        self._changed |= changed & set(self._tabs)
        if self._changed and (self._flushing is None or self._flushing.done()):
            # A clean context: else what is pushed counts as a child of the event that happened to start this.
            self._flushing = asyncio.get_running_loop().create_task(self._flush(), context=contextvars.Context())

    async def _flush(self) -> None:
        assert self._app is not None
        with self._app.set_contexts():
            while self._changed:
                topics, self._changed = self._changed, set()
                events = {
                    (tab, name)
                    for topic in topics
                    for tab, names in self._tabs.get(topic, {}).items()
                    for name in names
                }
                waits = [await self._send(tab, name) for tab, name in events]
                if pending := [wait for wait in waits if wait]:
                    await asyncio.wait(pending, timeout=PATIENCE_SECONDS)
                await asyncio.sleep(GAP_SECONDS)

    async def _send(self, tab: str, event: str) -> Any:
        assert self._app is not None
        if not self._is_open(tab):
            self._drop(tab)
            return None
        return await self._app.event_processor.enqueue(tab, Event(name=event, payload={}))

    async def _sweep(self) -> None:
        # A closed tab is noticed when its topic changes; one whose topic never does is noticed here.
        while True:
            await asyncio.sleep(SWEEP_SECONDS)
            self._snapshots.clear()  # nothing read is older than this where its words depend on the clock
            self._note({CLOCK})
            for tab in [tab for tab in self._topics if not self._is_open(tab)]:
                self._drop(tab)

    def _is_open(self, tab: str) -> bool:
        assert self._app is not None
        tokens = self._app.event_namespace._token_manager  # pyright: ignore[reportOptionalMemberAccess]
        socket = tokens.token_to_socket.get(tab)
        return socket is not None and socket.instance_id == tokens.instance_id

    def _drop(self, tab: str) -> None:
        for topic in self._topics.pop(tab, ()):
            self._tabs[topic].pop(tab, None)
            if not self._tabs[topic]:
                del self._tabs[topic]


hub = Hub()
