"""Batches for other programs, and the QR code of a claim link as files to print (S3-10)."""

from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from typing import Annotated

from fastapi import APIRouter, Query
from fastapi.responses import Response
from pydantic import Field
from sqlmodel import Session

from loyalty_app.batches import fields as asking
from loyalty_app.batches import rules, scans
from loyalty_app.batches import service as batches
from loyalty_app.batches.models import Alphabet, Batch, BatchKind, BatchStatus, Channel
from loyalty_app.core import times
from loyalty_app.core.actor import Permission, actor
from loyalty_app.core.database import change, reading
from loyalty_app.core.errors import InvalidError
from loyalty_app.core.texts import slug, storable
from loyalty_app.jobs import service as jobs
from loyalty_app.jobs.models import Job, JobStatus
from loyalty_app.offers.api import PromiseShown, View
from loyalty_app.qr import drawing
from loyalty_app.ui.rest import (
    IMAGE_PNG,
    IMAGE_SVG,
    MOST_NUMBER,
    Instant,
    Number,
    Once,
    OnceOnly,
    Page,
    Paged,
    Plain,
    Sent,
    Shown,
)
from loyalty_app.ui.routes import allow

router = APIRouter(prefix="/api/v1/batches", tags=["Batches"])

Pixels = Annotated[int, Query(ge=drawing.PRINT_PIXELS // 2, le=drawing.PRINT_PIXELS * 4)]


Word = Annotated[str, Field(max_length=300)]


class FieldWish(Sent):
    """One thing that is asked of who redeems."""

    label: Annotated[str, Field(max_length=300, examples=["Shoe size"])]
    type: Annotated[asking.FieldType, Field(examples=["number"])] = asking.FieldType.TEXT
    required: bool = True
    choices: Annotated[tuple[Word, ...], Field(max_length=asking.MOST_CHOICES, description="Of a `choice`.")] = ()


class FieldShown(Shown):
    """One thing that is asked of who redeems."""

    label: Annotated[str, Field(examples=["Shoe size"])]
    type: Annotated[asking.FieldType, Field(examples=["number"])]
    required: bool
    choices: list[str]


class BatchWish(Sent):
    """A batch that is wanted."""

    name: Annotated[str, Field(max_length=300, examples=["Summer 2026 - Email list"])]
    kind: Annotated[
        BatchKind, Field(examples=["claim"], description="`scan` for codes with a link each, which pay points.")
    ] = BatchKind.CLAIM
    offer_id: Annotated[
        int | None,
        Field(ge=1, le=MOST_NUMBER, examples=[7], description="For `scan` at will: whose words and picture to copy."),
    ] = None
    quantity: Annotated[int, Field(examples=[500], description="At most 100,000.")]
    expires_on: Annotated[date, Field(examples=["2027-12-31"], description="The last day, in the program's zone.")]
    prefix: Annotated[str, Field(max_length=40, examples=["SUN"])] = ""
    alphabet: Annotated[Alphabet, Field(examples=["safe"])] = Alphabet.SAFE
    length: Annotated[int, Field(examples=[10], description="Characters after the prefix.")] = 10
    channel: Annotated[Channel | None, Field(examples=["email"])] = None
    base_url: Annotated[
        str | None,
        Field(
            max_length=2000,
            examples=["https://shop.example/redeem"],
            description="For `scan`: where the codes lead. Our own landing page without it.",
        ),
    ] = None
    parameters: Annotated[
        dict[Word, Plain] | None,
        Field(
            max_length=scans.MOST_PARAMETERS,
            examples=[{"points": 20}],
            description="For `scan`: what is sealed into every code; `points` is paid.",
        ),
    ] = None
    fields: Annotated[
        list[FieldWish] | None,
        Field(max_length=asking.MOST_FIELDS, description="For `scan`: what is asked of who redeems."),
    ] = None
    title: Annotated[str | None, Field(max_length=300, description="For `scan`: what people see.")] = None
    description: Annotated[str | None, Field(max_length=2000, description="For `scan`: a few words more.")] = None


class BatchChange(Sent):
    """What people here call a batch, and where it is shown; what is left out stays as it is."""

    name: Annotated[str | None, Field(max_length=300, examples=["Summer 2026 - Poster"])] = None
    channel: Annotated[Channel | None, Field(examples=["print"], description="Null for none.")] = None


class Confirmation(Sent):
    """The name of the batch, to say that it is meant."""

    confirm: Annotated[str, Field(max_length=300, examples=["Summer 2026 - Email list"])]


class JobOfBatch(Shown):
    """How far the making of its codes is; more under /jobs."""

    id: Annotated[int, Field(examples=[12])]
    status: Annotated[JobStatus, Field(examples=["done"])]
    done: Annotated[int, Field(examples=[500])]
    total: Annotated[int, Field(examples=[500])]


class BatchShown(Shown):
    """A set of codes."""

    id: Annotated[int, Field(examples=[12])]
    name: Annotated[str, Field(examples=["Summer 2026 - Email list"])]
    kind: Annotated[BatchKind, Field(examples=["claim"])]
    status: Annotated[BatchStatus, Field(examples=["active"])]
    badge: Annotated[rules.Badge, Field(examples=["active"], description="Also expired, sold_out.")]
    redemptions_frozen: bool
    job: JobOfBatch | None
    total: Annotated[int, Field(examples=[500])]
    claimed: Annotated[int, Field(examples=[127])]
    redeemed: Annotated[int, Field(examples=[45])]
    available: Annotated[int, Field(examples=[373])]
    disabled: Annotated[int, Field(examples=[0])]
    redemption_rate: Annotated[
        int | None, Field(examples=[35], description="Redeemed of claimed, in whole percent; null without claims.")
    ]
    used: Annotated[int, Field(examples=[45], description="Redeemed, in the words of scan batches.")]
    active: Annotated[int, Field(examples=[455], description="Made, not redeemed, not switched off, and not over.")]
    claim_token: Annotated[str | None, Field(examples=["kT2vQ8"], description="Null for scan batches.")]
    claim_url: Annotated[str | None, Field(examples=["https://shop.example/en-us/claim/kT2vQ8"])]
    points: Annotated[int | None, Field(examples=[None], description="What each code of a scan batch pays.")]
    parameters: Annotated[dict[str, str] | None, Field(description="What is sealed into each code of a scan batch.")]
    base_url: Annotated[str | None, Field(description="Where the codes of a scan batch lead.")]
    fields: Annotated[list[FieldShown] | None, Field(description="What a scan batch asks of who redeems.")]
    key_id: Annotated[int | None, Field(description="The key that seals the codes of a scan batch.")]
    channel: Annotated[Channel | None, Field(examples=["email"])]
    prefix: Annotated[str, Field(examples=["SUN"])]
    alphabet: Annotated[Alphabet, Field(examples=["safe"])]
    length: Annotated[int, Field(examples=[10])]
    offer_id: Annotated[int | None, Field(examples=[7])]
    offer: Annotated[PromiseShown, Field(description="What was promised when it was made.")]
    expires_on: Annotated[date, Field(examples=["2027-12-31"])]
    expires_at: Annotated[Instant, Field(description="The first instant after that day, in the program's zone.")]
    created_at: Instant


@router.post("", status_code=202, response_model=BatchShown)
@allow(Permission.QR_CODE_MANAGEMENT)
def create_batch(sent: BatchWish, once: OnceOnly) -> Response:
    """Make a batch. Its codes are made in the background: follow `job`."""
    draft = _scan_draft(sent) if sent.kind is BatchKind.SCAN else _draft(sent)

    def make(session: Session, now: datetime) -> BatchShown:
        if isinstance(draft, scans.ScanDraft):
            batch = batches.create_scan(session, draft, by=actor(), now=now)
        else:
            batch = batches.create(session, draft, by=actor(), now=now)
        return one_batch(session, batch.id or 0, now)

    return once.answer(202, make)


@router.get("")
@allow(Permission.VIEW_DASHBOARD)
def list_batches(
    paging: Paged,
    q: Annotated[str, Query(max_length=80, description="Part of a name.")] = "",
    kind: BatchKind | None = None,
    badge: rules.Badge | None = None,
    channel: Channel | None = None,
    offer_id: Annotated[int | None, Query(alias="offerId", ge=1, le=MOST_NUMBER)] = None,
) -> Page[BatchShown]:
    """List the batches, the newest first."""
    now = times.now()
    wish = rules.Wish(storable(q), badge, channel, offer_id, kind=kind, below=paging.after or None)
    with reading() as session:
        found = batches.listed(session, wish, limit=paging.limit + 1, by=actor(), now=now)
        view, work = View.of(session, found), _jobs_of(session, found)
    return paging.page(found, lambda batch: _shown(batch, view, work, now), lambda batch: batch.id or 0)


@router.get("/{batch_id}")
@allow(Permission.VIEW_DASHBOARD)
def read_batch(batch_id: Number) -> BatchShown:
    """Return one batch."""
    with reading() as session:
        batches.watched(session, batch_id, by=actor())
        return one_batch(session, batch_id, times.now())


@router.patch("/{batch_id}")
@allow(Permission.QR_CODE_MANAGEMENT)
def change_batch(batch_id: Number, sent: BatchChange) -> BatchShown:
    """Change the name or the channel; nothing else of a batch ever changes."""
    now = times.now()
    name = None if sent.name is None else storable(sent.name)
    channel = (sent.channel or "") if "channel" in sent.model_fields_set else None

    def rename(session: Session) -> BatchShown:
        batches.rename(session, batch_id, name=name, channel=channel, by=actor(), now=now)
        return one_batch(session, batch_id, now)

    return change(rename)


@router.delete("/{batch_id}", status_code=204)
@allow(Permission.QR_CODE_MANAGEMENT)
def delete_batch(
    batch_id: Number,
    sent: Confirmation | None = None,
    confirm: Annotated[str, Query(max_length=300, description="The name of the batch, if there is no body.")] = "",
) -> None:
    """Delete a batch, its codes and their history for good. Pause it first, and name it: this cannot be undone."""
    typed_name = storable(sent.confirm if sent else confirm)
    change(batches.delete, batch_id, typed_name=typed_name, by=actor(), now=times.now())


@router.post("/{batch_id}/pause", response_model=BatchShown)
@allow(Permission.QR_CODE_MANAGEMENT)
def pause_batch(batch_id: Number, once: OnceOnly) -> Response:
    """Stop new claims; vouchers already claimed stay good."""
    return _do(batches.pause, batch_id, once)


@router.post("/{batch_id}/resume", response_model=BatchShown)
@allow(Permission.QR_CODE_MANAGEMENT)
def resume_batch(batch_id: Number, once: OnceOnly) -> Response:
    """Allow new claims again."""
    return _do(batches.resume, batch_id, once)


@router.post("/{batch_id}/freeze", response_model=BatchShown)
@allow(Permission.QR_CODE_MANAGEMENT)
def freeze_batch(batch_id: Number, once: OnceOnly) -> Response:
    """Stop redemptions for now, whether or not claims go on."""
    return _do(batches.freeze, batch_id, once)


@router.post("/{batch_id}/unfreeze", response_model=BatchShown)
@allow(Permission.QR_CODE_MANAGEMENT)
def unfreeze_batch(batch_id: Number, once: OnceOnly) -> Response:
    """Allow redemptions again."""
    return _do(batches.unfreeze, batch_id, once)


@router.get("/{batch_id}/qr.png", response_class=Response, responses=IMAGE_PNG)
@allow(Permission.VIEW_DASHBOARD)
def qr_png(batch_id: Number, size: Pixels = drawing.PRINT_PIXELS) -> Response:
    """Answer the QR code as a PNG whose sides have at least that many pixels."""
    batch = _claim_link(batch_id)
    return _file(drawing.png(batches.claim_url(batch), size), "image/png", f"{slug(batch.name)}-claim-qr.png")


@router.get("/{batch_id}/qr.svg", response_class=Response, responses=IMAGE_SVG)
@allow(Permission.VIEW_DASHBOARD)
def qr_svg(batch_id: Number) -> Response:
    """Answer the QR code as an SVG, sharp at any size."""
    batch = _claim_link(batch_id)
    return _file(drawing.svg(batches.claim_url(batch)), "image/svg+xml", f"{slug(batch.name)}-claim-qr.svg")


def one_batch(session: Session, batch_id: int, now: datetime) -> BatchShown:
    """Return a batch as programs read it, as it stands now in this transaction."""
    batch = batches.get(session, batch_id)
    session.refresh(batch)  # the verbs write past what the session remembers
    return _shown(batch, View.of(session, [batch]), _jobs_of(session, [batch]), now)


def asked_of(field: asking.Field) -> FieldShown:
    """Return a field of a batch as programs read it."""
    return FieldShown(label=field.label, type=field.type, required=field.is_required, choices=list(field.choices))


def _do(verb: Callable[..., None], batch_id: int, once: Once) -> Response:
    def act(session: Session, now: datetime) -> BatchShown:
        verb(session, batch_id, by=actor(), now=now)
        return one_batch(session, batch_id, now)

    return once.answer(200, act)


def _draft(sent: BatchWish) -> rules.Draft:
    problems = {
        name: "Only scan batches have this: `kind` is `scan`."
        for name in ("base_url", "parameters", "fields", "title", "description")
        if getattr(sent, name)
    }
    if sent.offer_id is None:
        problems["offer_id"] = "This is needed."
    if problems:
        raise InvalidError(**problems)
    return rules.Draft(
        name=storable(sent.name),
        offer_id=str(sent.offer_id),
        quantity=str(sent.quantity),
        expires_on=sent.expires_on.isoformat(),
        prefix=storable(sent.prefix),
        alphabet=sent.alphabet,
        length=str(sent.length),
        channel=sent.channel or "",
    )


def _scan_draft(sent: BatchWish) -> scans.ScanDraft:
    if sent.channel:
        raise InvalidError(channel="Only claim batches have a channel.")
    return scans.ScanDraft(
        name=storable(sent.name),
        quantity=str(sent.quantity),
        expires_on=sent.expires_on.isoformat(),
        parameters=tuple((storable(key), storable(value)) for key, value in (sent.parameters or {}).items()),
        base_url=storable(sent.base_url or ""),
        prefix=storable(sent.prefix),
        alphabet=sent.alphabet,
        length=str(sent.length),
        title=storable(sent.title or ""),
        description=storable(sent.description or ""),
        offer_id=str(sent.offer_id or ""),
        fields=tuple(
            asking.Field(storable(one.label), one.type, one.required, tuple(map(storable, one.choices)))
            for one in sent.fields or ()
        ),
    )


def _jobs_of(session: Session, found: Sequence[Batch]) -> dict[int, Job]:
    return jobs.of_subject(session, batches.GENERATE_CODES, [batch.id or 0 for batch in found])


def _shown(batch: Batch, view: View, work: Mapping[int, Job], now: datetime) -> BatchShown:
    own = {name: getattr(batch, name, None) for name in BatchShown.model_fields}
    job = work.get(batch.id or 0)
    return BatchShown.model_validate(
        own
        | {
            "badge": rules.badge(batch, now),
            "job": JobOfBatch.model_validate(job) if job else None,
            "available": rules.available(batch),
            "redemption_rate": rules.redemption_rate(batch.claimed, batch.redeemed),
            "used": batch.redeemed,
            "active": rules.active(batch, now),
            "offer": PromiseShown.model_validate(view.fields(batch)),
            "expires_at": batch.closes_at,
        }
        | (_of_scan(batch) if batch.kind is BatchKind.SCAN else _of_claim(batch))
    )


def _of_claim(batch: Batch) -> dict[str, object]:
    return {
        "claim_url": batches.claim_url(batch),
        **dict.fromkeys(("points", "parameters", "base_url", "fields", "key_id")),
    }


def _of_scan(batch: Batch) -> dict[str, object]:
    asked = [asked_of(one) for one in asking.loaded(batch.fields)]
    return {"claim_token": None, "claim_url": None, "points": rules.points(batch), "fields": asked}


def _claim_link(batch_id: int) -> Batch:
    batch = _batch(batch_id)
    if batch.kind is not BatchKind.CLAIM:
        raise InvalidError(batch_id="A scan batch has a QR code for each of its codes: /codes/{code}/image.png.")
    return batch


def _batch(batch_id: int) -> Batch:
    with reading() as session:
        return batches.watched(session, batch_id, by=actor())


def _file(content: bytes, media_type: str, name: str) -> Response:
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"}
    return Response(content, media_type=media_type, headers=headers)
