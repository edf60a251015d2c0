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
SLOW_SHARE = 0.05
"""What takes long to read is being read for this part of the time at most,"""
SLOW_GAPS = (1.0, 60.0)
"""and again after so many seconds at least, and at most."""
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
        self._slow: dict[str, str] = {}  # slow topic → the topic that it follows
        self._took: dict[str, float] = {}  # slow topic → about how long reading it takes
        self._last: dict[str, float] = {}  # slow topic → when it was heard the last time
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
            kept[key] = asyncio.ensure_future(self._timed(topic, load) if topic in self._slow else load())
        return await asyncio.shield(kept[key])

    def slow(self, topic: str, what: str) -> str:
        """Return a topic for what takes long to read: heard when the other is, in gaps, the last change for certain."""
        name = f"{topic} for {what}"
        self._slow[name] = topic
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
        for name in {name for name, topic in self._slow.items() if topic in topics} - self._waiting:
            self._waiting.add(name)
            self._hear_slowly(name)
        self._note(topics)

    def _hear_slowly(self, name: str) -> None:
        loop = asyncio.get_running_loop()
        least, most = SLOW_GAPS
        due = self._last.get(name, -most) + min(max(least, self._took.get(name, 0.0) / SLOW_SHARE), most)
        if loop.time() < due:  # it may be later by then, if reading takes longer now
            loop.call_at(due, self._hear_slowly, name, context=contextvars.Context())
            return
        self._waiting.discard(name)
        self._last[name] = loop.time()
        self._note({name})

    async def _timed(self, topic: str, load: Callable[[], Awaitable[Any]]) -> Any:
        began = asyncio.get_running_loop().time()
        try:
            return await load()
        finally:
            took = asyncio.get_running_loop().time() - began
            self._took[topic] = max(took, self._took.get(topic, 0.0) / 2)  # several may hang on one topic

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
