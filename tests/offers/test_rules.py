"""Which offers are acceptable, and how a reward reads."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loyalty_app.offers import rules
from loyalty_app.offers.models import Promise, RewardKind
from loyalty_app.offers.rules import Draft

COFFEE = Draft(title="Coffee", reward_kind="item", reward_item="One coffee")
OFF = Draft(title="Off", reward_kind="percent", reward_value="20")


def problems(draft: Draft, **changes: str) -> dict[str, str]:
    found = rules.read(replace(draft, **changes), "EUR")
    return found if isinstance(found, dict) else {}


@pytest.mark.parametrize(
    ("draft", "said"),
    [
        (COFFEE, "One coffee"),
        (OFF, "20% off"),
        (replace(OFF, reward_kind="amount", reward_value="5"), "€5.00 off"),
        (replace(OFF, reward_kind="amount", reward_value=" 4,50 "), "€4.50 off"),
        (replace(OFF, reward_kind="points", reward_value="2500"), "2,500 points"),
    ],
)
def test_a_reward_reads_like_this(draft, said):
    promise = rules.read(draft, "EUR")

    assert isinstance(promise, Promise)
    assert rules.say_reward(promise, "EUR", "en-US") == said


def test_conditions_are_kept_in_minor_units_and_days():
    promise = rules.read(replace(OFF, minimum_purchase="12.50", valid_days="30"), "EUR")

    assert isinstance(promise, Promise)
    assert (promise.minimum_purchase, promise.valid_days) == (1250, 30)


@pytest.mark.parametrize(
    ("draft", "changes", "field"),
    [
        (COFFEE, {"title": " "}, "title"),
        (COFFEE, {"title": "t" * 81}, "title"),
        (COFFEE, {"description": "d" * 501}, "description"),
        (COFFEE, {"terms": "t" * 2001}, "terms"),
        (COFFEE, {"reward_kind": "gold"}, "reward_kind"),
        (COFFEE, {"reward_item": ""}, "reward_item"),
        (COFFEE, {"reward_item": "i" * 81}, "reward_item"),
        (COFFEE, {"valid_days": "0"}, "valid_days"),
        (COFFEE, {"valid_days": "3651"}, "valid_days"),
        (COFFEE, {"minimum_purchase": "-1"}, "minimum_purchase"),
        (COFFEE, {"minimum_purchase": "NaN"}, "minimum_purchase"),
        (COFFEE, {"minimum_purchase": "Infinity"}, "minimum_purchase"),
        (COFFEE, {"minimum_purchase": "1e999999"}, "minimum_purchase"),
        (OFF, {"reward_value": ""}, "reward_value"),
        (OFF, {"reward_value": "0"}, "reward_value"),
        (OFF, {"reward_value": "101"}, "reward_value"),
        (OFF, {"reward_value": "0000000001000"}, "reward_value"),
        (OFF, {"reward_kind": "amount", "reward_value": "4.505"}, "reward_value"),
        (OFF, {"reward_kind": "amount", "reward_value": "0"}, "reward_value"),
    ],
)
def test_a_wrong_field_is_named(draft, changes, field):
    assert problems(draft, **changes).keys() == {field}


@given(st.sampled_from(RewardKind), st.text(max_size=20), st.text(max_size=20), st.text(max_size=20))
def test_whatever_is_typed_is_a_promise_or_a_sentence(kind, value, minimum, days):
    typed = Draft("Any", reward_kind=kind, reward_value=value, minimum_purchase=minimum, valid_days=days)
    found = rules.read(replace(typed, reward_item="One coffee"), "EUR")

    assert isinstance(found, Promise) or (found and all(found.values()))
    if isinstance(found, Promise) and kind is RewardKind.PERCENT:
        assert 1 <= found.reward_value <= 100
