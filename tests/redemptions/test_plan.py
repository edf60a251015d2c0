"""No scan may read through all scans before it, and no search through the history."""

from functools import partial
from itertools import product

import pytest
import sqlalchemy as sa

from loyalty_app.redemptions import history, search
from loyalty_app.redemptions import service as redemptions
from loyalty_app.redemptions.history import Wish
from loyalty_app.redemptions.models import RedemptionStatus
from tests import builders
from tests.builders import ADMIN, CASHIER, NOON, VIEWER
from tests.doors import change, see
from tests.plans import plans_of, read_whole


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


FILTERS = ({}, {"place_id": 1}, {"account_id": 1}, {"status": RedemptionStatus.GOODWILL}, {"since": NOON})
TEXTS = ("", "coffee", "one coffee", "nobody", "SUN000000001", "0001234", "an", "!?", "łucja")


@pytest.mark.requirement("S2-4")
def test_no_search_reads_the_history_from_end_to_end(database, monkeypatch):
    change(builders.redeem_thousands)
    for near in (10, search.WALKED):  # what is not found among the newest, and what is
        monkeypatch.setattr(search, "WALKED", near)
        for text, narrowed, by in product(TEXTS, FILTERS, (ADMIN, VIEWER)):
            wish = Wish(text, **narrowed)
            plans = plans_of(partial(see, history.listed, wish, limit=50, by=by))
            assert plans
            assert read_whole(plans, "redemption", "code") == [], (wish, by)
