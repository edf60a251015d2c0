"""Which batches are acceptable, what their numbers mean, and how hard their codes are to guess."""

import math
import re
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from urllib.parse import urlsplit

from loyalty_app.batches.models import Alphabet, Batch, BatchKind, BatchStatus, Channel
from loyalty_app.core.addresses import number

MOST_CODES = 100_000
NAME_LENGTH = 80
WHOLE = 100
LENGTHS = range(4, 25)
PREFIX = re.compile(r"[A-Z0-9]{0,12}")
FARTHEST_YEARS = 10

CHARACTERS = {
    Alphabet.SAFE: "23456789ABCDEFGHJKMNPQRSTVWXYZ",
    Alphabet.NUMERIC: "0123456789",
    Alphabet.ALPHA: "ABCDEFGHIJKLMNOPQRSTUVWXYZ",
    Alphabet.ALPHANUMERIC: "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ",
}
"""`safe` leaves out what people confuse on paper: 0 O, 1 I L, U V."""

LOCAL_HOSTS = {"localhost", "127.0.0.1", "::1"}

GUESSES_PER_HIT = 10_000
"""A stranger must need at least this many guesses, on average, to hit one code of the batch."""


class Badge(StrEnum):
    """What a batch's card says; more than the stored status, because time and stock speak too."""

    GENERATING = "generating"
    ACTIVE = "active"
    PAUSED = "paused"
    FAILED = "failed"
    EXPIRED = "expired"
    SOLD_OUT = "sold_out"


CHANNELS = {
    Channel.EMAIL: "Email",
    Channel.IN_STORE: "In-store QR",
    Channel.SOCIAL: "Social media",
    Channel.EVENT: "Event",
    Channel.SMS: "Text message",
    Channel.WEBSITE: "Website",
    Channel.PRINT: "Print",
    Channel.OTHER: "Other",
}
"""How people call the channels."""


class Sort(StrEnum):
    """What comes first in a list of batches."""

    NEWEST = "newest"
    NAME = "name"
    EXPIRY = "expiry"
    CLAIMED = "claimed"
    RATE = "rate"
    LEFT = "left"


@dataclass(frozen=True)
class Wish:
    """Which batches to list, and in which order; what is left empty does not narrow the list."""

    text: str = ""
    """Part of the name."""
    badge: Badge | None = None
    channel: Channel | None = None
    offer_id: int | None = None
    kind: BatchKind | None = None
    sort: Sort = Sort.NEWEST
    below: int | None = None
    """Only what has a smaller number: walks through the newest without counting from the start."""


@dataclass(frozen=True)
class Draft:
    """A batch as somebody typed it, or as a program sent it, put into text."""

    name: str
    offer_id: str
    quantity: str
    expires_on: str
    prefix: str = ""
    alphabet: str = Alphabet.SAFE
    length: str = "10"
    channel: str = ""


@dataclass(frozen=True)
class Plan:
    """A batch that may be made."""

    name: str
    offer_id: int
    total: int
    expires_on: date
    prefix: str
    alphabet: Alphabet
    length: int
    channel: Channel | None


@dataclass(frozen=True)
class Shape:
    """How many codes, and how they look."""

    total: int
    prefix: str
    alphabet: Alphabet
    length: int


@dataclass(frozen=True)
class Strength:
    """How hard the codes of a batch are to guess."""

    possible: int
    quantity: int
    needed: int = GUESSES_PER_HIT

    @property
    def guesses_per_hit(self) -> int:
        """Return how many random guesses hit one code, on average."""
        return self.possible // max(self.quantity, 1)

    @property
    def is_weak(self) -> bool:
        """Return whether the settings must be refused."""
        return self.guesses_per_hit < self.needed

    @property
    def bits(self) -> float:
        """Return the entropy that stands between a guess and a hit."""
        return math.log2(max(self.guesses_per_hit, 1))


def strength(alphabet: Alphabet, length: int, quantity: int, needed: int = GUESSES_PER_HIT) -> Strength:
    """Return how hard codes of these settings are to guess; a prefix is printed, so it adds nothing."""
    return Strength(len(CHARACTERS[alphabet]) ** length, quantity, needed)


def shortest_length(alphabet: Alphabet, quantity: int, needed: int = GUESSES_PER_HIT) -> int:
    """Return the shortest length that is strong enough for the quantity."""
    return next(length for length in LENGTHS if not strength(alphabet, length, quantity, needed).is_weak)


def weigh(quantity: str, alphabet: str, length: str, needed: int = GUESSES_PER_HIT) -> Strength | None:
    """Return the strength of settings as typed; None while one of them is not acceptable."""
    count, characters = whole(quantity), whole(length)
    if not 1 <= count <= MOST_CODES or characters not in LENGTHS or alphabet not in set(Alphabet):
        return None
    return strength(Alphabet(alphabet), characters, count, needed)


def say_strength(odds: Strength) -> str:
    """Return the odds in a sentence, good or bad."""
    if odds.is_weak:
        return f"Too easy to guess: {_say_hit(odds)}."
    return f"Strong enough: {_say_hit(odds)}."


def read(draft: Draft, *, today: date) -> Plan | dict[str, str]:
    """Return the batch a draft asks for, or a sentence for each field that is not acceptable."""
    problems: dict[str, str] = {}
    name = read_name(draft.name, problems)
    channel = read_channel(draft.channel, problems)
    offer_id = whole(draft.offer_id)
    if not offer_id:
        problems["offer_id"] = "Choose the offer that its vouchers promise."

    shape = read_shape(draft.quantity, draft.prefix, draft.alphabet, draft.length, problems)
    expires_on = read_expiry(draft.expires_on, today, problems)
    if problems or shape is None or expires_on is None:
        return problems
    return Plan(name, offer_id, shape.total, expires_on, shape.prefix, shape.alphabet, shape.length, channel)


def read_shape(
    quantity: str,
    prefix: str,
    alphabet: str,
    length: str,
    problems: dict[str, str],
    needed: int = GUESSES_PER_HIT,
) -> Shape | None:
    """Return how many codes are wanted and how they look, or add to the problems."""
    total, characters = whole(quantity), whole(length)
    if not 1 <= total <= MOST_CODES:
        problems["quantity"] = f"Enter a whole number from 1 to {MOST_CODES:,}."
    prefix = re.sub(r"[\s-]", "", prefix).upper()
    if not PREFIX.fullmatch(prefix):
        problems["prefix"] = "Use up to 12 letters A to Z and digits."
    if alphabet not in set(Alphabet):
        problems["alphabet"] = "Choose a character set from the list."
    if characters not in LENGTHS:
        problems["length"] = f"Enter a whole number from {LENGTHS.start} to {LENGTHS.stop - 1}."
    if problems.keys() & {"quantity", "alphabet", "length"}:
        return None
    odds = strength(Alphabet(alphabet), characters, total, needed)
    if odds.is_weak:
        problems["length"] = say_weak(odds, shortest_length(Alphabet(alphabet), total, needed))
    return Shape(total, prefix, Alphabet(alphabet), characters)


def read_name(text: str, problems: dict[str, str]) -> str:
    """Return the name a batch gets, or add to the problems."""
    name = " ".join(text.split())
    if not name:
        problems["name"] = "Give the batch a name, for example: Summer 2026 - Email list."
    elif len(name) > NAME_LENGTH:
        problems["name"] = f"Keep the name to {NAME_LENGTH} characters."
    return name


def read_channel(text: str, problems: dict[str, str]) -> Channel | None:
    """Return the channel that is meant, none if it is empty, or add to the problems."""
    if not text:
        return None
    if text not in set(Channel):
        problems["channel"] = "Choose a channel from the list."
        return None
    return Channel(text)


def suggested(expected: int) -> tuple[int, int]:
    """Return how many vouchers to make for that many members: half as many again, up to twice (S3-37)."""
    return min(-(-expected * 3 // 2), MOST_CODES), min(expected * 2, MOST_CODES)


def say_weak(odds: Strength, shortest: int) -> str:
    """Return why the settings are refused, with the odds and the way out."""
    if odds.guesses_per_hit < 1:
        return (
            f"These settings allow only {odds.possible:,} codes, fewer than {odds.quantity:,}."
            f" Use at least {shortest} characters."
        )
    return (
        f"Too easy to guess: {odds.quantity:,} of {odds.possible:,} possible codes, so 1 guess in"
        f" {odds.guesses_per_hit:,} would hit. At most 1 in {odds.needed:,} is safe:"
        f" use at least {shortest} characters."
    )


def _say_hit(odds: Strength) -> str:
    return (
        f"1 guess in {odds.guesses_per_hit:,} would hit" if odds.guesses_per_hit > 1 else "nearly every guess would hit"
    )


def badge(batch: Batch, now: datetime) -> Badge:
    """Return what the card says about a batch."""
    if batch.status is BatchStatus.ACTIVE:
        if now >= batch.closes_at:
            return Badge.EXPIRED
        if available(batch) == 0:
            return Badge.SOLD_OUT
    return Badge(batch.status.value)


def available(batch: Batch) -> int:
    """Return how many codes are left to claim (S3-29), or of a scan batch to redeem; those switched off are not."""
    return batch.total - max(batch.claimed, batch.redeemed) - batch.withheld


def active(batch: Batch, now: datetime) -> int:
    """Return how many codes are switched on, not used and not over (S0-18)."""
    return batch.made - batch.redeemed - batch.disabled if now < batch.closes_at else 0


def points(batch: Batch) -> int:
    """Return what each code of a scan batch pays."""
    return batch.reward_value if batch.kind is BatchKind.SCAN else 0


def may_delete(batch: Batch, now: datetime) -> bool:
    """Return whether a batch may go: nobody can claim from it, or it was never finished."""
    return (
        batch.status in (BatchStatus.PAUSED, BatchStatus.FAILED)
        or (batch.status is BatchStatus.GENERATING and max(batch.claimed, batch.redeemed) == 0)
        or now >= batch.closes_at
        or available(batch) == 0
    )


def is_same_name(typed: str, name: str) -> bool:
    """Return whether somebody typed the name, however it is spaced: a screen shows one space for many."""
    return " ".join(typed.split()) == " ".join(name.split())


def redemption_rate(claimed: int, redeemed: int) -> int | None:
    """Return redeemed ÷ claimed in whole percent, half up (S3-3, S3-4); None while nothing is claimed."""
    return (redeemed * 200 + claimed) // (claimed * 2) if claimed else None


def share(part: int, whole: int) -> int:
    """Return a part in whole percent for a bar: something is never drawn as nothing."""
    return max(1, part * 100 // whole) if part else 0


def say_share(part: int, whole: int) -> str:
    """Return a part in whole percent, half up, in words that call something not nothing, and nearly all not all."""
    if 0 < part * 100 < whole:
        return "under 1%"
    rounded = (part * 200 + whole) // (whole * 2) if whole else 0
    return "over 99%" if part < whole and rounded == WHOLE else f"{rounded}%"


def link_hints(link: str, desk: str) -> list[str]:
    """Return a sentence for each thing that keeps phones from following the link, seen from the desk's own address."""
    there, here = urlsplit(link), urlsplit(desk)
    hints = []
    if there.hostname in LOCAL_HOSTS:
        hints.append(
            f"The link starts with {there.scheme}://{there.netloc}, which only this computer knows; a phone cannot"
            " open it. Set LOYALTY_PUBLIC_URL to the address that members use."
        )
    elif there.scheme != "https":
        hints.append(
            "The link is not secure: it starts with http. Browsers warn of that, and cameras need https."
            " Serve the program by https, and set LOYALTY_PUBLIC_URL."
        )
    if here.netloc and here.hostname not in LOCAL_HOSTS and there.netloc != here.netloc:
        hints.append(f"The link leads to {there.netloc}, but you opened this page at {here.netloc}.")
    return hints


def whole(text: str) -> int:
    """Return the whole number that was typed, or 0 if it is none."""
    return number(text.strip())


def read_expiry(text: str, today: date, problems: dict[str, str]) -> date | None:
    """Return the last day, or add to the problems."""
    try:
        day = date.fromisoformat(text.strip())
    except ValueError:
        problems["expires_on"] = "Choose the last valid day."
        return None
    if day < today:
        problems["expires_on"] = "This day is over. Choose today or a later day."
    elif day.year > today.year + FARTHEST_YEARS:
        problems["expires_on"] = f"Choose a day within the next {FARTHEST_YEARS} years."
    return day
