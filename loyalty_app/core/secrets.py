"""Random secrets, and what the database keeps of them."""

import hashlib
import secrets

TOKEN_BYTES = 24
"""192 bits; a claim token needs at least 128."""


LARGEST = 2**31 - 1
"""An integer of both databases is no larger."""


def new_token() -> str:
    """Return an unguessable text that is safe in a URL."""
    return secrets.token_urlsafe(TOKEN_BYTES)


def new_number() -> int:
    """Return a number above zero, as large as a database's integers go, drawn by lot."""
    return 1 + secrets.randbelow(LARGEST)


def fingerprint(secret: str) -> str:
    """Return what is stored instead of the secret; it is random, so no salt is needed."""
    return hashlib.sha256(secret.encode()).hexdigest()
