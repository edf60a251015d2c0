"""Points are said as people say them, in the reader's language."""

import pytest

from loyalty_app.core.languages import ARABIC, ENGLISH, GERMAN
from loyalty_app.points.rules import said_for, say_points, signed


@pytest.mark.parametrize(
    ("points", "words", "said"),
    [
        (1, ENGLISH, "1 point"),
        (1240, ENGLISH, "1,240 points"),
        (-1, ENGLISH, "-1 point"),
        (1240, GERMAN, "1.240 Punkte"),
        (0, ARABIC, "0 نقطة"),
    ],
)
def test_a_balance_is_said_in_the_readers_language(points, words, said):
    assert say_points(points, words.formats("en-GB"), words) == said


def test_what_comes_has_a_plus_and_what_goes_a_minus():
    assert [signed(points, "en-GB") for points in (20, -5, 1200)] == ["+20", "-5", "+1,200"]


@pytest.mark.parametrize(
    ("title", "points", "said"),
    [("Summer cups", 20, "Summer cups"), ("20 points", 20, ""), ("20 points", -20, ""), ("1 point", 1, "")],
)
def test_what_only_says_how_many_is_not_said_twice(title, points, said):
    assert said_for(title, points) == said
