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


def problems(draft: Draft, **changes) -> dict[str, str]:
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
        (COFFEE, {"minimum_purchase": "1e9999999"}, "minimum_purchase"),
        (COFFEE, {"minimum_purchase": "1e-9999999"}, "minimum_purchase"),
        (COFFEE, {"minimum_purchase": "9" * 500}, "minimum_purchase"),
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


GERMAN = {"title": " Kaffee ", "description": "", "terms": "Nur hier.", "reward_item": "Ein Kaffee"}


def test_an_offer_may_have_words_in_other_languages():
    promise = rules.read(replace(COFFEE, translations={"de-DE": GERMAN, "ar": {"title": "قهوة"}}), "EUR")

    assert isinstance(promise, Promise)
    assert promise.translations == {
        "ar": {"title": "قهوة"},
        "de-DE": {"title": "Kaffee", "terms": "Nur hier.", "reward_item": "Ein Kaffee"},
    }
    off = rules.read(replace(OFF, translations={"de-DE": GERMAN, "ar": {"title": " "}}), "EUR")
    assert off.translations == {"de-DE": {"title": "Kaffee", "terms": "Nur hier."}}


def test_a_word_in_another_language_that_is_too_long_is_named():
    too_long = {"title": "t" * 81, "description": "d" * 501, "terms": "t" * 2001, "reward_item": "i" * 81}

    assert problems(COFFEE, translations={"de-DE": GERMAN, "ar": too_long}).keys() == {
        "translations.ar.title", "translations.ar.description", "translations.ar.terms", "translations.ar.reward_item",
    }  # fmt: skip
    assert problems(COFFEE, translations={"fr-FR": {"title": "Café"}}).keys() == {"translations"}


def test_an_unfinished_offer_can_be_looked_at():
    sketch = rules.sketch(Draft(title="", description="d" * 501, reward_kind="amount", reward_value="x"), "EUR")

    assert (sketch.title, len(sketch.description), sketch.reward_kind, sketch.reward_value) == ("", 500, "amount", 0)


@pytest.mark.requirement("S3-38")
@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({}, []),
        ({"title": "Tea"}, ["title"]),
        ({"description": "More"}, ["description"]),
        ({"terms": "Here", "picture_id": 4}, ["terms", "picture"]),
        ({"reward_kind": RewardKind.POINTS, "reward_value": 3}, ["reward"]),
        ({"reward_item": "One tea"}, ["reward"]),
        ({"minimum_purchase": 100, "valid_days": 3}, ["minimum purchase", "days of validity"]),
        ({"translations": {"de-DE": {"title": "Tee"}}}, ["German text"]),
        ({"translations": {"ar": {"title": "شاي"}}}, ["Arabic text"]),
    ],
)
def test_what_an_offer_says_differently_than_the_copy_is_named(change, said):
    promise = rules.read(COFFEE, "EUR")

    assert rules.differences(promise, Promise(**promise.model_dump() | change)) == said


def test_every_part_of_a_promise_is_compared():
    whole = Promise(title="t", reward_kind=RewardKind.POINTS, reward_value=1, translations={"de-DE": {"title": "T"}})
    other = {
        "title": "o", "description": "o", "terms": "o", "reward_kind": RewardKind.ITEM, "reward_value": 2,
        "reward_item": "o", "minimum_purchase": 1, "valid_days": 1, "picture_id": 1, "translations": {},
    }  # fmt: skip

    assert other.keys() == set(Promise.model_fields)
    for name, value in other.items():
        assert rules.differences(whole, Promise(**whole.model_dump() | {name: value})), name


@given(st.sampled_from(RewardKind), st.text(max_size=20), st.text(max_size=20), st.text(max_size=20))
def test_whatever_is_typed_is_a_promise_or_a_sentence(kind, value, minimum, days):
    typed = Draft("Any", reward_kind=kind, reward_value=value, minimum_purchase=minimum, valid_days=days)
    found = rules.read(replace(typed, reward_item="One coffee"), "EUR")

    assert isinstance(found, Promise) or (found and all(found.values()))
    if isinstance(found, Promise) and kind is RewardKind.PERCENT:
        assert 1 <= found.reward_value <= 100
