"""What the desk adds to a redemption: where and on what, goodwill, undo, and scans without a connection."""

from dataclasses import replace
from datetime import timedelta

import pytest

from loyalty_app.accounts import service as accounts
from loyalty_app.audit.models import AuditEntry
from loyalty_app.batches import service as batches
from loyalty_app.core.errors import ForbiddenError, InvalidError
from loyalty_app.core.reasons import Reason
from loyalty_app.dashboard import service as dashboard
from loyalty_app.redemptions import conflicts, rules
from loyalty_app.redemptions import service as redemptions
from loyalty_app.redemptions.asks import AmountNeeded
from loyalty_app.redemptions.models import Attempt, Redemption, RedemptionStatus
from loyalty_app.redemptions.service import Ask, Redeemed, Refused, Reversed
from tests import builders
from tests.builders import ADMIN, CASHIER, LEAD, NOON, OTHER_CASHIER, VIEWER
from tests.doors import at_once, change, rows, see

pytestmark = pytest.mark.usefixtures("database")

TOO_LATE = NOON + timedelta(days=40)
WHY = "The queue was long yesterday"


@pytest.fixture(autouse=True)
def counters_equal_rows(database):
    yield
    assert see(dashboard.differences) == []


@pytest.fixture
def batch(database):
    return change(builders.batch)


@pytest.fixture
def code(batch):
    return change(builders.claimed, batch)


@pytest.fixture
def tablet(database):
    """Kasia at the tablet of the bar."""
    place = change(builders.place)
    device = change(builders.device, place)
    return replace(CASHIER, place_id=place.id, device_id=device.id)


def redeem(code, by=CASHIER, *, now=NOON, **more):
    (answer,) = change(redemptions.redeem_many, [Ask(code, by, **more)], now=now)
    return answer


def reverse(redemption_id, by, reason="", *, now=NOON):
    return change(redemptions.reverse, redemption_id, reason=reason, by=by, now=now)


@pytest.mark.requirement("S2-16", "S2-17")
def test_a_repeat_tells_who_redeemed_first_when_and_where(code, tablet):
    first = redeem(code, tablet)
    second = redeem(code, OTHER_CASHIER, now=NOON + timedelta(minutes=3))

    assert (first.place, second.reason) == ("Old Town", Reason.ALREADY_REDEEMED)
    then = second.voucher
    assert (then.redeemed_at, then.redeemed_by, then.redeemed_place) == (NOON, "Kasia", "Old Town")
    (row,) = rows(Redemption)
    assert (row.place_id, row.device_id) == (tablet.place_id, tablet.device_id)
    assert (row.code_text, row.member_name, row.title) == (code.replace("-", ""), "Mia", "One coffee")


def test_the_loser_of_the_same_commit_is_told_where_the_winner_was(code, tablet):
    asks = [Ask(code, tablet), Ask(code, OTHER_CASHIER)]

    first, second = change(redemptions.redeem_many, asks, now=NOON)

    assert isinstance(first, Redeemed)
    assert (second.voucher.redeemed_by, second.voucher.redeemed_place) == ("Kasia", "Old Town")


@pytest.mark.requirement("S2-15")
def test_an_expired_voucher_is_refused_and_says_to_whom_that_goodwill_may_help(code):
    assert not redeem(code, CASHIER, now=TOO_LATE).is_goodwill_allowed
    assert redeem(code, LEAD, now=TOO_LATE) == Refused(
        Reason.EXPIRED, redeem(code, CASHIER, now=TOO_LATE).voucher, (), is_goodwill_allowed=True
    )


@pytest.mark.requirement("S2-15")
def test_goodwill_is_kept_with_its_reason_and_counts_in_no_number(batch, code):
    answer = redeem(code, LEAD, now=TOO_LATE, goodwill=WHY)

    assert isinstance(answer, Redeemed)
    assert answer.voucher.is_goodwill
    (row,) = rows(Redemption)
    assert (row.id, row.status, row.goodwill_reason) == (answer.id, RedemptionStatus.GOODWILL, WHY)
    assert see(batches.get, batch.id).redeemed == 0
    again = redeem(code, LEAD, now=TOO_LATE, goodwill=WHY)
    assert (again.reason, again.voucher.is_goodwill) == (Reason.ALREADY_REDEEMED, True)


@pytest.mark.requirement("S2-15")
def test_only_who_has_the_permission_honours(code):
    with pytest.raises(ForbiddenError):
        redeem(code, CASHIER, now=TOO_LATE, goodwill=WHY)

    assert rows(Redemption) == []


def test_goodwill_needs_nothing_but_the_date_against_the_voucher(batch, code):
    change(batches.freeze, batch.id, by=ADMIN, now=NOON)

    assert redeem(code, LEAD, now=TOO_LATE, goodwill=WHY).reason is Reason.REDEMPTION_FROZEN
    assert rows(Redemption) == []


def test_a_good_voucher_is_simply_redeemed_even_if_goodwill_was_offered(code):
    redeem(code, LEAD, goodwill=WHY)

    (row,) = rows(Redemption)
    assert (row.status, row.goodwill_reason) == (RedemptionStatus.RECORDED, "")


def test_goodwill_pays_no_points(database):
    scan = change(builders.scan_batch)

    answer = redeem(builders.link(scan), LEAD, now=TOO_LATE, goodwill=WHY)

    assert (answer.reason, answer.is_goodwill_allowed, rows(Redemption)) == (Reason.EXPIRED, False, [])


def test_two_leads_honour_one_voucher_once(code):
    answers = at_once([lambda: redeem(code, LEAD, now=TOO_LATE, goodwill=WHY)] * 8)

    assert sum(isinstance(answer, Redeemed) for answer in answers) == 1
    assert len(rows(Redemption)) == 1


def test_goodwill_is_taken_back_without_moving_a_number(batch, code):
    honoured = redeem(code, LEAD, now=TOO_LATE, goodwill=WHY)

    assert isinstance(reverse(honoured.id, LEAD, "Wrong voucher", now=TOO_LATE + timedelta(days=1)), Reversed)
    assert see(batches.get, batch.id).redeemed == 0
    assert redeem(code, LEAD, now=TOO_LATE).is_goodwill_allowed


def test_staff_undo_their_own_scan_within_the_window(batch, code):
    first = redeem(code)

    undone = reverse(first.id, CASHIER, now=NOON + timedelta(minutes=4, seconds=59))

    assert (undone.redemption.status, undone.redemption.reversal_reason) == (RedemptionStatus.REVERSED, rules.UNDONE)
    assert see(batches.get, batch.id).redeemed == 0
    assert isinstance(redeem(code), Redeemed)


@pytest.mark.parametrize(
    ("by", "later"), [(OTHER_CASHIER, timedelta(minutes=1)), (CASHIER, timedelta(minutes=5))], ids=["other", "late"]
)
def test_staff_undo_neither_what_others_scanned_nor_what_is_long_ago(code, by, later):
    first = redeem(code)

    assert reverse(first.id, by, "Please", now=NOON + later) == Refused(Reason.REVERSAL_DENIED)
    assert rows(Redemption)[0].status is RedemptionStatus.RECORDED


def test_a_lead_undoes_anything_at_any_time_and_says_why(code):
    first = redeem(code)

    with pytest.raises(InvalidError, match="Say why"):
        reverse(first.id, LEAD, now=NOON + timedelta(days=2))
    assert isinstance(reverse(first.id, LEAD, "Wrong customer", now=NOON + timedelta(days=2)), Reversed)


def test_a_basket_is_asked_for_only_where_the_offer_has_a_minimum(database):
    plain = change(builders.claimed, change(builders.batch))
    offer = change(builders.offer, "Dear cake", minimum_purchase="20")
    dear = change(builders.claimed, change(builders.batch, offer_id=str(offer.id)))

    assert isinstance(redeem(plain, asks_amount=True), Redeemed)
    assert isinstance(redeem(dear, asks_amount=True), AmountNeeded)
    assert redeem(dear, asks_amount=True, amount=1999).reason is Reason.MIN_PURCHASE
    assert isinstance(redeem(dear, asks_amount=True, amount=2000), Redeemed)
    assert rows(Redemption)[-1].amount == 2000


def test_a_scan_without_a_connection_is_judged_by_its_own_time_on_an_enrolled_device_only(batch, tablet):
    first, second = (change(builders.claimed, batch, change(builders.member, name)) for name in ("Mia", "Ola"))
    last_day = NOON + timedelta(days=30)
    sent = last_day + timedelta(days=2)

    assert redeem(first, CASHIER, scanned_at=last_day, now=sent).reason is Reason.EXPIRED
    answer = redeem(second, tablet, scanned_at=last_day, now=sent)

    assert isinstance(answer, Redeemed)
    (row,) = rows(Redemption)
    assert (row.at, row.scanned_at) == (sent, last_day)
    assert rows(Attempt)[-1].scanned_at == last_day


def test_a_scan_without_a_connection_that_comes_too_late_is_a_conflict(code, tablet):
    redeem(code, OTHER_CASHIER, now=NOON + timedelta(minutes=2))

    lost = redeem(code, tablet, nonce="till-1", scanned_at=NOON, now=NOON + timedelta(minutes=10))

    assert lost.reason is Reason.CONFLICT_OFFLINE
    assert (lost.voucher.redeemed_by, lost.voucher.redeemed_at) == ("Tomek", NOON + timedelta(minutes=2))
    kept = rows(Attempt)[-1]
    assert (kept.reason, kept.scanned_at, kept.device_id) == (Reason.CONFLICT_OFFLINE, NOON, tablet.device_id)


def test_what_one_shift_scanned_the_next_may_send_again_on_the_same_device(code, tablet):
    first = redeem(code, tablet, nonce="till-1", scanned_at=NOON)
    next_shift = replace(OTHER_CASHIER, place_id=tablet.place_id, device_id=tablet.device_id)

    again = redeem(code, next_shift, nonce="till-1", scanned_at=NOON)

    assert (again.id, again.at) == (first.id, first.at)
    assert len(rows(Redemption)) == len(rows(Attempt)) == 1


def test_what_only_the_clock_of_a_tablet_made_good_is_written_down(code, tablet):
    redeem(code, tablet, scanned_at=NOON + timedelta(days=30), now=NOON + timedelta(days=32))

    (entry,) = [entry for entry in rows(AuditEntry) if entry.verb == "accept_late"]
    assert (entry.actor, entry.subject) == ("Kasia", "redemption 1")
    assert "2026-07-15 10:00 UTC" in entry.details


def test_a_scan_without_a_connection_is_of_who_made_it_whoever_sends_it(code, tablet):
    next_shift = replace(OTHER_CASHIER, place_id=tablet.place_id, device_id=tablet.device_id)
    sent = NOON + timedelta(hours=9)

    answer = redeem(code, next_shift, nonce="till-1", scanned_at=NOON, scanned_by=CASHIER.account_id, now=sent)

    assert answer.voucher.redeemed_by == "Kasia"
    assert rows(Redemption)[0].account_id == rows(Attempt)[0].account_id == CASHIER.account_id
    assert reverse(answer.id, next_shift, now=sent) == Refused(Reason.REVERSAL_DENIED)


def test_a_scan_stays_of_who_made_it_when_their_account_is_switched_off_before_it_is_sent(code, tablet):
    next_shift = replace(OTHER_CASHIER, place_id=tablet.place_id, device_id=tablet.device_id)
    change(accounts.switch, CASHIER.account_id, is_active=False, by=ADMIN, now=NOON)

    answer = redeem(code, next_shift, nonce="till-1", scanned_at=NOON, scanned_by=CASHIER.account_id)

    assert answer.voucher.redeemed_by == "Kasia"
    assert rows(Redemption)[0].account_id == rows(Attempt)[0].account_id == CASHIER.account_id
    assert reverse(answer.id, next_shift) == Refused(Reason.REVERSAL_DENIED)


@pytest.mark.parametrize("claimed", [ADMIN.account_id + 98, VIEWER.account_id], ids=["nobody", "no worker"])
def test_a_scan_is_not_put_down_to_who_cannot_scan(code, tablet, claimed):
    redeem(code, tablet, scanned_at=NOON, scanned_by=claimed)

    assert rows(Redemption)[0].account_id == CASHIER.account_id


def test_only_an_enrolled_device_tells_who_scanned(code):
    redeem(code, CASHIER, scanned_at=NOON, scanned_by=OTHER_CASHIER.account_id)

    assert rows(Redemption)[0].account_id == CASHIER.account_id


def test_a_refusal_that_never_reached_the_tablet_becomes_a_conflict_for_the_leads_too(code, tablet):
    redeem(code, OTHER_CASHIER)
    assert redeem(code, tablet, nonce="till-1").reason is Reason.ALREADY_REDEEMED  # the answer is lost on its way

    again = redeem(code, tablet, nonce="till-1", scanned_at=NOON, now=NOON + timedelta(minutes=5))

    assert (again.reason, again.voucher.redeemed_by) == (Reason.CONFLICT_OFFLINE, "Tomek")
    assert len(see(conflicts.conflicts, by=LEAD)) == 1
    assert len(rows(Attempt)) == 2
    assert rows(Attempt)[-1].scanned_at == NOON
    assert redeem(code, tablet, nonce="till-1", scanned_at=NOON) == again
    assert len(see(conflicts.conflicts, by=LEAD)) == 1


def test_asking_again_still_says_that_goodwill_may_help(code):
    first, again = (redeem(code, LEAD, nonce="till-1", now=TOO_LATE) for _ in range(2))

    assert first == again
    assert again.is_goodwill_allowed


@pytest.mark.parametrize("scanned_at", [NOON - timedelta(days=8), NOON + timedelta(hours=1)])
def test_a_scan_of_another_age_or_of_tomorrow_is_no_scan(code, tablet, scanned_at):
    with pytest.raises(InvalidError, match="scan"):
        redeem(code, tablet, scanned_at=scanned_at)

    assert rows(Attempt) == []


@pytest.mark.long
@pytest.mark.requirement("S2-12")
def test_two_tills_and_one_voucher_two_hundred_times(database, tablet):
    batch = change(builders.batch, 200)
    vouchers = [change(builders.claimed, batch, change(builders.member, f"Mia {one}")) for one in range(200)]
    tills = (tablet, replace(OTHER_CASHIER, place_id=change(builders.place, "Harbour").id))
    names = {"Kasia": "Old Town", "Tomek": "Harbour"}

    for voucher in vouchers:
        answers = at_once([lambda by=by, code=voucher: redeem(code, by) for by in tills])
        (won,) = (answer for answer in answers if isinstance(answer, Redeemed))
        (lost,) = (answer for answer in answers if isinstance(answer, Refused))
        assert (lost.reason, lost.voucher.redeemed_at) == (Reason.ALREADY_REDEEMED, won.at)
        assert names[lost.voucher.redeemed_by] == lost.voucher.redeemed_place == won.place

    assert len(rows(Redemption)) == see(batches.get, batch.id).redeemed == 200
