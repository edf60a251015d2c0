"""Offers, for other programs."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any

from fastapi import APIRouter, Query
from fastapi.responses import Response
from pydantic import Field
from sqlmodel import Session

from loyalty_app.core import times
from loyalty_app.core.actor import Permission, actor
from loyalty_app.core.database import change, reading
from loyalty_app.core.texts import storable
from loyalty_app.offers import rules
from loyalty_app.offers import service as offers
from loyalty_app.offers.models import Offer, Promise, RewardKind
from loyalty_app.offers.service import Wish
from loyalty_app.pictures import service as pictures
from loyalty_app.program import service as programs
from loyalty_app.program.rules import MOST_DIGITS, from_minor
from loyalty_app.ui.rest import Amount, Instant, Number, OnceOnly, Page, Paged, Sent, Shown, say_amount
from loyalty_app.ui.routes import allow

router = APIRouter(prefix="/api/v1/offers", tags=["Offers"])

Value = Annotated[
    Decimal | str,
    Field(
        description="Points, whole percent, or an amount in the program's currency; for an item its name.",
        examples=["One coffee, any size"],
        union_mode="smart",
    ),
]


class Reward(Sent):
    """What the holder gets."""

    kind: Annotated[RewardKind, Field(examples=["item"])]
    value: Value


class RewardShown(Shown):
    """What the holder gets."""

    kind: Annotated[RewardKind, Field(examples=["item"])]
    value: Annotated[int | float | str, Field(examples=["One coffee, any size"])]


class Words(Sent):
    """The texts of an offer in another language; what is left out stays in the main one."""

    title: Annotated[str, Field(examples=["Ein Kaffee"])] = ""
    description: str = ""
    terms: str = ""
    reward_item: str = ""


class OfferParts(Sent):
    """What an offer may have."""

    description: Annotated[str | None, Field(max_length=3000, examples=["Any size, at the bar."])] = None
    terms: Annotated[str | None, Field(max_length=6000, examples=["One per visit."])] = None
    min_purchase: Annotated[
        Decimal | None, Field(description="In the program's currency; null for none.", examples=[12.5])
    ] = None
    valid_days: Annotated[
        int | None, Field(description="From the claim; null for only the batch's own end.", examples=[30])
    ] = None
    picture: Annotated[str | None, Field(max_length=100, description="The digest of an uploaded picture.")] = None
    translations: Annotated[
        dict[str, Words] | None, Field(max_length=20, examples=[{"de-DE": {"title": "Ein Kaffee"}}])
    ] = None


class OfferWish(OfferParts):
    """An offer that is wanted."""

    title: Annotated[str, Field(max_length=300, examples=["One free coffee"])]
    reward: Reward


class OfferChange(OfferParts):
    """What to change of an offer; what is left out stays as it is."""

    title: Annotated[str | None, Field(max_length=300, examples=["One free coffee"])] = None
    reward: Reward | None = None


class PromiseShown(Shown):
    """What is promised to a holder."""

    title: Annotated[str, Field(examples=["One free coffee"])]
    description: Annotated[str, Field(examples=["Any size, at the bar."])]
    terms: Annotated[str, Field(examples=["One per visit."])]
    reward: RewardShown
    min_purchase: Amount | None
    currency: Annotated[str, Field(examples=["EUR"])]
    valid_days: Annotated[int | None, Field(examples=[30])]
    picture: Annotated[str | None, Field(description="The digest that names its picture.")]
    picture_url: Annotated[str | None, Field(description="Where its picture is, without the host.")]
    translations: Annotated[dict[str, dict[str, str]], Field(examples=[{"de-DE": {"title": "Ein Kaffee"}}])]


class OfferShown(PromiseShown):
    """An offer."""

    id: Annotated[int, Field(examples=[7])]
    created_at: Instant
    updated_at: Instant


@router.post("", status_code=201, response_model=OfferShown)
@allow(Permission.OFFER_MANAGEMENT)
def create_offer(sent: OfferWish, once: OnceOnly) -> Response:
    """Make an offer, from which batches can be made."""

    def make(session: Session, now: datetime) -> OfferShown:
        draft = replace(rules.Draft(title=""), **_typed(sent))
        return _one(session, offers.create(session, draft, by=actor(), now=now))

    return once.answer(201, make)


@router.get("")
@allow(Permission.VIEW_DASHBOARD)
def list_offers(
    paging: Paged, q: Annotated[str, Query(max_length=80, description="Part of a text.")] = ""
) -> Page[OfferShown]:
    """List the offers, the newest first."""
    with reading() as session:
        found = offers.listed(session, Wish(storable(q)), paging.after, paging.limit + 1, by=actor())
        view = View.of(session, found)
    return paging.page(found, lambda offer: _shown(offer, view), lambda offer: offer.id or 0)


@router.get("/{offer_id}")
@allow(Permission.VIEW_DASHBOARD)
def read_offer(offer_id: Number) -> OfferShown:
    """Return one offer."""
    with reading() as session:
        return _one(session, offers.get(session, offer_id))


@router.patch("/{offer_id}")
@allow(Permission.OFFER_MANAGEMENT)
def change_offer(offer_id: Number, sent: OfferChange) -> OfferShown:
    """Change what later batches will promise; batches there are keep their word."""

    def rewrite(session: Session) -> OfferShown:
        draft = replace(_draft_of(session, offers.get(session, offer_id)), **_typed(sent))
        return _one(session, offers.update(session, offer_id, draft, by=actor(), now=times.now()))

    return change(rewrite)


@router.post("/{offer_id}/clone", status_code=201, response_model=OfferShown)
@allow(Permission.OFFER_MANAGEMENT)
def clone_offer(offer_id: Number, once: OnceOnly) -> Response:
    """Make another offer with the same promise."""
    return once.answer(201, lambda session, now: _one(session, offers.clone(session, offer_id, by=actor(), now=now)))


@router.delete("/{offer_id}", status_code=204)
@allow(Permission.OFFER_MANAGEMENT)
def delete_offer(offer_id: Number) -> None:
    """Remove an offer; batches made of it keep what they promised."""
    change(offers.delete, offer_id, by=actor(), now=times.now())


@dataclass(frozen=True)
class View:
    """What promises are shown with."""

    currency: str
    pictures: Mapping[int | None, pictures.Shown]

    @classmethod
    def of(cls, session: Session, promises: Iterable[Promise]) -> "View":
        """Look up once what all of them need."""
        return cls(programs.current(session).currency, pictures.shown(session, [one.picture_id for one in promises]))

    def fields(self, promise: Promise) -> dict[str, Any]:
        """Return the fields of a promise as programs read them."""
        picture = self.pictures.get(promise.picture_id)
        minimum = promise.minimum_purchase
        return {
            "title": promise.title,
            "description": promise.description,
            "terms": promise.terms,
            "reward": RewardShown(kind=promise.reward_kind, value=_shown_value(_value(promise, self.currency))),
            "min_purchase": from_minor(minimum, self.currency) if minimum else None,
            "currency": self.currency,
            "valid_days": promise.valid_days,
            "picture": picture.digest if picture else None,
            "picture_url": picture.url if picture else None,
            "translations": {tag: _camel(words) for tag, words in promise.translations.items()},
        }


def _one(session: Session, offer: Offer) -> OfferShown:
    return _shown(offer, View.of(session, [offer]))


def _shown(offer: Offer, view: View) -> OfferShown:
    own = {"id": offer.id, "created_at": offer.created_at, "updated_at": offer.updated_at}
    return OfferShown.model_validate(view.fields(offer) | own)


def _camel(words: Mapping[str, str]) -> dict[str, str]:
    return {"rewardItem" if word == "reward_item" else word: text for word, text in words.items()}


def _value(promise: Promise, currency: str) -> Decimal | str:
    match promise.reward_kind:
        case RewardKind.ITEM:
            return promise.reward_item
        case RewardKind.AMOUNT:
            return from_minor(promise.reward_value, currency)
        case RewardKind.POINTS | RewardKind.PERCENT:
            return Decimal(promise.reward_value)


def _shown_value(value: Decimal | str) -> float | str:
    return value if isinstance(value, str) else say_amount(value)


def _typed(sent: OfferWish | OfferChange) -> dict[str, Any]:
    """Return the fields that were sent as somebody would have typed them."""
    typed: dict[str, Any] = {}
    for name in sent.model_fields_set:
        value = getattr(sent, name)
        match name:
            case "reward":
                if sent.reward:
                    typed |= _typed_reward(sent.reward.kind, sent.reward.value)
            case "min_purchase":
                typed["minimum_purchase"] = "" if value is None else _number(value)
            case "translations":
                words = sent.translations or {}
                typed[name] = {
                    tag: {word: storable(text) for word, text in asked.model_dump().items()}
                    for tag, asked in words.items()
                }
            case _:
                typed[name] = "" if value is None else storable(str(value))
    return typed


def _typed_reward(kind: RewardKind, value: Decimal | str) -> dict[str, str]:
    text = storable(value) if isinstance(value, str) else _number(value)
    is_item = kind is RewardKind.ITEM
    return {"reward_kind": kind, "reward_item": text if is_item else "", "reward_value": "" if is_item else text}


def _number(value: Decimal) -> str:
    if abs(value.adjusted()) > MOST_DIGITS:  # written out it might be endless
        return str(value)
    return f"{value:f}".rstrip("0").rstrip(".") if "." in f"{value:f}" else f"{value:f}"


def _draft_of(session: Session, offer: Offer) -> rules.Draft:
    currency = programs.current(session).currency
    picture = pictures.shown(session, [offer.picture_id]).get(offer.picture_id)
    return rules.Draft(
        title=offer.title,
        description=offer.description,
        terms=offer.terms,
        **_typed_reward(offer.reward_kind, _value(offer, currency)),
        minimum_purchase=_number(from_minor(offer.minimum_purchase, currency)) if offer.minimum_purchase else "",
        valid_days=str(offer.valid_days or ""),
        picture=picture.digest if picture else "",
        translations=offer.translations,
    )
