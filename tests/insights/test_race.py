"""However many claim, redeem and take back at once: what happened over time adds up to the counters."""

from datetime import timedelta

import pytest

from loyalty_app.batches.models import Batch, BatchActivity
from loyalty_app.claims import service as claims
from loyalty_app.core import times
from loyalty_app.dashboard import service as dashboard
from loyalty_app.insights import service as insights
from loyalty_app.insights.rules import Range, timeline
from loyalty_app.redemptions import service as redemptions
from loyalty_app.redemptions.models import Redemption
from tests import builders
from tests.builders import ADMIN, CASHIER, VIEWER, WARSAW
from tests.doors import at_once, change, rows, see

pytestmark = [pytest.mark.usefixtures("database", "other_processes"), pytest.mark.own_database]

MEMBERS = 24
QUARTER = timedelta(minutes=15)


@pytest.mark.requirement("S3-36")
def test_what_happened_over_time_adds_up_to_the_counters_after_a_storm():
    began = times.now() - timedelta(days=3)
    batch = change(builders.batch, MEMBERS * 2, now=began)
    members = change(lambda session: [builders.member(session, f"Member {one}") for one in range(MEMBERS)])
    moments = [began + QUARTER * (number % 5) for number in range(MEMBERS)]

    def go_through(number):
        def go():
            at = moments[number]
            (claim,) = change(claims.claim_many, [claims.Ask(batch.claim_token, members[number])], now=at)
            if number % 2:
                change(redemptions.redeem_many, [redemptions.Ask(claim.code, CASHIER)], now=at + QUARTER)
            return claim

        return go

    at_once([go_through(number) for number in range(MEMBERS)])
    taken_back = [one.id for one in rows(Redemption)[::3]]
    at_once(
        [
            lambda number=number: change(redemptions.reverse, number, reason="By mistake", by=ADMIN, now=times.now())
            for number in taken_back
        ]
    )

    (after,) = rows(Batch)
    assert (after.claimed, after.redeemed) == (MEMBERS, MEMBERS // 2 - len(taken_back))
    assert see(dashboard.differences) == []
    line = timeline(Range.ALL, began, times.now(), WARSAW)
    happened = see(insights.activity, line.spans, batch.id, by=VIEWER)
    assert sum(one.claimed for one in happened) == after.claimed
    assert sum(one.redeemed for one in happened) == after.redeemed
    assert happened == see(insights.activity, line.spans, by=VIEWER)
    assert {one.slot for one in rows(BatchActivity)} <= {times.slot(began + QUARTER * number) for number in range(7)}
