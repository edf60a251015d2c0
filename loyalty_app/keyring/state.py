"""The page of the keys that seal printed codes."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any, ClassVar

import reflex as rx
from sqlmodel import Session

from loyalty_app.batches import service as batches
from loyalty_app.core import times
from loyalty_app.core.actor import Permission, actor
from loyalty_app.core.database import read, transact
from loyalty_app.core.errors import AppError
from loyalty_app.core.texts import storable
from loyalty_app.keyring import service as keyring
from loyalty_app.keyring.service import Kept
from loyalty_app.keys import service as keys
from loyalty_app.keys.service import Standing
from loyalty_app.program import service as programs
from loyalty_app.program.models import Program
from loyalty_app.program.rules import say_number
from loyalty_app.ui.errors import NoticeState, say
from loyalty_app.ui.live import hub

MOST_TYPED = 80
WORDS = {
    Standing.SEALS: "Seals new batches",
    Standing.GOOD: "Good",
    Standing.RETIRED: "Retired",
    Standing.MISSING: "Secret missing here",
}


@dataclass(frozen=True)
class KeyRow:
    """A key as the list shows it."""

    id: int
    made: str
    standing: str
    batches: str
    unredeemed: str
    redeemable: str
    points: str
    may_retire: bool


class KeyRingState(rx.State):
    """The keys, what hangs on each, and the one that is to be retired."""

    permission: ClassVar[Permission] = Permission.PROGRAM_MANAGEMENT

    rows: rx.Field[list[KeyRow]] = rx.field(default_factory=list)
    doomed_id: int = 0
    impact: str = ""
    phrase: str = ""
    problem: str = ""
    advice: str = ""
    fits: rx.Field[bool] = rx.field(default=False)
    busy: rx.Field[bool] = rx.field(default=False)
    turn: int = 0
    """Grows with each retirement: a dialog made anew is closed."""
    is_loaded: rx.Field[bool] = rx.field(default=False)

    @rx.event
    async def opened(self) -> None:
        """Show the keys, and keep them fresh."""
        self.advice = ""
        hub.subscribe(self, KeyRingState.refresh, keys.TOPIC, batches.TOPIC)
        await self._show()

    @rx.event
    async def refresh(self) -> None:
        """Show them again after one was made or retired, or codes were used."""
        await self._show()

    @rx.event
    async def rotate(self) -> AsyncIterator[None]:
        """Make a new key; or say what the operator has to do."""
        self.busy, self.advice = True, ""
        yield
        try:
            made = await transact(keys.rotate, by=actor(), now=times.now())
        except AppError as refused:
            self.advice = str(refused)
            return
        finally:
            self.busy = False
        say(await self.get_state(NoticeState), f"Key {made} seals new batches from now on. Back the key file up.")
        await self._show()

    @rx.event
    async def ask_to_retire(self, key_id: int) -> None:
        """Tell what retiring a key would take away."""
        kept, program = await read(_impact, int(key_id))
        number = _numbers(program)
        self.doomed_id, self.phrase, self.fits, self.problem = kept.key.id, keyring.phrase(kept.key.id), False, ""
        self.impact = (
            f"{number(kept.unredeemed)} unredeemed codes of {number(kept.batches)} batches are refused from then on,"
            f" {number(kept.redeemable)} of them redeemable now, for {number(kept.points)} points."
        )

    @rx.event
    async def type_phrase(self, typed: str) -> None:
        """Look whether what is typed names the key."""
        self.fits, self.problem = keyring.is_meant(str(typed), self.doomed_id), ""

    @rx.event
    async def retire(self, form: dict[str, Any]) -> AsyncIterator[None]:
        """Refuse every code of the key, for good."""
        self.busy, self.problem = True, ""
        yield
        typed = storable(str(form.get("typed_key") or ""))[:MOST_TYPED]
        try:
            await transact(keyring.retire, self.doomed_id, typed=typed, by=actor(), now=times.now())
        except AppError as refused:
            self.problem = str(refused)
            return
        finally:
            self.busy = False
        self.turn += 1
        say(await self.get_state(NoticeState), f"Key {self.doomed_id} is retired. Its codes are refused.")
        await self._show()

    async def _show(self) -> None:
        found, program = await read(_all)
        self.rows = [_row(kept, program) for kept in found]
        self.is_loaded = True


def _all(session: Session) -> tuple[list[Kept], Program]:
    return keyring.ring(session, by=actor(), now=times.now()), programs.current(session)


def _impact(session: Session, key_id: int) -> tuple[Kept, Program]:
    return keyring.impact(session, key_id, by=actor(), now=times.now()), programs.current(session)


def _numbers(program: Program) -> Any:
    return lambda number: say_number(number, program.locale)


def _row(kept: Kept, program: Program) -> KeyRow:
    key, number = kept.key, _numbers(program)
    since = f" on {_day(key.retired_at, program)} by {key.retired_by}" if key.retired_at else ""
    return KeyRow(
        key.id,
        _day(key.created_at, program),
        f"{WORDS[key.standing]}{since}",
        number(kept.batches),
        number(kept.unredeemed),
        number(kept.redeemable if key.standing is not Standing.RETIRED else 0),
        number(kept.points if key.standing is not Standing.RETIRED else 0),
        key.standing in (Standing.GOOD, Standing.MISSING),
    )


def _day(instant: Any, program: Program) -> str:
    return times.say_day(times.local_day(instant, program.time_zone), program.locale)
