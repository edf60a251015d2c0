"""What the form sends is read whatever it is, and what is said beside it is true."""

import json
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loyalty_app.batches.fields import Field, FieldType
from loyalty_app.batches.scans import ScanDraft
from loyalty_app.core import times
from loyalty_app.qr.drawing import Facts
from loyalty_app.scanforms import rules

WORDS = st.text(st.characters(exclude_categories=["Cs", "Cc", "Zs", "Zl", "Zp"]), min_size=1, max_size=20)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from(["key", "value", "label", "type", "x"]), inner),
)


@given(st.lists(st.tuples(WORDS, WORDS), max_size=rules.MOST_ROWS))
def test_parameters_come_back_as_they_were_sent(rows):
    assert rules.parameters_of(rules.parameters_as(rows)) == tuple(rows)


@given(
    st.lists(
        st.builds(Field, WORDS, st.sampled_from([*FieldType]), st.booleans(), st.just(())).map(
            lambda field: (
                Field(field.label, field.type, field.is_required, ("S", "M"))
                if field.type is FieldType.CHOICE
                else field
            )
        ),
        max_size=12,
    )
)
def test_questions_come_back_as_they_were_sent(fields):
    assert rules.fields_of(rules.fields_as(fields)) == tuple(fields)


@given(st.text() | JSON.map(json.dumps) | st.sampled_from(["[" * 50_000, "[NaN]", '[{"key": "\\ud800\\u0000"}]']))
def test_whatever_a_stranger_sends_is_read_without_an_error(text):
    assert all(isinstance(part, str) for row in rules.parameters_of(text) for part in row)
    assert all(isinstance(field, Field) for field in rules.fields_of(text))
    json.dumps([*rules.parameters_of(text)]).encode()


def test_answers_to_choose_from_are_read_line_by_line():
    sent = json.dumps(
        [{"label": " Size ", "type": "choice", "choices": "S\n\n M \nExtra  large\n", "is_required": False}]
    )

    assert rules.fields_of(sent) == (
        Field("Size", FieldType.CHOICE, is_required=False, choices=("S", "M", "Extra large")),
    )


@pytest.mark.requirement("S0-6")
def test_there_are_five_steps_and_one_is_done_when_nothing_is_missing_from_it():
    steps = rules.steps({"expires_on": "Choose a day.", "fields": "Two fields have the same label."})

    assert [(step.number, step.words) for step in steps] == [
        (1, "Create Batch"),
        (2, "Parameters"),
        (3, "Number and prefix"),
        (4, "Expiry and address"),
        (5, "Preview and submit"),
    ]
    assert [step.is_done for step in steps] == [True, True, True, False, False]


def test_the_last_step_is_done_when_nothing_is_missing_at_all():
    assert not rules.steps({"quantity": "Enter a whole number."})[-1].is_done
    assert not rules.steps({"name": "Give the batch a name."})[-1].is_done
    assert all(step.is_done for step in rules.steps({}))


@pytest.mark.parametrize(
    ("zone", "now", "sentence"),
    [
        ("Europe/Warsaw", "2026-12-01T12:00+01:00", "Thu 31 Dec 2026, 23:59 Europe/Warsaw (22:59 UTC), 30 days left."),
        ("Europe/Warsaw", "2026-12-30T23:59+01:00", "Thu 31 Dec 2026, 23:59 Europe/Warsaw (22:59 UTC), 1 day left."),
        ("Europe/Warsaw", "2026-12-31T23:59+01:00", "(22:59 UTC), last day today."),
        ("Pacific/Tongatapu", "2026-12-31T01:00+13:00", "23:59 Pacific/Tongatapu (10:59 UTC), last day today."),
        ("Pacific/Pago_Pago", "2026-12-30T01:00-11:00", "Pacific/Pago_Pago (Fri 1 Jan 2027, 10:59 UTC), 1 day left."),
        ("UTC", "2026-12-30T01:00Z", "Thu 31 Dec 2026, 23:59 UTC, 1 day left."),
    ],
)
@pytest.mark.requirement("S0-10")
def test_the_expiry_sentence_tells_the_last_minute_here_and_in_utc(zone, now, sentence):
    closes_at = times.end_of_day(datetime(2026, 12, 31, tzinfo=UTC).date(), zone)

    said = rules.say_expiry(closes_at, zone, "en-GB", now=datetime.fromisoformat(now))
    assert said.startswith("Codes are valid through Thu 31 Dec 2026, 23:59 ")
    assert said.endswith(sentence)


def test_a_day_that_is_over_is_called_over():
    now = datetime(2026, 12, 31, tzinfo=ZoneInfo("Europe/Warsaw"))

    assert rules.say_expiry(now, "Europe/Warsaw", "en-GB", now=now) == "This day is over."


@pytest.mark.parametrize(
    ("version", "is_warned", "is_dense"), [(10, False, False), (11, True, False), (16, True, True)]
)
def test_a_dense_code_is_warned_of(version, is_warned, is_dense):
    facts = Facts(version, 17 + 4 * version)

    assert bool(rules.warn(facts)) is is_warned
    assert rules.is_too_dense(facts) is is_dense


def test_the_print_size_is_said_with_its_reason():
    words = rules.say_print(Facts(5, 37))

    assert "at least 18 mm wide" in words
    assert "45 modules a side has 0.4 mm" in words


@pytest.mark.parametrize(
    ("link", "hint"),
    [
        ("http://localhost/redeem", "Only this computer knows localhost"),
        ("http://shop.example/", "not secure"),
        ("https://shop.example/redeem?code=x", ""),
    ],
)
def test_another_page_is_looked_at_before_it_is_printed(link, hint):
    hints = rules.hints(link, "https://loyalty.example/admin", is_ours=False)

    assert hint in "".join(hints)
    assert bool(hints) is bool(hint)


def test_the_review_leaves_nothing_out():
    draft = ScanDraft(
        name="Cup sleeves",
        quantity="20000",
        expires_on="2026-12-31",
        parameters=(("Points", "20"), ("shop", "Old Town"), ("", "")),
        prefix="sun",
        title="",
        description="Thanks.",
        offer_id="7",
        fields=(Field("Size", FieldType.CHOICE, choices=("S", "M")), Field("Mail", FieldType.EMAIL, is_required=False)),
    )

    told = rules.reviewed(draft, until="Until.", base_url="https://shop.example/", offer="Free coffee", locale="en-GB")
    assert dict(told) == {
        "Parameters": ["Points = 20", "shop = Old Town"],
        "Number of Codes": ["20,000"],
        "Code Prefix": ["SUN"],
        "Codes": ["Safe: letters and digits without look-alikes, 10 characters"],
        "Expiry Date": ["Until."],
        "Base Redirect URL": ["https://shop.example/"],
        "Landing page": [
            "Free coffee",
            "Thanks.",
            "Other texts and the picture are copied from the offer “Free coffee”.",
        ],
        "Required information": ["Size: one of S, M, required", "Mail: e-mail address, optional"],
        "Batch name": ["Cup sleeves"],
    }
