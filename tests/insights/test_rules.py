"""Numbers are counted in whole hours, days and months, compared with the right band, and told only where they call."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loyalty_app.batches.models import Channel
from loyalty_app.batches.rules import Badge
from loyalty_app.core import times
from loyalty_app.insights.rules import (
    BANDS,
    MOST_DAYS,
    Facts,
    Range,
    Step,
    Topic,
    Verdict,
    advice,
    reach,
    say_band,
    timeline,
    verdict,
)

WARSAW = "Europe/Warsaw"
NOON = datetime(2026, 6, 15, 10, tzinfo=UTC)
DAY = timedelta(days=1)
ZONES = st.sampled_from(
    [WARSAW, "Pacific/Apia", "America/Los_Angeles", "Asia/Kathmandu", "Australia/Lord_Howe", "Africa/Cairo", "UTC"]
)
QUIET = Facts(total=500, claimed=100, redeemed=15, badge=Badge.ACTIVE, age=30 * DAY, time_left=60 * DAY)
"""A batch of which nothing has to be said."""
FRESH = replace(QUIET, age=2 * DAY, first_day_claimed=50, first_day_redeemed=2)


def topics(facts):
    return [one.topic for one in advice(facts)]


# --- Charts. ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("wanted", Range)
def test_the_first_48_hours_are_shown_by_the_hour(wanted):
    assert timeline(wanted, NOON - 47 * timedelta(hours=1), NOON, WARSAW).step is Step.HOUR
    if wanted is not Range.DAY:
        assert timeline(wanted, NOON - 49 * timedelta(hours=1), NOON, WARSAW).step is Step.DAY


@pytest.mark.parametrize(("wanted", "days"), [(Range.WEEK, 7), (Range.MONTH, 30), (Range.ALL, 41)])
def test_after_that_each_local_day_is_a_bar(wanted, days):
    spans = timeline(wanted, NOON - 40 * DAY, NOON, WARSAW).spans

    assert len(spans) == days
    assert {times.say_time(one.begin, WARSAW, "en-GB") for one in spans} == {"00:00"}


def test_a_day_is_as_long_as_the_clocks_make_it():
    spring = datetime(2026, 3, 31, 10, tzinfo=UTC)
    lengths = [one.end - one.begin for one in timeline(Range.WEEK, spring - 30 * DAY, spring, WARSAW).spans]
    assert lengths.count(timedelta(hours=23)) == 1
    assert lengths.count(timedelta(hours=24)) == 6

    autumn = datetime(2026, 10, 27, 10, tzinfo=UTC)
    lengths = [one.end - one.begin for one in timeline(Range.WEEK, autumn - 30 * DAY, autumn, WARSAW).spans]
    assert lengths.count(timedelta(hours=25)) == 1
    assert lengths.count(timedelta(hours=24)) == 6


def test_years_are_shown_by_the_month():
    line = timeline(Range.ALL, NOON - 400 * DAY, NOON, WARSAW)

    assert line.step is Step.MONTH
    assert len(line.spans) == 14
    assert line.spans[0].begin == datetime(2025, 4, 30, 22, tzinfo=UTC)


@given(
    zone=ZONES,
    wanted=st.sampled_from(Range),
    age=st.timedeltas(timedelta(0), timedelta(days=3700)),
    until=st.datetimes(datetime(2020, 1, 1), datetime(2030, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001 - the zone is beside it
)
def test_bars_stand_side_by_side_cover_all_and_stay_few(zone, wanted, age, until):
    line = timeline(wanted, until - age, until, zone)

    assert all(one.begin < one.end for one in line.spans)
    assert all(left.end == right.begin for left, right in zip(line.spans, line.spans[1:], strict=False))
    assert line.spans[-1].begin <= until < line.spans[-1].end
    assert len(line.spans) <= max(MOST_DAYS, 3700 // 28)
    if wanted is Range.ALL:
        assert line.spans[0].begin <= until - age
    assert all(times.slot(one.begin) == one.begin for one in line.spans), "a quarter of an hour lies in one bar"


# --- Bands. ----------------------------------------------------------------------------------------------------------


@pytest.mark.requirement("S3-27")
def test_each_channel_has_the_band_of_the_table():
    said = {channel: (band.low, band.high, band.great) for channel, band in BANDS.items()}

    assert said == {
        Channel.EMAIL: (5, 15, 20),
        Channel.IN_STORE: (20, 40, 50),
        Channel.SOCIAL: (2, 8, 15),
        Channel.EVENT: (30, 50, 60),
    }


@pytest.mark.requirement("S3-27", "S3-36")
@pytest.mark.parametrize(
    ("channel", "redeemed", "found"),
    [
        (Channel.EMAIL, 4, Verdict.LOW),
        (Channel.EMAIL, 5, Verdict.USUAL),
        (Channel.EMAIL, 15, Verdict.USUAL),
        (Channel.EMAIL, 16, Verdict.GOOD),
        (Channel.EMAIL, 20, Verdict.GREAT),
        (Channel.IN_STORE, 19, Verdict.LOW),
        (Channel.IN_STORE, 50, Verdict.GREAT),
        (Channel.SOCIAL, 8, Verdict.USUAL),
        (Channel.EVENT, 29, Verdict.LOW),
        (Channel.EVENT, 60, Verdict.GREAT),
    ],
)
def test_a_rate_is_judged_by_the_band_of_its_channel(channel, redeemed, found):
    assert verdict(channel, 100, redeemed) is found


@pytest.mark.requirement("S2-5")
@pytest.mark.parametrize("channel", [None, Channel.PRINT])
@pytest.mark.parametrize(
    ("redeemed", "found"), [(9, Verdict.LOW), (10, Verdict.USUAL), (30, Verdict.USUAL), (31, Verdict.GOOD)]
)
def test_without_a_band_a_rate_is_weak_under_10_and_good_over_30(channel, redeemed, found):
    assert verdict(channel, 100, redeemed) is found


def test_a_few_claims_say_nothing():
    assert verdict(None, 19, 0) is Verdict.TOO_EARLY
    assert verdict(None, 0, 0) is Verdict.TOO_EARLY


def test_a_channel_without_a_band_says_so():
    assert say_band(Channel.EMAIL, "Email") == "Email: 5 to 15% is usual, 20% or more is great"
    assert say_band(Channel.PRINT, "Print").startswith("There is no usual rate for print;")
    assert say_band(None, "").startswith("No channel is set;")


# --- Advice. ---------------------------------------------------------------------------------------------------------


def test_where_numbers_call_for_nothing_nothing_is_said():
    assert advice(QUIET) == []
    assert advice(FRESH) == []


@pytest.mark.requirement("S3-34")
def test_low_claims_on_the_first_day_mean_that_nobody_has_seen_it():
    (one,) = advice(replace(FRESH, claimed=10, redeemed=5, first_day_claimed=6))

    assert one.topic is Topic.VISIBILITY
    assert one.because == "In the first 24 hours 6 of 500 vouchers (1%) were claimed."


@pytest.mark.requirement("S3-34")
def test_claims_without_redemptions_mean_offer_or_friction():
    (one,) = advice(replace(FRESH, redeemed=0, first_day_redeemed=0, reward="One coffee", minimum="PLN 50.00"))

    assert one.topic is Topic.FRICTION
    assert (
        one.because == "In the first 24 hours 50 of 500 vouchers (10%) were claimed, and nobody has redeemed one yet."
    )
    assert "Is it worth the way? Members get: One coffee." in one.questions
    assert "Is the minimum purchase too high? It is PLN 50.00." in one.questions


@pytest.mark.requirement("S3-34")
def test_all_high_means_scale_up():
    (one,) = advice(replace(FRESH, claimed=200, redeemed=40, first_day_claimed=150, first_day_redeemed=30))

    assert one.topic is Topic.SCALE_UP
    assert "150 of 500 vouchers (30%)" in one.because


@pytest.mark.parametrize("changes", [{"age": 23 * timedelta(hours=1)}, {"age": 8 * DAY}, {"badge": Badge.PAUSED}])
def test_the_first_day_is_judged_when_it_is_over_and_while_it_matters(changes):
    assert topics(replace(FRESH, **({"claimed": 10, "redeemed": 5, "first_day_claimed": 6} | changes))) == []


def test_a_slow_start_is_forgotten_once_it_has_caught_up():
    assert topics(replace(FRESH, claimed=150, redeemed=40, first_day_claimed=6)) == []


@pytest.mark.requirement("S3-28", "S3-31")
def test_a_low_rate_asks_its_questions_with_the_facts_of_the_batch():
    (one,) = advice(replace(QUIET, redeemed=4, reward="5% off", minimum="€50.00", valid_days=14, scans_refused=12))

    assert one.topic is Topic.LOW_RATE
    assert one.because == "4 of 100 claimed vouchers are redeemed, 4%; under 10% is weak."
    assert one.questions == [
        "Is it worth the way? Members get: 5% off.",
        "Is the minimum purchase too high? It is €50.00.",
        "Do members know that a voucher ends 14 days after the claim?",
        "Do staff know what to do? 12 scans were refused at the counter lately.",
    ]


def test_without_a_minimum_nothing_is_asked_about_it():
    (one,) = advice(replace(QUIET, redeemed=0))

    assert not any("minimum" in question for question in one.questions)
    assert "Do members know when it ends? It has 60 days left; with much time left, people wait." in one.questions
    assert "Do staff know how to scan it? None of its vouchers has been scanned yet." in one.questions


def test_a_rate_is_low_by_the_band_of_its_channel():
    assert topics(replace(QUIET, redeemed=6, channel=Channel.EMAIL)) == []
    assert topics(replace(QUIET, redeemed=25, channel=Channel.EVENT)) == [Topic.LOW_RATE]
    (one,) = advice(replace(QUIET, redeemed=25, channel=Channel.EVENT))
    assert one.because.endswith("25%; 30% or more is usual for this channel.")


def test_the_same_questions_are_not_asked_twice():
    assert topics(replace(FRESH, redeemed=0, first_day_redeemed=0)) == [Topic.FRICTION]


@pytest.mark.requirement("S3-35")
def test_a_batch_that_is_over_is_kept_rather_than_deleted():
    (one,) = advice(replace(QUIET, badge=Badge.EXPIRED, time_left=-DAY))

    assert one.topic is Topic.OVER
    assert one.because.startswith("100 of 500 vouchers were claimed and 15 redeemed, 15% of the claimed.")


def test_who_holds_a_voucher_is_reminded_before_the_end():
    (one,) = advice(replace(QUIET, time_left=2 * DAY + timedelta(hours=5)))

    assert one.topic is Topic.ENDING
    assert one.because == "85 members hold an unredeemed voucher, and the batch ends in less than 3 days."
    assert topics(replace(QUIET, claimed=100, redeemed=100, time_left=2 * DAY)) == []


@pytest.mark.requirement("S3-37")
def test_when_nearly_all_are_claimed_the_next_batch_is_due():
    assert topics(replace(QUIET, claimed=449, redeemed=100)) == []
    (one,) = advice(replace(QUIET, claimed=450, redeemed=100))
    assert (one.topic, one.because) == (Topic.RUNNING_OUT, "Only 50 of 500 are left, and it is open for 60 days more.")
    (one,) = advice(replace(QUIET, claimed=500, redeemed=100, badge=Badge.SOLD_OUT))
    assert one.because == "All its vouchers are claimed, and it is open for 60 days more."


@pytest.mark.requirement("S1-28")
def test_a_large_set_is_tried_with_a_small_one_first():
    large = replace(QUIET, total=5000, claimed=0, redeemed=0, age=timedelta(hours=1))

    assert topics(large) == [Topic.TRY_FIRST]
    assert topics(replace(large, is_tried=True)) == []
    assert topics(replace(large, total=999)) == []
    assert topics(replace(large, claimed=1)) == []


@given(
    facts=st.builds(
        Facts,
        total=st.just(1_000),
        claimed=st.integers(0, 1_000),
        redeemed=st.integers(0, 1_000),
        badge=st.sampled_from(Badge),
        age=st.timedeltas(timedelta(0), timedelta(days=400)),
        time_left=st.timedeltas(timedelta(days=-400), timedelta(days=400)),
        first_day_claimed=st.integers(0, 1_000),
        first_day_redeemed=st.integers(0, 1_000),
        channel=st.sampled_from([None, *Channel]),
    ).filter(lambda facts: facts.redeemed <= facts.claimed)
)
def test_there_is_never_more_than_three_pieces_of_advice(facts):
    found = advice(facts)

    assert len(found) <= 3
    assert len({one.topic for one in found}) == len(found)
    assert all(one.says.endswith((".", "?")) and one.because.endswith(".") for one in found)


# --- The address. ----------------------------------------------------------------------------------------------------


@pytest.mark.requirement("S3-30")
@pytest.mark.parametrize(
    ("origin", "passed"),
    [
        ("http://localhost:8000", False),
        ("http://127.0.0.1:8000", False),
        ("http://[::1]:8000", False),
        ("https://192.168.1.5", False),
        ("https://shop.local", False),
        ("https://till", False),
        ("http://kawa.example", False),
        ("https://kawa.example", True),
        ("https://8.8.8.8", True),
    ],
)
def test_an_address_that_people_elsewhere_cannot_open_is_told(origin, passed):
    found = reach(origin)

    assert found.passed is passed
    assert origin in found.says
