"""Logging for operators, a JSON object a line: what went wrong and where, and nothing that people typed or hold."""

import json
import logging
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from types import TracebackType

from sqlalchemy.exc import OperationalError

from loyalty_app.core.config import settings

OURS = "loyalty_app"
SPEAK_FOR_THEMSELVES = ("engineio.server", "socketio.server")
"""These add a way out of their own, past ours, unless they find a level set."""

_about: ContextVar[dict[str, object] | None] = ContextVar("about", default=None)


def set_up() -> None:
    """Send what is worth it to the standard error stream."""
    lines = logging.StreamHandler()
    lines.setFormatter(_Discreet())
    level = logging.getLevelNamesMapping()[settings().log_level]
    logging.basicConfig(level=max(level, logging.WARNING), handlers=[lines])
    logging.getLogger(OURS).setLevel(level)
    for name in SPEAK_FOR_THEMSELVES:
        logging.getLogger(name).setLevel(logging.ERROR)


@contextmanager
def about(**facts: object) -> Iterator[None]:
    """Put these facts on every line that is logged in here: which request it was, or which job."""
    before = _about.set((_about.get() or {}) | facts)
    try:
        yield
    finally:
        _about.reset(before)


class _Discreet(logging.Formatter):
    """Leaves out what may quote a request: the framework's messages hold whole events, with headers and all."""

    def format(self, record: logging.LogRecord) -> str:
        is_ours = record.name.partition(".")[0] == OURS
        line = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage()
            if is_ours
            else f"something to look at, in {record.filename}, line {record.lineno}",
            **(_about.get() or {}),
            **getattr(record, "facts", {}),
        }
        if record.exc_info:
            line["error"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False, default=str)

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
