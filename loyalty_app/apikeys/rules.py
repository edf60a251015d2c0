"""Which API keys may be made."""

from collections.abc import Collection
from datetime import datetime

from loyalty_app.core import secrets
from loyalty_app.core.actor import Permission

START = "loy_"
HINT_LENGTH = 12
NAME_LENGTH = 80

SCOPES = tuple(one for one in Permission if one not in {Permission.PUBLIC, Permission.CLAIM})
"""What a key can be allowed; claiming for oneself is for members only."""


def new_secret() -> str:
    """Return a new key."""
    return START + secrets.new_token()


def problems(
    name: str, scopes: Collection[str], expires_at: datetime | None, own: Collection[Permission], *, now: datetime
) -> dict[str, str]:
    """Return a sentence for each part of a wish that is not acceptable; nobody grants more than they have."""
    found = {}
    if not name.strip():
        found["name"] = "Name the program that will use this key, for example: Till in Warsaw."
    elif len(name.strip()) > NAME_LENGTH:
        found["name"] = f"Keep the name to {NAME_LENGTH} characters."
    if unknown := sorted(set(scopes) - set(SCOPES)):
        found["scopes"] = f"There is no scope {', '.join(unknown)[:200]}. There are: {', '.join(SCOPES)}."
    elif not scopes:
        found["scopes"] = "Choose at least one thing that the key may do."
    elif more := sorted(set(scopes) - set(own)):
        found["scopes"] = f"You cannot grant what you may not do yourself: {', '.join(more)}."
    if expires_at is not None and expires_at <= now:
        found["expires_at"] = "This is over. Choose a later day."
    return found
