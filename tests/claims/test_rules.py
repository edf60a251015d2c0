"""When a batch may be claimed from, and how long a claimed voucher is good."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loyalty_app.batches.models import Batch, BatchStatus
from loyalty_app.claims import rules
from loyalty_app.core import times
from loyalty_app.core.reasons import Reason
from tests.builders import NOON, WARSAW

OVER = NOON - timedelta(days=1)


def batch(status=BatchStatus.ACTIVE, **changes):
    return Batch(
        **{"status": status, "total": 10, "made": 10, "claimed": 0, "closes_at": NOON + timedelta(days=30)} | changes
    )


@pytest.mark.parametrize(
    ("tried", "reason"),
    [
        (batch(), None),
        (batch(BatchStatus.GENERATING, made=2), None),
        (batch(BatchStatus.PAUSED), Reason.BATCH_PAUSED),
        (batch(BatchStatus.PAUSED, closes_at=OVER), Reason.BATCH_PAUSED),
        (batch(closes_at=OVER), Reason.EXPIRED),
        (batch(closes_at=NOON), Reason.EXPIRED),
        (batch(closes_at=NOON + timedelta(microseconds=1)), None),
        (batch(BatchStatus.FAILED, made=2, claimed=2), Reason.NOT_READY),
        (batch(BatchStatus.FAILED, made=2, claimed=1), None),
    ],
)
def test_the_first_reason_wins(tried, reason):
    assert rules.refusal(tried, NOON) is reason


def test_nothing_free_is_sold_out_only_when_all_were_made():
    assert rules.nothing_free(batch(claimed=10)) is Reason.SOLD_OUT
    assert rules.nothing_free(batch(made=4, claimed=4)) is Reason.NOT_READY


def test_without_days_of_its_own_a_voucher_is_good_as_long_as_its_batch():
    assert rules.expires_at(batch(), NOON, WARSAW) == NOON + timedelta(days=30)


def test_days_are_whole_days_where_the_shop_is():
    late = datetime(2026, 6, 15, 22, 30, tzinfo=UTC)  # already the 16th in Warsaw

    assert rules.expires_at(batch(valid_days=1), NOON, WARSAW) == times.end_of_day(date(2026, 6, 16), WARSAW)
    assert rules.expires_at(batch(valid_days=1), late, WARSAW) == times.end_of_day(date(2026, 6, 17), WARSAW)


@given(
    st.datetimes(datetime(2026, 1, 1), datetime(2030, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001 - bounds have none
    st.integers(1, 3650),
    st.integers(1, 400),
    st.sampled_from([WARSAW, "Pacific/Apia", "Pacific/Pago_Pago", "America/New_York", "UTC"]),
)
def test_a_voucher_is_good_for_its_days_but_never_longer_than_its_batch(now, days, batch_days, zone):
    closes_at = now + timedelta(days=batch_days)
    expires_at = rules.expires_at(batch(valid_days=days, closes_at=closes_at), now, zone)

    assert expires_at <= closes_at
    assert expires_at == closes_at or times.local_day(expires_at - timedelta(seconds=1), zone) == times.local_day(
        now, zone
    ) + timedelta(days=days)
