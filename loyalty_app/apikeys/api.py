"""API keys, for programs that manage them."""

from datetime import datetime
from typing import Annotated, ClassVar

from fastapi import APIRouter
from fastapi.responses import Response
from pydantic import AwareDatetime, Field
from sqlmodel import Session

from loyalty_app.apikeys import service as keys
from loyalty_app.apikeys.models import ApiKey
from loyalty_app.core import times
from loyalty_app.core.actor import Permission, actor
from loyalty_app.core.database import change, reading
from loyalty_app.core.texts import storable
from loyalty_app.ui.rest import Instant, Number, OnceOnly, Page, Paged, Sent, Shown
from loyalty_app.ui.routes import allow

router = APIRouter(prefix="/api/v1/api-keys", tags=["API keys"])


class ApiKeyWish(Sent):
    """A key that is wanted."""

    name: Annotated[str, Field(max_length=300, examples=["Till in Warsaw"])]
    scopes: Annotated[list[str], Field(max_length=50, examples=[["redeem", "view_dashboard"]])]
    expires_at: Annotated[AwareDatetime | None, Field(examples=["2027-01-01T00:00:00Z"])] = None


class ApiKeyShown(Shown):
    """A key as lists show it."""

    id: Annotated[int, Field(examples=[3])]
    name: Annotated[str, Field(examples=["Till in Warsaw"])]
    hint: Annotated[str, Field(examples=["loy_Zx8KpQ2m"], description="How the key begins.")]
    scopes: Annotated[list[str], Field(examples=[["redeem", "view_dashboard"]])]
    created_at: Instant
    expires_at: Instant | None
    last_used_at: Annotated[Instant | None, Field(description="To the minute.")]
    revoked_at: Instant | None


class NewApiKey(ApiKeyShown):
    """A key that was just made."""

    unkept: ClassVar[frozenset[str]] = frozenset({"key"})

    key: Annotated[
        str | None,
        Field(
            examples=["loy_Zx8KpQ2mT5vB9cR1nD4fG7hJ0kL3sW6y"],
            description="Shown this once. It is not kept, so a repeated request is answered without it.",
        ),
    ] = None


@router.post("", status_code=201, response_model=NewApiKey)
@allow(Permission.API_KEY_MANAGEMENT)
def create_api_key(sent: ApiKeyWish, once: OnceOnly) -> Response:
    """Make a key. Nobody can grant more than they may do themselves."""

    def make(session: Session, now: datetime) -> NewApiKey:
        wish = keys.Wish(storable(sent.name), sent.scopes, sent.expires_at)
        made = keys.create(session, wish, by=actor(), now=now)
        return NewApiKey.model_validate(made.key).model_copy(update={"key": made.secret})

    return once.answer(201, make)


@router.get("")
@allow(Permission.API_KEY_MANAGEMENT)
def list_api_keys(paging: Paged) -> Page[ApiKeyShown]:
    """List the keys, the newest first, revoked ones too."""
    with reading() as session:
        found = keys.listed(session, after=paging.after, limit=paging.limit + 1, by=actor())
    return paging.page(found, _shown, lambda key: key.id or 0)


@router.get("/{key_id}")
@allow(Permission.API_KEY_MANAGEMENT)
def read_api_key(key_id: Number) -> ApiKeyShown:
    """Return one key."""
    with reading() as session:
        return _shown(keys.get(session, key_id, by=actor()))


@router.delete("/{key_id}", status_code=204)
@allow(Permission.API_KEY_MANAGEMENT)
def revoke_api_key(key_id: Number) -> None:
    """Revoke a key at once and for good; its row stays, to tell who did what."""
    change(keys.revoke, key_id, by=actor(), now=times.now())


def _shown(key: ApiKey) -> ApiKeyShown:
    return ApiKeyShown.model_validate(key)
