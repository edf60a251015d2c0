"""What the page behind a printed code shows."""

import secrets
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar
from urllib.parse import quote

import reflex as rx
from sqlmodel import Session

from loyalty_app.accounts import service as accounts
from loyalty_app.batches import service as batches
from loyalty_app.batches.fields import Field, FieldType
from loyalty_app.core import times
from loyalty_app.core.actor import Permission, actor
from loyalty_app.core.config import settings
from loyalty_app.core.database import read, transact
from loyalty_app.core.languages import Language, spoken
from loyalty_app.core.peers import peer_at
from loyalty_app.core.reasons import Reason
from loyalty_app.core.secrets import fingerprint
from loyalty_app.landing import rules
from loyalty_app.landing import service as landing
from loyalty_app.landing.service import TooMany
from loyalty_app.members import service as members
from loyalty_app.offers.models import Promise
from loyalty_app.offers.rules import said_in
from loyalty_app.pictures import service as pictures
from loyalty_app.pictures.service import Shown
from loyalty_app.points import service as points
from loyalty_app.program import service as programs
from loyalty_app.program.models import Program
from loyalty_app.program.rules import say_number
from loyalty_app.redemptions.service import Refused, Voucher, Worth
from loyalty_app.ui.forms import text_of
from loyalty_app.ui.live import hub

MOST_SECRET = 100

PAGES = {
    Reason.ALREADY_REDEEMED: "used",
    Reason.BATCH_PAUSED: "paused",
    Reason.REDEMPTION_FROZEN: "paused",
    Reason.EXPIRED: "expired",
    Reason.NOT_READY: "not_ready",
}
"""Which screen a refusal is; every other one is the quiet one."""

INPUTS: dict[FieldType, tuple[str, str, str]] = {
    FieldType.TEXT: ("text", "text", "on"),
    FieldType.EMAIL: ("email", "email", "email"),
    FieldType.PHONE: ("tel", "tel", "tel"),
    FieldType.NUMBER: ("text", "decimal", "off"),
    FieldType.DATE: ("date", "none", "off"),
    FieldType.CHOICE: ("choice", "none", "off"),
    FieldType.AGREE: ("agree", "none", "off"),
}
"""Which control asks, which keyboard a phone shows, and what it may fill in by itself."""


@dataclass(frozen=True)
class Question:
    """What the batch asks, as a form shows it."""

    name: str
    label: str
    kind: str
    keyboard: str
    fills: str
    is_required: bool
    choices: list[str]


@dataclass(frozen=True)
class PrizeView:
    """What a code is worth, in the reader's words."""

    points: str = ""
    title: str = ""
    description: str = ""
    terms: str = ""
    until: str = ""
    end: str = ""
    picture: str = ""
    width: int = 0
    height: int = 0


@dataclass(frozen=True)
class _Seen:
    """What one look found, and what belongs beside it."""

    program: Program
    found: Worth | Refused | TooMany
    picture: Shown | None
    balance: int
    member_id: int | None


class LandingState(rx.State):
    """One printed code, opened by anybody; opening it uses nothing up."""

    permission: ClassVar[Permission] = Permission.PUBLIC

    screen: rx.Field[str] = rx.field("")
    code: rx.Field[str] = rx.field("")
    """As the address of this very tab carries it."""
    here: rx.Field[str] = rx.field("")
    """This address, as part of another."""
    start: rx.Field[str] = rx.field("")
    """This address without what came later."""
    memory: rx.Field[str] = rx.field("")
    nonce: rx.Field[str] = rx.field("")
    prize: rx.Field[PrizeView] = rx.field(default_factory=PrizeView)
    questions: rx.Field[list[Question]] = rx.field(default_factory=list)
    sign_up: rx.Field[str] = rx.field("")
    email: rx.Field[str] = rx.field("")
    is_sent_again: rx.Field[bool] = rx.field(default=False)
    is_over: rx.Field[bool] = rx.field(default=False)
    has_mail_server: rx.Field[bool] = rx.field(default=False)
    when: rx.Field[str] = rx.field("")
    balance: rx.Field[str] = rx.field("")
    wait: rx.Field[str] = rx.field("")
    problem: rx.Field[str] = rx.field("")

    _text: str = ""
    _is_new: bool = False

    @rx.event
    async def opened(self) -> None:
        """Show what the code of the address is worth."""
        query = self.router.url.query_parameters
        self._text = query.get("code", "")[: rules.MOST_TEXT]
        self._is_new = "new" in query
        self.nonce = secrets.token_urlsafe(16)
        self.problem = ""
        self.code = self._text
        self.start = spoken().at(rules.address(self._text))
        self.here = quote(self.start, safe="")
        self.memory = f"redeem-{fingerprint(self._text)[:16]}"
        self.has_mail_server = bool(settings().smtp_url.get_secret_value())
        self.sign_up, self.is_sent_again = query.get("sign_up", "")[:MOST_SECRET], "sent" in query
        self.email = (await read(accounts.pending_email, self.sign_up) or "") if self.sign_up else ""
        self.is_over = bool(self.sign_up) and not self.email
        if not self._text.strip():
            self.screen = "enter"
            return
        await self._show(subscribe=True)

    @rx.event
    async def refresh(self) -> None:
        """Show it again after something changed."""
        await self._show()

    @rx.event
    async def enter(self, form: dict[str, Any]) -> rx.event.EventSpec | None:
        """Go to the page of a code that was typed."""
        text = rules.typed(text_of(form, "typed"))
        if text:
            self.problem = ""
            return rx.redirect(spoken().at(rules.address(text)))
        words = spoken()
        self.problem = words("This does not look like one of our codes. They have letters and digits, like A2B3-C4D5.")
        return rx.set_focus("typed")

    async def _show(self, *, subscribe: bool = False) -> None:
        peer, waits = peer_at(self.router.session.client_ip), None
        is_guess = rules.is_guessable(self._text)
        if is_guess:
            waits = await read(landing.too_many, by=actor(), peer=peer, now=times.now())
        door = transact if is_guess and not waits else read
        seen = await door(_look, self._text, peer, waits)
        words, now = spoken(), times.now()
        locale = words.formats(seen.program.locale)
        self.balance = _points(seen.balance, locale, words)
        match seen.found:
            case TooMany(seconds):
                self.screen = "rate_limited"
                self.wait = words.count(
                    "Too many tries. Wait {number} minute and try again.",
                    "Too many tries. Wait {number} minutes and try again.",
                    -(-seconds // 60),
                )
                return
            case Worth() as worth:
                self.questions = [_question(number, field) for number, field in enumerate(worth.fields)]
                self.screen = self._form()
                batch_id = worth.batch_id
                self.prize = _prize(worth.promise, worth.points, worth.expires_at, seen, words, now=now)
            case Refused(reason, voucher):
                batch_id = voucher.batch_id if voucher else 0
                self.screen = PAGES.get(reason, "unknown")
                self.prize = PrizeView()
                if voucher:
                    self.prize = _prize(voucher.promise, voucher.points, voucher.expires_at, seen, words, now=now)
                    self._show_mine(voucher, seen, now=now)
        if subscribe:
            topics = [points.topic(seen.member_id)] if seen.member_id else []
            hub.subscribe(self, LandingState.refresh, *topics, *([batches.topic(batch_id)] if batch_id else []))

    def _form(self) -> str:
        if actor().may(Permission.CLAIM):
            return "member"
        if actor().is_signed_in:
            return "worker"
        return "mailed" if self.email else "stranger"

    def _show_mine(self, voucher: Voucher, seen: _Seen, *, now: datetime) -> None:
        at = voucher.redeemed_at
        if at is None or self.screen != "used" or not voucher.member_id:
            return
        words = spoken()
        self.when = times.say_instant(at, seen.program.time_zone, words.formats(seen.program.locale))
        self.screen = "paid" if self._is_new and now - at < rules.JUST_NOW else "collected"


def _look(session: Session, text: str, peer: str, waits: TooMany | None) -> _Seen:
    by = actor()
    found = waits or landing.look(session, text, by=by, peer=peer, now=times.now())
    promise = _promise(found)
    picture_id = promise.picture_id if promise else None
    is_member = by.may(Permission.CLAIM)
    return _Seen(
        programs.current(session),
        found,
        pictures.shown(session, [picture_id]).get(picture_id),
        points.mine(session, limit=1, by=by).balance if is_member else 0,
        members.ids_of_accounts(session, [by.account_id or 0]).get(by.account_id or 0) if is_member else None,
    )


def _promise(found: Worth | Refused | TooMany) -> Promise | None:
    match found:
        case Worth():
            return found.promise
        case Refused(_, voucher):
            return voucher.promise if voucher else None
        case TooMany():
            return None


def _prize(
    promise: Promise, worth: int, expires_at: datetime, seen: _Seen, words: Language, *, now: datetime
) -> PrizeView:
    said, locale, zone = said_in(promise, words.tag), words.formats(seen.program.locale), seen.program.time_zone
    paid, shown = _points(worth, locale, words), seen.picture
    return PrizeView(
        points=paid,
        title="" if said.title in {paid, words.count("{number} point", "{number} points", worth)} else said.title,
        description=said.description,
        terms=said.terms,
        until=times.say_validity(expires_at, zone, locale, now=now, words=words),
        end=times.clock_end(expires_at, zone),
        picture=shown.url if shown else "",
        width=shown.width if shown else 0,
        height=shown.height if shown else 0,
    )


def _points(number: int, locale: str, words: Language) -> str:
    return words.count("{points} point", "{points} points", number, points=say_number(number, locale))


def _question(number: int, field: Field) -> Question:
    kind, keyboard, fills = INPUTS[field.type]
    return Question(rules.name_of(number), field.label, kind, keyboard, fills, field.is_required, [*field.choices])
