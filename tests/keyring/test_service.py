"""What is lost if a key goes, by the counters."""

from datetime import timedelta

import pytest

from loyalty_app.codes import service as codes
from loyalty_app.codes.models import Code
from loyalty_app.core.errors import ForbiddenError, InvalidError, NotFoundError
from loyalty_app.keyring import service as keyring
from loyalty_app.keys.service import KeysError
from loyalty_app.redemptions import service as redemptions
from loyalty_app.redemptions.service import Ask
from tests import builders
from tests.builders import ADMIN, MARKETER, NOON
from tests.doors import change, rows, see

pytestmark = pytest.mark.usefixtures("database")


def test_what_hangs_on_a_key_is_counted_without_what_is_used_over_or_off():
    change(builders.batch, 5)  # vouchers need no key
    long, short = change(builders.scan_batch, 5, points=20), change(builders.scan_batch, 3, points=7, name="Short")
    change(redemptions.redeem_many, [Ask(builders.link(long), change(builders.member))], now=NOON)
    change(
        codes.disable,
        next(one.code for one in rows(Code) if one.batch_id == long.id and one.serial == 2),
        by=ADMIN,
        now=NOON,
    )

    before = see(keyring.impact, 1, by=ADMIN, now=NOON)
    after = see(keyring.impact, 1, by=ADMIN, now=short.closes_at + timedelta(seconds=1))

    assert (before.batches, before.unredeemed, before.redeemable, before.points) == (2, 7, 6, 3 * 20 + 3 * 7)
    assert (after.batches, after.unredeemed, after.redeemable, after.points) == (2, 7, 0, 0)


def test_points_beyond_a_small_number_are_counted():
    change(builders.scan_batch, 3, points=1_000_000)
    change(lambda session: session.connection().exec_driver_sql("update batch set total = 100000, made = 100000"))

    assert see(keyring.impact, 1, by=ADMIN, now=NOON).points == 100_000 * 1_000_000


def test_only_who_manages_the_program_is_told():
    with pytest.raises(ForbiddenError):
        see(keyring.ring, by=MARKETER, now=NOON)
    with pytest.raises(NotFoundError):
        see(keyring.impact, 9, by=ADMIN, now=NOON)


@pytest.mark.parametrize("typed", ["", "key", "key 11", "1", "yes"])
def test_a_key_is_retired_only_by_its_name(typed):
    change(builders.scan_batch, 1)

    with pytest.raises(InvalidError) as refused:
        change(keyring.retire, 1, typed=typed, by=ADMIN, now=NOON)
    assert refused.value.problems == {"typed_key": "Type key 1 to retire it."}
    with pytest.raises(KeysError):  # named, but it is the one that seals
        change(keyring.retire, 1, typed=" Key  1 ", by=ADMIN, now=NOON)
    with pytest.raises(ForbiddenError):
        change(keyring.retire, 1, typed="key 1", by=MARKETER, now=NOON)
