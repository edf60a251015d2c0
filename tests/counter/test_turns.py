"""Each code in view is tried once, and of two vouchers neither: the customer may have meant to keep one."""

from typing import Any

import pytest

from tests.counter import scripts

KAWA = "https://kawa.example"
LINK = f"{KAWA}/redeem?code=SUN-2026"
CLAIM = f"{KAWA}/en-us/claim/abc"
MENU = "https://elsewhere.example/menu"
LOOK = 120
"""Milliseconds from one look to the next."""


def candidates(*texts: str) -> list[str]:
    """Return what is worth trying of the texts that one look has read."""
    return scripts.ask(("verdict.jsx", "turns.jsx"), "return candidates(told[0]).map((one) => one.text);", texts)


def watched(*scenes: tuple[int, list[str]], answers_after: int = 0, every: int = LOOK) -> list[Any]:
    """Hold texts before the camera for so many milliseconds; return what was tried, and what was said of two."""
    looks = []
    for milliseconds, texts in scenes:
        looks += [texts] * (milliseconds // every)
    return scripts.ask(
        ("verdict.jsx", "turns.jsx"),
        """
        const turns = makeTurns();
        const said = [];
        let now = 0, busyUntil = 0;
        for (const texts of told[0]) {
            now += told[1];
            const fire = (text) => {
                if (now < busyUntil) return false;
                busyUntil = now + told[2];
                return Boolean(said.push(text));
            };
            const { areTwo, isOneAnswered } = turns.look(texts, fire, now);
            const word = areTwo ? (isOneAnswered ? "another" : "two") : "";
            if (word && said.at(-1) !== word) said.push(word);
        }
        return said;
        """,
        looks,
        every,
        answers_after,
    )


@pytest.mark.parametrize(
    ("texts", "worth"),
    [
        (["SUN-2026"], ["SUN-2026"]),
        ([MENU, "SUN-2026"], ["SUN-2026"]),
        ([CLAIM, "SUN-2026"], ["SUN-2026"]),
        ([LINK, "sun2026"], [LINK]),
        (["SUN-2026", "RAIN-2026", MENU], ["SUN-2026", "RAIN-2026"]),
        ([MENU, CLAIM], [CLAIM]),
        ([MENU, "https://elsewhere.example/other"], [MENU]),
        ([], []),
    ],
    ids=str,
)
def test_of_what_is_read_a_voucher_is_tried_before_anything_else(texts, worth):
    assert candidates(*texts) == worth


def test_a_voucher_is_tried_at_the_first_look_and_once_for_as_long_as_it_stays():
    assert watched((LOOK, ["SUN-2026"])) == ["SUN-2026"]
    assert watched((9000, ["SUN-2026"])) == ["SUN-2026"]
    assert watched((1200, ["SUN-2026"]), (2040, []), (1200, ["SUN-2026"])) == ["SUN-2026"]
    assert watched((1200, ["SUN-2026"]), (3000, []), (1200, ["SUN-2026"])) == ["SUN-2026", "SUN-2026"]


def test_on_a_tablet_that_looks_seldom_nothing_leaves_the_view_between_two_looks():
    both = ["SUN-2026", "RAIN-2026"]

    assert watched((60_000, ["SUN-2026"]), every=3000) == ["SUN-2026"]
    assert watched((30_000, ["SUN-2026"]), (30_000, []), (30_000, ["SUN-2026"]), every=3000) == ["SUN-2026"] * 2
    assert watched((6000, both), (3000, ["RAIN-2026"]), (6000, both), every=3000) == ["two"]


def test_of_two_vouchers_neither_is_tried_until_one_is_gone():
    both = ["SUN-2026", "RAIN-2026"]

    assert watched((9000, both)) == ["two"]
    assert watched((3000, both), (1200, ["RAIN-2026"])) == ["two", "RAIN-2026"]
    assert watched((3000, both), (1200, ["RAIN-2026"]), (1200, []), (1200, ["SUN-2026"])) == [
        "two",
        "RAIN-2026",
        "SUN-2026",
    ]


def test_two_vouchers_of_which_each_look_reads_one_are_two_all_the_same():
    assert watched((1200, ["SUN-2026", "RAIN-2026"]), *[(LOOK, ["SUN-2026"]), (LOOK, ["RAIN-2026"])] * 8) == ["two"]
    assert watched(*[(LOOK, ["SUN-2026"]), (LOOK, ["RAIN-2026"])] * 8) == ["SUN-2026", "another"]


def test_a_voucher_beside_one_that_was_answered_waits_until_it_lies_alone():
    both = ["SUN-2026", "RAIN-2026"]

    assert watched((600, ["SUN-2026"]), (6000, both)) == ["SUN-2026", "another"]
    assert watched((600, ["SUN-2026"]), (3000, both), (1200, ["RAIN-2026"])) == ["SUN-2026", "another", "RAIN-2026"]
    assert watched((600, ["SUN-2026"]), (3000, both), (3000, ["SUN-2026"])) == ["SUN-2026", "another"]


def test_one_voucher_after_another_is_never_called_two():
    assert watched((1200, ["SUN-2026"]), (1200, ["RAIN-2026"])) == ["SUN-2026", "RAIN-2026"]
    assert watched((600, ["SUN-2026"]), (720, ["RAIN-2026"]), (720, ["SUN-2026"])) == ["SUN-2026", "RAIN-2026"]


def test_what_is_no_voucher_waits_for_one_that_may_lie_beside_it():
    assert watched((360, [MENU]), (3000, [MENU, "SUN-2026"])) == ["SUN-2026"]
    assert watched((3000, [MENU])) == [MENU]
    assert watched((3000, ["SUN-2026", MENU]), (1200, [MENU])) == ["SUN-2026", MENU]


def test_a_voucher_that_comes_while_another_is_answered_gets_its_turn():
    assert watched((1200, ["SUN-2026"]), (3000, ["RAIN-2026"]), answers_after=2500) == ["SUN-2026", "RAIN-2026"]
