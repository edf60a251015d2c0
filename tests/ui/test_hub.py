"""What open tabs hear, and how often what they share is read."""

import asyncio

import pytest

from loyalty_app.core import live
from loyalty_app.ui import live as tabs


@pytest.fixture
def changes(monkeypatch):
    """Let the hub hear what is put in here, and not the database."""
    waiting = asyncio.Queue()

    async def heard():
        while True:
            yield await waiting.get()

    monkeypatch.setattr(live, "heard", heard)
    return waiting


def test_what_takes_long_to_read_is_read_in_gaps_and_the_last_change_is_never_missed(changes):
    hub, read = tabs.Hub(), []

    async def load():
        read.append(1)
        return len(read)

    async def main():
        running = asyncio.create_task(hub.run(None))
        topic = hub.slow("batches", 1.0)
        assert await hub.shared(topic, "visits", load) == 1
        seen = []
        for _ in range(8):
            changes.put_nowait({"batches"})
            await asyncio.sleep(0.01)
            seen.append(await hub.shared(topic, "visits", load))
        assert set(seen) == {2}, seen
        await asyncio.sleep(1.2)
        assert await hub.shared(topic, "visits", load) == 3
        await asyncio.sleep(1.2)
        assert await hub.shared(topic, "visits", load) == 3
        running.cancel()

    asyncio.run(main())


def test_one_topic_is_heard_in_gaps_of_several_lengths(changes):
    hub, heard = tabs.Hub(), asyncio.Queue()
    hub._note = heard.put_nowait

    async def main():
        running = asyncio.create_task(hub.run(None))
        short, long = hub.slow("batches", 0.05), hub.slow("batches", 3_600.0)
        changes.put_nowait({"batches"})
        first, *later = [await heard.get() for _ in range(3)]
        assert first == {"batches"}
        assert set.union(*later) == {short, long}
        changes.put_nowait({"batches"})
        assert await heard.get() == {"batches"}
        assert await heard.get() == {short}
        running.cancel()

    asyncio.run(asyncio.wait_for(main(), 30))


def test_the_clock_is_heard_though_nothing_changes_and_nothing_read_before_is_kept(changes, monkeypatch):
    monkeypatch.setattr(tabs, "SWEEP_SECONDS", 0.01)
    hub, heard = tabs.Hub(), asyncio.Queue()
    hub._note = heard.put_nowait

    async def load():
        return 1

    async def main():
        await hub.shared("batches", "numbers", load)
        running = asyncio.create_task(hub.run(None))
        assert await heard.get() == {tabs.CLOCK}
        assert hub._snapshots["batches"] == {}
        running.cancel()

    asyncio.run(asyncio.wait_for(main(), 30))
