"""One writer after the other on a SQLite file: threads of this process, and processes of this machine.

SQLite itself lets a waiting process ask again after pauses of up to a tenth of a second, so one that writes step by
step starves the rest. Here whoever waits stands in a queue of one, and who has just written comes after them.
"""

import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

try:
    import fcntl
except ImportError:  # where there is none, SQLite's own lock alone keeps processes apart
    fcntl = None


_QUEUE, _TURN = 0, 1
"""Bytes of the file that stand for the two locks."""


PATIENCE = 30.0
"""So many seconds for a process that was stopped in its turn; then the database's own lock has to do."""
PAUSE = 0.001


class Turns:
    """Whose turn it is to write to which file."""

    def __init__(self) -> None:
        """Begin with nobody."""
        self._threads = threading.Lock()
        self._path = ""
        self._opened = -1

    @contextmanager
    def of(self, path: str) -> Iterator[None]:
        """Wait for the turn, and keep it until the block ends; a process that dies loses it."""
        with self._threads:
            opened = self._open(path)
            if opened < 0 or fcntl is None:
                yield
                return
            until = time.monotonic() + PATIENCE
            try:
                _wait(opened, _QUEUE, until)
                _wait(opened, _TURN, until)
            finally:
                fcntl.lockf(opened, fcntl.LOCK_UN, 1, _QUEUE)
            try:
                yield
            finally:
                fcntl.lockf(opened, fcntl.LOCK_UN, 1, _TURN)

    def start_afresh(self) -> None:
        """Forget everything after a fork: who held a lock there does not run here."""
        if self._opened >= 0:
            os.close(self._opened)
        self.__init__()

    def _open(self, path: str) -> int:
        if path != self._path:
            if self._opened >= 0:
                os.close(self._opened)
            self._opened = _open(path) if path else -1
            self._path = path
        return self._opened


def _open(path: str) -> int:
    """Open the file of the locks for whoever owns the database; without it, the database's own lock has to do."""
    try:
        opened = os.open(f"{path}-turns", os.O_CREAT | os.O_RDWR, 0o600)
    except OSError:
        return -1
    with suppress(OSError):  # a command run by root must not lock the program's user out
        owner = Path(path).stat()
        os.fchown(opened, owner.st_uid, owner.st_gid)
    return opened


def _wait(opened: int, place: int, until: float) -> None:
    assert fcntl is not None
    while True:
        try:
            fcntl.lockf(opened, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, place)
        except OSError:
            if time.monotonic() > until:
                return
            time.sleep(PAUSE)
        else:
            return
