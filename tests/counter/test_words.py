"""What a tablet says, shows and sounds by itself is what the server would, outcome by outcome."""

from typing import Any

import pytest

from loyalty_app.counter import parts, rules
from loyalty_app.program.rules import read_money
from tests.counter import scripts

VOUCHER = {"reward": "One coffee", "title": "Free coffee", "minimumWords": "€20.00", "ended": "It was valid today."}
BY_ITSELF = {
    "provisional": "provisional",
    "taken": "provisional",
    "withdrawn": "undone",
    "basket": "basket",
    "again": "used",
    "here": "used",
    "unlisted": "unchecked",
    "unlistable": "unchecked",
    "lost": "problem",
}
"""The shape of what only a tablet alone says; all other verdicts are the server's too."""
AS_THE_SERVER = {name: parts._alone(name, reason) for name, reason in parts._ALONE.items()}
UNREDEEMED = {"basket", "unlisted", "unlistable", "lost"}
"""Nothing is redeemed yet, and nothing is refused either."""


def worded(verdict: str) -> dict[str, Any]:
    return scripts.ask(
        ("words.jsx",),
        "return worded({ is: told[0], voucher: told[1], at: 1 }, { words: told[2], clock: () => '10:00', listAt: 1 });",
        verdict,
        VOUCHER,
        AS_THE_SERVER,
    )


@pytest.mark.requirement("S2-11")
def test_each_outcome_has_a_tone_and_a_pulse_of_its_own():
    tones, pulses = scripts.ask(("sound.jsx",), "return [TONES, PULSES];")

    outcomes = parts._SHAPES.keys() - {"ready"} | {"empty", "two"}
    assert tones.keys() == pulses.keys() == outcomes
    assert len(set(map(str, tones.values()))) == len(set(map(str, pulses.values()))) == len(outcomes)


@pytest.mark.requirement("S2-11")
@pytest.mark.parametrize("verdict", [*BY_ITSELF, *AS_THE_SERVER])
def test_what_a_tablet_says_by_itself_is_seen_and_heard_as_with_a_connection(verdict):
    said = worded(verdict)

    wanted = BY_ITSELF.get(verdict) or AS_THE_SERVER[verdict]["shape"]
    assert said["shape"] == wanted
    assert wanted in parts._SHAPES
    assert said["headline"]
    assert said.get("lead") or said.get("note")


@pytest.mark.parametrize("verdict", [*BY_ITSELF, *AS_THE_SERVER])
def test_before_a_kiosk_nobody_takes_for_redeemed_what_is_not(verdict):
    assert ("ask at the counter" in worded(verdict).get("please", "")) is (verdict in UNREDEEMED)


@pytest.mark.parametrize("currency", ["EUR", "JPY", "KRW", "ISK", "HUF", "COP", "IDR", "KWD"])
def test_a_tablet_reads_a_basket_as_the_server_does_and_gives_an_example_that_can_be_read(currency):
    told = rules.basket(currency)
    example = told["problem"].removesuffix(".").split()[-1]
    texts = [
        *("12.50", "12,5", " 1 200 ", "1200", "1,000", "12.5000", "0", "", "-1", "1e3", "a lot", ".5", "5.", "\u0663"),
        *("1\u200b2\u00a0000", "999999999999.99", "999999999999,999", "1234567890123", example),
    ]

    read = scripts.ask(("basket.jsx",), "return told[0].map((text) => readBasket(text, told[1]));", texts, told)

    amounts = [read_money(text, currency) for text in texts]
    assert read == [{"problem": told["problem"]} if amount is None else {"amount": amount} for amount in amounts]
    assert amounts[-1]
