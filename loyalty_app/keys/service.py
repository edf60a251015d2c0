"""The key ring: secrets in a file or a setting, what is known of them in the database."""

import functools
import logging
import os
import tempfile
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, UTCDateTime, col, select

from loyalty_app.audit import service as audit
from loyalty_app.core import live
from loyalty_app.core.actor import Actor, Permission
from loyalty_app.core.config import settings
from loyalty_app.core.errors import AppError, NotFoundError
from loyalty_app.core.languages import Sentence
from loyalty_app.keys import rules
from loyalty_app.keys.models import TokenKey

log = logging.getLogger(__name__)

TOPIC = "keys"
FILE = "keys"
FIRST = 1


class KeysError(AppError):
    """The secrets here do not fit what the database knows, or cannot be read."""


class Standing(StrEnum):
    """What a key is good for, here."""

    SEALS = "seals new batches"
    GOOD = "good"
    RETIRED = "retired"
    MISSING = "secret missing here"


@dataclass(frozen=True)
class Listed:
    """A key as a list shows it."""

    id: int
    created_at: datetime
    standing: Standing
    retired_at: datetime | None
    retired_by: str


@dataclass(frozen=True)
class Opened:
    """What a token says; nothing of it may be believed of a retired key."""

    sealed: rules.Sealed
    is_retired: bool


def ensure(session: Session, *, now: datetime) -> None:
    """Make the first key if there is none, and take note of those that the file or the setting brings."""
    known, written = _known(session), _written()
    if not known and not written:
        # The database is told first: of two machines that start at once the second finds a key that it does not have.
        secret = rules.new_secret()
        if _note(session, FIRST, rules.fingerprint(secret), now=now):
            _append(FIRST, secret)
            written = {FIRST: secret}
        known = _known(session)
    for key_id, secret in written.items():
        fingerprint = rules.fingerprint(secret)
        if key_id not in known and not _note(session, key_id, fingerprint, now=now):
            known = _known(session)  # another process was first
        if key_id in known and known[key_id].fingerprint != fingerprint:
            raise KeysError(
                f"Key {key_id} here is not the one that this database knows. Bring back the key file that belongs to"
                " it, or the setting LOYALTY_SECRET_KEYS."
            )


def missing(session: Session) -> list[int]:
    """Return the keys that are not retired, and whose secrets are not here: their codes are refused for now."""
    known = _known(session)
    here = _good(known.values())
    return [key_id for key_id, key in sorted(known.items()) if not key.retired_at and key_id not in here]


def listed(session: Session, *, by: Actor) -> list[Listed]:
    """Return every key there ever was, the newest first."""
    by.must(Permission.PROGRAM_MANAGEMENT)
    known = _known(session)
    here = _good(known.values())
    newest = max((key_id for key_id, key in known.items() if key_id in here and not key.retired_at), default=0)
    return [
        Listed(key.id, key.created_at, _standing(key, here, newest), key.retired_at, key.retired_by)
        for _, key in sorted(known.items(), reverse=True)
    ]


def current(session: Session, *, now: datetime) -> int:
    """Return the number of the key that seals new batches: the newest one that is here and not retired."""
    ensure(session, now=now)
    # Held, so that a key is not retired under a batch that is being made with it.
    found = list(session.exec(_ALIVE.with_for_update(read=True)))
    return _newest(found)


def sealer(key_id: int, number: int, parameters: dict[str, str]) -> Callable[[int], str]:
    """Return what makes the token of each serial of a batch."""
    cipher = _ciphers().get(key_id)
    if cipher is None:
        raise KeysError(f"The secret of key {key_id} is not here. Bring back the key file, or LOYALTY_SECRET_KEYS.")
    return rules.sealer(cipher, key_id, number, parameters)


def opened(session: Session, tokens: Iterable[str]) -> dict[str, Opened]:
    """Return what each token says whose seal is intact."""
    known = {key.id: key for key in session.connection().execute(_KEYS)}
    try:
        ciphers = _good(known.values())  # a key file of another database opens nothing
    except KeysError as problem:  # strangers are at this door too, and need not read where our files are
        log.error("%s", problem)  # noqa: TRY400 - the sentence says it all
        raise AppError(Sentence("Codes cannot be read just now. Try again in a moment.")) from None
    unsealed = {token: rules.unseal(token, ciphers) for token in set(tokens)}
    return {token: Opened(said, bool(known[said.key_id].retired_at)) for token, said in unsealed.items() if said}


def comes_from_setting() -> bool:
    """Return whether the secrets stand in a setting, where only the operator can add to them."""
    return bool(settings().secret_keys.get_secret_value())


def retired(session: Session, key_ids: Iterable[int | None]) -> set[int | None]:
    """Return those of the keys whose codes are refused, typed or scanned."""
    asked = [key_id for key_id in set(key_ids) if key_id] or [0]  # always the same statement, whatever was found
    return set(session.connection().execute(_RETIRED, {"keys": asked}).scalars())


def rotate(session: Session, *, by: Actor, now: datetime) -> int:
    """Make a new key, which seals the batches from now on; older ones go on being good."""
    by.must(Permission.PROGRAM_MANAGEMENT)
    key_id = _next(session, now=now)
    if comes_from_setting():
        raise KeysError(
            "The keys come from LOYALTY_SECRET_KEYS. `loyalty keys rotate` on the server prints what to add to it."
        )
    secret = rules.new_secret()
    if not _note(session, key_id, rules.fingerprint(secret), now=now):
        raise KeysError("Somebody else made a key at this moment. Look at the list again.")
    audit.record(session, "rotate", f"key {key_id}", by=by, now=now)
    live.announce(session, TOPIC)
    session.flush()
    _append(key_id, secret)  # last: a file is not rolled back when the database gives way and all is done again
    return key_id


def entry(session: Session, *, by: Actor, now: datetime) -> str:
    """Return a new key as an operator adds it to LOYALTY_SECRET_KEYS; it is known from the next start on."""
    by.must(Permission.PROGRAM_MANAGEMENT)
    return f"{_next(session, now=now)}:{rules.new_secret()}"


def retire(session: Session, key_id: int, *, by: Actor, now: datetime) -> None:
    """Refuse every token of a key from now on; there is no way back."""
    by.must(Permission.PROGRAM_MANAGEMENT)
    if session.get(TokenKey, key_id) is None:
        raise NotFoundError("key")
    ensure(session, now=now)
    alive = list(session.exec(_ALIVE))
    if key_id in alive and key_id == _newest(alive):
        raise KeysError("This key seals new batches. Make another one first.")
    changed = session.connection().execute(
        sa.update(TokenKey)
        .where(col(TokenKey.id) == key_id, col(TokenKey.retired_at).is_(None))
        .values(retired_at=now, retired_by=by.name[:80])
    )
    if changed.rowcount:
        audit.record(session, "retire", f"key {key_id}", by=by, now=now)
        live.announce(session, TOPIC)


def _known(session: Session) -> dict[int, TokenKey]:
    return {key.id: key for key in session.exec(select(TokenKey), execution_options={"populate_existing": True})}


def _standing(key: TokenKey, here: rules.Secrets, newest: int) -> Standing:
    if key.retired_at:
        return Standing.RETIRED
    if key.id not in here:
        return Standing.MISSING
    return Standing.SEALS if key.id == newest else Standing.GOOD


def _newest(alive: Sequence[int]) -> int:
    here = [key_id for key_id in alive if key_id in _ciphers()]
    if not here:
        raise KeysError("No key can seal new codes here. Bring the key file, or make a key: `loyalty keys rotate`.")
    return max(here)


def _next(session: Session, *, now: datetime) -> int:
    ensure(session, now=now)
    last = max(_known(session), default=0)
    if last + 1 not in rules.KEYS:
        raise KeysError(f"The ring is full: {len(rules.KEYS)} keys is all that fits into a token.")
    return last + 1


def _note(session: Session, key_id: int, fingerprint: str, *, now: datetime) -> bool:
    """Take note of a key; of several who do so at once, one is told that it was the first."""
    noted = session.connection().execute(_NOTE, {"key": key_id, "fingerprint": fingerprint, "now": now})
    return bool(noted.rowcount)


def _good(known: Iterable[Any]) -> rules.Secrets:
    """Return the ciphers of those keys that the database knows by the same fingerprint."""
    ciphers, prints = _ciphers(), _fingerprints()
    return {key.id: ciphers[key.id] for key in known if prints.get(key.id) == key.fingerprint}


def _file() -> Path:
    return settings().data_dir / FILE


def _written() -> dict[int, str]:
    """Return the secrets by their number, from the setting or else from the file."""
    if text := settings().secret_keys.get_secret_value():
        return _read(text.split(","), "LOYALTY_SECRET_KEYS")
    try:
        if _file().stat().st_mode & 0o077:
            raise KeysError(f"Others can read {_file()}. Forbid it: chmod 600 {_file()}")
        return _read(_file().read_text(encoding="ascii", errors="replace").split(), str(_file()))
    except FileNotFoundError:
        return {}
    except OSError as problem:
        raise KeysError(f"The key file {_file()} cannot be read: {problem.strerror}.") from None


def _read(entries: Iterable[str], place: str) -> dict[int, str]:
    found: dict[int, str] = {}
    for entry in filter(None, (one.strip() for one in entries)):
        number, _, secret = entry.partition(":")
        if number not in _NUMBERS or not rules.cipher(secret):  # what is there instead is not repeated: it is secret
            raise KeysError(f"{place} is not as it should be: number:secret, as `loyalty keys rotate` writes it.")
        if found.setdefault(_NUMBERS[number], secret) != secret:
            raise KeysError(f"{place} has two secrets for key {number}. Leave the right one.")
    return found


def _append(key_id: int, secret: str) -> None:
    """Add a secret to the file, all of it or nothing: whoever reads meanwhile finds the old file or the new one."""
    path = _file()
    written = {**_written(), key_id: secret}
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile("w", dir=path.parent, prefix=f".{FILE}-", delete=False) as file:  # mode 0600
            file.writelines(f"{number}:{one}\n" for number, one in sorted(written.items()))
            file.flush()
            os.fsync(file.fileno())
            with suppress(OSError):  # a command run by root must not lock the program's user out
                owner = (path if path.exists() else path.parent).stat()
                os.fchown(file.fileno(), owner.st_uid, owner.st_gid)
        Path(file.name).replace(path)
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
    except OSError as problem:
        raise KeysError(f"The key file {path} cannot be written: {problem.strerror}.") from None


def _ciphers() -> rules.Secrets:
    return _made(_version())[0]


def _fingerprints() -> dict[int, str]:
    return _made(_version())[1]


def _version() -> str:
    if text := settings().secret_keys.get_secret_value():
        return text
    try:
        found = _file().stat()
    except OSError:
        return ""
    return f"{_file()} {found.st_ino} {found.st_mtime_ns} {found.st_size} {found.st_mode}"


@functools.lru_cache(maxsize=4)
def _made(_version: str) -> tuple[rules.Secrets, dict[int, str]]:
    written = _written()
    ciphers = {key_id: rules.cipher(secret) for key_id, secret in written.items()}
    return (
        {key_id: cipher for key_id, cipher in ciphers.items() if cipher},
        {key_id: rules.fingerprint(secret) for key_id, secret in written.items()},
    )


_NUMBERS = {str(number): number for number in rules.KEYS}
_KEYS = sa.select(col(TokenKey.id), col(TokenKey.fingerprint), col(TokenKey.retired_at))
_RETIRED = sa.select(col(TokenKey.id)).where(
    col(TokenKey.id).in_(sa.bindparam("keys", expanding=True)), col(TokenKey.retired_at).is_not(None)
)
_ALIVE = select(TokenKey.id).where(col(TokenKey.retired_at).is_(None)).order_by(col(TokenKey.id))
_NOTE = sa.text(
    "insert into token_key (id, fingerprint, created_at, retired_by) values (:key, :fingerprint, :now, '')"
    " on conflict (id) do nothing"
).bindparams(sa.bindparam("now", type_=UTCDateTime()))
