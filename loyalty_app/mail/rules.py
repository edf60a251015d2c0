"""How a letter looks, where it goes, and how long a failing one is tried again."""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import parseaddr
from urllib.parse import unquote, urlsplit

import idna

from loyalty_app.mail.models import Mail

PATIENCE = timedelta(hours=1)
"""What is in most letters is good for no longer."""
FIRST_PAUSE = timedelta(seconds=5)

PORTS = {"smtp": 587, "smtps": 465}
_NOT_IN_FILE_NAMES = re.compile(r"[^A-Za-z0-9@.+-]+")


@dataclass(frozen=True)
class MailServer:
    """Where letters are handed over."""

    host: str
    port: int
    user: str
    password: str
    is_tls: bool
    """Encrypted from the first byte; else from when the server offers it."""

    @property
    def is_here(self) -> bool:
        """Return whether it runs on this machine, so that nobody listens in between."""
        return self.host in {"localhost", "127.0.0.1", "::1"}


def server(url: str) -> MailServer:
    """Return the server that an address such as `smtp://user:password@host:587` names."""
    parts = urlsplit(url)
    if parts.scheme not in PORTS or not parts.hostname:
        raise ValueError("LOYALTY_SMTP_URL has to look like smtp://user:password@host:587")
    return MailServer(
        parts.hostname,
        parts.port or PORTS[parts.scheme],
        unquote(parts.username or ""),
        unquote(parts.password or ""),
        parts.scheme == "smtps",
    )


def sender(mail_from: str, origin: str) -> Address:
    """Return who letters are from; without a setting, the program at its public host."""
    name, address = parseaddr(mail_from)
    return _address(address, name) if address else _address(f"loyalty@{urlsplit(origin).hostname or 'localhost'}")


def letter(mail: Mail, sender: Address, encoding: str) -> EmailMessage:
    """Return the mail as it travels; the same mail is the same letter each time it is sent."""
    made = EmailMessage()
    made["From"] = sender
    made["To"] = _address(mail.recipient)
    made["Subject"] = mail.subject
    made["Date"] = mail.created_at
    made["Message-ID"] = f"<{mail.created_at:%Y%m%d%H%M%S}.{mail.id}@{sender.domain}>"
    made["Auto-Submitted"] = "auto-generated"  # asks holiday notices not to answer
    made.set_content(mail.body, cte=encoding)
    return made


def file_name(mail: Mail) -> str:
    """Return a name that sorts by time and tells who the letter is for."""
    return f"{mail.created_at:%Y-%m-%d-%H%M%S}-{_in_file_names(mail.recipient)}-{mail.id}.eml"


def is_letter_to(file_name: str, address: str) -> bool:
    """Return whether a file of that name is a letter to an address."""
    pattern = rf"\d{{4}}-\d\d-\d\d-\d{{6}}-{re.escape(_in_file_names(address))}-\d+\.(eml|part)"
    return re.fullmatch(pattern, file_name) is not None


def _in_file_names(address: str) -> str:
    return _NOT_IN_FILE_NAMES.sub("_", address)[:100]


def pause(mail: Mail, now: datetime) -> timedelta | None:
    """Return how long a letter that failed now waits: as long again as it has waited; None when it waited enough."""
    age = now - mail.created_at
    return max(age, FIRST_PAUSE) if age < PATIENCE else None


def _address(text: str, name: str = "") -> Address:
    # Its parts are quoted where they must be, and a line break in one is refused.
    local, _, domain = text.rpartition("@")
    return Address(name, local, domain if domain.isascii() else idna.encode(domain, uts46=True).decode())
