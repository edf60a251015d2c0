"""What a program may be called, and how it writes money."""

import re
from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from loyalty_app.core.migrations import CHECKOUT
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


@pytest.mark.parametrize(
    ("currency", "stored", "read"),
    [
        ("EUR", 450, "4.50"),
        ("HUF", 99_990, "999.90"),  # shown without decimals by some libraries, and not by others
        ("IDR", 150_025, "1500.25"),
        ("COP", 150_025, "1500.25"),
        ("RSD", 150_025, "1500.25"),
        ("LBP", 150_025, "1500.25"),
        ("JPY", 500, "500"),
        ("ISK", 500, "500"),
        ("KWD", 4_505, "4.505"),
    ],
)
def test_stored_amounts_have_the_minor_unit_of_iso_4217_whatever_a_library_shows(currency, stored, read):
    assert rules.from_minor(stored, currency) == Decimal(read)
    assert rules.read_money(read, currency) == stored
    assert rules.say_money(stored, currency, "en-US").replace(",", "").endswith(read)


@pytest.mark.parametrize(
    ("currency", "locale", "said"),
    [
        ("EUR", "de-DE", "1.234,50\N{NO-BREAK SPACE}€"),
        ("HUF", "de-DE", "1.234,50\N{NO-BREAK SPACE}HUF"),
        ("JPY", "de-DE", "123.450\N{NO-BREAK SPACE}¥"),
        ("KWD", "en-US", "KWD123.450"),
        ("PLN", "pl-PL", "1\N{NO-BREAK SPACE}234,50\N{NO-BREAK SPACE}zł"),
    ],
)
def test_an_amount_is_written_with_all_of_its_decimals(currency, locale, said):
    assert rules.say_money(123_450, currency, locale) == said


@given(st.integers(0, 10**9), st.sampled_from(["EUR", "JPY", "KWD"]))
def test_an_amount_survives_the_way_to_minor_units_and_back(minor, currency):
    assert rules.to_minor(rules.from_minor(minor, currency), currency) == minor


def test_more_decimals_than_the_currency_has_are_no_amount():
    assert rules.to_minor(Decimal("4.505"), "EUR") is None
    assert rules.to_minor(Decimal("4.5"), "JPY") is None


@pytest.mark.parametrize(
    "text",
    [
        *("1e9999999", "-1e9999999", "1e-400", "1e-9999999", "1e999999999999", "0e9999999", "NaN", "sNaN", "Infinity"),
        *("1" * 500, "1." + "0" * 498 + "1", "1e15", "10000000000000"),
    ],
)
def test_what_no_purse_holds_is_no_amount(text):
    assert rules.to_minor(Decimal(text), "EUR") is None


def test_nothing_is_an_amount_however_it_is_signed():
    assert rules.to_minor(Decimal("-0"), "EUR") == rules.to_minor(Decimal("0.00"), "EUR") == 0


def test_an_amount_is_asked_for_as_its_currency_has_it():
    assert rules.ask_money("EUR") == "Enter an amount in EUR, for example 5 or 4.50."
    for currency in ("EUR", "JPY", "BHD"):
        examples = rules.ask_money(currency).partition("example ")[2].rstrip(".").split(" or ")
        assert all(rules.read_money(example, currency) for example in examples)


def test_money_is_written_as_people_there_write_it():
    assert rules.say_money(500, "EUR", "en-US") == "€5.00"
    assert rules.say_money(1250, "PLN", "pl-PL") == "12,50\N{NO-BREAK SPACE}zł"
    assert rules.say_money(500, "JPY", "en-US") == "¥500"


@pytest.mark.parametrize("locale", rules.LOCALES)
def test_every_language_can_say_its_own_name(locale):
    assert rules.language_name(locale)[0].isalpha()


COLORS = st.integers(0, 0xFFFFFF).map("#{:06x}".format)


@given(COLORS)
@example("#000000")
@example("#ffffff")
@example("#ffff00")
@example("#808080")
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_any_brand_colour_can_be_read(scheme, brand):
    made = rules.accent(brand, scheme)

    for ground in (*rules.PAPERS[scheme], made.soft):
        assert rules.contrast(made.accent, ground) >= 4.5
    assert rules.contrast(made.on_accent, made.accent) >= 4.5
    assert rules.contrast(made.on_accent, made.strong) >= 4.5


def test_a_brand_colour_that_can_be_read_stays_as_it_is():
    assert rules.accent("#0f5f4f", "light").accent == "#0f5f4f"


def test_contrast_is_that_of_the_standard():
    assert rules.contrast("#000000", "#ffffff") == 21
    assert round(rules.contrast("#767676", "#ffffff"), 2) == 4.54


def test_the_papers_are_those_of_the_style_sheet():
    tokens = (CHECKOUT / "assets" / "css" / "tokens.css").read_text()

    for number, name in enumerate(("card", "paper", "sunken")):
        light, dark = re.search(rf"--{name}: light-dark\((#\w+), (#\w+)\)", tokens).groups()
        assert (rules.PAPERS["light"][number], rules.PAPERS["dark"][number]) == (light, dark)
    names = {"accent": "accent", "accent-strong": "strong", "on-accent": "on_accent", "accent-soft": "soft"}
    for name, part in names.items():
        light, dark = re.search(rf"--{name}: light-dark\((#\w+), (#\w+)\)", tokens).groups()
        assert [getattr(rules.STANDARD[scheme], part) for scheme in ("light", "dark")] == [light, dark]


def test_a_theme_names_every_property_that_the_style_sheet_uses():
    public = (CHECKOUT / "assets" / "css" / "public.css").read_text()

    assert set(re.findall(r"var\((--brand[a-z-]*)\)", public)) == set(rules.theme("#aa0000"))


GOOD = rules.Draft(name="Kawa", time_zone="Europe/Warsaw", locale="en-GB")


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"name": " "}, "name"),
        ({"brand_color": "teal"}, "brand_color"),
        ({"brand_color": "#12345"}, "brand_color"),
        ({"about": "a" * 301}, "about"),
        ({"website": "javascript:alert(1)"}, "website"),
        ({"website": "not an address"}, "website"),
        ({"website": "https://[bad"}, "website"),
        ({"contact": "nobody"}, "contact"),
        ({"time_zone": "Mars/Base"}, "time_zone"),
        ({"locale": "tlh"}, "locale"),
    ],
)
def test_a_wrong_field_of_the_profile_is_named(change, field):
    assert rules.read(replace(GOOD, **change), "PLN").keys() == {field}


def test_a_profile_is_tidied():
    draft = replace(GOOD, name=" Kawa ", brand_color=" #AABBCC", website="kawa.example", contact="hello@Kawa.example")

    profile = rules.read(draft, "PLN")
    assert (profile.name, profile.brand_color) == ("Kawa", "#aabbcc")
    assert (profile.website, profile.contact) == ("https://kawa.example", "hello@kawa.example")


@pytest.mark.parametrize(
    ("text", "minor"),
    [
        ("12.50", 1250),
        ("12,5", 1250),
        (" 1 234,50 ", 123450),
        ("0", 0),
        ("1,000", None),
        ("1.234,50", None),
        ("-5", None),
        ("", None),
        ("12.", None),
        ("x", None),
        ("9" * 12 + ".99", 10**14 - 1),
        ("9" * 13, None),
        ("1e9999999", None),
        ("NaN", None),
        ("Infinity", None),
        ("-0", None),
        ("1" * 500, None),
        ("\u200b12.50\u2060", 1250),
        ("\uff11\uff12", None),
    ],
)
def test_an_amount_is_read_with_a_comma_or_a_point(text, minor):
    assert rules.read_money(text, "PLN") == minor


def test_an_amount_has_no_more_decimals_than_its_currency():
    assert (rules.read_money("1,000", "BHD"), rules.read_money("500", "JPY"), rules.read_money("5.0", "JPY")) == (
        1000,
        500,
        None,
    )
