"""Transactions keep everything or nothing, and many callers share one without harming each other."""

import asyncio
import sqlite3
import threading
from contextlib import closing, suppress
from threading import Barrier, BrokenBarrierError, Timer

import pytest
import sqlalchemy as sa

from loyalty_app.core import database as databases
from loyalty_app.core.database import Together, answer_all, together
from loyalty_app.core.errors import InvalidError
from loyalty_app.places.models import Place
from loyalty_app.program.models import Program
from tests import builders
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


def test_a_new_file_may_be_opened_while_another_process_writes_its_first(tmp_path):
    with closing(sqlite3.connect(tmp_path / "new.db", check_same_thread=False)) as other:
        other.execute("begin immediate")
        Timer(0.3, other.rollback).start()
        with databases.connect(f"sqlite:///{tmp_path}/new.db").connect() as connection:
            assert connection.exec_driver_sql("PRAGMA journal_mode").scalar() == "wal"


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
    assert max(together_with for _, together_with, _ in answers) >= 50  # in two groups at most


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


@pytest.mark.usefixtures("other_processes")
def test_two_that_wait_for_each_other_both_come_through_and_each_counts_once(database):
    first, second = change(builders.place, "A"), change(builders.place, "B")
    halfway, tries = Barrier(2), []

    def sign(session, letter, places):
        tries.append(letter)
        for place in places:
            session.execute(sa.update(Place).where(Place.id == place.id).values(name=Place.name + letter))
            if place is places[0] and tries.count(letter) == 1:  # a second try is alone
                with suppress(BrokenBarrierError):  # on SQLite only one writes at all
                    halfway.wait(timeout=0.5 if databases.is_sqlite(database) else 30)

    at_once(
        [
            lambda: databases.change(sign, "x", [first, second]),
            lambda: databases.change(sign, "y", [second, first]),
        ]
    )

    assert [set(place.name) for place in rows(Place)] == [set("Axy"), set("Bxy")]
    assert [len(place.name) for place in rows(Place)] == [3, 3]
    # Who gave way may be back before the other one has woken up, and they wait for each other once more.
    assert len(tries) == 2 if databases.is_sqlite(database) else len(tries) > 2


@pytest.mark.own_database
def test_a_lock_that_was_not_to_be_had_is_asked_for_again(database, monkeypatch):
    if not databases.is_sqlite(database):
        pytest.skip("PostgreSQL waits")
    sa.event.listen(database, "connect", lambda connection, _record: connection.execute("pragma busy_timeout=0"))
    database.dispose()
    tries = []

    def sign(session):
        tries.append(1)
        session.execute(sa.update(Program).values(name=Program.name + "!"))

    with closing(sqlite3.connect(database.url.database, isolation_level=None)) as other:
        other.execute("begin immediate")
        monkeypatch.setattr(databases.time, "sleep", lambda _pause: other.execute("rollback"))
        databases.change(sign)

    assert len(tries) == 2
    assert name() == "Kawa!"


@pytest.mark.parametrize("state", ["40001", "40P01"])
def test_what_postgresql_gives_up_is_done_again_and_once(database, state):
    if databases.is_sqlite(database):
        pytest.skip("these are PostgreSQL's")
    tries = []

    def sign(session):
        tries.append(1)
        session.execute(sa.update(Program).values(name=Program.name + "!"))
        if len(tries) < databases.TRIES:
            session.execute(sa.text(f"do $$ begin raise exception using errcode = '{state}'; end $$"))

    databases.change(sign)

    assert len(tries) == databases.TRIES
    assert name() == "Kawa!"


def test_what_may_have_been_kept_is_never_done_again(database):
    tries = []

    def vanish(session):
        tries.append(1)
        rename(session, "Herbata")
        if databases.is_sqlite(database):
            raise sa.exc.OperationalError("", {}, sqlite3.OperationalError("disk I/O error"))
        session.execute(sa.text("select pg_terminate_backend(pg_backend_pid())"))

    with pytest.raises(sa.exc.OperationalError):
        databases.change(vanish)
    assert len(tries) == 1


def test_what_fails_after_the_commit_is_not_done_again():
    tries = []

    def sign(session):
        tries.append(1)
        session.execute(sa.update(Program).values(name=Program.name + "!"))
        databases.after_commit(session, fail)

    def fail():
        raise sa.exc.IntegrityError("", {}, sqlite3.IntegrityError())

    with pytest.raises(sa.exc.IntegrityError):
        databases.change(sign)
    assert len(tries) == 1
    assert name() == "Kawa!"


@pytest.mark.own_database
@pytest.mark.parametrize("kind", ["sqlite"])
@pytest.mark.parametrize("breaks", ["busy_timeout=1000", "wal_checkpoint"])
def test_what_is_committed_is_answered_though_the_log_cannot_be_emptied(database, kind, breaks, monkeypatch, caplog):
    def fail(statement, *_args):
        if breaks in statement:
            raise sqlite3.OperationalError("disk I/O error")

    class Cursor(sqlite3.Cursor):
        def execute(self, statement, *args):
            fail(statement)
            return super().execute(statement, *args)

    def sign(session):
        session.execute(sa.update(Program).values(name=Program.name + "!"))
        databases.leave_no_trace(session)

    raw = databases.engine().raw_connection

    def opened():
        fail("connect")
        connection = raw()
        monkeypatch.setattr(connection, "cursor", lambda: connection.dbapi_connection.cursor(Cursor))
        return connection

    monkeypatch.setattr(databases.engine(), "raw_connection", opened)

    databases.change(sign)

    assert name() == "Kawa!", kind
    assert "the log could not be emptied" in caplog.text
    monkeypatch.undo()
    with databases.reading() as session:
        assert session.connection().exec_driver_sql("PRAGMA busy_timeout").scalar_one() == databases.LOCK_WAIT
