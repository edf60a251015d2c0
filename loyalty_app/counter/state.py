"""What the counter shows, and what staff may ask there."""

import uuid
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import ClassVar

import reflex as rx
from sqlmodel import Session

from loyalty_app.core import times
from loyalty_app.core.actor import Permission, actor
from loyalty_app.core.database import read, together, transact
from loyalty_app.core.errors import AppError
from loyalty_app.core.texts import line
from loyalty_app.counter.answers import (
    EMPTY,
    FAILED,
    Answer,
    Counter,
    present,
    seconds_to_undo,
    undone,
)
from loyalty_app.places import service as places
from loyalty_app.program import service as programs
from loyalty_app.program.models import Program
from loyalty_app.program.rules import ask_money, read_money
from loyalty_app.redemptions import scans, service
from loyalty_app.redemptions.models import RedemptionStatus
from loyalty_app.redemptions.service import Redeemed, Refused, Reversed

MOST_READ = 1000
"""More than any link of ours; a longer text is cut before anybody looks at it."""
MOST_NONCE = 64
MOST_NUMBER = 2**31
MOST_TOLD = 201
"""One more than a reason may have, so that a longer one is refused and not cut."""
MOST_MADE = 10
"""More than anybody redeems in the time in which a repeat is called their own."""
FRESH = timedelta(minutes=2)
"""A page opened again, or connected again, within this shows its last answer still."""

STARTING = "starting"
CAMERA_ERROR = "error"
CAMERA = frozenset(
    {STARTING, "scanning", "denied", "no_camera", "busy", "insecure", "unsupported", "decoder", CAMERA_ERROR}
)
"""What camera.jsx may report."""

OUTCOMES = {
    RedemptionStatus.RECORDED: "Accepted",
    RedemptionStatus.GOODWILL: "Goodwill",
    RedemptionStatus.REVERSED: "Undone",
}


@dataclass(frozen=True)
class ScanRow:
    """One of somebody's own last redemptions."""

    id: int
    code: str
    title: str
    member: str
    at: str
    outcome: str
    undo_for: int
    """For so many seconds from now it may be undone."""


class ScanState(rx.State):
    """One counter, one scan at a time."""

    permission: ClassVar[Permission] = Permission.REDEEM

    answer: Answer = Answer()
    camera: str = STARTING
    person: int = 0
    """The number of whoever scans here; the tablet keeps it with what it scans alone."""
    mine: rx.Field[list[ScanRow]] = rx.field(default_factory=list)

    _zone: str = ""
    _currency: str = ""
    _locale: str = ""
    _undo_minutes: int = 0
    _place_id: int | None = None
    _here: str = ""
    """By which clock people go there."""
    _made: tuple[int, ...] = ()
    """The last redemptions that were made in this window; the guard forgets them with the session."""
    _answered_at: datetime | None = None

    @rx.event
    async def opened(self) -> None:
        """Be ready for the first voucher."""
        self._zone = ""  # the program may have changed since
        await self._learn()
        if self._answered_at is None or times.now() - self._answered_at > FRESH:
            self.answer = Answer()
        elif self.answer.undo:
            left = self.answer.undo_for - int((times.now() - self._answered_at).total_seconds())
            self.answer = replace(self.answer, undo=self.answer.undo if left > 0 else 0, undo_for=max(0, left))
        await self._list_mine()

    @rx.event
    async def asked(self, what: dict[str, str] | None = None) -> None:
        """Try what was read or typed, with what else is told of it, and say what happened."""
        what = what if isinstance(what, dict) else {}
        await self._try(
            printable(what.get("text"), MOST_READ),
            printable(what.get("nonce"), MOST_NONCE) or uuid.uuid4().hex,
            printable(what.get("amount"), MOST_TOLD),
            printable(what.get("goodwill"), MOST_TOLD),
        )

    @rx.event
    async def undo(self, redemption_id: int = 0) -> None:
        """Undo one of the last scans."""
        await self._learn()
        number = redemption_id if isinstance(redemption_id, int) and 0 < redemption_id < MOST_NUMBER else 0
        try:
            outcome = await transact(service.reverse, number, reason="", by=actor(), now=times.now())
        except AppError as problem:
            answer = Answer(shape="problem", headline="Not undone", lead=str(problem))
        else:
            match outcome:
                case Reversed(line, stands):
                    answer = undone(line, stands)
                case Refused():
                    answer = Answer(
                        shape="problem",
                        headline="Not undone",
                        lead="The time to undo it is over, or somebody undid it before.",
                        note="Ask a lead: they can undo it later, and say why.",
                    )
        self._answered_at = times.now()
        self.answer = replace(answer, nonce=uuid.uuid4().hex)
        await self._list_mine()

    @rx.event
    async def next(self) -> None:
        """Put the answer away."""
        self.answer = Answer()

    @rx.event
    async def camera_changed(self, status: dict[str, str] | None = None) -> None:
        """Show how the camera is doing."""
        reported = status.get("state") if isinstance(status, dict) else None
        self.camera = reported if isinstance(reported, str) and reported in CAMERA else CAMERA_ERROR

    async def _try(self, text: str, nonce: str, amount: str, goodwill: str) -> None:
        await self._learn()
        before = self.answer
        # What stays if this fails unforeseen: the till must not wait for an answer that never comes.
        self.answer = replace(FAILED, nonce=nonce)
        self._answered_at = times.now()
        program = self._program()
        basket = read_money(amount, program.currency) if amount else None
        if not text:
            self.answer = replace(EMPTY, nonce=nonce)
            return
        if amount and basket is None:
            asked_again = before if before.asks == "amount" else FAILED
            self.answer = replace(asked_again, nonce=nonce, problem=ask_money(program.currency))
            return
        ask = service.Ask(text, actor(), nonce, amount=basket, asks_amount=True, goodwill=goodwill)
        try:
            outcome = await together(service.redeem_many, ask)
        except AppError as problem:
            answer = Answer(shape="problem", headline="Not redeemed", lead=str(problem))
        else:
            answer = present(outcome, text, self._counter(), amount=basket, now=times.now())
            if isinstance(outcome, Redeemed):
                self._made = (*self._made, outcome.id)[-MOST_MADE:]
        self.answer = replace(answer, nonce=nonce)
        if answer.undo:
            await self._list_mine()

    async def _list_mine(self) -> None:
        found = await read(_own)
        self.mine = [_row(one, self._counter(), times.now()) for one in found]

    async def _learn(self) -> None:
        # A connection made again can come with an empty state, and its first event need not be `opened`.
        place_id = actor().place_id
        if self._zone and place_id == self._place_id:
            return
        self.person, self._place_id = actor().account_id or 0, place_id
        program, self._here = await read(_known, place_id)
        self._zone, self._currency, self._locale = program.time_zone, program.currency, program.locale
        self._undo_minutes = program.undo_minutes

    def _counter(self) -> Counter:
        return Counter(self._program(), self._here, self._made)

    def _program(self) -> Program:
        return Program(
            name="",
            time_zone=self._zone,
            currency=self._currency,
            locale=self._locale,
            undo_minutes=self._undo_minutes,
        )


def printable(text: object, most: int) -> str:
    """Return what came over the wire as one line of ordinary characters; anything but a text is empty."""
    return line(text[:most]) if isinstance(text, str) else ""


def _known(session: Session, place_id: int | None) -> tuple[Program, str]:
    return programs.current(session), places.zone_at(session, place_id)


def _own(session: Session) -> list[scans.Own]:
    return scans.of(session, by=actor(), now=times.now())


def _row(own: scans.Own, counter: Counter, now: datetime) -> ScanRow:
    is_live = own.status is not RedemptionStatus.REVERSED
    return ScanRow(
        own.id,
        own.code,
        own.title,
        own.member,
        times.say_time(own.at, counter.zone, counter.program.locale),
        OUTCOMES[own.status],
        seconds_to_undo(own.at, counter.program.undo_minutes, now) if is_live else 0,
    )
