"""Bring the database to what this version of the program expects."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy.engine import Connection, Engine

from loyalty_app.core import database
from loyalty_app.core.errors import AppError

CHECKOUT = Path(__file__).parents[2]
HEAD = "head"
BASE = "base"
LOCK = 7_208_512
"""Any number of our own: it names the advisory lock on PostgreSQL."""


class Standing(StrEnum):
    """How a database stands to this version of the program; of all but one what to do."""

    ABSENT = (
        "There is no database of this program at {place} yet: start the program with `loyalty serve`, or make an empty"
        " database with `loyalty migrate`."
    )
    BEHIND = (
        "An older version of the program made the database at {place}: back it up with that version, then run"
        " `loyalty migrate`."
    )
    AHEAD = (
        "A newer version of the program made the database at {place}: use that version, or restore an older backup"
        " into an empty database."
    )
    CURRENT = "The database at {place} is in step."


class OtherVersionError(AppError):
    """The database is not as this version of the program needs it; nothing was changed."""

    def __init__(self, standing: Standing) -> None:
        """Say how it is, and what to do."""
        super().__init__(standing.format(place=database.place()))


def migrate(engine: Engine) -> None:
    """Upgrade to the newest version, all or nothing; a second process waits and finds the work done."""
    with alone(engine) as connection:
        to(connection, HEAD)


def to(connection: Connection, wanted: str) -> None:
    """Go to a revision, up or down, on a connection that is alone; whoever opened it commits."""
    if _standing(connection) is Standing.AHEAD:
        raise OtherVersionError(Standing.AHEAD)
    config = _config()
    config.attributes["connection"] = connection
    (command.downgrade if wanted == BASE else command.upgrade)(config, wanted)


def revision(connection: Connection) -> str | None:
    """Return the revision that the database is at; nothing if it has no tables of ours."""
    return MigrationContext.configure(connection).get_current_revision()


def is_current(engine: Engine) -> bool:
    """Return whether the database is at the newest version."""
    with engine.connect() as connection:
        return _standing(connection) is Standing.CURRENT


def must_be_current() -> None:
    """Refuse a database that is not there or of another version; looking makes none."""
    standing = Standing.ABSENT
    if not database.is_absent():
        with database.engine().connect() as connection:
            standing = _standing(connection)
    if standing is not Standing.CURRENT:
        raise OtherVersionError(standing)


def _standing(connection: Connection) -> Standing:
    here = set(MigrationContext.configure(connection).get_current_heads())
    if not here:
        return Standing.ABSENT
    scripts = ScriptDirectory.from_config(_config())
    if here == set(scripts.get_heads()):
        return Standing.CURRENT
    return Standing.BEHIND if here <= {one.revision for one in scripts.walk_revisions()} else Standing.AHEAD


@contextmanager
def alone(engine: Engine) -> Iterator[Connection]:
    """Open the one transaction that may change tables; others who ask wait for its end."""
    if not database.is_sqlite(engine):
        with engine.begin() as connection:
            connection.execute(sa.select(sa.func.pg_advisory_xact_lock(LOCK)))
            yield connection
        return

    with engine.connect().execution_options(begins="IMMEDIATE") as connection:
        raw = connection.connection.driver_connection
        assert raw is not None, "a connection just opened is open"
        # Rebuilding a table drops the old one, and that must not take its children along.
        raw.execute("PRAGMA foreign_keys=OFF")
        try:
            with connection.begin():
                yield connection
        finally:
            raw.execute("PRAGMA foreign_keys=ON")


@contextmanager
def counting_on(connection: Connection) -> Iterator[None]:
    """Change tables without giving a number again: SQLite forgets those of deleted rows when it copies a table."""
    numbers = last_numbers(connection)
    yield
    give_no_more(connection, numbers)


def last_numbers(connection: Connection) -> dict[str, int]:
    """Return the highest number ever given in each table of which SQLite remembers it."""
    if not _remembers(connection):
        return {}
    found = connection.execute(sa.text("select name, seq from sqlite_sequence"))
    return {name: number for name, number in found}  # noqa: C416 - rows are no pairs


def give_no_more(connection: Connection, numbers: Mapping[str, int]) -> None:
    """Let the numbers of each such table go on behind these."""
    if not _remembers(connection):
        return
    remembered = last_numbers(connection)
    counted = connection.execute(sa.text("select name from sqlite_master where sql like '%autoincrement%'"))
    for name in counted.scalars().all():
        number = {"name": name, "number": max(numbers.get(name, 0), remembered.get(name, 0))}
        connection.execute(sa.text("delete from sqlite_sequence where name = :name"), number)
        connection.execute(sa.text("insert into sqlite_sequence (name, seq) values (:name, :number)"), number)


def _remembers(connection: Connection) -> bool:
    return database.is_sqlite(connection) and sa.inspect(connection).has_table("sqlite_sequence")


def _config() -> Config:
    return Config(toml_file=CHECKOUT / "pyproject.toml")
