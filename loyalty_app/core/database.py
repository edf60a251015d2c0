"""One database, SQLite or PostgreSQL: transactions begin and end here."""

import asyncio
import functools
import logging
import math
import os
import random
import sqlite3
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractContextManager, ExitStack, closing, contextmanager, nullcontext, suppress
from enum import Enum
from pathlib import Path
from typing import Any, Concatenate, ParamSpec, TypeVar

import anyio.to_thread
import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.engine import URL, Connection, Engine, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, IntegrityError, SQLAlchemyError
from sqlmodel import Session, SQLModel

from loyalty_app.core import times
from loyalty_app.core.config import settings
from loyalty_app.core.errors import AppError
from loyalty_app.core.turns import Turns

P = ParamSpec("P")
Result = TypeVar("Result")
Answer = TypeVar("Answer")
Waiter = Future[Any] | asyncio.Future[Any]
W = TypeVar("W", bound=Waiter)

POOL_SIZE = 12
DOWNLOADS = 6
"""So many files are streamed at once; each needs a connection for as long as its reader takes to fetch it."""
DOWNLOAD_WAIT = 2
"""Seconds that another one waits for its turn."""
LOCK_WAIT = 30_000
"""Milliseconds for which a writer of SQLite waits for those of other processes."""
LOG_WAIT = 1_000
"""Milliseconds for which emptying its log may hold up writers."""
THREADS = 8
GROUP_SIZE = 256

TRIES = 5
"""So often a transaction is begun anew that another one got in the way of."""
PATIENCE = 10.0
"""Seconds after which it is not: whoever asked has waited long enough for a refusal."""
PAUSE = 0.02
"""Seconds before the second try, at most; each next one may take twice as long."""
_GAVE_WAY = frozenset({"40001", "40P01"})
"""PostgreSQL's serialization failure and deadlock: everything was rolled back, and may succeed now."""
_BUSY = frozenset({sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED})

NAMES = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s",
    "pk": "pk_%(table_name)s",
}
"""Constraint names, so that migrations mean the same on both databases."""

SQLModel.metadata.naming_convention = NAMES  # before any table is made: names are given at birth

log = logging.getLogger(__name__)

_turns = Turns()
_engine: Engine | None = None
_downloads: Engine | None = None


def stored(kind: type[Enum]) -> sa.Enum:
    """Return the column type of an enum, stored by value."""
    return sa.Enum(kind, native_enum=False, length=24, values_callable=lambda members: [m.value for m in members])


def connect(url: str) -> Engine:
    """Open the database at the address and make it the one that transactions use."""
    global _engine, _downloads  # noqa: PLW0603 - one database a process, like its settings
    disconnect()
    _downloads = _open(url, pool_size=DOWNLOADS, max_overflow=0, pool_timeout=DOWNLOAD_WAIT)
    _engine = _open(url, pool_size=POOL_SIZE, max_overflow=POOL_SIZE)
    return _engine


def disconnect() -> None:
    """Close every connection; the next use opens new ones."""
    global _engine, _downloads  # noqa: PLW0603
    for opened in (_engine, _downloads):
        if opened is not None:
            opened.dispose()
    _engine = _downloads = None


def _start_afresh_after_fork() -> None:
    # Two processes on one inherited connection would read each other's answers.
    global _engine, _downloads  # noqa: PLW0603
    for opened in (_engine, _downloads):
        if opened is not None:
            opened.dispose(close=False)
    _engine = _downloads = None
    _turns.start_afresh()


os.register_at_fork(after_in_child=_start_afresh_after_fork)


def engine() -> Engine:
    """Return the open database; the first call opens the one from the settings."""
    return _engine or connect(settings().database)


def place() -> str:
    """Return where the database is, as a sentence may tell it: without the password."""
    address = _address_in_use()
    if address.get_backend_name() == "sqlite":
        return address.database or ":memory:"
    return address.set(drivername="postgresql", query={}).render_as_string(hide_password=True)


def is_absent() -> bool:
    """Return whether the database is a file that nobody has made yet."""
    address = _address_in_use()
    return address.get_backend_name() == "sqlite" and not Path(place()).exists()


def _address_in_use() -> URL:
    return _engine.url if _engine else _address(settings().database)


def is_sqlite(bind: Engine | Connection) -> bool:
    """Return whether this is the one-machine database."""
    return bind.dialect.name == "sqlite"


@contextmanager
def transaction() -> Iterator[Session]:
    """Open a session that may write; commit at the end, or roll back on any error."""
    with _committed() as session:
        yield session
    _follow(session)


@contextmanager
def _committed() -> Iterator[Session]:
    writer = engine().execution_options(begins="IMMEDIATE")
    with ExitStack() as held, _turn(writer), Session(writer, expire_on_commit=False) as session:
        session.info["held"] = held
        yield session
        session.commit()


def _follow(session: Session) -> None:
    for act in session.info.get("after_commit", ()):
        act()


def change(verb: Callable[Concatenate[Session, P], Result], *args: P.args, **kwargs: P.kwargs) -> Result:
    """Run a service verb in a transaction of its own; all of it again if another transaction got in its way.

    It is run again only if the database has certainly kept nothing of it: after a deadlock, a lock that was not to
    be had, and, once, after a row of the same name that another one wrote first. When the connection is lost nobody
    knows what was kept, so that is an error.
    """

    def attempt() -> tuple[Session, Result]:
        with _committed() as session:
            return session, verb(session, *args, **kwargs)

    return _repeated(attempt, PATIENCE)


def change_prepared(prepare: Callable[[Session], Callable[[Session], Result]]) -> Result:
    """Change something as `change` does, by a verb that a look at the database prepares outside of the transaction.

    Each try looks anew. Nobody waits for it, so it takes as long as it takes.
    """

    def attempt() -> tuple[Session, Result]:
        with reading() as session:
            verb = prepare(session)
        with _committed() as session:
            return session, verb(session)

    return _repeated(attempt, math.inf)


def _repeated(attempt: Callable[[], tuple[Session, Result]], patience: float) -> Result:
    until = time.monotonic() + patience
    for number in range(1, TRIES + 1):
        try:
            session, result = attempt()
        except DBAPIError as problem:
            if number == TRIES or time.monotonic() > until or not _may_succeed_now(problem, number):
                raise
            log.info("a transaction is tried again: %s", type(problem.orig).__name__)
        else:
            _follow(session)
            return result
        time.sleep(random.uniform(0, PAUSE * 2**number))  # noqa: S311 - so that two do not meet again
    raise AssertionError("the last try returns or raises")


def _may_succeed_now(problem: DBAPIError, number: int) -> bool:
    if isinstance(problem, IntegrityError):
        return number == 1
    primary = getattr(problem.orig, "sqlite_errorcode", 0) & 0xFF
    return primary in _BUSY or getattr(problem.orig, "sqlstate", "") in _GAVE_WAY


def _turn(writer: Engine) -> AbstractContextManager[None]:
    # SQLite has one writer: waiting for a lock here is fair and cheap, its own busy loop is neither.
    path = writer.url.database or ""
    return _turns.of("" if path == ":memory:" else path) if is_sqlite(writer) else nullcontext()


@contextmanager
def reading() -> Iterator[Session]:
    """Open a session on one consistent picture of the database; nothing it does is kept."""
    with _picture(engine()) as session:
        yield session


@contextmanager
def streaming() -> Iterator[Session]:
    """Open a session as `reading` does, for a file: on one of a few connections that no screen ever waits for."""
    engine()
    assert _downloads is not None, "both are opened together"
    with _picture(_downloads) as session:
        yield session


def _picture(reader: Engine) -> Session:
    if not is_sqlite(reader):  # PostgreSQL would look anew for each statement
        reader = reader.execution_options(isolation_level="REPEATABLE READ")
    return Session(reader, expire_on_commit=False)


def after_commit(session: Session, act: Callable[[], None]) -> None:
    """Do this once the caller's transaction has been committed, and never if it was not."""
    session.info.setdefault("after_commit", []).append(act)


def leave_no_trace(session: Session) -> None:
    """Empty SQLite's log once the caller's transaction is over: what was overwritten may still stand there.

    Who reads at that moment for longer than it waits keeps it as it is, until a later one.
    """
    if is_sqlite(session.connection()):
        after_commit(session, _empty_the_log)


def _empty_the_log() -> None:
    try:
        with closing(engine().raw_connection()) as connection:
            _checkpoint(connection.cursor())
    except (sqlite3.Error, SQLAlchemyError):  # everything is committed; what failed now is no refusal of that
        log.exception("the log could not be emptied")


def _checkpoint(cursor: Any) -> None:
    cursor.execute(f"PRAGMA busy_timeout={LOG_WAIT}")
    try:
        cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    finally:  # the next one who is handed this connection is a writer
        cursor.execute(f"PRAGMA busy_timeout={LOCK_WAIT}")


def hold(session: Session, thing: AbstractContextManager[object]) -> None:
    """Keep this open until the caller's transaction is over, committed or not."""
    session.info["held"].enter_context(thing)


async def transact(verb: Callable[Concatenate[Session, P], Result], *args: P.args, **kwargs: P.kwargs) -> Result:
    """Change something as `change` does, off the event loop."""
    return await _off_the_loop(lambda: change(verb, *args, **kwargs))


async def read(query: Callable[Concatenate[Session, P], Result], *args: P.args, **kwargs: P.kwargs) -> Result:
    """Run a service query, off the event loop."""

    def look() -> Result:
        with reading() as session:
            return query(session, *args, **kwargs)

    return await _off_the_loop(look)


async def _off_the_loop(work: Callable[[], Result]) -> Result:
    return await anyio.to_thread.run_sync(work, limiter=_limiter())


@functools.cache
def _limiter() -> anyio.CapacityLimiter:
    return anyio.CapacityLimiter(THREADS)


class Together:
    """Commit everybody who waits in one transaction: one flush to disk for many callers (ADR: group commit).

    The verb takes a session and a list of asks, and returns an answer for each, in order.
    """

    def __init__(self, verb: Callable[..., Sequence[Any]]) -> None:
        """Make an empty queue in front of the verb."""
        self._verb = verb
        self._waiting: list[tuple[Any, Waiter]] = []
        self._lock = threading.Lock()
        self._draining = False
        self._writer = ThreadPoolExecutor(1, thread_name_prefix=f"together-{verb.__name__}")

    def submit(self, ask: Any) -> Future[Any]:
        """Queue an ask from a thread; the future gets its answer once that is committed."""
        return self._queue(ask, Future())

    async def ask(self, ask: Any) -> Any:
        """Queue an ask from an event loop, and wait for its answer."""
        return await self._queue(ask, asyncio.get_running_loop().create_future())

    def _queue(self, ask: Any, waiter: W) -> W:
        with self._lock:
            self._waiting.append((ask, waiter))
            if not self._draining:
                self._draining = True
                self._writer.submit(self._drain)
        return waiter

    def _drain(self) -> None:
        while True:
            with self._lock:
                group, self._waiting = self._waiting[:GROUP_SIZE], self._waiting[GROUP_SIZE:]
                if not group:
                    self._draining = False
                    return
            self._answer(group)

    def _answer(self, group: list[tuple[Any, Waiter]]) -> None:
        try:
            answers = answer_all(self._verb, [ask for ask, _ in group])
        except Exception as problem:  # noqa: BLE001 - the callers' own, handed to each of them
            if len(group) == 1:
                _hand_over([(group[0][1], problem)])
                return
            for one in group:  # one ask's fault must not fail its neighbours
                self._answer([one])
        else:
            _hand_over([(waiter, answer) for (_, waiter), answer in zip(group, answers, strict=True)])


def _hand_over(answers: list[tuple[Waiter, Any]]) -> None:
    # Each event loop is woken once for all of its callers: a wake-up for each costs more than the answer.
    on_loops: dict[asyncio.AbstractEventLoop, list[tuple[Waiter, Any]]] = defaultdict(list)
    in_threads: list[tuple[Waiter, Any]] = []
    for waiter, answer in answers:
        (on_loops[waiter.get_loop()] if isinstance(waiter, asyncio.Future) else in_threads).append((waiter, answer))
    for loop, theirs in on_loops.items():
        with suppress(RuntimeError):  # a closed loop: nobody waits there any more
            loop.call_soon_threadsafe(_settle, theirs)
    _settle(in_threads)


def _settle(answers: list[tuple[Waiter, Any]]) -> None:
    for waiter, answer in answers:
        if waiter.done():  # gave up meanwhile; what was committed stays committed
            continue
        if isinstance(answer, Exception):
            waiter.set_exception(answer)
        else:
            waiter.set_result(answer)


def answer_all(verb: Callable[..., Sequence[Answer]], asks: Sequence[Any]) -> Sequence[Answer]:
    """Answer the asks in one transaction; if another process got in its way, look again."""
    return change(lambda session: verb(session, asks, now=times.now()))


@functools.cache
def _queue(verb: Callable[..., Sequence[Any]]) -> Together:
    return Together(verb)


async def together(verb: Callable[..., Sequence[Answer]], ask: Any) -> Answer:
    """Ask a verb that answers many at once; callers who wait at the same time share one commit."""
    return await _queue(verb).ask(ask)


def rows_from(session: Session, *columns: tuple[str, str]) -> str:
    """Return the SQL of a table made from the JSON text parameter `:rows`, a list of lists.

    Each column is (name, SQL type). One statement then carries thousands of rows.
    """
    if is_sqlite(session.connection()):
        picks = ", ".join(f"cast(value ->> {i} as {kind}) as {name}" for i, (name, kind) in enumerate(columns))
        return f"(select {picks} from json_each(:rows))"  # noqa: S608 - names from our own code
    picks = ", ".join(f"cast(value ->> {i} as {kind}) as {name}" for i, (name, kind) in enumerate(columns))
    return f"(select {picks} from jsonb_array_elements(cast(:rows as jsonb)))"  # noqa: S608


def _address(url: str) -> URL:
    with suppress(ArgumentError, ValueError):
        address = make_url(url)
        if address.get_backend_name() in {"sqlite", "postgresql"}:
            return address
    raise AppError(  # without the address: a password may stand in it
        "LOYALTY_DATABASE_URL is not an address of PostgreSQL or SQLite. Write it like"
        " postgresql://user:password@host/name, or leave it empty for SQLite in the data folder."
    )


def _open(url: str, **pool: int) -> Engine:
    address = _address(url)
    if address.get_backend_name() == "postgresql":
        return sa.create_engine(
            address.set(drivername="postgresql+psycopg"),
            pool_pre_ping=True,
            hide_parameters=True,  # errors are logged, and people's data is in them
            connect_args={"options": "-c timezone=utc"},
            **pool,
        )
    opened = sa.create_engine(
        address,
        hide_parameters=True,
        connect_args={"check_same_thread": False, "timeout": 30},
        **pool,
    )
    event.listen(opened, "do_connect", _make_folder)
    event.listen(opened, "connect", _prepare_sqlite)
    event.listen(opened, "begin", _begin_sqlite)
    return opened


def _make_folder(_dialect: object, _record: object, args: list[Any], _more: object) -> None:
    if args[0] and args[0] != ":memory:":
        Path(args[0]).parent.mkdir(mode=0o700, parents=True, exist_ok=True)


def _prepare_sqlite(connection: Any, _record: object) -> None:
    connection.isolation_level = None  # BEGIN is ours
    for pragma in (
        f"busy_timeout={LOCK_WAIT}",
        "synchronous=FULL",
        "foreign_keys=ON",
        "cache_size=-65536",
        "secure_delete=ON",  # what is deleted is overwritten; it costs nothing where nothing is deleted
    ):
        connection.execute(f"PRAGMA {pragma}")
    _begin_log(connection)


def _begin_log(connection: Any) -> None:
    until = time.monotonic() + LOCK_WAIT / 1000
    while True:
        try:
            return connection.execute("PRAGMA journal_mode=WAL")
        except sqlite3.OperationalError as problem:  # of two processes with a new file one is told at once
            if problem.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() > until:
                raise
            time.sleep(0.01)


def _begin_sqlite(connection: Connection) -> None:
    connection.exec_driver_sql(f"BEGIN {connection.get_execution_options().get('begins', 'DEFERRED')}")
