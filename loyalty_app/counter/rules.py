"""What a tablet needs to judge vouchers while the connection is gone, and no more than that.

A code stands in it as four bytes of its keyed digest. That is enough to find each code that is there: of texts that
are no code of ours, one in 43,000 is taken for one with 100,000 codes in the list, one in 4,300 with a million, and
the server has the last word on those. It is too little to find codes by: a code of ten characters is one of 2^49, so
that on a stolen tablet some hundred thousand texts stand for each of the four bytes.
"""

import hmac
import json
import struct
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from loyalty_app.core import times
from loyalty_app.offers.models import Promise
from loyalty_app.offers.rules import say_reward
from loyalty_app.program.models import Program
from loyalty_app.program.rules import ask_money, minor_digits, say_money
from loyalty_app.redemptions.rules import OFFLINE_LIFE

FORMAT = 3
SALT_BYTES = 16
DIGEST_BYTES = 4
LATELY = timedelta(days=30)
"""A voucher that was used, or grew too old, within this is still known, and said to be so."""
OLDEST = OFFLINE_LIFE - timedelta(hours=1)
"""What was scanned before that is taken as scanned then; a little is left for the way through the queue."""
SPACE = 2 ** (8 * DIGEST_BYTES)
_NARROW = 2**16
_LOW = SPACE - 1


class Standing(StrEnum):
    """What stands against one voucher itself; its date and its batch are judged by the tablet."""

    GOOD = ""
    USED = "used"
    OFF = "off"


@dataclass(frozen=True)
class Held:
    """A voucher that somebody may bring to the counter."""

    code: str
    batch_id: int
    expires_at: datetime
    standing: Standing = Standing.GOOD


@dataclass(frozen=True)
class Offered:
    """What a batch promises, and whether it is on hold."""

    promise: Promise
    is_frozen: bool


@dataclass(frozen=True)
class Listing:
    """Everything that a tablet may be told; nobody's name is in it."""

    vouchers: Sequence[Held]
    batches: Mapping[int, Offered]
    program: Program
    at: datetime
    zones: Collection[str] = ()
    """Of the clocks at the counters that share it."""
    hosts: Collection[str] = ()
    """Where our own links lead."""


def digest(salt: bytes, code: str) -> int:
    """Return what stands for a code."""
    return int.from_bytes(hmac.digest(salt, code.encode(), "sha256")[:DIGEST_BYTES], "little")


def taken_for_ours(count: int) -> float:
    """Return how likely a text that is no code of ours is taken for one, with so many codes in the list."""
    return 1 - (1 - 1 / SPACE) ** count


def packed(listing: Listing, salt: bytes) -> bytes:
    """Return the listing as a tablet reads it.

    First the length of the head, then the head, in JSON; the digests of all codes, ascending; and for each of them
    the place, in the head, of what is known of it. All numbers begin with their lowest byte.
    """
    # What is mentioned once, by its place in the list of such things.
    kinds: dict[tuple[int, datetime, Standing], int] = {}
    found = sorted(
        digest(salt, one.code) << 32 | kinds.setdefault((one.batch_id, one.expires_at, one.standing), len(kinds))
        for one in listing.vouchers
    )
    batches = {batch_id: place for place, batch_id in enumerate(dict.fromkeys(kind[0] for kind in kinds))}
    ends = {end: place for place, end in enumerate(dict.fromkeys(kind[1] for kind in kinds))}
    program = listing.program
    head = {
        "format": FORMAT,
        "salt": salt.hex(),
        "at": milliseconds(listing.at),
        "program": program.name,
        "locale": program.locale,
        "hosts": sorted(listing.hosts),
        "basket": basket(program.currency),
        "undoMinutes": program.undo_minutes,
        "batches": [_said(listing.batches[batch_id], program) for batch_id in batches],
        "ends": [[milliseconds(end), _ended(end, listing)] for end in ends],
        "kinds": [[batches[batch_id], ends[end], standing] for batch_id, end, standing in kinds],
        "count": len(found),
        "wide": len(kinds) > _NARROW,
    }
    words = json.dumps(head, separators=(",", ":")).encode()
    width = "I" if head["wide"] else "H"
    return b"".join(
        (
            struct.pack("<I", len(words)),
            words,
            struct.pack(f"<{len(found)}I", *(one >> 32 for one in found)),
            struct.pack(f"<{len(found)}{width}", *(one & _LOW for one in found)),
        )
    )


def basket(currency: str) -> dict[str, Any]:
    """Return how a tablet that is alone reads a basket as the server does."""
    return {"digits": minor_digits(currency), "problem": ask_money(currency)}


def scanned_at(scanned: datetime, sent: datetime, now: datetime) -> datetime:
    """Return when a scan was made by our clock; both others are the tablet's, which may go wrong, or be put right."""
    return now - min(max(sent - scanned, timedelta(0)), OLDEST)


def _said(offered: Offered, program: Program) -> dict[str, Any]:
    promise, minimum = offered.promise, offered.promise.minimum_purchase
    reward = say_reward(promise, program.currency, program.locale)
    return {
        "title": promise.title if promise.title != reward else "",
        "reward": reward,
        "minimum": minimum,
        "minimumWords": say_money(minimum, program.currency, program.locale) if minimum else "",
        "frozen": offered.is_frozen,
    }


def _ended(end: datetime, listing: Listing) -> str:
    zone, locale = listing.program.time_zone, listing.program.locale
    is_there = all(times.is_same_clock(end, zone, other) for other in listing.zones)
    return f"It was {times.say_until(end, zone, locale, is_there=is_there)}."


def milliseconds(instant: datetime) -> int:
    """Return an instant as scripts count it."""
    return round(instant.timestamp() * 1000)
