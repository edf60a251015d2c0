"""Which members are acceptable."""

import re

from loyalty_app.accounts.rules import NAME_LENGTH, normal_email

PHONE_LENGTH = 32
PHONE = re.compile(r"\+?[0-9][0-9 ()./-]{3,30}")


def problems(name: str, email: str, phone: str) -> dict[str, str]:
    """Return a sentence for each field of a member that is not acceptable."""
    found = {}
    if not name.strip():
        found["name"] = "Enter a name."
    elif len(name.strip()) > NAME_LENGTH:
        found["name"] = f"Keep the name to {NAME_LENGTH} characters."
    if normal_email(email) is None:
        found["email"] = "Enter an e-mail address like ana@example.com."
    if phone.strip() and not PHONE.fullmatch(phone.strip()):
        found["phone"] = "Enter a phone number like +48 22 123 45 67."
    return found
