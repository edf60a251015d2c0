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
            waiting.task_done()

    monkeypatch.setattr(live, "heard", heard)
    return waiting


class Clock:
    """The time of the running event loop, which a test puts forward instead of waiting."""

    def __init__(self):
        loop = asyncio.get_running_loop()
        self._ahead, time = 0.0, loop.time
        loop.time = lambda: time() + self._ahead

    async def pass_by(self, seconds):
        self._ahead += seconds
        await asyncio.sleep(0.01)  # what is due now is done


def test_what_takes_long_to_read_is_read_in_gaps_and_the_last_change_is_never_missed(changes, monkeypatch):
    monkeypatch.setattr(tabs, "SLOW_GAPS", (10.0, 60.0))
    hub, read = tabs.Hub(), []

    async def load():
        read.append(1)
        return len(read)

    async def main():
        clock, running = Clock(), asyncio.create_task(hub.run(None))
        topic = hub.slow("batches", "visits")
        assert await hub.shared(topic, "visits", load) == 1
        for _ in range(8):
            changes.put_nowait({"batches"})
        await changes.join()
        assert await hub.shared(topic, "visits", load) == 2
        await clock.pass_by(11)
        assert await hub.shared(topic, "visits", load) == 3
        await clock.pass_by(11)
        assert await hub.shared(topic, "visits", load) == 3
        running.cancel()

    asyncio.run(asyncio.wait_for(main(), 60))


def test_what_takes_longer_is_read_in_longer_gaps(changes, monkeypatch):
    monkeypatch.setattr(tabs, "SLOW_GAPS", (0.01, 3_600.0))
    hub, heard, clocks = tabs.Hub(), asyncio.Queue(), []
    hub._note = heard.put_nowait

    async def quick():
        return 1

    async def endless():
        await clocks[0].pass_by(2)

    async def main():
        clocks.append(Clock())
        running = asyncio.create_task(hub.run(None))
        numbers, visits = hub.slow("batches", "numbers"), hub.slow("batches", "visits")
        await hub.shared(numbers, "", quick)
        await hub.shared(visits, "", endless)
        changes.put_nowait({"batches"})
        assert set.union(*[await heard.get() for _ in range(3)]) == {"batches", numbers, visits}
        changes.put_nowait({"batches"})
        assert set.union(*[await heard.get() for _ in range(2)]) == {"batches", numbers}
        assert heard.empty()
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
