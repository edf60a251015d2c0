"""Which offers are acceptable, and how a reward reads."""

from dataclasses import dataclass
from decimal import Decimal

from loyalty_app.offers.models import Promise, RewardKind
from loyalty_app.program.rules import say_money, say_number, to_minor

TITLE_LENGTH = 80
DESCRIPTION_LENGTH = 500
TERMS_LENGTH = 2000
MOST = 1_000_000_000
MOST_DAYS = 3650
MOST_DIGITS = 12
WHOLE = 100


@dataclass(frozen=True)
class Draft:
    """An offer as somebody typed it."""

    title: str
    description: str = ""
    terms: str = ""
    reward_kind: str = RewardKind.ITEM
    reward_value: str = ""
    reward_item: str = ""
    minimum_purchase: str = ""
    valid_days: str = ""
    picture: str = ""
    """The digest that names it."""


def read(draft: Draft, currency: str) -> Promise | dict[str, str]:
    """Return the promise a draft makes, or a sentence for each field that is not acceptable."""
    problems: dict[str, str] = {}
    title, description, terms = draft.title.strip(), draft.description.strip(), draft.terms.strip()
    if not title:
        problems["title"] = "Enter a title; members see it first."
    for field, text, most in (
        ("title", title, TITLE_LENGTH),
        ("description", description, DESCRIPTION_LENGTH),
        ("terms", terms, TERMS_LENGTH),
    ):
        if len(text) > most:
            problems[field] = f"Keep this to {most} characters; it has {len(text)}."

    kind = RewardKind(draft.reward_kind) if draft.reward_kind in set(RewardKind) else None
    value, item = _reward(kind, draft, currency, problems)
    minimum = _amount("minimum_purchase", draft.minimum_purchase, currency, problems)
    days = _whole("valid_days", draft.valid_days, range(1, MOST_DAYS + 1), problems)
    if problems or kind is None:
        return problems
    return Promise(
        title=title,
        description=description,
        terms=terms,
        reward_kind=kind,
        reward_value=value or 0,
        reward_item=item,
        minimum_purchase=minimum or None,
        valid_days=days,
    )


def say_reward(promise: Promise, currency: str, locale: str) -> str:
    """Return the reward in a few words: "20% off", "€5.00 off", "250 points", "One coffee"."""
    match promise.reward_kind:
        case RewardKind.POINTS:
            return f"{say_number(promise.reward_value, locale)} points"
        case RewardKind.PERCENT:
            return f"{promise.reward_value}% off"
        case RewardKind.AMOUNT:
            return f"{say_money(promise.reward_value, currency, locale)} off"
        case RewardKind.ITEM:
            return promise.reward_item


def _reward(kind: RewardKind | None, draft: Draft, currency: str, problems: dict[str, str]) -> tuple[int | None, str]:
    item = draft.reward_item.strip()
    match kind:
        case None:
            problems["reward_kind"] = "Choose what the holder gets."
            return None, ""
        case RewardKind.ITEM:
            if not item:
                problems["reward_item"] = "Name the free item, for example: One coffee, any size."
            elif len(item) > TITLE_LENGTH:
                problems["reward_item"] = f"Keep this to {TITLE_LENGTH} characters."
            return 0, item
        case RewardKind.AMOUNT:
            value = _amount("reward_value", draft.reward_value, currency, problems)
        case RewardKind.POINTS | RewardKind.PERCENT:
            most = WHOLE if kind is RewardKind.PERCENT else MOST
            value = _whole("reward_value", draft.reward_value, range(1, most + 1), problems)
    if not value and "reward_value" not in problems:
        problems["reward_value"] = "Enter how much the holder gets."
    return value, ""


def _whole(field: str, text: str, allowed: range, problems: dict[str, str]) -> int | None:
    text = text.strip()
    if not text:
        return None
    if not (text.isascii() and text.isdigit() and len(text) <= MOST_DIGITS and int(text) in allowed):
        problems[field] = f"Enter a whole number from {allowed.start} to {allowed.stop - 1:,}."
        return None
    return int(text)


def _amount(field: str, text: str, currency: str, problems: dict[str, str]) -> int | None:
    text = text.strip().replace(",", ".")
    if not text:
        return None
    try:
        minor = to_minor(Decimal(text), currency)
    except (ArithmeticError, ValueError):  # not a number, or far too large a one
        minor = None
    if minor is None or not 0 <= minor <= MOST:
        problems[field] = f"Enter an amount in {currency}, for example 5 or 4.50."
        return None
    return minor
