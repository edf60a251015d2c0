"""Transactions keep everything or nothing, and many callers share one without harming each other."""

import asyncio
import threading

import pytest
import sqlalchemy as sa

from loyalty_app.core import database as databases
from loyalty_app.core.database import Together, answer_all, together
from loyalty_app.core.errors import InvalidError
from loyalty_app.program.models import Program
from tests.doors import at_once, change, rows

pytestmark = pytest.mark.usefixtures("database")


def rename(session, name):
    session.execute(sa.update(Program).values(name=name))


def name():
    return rows(Program)[0].name


def test_a_transaction_is_kept():
    change(rename, "Herbata")

    assert name() == "Herbata"


def test_a_transaction_that_breaks_is_undone():
    with pytest.raises(RuntimeError), databases.transaction() as session:
        rename(session, "Herbata")
        raise RuntimeError

    assert name() == "Kawa"


def test_what_a_reader_does_is_not_kept():
    with databases.reading() as session:
        rename(session, "Herbata")

    assert name() == "Kawa"


def test_a_reader_sees_one_picture():
    with databases.reading() as session:
        before = session.get(Program, 1).name
        change(rename, "Herbata")
        session.expire_all()

        assert session.get(Program, 1).name == before == "Kawa"


def test_what_comes_after_the_commit_comes_after_it_and_not_after_a_rollback():
    seen = []
    with databases.transaction() as session:
        rename(session, "Herbata")
        databases.after_commit(session, lambda: seen.append(name()))
    with pytest.raises(RuntimeError), databases.transaction() as session:
        databases.after_commit(session, lambda: seen.append("never"))
        raise RuntimeError

    assert seen == ["Herbata"]


def test_what_comes_after_the_commit_may_open_a_transaction_itself():
    with databases.transaction() as session:
        databases.after_commit(session, lambda: change(rename, "Herbata"))

    assert name() == "Herbata"


def test_writers_at_the_same_time_lose_nothing(other_processes):
    def append(session, letter):
        program = session.get(Program, 1, with_for_update=True)
        program.name += letter
        session.add(program)

    at_once([lambda letter=letter: change(append, letter) for letter in "abcdefgh"])

    assert sorted(name()) == sorted("Kawaabcdefgh")


def test_verbs_and_queries_run_off_the_event_loop():
    async def main():
        def where(session):
            return threading.current_thread(), session.get(Program, 1).name

        return await databases.transact(where), await databases.read(where)

    for thread, said in asyncio.run(main()):
        assert thread is not threading.main_thread()
        assert said == "Kawa"


def echo(_session, asks, *, now):
    """Answer each ask with itself and how many came along."""
    if "bad" in asks:
        raise InvalidError(ask="This one is bad.")
    return [(ask, len(asks), now) for ask in asks]


def test_whoever_waits_shares_a_commit_and_gets_their_own_answer():
    blocked = threading.Event()

    def slow(session, asks, *, now):
        blocked.wait(10)
        return echo(session, asks, now=now)

    queue = Together(slow)
    futures = [queue.submit(number) for number in range(100)]
    blocked.set()
    answers = [future.result(10) for future in futures]

    assert [ask for ask, _, _ in answers] == list(range(100))
    assert max(together_with for _, together_with, _ in answers) > 50


def test_no_group_is_larger_than_allowed(monkeypatch):
    monkeypatch.setattr(databases, "GROUP_SIZE", 7)
    queue = Together(echo)
    futures = [queue.submit(number) for number in range(50)]

    assert max(future.result(10)[1] for future in futures) <= 7


def test_one_bad_ask_does_not_harm_its_neighbours():
    queue = Together(echo)
    futures = [queue.submit(ask) for ask in ("good", "bad", "fine")]

    assert futures[0].result(10)[0] == "good"
    assert futures[2].result(10)[0] == "fine"
    with pytest.raises(InvalidError):
        futures[1].result(10)


def test_a_queue_works_again_after_a_fault():
    queue = Together(echo)
    with pytest.raises(InvalidError):
        queue.submit("bad").result(10)

    assert queue.submit("good").result(10)[0] == "good"


def test_an_ask_can_be_awaited():
    async def main():
        return await asyncio.gather(*(together(echo, number) for number in range(10)))

    assert [ask for ask, _, _ in asyncio.run(main())] == list(range(10))


def test_whoever_gives_up_does_not_harm_those_who_wait():
    blocked = threading.Event()

    def slow(session, asks, *, now):
        blocked.wait(10)
        return echo(session, asks, now=now)

    async def main():
        queue = Together(slow)
        waiting = [asyncio.create_task(queue.ask(number)) for number in range(10)]
        await asyncio.sleep(0)
        for impatient in waiting[::2]:
            impatient.cancel()
        blocked.set()
        answers = await asyncio.gather(*waiting, return_exceptions=True)
        assert [answer[0] for answer in answers[1::2]] == [1, 3, 5, 7, 9]
        return await queue.ask("again")

    assert asyncio.run(main())[0] == "again"


def test_an_event_loop_that_is_gone_does_not_harm_the_queue():
    blocked = threading.Event()

    def slow(session, asks, *, now):
        blocked.wait(10)
        return echo(session, asks, now=now)

    queue = Together(slow)

    async def leave():
        gone = asyncio.create_task(queue.ask("gone"))
        await asyncio.sleep(0)
        gone.cancel()

    asyncio.run(leave())
    blocked.set()

    assert queue.submit("here").result(10)[0] == "here"


def test_whoever_loses_against_another_process_looks_again_once():
    tries = []

    def unlucky(session, asks, *, now):
        tries.append(now)
        if len(tries) == 1:
            session.add(Program(id=1, name="Kawa", time_zone="UTC", currency="EUR", locale="en-US"))
            session.flush()
        return list(asks)

    assert answer_all(unlucky, ["ask"]) == ["ask"]
    assert len(tries) == 2
