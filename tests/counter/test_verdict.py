"""The tablet judges as the server does: both are asked the same questions."""

import base64
from datetime import timedelta
from typing import Any

import pytest

from loyalty_app.codes import alphabet
from loyalty_app.codes.models import CodeStatus
from loyalty_app.core.reasons import Reason
from loyalty_app.counter import rules
from loyalty_app.counter.rules import Held, Listing, Offered, Standing
from loyalty_app.counter.state import MOST_READ, printable
from loyalty_app.offers.models import Promise, RewardKind
from loyalty_app.program.models import Program
from loyalty_app.redemptions import rules as redemptions
from tests.builders import NOON
from tests.counter import scripts

SALT = bytes(range(rules.SALT_BYTES))
DAY = timedelta(days=1)
TOKEN = "EAbCdEfGhIjKlMnOpQrStUvWxYz0123456789_-a"

KAWA = "https://kawa.example"
TEXTS = [
    *("SUN-2026", " sun 2026 ", "sun\u201320\u221226", "\u3000\uff33\uff35\uff2e\uff12\uff10\uff12\uff16", "a.b_c-d"),
    *("abc", "ab cd\u200b", "x" * 40, "x" * 41, "stra\u00dfe", "\u0131i\u0130I", "x" * 199, "", "   ", "no!"),
    *("-" * 196 + "ABCD", "-" * 197 + "ABCD", "\x1fSUN2\x85026", "\ufeffSUN2026", TOKEN, TOKEN.lower()),
    *(f"{KAWA}/redeem?code={TOKEN}", f"{KAWA}/redeem?code=SUN-2026", "kawa.example/redeem?code=SUN%2D2026"),
    *(f"{KAWA}/redeem?code=&code=SUN+2026", f"{KAWA}/redeem?code=one1&code=two2#code=three", "a&code=SUN2026"),
    *(f"{KAWA}/en-us/claim/abc", f"{KAWA}/claim/", "/claim/abc", "/claim/abc/", "claim/abc", "https://claim/abc"),
    *("https://elsewhere.example/menu", "http://", "://", "?code=SUN2026"),
    *("\u200bSUN\u200b-20\u206026\ufeff", "S\xadU\u202eN2026", "SUN\U000e00202026", f"{TOKEN[:9]}\u200b{TOKEN[9:]}"),
    *("SUN\x002026\x1d", "\ue000SUN2026", "\ud800SUN2026", "\u200b", f" \u200b{KAWA}/redeem?code=SUN%E2%80%8B2026"),
    *(
        f"{KAWA}/re\u200bdeem?code={TOKEN[:9]}%E2%81%A0{TOKEN[9:]}",
        f"{KAWA}/cl\u00adaim/a\u200bbc",
        "a b?code=SUN 2026",
    ),
    *(
        "https://Elsewhere.example:8443/?code=SAVE20",
        "elsewhere.example:8443/?code=SAVE20",
        "//elsewhere.example/claim/x",
    ),
    *(
        "http://[broken?code=SUN2026",
        "http://[::1]:8000/?code=SUN2026",
        "https://u@kawa.example/claim/x",
        "k:?code=SUN2026",
    ),
    *(f"Your coffee: {KAWA}/redeem?code=SUN2026X", f"Join: {KAWA}/claim/abc", f"Join:{KAWA}/claim/abc"),
    *(f"Coffee? {KAWA}/redeem?code=SUN2026X", f"kawa.example/redeem?code=SUN2026&from={KAWA}/", f"5/5: {KAWA}/menu"),
]


def ask(question: str, *told: object) -> Any:
    """Run what a tablet judges by, and return what it answers."""
    return scripts.ask(("verdict.jsx",), question, *told)


def as_told(text: str) -> dict[str, str]:
    """Return what the server makes of a text, in the tablet's words."""
    match redemptions.recognise(text):
        case redemptions.CodeText(code, host):
            return {"is": "code", "code": code, "host": host}
        case redemptions.TokenText():
            return {"is": "token"}
        case redemptions.ClaimLink(_, host):
            return {"is": "claim", "host": host}
        case redemptions.Foreign():
            return {"is": "foreign"}
        case redemptions.Unreadable():
            return {"is": "unreadable"}


def test_both_make_the_same_of_what_is_scanned_or_typed():
    at_the_counter = [as_told(printable(text, MOST_READ)) for text in TEXTS]

    assert ask("return told[0].map((text) => recognised(cut(text)));", TEXTS) == at_the_counter
    # What other doors are sent is not printed first.
    assert [as_told(text) for text in TEXTS] == at_the_counter


def test_a_link_is_to_elsewhere_only_where_the_list_knows_where_ours_lead():
    told = {"head": {"hosts": ["kawa.example"]}}

    assert ask(
        "return told[1].map((host) => isElsewhere(host, told[0]));", told, ["kawa.example", "", "x.example"]
    ) == [
        False,
        False,
        True,
    ]
    assert ask("return isElsewhere('x.example', null);") is False


def test_a_link_to_where_the_tablet_itself_is_never_leads_elsewhere():
    told = {"head": {"hosts": ["localhost"]}}

    assert ask(
        "globalThis.location = { hostname: '192.168.1.20' }; return told[1].map((host) => isElsewhere(host, told[0]));",
        told,
        [ask("return recognised(told[0]).host;", "http://192.168.1.20:8000/redeem?code=SUN2026"), "192.168.1.21"],
    ) == [False, True]


def test_a_link_is_found_in_a_long_text_at_once():
    texts = [
        f"{start}{KAWA}/?code=SUN2026" for start in ("x" * 200_000, "x:" * 100_000, "x? " * 70_000, "# " * 100_000)
    ]

    assert ask(
        """
        const from = performance.now();
        const hosts = told[0].map((text) => recognised(text).host);
        return [hosts, performance.now() - from < 5000];
        """,
        texts,
    ) == [["kawa.example"] * 4, True]


def test_both_cut_a_long_text_at_the_same_letter():
    texts = ["x" * 999 + "yz", "\U0001f600" * 1200, f"{KAWA}/redeem?pad={'A' * 1000}&code=SUN2026", "short"]

    assert ask("return told[0].map(cut);", texts) == [printable(text, MOST_READ) for text in texts]


def test_both_write_a_code_in_the_same_form():
    assert ask("return told[0].map(normal);", TEXTS) == [alphabet.normal(text) or "" for text in TEXTS]


VERDICTS = {
    Reason.DISABLED: "off",
    Reason.ALREADY_REDEEMED: "used",
    Reason.REDEMPTION_FROZEN: "frozen",
    Reason.EXPIRED: "expired",
    Reason.MIN_PURCHASE: "minimum",
    None: "good",
}
STANDINGS = {
    Standing.GOOD: (CodeStatus.CLAIMED, False),
    Standing.USED: (CodeStatus.REDEEMED, False),
    Standing.OFF: (CodeStatus.CLAIMED, True),
}


def test_both_find_the_same_reason_first():
    cases = [
        (standing, frozen, late, minimum, amount)
        for standing in Standing
        for frozen in (False, True)
        for late in (-1, 0, 1)
        for minimum, amount in ((None, None), (None, 100), (2000, 1999), (2000, 2000))
    ]
    told, expected = [], []
    for standing, frozen, late, minimum, amount in cases:
        status, disabled = STANDINGS[standing]
        facts = redemptions.Facts(status, disabled, frozen, NOON, 1, minimum)
        reasons = redemptions.refusals(facts, NOON + timedelta(milliseconds=late), amount=amount)
        expected.append(VERDICTS[next(iter(reasons), None)])
        voucher = {"standing": standing, "frozen": frozen, "minimum": minimum, "endsAt": 0}
        told.append([voucher, late] + ([] if amount is None else [amount]))

    assert ask("return told[0].map((one) => judged(...one));", told) == expected


def test_the_basket_is_asked_for_before_anything_is_promised():
    voucher = {"standing": "", "frozen": False, "minimum": 2000, "endsAt": 1}
    assert ask("return judged(told[0], 0);", voucher) == "basket"


READ = "const list = unpacked(Uint8Array.from(atob(told[0]), (one) => one.charCodeAt(0)).buffer);"


def test_a_list_of_another_version_is_not_read(monkeypatch):
    program = Program(name="Kawa", time_zone="Europe/Warsaw", currency="PLN", locale="en-GB")
    listing = Listing([], {}, program, NOON)
    head = ask(f"{READ} return list.head;", base64.b64encode(rules.packed(listing, SALT)).decode())
    # Whoever changes what it says gives it another number, on both sides.
    assert (head["format"], set(head)) == (
        3,
        {
            *("format", "salt", "at", "program", "locale", "hosts", "basket", "undoMinutes"),
            *("batches", "ends", "kinds", "count", "wide"),
        },
    )

    monkeypatch.setattr(rules, "FORMAT", 2)
    assert ask(f"{READ} return list;", base64.b64encode(rules.packed(listing, SALT)).decode()) is None


@pytest.mark.parametrize("ends", [1, 70_000])
def test_the_tablet_finds_every_code_of_the_list_and_no_other(ends):
    promise = Promise(title="One coffee", reward_kind=RewardKind.ITEM, reward_value=0, reward_item="Any size")
    program = Program(name="Kawa", time_zone="Europe/Warsaw", currency="PLN", locale="en-GB")
    codes = [f"CODE{number:06}" for number in range(max(300, ends))]
    vouchers = [Held(code, 1 + place % 2, NOON + timedelta(seconds=place % ends)) for place, code in enumerate(codes)]
    vouchers[7] = Held(codes[7], 2, NOON, Standing.USED)
    listing = Listing(
        vouchers, {1: Offered(promise, is_frozen=False), 2: Offered(promise, is_frozen=True)}, program, NOON
    )
    body = base64.b64encode(rules.packed(listing, SALT)).decode()
    asked = [*codes[:50], *codes[-50:], "ELSEWHERE1", "ELSEWHERE2"]

    found = ask(
        READ
        + """
        const all = [];
        for (const code of told[1]) all.push(await lookedUp(list, code));
        return all;
        """,
        body,
        asked,
    )

    assert [bool(one) for one in found] == [True] * 100 + [False] * 2
    first = found[0][0]
    assert (first["reward"], first["frozen"], first["endsAt"]) == ("Any size", False, round(NOON.timestamp() * 1000))
    assert (found[7][0]["standing"], found[7][0]["frozen"]) == ("used", True)
