"""Who asks, and what they may do."""

from contextvars import ContextVar
from dataclasses import dataclass
from enum import StrEnum

from loyalty_app.core.errors import ForbiddenError


class Permission(StrEnum):
    """What an account may do; a role is a set of these."""

    VIEW_DASHBOARD = "view_dashboard"
    QR_CODE_MANAGEMENT = "qr_code_management"
    OFFER_MANAGEMENT = "offer_management"
    REDEEM = "redeem"
    CLAIM = "claim"
    CLAIM_FOR_MEMBERS = "claim_for_members"
    VIEW_MEMBERS = "view_members"
    MEMBER_MANAGEMENT = "member_management"
    POINTS_MANAGEMENT = "points_management"
    VIEW_REDEMPTIONS = "view_redemptions"
    REVERSE_REDEMPTIONS = "reverse_redemptions"
    GOODWILL = "goodwill"
    SUPPORT = "support"
    PLACE_MANAGEMENT = "place_management"
    USER_MANAGEMENT = "user_management"
    PROGRAM_MANAGEMENT = "program_management"
    API_KEY_MANAGEMENT = "api_key_management"
    VIEW_AUDIT_LOG = "view_audit_log"
    PUBLIC = "public"
    """Everybody, signed in or not; a screen or route has to say so."""


@dataclass(frozen=True)
class Actor:
    """The caller of a service, made once at the door."""

    account_id: int | None = None
    name: str = ""
    role: str = ""
    permissions: frozenset[Permission] = frozenset()
    session_hash: str = ""
    api_key_id: int | None = None
    """Instead of an account: a program that brought a key of ours."""
    place_id: int | None = None
    """Where they are."""
    device_id: int | None = None
    """The enrolled device that they use."""
    is_by_pin: bool = False
    """Known by four digits only: the account itself stays closed to them."""

    @property
    def is_signed_in(self) -> bool:
        """Return whether an account or an API key stands behind the caller."""
        return self.account_id is not None or self.api_key_id is not None

    @property
    def key(self) -> str:
        """Return one name for whoever asks, the same for each of their requests."""
        return f"key:{self.api_key_id}" if self.api_key_id is not None else f"account:{self.account_id}"

    def may(self, permission: Permission) -> bool:
        """Return whether the caller has the permission."""
        return permission is Permission.PUBLIC or permission in self.permissions

    def must(self, permission: Permission) -> None:
        """Refuse a caller without the permission."""
        if not self.may(permission):
            raise ForbiddenError


STRANGER = Actor()


def account_topic(account_id: int | None) -> str:
    """Return the topic of one account's sessions; announced when one of them ends."""
    return f"account:{account_id}"


def device_topic(device_id: int | None) -> str:
    """Return the topic of one device; announced when it is revoked or moved."""
    return f"device:{device_id}"


_actor: ContextVar[Actor] = ContextVar("actor", default=STRANGER)


def actor() -> Actor:
    """Return the caller of the event or request being handled; a stranger unless a door said otherwise."""
    return _actor.get()


def act_as(who: Actor) -> None:
    """Remember the caller for the rest of this event or request."""
    _actor.set(who)
