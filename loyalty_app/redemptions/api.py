"""Check, redeem and undo, for other programs."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Annotated, Any

from fastapi import APIRouter, Query
from fastapi.responses import Response, StreamingResponse
from pydantic import BeforeValidator, ConfigDict, Field, WithJsonSchema
from sqlmodel import Session

from loyalty_app.batches.api import FieldShown, asked_of
from loyalty_app.batches.fields import YES
from loyalty_app.core import times
from loyalty_app.core.actor import Actor, Permission, actor
from loyalty_app.core.database import reading, streaming
from loyalty_app.core.errors import InvalidError
from loyalty_app.core.reasons import Reason
from loyalty_app.core.texts import storable
from loyalty_app.members import service as members
from loyalty_app.members.service import Details
from loyalty_app.offers.api import PromiseShown, View
from loyalty_app.places.models import Place
from loyalty_app.program import service as programs
from loyalty_app.program.rules import ask_money, from_minor, to_minor
from loyalty_app.redemptions import files, history
from loyalty_app.redemptions import service as redemptions
from loyalty_app.redemptions.history import Line, Wish
from loyalty_app.redemptions.models import RedemptionStatus
from loyalty_app.redemptions.service import NOBODY, AmountNeeded, Ask, Incomplete, Redeemed, Refused, Voucher
from loyalty_app.ui.problems import Problem, refused
from loyalty_app.ui.rest import (
    CSV,
    MOST_NUMBER,
    Amount,
    Instant,
    Number,
    OnceOnly,
    Page,
    Paged,
    Sent,
    Shown,
    begun,
    written,
)
from loyalty_app.ui.routes import allow

router = APIRouter(prefix="/api/v1", tags=["Redemptions"])

NOBODY_YET = "Nobody has this address yet. Send a name too, and they become a member."
NOBODY_THERE = "There is no member with this number."


MOST_ANSWERS = 50


def answered(value: Any) -> str:
    """Return an answer as a member gives it: a ticked box is yes, one that is not ticked is nothing."""
    if isinstance(value, bool):
        return YES if value else ""
    return written(value)


Label = Annotated[str, Field(max_length=300)]
Told = Annotated[str, BeforeValidator(answered), WithJsonSchema({"type": ["string", "number", "boolean"]})]


class MemberNamed(Sent):
    """A member, by their address; with a name they are made a member, where nobody has that address."""

    email: Annotated[str, Field(max_length=300, examples=["ana@example.com"])]
    name: Annotated[str, Field(max_length=300, examples=["Ana Ruiz"])] = ""
    phone: Annotated[str, Field(max_length=80, examples=["+48 22 123 45 67"])] = ""


class Presented(Sent):
    """A code that somebody shows; who also tells the member or the basket has them checked."""

    code: Annotated[
        str,
        Field(
            max_length=2000,
            examples=["SUN-2K7P-M4XR-9T"],
            description="Or a scan code's token or link: all that was scanned.",
        ),
    ]
    member_id: Annotated[int | None, Field(ge=1, le=MOST_NUMBER, examples=[21])] = None
    member: Annotated[
        MemberNamed | None,
        Field(
            description="Instead of `memberId`. Making a member needs `member_management`, and happens only if paid."
        ),
    ] = None
    amount: Annotated[
        Decimal | None, Field(examples=[24.5], description="What the basket is worth, in the program's currency.")
    ] = None
    place_id: Annotated[
        int | None, Field(ge=1, le=MOST_NUMBER, examples=[2], description="The open location where it is shown.")
    ] = None


class RedemptionWish(Presented):
    """A code to redeem."""

    nonce: Annotated[
        str, Field(max_length=64, examples=["till-4-000123"], description="Your own number of this attempt.")
    ] = ""
    fields: Annotated[
        dict[Label, Told] | None,
        Field(
            max_length=MOST_ANSWERS,
            examples=[{"Shoe size": "42"}],
            description="What the batch asks, by the label of the field.",
        ),
    ] = None

    goodwill: Annotated[
        str,
        Field(
            max_length=1000,
            examples=[""],
            description="Why a voucher is honoured though it is expired; it counts nowhere. Needs `goodwill`.",
        ),
    ] = ""
    scanned_at: Annotated[
        datetime | None,
        Field(
            examples=[None],
            description="When a till without a connection scanned it, at most a week ago; with a `nonce` of its own.",
        ),
    ] = None


class Reversal(Sent):
    """Why a redemption is undone."""

    reason: Annotated[str, Field(max_length=1000, examples=["Scanned by mistake"])]


Which = Annotated[int | None, Field(ge=1, le=MOST_NUMBER)]
Day = Annotated[date | None, Field(ge=times.FIRST_DAY, le=times.LAST_DAY)]


class Wanted(Sent):
    """Which redemptions are listed."""

    model_config = ConfigDict(extra="ignore")  # the page that is wanted stands beside

    q: Annotated[
        str,
        Field(
            max_length=80,
            description="Words, each part of a code, a customer's name or an offer's title; or an address.",
        ),
    ] = ""
    status: RedemptionStatus | None = None
    batch_id: Which = None
    member_id: Which = None
    place_id: Which = None
    staff_id: Which = None
    first_day: Annotated[Day, Field(alias="from", description="A day where the program is.")] = None
    last_day: Annotated[Day, Field(alias="to", description="The last day.")] = None


class Holder(Shown):
    """Whose voucher it is."""

    id: Annotated[int, Field(examples=[21])]
    name: Annotated[str, Field(examples=["Ana Ruiz"])]


class ValidationShown(Shown):
    """What redeeming would be answered now."""

    valid: Annotated[bool, Field(examples=[True])]
    reason: Annotated[Reason | None, Field(description="The first that counts; null if it is valid.")]
    reasons: Annotated[list[Reason], Field(examples=[[]], description="All that stands against it.")]
    code: Annotated[str | None, Field(examples=["SUN-2K7P-M4XR-9T"])]
    offer: PromiseShown | None
    member: Holder | None
    expires_at: Instant | None
    redeemed_at: Instant | None
    redeemed_by: Annotated[str, Field(examples=[""], description="A person or a program; empty unless redeemed.")]
    redeemed_place: Annotated[str, Field(examples=[""], description="Where it was redeemed, if that is known.")]
    goodwill_allowed: Annotated[bool, Field(description="Whether this key may honour it though it is expired.")]
    points: Annotated[int | None, Field(examples=[None], description="What a scan code pays.")]
    fields: Annotated[list[FieldShown] | None, Field(description="What the batch of a scan code asks.")]


class RedeemedShown(Shown):
    """A redemption that was just recorded."""

    id: Annotated[int, Field(examples=[301])]
    code: Annotated[str, Field(examples=["SUN-2K7P-M4XR-9T"])]
    batch_id: Annotated[int, Field(examples=[12])]
    status: Annotated[RedemptionStatus, Field(examples=["recorded"])]
    redeemed_at: Instant
    place: Annotated[str, Field(examples=["Old Town"], description="The location.")]
    offer: PromiseShown
    member: Holder | None
    points: Annotated[int | None, Field(examples=[None], description="What a scan code paid.")]
    balance: Annotated[int | None, Field(examples=[None], description="The member's points after it.")]


class OfferNamed(Shown):
    """What was promised, in a few words."""

    title: Annotated[str, Field(examples=["One free coffee"])]


class RedemptionShown(Shown):
    """A redemption, as lists show it."""

    id: Annotated[int, Field(examples=[301])]
    code: Annotated[str, Field(examples=["SUN-2K7P-M4XR-9T"])]
    batch_id: Annotated[int, Field(examples=[12])]
    status: Annotated[RedemptionStatus, Field(examples=["recorded"])]
    redeemed_at: Instant
    redeemed_by: Annotated[str, Field(examples=["Kasia"], description="A person or a program.")]
    offer: OfferNamed
    member_id: Annotated[int | None, Field(examples=[21])]
    member: Annotated[Holder | None, Field(description="For who may view members.")]
    amount: Amount | None
    points: Annotated[int, Field(examples=[0], description="What it paid; it counts unless undone.")]
    fields: Annotated[
        dict[str, str] | None,
        Field(
            examples=[{"Shoe size": "42"}],
            description="What the member told, by the label of the field, for who may view members.",
        ),
    ]
    place_id: Annotated[int | None, Field(examples=[1])]
    place: Annotated[str, Field(examples=["Old Town"], description="The location.")]
    device: Annotated[str, Field(examples=["Bar tablet"])]
    staff_id: Annotated[int | None, Field(examples=[3], description="Of the person who redeemed it.")]
    scanned_at: Annotated[
        Instant | None, Field(description="When the device scanned it, if there was no connection then.")
    ]
    goodwill_reason: Annotated[
        str, Field(description="Why an expired voucher was honoured; `goodwill` counts in no number.")
    ]
    reversed_at: Instant | None
    reversed_by: str
    reversal_reason: str


@router.post("/validations")
@allow(Permission.REDEEM)
def validate_code(sent: Presented) -> ValidationShown:
    """Check a code as redeeming would; it consumes nothing, and nothing is kept of it."""
    with reading() as session:
        checked = redemptions.validate(session, _ask(session, sent), now=times.now())
        voucher = checked.voucher
        is_scan = voucher is not None and voucher.is_scan
        return ValidationShown(
            valid=checked.is_valid,
            reason=checked.reasons[0] if checked.reasons else None,
            reasons=list(checked.reasons),
            code=voucher.code if voucher else None,
            offer=_offer(session, voucher) if voucher else None,
            member=_holder(voucher) if voucher else None,
            expires_at=voucher.expires_at if voucher else None,
            redeemed_at=voucher.redeemed_at if voucher else None,
            redeemed_by=voucher.redeemed_by if voucher else "",
            redeemed_place=voucher.redeemed_place if voucher else "",
            goodwill_allowed=checked.is_goodwill_allowed,
            points=voucher.points if voucher and is_scan else None,
            fields=[asked_of(one) for one in checked.fields] if is_scan else None,
        )


@router.post("/redemptions", status_code=201, response_model=RedeemedShown)
@allow(Permission.REDEEM)
def redeem_code(sent: RedemptionWish, once: OnceOnly) -> Response:
    """Redeem a code, once: what stands against it is answered as a problem, with all reasons.

    With `goodwill` an expired voucher is honoured: its `status` is `goodwill`, and it counts in no number.
    """

    def redeem(session: Session, now: datetime) -> RedeemedShown | Problem:
        ask = _with_newcomer(session, sent, _redeeming(session, sent), now)
        (answer,) = redemptions.redeem_many(session, [ask], now=now)
        match answer:
            case Redeemed():
                return _recorded(session, answer)
            case Refused(Reason.LOGIN_REQUIRED) if ask.member_id == NOBODY:
                field, words = ("member", NOBODY_YET) if sent.member else ("memberId", NOBODY_THERE)
                return Problem(422, "invalid", words, {"problems": {field: words}})
            case Refused():
                return _no(answer)
            case AmountNeeded():
                raise InvalidError(amount="Tell what the basket is worth: the offer has a minimum.")
            case Incomplete(problems):
                raise InvalidError(**{f"fields.{label}": problem for label, problem in problems.items()})

    return once.answer(201, redeem)


@router.get("/redemptions")
@allow(Permission.VIEW_REDEMPTIONS)
def list_redemptions(paging: Paged, wanted: Annotated[Wanted, Query()]) -> Page[RedemptionShown]:
    """List the redemptions, the newest first, those undone too."""
    with reading() as session:
        found = history.listed(session, _wish(session, wanted), after=paging.after, limit=paging.limit + 1, by=actor())
        currency = programs.current(session).currency
    return paging.page(found, lambda line: _line(line, currency), lambda line: line.id)


@router.get("/redemptions.csv", response_class=StreamingResponse, responses=CSV)
@allow(Permission.VIEW_REDEMPTIONS)
def redemptions_csv(wanted: Annotated[Wanted, Query()]) -> StreamingResponse:
    """Stream the redemptions that fit, all of one moment, the newest first."""
    return StreamingResponse(
        begun(_csv(wanted, actor())),
        media_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": 'attachment; filename="redemptions.csv"', "Cache-Control": "no-store"},
    )


def _csv(wanted: Wanted, by: Actor) -> Iterator[str]:
    with streaming() as session:
        yield from files.as_csv(session, _wish(session, wanted), by=by)


def _wish(session: Session, wanted: Wanted) -> Wish:
    zone = programs.current(session).time_zone
    return Wish(
        storable(wanted.q),
        wanted.status,
        wanted.batch_id,
        wanted.member_id,
        wanted.place_id,
        wanted.staff_id,
        times.start_of_day(wanted.first_day, zone) if wanted.first_day else None,
        times.end_of_day(wanted.last_day, zone) if wanted.last_day else None,
    )


@router.get("/redemptions/{redemption_id}")
@allow(Permission.VIEW_REDEMPTIONS)
def read_redemption(redemption_id: Number) -> RedemptionShown:
    """Return one redemption."""
    with reading() as session:
        line = history.get(session, redemption_id, by=actor())
        return _line(line, programs.current(session).currency)


@router.post("/redemptions/{redemption_id}/reverse", status_code=201, response_model=RedemptionShown)
@allow(Permission.REVERSE_REDEMPTIONS)
def reverse_redemption(redemption_id: Number, sent: Reversal, once: OnceOnly) -> Response:
    """Undo a redemption, and say why; its code is as it was before, and both facts stay."""

    def reverse(session: Session, now: datetime) -> RedemptionShown | Problem:
        answer = redemptions.reverse(session, redemption_id, reason=sent.reason, by=actor(), now=now)
        if isinstance(answer, Refused):
            return _no(answer)
        return _line(answer.redemption, programs.current(session).currency)

    return once.answer(201, reverse)


@router.post("/redemptions/{redemption_id}/undo", status_code=201, response_model=RedemptionShown)
@allow(Permission.REDEEM)
def undo_redemption(redemption_id: Number, once: OnceOnly) -> Response:
    """Undo what this key redeemed itself, within the minutes that the program sets; nobody has to say why."""

    def undo(session: Session, now: datetime) -> RedemptionShown | Problem:
        answer = redemptions.reverse(session, redemption_id, reason="", by=actor(), now=now)
        if isinstance(answer, Refused):
            return _no(answer)
        return _line(answer.redemption, programs.current(session).currency)

    return once.answer(201, undo)


def _ask(session: Session, sent: Presented) -> Ask:
    place = session.get(Place, sent.place_id) if sent.place_id is not None else None
    if sent.place_id is not None and (place is None or place.closed_at):
        raise InvalidError(place_id="There is no open location with this number.")
    if sent.member_id is not None and sent.member:
        raise InvalidError(member="Name the member by number or by address, not both.")
    member_id = sent.member_id
    if member_id is not None and not members.is_known(session, member_id):
        member_id = NOBODY
    if sent.member:
        member_id = members.id_of_email(session, storable(sent.member.email)) or NOBODY
    return Ask(sent.code, actor(), member_id=member_id, amount=_minor(session, sent.amount), place_id=sent.place_id)


def _redeeming(session: Session, sent: RedemptionWish) -> Ask:
    told = {storable(label): storable(answer) for label, answer in (sent.fields or {}).items()}
    scanned_at = sent.scanned_at
    if scanned_at and scanned_at.tzinfo is None:
        raise InvalidError(scanned_at="Tell the instant with its offset, for example 2026-06-15T10:00:00Z.")
    goodwill = storable(sent.goodwill).strip()
    more = {"goodwill": goodwill, "scanned_at": scanned_at.astimezone(UTC) if scanned_at else None}
    return replace(_ask(session, sent), nonce=storable(sent.nonce), answers=told, **more)


def _with_newcomer(session: Session, sent: RedemptionWish, ask: Ask, now: datetime) -> Ask:
    if ask.member_id != NOBODY or not (sent.member and sent.member.name.strip()):
        return ask
    # Nobody is made a member by a code that is worth nothing.
    if redemptions.validate(session, ask, now=now).reasons != (Reason.LOGIN_REQUIRED,):
        return ask
    who = Details(*(storable(text) for text in (sent.member.name, sent.member.email, sent.member.phone)))
    try:
        return replace(ask, member_id=members.known_or_new(session, who, by=actor(), now=now))
    except InvalidError as problem:
        raise InvalidError(**{f"member.{name}": words for name, words in problem.problems.items()}) from None


def _minor(session: Session, amount: Decimal | None) -> int | None:
    if amount is None:
        return None
    currency = programs.current(session).currency
    minor = to_minor(amount, currency)
    if minor is None:
        raise InvalidError(amount=ask_money(currency))
    return minor


def _recorded(session: Session, answer: Redeemed) -> RedeemedShown:
    member_id = answer.voucher.member_id
    status = RedemptionStatus.GOODWILL if answer.voucher.is_goodwill else RedemptionStatus.RECORDED
    return RedeemedShown(
        id=answer.id,
        code=answer.voucher.code,
        batch_id=answer.voucher.batch_id,
        status=status,
        redeemed_at=answer.at,
        place=answer.place,
        offer=_offer(session, answer.voucher),
        member=Holder(id=member_id, name=members.name_of(session, member_id)) if member_id else None,
        points=answer.voucher.points if answer.voucher.is_scan else None,
        balance=answer.balance,
    )


def _no(answer: Refused) -> Problem:
    more: dict[str, Any] = {"reasons": [answer.reason, *answer.also]}
    voucher = answer.voucher
    if voucher and voucher.redeemed_at and answer.reason in {Reason.ALREADY_REDEEMED, Reason.CONFLICT_OFFLINE}:
        more |= {"redeemedAt": times.wire(voucher.redeemed_at), "redeemedBy": voucher.redeemed_by}
        more |= {"redeemedPlace": voucher.redeemed_place}
    if voucher and answer.reason is Reason.EXPIRED:
        more |= {"expiresAt": times.wire(voucher.expires_at), "goodwillAllowed": answer.is_goodwill_allowed}
    return refused(answer.reason, **more)


def _offer(session: Session, voucher: Voucher) -> PromiseShown:
    return PromiseShown.model_validate(View.of(session, [voucher.promise]).fields(voucher.promise))


def _holder(voucher: Voucher) -> Holder | None:
    return Holder(id=voucher.member_id, name=voucher.member) if voucher.member_id else None


def _line(line: Line, currency: str) -> RedemptionShown:
    own = {name: getattr(line, name) for name in _AS_THEY_ARE}
    return RedemptionShown(
        **own,
        redeemed_at=line.at,
        redeemed_by=line.staff,
        offer=OfferNamed(title=line.title),
        member=Holder(id=line.member_id, name=line.member) if line.member_id and line.member else None,
        amount=None if line.amount is None else from_minor(line.amount, currency),
        fields=None if line.answers is None else dict(line.answers),
    )


_AS_THEY_ARE = (
    "id code batch_id status member_id points place_id place device staff_id scanned_at goodwill_reason reversed_at"
    " reversed_by reversal_reason"
).split()
