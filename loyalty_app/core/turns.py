"""One writer after the other on a SQLite file: threads of this process, and processes of this machine.

SQLite itself lets a waiting process ask again after pauses of up to a tenth of a second, so one that writes step by
step starves the rest. Here whoever waits stands in a queue of one, and who has just written comes after them.
"""

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager

try:
    import fcntl
except ImportError:  # where there is none, SQLite's own lock alone keeps processes apart
    fcntl = None


_QUEUE, _TURN = 0, 1
"""Bytes of the file that stand for the two locks."""


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
            fcntl.lockf(opened, fcntl.LOCK_EX, 1, _QUEUE)
            try:
                fcntl.lockf(opened, fcntl.LOCK_EX, 1, _TURN)
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
            self._opened = os.open(f"{path}-turns", os.O_CREAT | os.O_RDWR, 0o600) if path else -1
            self._path = path
        return self._opened
