"""Undo, goodwill and deletion at the same moment: one of them wins, and the numbers say which."""

from dataclasses import replace
from datetime import timedelta

import pytest

from loyalty_app.batches import service as batches
from loyalty_app.codes.models import Code, CodeStatus
from loyalty_app.core.errors import AppError
from loyalty_app.core.reasons import Reason
from loyalty_app.dashboard import service as dashboard
from loyalty_app.redemptions import service as redemptions
from loyalty_app.redemptions.models import Attempt, Redemption, RedemptionStatus
from loyalty_app.redemptions.service import Ask, Redeemed, Refused, Reversed
from tests import builders
from tests.builders import ADMIN, CASHIER, LEAD, NOON, OTHER_CASHIER
from tests.doors import at_once, change, rows, see

pytestmark = [pytest.mark.usefixtures("database"), pytest.mark.own_database]

TOO_LATE = NOON + timedelta(days=40)


@pytest.fixture(autouse=True)
def counters_equal_rows(database):
    yield
    assert see(dashboard.differences) == []


def redeem(code, by=CASHIER, *, now=NOON, **more):
    (answer,) = change(redemptions.redeem_many, [Ask(code, by, **more)], now=now)
    return answer


def or_error(call):
    try:
        return call()
    except AppError as error:
        return error


def test_fifty_tills_at_their_places_redeem_one_voucher_once(database):
    places = [change(builders.place, f"Place {one}") for one in range(5)]
    code = change(builders.claimed, change(builders.batch))
    tills = [replace(CASHIER, place_id=places[one % 5].id) for one in range(50)]

    answers = at_once([lambda by=by: redeem(code, by) for by in tills])

    (won,) = [answer for answer in answers if isinstance(answer, Redeemed)]
    lost = [answer for answer in answers if isinstance(answer, Refused)]
    assert {(answer.reason, answer.voucher.redeemed_place) for answer in lost} == {(Reason.ALREADY_REDEEMED, won.place)}
    (row,) = rows(Redemption)
    assert [place.name for place in places if place.id == row.place_id] == [won.place]
    assert len(rows(Attempt)) == 50


def test_one_of_many_undoes_a_scan_while_others_redeem_the_voucher_again(database):
    code = change(builders.claimed, change(builders.batch))
    first = redeem(code)

    def undo():
        return change(redemptions.reverse, first.id, reason="", by=CASHIER, now=NOON)

    answers = at_once([undo, undo, undo, *[lambda: redeem(code, OTHER_CASHIER)] * 3])

    assert sum(isinstance(answer, Reversed) for answer in answers) == 1
    live = [row for row in rows(Redemption) if row.status is RedemptionStatus.RECORDED]
    won = [answer for answer in answers if isinstance(answer, Redeemed)]
    assert [row.id for row in live] == [answer.id for answer in won]
    assert len(won) <= 1
    (one,) = [row for row in rows(Code) if row.redeemed_at or row.status is CodeStatus.CLAIMED]
    assert (one.status is CodeStatus.REDEEMED) is bool(won)


@pytest.mark.parametrize("is_goodwill", [False, True])
def test_undo_and_the_deletion_of_the_batch_end_with_nothing_left(database, is_goodwill):
    batch = change(builders.batch)
    code = change(builders.claimed, batch)
    made = redeem(code, LEAD, now=TOO_LATE, goodwill="Long queue") if is_goodwill else redeem(code)
    change(batches.pause, batch.id, by=ADMIN, now=NOON)

    def undo():
        return or_error(lambda: change(redemptions.reverse, made.id, reason="Mistake", by=LEAD, now=TOO_LATE))

    def delete():
        return change(batches.delete, batch.id, typed_name=batch.name, by=ADMIN, now=TOO_LATE)

    at_once([undo, delete, undo])

    assert (rows(Redemption), rows(Code), rows(Attempt)) == ([], [], [])


def test_goodwill_and_the_deletion_of_the_batch_end_with_nothing_left(database):
    batch = change(builders.batch)
    code = change(builders.claimed, batch)
    change(batches.pause, batch.id, by=ADMIN, now=NOON)

    def honour():
        return redeem(code, LEAD, now=TOO_LATE, goodwill="Long queue")

    def delete():
        return change(batches.delete, batch.id, typed_name=batch.name, by=ADMIN, now=TOO_LATE)

    first, _, second = at_once([honour, delete, honour])

    assert {answer.reason for answer in (first, second) if isinstance(answer, Refused)} <= {
        Reason.UNKNOWN_CODE,
        Reason.ALREADY_REDEEMED,
    }
    assert (rows(Redemption), rows(Code)) == ([], [])


@pytest.mark.requirement("S2-15")
def test_a_till_that_believes_the_voucher_good_and_a_lead_who_honours_it_use_it_once(database):
    """A scan made in time without a connection arrives while a lead honours the voucher as too old."""
    batch = change(builders.batch)
    place = change(builders.place)
    tablet = replace(CASHIER, place_id=place.id, device_id=change(builders.device, place).id)
    code = change(builders.claimed, batch)
    sent = NOON + timedelta(days=32)

    def in_time():
        return redeem(code, tablet, now=sent, nonce="t-1", scanned_at=NOON + timedelta(days=29))

    def honour():
        return redeem(code, LEAD, now=sent, goodwill="Long queue")

    answers = at_once([in_time, honour, in_time, honour])

    (row,) = rows(Redemption)
    assert {answer.id for answer in answers if isinstance(answer, Redeemed)} == {row.id}
    assert see(batches.get, batch.id).redeemed == (row.status is RedemptionStatus.RECORDED)
