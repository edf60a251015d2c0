"""The page of the API keys."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, ClassVar

import reflex as rx
from sqlmodel import Session

from loyalty_app.apikeys import service as keys
from loyalty_app.apikeys.models import ApiKey
from loyalty_app.apikeys.service import Made, Wish
from loyalty_app.core import times
from loyalty_app.core.actor import Permission, actor
from loyalty_app.core.database import read, transact
from loyalty_app.core.errors import InvalidError
from loyalty_app.core.texts import storable
from loyalty_app.program import service as programs
from loyalty_app.program.models import Program
from loyalty_app.ui.errors import NoticeState, say
from loyalty_app.ui.forms import SUMMARY
from loyalty_app.ui.live import hub

MOST_TYPED = 300
A_MOMENT = timedelta(microseconds=1)
"""Before an end, which is the first instant without the key."""

SCOPES: dict[str, str] = {
    Permission.VIEW_DASHBOARD: "See offers, batches, codes, redemptions and numbers",
    Permission.OFFER_MANAGEMENT: "Make and change offers",
    Permission.QR_CODE_MANAGEMENT: "Make and manage batches and codes",
    Permission.VIEW_MEMBERS: "See members",
    Permission.MEMBER_MANAGEMENT: "Make and change members",
    Permission.POINTS_MANAGEMENT: "Add points and take them away",
    Permission.CLAIM_FOR_MEMBERS: "Claim vouchers for members",
    Permission.REDEEM: "Check and redeem codes",
    Permission.REVERSE_REDEMPTIONS: "Take redemptions back",
    Permission.PLACE_MANAGEMENT: "Manage locations and their tablets",
    Permission.USER_MANAGEMENT: "Manage accounts of people who work here",
    Permission.PROGRAM_MANAGEMENT: "Change the business profile",
    Permission.API_KEY_MANAGEMENT: "Make and revoke API keys",
    Permission.VIEW_AUDIT_LOG: "See the audit log",
}
"""What a key can be allowed, in words."""


@dataclass(frozen=True)
class KeyRow:
    """A key as the list shows it."""

    id: int
    name: str
    hint: str
    scopes: str
    expires: str
    used: str
    standing: str
    is_good: bool


class ApiKeysState(rx.State):
    """The keys, and the one that was just made."""

    permission: ClassVar[Permission] = Permission.API_KEY_MANAGEMENT

    rows: rx.Field[list[KeyRow]] = rx.field(default_factory=list)
    problems: rx.Field[dict[str, str]] = rx.field(default_factory=dict)
    new_key: rx.Field[str] = rx.field("")
    new_name: rx.Field[str] = rx.field("")
    doomed_id: rx.Field[int] = rx.field(0)
    doomed_name: rx.Field[str] = rx.field("")
    today: rx.Field[str] = rx.field("")
    is_loaded: rx.Field[bool] = rx.field(default=False)

    @rx.event
    async def opened(self) -> None:
        """Show the keys, and keep them fresh."""
        self.problems, self.new_key, self.new_name = {}, "", ""
        hub.subscribe(self, ApiKeysState.refresh, keys.TOPIC)
        await self._show()

    @rx.event
    async def refresh(self) -> None:
        """Show them again after one was made, used or revoked."""
        await self._show()

    @rx.event
    async def make(self, form: dict[str, Any]) -> rx.event.EventSpec | None:
        """Make a key, and show it this once."""
        name = storable(str(form.get("name") or ""))[:MOST_TYPED]
        scopes = [scope for scope in SCOPES if form.get(f"scope-{scope}")]
        last_day = storable(str(form.get("expires_at") or ""))[:MOST_TYPED]
        try:
            made = await transact(_make, name, scopes, last_day)
        except InvalidError as problem:
            self.problems = problem.problems
            return rx.set_focus(SUMMARY)
        self.problems, self.new_key, self.new_name = {}, made.secret, made.key.name
        await self._show()
        return rx.set_focus("new-key")

    @rx.event
    async def done(self) -> None:
        """Take the new key off the screen."""
        self.new_key, self.new_name = "", ""

    @rx.event
    async def ask_to_revoke(self, key_id: int) -> None:
        """Name the key that is to be revoked."""
        row = next((row for row in self.rows if row.id == key_id), None)
        self.doomed_id, self.doomed_name = (row.id, row.name) if row else (0, "")

    @rx.event
    async def revoke(self) -> None:
        """Shut the key for good."""
        key = await transact(keys.revoke, self.doomed_id, by=actor(), now=times.now())
        say(await self.get_state(NoticeState), f"{key.name} is revoked. Programs cannot use this key any more.")
        await self._show()

    async def _show(self) -> None:
        program, found = await read(_all)
        now = times.now()
        self.rows = [_row(key, program, now) for key in found]
        self.today = times.local_day(now, program.time_zone).isoformat()
        self.is_loaded = True


def _all(session: Session) -> tuple[Program, list[ApiKey]]:
    return programs.current(session), keys.listed(session, by=actor())


def _make(session: Session, name: str, scopes: list[str], last_day: str) -> Made:
    expires_at = None
    if last_day:
        try:
            expires_at = times.end_of_day(date.fromisoformat(last_day), programs.current(session).time_zone)
        except (ValueError, OverflowError):
            raise InvalidError(expires_at="Choose the last day on which the key works.") from None
    return keys.create(session, Wish(name, scopes, expires_at), by=actor(), now=times.now())


def _row(key: ApiKey, program: Program, now: datetime) -> KeyRow:
    def last_day(end: datetime) -> str:
        return times.say_day(times.local_day(end - A_MOMENT, program.time_zone), program.locale)

    is_over = key.expires_at is not None and key.expires_at <= now
    standing = "Revoked" if key.revoked_at else "Expired" if is_over else "Active"
    return KeyRow(
        key.id or 0,
        key.name,
        f"{key.hint}…",
        ", ".join(SCOPES.get(scope, scope) for scope in key.scopes),
        last_day(key.expires_at) if key.expires_at else "None",
        times.say_instant(key.last_used_at, program.time_zone, program.locale) if key.last_used_at else "Never",
        standing,
        standing == "Active",
    )
