"""A day ends when it ends where the shop is."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loyalty_app.core import times

ZONES = st.sampled_from(
    [
        "UTC",
        "Europe/Warsaw",
        "America/New_York",
        "America/St_Johns",
        "Australia/Lord_Howe",  # half an hour of daylight saving
        "Pacific/Apia",  # UTC+13
        "Pacific/Pago_Pago",  # UTC-11
        "Africa/Cairo",  # midnight itself is skipped in spring
        "America/Havana",  # and comes twice in autumn
        "Asia/Beirut",
    ]
)
DAYS = st.dates(date(2024, 1, 1), date(2040, 12, 31))


@given(DAYS, ZONES)
def test_a_day_ends_at_the_first_instant_of_the_next(day, zone):
    end = times.end_of_day(day, zone)

    assert end.tzinfo is UTC
    assert times.local_day(end, zone) == day + timedelta(days=1)
    assert times.local_day(end - timedelta(microseconds=1), zone) == day


@given(DAYS, ZONES)
def test_days_follow_each_other_without_gap_or_overlap(day, zone):
    length = times.end_of_day(day, zone) - times.end_of_day(day - timedelta(days=1), zone)

    assert timedelta(hours=22) < length < timedelta(hours=26)


@pytest.mark.parametrize(
    ("day", "end"),
    [
        (date(2026, 3, 29), datetime(2026, 3, 29, 22, tzinfo=UTC)),  # 23 hours: clocks go forward
        (date(2026, 10, 25), datetime(2026, 10, 25, 23, tzinfo=UTC)),  # 25 hours: clocks go back
        (date(2026, 12, 31), datetime(2026, 12, 31, 23, tzinfo=UTC)),
    ],
)
def test_the_end_of_a_day_in_warsaw_knows_daylight_saving(day, end):
    assert times.end_of_day(day, "Europe/Warsaw") == end


@given(DAYS, ZONES)
def test_the_expiry_sentence_names_the_last_day_and_the_zone(day, zone):
    sentence = times.say_until(times.end_of_day(day, zone), zone, "en-GB")

    assert sentence.startswith("valid through ")
    assert f"{day.day} " in sentence
    assert sentence.endswith(f":59 {zone}")


def test_the_expiry_sentence_reads_like_this():
    end = times.end_of_day(date(2026, 12, 31), "Europe/Warsaw")

    assert times.say_until(end, "Europe/Warsaw", "en-GB") == "valid through Thu 31 Dec 2026, 23:59 Europe/Warsaw"


@given(DAYS, ZONES)
def test_the_last_day_is_called_so_until_midnight_where_the_shop_is(day, zone):
    end = times.end_of_day(day, zone)

    def said(now: datetime) -> str:
        return times.say_validity(end, zone, "en-GB", now=now).rpartition(", ")[2]

    assert said(times.end_of_day(day - timedelta(days=1), zone)) == "last day today"
    assert said(end - timedelta(microseconds=1)) == "last day today"
    assert said(times.end_of_day(day - timedelta(days=1), zone) - timedelta(microseconds=1)) == "1 day left"
    assert said(end) == "expired yesterday"
    assert said(times.end_of_day(day + timedelta(days=1), zone)) == "expired 2 days ago"


@pytest.mark.parametrize(
    ("now", "said"),
    [
        ("2026-10-22T12:00+02:00", "valid through Sun 25 Oct 2026, 23:59 Europe/Warsaw, 3 days left"),
        ("2026-10-24T23:59:59+02:00", "valid through Sun 25 Oct 2026, 23:59 Europe/Warsaw, 1 day left"),
        ("2026-10-25T00:00+02:00", "valid through Sun 25 Oct 2026, 23:59 Europe/Warsaw, last day today"),
        ("2026-10-25T23:59:59+01:00", "valid through Sun 25 Oct 2026, 23:59 Europe/Warsaw, last day today"),
        ("2026-10-26T00:00+01:00", "was valid through Sun 25 Oct 2026, 23:59 Europe/Warsaw, expired yesterday"),
        ("2026-11-04T12:00+01:00", "was valid through Sun 25 Oct 2026, 23:59 Europe/Warsaw, expired 10 days ago"),
    ],
)
def test_days_left_are_counted_where_the_shop_is_across_a_change_of_clocks(now, said):
    end = times.end_of_day(date(2026, 10, 25), "Europe/Warsaw")  # the day that has 25 hours

    assert times.say_validity(end, "Europe/Warsaw", "en-GB", now=datetime.fromisoformat(now)) == said


def test_an_end_in_the_middle_of_a_day_is_over_on_that_day():
    noon = datetime(2026, 6, 15, 10, tzinfo=UTC)

    said = times.say_validity(noon, "Europe/Warsaw", "en-GB", now=noon + timedelta(hours=3))
    assert said == "was valid through Mon 15 Jun 2026, 11:59 Europe/Warsaw, expired today"


@pytest.mark.parametrize(
    ("zone", "end"),
    [
        ("Europe/Warsaw", "2026-12-31T23:59+01:00"),
        ("Pacific/Apia", "2026-12-31T23:59+13:00"),
        ("America/Los_Angeles", "2026-12-31T23:59-08:00"),
    ],
)
def test_a_browser_gets_the_end_with_the_clock_of_the_shop(zone, end):
    assert times.clock_end(times.end_of_day(date(2026, 12, 31), zone), zone) == end


def test_the_offset_is_the_one_of_that_day():
    summer, winter = (times.end_of_day(date(2026, month, 24), "Europe/Warsaw") for month in (10, 11))

    assert times.clock_end(summer, "Europe/Warsaw") == "2026-10-24T23:59+02:00"
    assert times.clock_end(winter, "Europe/Warsaw") == "2026-11-24T23:59+01:00"


def test_time_zones_are_offered_once_each_and_exist():
    zones = times.time_zones()

    assert zones[0] == "UTC"
    assert len(zones) == len(set(zones))
    assert "Europe/Warsaw" in zones
    for zone in zones:
        ZoneInfo(zone)


@pytest.mark.parametrize(
    ("seconds", "said"), [(0, "1 s"), (12.4, "12 s"), (89, "89 s"), (90, "2 min"), (600, "10 min")]
)
def test_a_rough_time_left_is_a_few_characters(seconds, said):
    assert times.say_duration(seconds) == said


@pytest.mark.parametrize(
    ("zone", "said"),
    [
        ("Europe/Lisbon", "11:00 Lisbon time"),
        ("America/New_York", "06:00 New York time"),
        ("Pacific/Kiritimati", "16 Jun 2026, 00:00 Kiritimati time"),
        ("UTC", "10:00 UTC"),
        ("Europe/Berlin", ""),
        ("Europe/Warsaw", ""),
    ],
)
def test_another_clock_is_named_and_the_same_one_is_not(zone, said):
    noon = datetime(2026, 6, 15, 10, tzinfo=UTC)

    assert times.say_there(noon, zone, "Europe/Warsaw", "en-GB") == said
    assert times.is_same_clock(noon, zone, "Europe/Warsaw") == (not said)
