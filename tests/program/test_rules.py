"""What a program may be called, and how it writes money."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loyalty_app.program import rules


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        (("", "UTC", "EUR", "en-US"), "program_name"),
        (("n" * 81, "UTC", "EUR", "en-US"), "program_name"),
        (("Kawa", "Mars/Base", "EUR", "en-US"), "time_zone"),
        (("Kawa", "UTC", "XXX", "en-US"), "currency"),
        (("Kawa", "UTC", "EUR", "tlh"), "locale"),
    ],
)
def test_a_wrong_field_is_named(wrong, field):
    assert rules.problems(*wrong).keys() == {field}


def test_a_good_program_has_no_problems():
    assert rules.problems("Kawa", "Europe/Warsaw", "PLN", "pl-PL") == {}


def test_every_current_currency_is_known():
    assert set(rules.currencies()) == rules.CURRENT_CURRENCIES


@given(st.integers(0, 10**9), st.sampled_from(["EUR", "JPY", "KWD"]))
def test_an_amount_survives_the_way_to_minor_units_and_back(minor, currency):
    assert rules.to_minor(rules.from_minor(minor, currency), currency) == minor


def test_more_decimals_than_the_currency_has_are_no_amount():
    assert rules.to_minor(Decimal("4.505"), "EUR") is None
    assert rules.to_minor(Decimal("4.5"), "JPY") is None


def test_money_is_written_as_people_there_write_it():
    assert rules.say_money(500, "EUR", "en-US") == "€5.00"
    assert rules.say_money(1250, "PLN", "pl-PL") == "12,50\N{NO-BREAK SPACE}zł"
    assert rules.say_money(500, "JPY", "en-US") == "¥500"


@pytest.mark.parametrize("locale", rules.LOCALES)
def test_every_language_can_say_its_own_name(locale):
    assert rules.language_name(locale)[0].isalpha()
