"""What the numbers of the Redemptions page mean."""

import pytest

from loyalty_app.redemptiondesk import rules
from loyalty_app.redemptiondesk.rules import Verdict


@pytest.mark.requirement("S2-5")
@pytest.mark.parametrize(
    ("rate", "verdict"),
    [
        (None, Verdict.NONE),
        (0.0, Verdict.LOW),
        (0.0999, Verdict.LOW),
        (0.1, Verdict.USUAL),
        (0.3, Verdict.USUAL),
        (0.3001, Verdict.GOOD),
        (1.0, Verdict.GOOD),
    ],
)
def test_a_rate_is_weak_under_ten_percent_and_good_over_thirty(rate, verdict):
    assert rules.verdict(rate) is verdict


def test_every_verdict_says_what_it_means():
    assert {verdict: bool(hint) for verdict, hint in rules.HINTS.items()} == dict.fromkeys(Verdict, True)


@pytest.mark.parametrize(("number", "words"), [(0, ""), (3, "3 new"), (24, "24 new"), (25, "24+ new")])
def test_what_came_meanwhile_is_counted_as_far_as_it_is_known(number, words):
    assert rules.say_news(number, 24) == words


def test_what_fits_is_counted_as_far_as_one_page_goes():
    assert rules.say_found(1, is_more=False) == "1 redemption fits."
    assert rules.say_found(0, is_more=False) == "0 redemptions fit."
    assert rules.say_found(25, is_more=True) == "More than 25 fit, the newest first."


def test_scans_that_lost_are_counted_in_words():
    assert rules.say_conflicts(1) == "1 scan made without a connection reached us after another one"
    assert rules.say_conflicts(2) == "2 scans made without a connection reached us after others"
