"""Scan batches: what their codes carry, where these lead, and which are acceptable (S0-3 to S0-11)."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from ipaddress import IPv6Address
from urllib.parse import SplitResult, parse_qsl, quote, urlsplit, urlunsplit

import idna

from loyalty_app.batches import fields as asked
from loyalty_app.batches import rules
from loyalty_app.batches.models import Alphabet
from loyalty_app.core.texts import storable
from loyalty_app.keys import rules as tokens

POINTS = "points"
"""The parameter with a meaning of its own: what a redemption pays (S0-7)."""
GUESSES_PER_HIT = 1_000_000
"""Whoever types such a code is paid at once, with nobody looking on: harder to guess than vouchers at a counter."""
MOST_POINTS = 1_000_000
MOST_PARAMETERS = 20
MOST_KEY = 40
MOST_VALUE = 200
MOST_BYTES = 300
"""Of all parameters together, as they are packed; more cannot be printed well."""
MOST_URL = 500
CODE = "code"
LANDING = "/redeem"
"""Our own landing page, where no other is given."""

_HOST = re.compile(r"(?=.{1,253}\Z)([a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?\.)*[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?\.?")
_URL_SAFE = "!$&'()*+,-./:;=?@_~%[]"


@dataclass(frozen=True)
class ScanDraft:
    """A scan batch as somebody typed it, or as a program sent it, put into text."""

    name: str
    quantity: str
    expires_on: str
    parameters: tuple[tuple[str, str], ...]
    base_url: str = ""
    """Empty: our own landing page."""
    prefix: str = ""
    alphabet: str = Alphabet.SAFE
    length: str = "10"
    title: str = ""
    """What people see on the landing page; empty: the points."""
    description: str = ""
    offer_id: str = ""
    """Whose texts and picture to copy."""
    fields: tuple[asked.Field, ...] = ()


@dataclass(frozen=True)
class ScanPlan:
    """A scan batch that may be made."""

    name: str
    shape: rules.Shape
    expires_on: date
    parameters: dict[str, str]
    base_url: str
    title: str
    description: str
    offer_id: int | None
    fields: tuple[asked.Field, ...]

    @property
    def points(self) -> int:
        """Return what each code pays."""
        return int(self.parameters.get(POINTS, "0"))


def read(draft: ScanDraft, *, today: date, origin: str) -> ScanPlan | dict[str, str]:
    """Return the batch a draft asks for, or a sentence for each field that is not acceptable."""
    problems: dict[str, str] = {}
    name = rules.read_name(draft.name, problems)
    shape = rules.read_shape(draft.quantity, draft.prefix, draft.alphabet, draft.length, problems, GUESSES_PER_HIT)
    expires_on = rules.read_expiry(draft.expires_on, today, problems)
    parameters = read_parameters(draft.parameters, problems)
    base_url = read_base_url(draft.base_url or f"{origin}{LANDING}", problems)
    title, description = " ".join(draft.title.split()), draft.description.strip()
    if len(title) > rules.NAME_LENGTH:
        problems["title"] = f"Keep the title to {rules.NAME_LENGTH} characters."
    if len(description) > MOST_URL:
        problems["description"] = "Keep the description to 500 characters."
    if draft.offer_id and not rules.whole(draft.offer_id):
        problems["offer_id"] = "Choose an offer from the list, or none."
    read_fields(draft.fields, problems)
    if problems or shape is None or expires_on is None:
        return problems
    offer_id = rules.whole(draft.offer_id) or None
    return ScanPlan(name, shape, expires_on, parameters, base_url, title, description, offer_id, draft.fields)


def read_parameters(rows: Sequence[tuple[str, str]], problems: dict[str, str]) -> dict[str, str]:
    """Return the parameters of some rows, in their order, without the empty ones; or add to the problems."""
    found: dict[str, str] = {}
    for row in rows:
        key, value = (" ".join(storable(part).split()) for part in row)
        if not key and not value:
            continue
        if problem := _row_problem(key, value, found):
            problems["parameters"] = problem
            return {}
        if key.lower() == POINTS:
            key, value = POINTS, str(int(value))
        found[key] = value
    if not found:
        problems["parameters"] = "Add at least one parameter, for example points = 20."
    elif len(found) > MOST_PARAMETERS:
        problems["parameters"] = f"Use at most {MOST_PARAMETERS} parameters."
    elif len(tokens.pack(found)) > MOST_BYTES:
        problems["parameters"] = "These parameters are too long for a QR code. Use shorter ones, or fewer."
    return found


def read_base_url(text: str, problems: dict[str, str]) -> str:
    """Return the address that codes lead to, as it can be printed, or add to the problems."""
    try:
        parts = urlsplit(storable(text).strip())
        host, port = _host(parts), parts.port
    except ValueError:
        parts, host, port = urlsplit(""), "", None
    if parts.scheme.lower() not in {"http", "https"} or not host or port == 0 or parts.username or parts.password:
        problems["base_url"] = "Enter a whole address, for example https://shop.example/redeem."
        return ""
    if any(key == CODE for key, _ in parse_qsl(parts.query, keep_blank_values=True)):
        problems["base_url"] = "Leave code= out of the address: each QR code brings its own."
        return ""
    written = (quote(part, _URL_SAFE) for part in (parts.path, parts.query, parts.fragment))
    url = urlunsplit((parts.scheme.lower(), f"{host}:{port}" if port else host, *written))
    if len(url) > MOST_URL:
        problems["base_url"] = f"Keep the address to {MOST_URL} characters; the shorter it is, the better it prints."
    return url


def read_fields(fields: Sequence[asked.Field], problems: dict[str, str]) -> None:
    """Add to the problems unless these fields can be asked."""
    labels = [field.label for field in fields]
    if len(fields) > asked.MOST_FIELDS:
        problems["fields"] = f"Ask for at most {asked.MOST_FIELDS} things; each one loses people."
    elif not all(label.strip() == label and 0 < len(label) <= asked.MOST_LABEL for label in labels):
        problems["fields"] = f"Give each field a label of at most {asked.MOST_LABEL} characters."
    elif len({label.casefold() for label in labels}) < len(labels):
        problems["fields"] = "Two fields have the same label."
    elif not all(_has_choices(field) for field in fields):
        problems["fields"] = f"Give a choice 2 to {asked.MOST_CHOICES} different answers."


def link(base_url: str, token: str) -> str:
    """Return the address that a code's QR leads to: baseURL?code=token, also behind a query and before a fragment."""
    before, mark, fragment = base_url.partition("#")
    _, question, query = before.partition("?")
    joint = "?" if not question else "&" if query and not query.endswith("&") else ""
    return f"{before}{joint}{CODE}={token}{mark}{fragment}"


def _host(address: SplitResult) -> str:
    """Return a host in ASCII, as browsers look it up; nothing if it cannot be one."""
    host = address.hostname or ""
    if "[" in address.netloc:
        return "" if "%" in host else f"[{IPv6Address(host)}]"
    ascii_host = host if host.isascii() else idna.encode(host, uts46=True).decode()
    return ascii_host if _HOST.fullmatch(ascii_host) else ""


def _row_problem(key: str, value: str, before: dict[str, str]) -> str:
    if not key or not value:
        return f"Fill in both sides of the parameter {key or value}, or leave both empty."
    if len(key) > MOST_KEY or len(value) > MOST_VALUE:
        return f"Keep keys to {MOST_KEY} and values to {MOST_VALUE} characters."
    if key.casefold() in {other.casefold() for other in before}:
        return f"The parameter {key} is there twice."
    if key.lower() == POINTS and not 0 < rules.whole(value) <= MOST_POINTS:
        return f"Points are a whole number from 1 to {MOST_POINTS:,}."
    return ""


def _has_choices(field: asked.Field) -> bool:
    if field.type is not asked.FieldType.CHOICE:
        return not field.choices
    choices = {asked.normal(choice) for choice in field.choices}
    fits = all(0 < len(choice) <= asked.MOST_ANSWER for choice in choices)
    return fits and 2 <= len(field.choices) <= asked.MOST_CHOICES and len(choices) == len(field.choices)  # noqa: PLR2004 - a choice needs two
