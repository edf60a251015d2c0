"""What the numbers of the Redemptions page mean."""

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loyalty_app.redemptiondesk import rules
from loyalty_app.redemptiondesk.rules import Verdict


@pytest.mark.requirement("S2-5")
@pytest.mark.parametrize(
    ("redeemed", "distributed", "verdict", "words"),
    [
        (0, 0, Verdict.NONE, "—"),
        (0, 10, Verdict.LOW, "0%"),
        (1, 1_000, Verdict.LOW, "under 1%"),
        (94, 1_000, Verdict.LOW, "9%"),
        (99, 1_000, Verdict.LOW, "9.9%"),
        (9_999, 100_000, Verdict.LOW, "just under 10%"),
        (10, 100, Verdict.USUAL, "10%"),
        (10_001, 100_000, Verdict.USUAL, "just over 10%"),
        (104, 1_000, Verdict.USUAL, "10.4%"),
        (294, 1_000, Verdict.USUAL, "29%"),
        (299, 1_000, Verdict.USUAL, "29.9%"),
        (29_999, 100_000, Verdict.USUAL, "just under 30%"),
        (30, 100, Verdict.USUAL, "30%"),
        (30_001, 100_000, Verdict.GOOD, "just over 30%"),
        (302, 1_000, Verdict.GOOD, "30.2%"),
        (31, 100, Verdict.GOOD, "31%"),
        (999, 1_000, Verdict.GOOD, "over 99%"),
        (7, 7, Verdict.GOOD, "100%"),
    ],
)
def test_a_rate_is_weak_under_ten_percent_and_good_over_thirty(redeemed, distributed, verdict, words):
    assert rules.verdict(redeemed, distributed) is verdict
    assert rules.say_rate(redeemed, distributed, "en-GB") == words


@pytest.mark.requirement("S2-5")
@given(st.integers(1, 5_000).flatmap(lambda whole: st.tuples(st.integers(0, whole), st.just(whole))))
def test_a_rate_never_reads_as_if_it_lay_on_the_other_side_of_a_hint(share):
    redeemed, distributed = share
    words = rules.say_rate(redeemed, distributed, "en-GB")
    read = Decimal(words.rpartition(" ")[2].rstrip("%"))
    sides = {"under": -1, "over": 1}
    for border in (10, 30):
        exact = redeemed * 100 - distributed * border
        said = sides[words.split()[-2]] if read == border and " " in words else read - border
        assert (said > 0) - (said < 0) == (exact > 0) - (exact < 0)


def test_a_rate_is_written_as_the_program_writes_numbers():
    assert rules.say_rate(299, 1_000, "de-DE") == "29,9%"


def test_every_verdict_says_what_it_means():
    assert {verdict: bool(hint) for verdict, hint in rules.HINTS.items()} == dict.fromkeys(Verdict, True)


@pytest.mark.parametrize(("number", "words"), [(0, ""), (3, "3 new"), (24, "24 new"), (25, "24+ new")])
def test_what_came_meanwhile_is_counted_as_far_as_it_is_known(number, words):
    assert rules.say_news(number, 24) == words


def test_what_fits_is_counted_as_far_as_it_is_worth_it():
    assert [rules.say_found(number, 10_000, "en-GB") for number in (0, 1, 10_000, 10_001)] == [
        "0 redemptions fit.",
        "1 redemption fits.",
        "10,000 redemptions fit.",
        "More than 10,000 redemptions fit.",
    ]
    assert [rules.say_rows(number, 10_000, "en-GB") for number in (0, 1, 10_000, 10_001)] == [
        "nothing to export",
        "1 row",
        "10,000 rows",
        "more than 10,000 rows",
    ]
    assert [rules.say_rows(number, 10, "en-GB", is_least=True) for number in (0, 9, 11)] == [
        "",
        "9 rows or more",
        "more than 10 rows",
    ]


@pytest.mark.parametrize(
    ("since", "until", "last", "is_backwards"),
    [
        ("2026-06-15", "2026-06-14", None, True),
        ("2026-06-15", "2026-06-15", date(2026, 6, 15), False),
        ("2026-06-15", "", None, False),
        ("", "2026-06-14", date(2026, 6, 14), False),
        ("no day", "2026-06-14", date(2026, 6, 14), False),
    ],
)
def test_a_last_day_before_the_first_narrows_nothing(since, until, last, is_backwards):
    asked = rules.search({"since": since, "until": until})

    assert (asked.last_day, asked.is_backwards) == (last, is_backwards)


def test_scans_that_lost_are_counted_in_words():
    assert rules.say_conflicts(1, "en-GB") == "1 scan made without a connection was refused when it reached us"
    assert rules.say_conflicts(1240, "en-GB") == (
        "1,240 scans made without a connection were refused when they reached us"
    )
    assert rules.say_rest(50, 50, "en-GB") == ""
    assert rules.say_rest(50, 1240, "en-GB").startswith("The newest 50 of 1,240 are shown.")
