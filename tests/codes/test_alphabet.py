"""Codes are random, unique, and read back however people type them."""

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loyalty_app.batches.models import Alphabet
from loyalty_app.batches.rules import CHARACTERS
from loyalty_app.codes import alphabet

PREFIXES = st.text("ABCXYZ0189", max_size=12)
CODES = st.text(string.ascii_uppercase + string.digits, min_size=4, max_size=24)
UNSEEN = ("\u200b", "\u200d", "\u2060", "\ufeff", "\N{SOFT HYPHEN}", "\u202e", "\U000e0020", "\x00", "\x1d", "\x9f")
"""What chats, right-to-left texts and hand scanners put into a text, and nobody sees."""
FULL_WIDTH = {ord(plain): ord(plain) + 0xFEE0 for plain in string.ascii_letters + string.digits + "-"}


@given(st.sampled_from(Alphabet), PREFIXES, st.integers(8, 24), st.integers(0, 300))
def test_codes_are_as_many_as_asked_for_all_different_and_of_allowed_characters(kind, prefix, length, count):
    codes = alphabet.make(prefix, CHARACTERS[kind], length, count)

    assert len(codes) == len(set(codes)) == count
    for code in codes:
        assert code.startswith(prefix)
        assert len(code) == len(prefix) + length
        assert set(code[len(prefix) :]) <= set(CHARACTERS[kind])


def test_every_possible_code_can_be_drawn():
    assert sorted(alphabet.make("", "AB", 2, 4)) == ["AA", "AB", "BA", "BB"]


@pytest.mark.parametrize("kind", Alphabet)
def test_each_character_is_equally_likely(kind):
    characters = CHARACTERS[kind]
    drawn = "".join(alphabet.make("", characters, 20, 5_000))
    expected = len(drawn) / len(characters)

    # Six standard deviations: one false alarm in some hundred million runs.
    for character in characters:
        assert abs(drawn.count(character) - expected) < 6 * expected**0.5


def test_the_safe_alphabet_has_no_look_alikes():
    assert not set("01OILU") & set(CHARACTERS[Alphabet.SAFE])


@given(CODES, st.sampled_from(["", " ", "-", " - ", "–", "\t", "_", ".", *UNSEEN]))
def test_a_code_is_recognised_with_spaces_and_dashes_anywhere(code, separator):
    assert alphabet.normal(separator + separator.join(code) + separator) == code
    assert alphabet.normal_part(separator + separator.join(code) + separator) == code


@given(CODES)
def test_a_code_is_recognised_in_lower_case_and_in_full_width(code):
    assert alphabet.normal(code.lower()) == code
    assert alphabet.normal(code.translate(FULL_WIDTH)) == code
    assert alphabet.normal(alphabet.display(code).lower().translate(FULL_WIDTH)) == code


@given(CODES, PREFIXES)
def test_what_is_displayed_reads_back_as_the_same_code(code, prefix):
    assert alphabet.normal(alphabet.display(prefix + code, prefix)) == prefix + code


@given(CODES, PREFIXES)
def test_a_code_is_displayed_in_groups_that_are_easy_to_read_aloud(code, prefix):
    groups = alphabet.display(prefix + code, prefix).split("-")[bool(prefix) :]

    assert "".join(groups) == code
    assert all(2 <= len(group) <= 5 for group in groups)


@given(st.text(max_size=60) | st.text("aBz09- ßﬁ①Ａ９\N{SOFT HYPHEN}", max_size=45))
def test_whatever_is_typed_is_a_stored_form_or_nothing(text):
    code = alphabet.normal(text)

    if code is not None:
        assert alphabet.normal(code) == code
        assert set(code) <= set(string.ascii_uppercase + string.digits)


@pytest.mark.parametrize("text", ["", "ABC", "A" * 41, "ÄBCD-EFGH", "AB/CD-EFGH", "AB:CDEFGH", "😀😀😀😀"])
def test_what_cannot_be_a_code_is_none(text):
    assert alphabet.normal(text) is None


def test_a_single_last_character_does_not_stand_alone():
    assert alphabet.display("SUNABCDEFGHJ", "SUN") == "SUN-ABCD-EFGHJ"
    assert alphabet.display("ABCDEFGHJK") == "ABCD-EFGH-JK"
