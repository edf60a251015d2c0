"""Logging for operators: what went wrong and where, and nothing that people typed or that opens a session."""

import logging
import traceback
from types import TracebackType

from sqlalchemy.exc import OperationalError

OURS = "loyalty_app"
SPEAK_FOR_THEMSELVES = ("engineio.server", "socketio.server")
"""These add a way out of their own, past ours, unless they find a level set."""


def set_up() -> None:
    """Send warnings and worse to the standard error stream."""
    lines = logging.StreamHandler()
    lines.setFormatter(_Discreet("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    logging.basicConfig(level=logging.WARNING, handlers=[lines])
    for name in SPEAK_FOR_THEMSELVES:
        logging.getLogger(name).setLevel(logging.ERROR)


class _Discreet(logging.Formatter):
    """Leaves out what may quote a request: the framework's messages hold whole events, with headers and all."""

    def format(self, record: logging.LogRecord) -> str:
        if record.name.partition(".")[0] != OURS:
            record = logging.makeLogRecord(record.__dict__ | {"args": None, "exc_text": None})
            record.msg = f"something to look at, in {record.filename}, line {record.lineno}"
        return super().format(record)

    def formatException(  # noqa: N802 - the library's name for it
        self,
        ei: tuple[type[BaseException], BaseException, TracebackType | None] | tuple[None, None, None],
    ) -> str:
        told, error = [], ei[1]
        while error is not None:
            told.append("".join(traceback.format_tb(error.__traceback__)) + _name(error))
            error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
        return "\ncaused by\n".join(told)


def _name(error: BaseException) -> str:
    # A database says what ails it; any other error may quote what somebody sent.
    return f"{type(error).__name__}: {error.orig}" if isinstance(error, OperationalError) else type(error).__name__
