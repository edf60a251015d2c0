"""Tokens: what a scan code's link carries, sealed so that it can be neither read nor changed (S0-24, S0-25).

A token is unpadded base64url of one byte, format and key number, and of AES-SIV (RFC 5297) over the batch, the
serial and the parameters. AES-SIV is deterministic: the token of a code is derived from its row and never stored.
"""

import base64
import binascii
import hashlib
import json
import os
import struct
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESSIV

FORMAT = 1
KEYS = range(1, 16)
SECRET_BYTES = 64
"""Two keys of 256 bits, as RFC 5297 wants them."""
SHORTEST = 24
"""Fewer characters are no token: the tag alone has as many."""

_PLACE = struct.Struct(">II")
_MANY, _REST = 0x80, 0x7F

Secrets = Mapping[int, AESSIV]


@dataclass(frozen=True)
class Sealed:
    """What a token says once its seal was found intact."""

    key_id: int
    number: int
    """What tokens call the batch."""
    serial: int
    parameters: dict[str, str]


def new_secret() -> str:
    """Return a fresh secret, as it is written into a key file."""
    return base64.urlsafe_b64encode(os.urandom(SECRET_BYTES)).decode()


def cipher(secret: str) -> AESSIV | None:
    """Return the cipher of a secret as it was written, or None if it is none."""
    try:
        raw = base64.urlsafe_b64decode(secret)
    except (binascii.Error, ValueError):
        return None
    # Only as `new_secret` writes it: the same secret written otherwise would have another fingerprint.
    is_whole = len(raw) == SECRET_BYTES and base64.urlsafe_b64encode(raw).decode() == secret
    return AESSIV(raw) if is_whole else None


def fingerprint(secret: str) -> str:
    """Return what may be known of a secret: enough to notice another one."""
    return hashlib.sha256(b"loyalty token key" + secret.encode()).hexdigest()[:16]


def sealer(cipher: AESSIV, key_id: int, number: int, parameters: Mapping[str, str]) -> Callable[[int], str]:
    """Return what makes the token of each serial of a batch; all of them have the same length."""
    header = bytes([FORMAT << 4 | key_id])
    bound, packed = [header], pack(parameters)

    def seal(serial: int) -> str:
        sealed = cipher.encrypt(_PLACE.pack(number, serial) + packed, bound)
        return base64.urlsafe_b64encode(header + sealed).rstrip(b"=").decode()

    return seal


def unseal(token: str, secrets: Secrets) -> Sealed | None:
    """Return what a token says, or None unless one of these keys sealed exactly this text."""
    try:
        raw = base64.urlsafe_b64decode(token.encode("ascii") + b"=" * (-len(token) % 4))
    except (binascii.Error, ValueError):
        return None
    # Spare bits of the last character, or characters that the decoder skips, would let a changed text pass.
    if not raw or base64.urlsafe_b64encode(raw).rstrip(b"=").decode() != token:
        return None
    cipher = secrets.get(raw[0] & 0x0F) if raw[0] >> 4 == FORMAT else None
    if cipher is None:
        return None
    try:
        said = cipher.decrypt(raw[1:], [raw[:1]])
        number, serial = _PLACE.unpack_from(said)
        parameters = unpack(said[_PLACE.size :])
    except (InvalidTag, ValueError, struct.error):
        return None
    return Sealed(raw[0] & 0x0F, number, serial, parameters)


def looks_like_token(text: str) -> bool:
    """Return whether a text is meant as a token and not as a printed code, whose letters are all of one case."""
    return len(text) >= SHORTEST and text not in {text.upper(), text.lower()} and " " not in text


def pack(parameters: Mapping[str, str]) -> bytes:
    """Return parameters in few bytes: the points as a number, the others as JSON; QR codes grow with each byte."""
    others = dict(parameters)
    points = others.pop("points", "")
    head = _pack_number(int(points) + 1 if points else 0)
    if not others:
        return head if points else b""
    return head + json.dumps(others, ensure_ascii=False, separators=(",", ":")).encode()


def unpack(packed: bytes) -> dict[str, str]:
    """Return the parameters that were packed."""
    if not packed:
        return {}
    points, used = 0, 0
    for used, byte in enumerate(packed, start=1):
        points |= (byte & _REST) << 7 * (used - 1)
        if byte < _MANY:
            break
    found = {"points": str(points - 1)} if points else {}
    return found | (json.loads(packed[used:]) if packed[used:] else {})


def _pack_number(number: int) -> bytes:
    packed = bytearray()
    while number >= _MANY:
        packed.append(number & _REST | _MANY)
        number >>= 7
    packed.append(number)
    return bytes(packed)
