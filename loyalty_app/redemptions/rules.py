"""What was scanned, and when a voucher may be redeemed."""

from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlsplit

from loyalty_app.codes import alphabet
from loyalty_app.codes.models import CodeStatus
from loyalty_app.core.reasons import Reason

MOST_TEXT = 200
MOST_NONCE = 64


@dataclass(frozen=True)
class CodeText:
    """A code in its normalised form."""

    code: str


@dataclass(frozen=True)
class ClaimLink:
    """The public link of a claim batch: an invitation, not a voucher."""

    token: str


@dataclass(frozen=True)
class Foreign:
    """A link to somewhere else."""


@dataclass(frozen=True)
class Unreadable:
    """Nothing that we issue looks like this."""


Scanned = CodeText | ClaimLink | Foreign | Unreadable


def recognise(text: str) -> Scanned:
    """Tell what was scanned or typed."""
    text = text.strip()
    if "://" in text or text.startswith("/"):
        steps = [step for step in urlsplit(text).path.split("/") if step] if _is_link(text) else []
        if len(steps) >= 2 and steps[-2] == "claim":  # noqa: PLR2004 - …/claim/{token}
            return ClaimLink(steps[-1])
        return Foreign()
    code = alphabet.normal(text) if len(text) <= MOST_TEXT else None
    return CodeText(code) if code else Unreadable()


def kept(text: str) -> str:
    """Return what is remembered of a text: cut, and without what no database can store."""
    return text.encode(errors="replace").decode().replace("\0", "?")[:MOST_TEXT]


def is_nonce(text: str) -> bool:
    """Return whether a device may name its attempt so."""
    return len(text) <= MOST_NONCE and text.isprintable()


def refusal(status: CodeStatus, expires_at: datetime, now: datetime) -> Reason | None:
    """Return the first reason to refuse, or None if the voucher is good.

    A paused batch does not appear here: vouchers already claimed stay good (S3-15).
    """
    if status is CodeStatus.REDEEMED:
        return Reason.ALREADY_REDEEMED
    if now >= expires_at:
        return Reason.EXPIRED
    if status is CodeStatus.ACTIVE:
        return Reason.NOT_CLAIMED
    return None


def _is_link(text: str) -> bool:
    try:
        urlsplit(text)
    except ValueError:
        return False
    return True
