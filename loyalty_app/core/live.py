"""Topics travel, data does not: what a transaction announces is heard in every process after its commit."""

import asyncio
import json
import logging
from collections.abc import AsyncGenerator
from contextlib import aclosing

import anyio
import psycopg
import sqlalchemy as sa
from sqlalchemy.exc import OperationalError
from sqlmodel import Field, Session, SQLModel

from loyalty_app.core import database

CHANNEL = "loyalty_live"
POLL_SECONDS = 0.05
RETRY_SECONDS = 1.0

EVERYTHING = "*"
"""Heard after a lost connection: anything may have changed."""

log = logging.getLogger(__name__)


class Topic(SQLModel, table=True):
    """How often a topic was announced; only SQLite needs the row, PostgreSQL has NOTIFY."""

    name: str = Field(primary_key=True)
    version: int = Field(index=True)


def announce(session: Session, *topics: str) -> None:
    """Tell every process, once this transaction is committed, that these topics changed."""
    connection = session.connection()
    if not database.is_sqlite(connection):
        connection.execute(
            sa.text(f"select pg_notify('{CHANNEL}', t) from unnest(cast(:topics as text[])) t"),  # noqa: S608
            {"topics": list(dict.fromkeys(topics))},
        )
        return
    connection.execute(
        sa.text(
            "insert into topic (name, version) select value, (select coalesce(max(version), 0) + 1 from topic)"
            " from json_each(:topics) where true on conflict (name) do update set version = excluded.version"
        ),
        {"topics": json.dumps(list(dict.fromkeys(topics)))},
    )


async def heard() -> AsyncGenerator[set[str], None]:
    """Yield topics as they are committed anywhere, for as long as the process lives."""
    listen = _heard_on_sqlite if database.is_sqlite(database.engine()) else _heard_on_postgresql
    while True:
        try:
            async with aclosing(listen()) as topics_heard:
                async for topics in topics_heard:
                    yield topics
        except (psycopg.OperationalError, OperationalError) as problem:
            log.warning("live updates interrupted: %s", type(problem).__name__)
            await asyncio.sleep(RETRY_SECONDS)


async def _heard_on_postgresql() -> AsyncGenerator[set[str], None]:
    address = database.engine().url.set(drivername="postgresql").render_as_string(hide_password=False)
    async with await psycopg.AsyncConnection.connect(address, autocommit=True) as connection:
        await connection.execute(f"listen {CHANNEL}")
        yield {EVERYTHING}
        async for notice in connection.notifies():
            yield {notice.payload}


async def _heard_on_sqlite() -> AsyncGenerator[set[str], None]:
    # The driver's own connection: an SQLAlchemy one begins a transaction, and inside that the version stands still.
    connection = database.engine().raw_connection()
    try:
        seen, version = None, -1
        while True:
            # A pragma costs microseconds and no lock; it moves when anybody else commits.
            changed = connection.cursor().execute("pragma data_version").fetchone()[0]
            if changed != seen:
                rows = await anyio.to_thread.run_sync(_topics_since, connection, version)
                if seen is None:
                    yield {EVERYTHING}
                elif rows:
                    yield {name for name, _ in rows}
                seen = changed
                version = max((number for _, number in rows), default=version)
            await asyncio.sleep(POLL_SECONDS)
    finally:
        connection.close()


def _topics_since(connection: sa.PoolProxiedConnection, version: int) -> list[tuple[str, int]]:
    return connection.cursor().execute("select name, version from topic where version > ?", (version,)).fetchall()
