"""Bring the database to what this version of the program expects."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy.engine import Connection, Engine

from loyalty_app.core import database

CHECKOUT = Path(__file__).parents[2]
HEAD = "head"
BASE = "base"
LOCK = 7_208_512
"""Any number of our own: it names the advisory lock on PostgreSQL."""


def migrate(engine: Engine) -> None:
    """Upgrade to the newest version, all or nothing; a second process waits and finds the work done."""
    with alone(engine) as connection:
        to(connection, HEAD)


def to(connection: Connection, wanted: str) -> None:
    """Go to a revision, up or down, on a connection that is alone; whoever opened it commits."""
    config = _config()
    config.attributes["connection"] = connection
    (command.downgrade if wanted == BASE else command.upgrade)(config, wanted)


def revision(connection: Connection) -> str | None:
    """Return the revision that the database is at; nothing if it has no tables of ours."""
    return MigrationContext.configure(connection).get_current_revision()


def is_current(engine: Engine) -> bool:
    """Return whether the database is at the newest version."""
    wanted = ScriptDirectory.from_config(_config()).get_heads()
    with engine.connect() as connection:
        return set(MigrationContext.configure(connection).get_current_heads()) == set(wanted)


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


def _config() -> Config:
    return Config(toml_file=CHECKOUT / "pyproject.toml")
