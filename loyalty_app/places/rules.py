"""What locations and devices may be called, and for how long things of theirs hold."""

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
