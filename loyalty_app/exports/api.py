"""Files to take away: asked for, made in the background, and labels at once where they are few (S0-14, S0-15)."""

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Query
from fastapi.responses import FileResponse, Response
from pydantic import Field
from sqlmodel import Session

from loyalty_app.codes import files
from loyalty_app.codes.api import not_printable
from loyalty_app.codes.service import Refused
from loyalty_app.core import times
from loyalty_app.core.actor import Permission, actor
from loyalty_app.core.database import change, reading
from loyalty_app.core.errors import InvalidError, NotFoundError
from loyalty_app.core.texts import slug, storable
from loyalty_app.exports import drawing, rules
from loyalty_app.exports import service as exports
from loyalty_app.exports.models import ExportKind
from loyalty_app.exports.rules import Draft, Labels, Paper
from loyalty_app.exports.service import Prepared
from loyalty_app.jobs.models import JobStatus
from loyalty_app.qr.drawing import ErrorLevel, PictureFormat
from loyalty_app.ui.problems import Problem, ProblemError
from loyalty_app.ui.rest import MOST_NUMBER, Instant, Number, OnceOnly, Page, Paged, Responses, Sent, Shown
from loyalty_app.ui.routes import allow

router = APIRouter(prefix="/api/v1/exports", tags=["Prepared files"])
of_batch = APIRouter(prefix="/api/v1/batches", tags=["Prepared files"])

PDF: Responses = {200: {"content": {"application/pdf": {}}, "description": "The sheets."}}
FILE: Responses = {200: {"content": {"application/octet-stream": {}}, "description": "The file."}}
MEDIA_TYPES = {"pdf": "application/pdf", "zip": "application/zip"}

Serial = Annotated[int | None, Field(ge=1, le=MOST_NUMBER, examples=[1])]
Length = Annotated[float | None, Field(ge=0, le=1000, description="Millimetres, of a grid of your own.")]
Count = Annotated[int | None, Field(ge=1, le=100, description="Of a grid of your own.")]
Line = Annotated[str, Field(max_length=200, description="A line of text on each label; the headline is bold.")]


class LabelsWish(Sent):
    """Sheets of labels that are wanted."""

    first: Serial = None
    last: Serial = None
    error: Annotated[ErrorLevel, Field(description="How much of a QR code may be lost.")] = ErrorLevel.MEDIUM
    sheet: Annotated[
        str,
        Field(max_length=20, examples=["l7160"], description=f"One of {', '.join(rules.FORMATS)}, or grid."),
    ] = "l7160"
    paper: Annotated[Paper, Field(description="Of a grid of your own.")] = Paper.A4
    columns: Count = None
    rows: Count = None
    width: Length = None
    height: Length = None
    left: Length = None
    top: Length = None
    gap_x: Length = None
    gap_y: Length = None
    headline: Line = ""
    note: Line = ""
    logo: Annotated[bool, Field(description="Whether the program's logo is on each label.")] = False
    crop_marks: bool = False
    start: Annotated[
        int, Field(ge=1, le=1000, examples=[1], description="The first label that is left on a used sheet.")
    ] = 1


class ExportWish(LabelsWish):
    """A file that is wanted: a ZIP of pictures, or sheets of labels."""

    batch_id: Annotated[int, Field(ge=1, le=MOST_NUMBER, examples=[12])]
    kind: Annotated[ExportKind, Field(examples=["zip"])]
    format: Annotated[PictureFormat, Field(description="Of the pictures in a ZIP.")] = PictureFormat.PNG
    size: Annotated[int, Field(examples=[600], description="Pixels that a side has at least.")] = 600


class ExportShown(Shown):
    """A file that was asked for; it can be taken away when its status is `done`."""

    id: Annotated[int, Field(examples=[3])]
    batch_id: Annotated[int, Field(examples=[12])]
    kind: ExportKind
    name: Annotated[str, Field(examples=["Spring-labels.pdf"])]
    status: Annotated[JobStatus, Field(examples=["running"])]
    job_id: Annotated[int, Field(examples=[31])]
    done: Annotated[int, Field(examples=[2000], description="Codes that are in it so far.")]
    total: Annotated[int, Field(examples=[5000])]
    problem: Annotated[str, Field(description="Why it failed; else empty.")]
    size: Annotated[int, Field(description="Bytes so far.")]
    created_at: Instant
    expires_at: Annotated[Instant | None, Field(description="When it is swept; null while it is made.")]
    file: Annotated[str | None, Field(examples=["/api/v1/exports/3/file"], description="Null until it is done.")]


@router.post("", status_code=202, response_model=ExportShown)
@allow(Permission.QR_CODE_MANAGEMENT)
def prepare_export(wish: ExportWish, once: OnceOnly) -> Response:
    """Prepare a file of a scan batch in the background."""

    def act(session: Session, now: datetime) -> ExportShown | Problem:
        made = exports.prepare(session, wish.batch_id, wish.kind, _draft(wish), by=actor(), now=now)
        return not_printable(made) if isinstance(made, Refused) else _shown(made)

    return once.answer(202, act)


@router.get("")
@allow(Permission.QR_CODE_MANAGEMENT)
def list_exports(
    paging: Paged, batch_id: Annotated[int | None, Query(alias="batchId", ge=1, le=MOST_NUMBER)] = None
) -> Page[ExportShown]:
    """List the files that were asked for, the newest first."""
    with reading() as session:
        found = exports.listed(session, batch_id, before=paging.after, limit=paging.limit + 1, by=actor())
    return paging.page(found, _shown, lambda one: one.export.id or 0)


@router.get("/{export_id}")
@allow(Permission.QR_CODE_MANAGEMENT)
def read_export(export_id: Number) -> ExportShown:
    """Return how far a file is."""
    with reading() as session:
        return _shown(exports.get(session, export_id, by=actor()))


@router.get("/{export_id}/file", response_class=FileResponse, responses=FILE)
@allow(Permission.QR_CODE_MANAGEMENT)
def export_file(export_id: Number) -> FileResponse:
    """Give the file; a download that broke off can be taken up again (`Range`)."""
    with reading() as session:
        one = exports.get(session, export_id, by=actor())
    path = exports.path_of(one.export)
    if not one.is_done or not path.is_file():
        raise NotFoundError("file")
    return FileResponse(
        path,
        filename=one.export.name,
        media_type=MEDIA_TYPES[one.export.name.rsplit(".", 1)[-1]],
        headers={"Cache-Control": "no-store"},
    )


@router.delete("/{export_id}", status_code=204)
@allow(Permission.QR_CODE_MANAGEMENT)
def delete_export(export_id: Number) -> None:
    """Remove a file; one that is being made is not made any further."""
    change(exports.delete, export_id, by=actor(), now=times.now())


@of_batch.get("/{batch_id}/labels.pdf", response_class=Response, responses=PDF)
@allow(Permission.QR_CODE_MANAGEMENT)
def labels_pdf(batch_id: Number, wish: Annotated[LabelsWish, Query()]) -> Response:
    """Draw sheets of labels at once, at most 2,000 labels; prepare a file for more."""
    with reading() as session:
        batch = files.printable(session, batch_id, by=actor())
        if isinstance(batch, Refused):
            raise ProblemError(not_printable(batch))
        asked = exports.read(session, batch, ExportKind.LABELS, _draft(wish))
        assert isinstance(asked, Labels)
        if asked.count > rules.LABELS_AT_ONCE:
            raise InvalidError(last=f"At most {rules.LABELS_AT_ONCE:,} labels at once. Prepare a file for more.")
        labels, logo = exports.labels_of(session, batch, asked.first, asked.count, by=actor()), exports.logo_of(session)
    draw = exports.drawer(batch, asked.error).matrix
    drawn = drawing.pdf(labels, asked.sheet, asked.look(logo, 0), draw)
    return Response(
        drawn,
        media_type="application/pdf",
        headers={"Content-Disposition": f'attachment; filename="{slug(batch.name)}-labels.pdf"'},
    )


def _draft(wish: LabelsWish) -> Draft:
    sent = wish.model_dump(include=set(Draft.__dataclass_fields__))
    return Draft(**{name: _text(value) for name, value in sent.items()})


def _text(value: Any) -> str:
    match value:
        case None | False:
            return ""
        case True:
            return rules.YES
        case _:
            return storable(str(value))


def _shown(one: Prepared) -> ExportShown:
    export, job = one.export, one.job
    return ExportShown(
        id=export.id or 0,
        batch_id=export.batch_id,
        kind=export.kind,
        name=export.name,
        status=one.status,
        job_id=job.id or 0,
        done=job.done,
        total=job.total,
        problem=job.problem,
        size=export.size,
        created_at=export.created_at,
        expires_at=export.expires_at,
        file=f"/api/v1/exports/{export.id}/file" if one.is_done else None,
    )
