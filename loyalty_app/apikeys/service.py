"""Make and revoke API keys, and tell whose a key is."""

from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlmodel import Session, col, select

from loyalty_app.apikeys import rules
from loyalty_app.apikeys.models import ApiKey
from loyalty_app.audit import service as audit
from loyalty_app.core import live, secrets
from loyalty_app.core.actor import Actor, Permission
from loyalty_app.core.errors import InvalidError, NotFoundError

TOPIC = "api-keys"
ROLE = "program"
PAGE = 50
USE_EVERY = timedelta(minutes=1)
"""How exactly the last use is known: not every request should write."""


@dataclass(frozen=True)
class Wish:
    """A key as somebody asks for it."""

    name: str
    scopes: list[str]
    expires_at: datetime | None = None


@dataclass(frozen=True)
class Made:
    """A new key with its secret, which nobody sees again."""

    key: ApiKey
    secret: str


@dataclass(frozen=True)
class Known:
    """Who a key is, and whether its use is due to be written down."""

    actor: Actor
    is_use_due: bool


def create(session: Session, wish: Wish, *, by: Actor, now: datetime) -> Made:
    """Make a key."""
    by.must(Permission.API_KEY_MANAGEMENT)
    if problems := rules.problems(wish.name, wish.scopes, wish.expires_at, by.permissions, now=now):
        raise InvalidError(**problems)

    secret = rules.new_secret()
    key = ApiKey(
        name=wish.name.strip(),
        key_hash=secrets.fingerprint(secret),
        hint=secret[: rules.HINT_LENGTH],
        scopes=[scope for scope in rules.SCOPES if scope in wish.scopes],
        created_at=now,
        created_by=by.account_id,
        expires_at=wish.expires_at,
    )
    session.add(key)
    session.flush()
    audit.record(session, "create", f"api_key {key.id}", f"{key.name}: {', '.join(key.scopes)}"[:500], by=by, now=now)
    live.announce(session, TOPIC)
    return Made(key, secret)


def listed(session: Session, *, after: int = 0, limit: int = PAGE, by: Actor) -> list[ApiKey]:
    """Return keys, the newest first, from behind a number."""
    by.must(Permission.API_KEY_MANAGEMENT)
    query = select(ApiKey).order_by(col(ApiKey.id).desc()).limit(limit)
    return list(session.exec(query.where(col(ApiKey.id) < after) if after else query))


def get(session: Session, key_id: int, *, by: Actor) -> ApiKey:
    """Return a key to somebody who may look at it."""
    by.must(Permission.API_KEY_MANAGEMENT)
    key = session.get(ApiKey, key_id)
    if key is None:
        raise NotFoundError("API key")
    return key


def revoke(session: Session, key_id: int, *, by: Actor, now: datetime) -> ApiKey:
    """Shut a key for good; a second time changes nothing."""
    by.must(Permission.API_KEY_MANAGEMENT)
    revoked = session.connection().execute(
        sa.update(ApiKey).where(col(ApiKey.id) == key_id, col(ApiKey.revoked_at).is_(None)).values(revoked_at=now)
    )
    key = get(session, key_id, by=by)
    if revoked.rowcount:
        audit.record(session, "revoke", f"api_key {key_id}", key.name, by=by, now=now)
        live.announce(session, TOPIC)
    return key


def known(session: Session, secret: str, *, now: datetime) -> Known | None:
    """Return who brings this key; None if it is unknown, revoked or past its end."""
    key = session.exec(select(ApiKey).where(ApiKey.key_hash == secrets.fingerprint(secret))).first()
    if key is None or key.revoked_at or (key.expires_at and key.expires_at <= now):
        return None
    scopes = frozenset(scope for scope in rules.SCOPES if scope in key.scopes)
    who = Actor(name=key.name, role=ROLE, permissions=scopes | {Permission.PUBLIC}, api_key_id=key.id)
    return Known(who, key.last_used_at is None or key.last_used_at <= now - USE_EVERY)


def used(session: Session, key_id: int | None, *, now: datetime) -> None:
    """Write down that a key was used, at most once a minute."""
    session.connection().execute(
        sa.update(ApiKey)
        .where(
            col(ApiKey.id) == key_id,
            sa.or_(col(ApiKey.last_used_at).is_(None), col(ApiKey.last_used_at) <= now - USE_EVERY),
        )
        .values(last_used_at=now)
    )
    live.announce(session, TOPIC)
