"""Which PINs are good enough, and how long a device waits for whom."""

import re
from collections import Counter
from collections.abc import Sequence
from datetime import timedelta

from loyalty_app.accounts import rules as accounts
from loyalty_app.accounts.models import Role
from loyalty_app.core.actor import Permission
from loyalty_app.core.languages import Sentence
from loyalty_app.places.rules import alike

PIN_LENGTH = range(4, 9)
WRONG_PINS = 5
"""For one person on one device; who guesses there locks only that."""
WRONG_PINS_A_DEVICE = 20
WRONG_PINS_A_DAY = 50
"""For all on one device; then it opens with e-mail and password only, until the day since the first is over."""
A_DAY = timedelta(days=1)
WORKERS = tuple(role for role in Role if Permission.REDEEM in accounts.PERMISSIONS[role])
"""Whose PIN opens anything."""

_RUN = "01234567890"


def digits(text: str) -> str:
    """Return what was typed as a PIN in plain digits, or as it is where it has anything else in it."""
    text = re.sub(r"\s", "", text)
    plain = accounts.digits(text)
    return plain if len(plain) == len(text) else text


def pin_problem(pin: str) -> str:
    """Return what is wrong with a new PIN, or nothing."""
    if not re.fullmatch(r"[0-9]+", pin) or len(pin) not in PIN_LENGTH:
        return Sentence("Use 4 to 8 digits.")
    is_run = pin in _RUN or pin in _RUN[::-1]
    if is_run or re.fullmatch(r"([0-9]{1,4}?)\1+", pin):
        return Sentence("This PIN is too easy to guess. Use no row like 1234, and nothing repeated.")
    return ""


def is_pin(text: str) -> bool:
    """Return whether what was typed can be anybody's PIN at all."""
    return not pin_problem(digits(text))


def hints(people: Sequence[tuple[str, str]]) -> list[str]:
    """Return for each name and address what tells them from others of the same name; nothing where nobody has it."""
    names = Counter(alike(name) for name, _ in people)
    starts = Counter((alike(name), _start(email)) for name, email in people)
    return [
        "" if names[alike(name)] == 1 else _start(email) if starts[alike(name), _start(email)] == 1 else email
        for name, email in people
    ]


def _start(email: str) -> str:
    return email.partition("@")[0]


def idle(lock_minutes: int) -> timedelta:
    """Return how long a device may be left alone before it locks."""
    return timedelta(minutes=lock_minutes) if lock_minutes else accounts.WORKING_DAY
