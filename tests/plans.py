"""How a database goes about the statements of a call."""

import json
import re
from collections.abc import Callable, Iterator
from typing import Any

import sqlalchemy as sa

from loyalty_app.core import database

STEPS = 100
"""So often SQLite tells that it still works."""
STEPS_OF_A_ROW = 5
"""What one takes that is read, compared and dropped."""


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


def rows_read(call: Callable[[], Any]) -> int:
    """Make the call, and return how many rows its queries read, whatever became of them.

    PostgreSQL counts them. SQLite counts what its machine does, and so only about as exactly.
    """
    engine, read = database.engine(), []
    count = _steps if database.is_sqlite(engine) else _rows

    def hear(connection: Any, _cursor: Any, statement: str, values: Any, *_: Any) -> None:
        if statement.startswith(("SELECT", "WITH")):
            read.append(count(connection.connection.driver_connection, statement, values))

    sa.event.listen(engine, "before_cursor_execute", hear)
    try:
        call()
    finally:
        sa.event.remove(engine, "before_cursor_execute", hear)
    return sum(read)


def _steps(connection: Any, statement: str, values: Any) -> int:
    times = 0

    def tell() -> int:
        nonlocal times
        times += 1
        return 0

    connection.set_progress_handler(tell, STEPS)
    try:
        connection.execute(statement, values).fetchall()
    finally:
        connection.set_progress_handler(None, STEPS)
    return times * STEPS // STEPS_OF_A_ROW


def _rows(connection: Any, statement: str, values: Any) -> int:
    with connection.cursor() as cursor:
        cursor.execute(f"explain (analyze, format json, timing off) {statement}", values)
        (found,) = cursor.fetchone()
    (plan,) = found if isinstance(found, list) else json.loads(found)
    return sum(map(_read_by, _nodes(plan["Plan"])))


def _nodes(node: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield node
    for one in node.get("Plans", ()):
        yield from _nodes(one)


def _read_by(node: dict[str, Any]) -> int:
    # What other steps hand on was read by them.
    if "Scan" not in node["Node Type"] or node["Node Type"] in ("CTE Scan", "Subquery Scan", "Function Scan"):
        return 0
    dropped = (node.get(f"Rows Removed by {why}", 0) for why in ("Filter", "Index Recheck"))
    return int((node["Actual Rows"] + sum(dropped)) * node["Actual Loops"])
