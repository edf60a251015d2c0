"""What a command says where a setting, the machine or the database does not allow it."""

import sqlite3
from pathlib import Path

import psycopg
from pydantic import ValidationError
from sqlalchemy.exc import DBAPIError

from loyalty_app.core import database
from loyalty_app.core.config import Settings, settings
from loyalty_app.core.errors import AppError

QUEUE = "queue.db"
"""The file beside the SQLite file in which the queue of jobs is kept."""

SQLITE = {
    sqlite3.SQLITE_CANTOPEN: (
        "The database {place} cannot be opened. The account that runs this must be allowed to write in its folder;"
        " LOYALTY_DATA_DIR or LOYALTY_DATABASE_URL names another place."
    ),
    sqlite3.SQLITE_READONLY: (
        "The database {place} cannot be written. The account that runs this must be allowed to write the file and"
        " in its folder."
    ),
    sqlite3.SQLITE_NOTADB: (
        "{place} is not an SQLite database. Move it away, or name another place in LOYALTY_DATA_DIR or"
        " LOYALTY_DATABASE_URL."
    ),
    sqlite3.SQLITE_CORRUPT: "The database {place} is damaged. Restore a backup into an empty database.",
    sqlite3.SQLITE_FULL: "The disk is full: the database {place} cannot be written. Make room, and try again.",
    sqlite3.SQLITE_IOERR: "The disk fails to read or write the database {place}. Look at the disk, and try again.",
    sqlite3.SQLITE_BUSY: "Another program holds the database {place}. Try again when it has finished.",
    sqlite3.SQLITE_LOCKED: "Another program holds the database {place}. Try again when it has finished.",
}
FOLDER = "{place} is a folder, not a database. Name a file in LOYALTY_DATABASE_URL, or move the folder away."
POSTGRESQL = (
    "The database {place} cannot be used: {why}. See that the server runs, and that LOYALTY_DATABASE_URL names it with"
    " the right user and password."
)
REFUSALS = (psycopg.OperationalError, psycopg.errors.InsufficientPrivilege, psycopg.errors.ReadOnlySqlTransaction)


def sentence(problem: Exception) -> str:
    """Return what happened and what to do; nothing if the fault is in this program."""
    said = ""
    match problem:
        case AppError():
            said = str(problem)
        case ValidationError(title=Settings.__name__):
            wrong = problem.errors()[0]  # its value is not repeated: it may be a password
            said = f"The setting LOYALTY_{str(wrong['loc'][0]).upper()} is not right: {wrong['msg']}."
        case DBAPIError(orig=sqlite3.Error() as fault):
            said = _of_sqlite(fault, Path(database.place()))
        case sqlite3.Error():  # the database itself is asked by way of the library above
            said = _of_sqlite(problem, settings().data_dir / QUEUE)
        case DBAPIError(orig=psycopg.Error() as fault) | (psycopg.Error() as fault) if isinstance(fault, REFUSALS):
            said = POSTGRESQL.format(place=database.place(), why=_reason(fault))
        case OSError(filename=str() | Path() as name, strerror=str() as why):
            said = f"{name} cannot be used: {why}. See what is there, and who may read and write it."
        case _:
            pass
    return said


def _of_sqlite(fault: sqlite3.Error, file: Path) -> str:
    code = getattr(fault, "sqlite_errorcode", 0) & 0xFF
    words = FOLDER if code == sqlite3.SQLITE_CANTOPEN and file.is_dir() else SQLITE.get(code, "")
    return words.format(place=file)


def _reason(fault: psycopg.Error) -> str:
    """Return the server's last word; below it, further in, the library gives advice of its own."""
    said = [line for line in str(fault).splitlines() if line and not line.startswith("\t")] or [type(fault).__name__]
    return " ".join(said[-1].rpartition("connection failed: ")[2].split()).rstrip(".")
