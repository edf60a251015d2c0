"""What is said at the counter: what it is, why, and what staff do next."""

from dataclasses import replace
from datetime import timedelta

import pytest

from loyalty_app.core.reasons import Reason
from loyalty_app.counter.answers import Answer, Counter, present, say, seconds_to_undo
from loyalty_app.offers.models import Promise, RewardKind
from loyalty_app.program.models import Program
from loyalty_app.redemptions.asks import AmountNeeded, Incomplete, Redeemed, Refused, Voucher
from tests.builders import NOON, WARSAW

PROGRAM = Program(name="Kawa", time_zone=WARSAW, currency="PLN", locale="en-GB", undo_minutes=5)
PROMISE = Promise(title="Free coffee", reward_kind=RewardKind.ITEM, reward_value=0, reward_item="One coffee, any size")
GOOD = Voucher("SUN-2026-ABCD", PROMISE, "Mia", NOON + timedelta(days=3))
USED = replace(
    GOOD,
    redeemed_at=NOON - timedelta(minutes=3),
    redeemed_by="Kasia",
    redeemed_place="Old Town",
    redeemed_zone=WARSAW,
    redemption_id=5,
)
LISBON = "Europe/Lisbon"


def said(outcome, *, made=(), zone=WARSAW, amount=None, now=NOON):
    return present(outcome, "SUN2026ABCD", Counter(PROGRAM, zone, made), amount=amount, now=now)


@pytest.mark.requirement("S2-10", "S2-11")
def test_an_accepted_voucher_shows_reward_offer_member_time_and_place():
    answer = said(Redeemed(GOOD, NOON, 7, place="Old Town"))

    assert (answer.shape, answer.headline, answer.lead) == ("accepted", "Accepted", "One coffee, any size")
    assert (answer.title, answer.member, answer.foot) == ("Free coffee", "Mia", "SUN-2026-ABCD · 12:00 · Old Town")
    assert (answer.undo, answer.undo_for) == (7, 300)


def test_what_is_told_again_later_can_be_undone_only_for_the_rest_of_the_window():
    assert said(Redeemed(GOOD, NOON, 7), now=NOON + timedelta(minutes=4)).undo_for == 60
    late = said(Redeemed(GOOD, NOON, 7), now=NOON + timedelta(minutes=5))
    assert (late.undo, late.undo_for) == (0, 0)
    assert seconds_to_undo(NOON, 0, NOON) == 0


@pytest.mark.requirement("S2-16")
def test_a_repeat_says_when_where_and_by_whom_and_keeps_the_name_apart():
    answer = said(Refused(Reason.ALREADY_REDEEMED, USED))

    assert answer.lead == "First redeemed today, 11:57 at Old Town, 3 min ago."
    assert answer.staff == "By Kasia"
    assert "Do not give the reward again" in answer.note
    old = replace(USED, redeemed_at=NOON - timedelta(days=2))
    assert said(Refused(Reason.ALREADY_REDEEMED, old)).lead == "First redeemed 13 Jun 2026, 12:00 at Old Town."


def test_a_scan_that_arrives_late_may_have_been_first_and_is_told_what_reached_us_before_it():
    lead = said(Refused(Reason.CONFLICT_OFFLINE, USED)).lead

    assert lead == "Reached us first, and counts: redeemed today, 11:57 at Old Town, 3 min ago."
    assert "First" not in lead + say(Reason.CONFLICT_OFFLINE).lead


def test_ones_own_repeat_within_seconds_is_called_that():
    own = replace(USED, redeemed_at=NOON - timedelta(seconds=4))

    assert said(Refused(Reason.ALREADY_REDEEMED, own), made=(4, 5)).note.startswith("You just scanned this")
    assert "Do not give the reward again" in said(Refused(Reason.ALREADY_REDEEMED, own), made=(4, 6)).note
    assert "Do not give the reward again" in said(Refused(Reason.ALREADY_REDEEMED, USED), made=(5,)).note


@pytest.mark.requirement("S2-16")
@pytest.mark.parametrize(
    ("zone", "there", "words"),
    [
        (LISBON, WARSAW, "First redeemed today, 10:57 at Old Town (11:57 Warsaw time), 3 min ago."),
        (LISBON, LISBON, "First redeemed today, 10:57 at Old Town, 3 min ago."),
        (LISBON, "", "First redeemed today, 10:57 at Old Town, 3 min ago."),
        (WARSAW, "Europe/Berlin", "First redeemed today, 11:57 at Old Town, 3 min ago."),
    ],
)
def test_a_counter_goes_by_the_clock_on_its_own_wall_and_names_any_other(zone, there, words):
    answer = said(Refused(Reason.ALREADY_REDEEMED, replace(USED, redeemed_zone=there)), zone=zone)

    assert answer.lead == words
    assert answer.foot.endswith("11:00" if zone == LISBON else "12:00")
    assert said(Redeemed(GOOD, NOON, 7), zone=LISBON).foot == "SUN-2026-ABCD · 11:00"


def test_today_is_the_day_at_the_counter():
    night = NOON + timedelta(hours=12, minutes=30)  # half past midnight in Warsaw, the evening before in Lisbon
    used = replace(USED, redeemed_at=night - timedelta(hours=2))

    assert said(Refused(Reason.ALREADY_REDEEMED, used), zone=LISBON, now=night).lead == (
        "First redeemed today, 21:30 at Old Town (22:30 Warsaw time)."
    )
    assert said(Refused(Reason.ALREADY_REDEEMED, used), now=night).lead == (
        "First redeemed 15 Jun 2026, 22:30 at Old Town."
    )


@pytest.mark.requirement("S2-15")
def test_an_end_is_said_as_on_the_customer_s_card_where_the_clocks_differ():
    expired = Refused(Reason.EXPIRED, replace(GOOD, expires_at=NOON - timedelta(hours=12)))

    assert said(expired).lead == "It was valid through 14 Jun 2026, 23:59, expired yesterday."
    assert said(expired, zone=LISBON).lead == (
        "It was valid through Sun 14 Jun 2026, 23:59 Europe/Warsaw, expired yesterday."
    )


@pytest.mark.requirement("S2-15")
def test_goodwill_is_offered_to_who_may_give_it_and_others_are_sent_to_a_lead():
    expired = replace(GOOD, expires_at=NOON - timedelta(days=1))

    offered = said(Refused(Reason.EXPIRED, expired, is_goodwill_allowed=True))
    assert (offered.shape, offered.asks, offered.code) == ("expired", "goodwill", "SUN-2026-ABCD")
    sent = said(Refused(Reason.EXPIRED, expired))
    assert (sent.asks, "Ask a lead" in sent.note) == ("", True)
    assert "Ask a lead" not in said(Refused(Reason.EXPIRED, expired, (Reason.NOT_CLAIMED,))).note
    assert "Ask a lead" not in said(Refused(Reason.EXPIRED, replace(expired, is_scan=True))).note


@pytest.mark.requirement("S2-15")
def test_goodwill_looks_unlike_an_accepted_voucher_now_and_at_a_repeat():
    honoured = said(Redeemed(replace(GOOD, is_goodwill=True), NOON, 7))
    assert (honoured.shape, honoured.headline) == ("goodwill", "Honoured as goodwill")

    again = said(Refused(Reason.ALREADY_REDEEMED, replace(USED, is_goodwill=True)))
    assert again.lead.startswith("Honoured as goodwill today, 11:57")


def test_a_basket_is_asked_for_and_one_too_small_says_by_how_much():
    dear = replace(GOOD, promise=PROMISE.model_copy(update={"minimum_purchase": 2000}))

    asked = said(AmountNeeded(dear))
    assert (asked.shape, asked.asks, asked.code, asked.currency) == ("basket", "amount", dear.code, "PLN")
    assert "PLN20.00 or more" in asked.note
    small = said(Refused(Reason.MIN_PURCHASE, dear), amount=1550)
    assert small.lead == "PLN20.00 is needed, PLN4.50 more than this basket."


@pytest.mark.requirement("S2-18")
@pytest.mark.parametrize("reason", Reason)
def test_every_refusal_has_a_word_a_sentence_and_no_jargon(reason):
    answer = say(reason)

    assert answer.shape not in {"ready", "accepted"}
    assert answer.headline
    assert answer.lead.endswith(".")
    assert "!" not in answer.headline + answer.lead + answer.note
    assert "_" not in answer.headline + answer.lead + answer.note


def test_a_claim_link_of_ours_is_an_invitation_and_another_shops_is_none():
    assert said(Refused(Reason.WRONG_KIND, is_claim_link=True)).note.startswith("The customer opens it")
    foreign = said(Refused(Reason.WRONG_KIND))
    assert (foreign.headline, "another place" in foreign.lead, "opens it" in foreign.note) == (
        "Not a voucher",
        True,
        False,
    )


def test_a_scan_code_is_for_the_customers_own_phone():
    assert said(Incomplete({})).headline == "For the customer's phone"


def test_what_was_typed_is_quoted_in_part():
    foot = present(Refused(Reason.MALFORMED), "y" * 90, Counter(PROGRAM, WARSAW), now=NOON).foot
    assert foot == f"{'y' * 40}… · 12:00"
    assert isinstance(say(Reason.MALFORMED), Answer)
