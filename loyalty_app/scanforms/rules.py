"""The form of a scan batch: what stands in its rows, what is said while it is filled in, and what is reviewed."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import cycle, islice
from typing import Any
from urllib.parse import urlsplit

from loyalty_app.batches import rules as batches
from loyalty_app.batches.fields import Field, FieldType
from loyalty_app.batches.models import Alphabet
from loyalty_app.batches.scans import ScanDraft
from loyalty_app.core import times
from loyalty_app.core.texts import storable
from loyalty_app.program.rules import say_number
from loyalty_app.qr.drawing import COMFORTABLE_MODULE, QUIET_ZONE, Facts

MOST_TEXT = 100_000
"""Longer than all rows together may be, so that the rules get to say so."""
MOST_ROWS = 100

EASY_VERSION = 10
DENSE_VERSION = 15

TYPES = {
    FieldType.TEXT: "Text",
    FieldType.EMAIL: "E-mail address",
    FieldType.PHONE: "Phone number",
    FieldType.NUMBER: "Number",
    FieldType.DATE: "Date",
    FieldType.CHOICE: "Choice from a list",
    FieldType.AGREE: "Box to tick",
}
"""How people call what can be asked."""

ALPHABETS = {
    "safe": "Safe: letters and digits without look-alikes",
    "numeric": "Digits only",
    "alpha": "Letters only",
    "alphanumeric": "All letters and digits",
}
"""How people call the character sets."""

STEPS = (
    ("Parameters", "parameters-part", ("parameters",)),
    ("Number and prefix", "codes-part", ("quantity", "prefix", "alphabet", "length")),
    ("Expiry and address", "address-part", ("expires_on", "base_url", "title", "description", "offer_id", "fields")),
)
"""The parts of the form between "Create Batch" and the submit (S0-6), where they stand, and what is filled in there."""


@dataclass(frozen=True)
class Step:
    """One part of the form, as the line above it shows it."""

    number: int
    words: str
    href: str
    is_done: bool


def parameters_of(text: str) -> tuple[tuple[str, str], ...]:
    """Return the key and value of each row, as the form sends them; what is none is left out."""
    return tuple((_text(row, "key"), _text(row, "value")) for row in _rows(text))


def parameters_as(rows: Sequence[tuple[str, str]]) -> str:
    """Return rows of parameters as the form takes them."""
    return json.dumps([{"key": key, "value": value} for key, value in rows], ensure_ascii=False)


def fields_of(text: str) -> tuple[Field, ...]:
    """Return what is to be asked, as the form sends it."""
    return tuple(_field(row) for row in _rows(text))


def fields_as(fields: Sequence[Field]) -> str:
    """Return what is to be asked as the form takes it."""
    return json.dumps([_row(field) for field in fields], ensure_ascii=False)


def steps(problems: Mapping[str, str]) -> list[Step]:
    """Return the five steps, and which of them nothing is missing from."""
    return [
        Step(1, "Create Batch", "#content", is_done=True),
        *[
            Step(number, words, f"#{place}", not problems.keys() & set(names))
            for number, (words, place, names) in enumerate(STEPS, start=2)
        ],
        Step(len(STEPS) + 2, "Preview and submit", "#submit-part", not problems),
    ]


def say_note(problems: Mapping[str, str], *, is_example: bool) -> str:
    """Return why the preview shows something else than what stands in the form; nothing if it does not."""
    if problems:
        return f"The preview keeps what was right before. {' '.join(problems.values())}"
    return "An example with points = 20, until there are parameters." if is_example else ""


def say_density(facts: Facts) -> str:
    """Return how dense the code is."""
    return f"Version {facts.version}, {facts.modules} × {facts.modules} modules"


def say_print(facts: Facts) -> str:
    """Return how large to print, and why."""
    return (
        f"Print it at least {facts.print_size} mm wide, white edge included: then each of its"
        f" {facts.modules + 2 * QUIET_ZONE} modules a side has {COMFORTABLE_MODULE} mm, which common printers keep"
        " apart and phones read in one hand."
    )


def warn(facts: Facts) -> str:
    """Return what to think of before a dense code is printed; nothing while it is easy."""
    if facts.version <= EASY_VERSION:
        return ""
    if facts.version <= DENSE_VERSION:
        return "This is getting dense. Shorter parameters or a shorter base URL make it easier to print and to scan."
    return (
        f"Hard to print and to scan: many phones give up on so small modules unless it is {facts.print_size} mm wide"
        " or more. Shorten the parameters or the base URL."
    )


def is_too_dense(facts: Facts) -> bool:
    """Return whether the warning is a strong one."""
    return facts.version > DENSE_VERSION


def say_expiry(closes_at: datetime, zone: str, locale: str, *, now: datetime) -> str:
    """Return the expiry sentence with the instant in UTC, and the days that are left (S0-10)."""
    if closes_at <= now:
        return "This day is over."
    last = times.last_minute(closes_at)
    here, utc = times.local_day(last, zone), last.astimezone(UTC)
    days = (here - times.local_day(now, zone)).days
    clock = f"{utc:%H:%M} UTC" if here == utc.date() else f"{times.say_day(utc.date(), locale)}, {utc:%H:%M} UTC"
    same = "" if zone == "UTC" else f" ({clock})"
    left = "last day today" if days == 0 else "1 day left" if days == 1 else f"{say_number(days, locale)} days left"
    return f"Codes are {times.say_until(closes_at, zone, locale)}{same}, {left}."


def hints(link: str, desk: str, *, is_ours: bool) -> list[str]:
    """Return a sentence for each thing that keeps phones from following the link."""
    if is_ours:
        return batches.link_hints(link, desk)
    there = urlsplit(link)
    if there.hostname in batches.LOCAL_HOSTS:
        return [f"Only this computer knows {there.netloc}; a phone cannot open it."]
    if there.scheme != "https":
        return ["This address is not secure: it starts with http. Browsers warn of that."]
    return []


def sample(alphabet: Alphabet, length: int) -> str:
    """Return the random part of a code that says how codes look, and is none: its characters stand in order."""
    return "".join(islice(cycle(batches.CHARACTERS[alphabet]), length))


def say_field(field: Field) -> str:
    """Return one thing that is asked in a line."""
    kind = TYPES[field.type].lower()
    if field.choices:
        kind = f"one of {', '.join(field.choices)}"
    return f"{field.label}: {kind}, {'required' if field.is_required else 'optional'}"


def reviewed(draft: ScanDraft, *, until: str, base_url: str, offer: str, locale: str) -> list[tuple[str, list[str]]]:
    """Return everything that would be made, in the order of the form."""
    points = next((value for key, value in draft.parameters if key.strip().lower() == "points"), "")
    page = [draft.title.strip() or offer or (f"{points} points" if points else "No title")]
    page += [draft.description.strip()] if draft.description.strip() else []
    page += [f"Other texts and the picture are copied from the offer “{offer}”."] if offer else []
    quantity = say_number(batches.whole(draft.quantity), locale)
    codes = [f"{ALPHABETS[draft.alphabet]}, {draft.length.strip()} characters"]
    return [
        ("Parameters", [f"{key.strip()} = {value.strip()}" for key, value in draft.parameters if key.strip()]),
        ("Number of Codes", [quantity]),
        ("Code Prefix", [draft.prefix.strip().upper() or "None"]),
        ("Codes", codes),
        ("Expiry Date", [until]),
        ("Base Redirect URL", [base_url]),
        ("Landing page", page),
        ("Required information", [say_field(field) for field in draft.fields] or ["Nothing is asked."]),
        ("Batch name", [draft.name.strip()]),
    ]


def _rows(text: str) -> Sequence[Mapping[str, Any]]:
    try:
        found = json.loads(text[:MOST_TEXT])
    except (ValueError, RecursionError):
        return []
    return [row for row in found if isinstance(row, dict)][:MOST_ROWS] if isinstance(found, list) else []


def _text(row: Mapping[str, Any], name: str) -> str:
    value = row.get(name)
    return storable(value) if isinstance(value, str) else ""


def _field(row: Mapping[str, Any]) -> Field:
    wanted = _text(row, "type")
    kind = FieldType(wanted) if wanted in set(FieldType) else FieldType.TEXT
    lines = (" ".join(line.split()) for line in _text(row, "choices").splitlines())
    choices = tuple(line for line in lines if line) if kind is FieldType.CHOICE else ()
    return Field(" ".join(_text(row, "label").split()), kind, row.get("is_required") is not False, choices)


def _row(field: Field) -> dict[str, object]:
    choices = "\n".join(field.choices)
    return {"label": field.label, "type": field.type.value, "is_required": field.is_required, "choices": choices}
