"""The numbers above the history are what the rows say (S2-3)."""

from datetime import timedelta
from functools import partial

import pytest

from loyalty_app.batches import service as batches
from loyalty_app.codes import service as codes
from loyalty_app.codes.models import Code, CodeStatus
from loyalty_app.core.actor import STRANGER
from loyalty_app.core.errors import ForbiddenError
from loyalty_app.redemptions import numbers
from loyalty_app.redemptions import service as redemptions
from loyalty_app.redemptions.models import Redemption, RedemptionStatus
from loyalty_app.redemptions.numbers import Choice, Stand
from loyalty_app.redemptions.service import Ask
from tests import builders
from tests.builders import ADMIN, CASHIER, LEAD, NOON, VIEWER
from tests.doors import change, rows, see

pytestmark = pytest.mark.usefixtures("database")


def redeem(text, by=CASHIER, *, now=NOON, **more):
    change(redemptions.redeem_many, [Ask(text, by, **more)], now=now)


@pytest.fixture
def lively(database):
    """Claim six coffees, of which one is redeemed, one taken back, one disabled and one honoured; and scan a cup."""
    batch = change(builders.batch)
    texts = [change(builders.claimed, batch, change(builders.member, f"Mia {one}")) for one in range(6)]
    short = change(builders.batch, valid_days="1")
    dead = change(builders.claimed, short)
    redeem(texts[0])
    redeem(texts[1])
    change(redemptions.reverse, 2, reason="Wrong cup", by=ADMIN, now=NOON)
    change(codes.disable, texts[2], by=ADMIN, now=NOON)
    redeem(dead, LEAD, now=NOON + timedelta(days=3), goodwill="A long queue")
    redeem(builders.link(change(builders.scan_batch)), change(builders.member))


@pytest.mark.requirement("S2-3", "S2-14")
def test_the_numbers_are_what_the_rows_say(lively):
    now = NOON + timedelta(days=3)

    found, active = see(numbers.stand, by=VIEWER), see(numbers.active, by=VIEWER, now=now)

    recorded = [row for row in rows(Redemption) if row.status is RedemptionStatus.RECORDED]
    held = [
        code
        for code in rows(Code)
        if code.status is CodeStatus.CLAIMED and not code.disabled and code.expires_at and code.expires_at > now
    ]
    assert found == Stand(len(recorded), distributed=7, redeemed=1, goodwill=1)
    assert (found.redemptions, active, len(held)) == (2, 4, 4)
    assert found.coupon_rate == 1 / 7


def test_what_is_on_hold_is_not_active(lively):
    before = see(numbers.active, by=VIEWER, now=NOON)

    change(batches.freeze, 1, by=ADMIN, now=NOON)

    assert see(numbers.active, by=VIEWER, now=NOON) == before - 4


def test_before_anything_was_handed_out_there_is_no_rate():
    found = see(numbers.stand, by=CASHIER)

    assert (found, found.coupon_rate) == (Stand(0, 0, 0, 0), None)
    assert see(numbers.active, by=CASHIER, now=NOON) == 0


@pytest.mark.parametrize("number", [numbers.stand, partial(numbers.active, now=NOON)])
def test_strangers_learn_no_number(number):
    with pytest.raises(ForbiddenError):
        see(number, by=STRANGER)


def test_the_history_is_narrowed_to_places_and_to_staff_who_redeemed(lively):
    place = change(builders.place)

    found = see(numbers.choices, by=CASHIER)

    assert found.places == [Choice(place.id, "Old Town")]
    assert found.staff == [Choice(CASHIER.account_id, "Kasia"), Choice(LEAD.account_id, "Lena")]
