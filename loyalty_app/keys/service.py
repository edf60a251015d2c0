"""The key ring: secrets in a file or a setting, what is known of them in the database."""

import functools
import logging
import os
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import sqlalchemy as sa
from sqlmodel import Session, col, select

from loyalty_app.audit import service as audit
from loyalty_app.core import live
from loyalty_app.core.actor import Actor, Permission
from loyalty_app.core.config import settings
from loyalty_app.core.errors import AppError, NotFoundError
from loyalty_app.keys import rules
from loyalty_app.keys.models import TokenKey

TOPIC = "keys"
FILE = "keys"

log = logging.getLogger(__name__)


class KeysError(AppError):
    """The secrets here do not fit what the database knows, or cannot be read."""


@dataclass(frozen=True)
class Opened:
    """What a token says; nothing of it may be believed of a retired key."""

    sealed: rules.Sealed
    is_retired: bool


def ensure(session: Session, *, now: datetime) -> None:
    """Make the first key if there is none, and take note of those that the setting brings."""
    known = {key.id: key for key in session.exec(select(TokenKey))}
    if not known and not _written():
        with suppress(FileExistsError):  # another process was first
            _append(1, rules.new_secret(), os.O_EXCL)
    for key_id, secret in _written().items():
        fingerprint = rules.fingerprint(secret)
        if key_id not in known:
            _note(session, key_id, fingerprint, now=now)
        elif known[key_id].fingerprint != fingerprint:
            raise KeysError(
                f"Key {key_id} is not the one that this database knows. Bring back the key file that belongs to it,"
                " or the setting LOYALTY_SECRET_KEYS."
            )


def current(session: Session, *, now: datetime) -> int:
    """Return the number of the key that seals new batches: the newest one that is here and not retired."""
    ensure(session, now=now)
    alive = session.exec(select(TokenKey.id).where(col(TokenKey.retired_at).is_(None)).order_by(col(TokenKey.id)))
    here = [key_id for key_id in alive if key_id in _ciphers()]
    if not here:
        raise KeysError("No key can seal new codes here. Make one with `loyalty keys rotate`, or bring the key file.")
    return here[-1]


def sealer(key_id: int, batch_id: int, parameters: dict[str, str]) -> Callable[[int], str]:
    """Return what makes the token of each serial of a batch."""
    cipher = _ciphers().get(key_id)
    if cipher is None:
        raise KeysError(f"The secret of key {key_id} is not here. Bring back the key file, or LOYALTY_SECRET_KEYS.")
    return rules.sealer(cipher, key_id, batch_id, parameters)


def opened(session: Session, tokens: Iterable[str]) -> dict[str, Opened]:
    """Return what each token says whose seal is intact."""
    ciphers = _ciphers()
    unsealed = {token: rules.unseal(token, ciphers) for token in set(tokens)}
    retired = set(session.connection().execute(_RETIRED).scalars())
    return {token: Opened(said, said.key_id in retired) for token, said in unsealed.items() if said}


def rotate(session: Session, *, by: Actor, now: datetime) -> int:
    """Make a new key, which seals the batches from now on; older ones go on being good."""
    by.must(Permission.PROGRAM_MANAGEMENT)
    ensure(session, now=now)
    last = session.exec(select(sa.func.max(TokenKey.id))).one() or 0
    if last + 1 not in rules.KEYS:
        raise KeysError(f"The ring is full: {len(rules.KEYS)} keys is all that fits into a token.")
    secret = rules.new_secret()
    if settings().secret_keys.get_secret_value():
        raise KeysError(
            "The keys come from LOYALTY_SECRET_KEYS. Add this to it, on every machine, and start again:"
            f" ,{last + 1}:{secret}"
        )
    _note(session, last + 1, rules.fingerprint(secret), now=now)
    _append(last + 1, secret)
    audit.record(session, "rotate", f"key {last + 1}", by=by, now=now)
    live.announce(session, TOPIC)
    return last + 1


def retire(session: Session, key_id: int, *, by: Actor, now: datetime) -> None:
    """Refuse every token of a key from now on; there is no way back."""
    by.must(Permission.PROGRAM_MANAGEMENT)
    if session.get(TokenKey, key_id) is None:
        raise NotFoundError("key")
    if current(session, now=now) == key_id:
        raise KeysError("This key seals new batches. Make another one first.")
    changed = session.connection().execute(
        sa.update(TokenKey)
        .where(col(TokenKey.id) == key_id, col(TokenKey.retired_at).is_(None))
        .values(retired_at=now, retired_by=by.name[:80])
    )
    if changed.rowcount:
        audit.record(session, "retire", f"key {key_id}", by=by, now=now)
        live.announce(session, TOPIC)


def _note(session: Session, key_id: int, fingerprint: str, *, now: datetime) -> None:
    session.add(TokenKey(id=key_id, fingerprint=fingerprint, created_at=now))
    session.flush()


def _file() -> Path:
    return settings().data_dir / FILE


def _written() -> dict[int, str]:
    """Return the secrets by their number, from the setting or else from the file."""
    if text := settings().secret_keys.get_secret_value():
        return _read(text.split(","), "LOYALTY_SECRET_KEYS")
    with suppress(FileNotFoundError):
        if _file().stat().st_mode & 0o077:
            raise KeysError(f"Others can read {_file()}. Forbid it: chmod 600 {_file()}")
        return _read(_file().read_text().split(), str(_file()))
    return {}


def _read(entries: Iterable[str], place: str) -> dict[int, str]:
    found = {}
    for entry in filter(None, (one.strip() for one in entries)):
        number, _, secret = entry.partition(":")
        if not number.isascii() or not number.isdigit() or int(number) not in rules.KEYS or not rules.cipher(secret):
            raise KeysError(f"{place} is not as it should be: number:secret, as `loyalty keys rotate` writes it.")
        found[int(number)] = secret
    return found


def _append(key_id: int, secret: str, flags: int = 0) -> None:
    path = _file()
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    opened = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | flags, 0o600)
    try:
        os.write(opened, f"{key_id}:{secret}\n".encode())
        os.fsync(opened)
    finally:
        os.close(opened)


def _ciphers() -> rules.Secrets:
    if text := settings().secret_keys.get_secret_value():
        return _made(text)
    try:
        changed = _file().stat().st_mtime_ns
    except FileNotFoundError:
        return {}
    return _made(f"{_file()} {changed}")


@functools.lru_cache(maxsize=4)
def _made(_version: str) -> rules.Secrets:
    made = {key_id: rules.cipher(secret) for key_id, secret in _written().items()}
    return {key_id: cipher for key_id, cipher in made.items() if cipher}


_RETIRED = sa.select(col(TokenKey.id)).where(col(TokenKey.retired_at).is_not(None))
