"""Which offers are acceptable, and how a reward reads."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from loyalty_app.core.languages import ENGLISH, LANGUAGES, Language
from loyalty_app.offers.models import Promise, RewardKind
from loyalty_app.program.rules import ask_money, read_money, say_money, say_number

TITLE_LENGTH = 80
DESCRIPTION_LENGTH = 500
TERMS_LENGTH = 2000
MOST_POINTS = 1_000_000_000
MOST_DAYS = 3650
MOST_DIGITS = 12
WHOLE = 100

LENGTHS = {
    "title": TITLE_LENGTH,
    "description": DESCRIPTION_LENGTH,
    "terms": TERMS_LENGTH,
    "reward_item": TITLE_LENGTH,
}
"""The words of an offer, each with the most characters it may have."""

TRANSLATED = tuple(language for language in LANGUAGES if language is not ENGLISH)
"""Languages in which an offer may have words of its own; its main words stand in for those it has not."""


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
    translations: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    """By language tag, then by the name of the word."""


def read(draft: Draft, currency: str) -> Promise | dict[str, str]:
    """Return the promise a draft makes, or a sentence for each field that is not acceptable."""
    promise, problems = _read(draft, currency)
    return problems or promise


def sketch(draft: Draft, currency: str) -> Promise:
    """Return the promise as far as it can be read, for somebody who is still typing."""
    return _read(draft, currency)[0]


def word_field(tag: str, word: str) -> str:
    """Return the name of the form field for a word in another language."""
    return f"translations.{tag}.{word}"


def differences(promise: Promise, offer: Promise) -> list[str]:
    """Return what an offer says differently than a promise copied from it: "title", "reward", "German text"."""
    promised, offered = _parts(promise), _parts(offer)
    return [name for name in promised if promised[name] != offered[name]]


def _read(draft: Draft, currency: str) -> tuple[Promise, dict[str, str]]:
    problems: dict[str, str] = {}
    words = {word: getattr(draft, word).strip() for word in LENGTHS}
    if not words["title"]:
        problems["title"] = "Enter a title; members see it first."
    problems |= {word: too_long for word, text in words.items() if (too_long := _too_long(text, LENGTHS[word]))}

    kind = RewardKind(draft.reward_kind) if draft.reward_kind in set(RewardKind) else None
    if kind is not RewardKind.ITEM:
        words["reward_item"] = ""
        problems.pop("reward_item", None)
    promise = Promise(
        **{word: text[: LENGTHS[word]] for word, text in words.items()},
        reward_kind=kind or RewardKind.ITEM,
        reward_value=_reward_value(kind, draft, currency, problems),
        minimum_purchase=_amount("minimum_purchase", draft.minimum_purchase, currency, problems) or None,
        valid_days=_whole("valid_days", draft.valid_days, range(1, MOST_DAYS + 1), problems),
        translations=_translations(draft, kind, problems),
    )
    return promise, problems


def _parts(promise: Promise) -> dict[str, object]:
    parts: dict[str, object] = {
        "title": promise.title,
        "description": promise.description,
        "terms": promise.terms,
        "picture": promise.picture_id,
        "reward": (promise.reward_kind, promise.reward_value, promise.reward_item),
        "minimum purchase": promise.minimum_purchase,
        "days of validity": promise.valid_days,
    }
    return parts | {
        f"{language.english_name} text": promise.translations.get(language.tag, {}) for language in TRANSLATED
    }


def said_in(promise: Promise, tag: str) -> Promise:
    """Return the promise in a language's words; where there are none, its own stay."""
    said = {word: text for word, text in promise.translations.get(tag, {}).items() if word in LENGTHS and text}
    return Promise.model_validate(promise.model_dump() | said)


def say_reward(promise: Promise, currency: str, locale: str, words: Language = ENGLISH) -> str:
    """Return the reward in a few words: "20% off", "€5.00 off", "250 points", "One coffee"."""
    value = promise.reward_value
    match promise.reward_kind:
        case RewardKind.POINTS:
            return words.count("{points} point", "{points} points", value, points=say_number(value, locale))
        case RewardKind.PERCENT:
            return words("{percent}% off", percent=say_number(value, locale))
        case RewardKind.AMOUNT:
            return words("{amount} off", amount=say_money(value, currency, locale))
        case RewardKind.ITEM:
            return promise.reward_item


def _reward_value(kind: RewardKind | None, draft: Draft, currency: str, problems: dict[str, str]) -> int:
    match kind:
        case None:
            problems["reward_kind"] = "Choose what the holder gets."
            return 0
        case RewardKind.ITEM:
            if not draft.reward_item.strip():
                problems["reward_item"] = "Name the free item, for example: One coffee, any size."
            return 0
        case RewardKind.AMOUNT:
            value = _amount("reward_value", draft.reward_value, currency, problems)
        case RewardKind.POINTS | RewardKind.PERCENT:
            most = WHOLE if kind is RewardKind.PERCENT else MOST_POINTS
            value = _whole("reward_value", draft.reward_value, range(1, most + 1), problems)
    if not value and "reward_value" not in problems:
        problems["reward_value"] = "Enter how much the holder gets."
    return value or 0


def _translations(draft: Draft, kind: RewardKind | None, problems: dict[str, str]) -> dict[str, dict[str, str]]:
    known = {language.tag for language in TRANSLATED}
    if unknown := sorted(draft.translations.keys() - known):
        problems["translations"] = (
            f"Texts may be in {' and '.join(sorted(known))}; {unknown[0][:20]} is not one of them."
        )
    found: dict[str, dict[str, str]] = {}
    for tag in sorted(draft.translations.keys() & known):
        for word, most in LENGTHS.items():
            text = draft.translations[tag].get(word, "").strip()
            if not text or (word == "reward_item" and kind is not RewardKind.ITEM):
                continue
            if too_long := _too_long(text, most):
                problems[word_field(tag, word)] = too_long
            found.setdefault(tag, {})[word] = text
    return found


def _too_long(text: str, most: int) -> str:
    return f"Keep this to {most} characters; it has {len(text)}." if len(text) > most else ""


def _whole(field: str, text: str, allowed: range, problems: dict[str, str]) -> int | None:
    text = text.strip()
    if not text:
        return None
    if not (text.isascii() and text.isdigit() and len(text) <= MOST_DIGITS and int(text) in allowed):
        problems[field] = f"Enter a whole number from {allowed.start} to {allowed.stop - 1:,}."
        return None
    return int(text)


def _amount(field: str, text: str, currency: str, problems: dict[str, str]) -> int | None:
    if not text.strip():
        return None
    minor = read_money(text, currency)
    if minor is None:
        problems[field] = ask_money(currency)
    return minor
