"""Which batches are acceptable, and what their numbers mean."""

from dataclasses import replace
from datetime import date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loyalty_app.batches import rules
from loyalty_app.batches.models import Alphabet, Batch, BatchStatus
from loyalty_app.batches.rules import Badge, Draft, Plan
from tests.builders import NOON

TODAY = date(2026, 6, 15)
GOOD = Draft(name=" Summer 2026 ", offer_id="1", quantity="127", expires_on="2026-12-31", prefix="sun-26")


def problems(**changes: str) -> dict[str, str]:
    found = rules.read(replace(GOOD, **changes), today=TODAY)
    return found if isinstance(found, dict) else {}


def test_a_good_draft_is_a_plan():
    assert rules.read(GOOD, today=TODAY) == Plan(
        "Summer 2026", 1, 127, date(2026, 12, 31), "SUN26", Alphabet.SAFE, 10, None
    )


@pytest.mark.parametrize(
    ("field", "text"),
    [
        ("name", "  "),
        ("name", "n" * 81),
        ("offer_id", ""),
        ("offer_id", "x"),
        ("offer_id", "12345678901"),
        ("quantity", "0"),
        ("quantity", "100001"),
        ("quantity", "-5"),
        ("quantity", "1.5"),
        ("quantity", "٣"),
        ("quantity", "9" * 5000),
        ("expires_on", ""),
        ("expires_on", "soon"),
        ("expires_on", "2026-06-14"),
        ("expires_on", "2040-01-01"),
        ("prefix", "ŁÓDŹ"),
        ("prefix", "THIRTEENCHARS"),
        ("alphabet", "runes"),
        ("channel", "pigeon"),
        ("length", "3"),
        ("length", "25"),
    ],
)
def test_a_wrong_field_is_named(field, text):
    assert problems(**{field: text}).keys() == {field}


def test_today_is_not_too_late():
    assert problems(expires_on="2026-06-15") == {}


def test_all_wrong_fields_are_named_at_once():
    assert problems(name="", quantity="", length="").keys() == {"name", "quantity", "length"}


def test_weak_settings_are_refused_with_the_odds_and_the_way_out():
    weak = problems(alphabet="alphanumeric", length="4", quantity="100000")["length"]

    assert weak == (
        "Too easy to guess: 100,000 of 1,679,616 possible codes, so 1 guess in 16 would hit."
        " At most 1 in 10,000 is safe: use at least 6 characters."
    )
    assert problems(alphabet="alphanumeric", length="6", quantity="100000") == {}


def test_more_codes_than_there_can_be_are_refused():
    weak = problems(alphabet="numeric", length="4", quantity="20000")["length"]

    assert weak == "These settings allow only 10,000 codes, fewer than 20,000. Use at least 9 characters."


@given(st.sampled_from(Alphabet), st.integers(1, rules.MOST_CODES))
def test_the_shortest_length_is_the_first_that_is_not_weak(kind, quantity):
    length = rules.shortest_length(kind, quantity)

    assert not rules.strength(kind, length, quantity).is_weak
    assert length == rules.LENGTHS.start or rules.strength(kind, length - 1, quantity).is_weak


def test_strength_is_told_in_bits():
    assert rules.strength(Alphabet.NUMERIC, 9, 1000).bits == pytest.approx(19.93, abs=0.01)


@pytest.mark.requirement("S3-3", "S3-4")
@pytest.mark.parametrize(
    ("claimed", "redeemed", "percent"),
    [
        (127, 45, 35),
        (0, 0, None),
        (1, 0, 0),
        (1, 1, 100),
        (200, 1, 1),
        (201, 1, 0),
        (8, 1, 13),
        (3, 2, 67),
        (200, 199, 100),
    ],
)
def test_the_redemption_rate_is_whole_percent_half_up(claimed, redeemed, percent):
    assert rules.redemption_rate(claimed, redeemed) == percent


@pytest.mark.parametrize(
    ("status", "claimed", "after", "badge"),
    [
        (BatchStatus.GENERATING, 0, timedelta(0), Badge.GENERATING),
        (BatchStatus.ACTIVE, 0, timedelta(0), Badge.ACTIVE),
        (BatchStatus.ACTIVE, 10, timedelta(0), Badge.SOLD_OUT),
        (BatchStatus.ACTIVE, 10, timedelta(hours=1), Badge.EXPIRED),
        (BatchStatus.PAUSED, 10, timedelta(hours=1), Badge.PAUSED),
        (BatchStatus.FAILED, 0, timedelta(0), Badge.FAILED),
    ],
)
def test_the_badge_says_what_time_and_stock_say(status, claimed, after, badge):
    batch = Batch(status=status, total=10, claimed=claimed, closes_at=NOON + timedelta(hours=1))

    assert rules.badge(batch, NOON + after) is badge


def test_a_batch_is_open_until_the_instant_it_closes():
    batch = Batch(status=BatchStatus.ACTIVE, total=10, claimed=0, closes_at=NOON)

    assert rules.badge(batch, NOON - timedelta(microseconds=1)) is Badge.ACTIVE
    assert rules.badge(batch, datetime.fromisoformat(NOON.isoformat())) is Badge.EXPIRED


@pytest.mark.requirement("S3-37")
@pytest.mark.parametrize(
    ("expected", "least", "most"), [(200, 300, 400), (1, 2, 2), (33, 50, 66), (90_000, 100_000, 100_000)]
)
def test_more_are_advised_than_expected_but_not_more_than_allowed(expected, least, most):
    assert rules.suggested(expected) == (least, most)


@pytest.mark.parametrize(
    ("link", "desk", "says"),
    [
        ("https://kawa.example/c", "https://kawa.example/admin", []),
        ("http://localhost:8000/c", "http://localhost:8000/admin", ["only this computer knows"]),
        ("http://localhost:8000/c", "http://10.0.0.5:8000/admin", ["only this computer knows", "you opened this page"]),
        ("http://kawa.example/c", "http://kawa.example/admin", ["not secure"]),
        ("https://kawa.example/c", "https://other.example/admin", ["you opened this page at other.example"]),
        ("https://kawa.example/c", "http://localhost:8000/admin", []),
        ("https://kawa.example/c", "", []),
    ],
)
@pytest.mark.requirement("S3-30")
def test_a_link_that_phones_cannot_follow_is_said_to_be_one(link, desk, says):
    hints = rules.link_hints(link, desk)

    assert len(hints) == len(says)
    assert all(part in hint for part, hint in zip(says, hints, strict=True))
