"""One database for many tests: each commits as it likes, and what it left behind is undone before the next one."""

import shutil
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
from sqlalchemy.engine import Engine

from loyalty_app.core import database as databases

PATIENCE = 5.0
"""Seconds that threads of a test may take to give their connections back."""
LARGEST = 1_000_000
"""Bytes of a table or an index after which a database of PostgreSQL is made anew: deleted rows stay in the files."""


class Shared(ABC):
    """A database that is lent to one test after the other."""

    def __init__(self) -> None:
        """Open nothing yet: the first test does."""
        self.engines: tuple[Engine, ...] = ()
        self.times_made = 0

    @contextmanager
    def lent(self) -> Iterator[Engine]:
        """Open the database as the one that transactions use; afterwards it is as it was before."""
        if not self.engines:
            self._make()
            databases.connect(self.url())
            assert databases._engine is not None
            assert databases._downloads is not None
            self.engines = (databases._engine, databases._downloads)
            databases._engine = databases._downloads = None  # so that a test that disconnects does not mean these
        # Each test gets a view of its own: pool, dialect and compiled statements are shared, listeners are not.
        main, downloads = (one.execution_options() for one in self.engines)
        databases.disconnect()
        databases._engine, databases._downloads = main, downloads
        try:
            yield main
        finally:
            if databases._engine is not main:  # the test has opened another one
                databases.disconnect()
            databases._engine = databases._downloads = None
            if not (self._is_at_rest() and self._is_restored()):
                self.close()
                self._make()

    def close(self) -> None:
        """Close every connection that is kept; the next use opens new ones."""
        for one in self.engines:
            one.dispose()

    @abstractmethod
    def url(self) -> str:
        """Return the address."""

    @abstractmethod
    def _make(self) -> None:
        """Make the database from the template, in place of one that is there."""

    @abstractmethod
    def _is_restored(self) -> bool:
        """Undo what a test has done; return whether that was possible."""

    def _is_at_rest(self) -> bool:
        until = time.monotonic() + PATIENCE
        while any(one.pool.checkedout() for one in self.engines):
            if time.monotonic() > until:
                return False
            time.sleep(0.002)
        return True


class SharedSqlite(Shared):
    """A file: it takes no longer to copy it again than to undo changes, and that undoes changes to tables, too."""

    def __init__(self, template: Path, folder: Path) -> None:
        """Say where the template is, and where the copy shall be."""
        super().__init__()
        self._template, self._file = template, folder / "loyalty.db"

    def url(self) -> str:
        """Return the address."""
        return f"sqlite:///{self._file}"

    def _make(self) -> None:
        for end in ("", "-wal", "-shm"):  # a new file: whoever still has the old one open writes into that
            self._file.with_name(self._file.name + end).unlink(missing_ok=True)
        shutil.copy(self._template, self._file)
        self.times_made += 1

    def _is_restored(self) -> bool:
        return False


class SharedPostgresql(Shared):
    """A database whose rows and sequences are put back; if its tables were changed, too, it is made anew."""

    def __init__(
        self, server: psycopg.Connection, address: Callable[[str], str], worker: str, name: str = "shared"
    ) -> None:
        """Say on which server it is, and how it is called; each worker's databases end with its own name."""
        super().__init__()
        self._server, self._address, self._worker, self._name = server, address, worker, name
        self._inside: psycopg.Connection | None = None

    def url(self) -> str:
        """Return the address."""
        return self._address(self._name)

    def close(self) -> None:
        """Close every connection that is kept."""
        super().close()
        if self._inside:
            self._inside.close()

    def _make(self) -> None:
        database = f"{self._name}_{self._worker}"
        self._server.execute(f"drop database if exists {database} with (force)")
        self._server.execute(f"create database {database} template furnished_{self._worker}")
        self._inside = psycopg.connect(self.url(), autocommit=True)
        _prepare(self._inside)
        self.times_made += 1

    def _is_restored(self) -> bool:
        assert self._inside is not None
        try:
            return self._inside.execute("select kept.restore()").fetchone() == (True,)
        except psycopg.Error:  # a lock is held, or the connection is lost
            return False


def _prepare(inside: psycopg.Connection) -> None:
    """Keep furnished rows and sequences in a schema of their own, with a function that puts them back."""
    found = inside.execute("select tablename from pg_tables where schemaname = 'public' order by 1")
    tables = [name for (name,) in found]
    furnished = [
        name for name in tables if inside.execute(f'select exists (select from public."{name}")').fetchone() == (True,)
    ]
    inside.execute("create schema kept")
    for name in furnished:
        inside.execute(f'create table kept."{name}" as table public."{name}"')
    inside.execute(
        "create table kept.sequences as select format('%I.%I', schemaname, sequencename)::regclass as name,"
        " coalesce(last_value, start_value) as number, last_value is not null as called, last_value"
        " from pg_sequences where schemaname = 'public'"
    )
    inside.execute("create table kept.changes (command text)")
    restore = [f'delete from public."{name}";' for name in tables if name not in furnished]
    restore += [
        f'delete from public."{name}" now where not exists'
        f' (select from kept."{name}" before where before::text = now::text);'
        f'insert into public."{name}" overriding system value select * from kept."{name}" before where not exists'
        f' (select from public."{name}" now where now::text = before::text);'
        for name in furnished
    ]
    # As a replica PostgreSQL runs no triggers and checks no references, so the order of the tables does not matter.
    inside.execute(f"""
        create function kept.restore() returns boolean language plpgsql
        set session_replication_role = replica set lock_timeout = '2s' set search_path = pg_catalog as $$
        begin
            if exists (select from kept.changes)
                or exists (select from pg_statistic join pg_class on pg_class.oid = starelid
                    where relnamespace = 'public'::regnamespace)
                or exists (select from pg_class where relnamespace = 'public'::regnamespace
                    and relkind in ('r', 'i') and pg_relation_size(oid) > {LARGEST})
            then return false; end if;
            {" ".join(restore)}
            perform setval(name, number, called) from kept.sequences
                where pg_sequence_last_value(name) is distinct from last_value;
            return true;
        end $$""")
    inside.execute(
        "create function kept.note() returns event_trigger language plpgsql as"
        " $$ begin insert into kept.changes values (tg_tag); end $$"
    )
    for moment in ("ddl_command_end", "sql_drop"):
        inside.execute(f"create event trigger note_{moment} on {moment} execute function kept.note()")
