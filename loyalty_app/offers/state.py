"""The list of offers, and a new one."""

from dataclasses import dataclass
from typing import Any, ClassVar

import reflex as rx
from sqlmodel import Session

from loyalty_app.core import times
from loyalty_app.core.actor import Permission, actor
from loyalty_app.core.database import read, transact
from loyalty_app.core.errors import InvalidError
from loyalty_app.offers import rules
from loyalty_app.offers import service as offers
from loyalty_app.offers.models import Offer, RewardKind
from loyalty_app.program import service as programs
from loyalty_app.program.models import Program
from loyalty_app.program.rules import say_money
from loyalty_app.ui.errors import NoticeState, say
from loyalty_app.ui.forms import SUMMARY, typed
from loyalty_app.ui.live import hub


@dataclass(frozen=True)
class OfferRow:
    """An offer as its card shows it."""

    id: int
    title: str
    description: str
    reward: str
    conditions: str


class OffersState(rx.State):
    """All offers."""

    permission: ClassVar[Permission] = Permission.VIEW_DASHBOARD

    rows: rx.Field[list[OfferRow]] = rx.field(default_factory=list)
    is_loaded: bool = False

    @rx.event
    async def opened(self) -> None:
        """Show the offers, and keep the list fresh."""
        hub.subscribe(self, OffersState.refresh, "offers")
        await self._show()

    @rx.event
    async def refresh(self) -> None:
        """Show them again."""
        await self._show()

    async def _show(self) -> None:
        program, found = await read(_newest)
        self.rows = [row(offer, program) for offer in found]
        self.is_loaded = True


class NewOfferState(rx.State):
    """The form of a new offer."""

    permission: ClassVar[Permission] = Permission.OFFER_MANAGEMENT

    problems: rx.Field[dict[str, str]] = rx.field(default_factory=dict)
    reward_kind: str = RewardKind.PERCENT.value
    currency: str = ""

    @rx.event
    async def opened(self) -> None:
        """Start with an empty form."""
        self.problems = {}
        program, _ = await read(_newest)
        self.currency = program.currency

    @rx.event
    async def choose_kind(self, kind: str) -> None:
        """Ask for what this kind of reward needs."""
        self.reward_kind = kind if kind in set(RewardKind) else RewardKind.PERCENT.value

    @rx.event
    async def save(self, form: dict[str, Any]) -> rx.event.EventSpec | None:
        """Make the offer, or say what is not acceptable."""
        try:
            offer = await transact(offers.create, typed(rules.Draft, form), by=actor(), now=times.now())
        except InvalidError as problem:
            self.problems = problem.problems
            return rx.set_focus(SUMMARY)
        self.problems = {}
        say(
            await self.get_state(NoticeState),
            f"Offer “{offer.title}” is made. Now make a batch of it.",
            on_next_page=True,
        )
        return rx.redirect(f"/admin/batches/new/?offer={offer.id}")


def row(offer: Offer, program: Program) -> OfferRow:
    """Return the offer as its card shows it."""
    conditions = []
    if offer.minimum_purchase:
        conditions.append(f"Minimum purchase {say_money(offer.minimum_purchase, program.currency, program.locale)}")
    if offer.valid_days:
        conditions.append(f"Valid {offer.valid_days} day{'s' if offer.valid_days > 1 else ''} after the claim")
    return OfferRow(
        offer.id or 0,
        offer.title,
        offer.description,
        rules.say_reward(offer, program.currency, program.locale),
        " · ".join(conditions) or "No conditions",
    )


def _newest(session: Session) -> tuple[Program, list[Offer]]:
    return programs.current(session), offers.newest(session, by=actor())
