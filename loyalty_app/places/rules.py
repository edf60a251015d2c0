"""What locations and devices may be called, and for how long things of theirs hold."""

import hmac
import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from loyalty_app.core import times

NAME_LENGTH = 80
ADDRESS_LENGTH = 200
ENROL_LIFE = timedelta(minutes=15)
"""For so long a link enrols a device."""
WARN_FOR = timedelta(days=7)
"""For so long wrong PINs are shown beside a device; the trail keeps them."""
SEEN_EVERY = timedelta(minutes=1)
"""How exactly the last contact is known: not every request should write."""
PROOF_EVERY = timedelta(hours=1)
"""A proof of where a device stands is another one each hour, and not at each look."""
PROOF_LIFE = timedelta(days=7)
"""It holds for what is scanned so long after it was given: as long as scans are taken late."""
CLOCKS_DIFFER = timedelta(minutes=5)
"""So much a tablet's clock may be before or behind ours."""
MOST_COUNTED = 9_999
"""A location's redemptions are counted no further."""


@dataclass(frozen=True)
class Draft:
    """A location as somebody typed it."""

    name: str = ""
    address: str = ""
    time_zone: str = ""


@dataclass(frozen=True)
class Spot:
    """Where a browser stands: at a place, and as which device if it is enrolled."""

    place_id: int
    device_id: int | None = None
    hour: int = 0
    """Of a device: when it was told, in hours since 1970."""
    proof: str = ""
    """Of a device: what only this program can have written."""

    @property
    def text(self) -> str:
        """Return it as a browser keeps it with what it scans."""
        if self.device_id is None:
            return f"{self.place_id}"
        return f"{self.place_id}.{self.device_id}.{self.hour}.{self.proof}"

    def is_of(self, at: datetime) -> bool:
        """Return whether a scan that was made then can have been made with it."""
        given = datetime.fromtimestamp(0, UTC) + self.hour * PROOF_EVERY
        return given - CLOCKS_DIFFER <= at < given + PROOF_LIFE


def spot(text: str) -> Spot | None:
    """Return what a browser kept, believed or not; None if it is nothing of ours."""
    found = re.fullmatch(r"([0-9]{1,9})(?:\.([0-9]{1,9})\.([0-9]{1,7})\.([0-9a-f]{64}))?", text, re.ASCII)
    if found is None:
        return None
    place_id, device_id, hour, proven = found.groups()
    return Spot(int(place_id), int(device_id), int(hour), proven) if device_id else Spot(int(place_id))


def hour(now: datetime) -> int:
    """Return the hour of an instant, counted since 1970."""
    return int(now.timestamp() // PROOF_EVERY.total_seconds())


def proof(secret_hash: str, device_id: int, place_id: int, hour: int) -> str:
    """Return what proves that a device was told in that hour that it stands at a place."""
    return hmac.digest(secret_hash.encode(), f"{device_id} at {place_id} in {hour}".encode(), "sha256").hex()


def problems(draft: Draft) -> dict[str, str]:
    """Return a sentence for each field of a location that is not acceptable."""
    found = {}
    if problem := name_problem(draft.name, "Name the location, for example: Old Town."):
        found["name"] = problem
    if len(draft.address.strip()) > ADDRESS_LENGTH:
        found["address"] = f"Keep the address to {ADDRESS_LENGTH} characters."
    if draft.time_zone not in times.time_zones():
        found["time_zone"] = "Choose a time zone from the list."
    return found


def is_same_name(name: str, other: str) -> bool:
    """Return whether people would take two names for the same."""
    return alike(name) == alike(other)


def alike(name: str) -> str:
    """Return what is the same of all names that people would take for the same."""
    return " ".join(name.casefold().split())


def name_problem(name: str, if_missing: str) -> str:
    """Return what is wrong with a name, or nothing."""
    if not name.strip():
        return if_missing
    return f"Keep the name to {NAME_LENGTH} characters." if len(name.strip()) > NAME_LENGTH else ""
