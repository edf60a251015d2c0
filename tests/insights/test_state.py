"""A chart is put together from what is settled and what is new, and says in words what it shows."""

from datetime import timedelta

import pytest

from loyalty_app.core import times
from loyalty_app.core.actor import STRANGER, act_as
from loyalty_app.insights import service as insights
from loyalty_app.insights import state
from loyalty_app.insights.rules import Range, Span
from tests import builders
from tests.builders import NOON, VIEWER
from tests.doors import change, see

NOW = NOON.replace(minute=34)
"""Between two looks no hour ends, and it is the same day here as in UTC."""


@pytest.fixture(autouse=True)
def viewer(database, monkeypatch):
    """Look on as somebody who may, while the clock stands still."""
    monkeypatch.setattr(times, "now", lambda: NOW)
    act_as(VIEWER)
    yield
    act_as(STRANGER)


def chart(wanted, batch_id=None):
    old = see(state._settled, batch_id, wanted)
    return state.drawn_chart(old, see(state._since, batch_id, old.until), wanted)


@pytest.mark.parametrize("wanted", Range)
def test_the_settled_and_the_new_are_all_there_is(wanted):
    batch = change(builders.batch, 9, now=NOW - timedelta(days=5))
    ago = [timedelta(days=4), timedelta(days=2), timedelta(hours=20), timedelta(hours=2), timedelta(0)]
    for number, age in enumerate(ago):
        change(builders.claimed, batch, change(builders.member, f"Member {number}"), now=NOW - age)
    settled = see(state._settled, batch.id, wanted)
    whole = see(insights.activity, [Span(settled.line.spans[0].begin, NOW + timedelta(hours=1))], batch.id, by=VIEWER)

    expected = 3 if wanted is Range.DAY else 5
    assert whole[0].claimed == expected
    assert chart(wanted, batch.id).summary.startswith(f"{expected} claimed and 0 redeemed {state.PERIODS[wanted]}")
    assert chart(wanted).summary == chart(wanted, batch.id).summary


def test_a_chart_of_nothing_says_so():
    found = chart(Range.MONTH)

    assert found.is_empty
    assert found.summary == "0 claimed and 0 redeemed in the last 30 days, by hour."


def test_a_finished_batch_is_shown_to_its_end_and_no_longer():
    began = NOW - timedelta(days=60)
    batch = change(builders.batch, 3, now=began)
    change(builders.claimed, batch, now=began + timedelta(days=29))

    bars = chart(Range.ALL, batch.id).bars
    assert len(bars) == 31
    assert [bar.first for bar in bars].count("1") == 1
    assert chart(Range.MONTH, batch.id).is_empty


@pytest.mark.requirement("S3-38")
def test_a_changed_offer_is_told_in_words():
    assert state.say_changed([]) == ""
    assert state.say_changed(["title"]).startswith("The offer has changed since: another title.")
    assert "another title, picture and reward." in state.say_changed(["title", "picture", "reward"])


@pytest.mark.parametrize(("text", "found"), [("7d", Range.WEEK), ("", Range.ALL), ("9d", Range.ALL)])
def test_an_address_that_asks_for_no_range_gets_the_usual_one(text, found):
    assert state.read_range(text, Range.ALL) is found
