"""The vouchers of a batch, as a list, as a file (S3-7), and one by one."""

from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Annotated, ClassVar
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Path, Query
from fastapi.responses import Response, StreamingResponse
from pydantic import Field
from sqlmodel import Session

from loyalty_app.batches import fields, rules
from loyalty_app.batches import service as batches
from loyalty_app.batches.api import BatchShown, Pixels, one_batch
from loyalty_app.batches.models import Batch, BatchKind
from loyalty_app.codes import alphabet, files
from loyalty_app.codes import service as codes
from loyalty_app.codes.files import Wanted
from loyalty_app.codes.models import Standing
from loyalty_app.codes.rules import LARGEST_PICTURE, SMALLEST_PICTURE
from loyalty_app.codes.service import Detailed, Listed, Refused, Wish
from loyalty_app.core import csvs, times
from loyalty_app.core.actor import Actor, Permission, actor
from loyalty_app.core.database import reading, streaming
from loyalty_app.core.reasons import STATUS
from loyalty_app.core.texts import slug, storable
from loyalty_app.program import service as programs
from loyalty_app.qr import drawing
from loyalty_app.qr.drawing import ErrorLevel, PictureFormat
from loyalty_app.ui.problems import Problem, ProblemError, refused
from loyalty_app.ui.rest import (
    CSV,
    IMAGE_PNG,
    IMAGE_SVG,
    PDF,
    ZIP,
    Instant,
    Number,
    Once,
    OnceOnly,
    Page,
    Paged,
    Sent,
    Shown,
    begun,
)
from loyalty_app.ui.routes import allow

router = APIRouter(prefix="/api/v1/batches", tags=["Codes"])
single = APIRouter(prefix="/api/v1/codes", tags=["Codes"])

CHUNK = 2_000
CodeText = Annotated[str, Path(max_length=80, examples=["SUN-2K7P-M4XR-9T"])]
Millimetres = Annotated[int, Query(ge=10, le=400)]
Serial = Annotated[int, Query(ge=1, le=rules.MOST_CODES)]
Row = Callable[[Listed, str], list[str]]
HEAD = ("serial", "code", "status", "member", "email", "claimedAt", "expiresAt", "redeemedAt")


class CodeShown(Shown):
    """One redeemable unit."""

    code: Annotated[
        str,
        Field(
            examples=["SUN-2K7P-M4XR-9T"],
            description="As it is printed; read however written. Of a scan code that is not redeemed, those without"
            " `qr_code_management` get only how it begins and ends: `SUN-…4XR9`.",
        ),
    ]
    batch_id: Annotated[int, Field(examples=[12])]
    serial: Annotated[int, Field(examples=[1], description="Its place in the batch.")]
    status: Annotated[Standing, Field(examples=["claimed"])]
    member_id: Annotated[int | None, Field(examples=[21])]
    claimed_at: Instant | None
    expires_at: Annotated[Instant | None, Field(description="The first instant at which it is no longer good.")]
    redeemed_at: Instant | None
    url: Annotated[
        str | None,
        Field(
            description="Where the QR code of a scan code leads. Whoever has it can redeem it, so only those with"
            " `qr_code_management` are told; a repeated request gets null."
        ),
    ] = None

    unkept: ClassVar[frozenset[str]] = frozenset({"url"})  # it is worth points, and never stored


class ZipWish(Sent):
    """Which pictures of a batch are wanted."""

    format: PictureFormat = PictureFormat.PNG
    size: Annotated[
        int,
        Field(
            ge=SMALLEST_PICTURE,
            le=LARGEST_PICTURE,
            description="Pixels that a side of a PNG has at least; each module gets a whole number of them.",
        ),
    ] = 600
    error: Annotated[
        ErrorLevel, Field(description="How much of a QR code may be lost; more where it costs no space.")
    ] = ErrorLevel.MEDIUM
    first: Annotated[int, Field(ge=1, description="The first serial.")] = 1
    last: Annotated[int | None, Field(ge=1, description="The last serial; the batch's without it.")] = None


@router.get("/{batch_id}/codes")
@allow(Permission.VIEW_DASHBOARD)
def list_codes(
    batch_id: Number,
    paging: Paged,
    q: Annotated[str, Query(max_length=80, description="Part of a code, or of a member's name or address.")] = "",
    status: Standing | None = None,
) -> Page[CodeShown]:
    """List the codes of a batch, in the order they were made."""
    with reading() as session:
        batch = batches.watched(session, batch_id, by=actor())
        wish = Wish(storable(q), status)
        found = codes.listed(session, batch_id, wish, after=paging.after, limit=paging.limit + 1, by=actor())
    link = _links(batch)
    return paging.page(found, lambda one: shown(one, batch, link), lambda one: one.serial)


@router.post("/{batch_id}/disable-codes", response_model=BatchShown)
@allow(Permission.QR_CODE_MANAGEMENT)
def disable_codes(batch_id: Number, once: OnceOnly) -> Response:
    """Switch off every code of a batch that is not redeemed."""
    return _switch_all(codes.disable_all, batch_id, once)


@router.post("/{batch_id}/enable-codes", response_model=BatchShown)
@allow(Permission.QR_CODE_MANAGEMENT)
def enable_codes(batch_id: Number, once: OnceOnly) -> Response:
    """Switch every code of a batch on again; what is redeemed stays redeemed."""
    return _switch_all(codes.enable_all, batch_id, once)


@single.get("/{code}")
@allow(Permission.VIEW_DASHBOARD)
def read_code(code: CodeText) -> CodeShown:
    """Return one code, however it is written."""
    with reading() as session:
        found = codes.get(session, storable(code), by=actor())
    return _one(_known(found))


@single.post("/{code}/disable", response_model=CodeShown)
@allow(Permission.QR_CODE_MANAGEMENT)
def disable_code(code: CodeText, once: OnceOnly) -> Response:
    """Switch a code off: nobody gets it and nobody redeems it until it is enabled."""
    return _switch(codes.disable, code, once)


@single.post("/{code}/enable", response_model=CodeShown)
@allow(Permission.QR_CODE_MANAGEMENT)
def enable_code(code: CodeText, once: OnceOnly) -> Response:
    """Switch a code on again; it is what it was before."""
    return _switch(codes.enable, code, once)


@single.get("/{code}/image.png", response_class=Response, responses=IMAGE_PNG)
@allow(Permission.VIEW_DASHBOARD)
def code_png(code: CodeText, size: Pixels = drawing.PRINT_PIXELS) -> Response:
    """Draw a code as a QR code whose sides have at least that many pixels; a scan code as its link."""
    return Response(drawing.png(_printed(code), size), media_type="image/png")


@single.get("/{code}/image.svg", response_class=Response, responses=IMAGE_SVG)
@allow(Permission.VIEW_DASHBOARD)
def code_svg(code: CodeText) -> Response:
    """Draw a code as a QR code that is sharp at any size; a scan code as its link."""
    return Response(drawing.svg(_printed(code)), media_type="image/svg+xml")


@single.get("/{code}/image.pdf", response_class=Response, responses=PDF)
@allow(Permission.VIEW_DASHBOARD)
def code_pdf(code: CodeText, size: Millimetres = drawing.PRINT_MILLIMETRES) -> Response:
    """Draw a code as a QR code for print with so many millimetres a side, the code and its serial under it."""
    text = _printed(code)
    with reading() as session:
        found = _known(codes.get(session, storable(code), by=actor()))
    shown_code, serial = alphabet.display(found.code.code, found.batch.prefix), found.code.serial
    name = f"{slug(found.batch.name)}-{serial:06}-{shown_code}.pdf"
    return Response(
        drawing.pdf(text, size, (shown_code, f"No. {serial}")),
        media_type="application/pdf",
        headers={"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"},
    )


@router.get("/{batch_id}/codes.csv", response_class=StreamingResponse, responses=CSV)
@allow(Permission.VIEW_DASHBOARD)
def codes_csv(
    batch_id: Number, q: str = "", status: str = "", first: Serial = 1, last: Serial = rules.MOST_CODES
) -> StreamingResponse:
    """Stream the codes that fit the search, all of one moment, however many are claimed or redeemed meanwhile."""
    by = actor()
    with reading() as session:
        batch = batches.watched(session, batch_id, by=by)
    wish = Wish(q[:80], Standing(status) if status in set(Standing) else None)
    noun, head, row = ("vouchers", HEAD, _row) if batch.kind is BatchKind.CLAIM else ("codes", *_scan_columns(batch))
    labels = [one.label for one in fields.loaded(batch.fields)] if by.may(Permission.VIEW_MEMBERS) else []
    return StreamingResponse(
        csvs.lines((*head, *labels), begun(_chunks(batch, wish, (first, last), row, labels, by))),
        media_type="text/csv; charset=utf-8",
        headers={
            "Content-Disposition": f'attachment; filename="{slug(batch.name)}-{noun}.csv"',
            "Cache-Control": "no-store",
        },
    )


@router.get("/{batch_id}/codes.zip", response_class=StreamingResponse, responses=ZIP)
@allow(Permission.QR_CODE_MANAGEMENT)
def codes_zip(batch_id: Number, wish: Annotated[ZipWish, Query()]) -> StreamingResponse:
    """Stream a picture of each code of a scan batch in a ZIP file, with a manifest.csv, all of one moment."""
    by = actor()
    with reading() as session:
        batch = files.printable(session, batch_id, by=by)
        zone = programs.current(session).time_zone
    if isinstance(batch, Refused):
        raise ProblemError(not_printable(batch))
    first, last = files.serials(batch, wish.first, wish.last)
    wanted = Wanted(first, last, wish.format, wish.size, wish.error)
    part = f"-{first}-{last}" if (first, last) != (1, batch.total) else ""
    return StreamingResponse(
        begun(_zipped(batch, wanted, by, times.now().astimezone(ZoneInfo(zone)))),
        media_type="application/zip",
        headers={
            "Content-Disposition": f'attachment; filename="{slug(batch.name)}{part}-{wish.format}.zip"',
            "Cache-Control": "no-store",
        },
    )


def not_printable(answer: Refused) -> Problem:
    """Return how a program is told why the codes of a batch cannot be printed."""
    return Problem(STATUS[answer.reason], answer.reason, files.SENTENCES[answer.reason])


def shown(one: Listed, batch: Batch, link: Callable[[int], str] | None = None) -> CodeShown:
    """Return a code as programs read it; with its link, where there is one that the caller may know."""
    own = {name: getattr(one, name) for name in ("serial", "member_id", "claimed_at", "redeemed_at")}
    return CodeShown(
        code=alphabet.display(one.code, batch.prefix),
        batch_id=batch.id or 0,
        status=one.standing,
        expires_at=one.expires_at or (batch.closes_at if batch.kind is BatchKind.SCAN else None),
        url=link(one.serial) if link else None,
        **own,
    )


def _links(batch: Batch) -> Callable[[int], str] | None:
    if batch.kind is not BatchKind.SCAN or not actor().may(Permission.QR_CODE_MANAGEMENT):
        return None
    return batches.links(batch)


def _one(found: Detailed) -> CodeShown:
    return shown(found.code, found.batch, _links(found.batch))


def _printed(code: str) -> str:
    with reading() as session:
        found = _known(codes.get(session, storable(code), by=actor()))
    if found.batch.kind is BatchKind.SCAN:
        actor().must(Permission.QR_CODE_MANAGEMENT)  # the picture is worth points
        return batches.links(found.batch)(found.code.serial)
    return alphabet.display(found.code.code, found.batch.prefix)


def _known(found: Detailed | Refused) -> Detailed:
    if isinstance(found, Refused):
        raise ProblemError(refused(found.reason))
    return found


def _switch(verb: Callable[..., Detailed | Refused], code: str, once: Once) -> Response:
    def act(session: Session, now: datetime) -> CodeShown | Problem:
        found = verb(session, storable(code), by=actor(), now=now)
        return refused(found.reason) if isinstance(found, Refused) else _one(found)

    return once.answer(200, act)


def _switch_all(verb: Callable[..., int], batch_id: int, once: Once) -> Response:
    def act(session: Session, now: datetime) -> BatchShown:
        batches.get(session, batch_id)
        verb(session, batch_id, by=actor(), now=now)
        return one_batch(session, batch_id, now)

    return once.answer(200, act)


def _chunks(
    batch: Batch, wish: Wish, serials: tuple[int, int], row: Row, labels: list[str], by: Actor
) -> Iterator[list[list[str]]]:
    batch_id = batch.id or 0
    with streaming() as session:  # one picture for all chunks
        after, last = serials[0] - 1, serials[1]
        while page := [one for one in _page(session, batch_id, wish, after, by) if one.serial <= last]:
            told = codes.told(session, batch_id, page[0].serial, page[-1].serial, by=by) if labels else {}
            yield [
                row(one, batch.prefix) + [told.get(one.serial, {}).get(label, "") for label in labels] for one in page
            ]
            after = page[-1].serial


def _zipped(batch: Batch, wanted: Wanted, by: Actor, made_at: datetime) -> Iterator[bytes]:
    with streaming() as session:
        yield from files.zipped(session, batch, wanted, by=by, made_at=made_at)


def _page(session: Session, batch_id: int, wish: Wish, after: int, by: Actor) -> list[Listed]:
    return codes.listed(session, batch_id, wish, after=after, limit=CHUNK, by=by)


def _row(one: Listed, prefix: str) -> list[str]:
    return [
        str(one.serial),
        alphabet.display(one.code, prefix),
        one.standing,
        one.member,
        one.email,
        _instant(one.claimed_at),
        _instant(one.expires_at),
        _instant(one.redeemed_at),
    ]


def _scan_columns(batch: Batch) -> tuple[tuple[str, ...], Row]:
    """Return the head of a scan batch's file and what makes its rows, with what the caller may know (S0-16)."""
    link, sees = _links(batch), actor().may(Permission.VIEW_MEMBERS)
    head = (
        "serial",
        "code",
        *(["url"] if link else []),
        "status",
        "redeemedAt",
        *(["member", "email"] if sees else []),
    )

    def row(one: Listed, prefix: str) -> list[str]:
        url = [link(one.serial)] if link else []
        member = [one.member, one.email] if sees else []
        code = alphabet.display(one.code, prefix)
        return [str(one.serial), code, *url, one.standing, _instant(one.redeemed_at), *member]

    return head, row


def _instant(instant: datetime | None) -> str:
    return times.wire(instant) if instant else ""
