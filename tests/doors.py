"""Call verbs as a door does: each in a transaction of its own."""

import sqlite3
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any, TypeVar

import sqlalchemy as sa
from sqlalchemy.exc import OperationalError
from sqlmodel import Session, select

from loyalty_app.core import database

Result = TypeVar("Result")


def change(verb: Callable[..., Result], *args: Any, **kwargs: Any) -> Result:
    """Run a verb, and commit."""
    with database.transaction() as session:
        return verb(session, *args, **kwargs)


def see(query: Callable[..., Result], *args: Any, **kwargs: Any) -> Result:
    """Run a query; nothing it does is kept."""
    with database.reading() as session:
        return query(session, *args, **kwargs)


def rows(table: type[Result]) -> list[Result]:
    """Return every row of a table, in the order of the primary key."""
    with database.reading() as session:
        return list(session.exec(select(table).order_by(*table.__table__.primary_key)))


def at_once(calls: list[Callable[[], Result]]) -> list[Result]:
    """Make all the calls at the same moment, each in a thread of its own."""
    start = Barrier(len(calls))

    def run(call: Callable[[], Result]) -> Result:
        start.wait(timeout=30)
        return call()

    with ThreadPoolExecutor(len(calls)) as threads:
        return list(threads.map(run, calls))


def await_a_waiter(opened: sa.Engine) -> None:
    """Wait until somebody waits for a row of this database of PostgreSQL, or for long enough."""
    # The locks of the whole server are listed, and other test processes wait there, too. What is waited for belongs to
    # no database; who waits has locked a table of theirs.
    ours = "select pid from pg_locks where database = (select oid from pg_database where datname = current_database())"
    waits = sa.text(f"select count(*) from pg_locks where not granted and pid in ({ours})")
    until = time.monotonic() + 10
    with opened.connect() as connection:
        while not connection.execute(waits).scalar_one() and time.monotonic() < until:
            time.sleep(0.01)


def give_way(session: Session) -> None:
    """End a transaction as the database does when another one is in its way."""
    if database.is_sqlite(session.connection()):
        busy = sqlite3.OperationalError("database is locked")
        busy.sqlite_errorcode = sqlite3.SQLITE_BUSY
        raise OperationalError("", {}, busy)
    session.connection().execute(sa.text("do $$ begin raise exception using errcode = '40P01'; end $$"))
