"""What a scan batch asks who redeems (S0-23): the fields that an admin defines, and whether an answer will do."""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from enum import StrEnum
from typing import Any

from loyalty_app.accounts.rules import NOT_AN_ADDRESS, normal_email
from loyalty_app.core.languages import Sentence
from loyalty_app.core.texts import storable

MOST_FIELDS = 12
MOST_LABEL = 60
MOST_ANSWER = 300
MOST_CHOICES = 20
YES = "yes"
"""What a ticked box answers."""

_PHONE = re.compile(r"(?=([^0-9]*[0-9]){5})\+?[0-9 ()/.-]{5,30}")
_NUMBER = re.compile(r"-?[0-9]{1,15}([.,][0-9]{1,6})?")


class FieldType(StrEnum):
    """What is asked, and so which keyboard a phone shows."""

    TEXT = "text"
    EMAIL = "email"
    PHONE = "phone"
    NUMBER = "number"
    DATE = "date"
    CHOICE = "choice"
    AGREE = "agree"
    """A box to tick."""


@dataclass(frozen=True)
class Field:
    """One question."""

    label: str
    type: FieldType = FieldType.TEXT
    is_required: bool = True
    choices: tuple[str, ...] = ()


def stored(fields: Sequence[Field]) -> list[dict[str, Any]]:
    """Return fields as a batch keeps them."""
    return [asdict(field) | {"type": field.type.value, "choices": list(field.choices)} for field in fields]


def loaded(rows: Sequence[Mapping[str, Any]]) -> list[Field]:
    """Return fields as a batch kept them."""
    return [Field(row["label"], FieldType(row["type"]), row["is_required"], tuple(row["choices"])) for row in rows]


def check(fields: Sequence[Field], answers: Mapping[str, str]) -> tuple[dict[str, str], dict[str, Sentence]]:
    """Return what to keep of the answers, and a sentence for each that will not do, both by label."""
    kept: dict[str, str] = {}
    problems: dict[str, Sentence] = {}
    for field in fields:
        answer = normal(answers.get(field.label, ""))
        if field.type in (FieldType.PHONE, FieldType.NUMBER):
            answer = _with_our_digits(answer)
        if not answer or (field.type is FieldType.AGREE and answer != YES):
            if field.is_required:
                problems[field.label] = _MISSING[field.type]
        elif problem := _problem(field, answer):
            problems[field.label] = problem
        else:
            kept[field.label] = answer
    return kept, problems


def unasked(fields: Sequence[Field], answers: Mapping[str, str]) -> dict[str, str]:
    """Return a sentence for each answer that no field asks for, by label: a misspelt one must not be lost."""
    asked = {field.label for field in fields}
    return {label: "The batch does not ask this." for label in answers if label not in asked}


def normal(text: str) -> str:
    """Return a text in the one form in which answers are kept and compared."""
    return unicodedata.normalize("NFC", " ".join(storable(text).split()))


def _with_our_digits(text: str) -> str:
    """Return the text with the digits of every script as 0 to 9: phones in Arabic write their own."""
    return "".join(str(unicodedata.decimal(sign)) if sign.isdecimal() else sign for sign in text)


def _problem(field: Field, answer: str) -> Sentence | None:  # noqa: PLR0911 - a case for each type
    if len(answer) > MOST_ANSWER:
        return Sentence("Use at most {count} characters.", count=MOST_ANSWER)
    match field.type:
        case FieldType.EMAIL:
            return None if normal_email(answer) else NOT_AN_ADDRESS
        case FieldType.PHONE:
            return None if _PHONE.fullmatch(answer) else Sentence("Enter a phone number, digits and + only.")
        case FieldType.NUMBER:
            return None if _NUMBER.fullmatch(answer) else Sentence("Enter a number.")
        case FieldType.DATE:
            return None if _is_date(answer) else Sentence("Choose a date.")
        case FieldType.CHOICE:
            return None if answer in map(normal, field.choices) else Sentence("Choose one from the list.")
        case FieldType.TEXT | FieldType.AGREE:
            return None


def _is_date(text: str) -> bool:
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True


_MISSING = {
    FieldType.TEXT: Sentence("Fill this in."),
    FieldType.EMAIL: Sentence("Fill this in."),
    FieldType.PHONE: Sentence("Fill this in."),
    FieldType.NUMBER: Sentence("Fill this in."),
    FieldType.DATE: Sentence("Choose a date."),
    FieldType.CHOICE: Sentence("Choose one from the list."),
    FieldType.AGREE: Sentence("Tick the box to go on."),
}
