"""Text from outside, as a database can store it."""


def storable(text: str) -> str:
    """Return the text without what PostgreSQL or UTF-8 cannot hold: NUL and halves of characters."""
    return text.replace("\0", "").encode("utf-8", "ignore").decode()
