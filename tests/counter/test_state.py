"""Every handler of the counter takes anything that may come over the wire, and the service decides."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest
import sqlalchemy as sa
from sqlmodel import col

from loyalty_app.codes.models import Code
from loyalty_app.core import times
from loyalty_app.core.actor import STRANGER, act_as
from loyalty_app.core.reasons import Reason
from loyalty_app.counter.state import ScanState
from loyalty_app.places.models import Place
from loyalty_app.redemptions.models import Attempt, Redemption, RedemptionStatus
from tests import builders
from tests.builders import CASHIER, LEAD, OTHER_CASHIER, WARSAW
from tests.doors import change, rows


@pytest.fixture
def till(database):
    """Kasia's counter."""
    act_as(CASHIER)
    yield ScanState(_reflex_internal_init=True)
    act_as(STRANGER)


def do(handler, till, *told):
    asyncio.run(handler.fn(till, *told))


def ask(till, text, **more):
    do(ScanState.asked, till, {"text": text, **more})
    return till.answer


def claimed(**changes):
    offer = change(builders.offer, "Dear cake", **changes)
    return change(builders.claimed, change(builders.batch, now=times.now(), offer_id=str(offer.id)), now=times.now())


def expire():
    """Let every voucher have ended yesterday."""
    ended = sa.update(Code).values(expires_at=times.now() - timedelta(days=1)).where(col(Code.member_id).is_not(None))
    change(lambda session: session.connection().execute(ended))


@pytest.mark.parametrize(
    "told",
    [None, "text", 5, {}, {"text": None}, {"text": ["a"]}, {"text": "x" * 5000}, {"text": "a\0b", "nonce": 7}],
    ids=repr,
)
def test_anything_may_come_over_the_wire(till, told):
    do(ScanState.asked, till, told)

    assert till.answer.shape in {"problem", "unknown"}
    assert till.answer.nonce


def test_nothing_typed_is_answered_in_words_and_keeps_nothing(till):
    answer = ask(till, "   ", nonce="one")

    assert (answer.headline, answer.nonce) == ("No code", "one")
    assert rows(Attempt) == []


def test_a_basket_is_asked_for_told_wrongly_told_too_small_and_told(till):
    code = claimed(minimum_purchase="20")

    assert ask(till, code).asks == "amount"
    wrong = ask(till, till.answer.code, amount="1,000")
    assert (wrong.asks, "for example" in wrong.problem) == ("amount", True)
    assert rows(Attempt) == []
    assert ask(till, till.answer.code, amount="19,99").headline == "Basket too small"
    assert ask(till, code, amount="20").shape == "accepted"
    (row,) = rows(Redemption)
    assert row.amount == 2000


@pytest.mark.requirement("S2-9")
def test_what_is_read_is_redeemed_and_answered_by_one_event(till):
    answer = ask(till, claimed(), nonce="one")

    assert (answer.shape, answer.title, answer.nonce) == ("accepted", "Dear cake", "one")
    assert [row.id for row in rows(Redemption)] == [answer.undo]


def test_a_scan_is_undone_by_who_made_it_and_both_rows_stay(till):
    code = claimed()
    number = ask(till, code).undo
    assert [row.outcome for row in till.mine] == ["Accepted"]

    do(ScanState.undo, till, number)
    assert (till.answer.shape, till.answer.headline) == ("undone", "Undone")
    assert [(row.outcome, row.undo_for) for row in till.mine] == [("Undone", 0)]
    assert ask(till, code).shape == "accepted"
    assert [row.status for row in rows(Redemption)] == [RedemptionStatus.REVERSED, RedemptionStatus.RECORDED]


def test_undoing_a_goodwill_does_not_promise_that_the_voucher_is_good_again(till):
    code = claimed()
    expire()
    act_as(LEAD)
    number = ask(till, code, goodwill="Our mistake").undo

    do(ScanState.undo, till, number)
    assert till.answer.lead == "The goodwill does not stand any more."
    assert till.answer.note == "The voucher cannot be redeemed again: it has expired."


def test_undoing_a_scan_tells_whether_the_voucher_is_good_again(till):
    code = claimed()
    number = ask(till, code).undo
    expire()

    do(ScanState.undo, till, number)
    assert till.answer.lead == "The voucher cannot be redeemed again: it has expired."
    assert ask(till, code).shape == "expired"


def test_nobody_undoes_at_the_till_what_others_scanned(till):
    number = ask(till, claimed()).undo

    act_as(OTHER_CASHIER)
    do(ScanState.undo, till, number)
    assert till.answer.headline == "Not undone"
    assert rows(Redemption)[0].status is RedemptionStatus.RECORDED


@pytest.mark.parametrize("number", [0, -1, 10**30, "7", None, True, 1.5], ids=repr)
def test_what_is_no_redemption_is_not_undone(till, number):
    do(ScanState.undo, till, number)

    assert till.answer.headline == "Not undone"


@pytest.mark.requirement("S2-15")
def test_a_lead_honours_an_expired_voucher_with_a_reason(till):
    code = claimed()
    expire()
    assert ask(till, code).asks == ""

    act_as(LEAD)
    assert ask(till, code).asks == "goodwill"
    assert ask(till, till.answer.code, goodwill="Our mistake").shape == "goodwill"
    (row,) = rows(Redemption)
    assert (row.status, row.goodwill_reason) == (RedemptionStatus.GOODWILL, "Our mistake")


@pytest.mark.requirement("S2-15")
def test_staff_who_send_a_reason_all_the_same_honour_nothing(till):
    code = claimed()
    expire()

    assert ask(till, code, goodwill="Please").headline == "Not redeemed"
    assert rows(Redemption) == []


def test_a_reason_that_is_too_long_is_refused_and_not_cut(till):
    code = claimed()
    expire()
    act_as(LEAD)

    assert ask(till, code, goodwill="y" * 300).headline == "Not redeemed"
    assert rows(Redemption) == []


def test_the_same_attempt_again_is_answered_alike_and_can_still_be_undone(till):
    code = claimed()
    first, again = ask(till, code, nonce="n1"), ask(till, code, nonce="n1")

    assert (first.shape, again.shape, again.undo) == ("accepted", "accepted", first.undo)
    assert [attempt.reason for attempt in rows(Attempt)] == [None]
    assert ask(till, code, nonce="n2").shape == "used"
    assert rows(Attempt)[-1].reason is Reason.ALREADY_REDEEMED


@pytest.mark.requirement("S2-16")
def test_only_the_till_that_redeemed_a_voucher_calls_a_repeat_its_own(till):
    other, code = ScanState(_reflex_internal_init=True), claimed()
    assert ask(till, code).shape == "accepted"

    assert ask(other, code).note == "Do not give the reward again."  # by the same account
    assert ask(till, code).note.startswith("You just scanned this yourself")


def test_what_was_undone_and_redeemed_elsewhere_is_not_one_s_own(till):
    other, code = ScanState(_reflex_internal_init=True), claimed()
    do(ScanState.undo, till, ask(till, code).undo)
    assert ask(other, code).shape == "accepted"

    assert ask(till, code).note == "Do not give the reward again."


def test_a_till_goes_by_the_clock_of_the_place_where_it_stands(till):
    opened = change(builders.place, "Ponta Delgada")
    change(lambda session: session.connection().execute(sa.update(Place).values(time_zone="Atlantic/Azores")))
    at_home = ask(till, claimed()).foot.split(" · ")[1]

    act_as(replace(CASHIER, place_id=opened.id))
    code = claimed()
    foot = ask(till, code).foot.split(" · ")
    at = rows(Redemption)[-1].at
    assert foot[1:] == [times.say_time(at, "Atlantic/Azores", "en-GB"), "Ponta Delgada"]
    assert at_home == times.say_time(rows(Redemption)[0].at, WARSAW, "en-GB")
    assert [row.at for row in till.mine] == [
        foot[1],
        times.say_time(rows(Redemption)[0].at, "Atlantic/Azores", "en-GB"),
    ]

    act_as(CASHIER)
    assert f"{foot[1]} Azores time)" in ask(till, code).lead


def test_the_answer_is_put_away(till):
    ask(till, "no!")
    do(ScanState.next, till)

    assert till.answer.shape == "ready"


def test_the_last_five_of_ones_own_are_listed(till):
    batch = change(builders.batch, now=times.now())
    for name in ("Ana", "Ben", "Cat", "Dan", "Eve", "Fay"):
        ask(till, change(builders.claimed, batch, change(builders.member, name), now=times.now()))
    do(ScanState.opened, till)

    assert [row.member for row in till.mine] == ["Fay", "Eve", "Dan", "Cat", "Ben"]
    act_as(OTHER_CASHIER)
    do(ScanState.opened, till)
    assert till.mine == []
