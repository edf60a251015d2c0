"""What was scanned, and when a voucher may be redeemed."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loyalty_app.codes.models import CodeStatus
from loyalty_app.core.reasons import Reason
from loyalty_app.redemptions import rules
from loyalty_app.redemptions.rules import ClaimLink, CodeText, Foreign, Unreadable
from tests.builders import NOON


@pytest.mark.parametrize(
    ("text", "scanned"),
    [
        ("SUN-ABCD-EFGH-JK", CodeText("SUNABCDEFGHJK")),
        ("  sun abcd efgh jk\r\n", CodeText("SUNABCDEFGHJK")),
        ("ＳＵＮ－ＡＢＣＤ", CodeText("SUNABCD")),  # noqa: RUF001 - a full-width keyboard
        ("https://kawa.example/claim/abc_DEF-1", ClaimLink("abc_DEF-1")),
        ("http://localhost:8000/claim/abc/", ClaimLink("abc")),
        ("/claim/abc?from=poster", ClaimLink("abc")),
        ("https://kawa.example/claim/", Foreign()),
        ("https://kawa.example/", Foreign()),
        ("WIFI://guest", Foreign()),
        ("http://[broken", Foreign()),
        ("", Unreadable()),
        ("?", Unreadable()),
        ("5.99 EUR, please!", Unreadable()),
        ("A" * 201, Unreadable()),
        ("A-" * 500, Unreadable()),
    ],
)
def test_a_text_is_recognised(text, scanned):
    assert rules.recognise(text) == scanned


@given(st.text(max_size=300) | st.from_regex(r"[a-z]*://.{0,40}"))
def test_whatever_is_scanned_is_something(text):
    assert isinstance(rules.recognise(text), CodeText | ClaimLink | Foreign | Unreadable)


@pytest.mark.parametrize(
    ("status", "expires_in", "reason"),
    [
        (CodeStatus.CLAIMED, 1, None),
        (CodeStatus.CLAIMED, 0, Reason.EXPIRED),
        (CodeStatus.ACTIVE, 1, Reason.NOT_CLAIMED),
        (CodeStatus.ACTIVE, -1, Reason.EXPIRED),
        (CodeStatus.REDEEMED, 1, Reason.ALREADY_REDEEMED),
        (CodeStatus.REDEEMED, -1, Reason.ALREADY_REDEEMED),
    ],
)
def test_the_first_reason_wins(status, expires_in, reason):
    assert rules.refusal(status, NOON + timedelta(seconds=expires_in), NOON) is reason
