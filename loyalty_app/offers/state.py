"""The list of offers, and the form of one."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar

import reflex as rx
from sqlmodel import Session

from loyalty_app.core import times
from loyalty_app.core.actor import Permission, actor
from loyalty_app.core.addresses import address, number
from loyalty_app.core.database import read, transact
from loyalty_app.core.errors import InvalidError, NotFoundError
from loyalty_app.core.languages import ENGLISH, LANGUAGES, Language
from loyalty_app.core.texts import storable
from loyalty_app.offers import rules
from loyalty_app.offers import service as offers
from loyalty_app.offers.models import Offer, Promise, RewardKind
from loyalty_app.offers.service import ChangedMeanwhileError, Older, Sort, Wish
from loyalty_app.pictures import service as pictures
from loyalty_app.pictures.service import Shown
from loyalty_app.program import service as programs
from loyalty_app.program.models import Program
from loyalty_app.program.rules import from_minor, say_money
from loyalty_app.ui.errors import NoticeState, say
from loyalty_app.ui.forms import SUMMARY, text_of, typed
from loyalty_app.ui.live import hub

MOST_TYPED = 80
HINT_LENGTH = 90


@dataclass(frozen=True)
class OfferRow:
    """An offer as its card shows it."""

    id: int
    title: str
    description: str
    reward: str
    conditions: str
    picture: str
    width: int
    height: int
    batches: str


@dataclass(frozen=True)
class OfferForm:
    """What stands in the form when it opens."""

    title: str = ""
    description: str = ""
    terms: str = ""
    reward_kind: str = RewardKind.PERCENT.value
    reward_value: str = ""
    reward_item: str = ""
    minimum_purchase: str = ""
    valid_days: str = ""
    picture: str = ""


@dataclass(frozen=True)
class PreviewView:
    """An offer as its claim page will show it in one language."""

    tag: str
    direction: str
    name: str
    title: str
    description: str
    terms: str
    reward: str
    minimum: str
    picture: str
    claim: str
    terms_label: str


class OffersState(rx.State):
    """One page of the offers; search, order and place are kept in the address."""

    permission: ClassVar[Permission] = Permission.VIEW_DASHBOARD

    rows: rx.Field[list[OfferRow]] = rx.field(default_factory=list)
    text: rx.Field[str] = rx.field("")
    sort: rx.Field[str] = rx.field("")
    first_page: rx.Field[str] = rx.field("")
    next_page: rx.Field[str] = rx.field("")
    is_loaded: rx.Field[bool] = rx.field(default=False)

    _after: int = 0

    @rx.event
    async def opened(self) -> None:
        """Show the page that the address asks for, and keep it fresh."""
        asked = self.router.url.query_parameters
        self.text = storable(asked.get("q", ""))[:MOST_TYPED]
        self.sort = asked.get("sort", "") if asked.get("sort", "") in set(Sort) else ""
        self._after = number(asked.get("after", ""))
        hub.subscribe(self, OffersState.refresh, offers.TOPIC)
        await self._show()

    @rx.event
    async def refresh(self) -> None:
        """Show it again after something changed."""
        await self._show()

    @rx.event
    async def search(self, form: dict[str, Any]) -> rx.event.EventSpec:
        """Go to the address of this search."""
        return rx.redirect(_address(str(form.get("q") or ""), str(form.get("sort") or "")))

    async def _show(self) -> None:
        wish = Wish(self.text, Sort(self.sort) if self.sort else Sort.NEWEST)
        found = await read(_list, wish, self._after)
        rows, more = found[: offers.CARDS], found[offers.CARDS :]
        self.rows = rows
        self.first_page = _address(self.text, self.sort) if self._after else ""
        self.next_page = _address(self.text, self.sort, rows[-1].id) if more else ""
        self.is_loaded = True


class OfferState(rx.State):
    """The form of one offer, new or not, and how members will see it."""

    permission: ClassVar[Permission] = Permission.OFFER_MANAGEMENT

    offer_id: rx.Field[int] = rx.field(0)
    version: rx.Field[str] = rx.field("")
    title: rx.Field[str] = rx.field("")
    form: rx.Field[OfferForm] = rx.field(default_factory=OfferForm)
    words: rx.Field[dict[str, str]] = rx.field(default_factory=dict)
    translated: rx.Field[list[str]] = rx.field(default_factory=list)
    unfolded: rx.Field[list[str]] = rx.field(default_factory=list)
    reward_kind: rx.Field[str] = rx.field(RewardKind.PERCENT.value)
    currency: rx.Field[str] = rx.field("")
    problems: rx.Field[dict[str, str]] = rx.field(default_factory=dict)
    main_words: rx.Field[dict[str, str]] = rx.field(default_factory=dict)
    previews: rx.Field[list[PreviewView]] = rx.field(default_factory=list)
    theirs: rx.Field[list[tuple[str, str]]] = rx.field(default_factory=list)
    batches: rx.Field[str] = rx.field("")
    older: rx.Field[list[tuple[str, str]]] = rx.field(default_factory=list)
    older_words: rx.Field[str] = rx.field("")
    is_missing: rx.Field[bool] = rx.field(default=False)
    is_loaded: rx.Field[bool] = rx.field(default=False)

    _seen: datetime | None = None

    @rx.event
    async def opened(self) -> None:
        """Show the offer that the address names, or an empty form."""
        self.offer_id = number(self.router.url.path.rstrip("/").rsplit("/", 1)[-1])
        await self._show()

    @rx.event
    async def choose_kind(self, kind: str) -> None:
        """Ask for what this kind of reward needs."""
        self.reward_kind = kind if kind in set(RewardKind) else RewardKind.PERCENT.value

    @rx.event
    async def typed(self, form: dict[str, Any]) -> None:
        """Show how members will see what stands in the form."""
        self._preview(_draft(form), await read(programs.current))

    @rx.event
    async def save(self, form: dict[str, Any]) -> rx.event.EventSpec | None:
        """Make or change the offer, or say what is not acceptable."""
        draft, self.theirs = _draft(form), []
        try:
            if self.offer_id:
                await transact(offers.update, self.offer_id, draft, seen=self._seen, by=actor(), now=times.now())
            else:
                return await self._make(draft)
        except InvalidError as problem:
            self.problems = problem.problems
            self.unfolded = _languages_of(self.problems)
            return rx.set_focus(SUMMARY)
        except ChangedMeanwhileError as changed:
            self.problems = {}
            await self._compare(draft, changed.offer)
            return rx.set_focus("theirs")
        await self._show()
        say(await self.get_state(NoticeState), "The offer is saved. Batches made before keep their word.")
        return None

    @rx.event
    async def take_theirs(self) -> None:
        """Drop what was typed here for what somebody else saved."""
        await self._show()

    @rx.event
    async def clone(self) -> rx.event.EventSpec:
        """Make another offer like this one, and open it."""
        copy = await transact(offers.clone, self.offer_id, by=actor(), now=times.now())
        say(await self.get_state(NoticeState), "This is the copy. Give it a title of its own.", on_next_page=True)
        return rx.redirect(f"/admin/offers/{copy.id}")

    @rx.event
    async def delete(self) -> rx.event.EventSpec:
        """Remove the offer."""
        await transact(offers.delete, self.offer_id, by=actor(), now=times.now())
        say(await self.get_state(NoticeState), f"Offer “{self.title}” is deleted.", on_next_page=True)
        return rx.redirect("/admin/offers/")

    async def _make(self, draft: rules.Draft) -> rx.event.EventSpec:
        offer = await transact(offers.create, draft, by=actor(), now=times.now())
        self.problems = {}
        say(
            await self.get_state(NoticeState),
            f"Offer “{offer.title}” is made. Now make a batch of it.",
            on_next_page=True,
        )
        return rx.redirect(f"/admin/batches/new/?offer={offer.id}")

    async def _show(self) -> None:
        self.problems, self.theirs, self.older, self.older_words, self.batches = {}, [], [], "", ""
        self.is_missing = False
        program = await read(programs.current)
        self.currency = program.currency
        if not self.offer_id:
            # A form that stood there before this was opened is put up anew: what it remembers must be told again.
            self.title, self.version, self.form, self.words = "", times.now().isoformat(), OfferForm(), {}
        else:
            try:
                offer, shown, older, count = await read(_one, self.offer_id)
            except NotFoundError:
                self.is_missing, self.is_loaded = True, True
                return
            self.title, self.version, self._seen = offer.title, offer.updated_at.isoformat(), offer.updated_at
            self.form, self.words = _form(offer, shown, program), _words(offer)
            self.batches = f"{count} batch{'es' if count > 1 else ''}" if count else ""
            self._tell_older(older)
        self.reward_kind, self.unfolded = self.form.reward_kind, _languages_of(self.words)
        self._preview(_draft(vars(self.form) | self.words), program)
        self.is_loaded = True

    async def _compare(self, draft: rules.Draft, saved: Offer) -> None:
        program = await read(programs.current)
        mine = rules.sketch(draft, program.currency)
        mine.picture_id = await read(pictures.chosen, draft.picture)
        told = _told(saved, program)
        self.theirs = [(name, told[name]) for name in rules.differences(mine, saved)]
        self._seen = saved.updated_at  # whoever saves again has seen theirs

    def _tell_older(self, older: Older) -> None:
        many = older.count > 1
        self.older = [(name, f"/admin/batches/{batch_id}") for batch_id, name in older.newest]
        self.older_words = (
            f"{older.count} batch{'es were' if many else ' was'} made before this change"
            f" and keep{'' if many else 's'} {'their' if many else 'its'} word."
            if older.count
            else ""
        )

    def _preview(self, draft: rules.Draft, program: Program) -> None:
        promise = rules.sketch(draft, program.currency)
        self.translated = list(promise.translations)
        self.main_words = {word: _shortened(getattr(promise, word)) for word in rules.LENGTHS}
        self.previews = [_preview(promise, draft.picture, language, program) for language in LANGUAGES]


def _one(session: Session, offer_id: int) -> tuple[Offer, Shown | None, Older, int]:
    offer = offers.get(session, offer_id)
    shown = pictures.shown(session, [offer.picture_id]).get(offer.picture_id)
    counts = offers.batch_counts(session, [offer_id], by=actor())
    return offer, shown, offers.older_batches(session, offer_id, by=actor()), counts.get(offer_id, 0)


def _list(session: Session, wish: Wish, after: int) -> list[OfferRow]:
    found = offers.listed(session, wish, after, offers.CARDS + 1, by=actor())
    shown = pictures.shown(session, [offer.picture_id for offer in found])
    counts = offers.batch_counts(session, [offer.id or 0 for offer in found], by=actor())
    program = programs.current(session)
    return [row(offer, shown.get(offer.picture_id), counts.get(offer.id or 0, 0), program) for offer in found]


def row(offer: Offer, shown: Shown | None, batches: int, program: Program) -> OfferRow:
    """Return the offer as its card shows it."""
    conditions = [_say_minimum(offer, program)] if offer.minimum_purchase else []
    if offer.valid_days:
        conditions.append(f"Valid {offer.valid_days} day{'s' if offer.valid_days > 1 else ''} after the claim")
    return OfferRow(
        offer.id or 0,
        offer.title,
        offer.description,
        rules.say_reward(offer, program.currency, program.locale),
        " · ".join(conditions) or "No conditions",
        shown.url if shown else "",
        shown.width if shown else 0,
        shown.height if shown else 0,
        f"{batches} batch{'es' if batches > 1 else ''}" if batches else "",
    )


def _form(offer: Offer, shown: Shown | None, program: Program) -> OfferForm:
    def amount(minor: int | None) -> str:
        return f"{from_minor(minor, program.currency)}" if minor else ""

    is_amount = offer.reward_kind is RewardKind.AMOUNT
    return OfferForm(
        title=offer.title,
        description=offer.description,
        terms=offer.terms,
        reward_kind=offer.reward_kind.value,
        reward_value=amount(offer.reward_value) if is_amount else str(offer.reward_value or ""),
        reward_item=offer.reward_item,
        minimum_purchase=amount(offer.minimum_purchase),
        valid_days=str(offer.valid_days or ""),
        picture=shown.digest if shown else "",
    )


def _words(offer: Offer) -> dict[str, str]:
    return {
        rules.word_field(tag, word): text for tag, words in offer.translations.items() for word, text in words.items()
    }


def _draft(form: dict[str, Any]) -> rules.Draft:
    draft = typed(rules.Draft, form)
    texts = {
        language.tag: {word: text_of(form, rules.word_field(language.tag, word)) for word in rules.LENGTHS}
        for language in rules.TRANSLATED
    }
    return rules.Draft(**{**vars(draft), "translations": texts})


def _languages_of(names: dict[str, str]) -> list[str]:
    return [
        language.tag
        for language in rules.TRANSLATED
        if any(name.startswith(rules.word_field(language.tag, "")) for name in names)
    ]


def _preview(promise: Promise, digest: str, language: Language, program: Program) -> PreviewView:
    def said(word: str) -> str:
        return promise.translations.get(language.tag, {}).get(word) or getattr(promise, word)

    locale = language.formats(program.locale)
    is_item = promise.reward_kind is RewardKind.ITEM
    reward = "" if is_item or promise.reward_value else "…"
    return PreviewView(
        tag=language.tag,
        direction=language.direction,
        name=language.english_name,
        title=said("title") or "…",
        description=said("description"),
        terms=said("terms"),
        reward=reward
        or (said("reward_item") if is_item else rules.say_reward(promise, program.currency, locale, language)),
        minimum=_say_minimum(promise, program, locale, language) if promise.minimum_purchase else "",
        picture=pictures.url_of(digest) if digest else "",
        claim=language("Claim voucher"),
        terms_label=language("Terms"),
    )


def _told(offer: Offer, program: Program) -> dict[str, str]:
    told = {
        "title": offer.title,
        "description": offer.description,
        "terms": offer.terms,
        "picture": "another picture" if offer.picture_id else "no picture",
        "reward": rules.say_reward(offer, program.currency, program.locale),
        "minimum purchase": _say_minimum(offer, program) if offer.minimum_purchase else "none",
        "days of validity": str(offer.valid_days or "until the batch ends"),
    }
    for language in rules.TRANSLATED:
        told[f"{language.english_name} text"] = " · ".join(offer.translations.get(language.tag, {}).values())
    return {name: _shortened(text) or "nothing" for name, text in told.items()}


def _say_minimum(promise: Promise, program: Program, locale: str = "", words: Language = ENGLISH) -> str:
    amount = say_money(promise.minimum_purchase or 0, program.currency, locale or program.locale)
    return words("Minimum purchase {amount}", amount=amount)


def _shortened(text: str) -> str:
    return text if len(text) <= HINT_LENGTH else f"{text[:HINT_LENGTH]}…"


def _address(text: str, sort: str, after: int = 0) -> str:
    sort = sort if sort in set(Sort) - {Sort.NEWEST} else ""
    return address("/admin/offers/", {"q": storable(text).strip()[:MOST_TYPED], "sort": sort, "after": after})
