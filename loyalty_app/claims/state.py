"""What the claim page and My cards show."""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

import reflex as rx
from sqlmodel import Session

from loyalty_app.batches import service as batches
from loyalty_app.claims import rules
from loyalty_app.claims import service as claims
from loyalty_app.codes import alphabet
from loyalty_app.codes.models import CodeStatus
from loyalty_app.core import times
from loyalty_app.core.actor import Permission, actor
from loyalty_app.core.database import read, together
from loyalty_app.core.languages import Language, spoken
from loyalty_app.core.reasons import Reason
from loyalty_app.offers.models import Promise
from loyalty_app.offers.rules import said_in, say_reward
from loyalty_app.pictures.service import Shown
from loyalty_app.program import service as programs
from loyalty_app.program.models import Program
from loyalty_app.program.rules import say_money
from loyalty_app.qr import drawing
from loyalty_app.ui.live import hub

MOST_TOKEN = 64

PAGES = {
    Reason.BATCH_PAUSED: "paused",
    Reason.SOLD_OUT: "sold_out",
    Reason.NOT_READY: "not_ready",
    Reason.EXPIRED: "expired",
    Reason.UNKNOWN_CODE: "unknown",
    Reason.LOGIN_REQUIRED: "signed_out",
    Reason.ALREADY_CLAIMED: "already_claimed",
}
"""Which screen a refusal is."""


@dataclass(frozen=True)
class PictureView:
    """A picture, and how large, so that its place is kept free."""

    url: str = ""
    width: int = 0
    height: int = 0


@dataclass(frozen=True)
class OfferView:
    """An offer in a reader's words."""

    title: str = ""
    description: str = ""
    terms: str = ""
    reward: str = ""
    minimum: str = ""


@dataclass(frozen=True)
class CardView:
    """A voucher as its holder sees it."""

    code: str
    title: str
    description: str
    terms: str
    reward: str
    minimum: str
    state: str
    hold: str
    """Why it cannot be redeemed now; nothing where it can."""
    note: str
    end: str
    qr: str
    picture: PictureView = PictureView()


class ClaimState(rx.State):
    """One claim link, opened by anybody."""

    permission: ClassVar[Permission] = Permission.PUBLIC

    screen: str = ""
    offer: OfferView = OfferView()
    until: str = ""
    end: str = ""
    here: str = ""
    card: rx.Field[CardView | None] = rx.field(None)
    picture: PictureView = PictureView()

    _token: str = ""
    _is_new: bool = False

    @rx.event
    async def opened(self) -> None:
        """Show what the link offers; opening it takes nothing."""
        self._token = self.router.url.path.rstrip("/").rsplit("/", 1)[-1][:MOST_TOKEN]
        self._is_new = False
        self.here = self.router.url.path
        await self._show(subscribe=True)

    @rx.event
    async def refresh(self) -> None:
        """Show it again after something changed."""
        await self._show()

    @rx.event
    async def claim(self) -> rx.event.EventSpec | None:
        """Take a voucher, or be told why not."""
        outcome = await together(claims.claim_many, claims.Ask(self._token, actor()))
        match outcome:
            case claims.Claimed():
                self._is_new = True
            case claims.Refused(Reason.LOGIN_REQUIRED):
                return None if actor().is_signed_in else rx.redirect(f"{spoken().at('/sign-in/')}?next={self.here}")
            case claims.Refused():
                pass
        await self._show()
        return None

    async def _show(self, *, subscribe: bool = False) -> None:
        program, page = await read(_look, self._token)
        if page is None:
            self.screen, self.card = "unknown", None
            return
        self.picture = _picture(page.picture)
        if subscribe:
            hub.subscribe(self, ClaimState.refresh, batches.topic(page.batch_id))
        words, now = spoken(), times.now()
        self.offer = _offer(page.promise, program, words)
        self.until = _until(page, program, words, now=now)
        self.end = times.clock_end(page.expires_at, program.time_zone)
        if page.voucher:
            self.card = _card(page.voucher, program, words, now=now)
            self.screen = "claimed" if self._is_new else "already_claimed"
            return
        self.card = None
        if page.refusal:
            self.screen = PAGES[page.refusal]
        elif not actor().is_signed_in:
            self.screen = "signed_out"
        else:
            self.screen = "claimable" if actor().may(Permission.CLAIM) else "not_a_member"


class CardsState(rx.State):
    """A member's vouchers."""

    permission: ClassVar[Permission] = Permission.CLAIM

    cards: rx.Field[list[CardView]] = rx.field(default_factory=list)
    past: rx.Field[list[CardView]] = rx.field(default_factory=list)
    is_loaded: bool = False

    @rx.event
    async def opened(self) -> None:
        """Show the vouchers, and keep them fresh while the page is open."""
        topics = await read(claims.topics_of, by=actor())
        hub.subscribe(self, CardsState.refresh, *topics)
        await self._show()

    @rx.event
    async def refresh(self) -> None:
        """Show them again after one was claimed, redeemed or withdrawn."""
        await self._show()

    async def _show(self) -> None:
        program, vouchers = await read(_mine)
        words, now = spoken(), times.now()
        views = [_card(voucher, program, words, now=now) for voucher in vouchers]
        self.cards = [view for state in rules.KEPT for view in views if view.state == state]
        self.past = [view for view in views if view.state not in rules.KEPT]
        self.is_loaded = True


def _look(session: Session, token: str) -> tuple[Program, claims.ClaimPage | None]:
    return programs.current(session), claims.look(session, token, by=actor(), now=times.now())


def _mine(session: Session) -> tuple[Program, list[claims.Voucher]]:
    return programs.current(session), claims.mine(session, by=actor())


def _offer(promise: Promise, program: Program, words: Language) -> OfferView:
    said, locale = said_in(promise, words.tag), words.formats(program.locale)
    minimum = promise.minimum_purchase
    amount = say_money(minimum, program.currency, locale) if minimum else ""
    return OfferView(
        title=said.title,
        description=said.description,
        terms=said.terms,
        reward=say_reward(said, program.currency, locale, words),
        minimum=words("Minimum purchase {amount}", amount=amount) if minimum else "",
    )


def _until(page: claims.ClaimPage, program: Program, words: Language, *, now: datetime) -> str:
    zone, locale = program.time_zone, words.formats(program.locale)
    if page.promise.valid_days:
        until = times.say_until(page.expires_at, zone, locale, words)
        return words("{until}, if you claim it today", until=until)
    return times.say_validity(page.expires_at, zone, locale, now=now, words=words)


def _card(voucher: claims.Voucher, program: Program, words: Language, *, now: datetime) -> CardView:
    offer = _offer(voucher.promise, program, words)
    state = rules.voucher_state(voucher.status, voucher.expires_at, now, is_disabled=voucher.is_disabled)
    zone, locale = program.time_zone, words.formats(program.locale)
    if voucher.status is CodeStatus.REDEEMED and voucher.redeemed_at:
        note, end = words("Redeemed {when}", when=times.say_instant(voucher.redeemed_at, zone, locale)), ""
    elif state == "disabled":
        note = end = ""  # days that nobody can use are no promise
    else:
        note = times.say_validity(voucher.expires_at, zone, locale, now=now, words=words)
        end = times.clock_end(voucher.expires_at, zone)
    return CardView(
        code=alphabet.display(voucher.code, voucher.prefix),
        title=offer.title,
        description=offer.description,
        terms=offer.terms,
        reward=offer.reward,
        minimum=offer.minimum,
        state=state,
        hold=words(rules.hold(state, is_frozen=voucher.is_frozen)),
        note=note,
        end=end,
        qr=drawing.svg_data_uri(voucher.code) if state == "ready" else "",
        picture=_picture(voucher.picture),
    )


def _picture(shown: Shown | None) -> PictureView:
    return PictureView(shown.url, shown.width, shown.height) if shown else PictureView()
