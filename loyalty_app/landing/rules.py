"""How often a code may be guessed, and what is asked as a form sends it."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from urllib.parse import quote

from loyalty_app.batches.fields import Field
from loyalty_app.codes import alphabet
from loyalty_app.redemptions import rules as redemptions

PATH = "/redeem/"
MOST_TEXT = 2500
"""Longer than any token; a whole link may be pasted too."""

GUESSES_A_PEER = 30
"""Wrong typed codes from one network peer in a quarter of an hour: a queue of members shares the shop's Wi-Fi."""
GUESSES_AN_ACCOUNT = redemptions.GUESSES_AN_ACCOUNT

JUST_NOW = timedelta(minutes=1)
"""For so long the page after a redemption celebrates; later, after a reload or on the way back, it reports."""


def is_guessable(text: str) -> bool:
    """Return whether this is a printed code that somebody typed; nobody guesses a token."""
    return isinstance(redemptions.recognise(text), redemptions.CodeText)


def typed(text: str) -> str:
    """Return what somebody typed or pasted as the address carries it, or nothing if no code looks like it."""
    match redemptions.recognise(text[:MOST_TEXT]):
        case redemptions.CodeText(code):
            return alphabet.display(code)
        case redemptions.TokenText(token):
            return token
        case redemptions.ClaimLink() | redemptions.Foreign() | redemptions.Unreadable():
            return ""


def address(text: str, **more: str) -> str:
    """Return where the page of a code is."""
    parts = {"code": text} | more
    return PATH + "?" + "&".join(f"{name}={quote(value, safe='')}" for name, value in parts.items())


def name_of(number: int) -> str:
    """Return how a form calls the answer to a question."""
    return f"q{number}"


def answers(fields: Sequence[Field], form: Mapping[str, str]) -> dict[str, str]:
    """Return what a form answers, by label."""
    return {field.label: form.get(name_of(number), "") for number, field in enumerate(fields)}


def named(fields: Sequence[Field], problems: Mapping[str, str]) -> dict[str, str]:
    """Return the problems of answers by the names in the form."""
    return {name_of(number): problems[field.label] for number, field in enumerate(fields) if field.label in problems}
