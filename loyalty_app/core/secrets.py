"""Random secrets, and what the database keeps of them."""

import hashlib
import secrets

TOKEN_BYTES = 24
"""192 bits; a claim token needs at least 128."""


def new_token() -> str:
    """Return an unguessable text that is safe in a URL."""
    return secrets.token_urlsafe(TOKEN_BYTES)


def fingerprint(secret: str) -> str:
    """Return what is stored instead of the secret; it is random, so no salt is needed."""
    return hashlib.sha256(secret.encode()).hexdigest()
