"""What two tills took while one of them had no connection is shown with both sides, and put aside once."""

from dataclasses import replace
from datetime import timedelta

import pytest

from loyalty_app.audit.models import AuditEntry
from loyalty_app.core.actor import Permission
from loyalty_app.core.errors import ForbiddenError, NotFoundError
from loyalty_app.redemptions import conflicts
from loyalty_app.redemptions import service as redemptions
from loyalty_app.redemptions.conflicts import Conflict, Side
from loyalty_app.redemptions.models import Attempt
from loyalty_app.redemptions.service import Ask
from tests import builders
from tests.builders import ADMIN, CASHIER, LEAD, NOON, OTHER_CASHIER, VIEWER
from tests.doors import at_once, change, rows, see

pytestmark = pytest.mark.usefixtures("database")

SENT = NOON + timedelta(minutes=10)


@pytest.fixture
def lost(database):
    """Let Tomek redeem at the harbour what Kasia took at the bar without a connection; return her attempt's number."""
    old_town = change(builders.place)
    tablet = replace(CASHIER, place_id=old_town.id, device_id=change(builders.device, old_town).id)
    harbour = replace(OTHER_CASHIER, place_id=change(builders.place, "Harbour").id)
    code = change(builders.claimed, change(builders.batch, prefix="SUN"))
    change(redemptions.redeem_many, [Ask(code, harbour)], now=NOON + timedelta(minutes=2))
    change(redemptions.redeem_many, [Ask(code, tablet, "till-1", scanned_at=NOON)], now=SENT)
    return rows(Attempt)[-1].id


def test_a_conflict_tells_who_was_first_and_who_was_late_where_and_when(lost):
    (found,) = see(conflicts.conflicts, by=CASHIER)

    assert found == Conflict(
        lost,
        found.code,
        "One coffee",
        "Mia",
        1,
        Side("Tomek", NOON + timedelta(minutes=2), "Harbour", ""),
        Side("Kasia", NOON, "Old Town", "Bar tablet"),
        SENT,
    )
    assert found.code.startswith("SUN-")
    assert see(conflicts.conflicts, by=VIEWER) == [replace(found, member="")]
    with pytest.raises(ForbiddenError):
        see(conflicts.conflicts, by=replace(CASHIER, permissions=frozenset({Permission.REDEEM})))


def test_a_conflict_still_tells_who_was_first_after_that_was_taken_back(lost):
    change(redemptions.reverse, 1, reason="The other one counts", by=LEAD, now=SENT)

    (found,) = see(conflicts.conflicts, by=LEAD)
    assert (found.first.staff, found.redemption_id) == ("Tomek", 1)
    (watched,) = see(conflicts.conflicts, by=VIEWER)
    # The voucher is good again: who only watches reads how its code ends.
    assert found.code.replace("-", "") not in watched.code.replace("-", "")


def test_a_conflict_is_put_aside_once_and_the_trail_says_by_whom(lost):
    answers = at_once([lambda: change(conflicts.settle, lost, by=LEAD, now=SENT)] * 4)

    assert sorted(answers) == [False, False, False, True]
    assert see(conflicts.conflicts, by=LEAD) == []
    assert [(entry.actor, entry.subject) for entry in rows(AuditEntry) if entry.verb == "settle"] == [
        ("Lena", f"attempt {lost}")
    ]
    assert (rows(Attempt)[-1].settled_by, rows(Attempt)[-1].settled_at) == ("Lena", SENT)


def test_only_who_may_take_redemptions_back_puts_a_conflict_aside_and_only_a_conflict(lost):
    with pytest.raises(ForbiddenError):
        change(conflicts.settle, lost, by=CASHIER, now=SENT)
    for number in (lost - 1, 77):
        with pytest.raises(NotFoundError):
            change(conflicts.settle, number, by=ADMIN, now=SENT)
    assert len(see(conflicts.conflicts, by=ADMIN)) == 1
