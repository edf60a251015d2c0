"""No scan may read through all scans before it."""

import pytest
import sqlalchemy as sa

from loyalty_app.redemptions import service as redemptions
from tests import builders
from tests.builders import CASHIER, NOON
from tests.doors import change


def test_a_scan_reads_no_table_from_end_to_end(kind, database):
    if kind != "sqlite":
        pytest.skip("PostgreSQL plans by the size of its tables, and here they are small")
    batch = change(builders.batch)
    code = change(builders.claimed, batch)
    said = []
    sa.event.listen(
        database, "before_cursor_execute", lambda _c, _cursor, statement, values, *_: said.append((statement, values))
    )

    change(redemptions.redeem_many, [redemptions.Ask(code, CASHIER, "nonce")], now=NOON)

    with database.connect() as connection:
        raw = connection.connection.driver_connection
        plans = {
            row[3]: statement
            for statement, values in list(said)
            if not statement.startswith("BEGIN")
            for row in raw.execute(f"explain query plan {statement}", values[0] if isinstance(values, list) else values)
        }
    scans = [plan for plan in plans if plan.startswith("SCAN") and "json_each" not in plan and "CONSTANT" not in plan]
    assert plans
    assert scans == []
