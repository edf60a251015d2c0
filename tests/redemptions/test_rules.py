"""What was scanned, and when a voucher may be redeemed."""

from dataclasses import replace
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
        ("\u200bsun\u200b-\xadabcd\u2060\ufeff", CodeText("SUNABCD")),
        ("SUN\x00ABCD\x1d", CodeText("SUNABCD")),
        ("https://Kawa.example:8443/redeem?code=sun%E2%80%8Babcd", CodeText("SUNABCD", "kawa.example")),
        ("kawa.example:8443/redeem?code=SUNABCD", CodeText("SUNABCD", "kawa.example")),
        ("/redeem?code=SUNABCD", CodeText("SUNABCD")),
        ("https://kawa.example@evil.example/?code=SUNABCD", CodeText("SUNABCD", "kawa.example@evil.example")),
        ("https://kawa.example/claim/abc_DEF-1", ClaimLink("abc_DEF-1", "kawa.example")),
        ("http://localhost:8000/claim/abc/", ClaimLink("abc", "localhost")),
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


def test_a_token_is_never_kept_whole_however_it_is_broken_up():
    token = "EAbCdEfGhIjKlMnOpQrStUvWxYz0123456789_-a"

    kept = rules.kept(f"https://kawa.example/redeem?code={token}")
    assert kept.startswith("token ")
    assert {rules.kept(text) for text in (token, f"\u200b{token}", f"{token[:9]}\u200b{token[9:]}")} == {kept}
    assert token[:20] not in rules.kept(f"pay {token[:30]}\u2060{token[30:]} now")


def test_what_is_kept_is_one_line():
    assert rules.kept(" no\x00such\ntext\ud800 ") == "no such text"


@given(st.text(max_size=300) | st.from_regex(r"[a-z]*://.{0,40}"))
def test_whatever_is_scanned_is_something(text):
    assert isinstance(rules.recognise(text), CodeText | ClaimLink | Foreign | Unreadable)


GOOD = rules.Facts(
    CodeStatus.CLAIMED,
    disabled=False,
    is_frozen=False,
    expires_at=NOON + timedelta(seconds=1),
    holder_id=7,
    minimum=2500,
)
ORDER = (
    (Reason.DISABLED, {"disabled": True}),
    (Reason.ALREADY_REDEEMED, {"status": CodeStatus.REDEEMED}),
    (Reason.REDEMPTION_FROZEN, {"is_frozen": True}),
    (Reason.EXPIRED, {"expires_at": NOON}),
    (Reason.NOT_HOLDER, {"holder_id": 8}),
    (Reason.MIN_PURCHASE, {"minimum": 2501}),
)
"""What is checked, in the order of product.md, section 3, and what makes a good voucher fail it."""


def test_a_good_voucher_has_nothing_against_it():
    assert rules.refusals(GOOD, NOON) == ()
    assert rules.refusals(GOOD, NOON, member_id=7, amount=2500) == ()


@pytest.mark.parametrize("number", range(len(ORDER)))
def test_the_first_reason_wins_and_the_others_follow(number):
    facts = GOOD
    for _, change in ORDER[number:]:
        facts = replace(facts, **change)

    assert rules.refusals(facts, NOON, member_id=7, amount=2500) == tuple(reason for reason, _ in ORDER[number:])


def test_what_nobody_holds_has_no_wrong_holder():
    unclaimed = replace(GOOD, status=CodeStatus.ACTIVE, holder_id=None)

    assert rules.refusals(unclaimed, NOON, member_id=7) == (Reason.NOT_CLAIMED,)
    assert rules.refusals(replace(unclaimed, disabled=True), NOON) == (Reason.DISABLED, Reason.NOT_CLAIMED)


@pytest.mark.parametrize(("amount", "reasons"), [(2499, (Reason.MIN_PURCHASE,)), (2500, ()), (None, ())])
def test_the_basket_is_checked_when_it_is_told(amount, reasons):
    assert rules.refusals(GOOD, NOON, amount=amount) == reasons


def test_the_member_is_checked_when_they_are_told():
    assert rules.refusals(GOOD, NOON, member_id=8) == (Reason.NOT_HOLDER,)
    assert rules.refusals(replace(GOOD, holder_id=None), NOON, member_id=8) == (Reason.NOT_HOLDER,)


@pytest.mark.parametrize(("seconds", "reasons"), [(1, ()), (0, (Reason.EXPIRED,)), (-1, (Reason.EXPIRED,))])
@pytest.mark.requirement("S0-26")
def test_a_voucher_is_over_from_its_last_instant_on(seconds, reasons):
    assert rules.refusals(replace(GOOD, expires_at=NOON + timedelta(seconds=seconds)), NOON) == reasons


def test_undoing_says_what_it_does_before_it_is_done():
    assert rules.say_effects("CUP-ABCD", "20 points", None)[:2] == [
        "Code CUP-ABCD can be redeemed again.",
        "20 points leave the member's balance, also below zero.",
    ]
    assert len(rules.say_effects("CUP-ABCD", "", None)) == 2
    assert rules.say_effects("CUP-ABCD", "", Reason.DISABLED)[0] == (
        "Code CUP-ABCD cannot be redeemed again: it is disabled."
    )


USED = replace(GOOD, status=CodeStatus.REDEEMED)
SCAN = replace(USED, holder_id=None, minimum=None, is_scan=True)


@pytest.mark.parametrize(
    ("facts", "stands"),
    [
        (USED, None),
        (SCAN, None),
        (replace(USED, disabled=True, is_frozen=True), Reason.DISABLED),
        (replace(USED, is_frozen=True, expires_at=NOON), Reason.REDEMPTION_FROZEN),
        (replace(USED, expires_at=NOON), Reason.EXPIRED),
        (replace(GOOD, is_honoured=True, expires_at=NOON), Reason.EXPIRED),
        (replace(USED, is_forsaken=True), Reason.DISABLED),
        (replace(SCAN, is_forsaken=True), None),
        (replace(SCAN, is_paused=True), Reason.BATCH_PAUSED),
        (replace(SCAN, is_retired=True), Reason.KEY_RETIRED),
    ],
)
def test_what_is_undone_is_as_good_as_the_next_scan_will_find_it(facts, stands):
    assert rules.stands_after_undo(facts, NOON) is stands


def test_whatever_may_stand_against_a_code_is_said_in_words():
    of_people = {Reason.LOGIN_REQUIRED, Reason.NOT_CLAIMED, Reason.NOT_HOLDER, Reason.MIN_PURCHASE}
    assert {reason for reason, _ in rules.CHECKS} - of_people - {Reason.ALREADY_REDEEMED} == set(rules.STANDS)


def test_an_undone_redemption_says_by_whom_when_and_why():
    assert rules.say_undone("Lena", "12:05", "Wrong guest") == "Undone by Lena at 12:05: Wrong guest"
    assert rules.say_undone("", "12:05", "") == "Undone by — at 12:05"
