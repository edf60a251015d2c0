"""What a transaction announces is heard after its commit, and never if it was rolled back."""

import asyncio
from contextlib import aclosing

import pytest

from loyalty_app.core import database as databases
from loyalty_app.core import live
from loyalty_app.program.models import Program
from tests.doors import change, rows

pytestmark = [pytest.mark.usefixtures("database"), pytest.mark.own_database]


def listening(story, until):
    """Tell the story to somebody who listens; return what they heard, up to the last topic."""

    async def main():
        heard, ready = [], asyncio.Event()

        async def listen():
            async with aclosing(live.heard()) as topics_heard:
                async for topics in topics_heard:
                    heard.append(topics)
                    ready.set()
                    if until in topics:
                        return

        async with asyncio.timeout(60), asyncio.TaskGroup() as tasks:
            tasks.create_task(listen())
            await ready.wait()
            await asyncio.to_thread(story)
        return heard

    first, *rest = asyncio.run(main())
    assert first == {live.EVERYTHING}
    return set().union(*rest)


def test_a_topic_is_heard_after_the_commit():
    assert listening(lambda: change(live.announce, "batches", "batch:1"), until="batch:1") >= {"batches", "batch:1"}


def test_topics_of_one_transaction_after_another_are_all_heard():
    def story():
        for number in range(20):
            change(live.announce, f"batch:{number}", "batches")
        change(live.announce, "end")

    assert listening(story, until="end") == {"batches", "end", *(f"batch:{number}" for number in range(20))}


def test_the_same_topic_is_heard_again():
    def story():
        change(live.announce, "batches")
        assert listening(lambda: change(live.announce, "batches"), until="batches") == {"batches"}

    story()


def test_nothing_is_heard_before_the_commit_or_after_a_rollback():
    def story():
        with pytest.raises(RuntimeError), databases.transaction() as session:
            live.announce(session, "never")
            raise RuntimeError
        with databases.transaction() as session:
            live.announce(session, "end")

    assert listening(story, until="end") == {"end"}


def test_one_change_after_the_other_is_heard_with_its_data():
    def rename(session, name):
        session.get(Program, 1).name = name
        live.announce(session, name)

    async def main():
        async with aclosing(live.heard()) as listener:
            await anext(listener)
            for name in ("Herbata", "Kakao", "Kawa", "Herbata"):
                await asyncio.to_thread(change, rename, name)
                assert await anext(listener) == {name}
                assert (await asyncio.to_thread(rows, Program))[0].name == name

    asyncio.run(asyncio.wait_for(main(), 60))


def test_a_change_without_a_topic_is_not_heard():
    def story():
        change(lambda session: session.execute(live.sa.text("update program set name = 'Kawa!'")))
        change(live.announce, "end")

    assert listening(story, until="end") == {"end"}


def test_listeners_in_many_places_all_hear():
    async def main():
        listeners = [live.heard() for _ in range(5)]
        for listener in listeners:
            await anext(listener)
        await asyncio.to_thread(change, live.announce, "batches")
        assert await asyncio.gather(*(anext(listener) for listener in listeners)) == [{"batches"}] * 5
        for listener in listeners:
            await listener.aclose()

    asyncio.run(asyncio.wait_for(main(), 60))


@pytest.mark.parametrize("kind", ["postgresql"], indirect=True)
def test_a_lost_connection_is_made_again_and_everything_may_have_changed(monkeypatch):
    monkeypatch.setattr(live, "RETRY_SECONDS", 0.05)

    async def main():
        listener = live.heard()
        await anext(listener)
        await asyncio.to_thread(
            change,
            lambda session: session.execute(
                live.sa.text(
                    "select pg_terminate_backend(pid) from pg_stat_activity"
                    " where datname = current_database() and query ilike 'listen%'"
                )
            ),
        )
        assert await anext(listener) == {live.EVERYTHING}
        await asyncio.to_thread(change, live.announce, "batches")
        assert await anext(listener) == {"batches"}
        await listener.aclose()

    asyncio.run(asyncio.wait_for(main(), 60))
