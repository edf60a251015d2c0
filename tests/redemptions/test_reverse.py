"""A redemption is taken back once, and everything is as it was before, but for the traces."""

from dataclasses import replace
from datetime import timedelta

import pytest

from loyalty_app.audit.models import AuditEntry
from loyalty_app.batches import service as batches
from loyalty_app.batches.models import BatchActivity
from loyalty_app.claims import service as claims
from loyalty_app.codes import service as codes
from loyalty_app.codes.models import Code, CodeStatus
from loyalty_app.core.errors import ForbiddenError, InvalidError, NotFoundError
from loyalty_app.core.reasons import Reason
from loyalty_app.dashboard import service as dashboard
from loyalty_app.directory import erasure
from loyalty_app.redemptions import service as redemptions
from loyalty_app.redemptions.models import Attempt, Redemption, RedemptionStatus
from loyalty_app.redemptions.service import Ask, Redeemed, Refused, Reversed
from tests import builders
from tests.builders import ADMIN, CASHIER, MARKETER, NOON, VIEWER
from tests.doors import change, rows, see

pytestmark = pytest.mark.usefixtures("database")

LATER = NOON + timedelta(hours=3)


@pytest.fixture(autouse=True)
def counters_equal_rows(database):
    yield
    assert see(dashboard.differences) == []


@pytest.fixture
def code(database):
    return change(builders.claimed, change(builders.batch))


def redeem(code, *, nonce="", now=NOON):
    (answer,) = change(redemptions.redeem_many, [Ask(code, CASHIER, nonce)], now=now)
    return answer


def reverse(number, reason="Wrong customer", by=ADMIN, *, now=LATER):
    return change(redemptions.reverse, number, reason=reason, by=by, now=now)


def test_a_reversed_voucher_is_the_members_again_and_can_be_redeemed_again(code):
    first = redeem(code)

    answer = reverse(first.id, "  Wrong\n customer ")
    assert isinstance(answer, Reversed)
    redemption = answer.redemption
    assert (redemption.status, redemption.reversed_at, redemption.reversed_by, redemption.reversal_reason) == (
        RedemptionStatus.REVERSED,
        LATER,
        "Ada",
        "Wrong customer",
    )
    (row,) = [row for row in rows(Code) if row.code == code]
    assert (row.status, row.redeemed_at, row.claimed_at) == (CodeStatus.CLAIMED, None, NOON)
    (card,) = see(claims.mine, by=change(builders.member))
    assert card.status is CodeStatus.CLAIMED

    second = redeem(code, now=LATER)
    assert isinstance(second, Redeemed)
    assert second.id != first.id
    assert redeem(code, now=LATER).voucher.redeemed_at == LATER
    assert [row.status for row in rows(Redemption)] == [RedemptionStatus.REVERSED, RedemptionStatus.RECORDED]


def test_the_counters_move_back_to_where_they_were_at_that_time(code):
    first = redeem(code)
    assert (see(batches.get, 1).redeemed, sum(slot.redeemed for slot in rows(BatchActivity))) == (1, 1)
    reverse(first.id)

    assert see(batches.get, 1).redeemed == 0
    assert [(slot.slot, slot.redeemed) for slot in rows(BatchActivity)] == [(NOON, 0)]


def test_a_redemption_is_reversed_once(code):
    first = redeem(code)
    reverse(first.id)

    assert reverse(first.id, "Again") == Refused(Reason.ALREADY_REVERSED)
    assert rows(Redemption)[0].reversal_reason == "Wrong customer"
    assert [entry.verb for entry in rows(AuditEntry)].count("reverse") == 1


def test_a_second_redemption_is_not_touched_by_reversing_the_first_again(code):
    first = redeem(code)
    reverse(first.id)
    redeem(code, now=LATER)

    assert reverse(first.id) == Refused(Reason.ALREADY_REVERSED)
    assert redeem(code, now=LATER).reason is Reason.ALREADY_REDEEMED


def test_a_voucher_that_expired_meanwhile_stays_expired():
    code = change(builders.claimed, change(builders.batch, valid_days="1"))
    first = redeem(code)
    late = NOON + timedelta(days=5)
    reverse(first.id, now=late)

    assert redeem(code, now=late).reason is Reason.EXPIRED


def test_an_attempt_that_was_reversed_is_still_answered_the_same(code):
    first = redeem(code, nonce="till-1")
    reverse(first.id)
    assert (again := redeem(code, nonce="till-1", now=LATER)) == first
    redeem(code, nonce="till-2", now=LATER)

    assert redeem(code, nonce="till-1", now=LATER) == again
    assert len(rows(Attempt)) == len(rows(Redemption)) == 2


def honour(code, now):
    (answer,) = change(redemptions.redeem_many, [Ask(code, ADMIN, goodwill="Long queue")], now=now)
    return answer


def freeze(now):
    change(batches.freeze, 1, by=ADMIN, now=now)


def forget(now):
    change(erasure.erase, 1, typed_name="Mia", by=ADMIN, now=now)


def nothing(now):
    pass


@pytest.mark.parametrize(
    ("meanwhile", "late", "reason"),
    [
        (nothing, LATER, None),
        (nothing, NOON + timedelta(days=40), Reason.EXPIRED),
        (freeze, LATER, Reason.REDEMPTION_FROZEN),
        (forget, LATER, Reason.DISABLED),
    ],
)
def test_who_undoes_is_told_before_and_after_what_the_next_scan_will_say(code, meanwhile, late, reason):
    first = redeem(code)
    meanwhile(LATER)
    told = see(redemptions.stands_after_undo, first.id, by=ADMIN, now=late)

    assert told is reverse(first.id, now=late).stands is reason
    assert getattr(redeem(code, now=late), "reason", None) is reason


def test_a_goodwill_that_is_undone_leaves_the_voucher_expired_or_whatever_it_became_since(code):
    late = NOON + timedelta(days=40)
    first = honour(code, late)
    assert see(redemptions.stands_after_undo, first.id, by=ADMIN, now=late) is Reason.EXPIRED
    change(codes.disable, code, by=ADMIN, now=late)

    assert reverse(first.id, now=late).stands is redeem(code, now=late).reason is Reason.DISABLED


def test_what_a_scan_code_becomes_is_told_by_its_batch(database):
    batch = change(builders.scan_batch)
    (first,) = change(redemptions.redeem_many, [Ask(builders.link(batch), change(builders.member))], now=NOON)
    assert see(redemptions.stands_after_undo, first.id, by=ADMIN, now=NOON) is None
    change(batches.pause, batch.id, by=ADMIN, now=NOON)

    assert reverse(first.id).stands is Reason.BATCH_PAUSED


def test_what_stands_against_a_code_is_told_to_nobody_who_may_not_look(code):
    first = redeem(code)
    for number, error, by in ((first.id, ForbiddenError, change(builders.member)), (77, NotFoundError, ADMIN)):
        with pytest.raises(error):
            see(redemptions.stands_after_undo, number, by=by, now=NOON)


@pytest.mark.parametrize("reason", ["", "  \n", "\0", "x" * 201])
def test_a_reversal_needs_a_reason(code, reason):
    first = redeem(code)

    with pytest.raises(InvalidError) as refused:
        reverse(first.id, reason)
    assert "reason" in refused.value.problems
    assert rows(Redemption)[0].status is RedemptionStatus.RECORDED


def test_what_never_was_cannot_be_reversed(code):
    with pytest.raises(NotFoundError):
        reverse(77)


@pytest.mark.parametrize("by", [MARKETER, VIEWER], ids=["marketer", "viewer"])
def test_only_who_may_reverse_reverses(code, by):
    first = redeem(code)

    with pytest.raises(ForbiddenError):
        reverse(first.id, by=by)


def test_a_reversal_is_remembered_with_its_reason(code):
    first = redeem(code)
    reverse(first.id)

    entry = rows(AuditEntry)[-1]
    assert (entry.actor, entry.verb, entry.subject, entry.details) == (
        "Ada",
        "reverse",
        f"redemption {first.id}",
        "Wrong customer",
    )


def test_a_reversal_that_breaks_in_the_middle_leaves_nothing_behind(code, monkeypatch):
    first = redeem(code)

    def break_off(*_args, **_more):
        raise RuntimeError

    with monkeypatch.context() as broken, pytest.raises(RuntimeError):
        broken.setattr(redemptions.audit, "record", break_off)
        reverse(first.id)

    assert redeem(code).reason is Reason.ALREADY_REDEEMED
    assert see(batches.get, 1).redeemed == 1


def test_a_program_with_the_permission_reverses_under_its_name(code):
    first = redeem(code)
    till = replace(ADMIN, account_id=None, api_key_id=1, name="Web shop")

    assert reverse(first.id, by=till).redemption.reversed_by == "Web shop"
