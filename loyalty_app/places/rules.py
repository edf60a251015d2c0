"""What locations and devices may be called, and for how long things of theirs hold."""

import hmac
import re
from dataclasses import dataclass
from datetime import timedelta

from loyalty_app.core import times

NAME_LENGTH = 80
ADDRESS_LENGTH = 200
ENROL_LIFE = timedelta(minutes=15)
"""For so long a link enrols a device."""
WARN_FOR = timedelta(days=7)
"""For so long wrong PINs are shown beside a device; the trail keeps them."""
SEEN_EVERY = timedelta(minutes=1)
"""How exactly the last contact is known: not every request should write."""
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
    proof: str = ""
    """Of a device: what only this program can have written."""

    @property
    def text(self) -> str:
        """Return it as a browser keeps it with what it scans."""
        return f"{self.place_id}" if self.device_id is None else f"{self.place_id}.{self.device_id}.{self.proof}"


def spot(text: str) -> Spot | None:
    """Return what a browser kept, believed or not; None if it is nothing of ours."""
    found = re.fullmatch(r"([0-9]{1,9})(?:\.([0-9]{1,9})\.([0-9a-f]{64}))?", text, re.ASCII)
    return Spot(int(found[1]), int(found[2]) if found[2] else None, found[3] or "") if found else None


def proof(secret_hash: str, device_id: int, place_id: int) -> str:
    """Return what proves that a device was told that it stands at a place."""
    return hmac.digest(secret_hash.encode(), f"{device_id} at {place_id}".encode(), "sha256").hex()


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


def name_problem(name: str, if_missing: str) -> str:
    """Return what is wrong with a name, or nothing."""
    if not name.strip():
        return if_missing
    return f"Keep the name to {NAME_LENGTH} characters." if len(name.strip()) > NAME_LENGTH else ""
