"""The numbers are sums of counters, and the recount proves them."""

from datetime import timedelta

import pytest
import sqlalchemy as sa

from loyalty_app.batches import service as batches
from loyalty_app.batches.models import Batch
from loyalty_app.core.database import transaction
from loyalty_app.core.errors import ForbiddenError
from loyalty_app.dashboard import service as dashboard
from loyalty_app.dashboard.service import Paid, Totals
from loyalty_app.members.models import Member
from loyalty_app.redemptions import service as redemptions
from loyalty_app.redemptions.models import Redemption
from tests import builders
from tests.builders import ADMIN, CASHIER, NOON, VIEWER
from tests.doors import change, see

pytestmark = pytest.mark.usefixtures("database")


def totals():
    return see(dashboard.totals, by=VIEWER)


def one_redeemed_of(batch):
    code = change(builders.claimed, batch)
    change(redemptions.redeem_many, [redemptions.Ask(code, CASHIER)], now=NOON)


def test_without_batches_everything_is_nothing():
    assert totals() == Totals(0, 0, 0, 0, 0)
    assert see(dashboard.differences) == []


def test_totals_are_sums_over_the_batches():
    first, second = change(builders.batch, 3), change(builders.batch, 4, quantity="10")
    one_redeemed_of(first)
    change(builders.claimed, second)

    assert totals() == Totals(batches_ever=2, batches=2, vouchers=7, claimed=2, redeemed=1)


def test_a_deleted_batch_counts_only_as_having_been_there():
    first, _ = change(builders.batch, 3), change(builders.batch, 4)
    one_redeemed_of(first)
    change(builders.deleted, first.id)

    assert totals() == Totals(batches_ever=2, batches=1, vouchers=4, claimed=0, redeemed=0)


def test_only_who_may_see_the_dashboard_sees_the_totals():
    with pytest.raises(ForbiddenError):
        see(dashboard.totals, by=CASHIER)


def test_honest_counters_show_no_differences():
    batch = change(builders.batch, 3)
    one_redeemed_of(batch)
    change(batches.pause, batch.id, by=ADMIN, now=NOON)
    change(builders.batch, 2, quantity="5")

    assert see(dashboard.differences) == []


@pytest.mark.parametrize(
    ("tampering", "found"),
    [
        ("update batch set claimed = 2", ["batch 1: claimed says 2, the rows say 1"]),
        ("update batch set redeemed = 0", ["batch 1: redeemed says 0, the rows say 1"] * 2),
        (
            "update batch set total = 4, made = 4",
            ["batch 1: made says 4, the rows say 3", "batch 1: total says 4, the rows say 3"],
        ),
        ("update batch set total = 4", ["batch 1: total says 4, the rows say 3"]),
        (
            "delete from code where serial = 3",
            ["batch 1: made says 3, the rows say 2", "batch 1: total says 3, the rows say 2"],
        ),
        (
            "delete from redemption",
            ["batch 1: redeemed says 1, the rows say 0", "batch 1: redeemed, by its activity, says 1, the rows say 0"],
        ),
        ("update batch_activity set claimed = 0", ["batch 1: claimed, by its activity, says 0, the rows say 1"]),
        (
            "update code set disabled = true where serial = 3",
            [
                "batch 1: disabled says 0, the rows say 1",
                "batch 1: withheld says 0, the rows say 1",
            ],
        ),
        (
            "update code set status = 'claimed', redeemed_at = null where serial = 1",
            ["batch 1: redeemed says 1, the rows say 0"],
        ),
    ],
)
def test_tampering_is_found(database, tampering, found):
    one_redeemed_of(change(builders.batch, 3))
    with database.begin() as connection:
        connection.execute(sa.text(tampering))

    assert see(dashboard.differences) == found


def test_the_recount_sees_one_picture_while_others_redeem(database):
    batch = change(builders.batch, 3)
    code = change(builders.claimed, batch)

    def recount_across_a_redemption(session):
        session.exec(sa.select(Batch.id)).all()  # the picture is taken here
        change(redemptions.redeem_many, [redemptions.Ask(code, CASHIER)], now=NOON)
        return dashboard.differences(session), session.exec(sa.select(Redemption.id)).all()

    assert see(recount_across_a_redemption) == ([], [])
    assert see(dashboard.differences) == []
    assert totals().redeemed == 1


def test_claim_numbers_are_those_of_claim_batches_alone():
    one_redeemed_of(change(builders.batch, 3))
    printed = change(builders.scan_batch, 5, points=20)
    mia = change(builders.member)
    for serial in (1, 2):
        change(redemptions.redeem_many, [redemptions.Ask(builders.link(printed, serial), mia)], now=NOON)

    assert totals() == Totals(batches_ever=2, batches=2, vouchers=3, claimed=1, redeemed=1)
    assert see(dashboard.differences) == []


def test_printed_codes_are_counted_by_the_programs_day():
    printed = change(builders.scan_batch, 5, points=20, now=NOON - timedelta(days=3))
    mia = change(builders.member)
    ago = (timedelta(days=1), timedelta(hours=11, minutes=59), timedelta(hours=12, minutes=1), timedelta(0))
    for serial, age in enumerate(ago, start=1):
        change(redemptions.redeem_many, [redemptions.Ask(builders.link(printed, serial), mia)], now=NOON - age)
    one_redeemed_of(change(builders.batch, 3))

    assert see(dashboard.paid, by=VIEWER, now=NOON) == Paid(today=2, points=80)

    change(redemptions.reverse, 4, reason="Why", by=ADMIN, now=NOON)
    assert see(dashboard.paid, by=VIEWER, now=NOON) == Paid(today=1, points=60)


def test_a_wrong_balance_of_points_is_found():
    change(builders.member)
    with transaction() as session:
        session.execute(sa.update(Member).values(points=7))

    assert see(dashboard.differences) == ["member 1: points is 7, and the ledger says 0"]
