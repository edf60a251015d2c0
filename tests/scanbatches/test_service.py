"""Batch Management sums and lists scan batches, and its numbers are those of the rows."""

from datetime import timedelta
from itertools import pairwise

import pytest

from loyalty_app.batches import service as batches
from loyalty_app.batches.models import Batch, BatchStatus
from loyalty_app.batches.rules import Wish as ClaimWish
from loyalty_app.codes import service as codes
from loyalty_app.codes.models import Code, CodeStatus
from loyalty_app.core.errors import ForbiddenError
from loyalty_app.redemptions import service as redemptions
from loyalty_app.scanbatches import rules
from loyalty_app.scanbatches import service as scanbatches
from loyalty_app.scanbatches.rules import Column, Mark, Wish
from loyalty_app.scanbatches.service import Totals
from tests import builders
from tests.builders import ADMIN, CASHIER, MARKETER, NOON, VIEWER
from tests.doors import change, rows, see

pytestmark = pytest.mark.usefixtures("database")

LONG_AGO = NOON - timedelta(days=60)


def use(batch, *serials):
    mia = change(builders.member)
    for serial in serials:
        change(redemptions.redeem_many, [redemptions.Ask(builders.link(batch, serial), mia, "")], now=NOON)


def disable(batch, *serials):
    for code in rows(Code):
        if code.batch_id == batch.id and code.serial in serials:
            change(codes.disable, code.code, by=MARKETER, now=NOON)


def totals(by=VIEWER, now=NOON):
    return see(scanbatches.totals, by=by, now=now)


def names(now=NOON, **wish):
    return [batch.name for batch in see(scanbatches.listed, Wish(**wish), by=VIEWER, now=now)]


@pytest.mark.requirement("S0-18")
def test_the_four_cards_count_what_they_say():
    batch = change(builders.scan_batch, 5)
    use(batch, 1, 2)
    disable(batch, 3)
    change(builders.scan_batch, 4, now=LONG_AGO)
    half = change(builders.scan_batch, 2, quantity="6")
    gone = change(builders.scan_batch, 1)
    change(builders.deleted, gone.id)
    change(builders.batch, 7)
    change(builders.deleted, change(builders.batch, 1).id)

    found = totals()
    mine = [code for code in rows(Code) if code.batch_id in (batch.id, half.id)]
    active = [code for code in mine if code.status is CodeStatus.ACTIVE and not code.disabled]
    assert found == Totals(batches_ever=4, batches=3, codes=15, used=2, active=len(active))
    assert found.active == 4


def test_without_batches_every_sum_is_zero():
    assert totals() == Totals(0, 0, 0, 0, 0)


@pytest.mark.requirement("S0-18")
def test_a_batch_ends_being_counted_as_active_with_its_last_instant():
    batch = change(builders.scan_batch, 3)

    assert totals(now=batch.closes_at - timedelta(microseconds=1)).active == 3
    assert totals(now=batch.closes_at).active == 0


@pytest.mark.requirement("S0-19")
def test_active_codes_are_enabled_and_unused_whatever_the_date():
    batch = change(builders.scan_batch, 5, now=LONG_AGO)
    fresh = change(builders.scan_batch, 5)
    use(fresh, 1)
    disable(fresh, 2, 3)

    active = {one.id: rules.active(one) for one in see(scanbatches.listed, Wish(), by=VIEWER, now=NOON)}
    assert active == {batch.id: 5, fresh.id: 2}


@pytest.mark.requirement("S0-20", "S0-29")
def test_enabling_all_brings_no_used_code_back():
    batch = change(builders.scan_batch, 4)
    use(batch, 1)
    change(codes.disable_all, batch.id, by=MARKETER, now=NOON)
    assert totals().active == 0
    use(batch, 2)

    change(codes.enable_all, batch.id, by=MARKETER, now=NOON)
    assert (totals().used, totals().active) == (1, 3)
    assert [code.status for code in rows(Code)].count(CodeStatus.REDEEMED) == 1
    use(batch, 1)
    assert totals().used == 1


@pytest.mark.requirement("S0-17")
def test_only_scan_batches_are_managed_here_and_only_claim_batches_there():
    change(builders.scan_batch, 1, name="Cups")
    change(builders.batch, 1, name="Vouchers")

    assert names() == ["Cups"]
    wish = ClaimWish(kind=see(lambda session: session.get(Batch, 2).kind))
    assert [one.name for one in see(batches.listed, wish, by=VIEWER, now=NOON)] == ["Vouchers"]
    assert len(see(batches.listed, ClaimWish(), by=VIEWER, now=NOON)) == 2


KEYS = {
    Column.ID: lambda batch: batch.id,
    Column.CREATED: lambda batch: batch.created_at,
    Column.EXPIRES: lambda batch: batch.closes_at,
    Column.TOTAL: lambda batch: batch.total,
    Column.USED: lambda batch: batch.redeemed,
    Column.ACTIVE: rules.active,
}


@pytest.fixture
def varied():
    many = change(builders.scan_batch, 6, name="Many", prefix="CUP", now=NOON - timedelta(days=2))
    few = change(builders.scan_batch, 2, name="Few", now=NOON - timedelta(days=50))
    used = change(builders.scan_batch, 3, name="Used", now=NOON - timedelta(days=1))
    off = change(builders.scan_batch, 2, name="Off")
    change(builders.scan_batch, 1, name="Half", quantity="9")
    use(used, 1, 2, 3)
    use(many, 1)
    disable(many, 2, 3)
    disable(off, 1, 2)
    change(batches.pause, few.id, by=MARKETER, now=NOON)


@pytest.mark.requirement("S0-19")
@pytest.mark.parametrize("column", Column)
@pytest.mark.parametrize("is_rising", [True, False])
def test_every_column_sorts_both_ways(varied, column, is_rising):
    found = see(scanbatches.listed, Wish(column=column, is_rising=is_rising), by=VIEWER, now=NOON)

    keys = [KEYS[column](batch) for batch in found]
    assert len(set(keys)) > 1
    assert all(one <= next_one if is_rising else one >= next_one for one, next_one in pairwise(keys))


@pytest.mark.parametrize("mark", Mark)
def test_a_filter_finds_what_the_mark_says(varied, mark):
    change(builders.scan_batch, 1, name="Broken", quantity="9")
    change(batches.fail, max(batch.id for batch in rows(Batch)))

    every = see(scanbatches.listed, Wish(), by=VIEWER, now=NOON)
    expected = [batch.name for batch in every if mark in rules.marks(batch, NOON)]
    assert expected
    assert names(mark=mark) == expected
    assert see(scanbatches.counted, Wish(mark=mark), by=VIEWER, now=NOON) == len(expected)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("any", ["Many"]),
        ("cup", ["Many"]),
        ("2", ["Few"]),
        ("#2", ["Few"]),
        ("%", []),
        ("99", []),
        ("12345678901", []),  # no column of whole numbers holds so many digits
    ],
)
def test_a_batch_is_found_by_number_name_and_prefix(varied, text, found):
    assert names(text=text) == found


def test_pages_follow_each_other():
    for number in range(5):
        change(builders.scan_batch, 1, name=f"Batch {number}")

    pages = [see(scanbatches.listed, Wish(), skip=skip, limit=2, by=VIEWER, now=NOON) for skip in (0, 2, 4)]
    assert [len(page) for page in pages] == [2, 2, 1]
    assert len({batch.id for page in pages for batch in page}) == 5


@pytest.mark.requirement("S0-28")
def test_only_who_watches_sees_the_numbers():
    for verb in (scanbatches.totals,):
        with pytest.raises(ForbiddenError):
            see(verb, by=CASHIER, now=NOON)
    for verb in (scanbatches.listed, scanbatches.counted):
        with pytest.raises(ForbiddenError):
            see(verb, Wish(), by=CASHIER, now=NOON)
    assert totals(by=ADMIN) == totals()


def test_a_batch_in_the_making_is_not_active_yet():
    half = change(builders.scan_batch, 1, quantity="9")

    assert rules.marks(half, NOON) == {Mark.GENERATING}
    assert half.status is BatchStatus.GENERATING
