"""How a database goes about the statements of a call."""

import re
from collections.abc import Callable
from typing import Any

import sqlalchemy as sa

from loyalty_app.core import database


def plans_of(call: Callable[[], Any]) -> list[str]:
    """Make the call, and return a line for each step of each query's plan, with the settings that it ran with."""
    engine, plans = database.engine(), []
    verb = "explain query plan" if database.is_sqlite(engine) else "explain"

    def hear(connection: Any, _cursor: Any, statement: str, values: Any, *_: Any) -> None:
        if statement.startswith(("SELECT", "WITH")):
            cursor = connection.connection.driver_connection.cursor()
            cursor.execute(f"{verb} {statement}", values)
            plans.extend(" ".join(map(str, row)) for row in cursor.fetchall())

    sa.event.listen(engine, "before_cursor_execute", hear)
    try:
        call()
    finally:
        sa.event.remove(engine, "before_cursor_execute", hear)
    return plans


def read_whole(plans: list[str], *tables: str) -> list[str]:
    """Return the steps that read one of the tables from end to end."""
    return [plan for plan in plans if re.search(rf"(SCAN|Seq Scan on) ({'|'.join(tables)})\b(?!_)", plan)]
