"""What the counter shows, and what staff may ask there."""

import uuid
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import ClassVar

import reflex as rx

from loyalty_app.core import times
from loyalty_app.core.actor import Permission, actor
from loyalty_app.core.database import read, together
from loyalty_app.core.errors import AppError
from loyalty_app.core.reasons import Reason
from loyalty_app.offers.models import Promise
from loyalty_app.offers.rules import say_reward
from loyalty_app.program import service as programs
from loyalty_app.program.models import Program
from loyalty_app.program.rules import say_money
from loyalty_app.redemptions import rules, service
from loyalty_app.redemptions.service import AmountNeeded, Incomplete, Redeemed, Refused, Voucher

MOST_READ = 1000
"""More than any link of ours; a longer text is cut before anybody looks at it."""
MOST_NONCE = 64
MOST_QUOTED = 40
MANY_LETTERS = 150
FRESH = timedelta(minutes=2)
"""A page opened again, or connected again, within this shows its last answer still."""
RECENTLY = timedelta(hours=1)

STARTING = "starting"
CAMERA_ERROR = "error"
CAMERA = frozenset(
    {STARTING, "scanning", "denied", "no_camera", "busy", "insecure", "unsupported", "decoder", CAMERA_ERROR}
)
"""What camera.jsx may report."""


@dataclass(frozen=True)
class Answer:
    """What can be read from across the counter, already in words."""

    shape: str = "ready"
    headline: str = ""
    lead: str = ""
    title: str = ""
    member: str = ""
    note: str = ""
    foot: str = ""
    nonce: str = ""
    """Which attempt this answers; the browser waits for it."""
    is_long: bool = False
    """Too many words for the largest letters."""


FAILED = Answer(
    shape="problem", headline="Not checked", lead="Something went wrong on our side.", note="Try the same code again."
)


class ScanState(rx.State):
    """One counter, one scan at a time."""

    permission: ClassVar[Permission] = Permission.REDEEM

    answer: Answer = Answer()
    camera: str = STARTING

    _zone: str = ""
    _currency: str = ""
    _locale: str = ""
    _answered_at: datetime | None = None

    @rx.event
    async def opened(self) -> None:
        """Be ready for the first voucher."""
        await self._learn()
        if self._answered_at is None or times.now() - self._answered_at > FRESH:
            self.answer = Answer()

    @rx.event
    async def asked(self, what: dict[str, str] | None = None) -> None:
        """Try what was read or typed, and say what happened."""
        what = what if isinstance(what, dict) else {}
        await self._try(what.get("text"), what.get("nonce"))

    @rx.event
    async def camera_changed(self, status: dict[str, str] | None = None) -> None:
        """Show how the camera is doing."""
        reported = status.get("state") if isinstance(status, dict) else None
        self.camera = reported if isinstance(reported, str) and reported in CAMERA else CAMERA_ERROR

    async def _try(self, text: object, nonce: object) -> None:
        await self._learn()
        read_text = printable(text, MOST_READ)
        number = printable(nonce, MOST_NONCE) or uuid.uuid4().hex
        # What stays if this fails unforeseen: the till must not wait for an answer that never comes.
        self.answer = replace(FAILED, nonce=number)
        self._answered_at = times.now()
        program = Program(name="", time_zone=self._zone, currency=self._currency, locale=self._locale)
        try:
            outcome = await together(service.redeem_many, service.Ask(text=read_text, by=actor(), nonce=number))
        except AppError as problem:
            answer = Answer(shape="problem", headline="Not redeemed", lead=str(problem))
        else:
            answer = present(outcome, read_text, program, now=times.now())
        letters = len(answer.lead + answer.title + answer.member + answer.note)
        self.answer = replace(answer, nonce=number, is_long=letters > MANY_LETTERS)

    async def _learn(self) -> None:
        # A connection made again can come with an empty state, and its first event need not be `opened`.
        if self._zone:
            return
        program = await read(programs.current)
        self._zone, self._currency, self._locale = program.time_zone, program.currency, program.locale


def printable(text: object, most: int) -> str:
    """Return what came over the wire as one line of ordinary characters; anything but a text is empty."""
    if not isinstance(text, str):
        return ""
    return "".join(letter if letter.isprintable() else " " for letter in text[:most]).strip()


def present(
    outcome: Redeemed | Refused | Incomplete | AmountNeeded, text: str, program: Program, *, now: datetime
) -> Answer:
    """Put an outcome into words for staff and the customer."""
    match outcome:
        case Redeemed(voucher, at):
            reward = say_reward(voucher.promise, program.currency, program.locale)
            return Answer(
                shape="accepted",
                headline="Accepted",
                lead=reward,
                title=voucher.promise.title if voucher.promise.title != reward else "",
                member=voucher.member,
                note=_minimum(voucher.promise, program),
                foot=f"{voucher.code} · {times.say_time(at, program.time_zone, program.locale)}",
            )
        case Incomplete():
            return say(Reason.LOGIN_REQUIRED)
        case AmountNeeded():
            return say(Reason.MIN_PURCHASE)
        case Refused(reason, voucher):
            answer = say(reason, text)
            clock = times.say_time(now, program.time_zone, program.locale)
            if voucher is None:
                return replace(answer, foot=f"{_quoted(text)} · {clock}" if text else clock)
            return replace(
                answer,
                lead=_since(reason, voucher, program, now) or answer.lead,
                title=voucher.promise.title,
                member=voucher.member,
                foot=f"{voucher.code} · {clock}",
            )


def say(reason: Reason, text: str = "") -> Answer:  # noqa: C901, PLR0911, PLR0912 - one line a reason
    """Return the words for a refusal: what it is, why, and what staff do next."""
    match reason:
        case Reason.ALREADY_REDEEMED:
            return Answer(
                "used", "Already redeemed", "This voucher was used before.", note="Do not give the reward again."
            )
        case Reason.DISABLED:
            return Answer(
                "disabled",
                "Switched off",
                "This voucher was withdrawn.",
                note="Do not give the reward. An admin or marketer knows why, and can switch it on again.",
            )
        case Reason.REDEMPTION_FROZEN:
            return Answer(
                "frozen",
                "On hold",
                "No voucher of this batch is redeemed for now.",
                note="It stays good: ask the customer to come back. An admin or marketer lifts the hold.",
            )
        case Reason.NOT_HOLDER:
            return Answer(
                "unclaimed",
                "Not theirs",
                "This voucher belongs to another member.",
                note="Ask for the code in the customer's own My cards.",
            )
        case Reason.MIN_PURCHASE:
            return Answer(
                "problem",
                "Basket too small",
                "This offer has a minimum purchase.",
                note="Nothing was redeemed. Scan again when the basket is large enough.",
            )
        case Reason.EXPIRED:
            return Answer(
                "expired", "Expired", "This voucher is too old.", note="Nothing was redeemed, and nothing is counted."
            )
        case Reason.NOT_CLAIMED:
            return Answer(
                "unclaimed",
                "Not claimed",
                "Nobody has claimed this voucher yet.",
                note="The customer opens the claim link, claims a voucher, and shows the code in My cards.",
            )
        case Reason.UNKNOWN_CODE:
            return Answer(
                "unknown",
                "Unknown code",
                "There is no voucher with this code.",
                note="Compare it letter by letter, and try again.",
            )
        case Reason.TAMPERED | Reason.KEY_RETIRED:
            return Answer(
                "unknown",
                "Not valid",
                "This code was changed, forged, or withdrawn with its key.",
                note="Do not give the reward.",
            )
        case Reason.LOGIN_REQUIRED:
            return Answer(
                "unclaimed",
                "For the customer's phone",
                "This code pays points to whoever opens it.",
                note="Nothing was redeemed. The customer scans it with their own phone.",
            )
        case Reason.BATCH_PAUSED:
            return Answer(
                "frozen", "Paused", "No code of this batch is redeemed for now.", note="It stays good for later."
            )
        case Reason.MALFORMED:
            return Answer(
                "unknown",
                "Not a voucher",
                "Voucher codes do not look like this.",
                note="Ask for the code in the customer's My cards.",
            )
        case Reason.WRONG_KIND:
            return _say_wrong_kind(text)
        case Reason.CONFLICT_OFFLINE:
            return Answer(
                "used",
                "Already redeemed",
                "Somebody redeemed this voucher before this scan arrived.",
                note="Talk to whoever redeemed it first.",
            )
        case Reason.NONCE_REUSED:
            return Answer(
                "problem",
                "Scan again",
                "Two scans got the same number, so this one did not count.",
                note="Nothing was redeemed.",
            )
        case (
            Reason.RATE_LIMITED
            | Reason.REVERSAL_DENIED
            | Reason.ALREADY_REVERSED
            | Reason.NOT_READY
            | Reason.ALREADY_CLAIMED
            | Reason.SOLD_OUT
        ):  # said elsewhere, never at the counter
            return Answer(
                "problem", "Not redeemed", "This voucher cannot be redeemed now.", note="Ask an admin to look at it."
            )


def _say_wrong_kind(text: str) -> Answer:
    if isinstance(rules.recognise(text), rules.ClaimLink):
        return Answer(
            "link",
            "Claim link",
            "This is the invitation, not the voucher.",
            note="The customer opens it on their phone, claims a voucher, and shows the code they get.",
        )
    return Answer(
        "unknown",
        "Not a voucher",
        "This code leads to another place.",
        note="Ask for the code in the customer's My cards.",
    )


def _since(reason: Reason, voucher: Voucher, program: Program, now: datetime) -> str:
    if reason is Reason.EXPIRED:
        return f"It {times.say_validity(voucher.expires_at, program.time_zone, program.locale, now=now)}."
    if reason is Reason.ALREADY_REDEEMED and voucher.redeemed_at:
        first = times.say_instant(voucher.redeemed_at, program.time_zone, program.locale)
        by = f" by {voucher.redeemed_by}" if voucher.redeemed_by else ""
        age = now - voucher.redeemed_at
        ago = f", {times.say_duration(age.total_seconds())} ago" if age < RECENTLY else ""
        return f"First redeemed {first}{by}{ago}."
    return ""


def _minimum(promise: Promise, program: Program) -> str:
    if not promise.minimum_purchase:
        return ""
    return f"Minimum purchase {say_money(promise.minimum_purchase, program.currency, program.locale)}: check the basket"


def _quoted(text: str) -> str:
    return text if len(text) <= MOST_QUOTED else f"{text[:MOST_QUOTED]}…"
