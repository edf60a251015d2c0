"""Put the whole database into one file while the program runs, and make a new database of either kind from it."""

import base64
import hashlib
import json
import os
import re
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, datetime
from importlib.metadata import version
from itertools import islice
from pathlib import Path
from typing import IO, Any

import sqlalchemy as sa
from alembic.util.exc import CommandError
from sqlalchemy.engine import Connection, Engine
from sqlalchemy.types import TypeEngine
from sqlmodel import UTCDateTime

from loyalty_app import tables
from loyalty_app.core import database, migrations, times
from loyalty_app.core.errors import AppError
from loyalty_app.exports import service as exports
from loyalty_app.mail import service as mails

FORMAT = 1
MANIFEST = "manifest.json"
CHUNK = 2_000
"""Rows on their way at a time: memory stays the same whatever the size."""

LEFT_OUT = {
    "account_session": "everybody signs in again",
    "answered": "repeats are recognised for a day only",
    "export": "its files stay on the machine that made them",
    "mail": "letters on their way hold codes that open accounts",
    "password_reset": "its links open accounts",
    "setup_link": "the next start prints another",
    "sign_up": "its codes open accounts",
    "throttle": "counts minutes",
    "topic": "counts changes for open screens",
}
"""Tables whose rows belong to this moment and this machine."""

EMPTY_BEFORE_SETUP = frozenset(
    {"alembic_version", "setup_link", "throttle", "topic", "answered", "sign_up", "mail", "token_key"}
)
"""What may hold rows in a database that nobody has set up: a key, for one, that has sealed nothing yet."""

_NAME = re.compile(r"[a-z_]{1,63}")


class BackupError(AppError):
    """The file cannot be written or restored; nothing was changed."""


@dataclass(frozen=True)
class Counted:
    """What went into a file or came out of one."""

    tables: int
    rows: int


@dataclass(frozen=True)
class _Kind:
    """How values of one kind travel: the same text for both databases."""

    type: TypeEngine[Any]
    told: Callable[[Any], Any] = lambda value: value
    read: Callable[[Any], Any] = lambda value: value


KINDS = {
    "text": _Kind(sa.Text()),
    "number": _Kind(sa.BigInteger()),
    "yes or no": _Kind(sa.Boolean()),
    "day": _Kind(sa.Date(), date.isoformat, date.fromisoformat),
    "instant": _Kind(UTCDateTime(), datetime.isoformat, datetime.fromisoformat),
    "bytes": _Kind(sa.LargeBinary(), lambda value: base64.b64encode(value).decode(), base64.b64decode),
    "json": _Kind(sa.JSON()),
}


def save(engine: Engine, path: Path) -> Counted:
    """Write one consistent picture of the database to a new file that nobody else may read."""
    if path.exists():
        raise BackupError(f"There is a file {path} already. Name another.")
    growing = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with os.fdopen(os.open(growing, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "wb") as file:
            with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
                counted = _write(engine, archive)
            file.flush()
            os.fsync(file.fileno())
        growing.rename(path)
    except OSError as problem:
        raise BackupError(f"The file could not be written: {problem.strerror}.") from problem
    finally:
        growing.unlink(missing_ok=True)
    return counted


def restore(engine: Engine, path: Path) -> Counted:
    """Fill an empty database from a file, all or nothing, and bring it in step with this version."""
    try:
        with zipfile.ZipFile(path) as archive:
            manifest = _checked(archive)
            with migrations.alone(engine) as connection:
                _must_be_empty(connection)
                _make_tables(connection, manifest["revision"])
                for name in manifest["tables"]:
                    _fill(connection, archive, name, manifest["tables"][name])
                migrations.to(connection, migrations.HEAD)
                _count_on(connection, manifest["last_numbers"])
                _must_point_somewhere(connection)
    except (zipfile.BadZipFile, zlib.error, KeyError, ValueError, EOFError) as problem:
        raise BackupError("This is not a whole backup file: it is damaged, or was never one.") from problem
    except OSError as problem:
        if problem.filename not in {None, str(path)}:  # the database's
            raise
        raise BackupError(f"The file could not be read: {problem.strerror}.") from problem
    return Counted(len(manifest["tables"]), sum(table["rows"] for table in manifest["tables"].values()))


def _write(engine: Engine, archive: zipfile.ZipFile) -> Counted:
    kept = [table for table in tables.metadata.sorted_tables if table.name not in LEFT_OUT]
    written = {}
    with database.reading() as session:
        connection = session.connection(execution_options={"yield_per": CHUNK})
        revision = migrations.revision(connection)
        last_numbers = _last_numbers(connection)
        for table in kept:
            written[table.name] = _write_table(connection, archive, table)
    manifest = {
        "format": FORMAT,
        "version": version("loyalty-app"),
        "revision": revision,
        "taken_at": times.now().isoformat(),
        "from": engine.dialect.name,
        "last_numbers": last_numbers,
        "left_out": LEFT_OUT,
        "tables": written,  # in an order in which each row finds what it points at
    }
    archive.writestr(MANIFEST, json.dumps(manifest, indent=1))
    return Counted(len(written), sum(table["rows"] for table in written.values()))


def _write_table(connection: Connection, archive: zipfile.ZipFile, table: sa.Table) -> dict[str, Any]:
    kinds = {column.name: _kind_of(column.type) for column in table.columns}
    query = sa.select(_plain(table.name, kinds)).order_by(*(sa.column(key.name) for key in table.primary_key))
    if table.name == "job":  # they stay behind with their letters and files
        query = query.where(sa.column("kind").not_in((mails.SEND_MAIL, exports.PREPARE_FILE)))
    tell = [KINDS[kind].told for kind in kinds.values()]
    digest, rows = hashlib.sha256(), 0
    with archive.open(_member(table.name), "w", force_zip64=True) as file:
        for chunk in connection.execute(query).partitions():
            lines = "".join(
                json.dumps(
                    [None if value is None else told(value) for told, value in zip(tell, row, strict=True)],
                    ensure_ascii=False,
                    separators=(",", ":"),
                )
                + "\n"
                for row in chunk
            ).encode()
            digest.update(lines)
            file.write(lines)
            rows += len(chunk)
    return {"rows": rows, "sha256": digest.hexdigest(), "columns": kinds}


def _checked(archive: zipfile.ZipFile) -> dict[str, Any]:
    """Return the manifest after every byte was found to be as it was written."""
    manifest = json.loads(archive.read(MANIFEST))
    if manifest["format"] != FORMAT:
        raise BackupError("A newer version of the program made this file. Restore it with that version.")
    for name, table in manifest["tables"].items():
        digest, rows = hashlib.sha256(), 0
        with archive.open(_member(name)) as file:
            for block in iter(lambda file=file: file.read(1 << 20), b""):
                digest.update(block)
                rows += block.count(b"\n")
        if (digest.hexdigest(), rows) != (table["sha256"], table["rows"]):
            raise BackupError(f"The file is damaged: {name} is not as it was written. Nothing was changed.")
    return manifest


def _must_be_empty(connection: Connection) -> None:
    here = sa.inspect(connection).get_table_names()
    ours = {table.name for table in tables.metadata.sorted_tables}
    for name in sorted((set(here) & ours) - EMPTY_BEFORE_SETUP):
        if connection.execute(sa.select(sa.literal(1)).select_from(sa.table(name)).limit(1)).first():
            raise BackupError(
                "This database is in use: a program is set up in it. Restore into an empty one;"
                " LOYALTY_DATABASE_URL or LOYALTY_DATA_DIR names it."
            )


def _make_tables(connection: Connection, revision: str) -> None:
    if migrations.revision(connection):
        migrations.to(connection, migrations.BASE)
    try:
        migrations.to(connection, revision)
    except CommandError as problem:
        raise BackupError("A newer version of the program made this file. Restore it with that version.") from problem


def _fill(connection: Connection, archive: zipfile.ZipFile, name: str, table: dict[str, Any]) -> None:
    kinds: dict[str, str] = table["columns"]
    if not all(_NAME.fullmatch(word) for word in (name, *kinds)):
        raise ValueError(name)
    insert = sa.insert(_plain(name, kinds))
    readers = [(column, KINDS[kind].read) for column, kind in kinds.items()]
    with archive.open(_member(name)) as file:
        for lines in _chunks(file):
            rows = [
                {
                    column: None if value is None else read(value)
                    for (column, read), value in zip(readers, json.loads(line), strict=True)
                }
                for line in lines
            ]
            connection.execute(insert, rows)


def _last_numbers(connection: Connection) -> dict[str, int]:
    """Return the highest number ever given in each table, where the database remembers it."""
    if database.is_sqlite(connection):
        return migrations.last_numbers(connection)
    numbers = {}
    for name, sequence in _sequences(connection).items():
        number, is_given = connection.execute(sa.text(f"select last_value, is_called from {sequence}")).one()  # noqa: S608 - its own name
        numbers[name] = number if is_given else 0
    return numbers


def _count_on(connection: Connection, last_numbers: dict[str, int]) -> None:
    """Let no number be given again that ever was, also of rows that are gone."""
    if database.is_sqlite(connection):
        migrations.give_no_more(connection, last_numbers)
        return
    for name, sequence in _sequences(connection).items():
        highest = connection.execute(sa.select(sa.func.max(sa.column("id"))).select_from(sa.table(name))).scalar()
        number = max(int(last_numbers.get(name, 0)), highest or 0)
        if number:
            connection.execute(sa.text("select setval(:sequence, :number)"), {"sequence": sequence, "number": number})


def _sequences(connection: Connection) -> dict[str, str]:
    found = connection.execute(
        sa.text(
            "select table_name, pg_get_serial_sequence(quote_ident(table_name), column_name)"
            " from information_schema.columns where table_schema = current_schema() and column_name = 'id'"
        )
    )
    ours = {table.name for table in tables.metadata.sorted_tables}
    return {name: sequence for name, sequence in found if sequence and name in ours}


def _must_point_somewhere(connection: Connection) -> None:
    if database.is_sqlite(connection) and connection.execute(sa.text("pragma foreign_key_check")).first():
        raise BackupError("The file contradicts itself: a row points at one that is not there. Nothing was changed.")


def _plain(name: str, kinds: dict[str, str]) -> sa.TableClause:
    return sa.table(name, *(sa.column(column, KINDS[kind].type) for column, kind in kinds.items()))


def _kind_of(kind: TypeEngine[Any]) -> str:
    for name, wanted in (
        ("json", sa.JSON),
        ("bytes", sa.LargeBinary),
        ("yes or no", sa.Boolean),
        ("number", sa.Integer),
        ("day", sa.Date),
        ("instant", UTCDateTime),
        ("text", sa.Enum),
        ("text", sa.String),
    ):
        if isinstance(kind, wanted):
            return name
    with suppress(AttributeError, RecursionError):  # a decorated type tells what it stands on
        return _kind_of(kind.impl)  # pyright: ignore[reportAttributeAccessIssue]
    raise NotImplementedError(f"a column of the type {kind!r} has no way to travel yet")


def _member(name: str) -> str:
    return f"rows/{name}.jsonl"


def _chunks(lines: IO[bytes]) -> Iterator[Iterable[bytes]]:
    while chunk := list(islice(lines, CHUNK)):
        yield chunk
