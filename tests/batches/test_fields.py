"""Answers are kept in one form, and what will not do is said at its own question."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loyalty_app.batches import fields
from loyalty_app.batches.fields import Field, FieldType


def answered(kind, answer, *, choices=(), is_required=True):
    kept, problems = fields.check([Field("Q", kind, is_required, choices)], {"Q": answer})
    assert bool(kept) != bool(problems) or not (is_required or answer.strip())
    return kept.get("Q")


@pytest.mark.parametrize(
    ("kind", "answer", "kept"),
    [
        (FieldType.TEXT, "  Ana \n Ruiz\0 ", "Ana Ruiz"),
        (FieldType.TEXT, "e\u0301", "é"),
        (FieldType.TEXT, "x" * 300, "x" * 300),
        (FieldType.EMAIL, "ana@example.com", "ana@example.com"),
        (FieldType.PHONE, "+48 (600) 700-800", "+48 (600) 700-800"),
        (FieldType.PHONE, "٠٦٠٠٧٠٠", "0600700"),
        (FieldType.NUMBER, "-1,5", "-1,5"),
        (FieldType.NUMBER, "۱۲", "12"),
        (FieldType.DATE, "2026-02-28", "2026-02-28"),
        (FieldType.AGREE, "yes", "yes"),
    ],
)
def test_a_good_answer_is_kept_in_one_form(kind, answer, kept):
    assert answered(kind, answer) == kept


@pytest.mark.parametrize(
    ("kind", "answer"),
    [
        (FieldType.TEXT, " \t\0 "),
        (FieldType.TEXT, "x" * 301),
        (FieldType.EMAIL, "ana"),
        (FieldType.PHONE, "-----"),
        (FieldType.PHONE, "1234"),
        (FieldType.PHONE, "+48 600 700 800 ext 5"),
        (FieldType.NUMBER, "1e3"),
        (FieldType.NUMBER, "=1+1"),
        (FieldType.NUMBER, "²"),
        (FieldType.NUMBER, "9" * 16),
        (FieldType.DATE, "2026-02-30"),
        (FieldType.DATE, "tomorrow"),
        (FieldType.AGREE, "no"),
    ],
)
def test_an_answer_that_will_not_do_is_refused(kind, answer):
    assert answered(kind, answer) is None


@pytest.mark.parametrize("answer", ["", "  ", "\0"])
@pytest.mark.parametrize("kind", FieldType)
def test_what_is_not_required_may_stay_empty(kind, answer):
    assert fields.check([Field("Q", kind, is_required=False)], {"Q": answer}) == ({}, {})
    assert fields.check([Field("Q", kind, is_required=False)], {}) == ({}, {})


@pytest.mark.parametrize("choice", ["S", "Extra  large", " M ", "e\u0301clair"])
def test_every_choice_can_be_chosen_however_it_was_written_down(choice):
    kept = answered(FieldType.CHOICE, choice, choices=(choice, "Other"))

    assert kept == fields.normal(choice)
    assert answered(FieldType.CHOICE, "Another", choices=(choice, "Other")) is None


@given(st.sampled_from([*FieldType]), st.text(max_size=400), st.booleans())
def test_any_answer_is_kept_or_refused_and_what_is_kept_stays_good(kind, answer, is_required):
    field = Field("Q", kind, is_required, ("S", "M") if kind is FieldType.CHOICE else ())
    kept, problems = fields.check([field], {"Q": answer, "nobody asked": "x"})

    assert kept.keys() | problems.keys() <= {"Q"}
    if kept:
        assert fields.check([field], kept) == (kept, {})
        assert "\0" not in kept["Q"]
        kept["Q"].encode()
