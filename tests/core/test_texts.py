"""What no database stores is left out of what people type, and both databases find it in any case and script."""

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st

from loyalty_app.core import database as databases
from loyalty_app.core.texts import Redaction, contains, has_words, line, storable


@given(st.text(st.characters(exclude_categories=[])))
def test_any_text_becomes_one_that_can_be_stored(text):
    kept = storable(text)

    assert "\0" not in kept
    assert kept.encode().decode() == kept


def test_ordinary_text_stays_as_it_is():
    assert storable("Café Aurora, قهوة\n☕") == "Café Aurora, قهوة\n☕"


def is_true(condition):
    with databases.reading() as session:
        return bool(session.execute(sa.select(condition)).scalar())


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("Łukasz Żak", "łuk"),
        ("łukasz żak", "ASZ ŻA"),
        ("Анна Петрова", "анна"),
        ("ГазПром", "газпром"),
        ("Mesut Özil", "öZIL"),
        ("قهوة", "هو"),
        ("李 小龍", "小"),
        ("Ana Ruiz", "aNA r"),
        ("100% [ä*b]?/\\_", "100% [Ä*B]?/\\_"),
        ("Γιώργος", "ΓΙΏΡΓΟΣ"),
        ("ΓΙΏΡΓΟΣ", "γιώργος"),
    ],
)
def test_a_part_is_found_in_any_case_and_script(database, text, part):
    assert is_true(contains(sa.literal(text), part))


@pytest.mark.parametrize("part", ["%", "_", "*", "?", "[ä]", "ä%", "ä_", "ä*", "ä?", "\\", "/", "b", "a"])
def test_no_character_means_any_other(database, part):
    assert not is_true(contains(sa.literal("xäyz"), part))


def test_each_word_is_in_one_of_the_texts(database):
    name, email = sa.literal("Ana Ruiz-Żak"), sa.literal("ana@café.example")

    for text in ("Ruiz Ana", "ŻAK", "  CAFÉ ruiz ", "żak żak", ""):
        assert is_true(has_words(text, name, email)), text
    for text in ("Ruiz Ben", "anaruiz", "żak %"):
        assert not is_true(has_words(text, name, email)), text


@pytest.mark.parametrize("told", ["Анна ГАЗпром", "\\u0413\\u0430\\u0437\\u041f\\u0440\\u043e\\u043c"])
def test_where_somebody_may_be_named_is_looked_at_in_any_case_and_as_json(database, told):
    assert is_true(Redaction(("ГазПром",)).may_be_in(sa.literal(told)))

    assert is_true(Redaction(("ΓΙΏΡΓΟΣ",)).may_be_in(sa.literal("κ. Γιώργος ήρθε")))


@given(st.text(st.characters(exclude_categories=[])))
def test_any_text_becomes_one_line_that_is_printable_and_stays_so(text):
    said = line(text)

    assert said.isprintable()
    assert said == said.strip() == line(said) == storable(said)


def test_what_is_only_for_formatting_takes_no_room_and_what_parts_words_does():
    assert line("\u200bsun\u200b-20\xad26\r\n") == "sun-2026"
    assert line("one\ntwo\x00three\u3000four") == "one two three four"
