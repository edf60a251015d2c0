"""The QR code of a batch's claim link, as files to print (S3-10)."""

from typing import Annotated

from fastapi import APIRouter, Query
from fastapi.responses import Response

from loyalty_app.batches import service as batches
from loyalty_app.batches.models import Batch
from loyalty_app.core.actor import Permission, actor
from loyalty_app.core.database import reading
from loyalty_app.core.texts import slug
from loyalty_app.qr import drawing
from loyalty_app.ui.routes import allow

router = APIRouter(prefix="/api/v1/batches", tags=["Batches"])

Pixels = Annotated[int, Query(ge=drawing.PRINT_PIXELS // 2, le=drawing.PRINT_PIXELS * 4)]


@router.get("/{batch_id}/qr.png")
@allow(Permission.VIEW_DASHBOARD)
def qr_png(batch_id: int, size: Pixels = drawing.PRINT_PIXELS) -> Response:
    """Answer the QR code as a PNG whose sides have at least that many pixels."""
    batch = _batch(batch_id)
    return _file(drawing.png(batches.claim_url(batch), size), "image/png", f"{slug(batch.name)}-claim-qr.png")


@router.get("/{batch_id}/qr.svg")
@allow(Permission.VIEW_DASHBOARD)
def qr_svg(batch_id: int) -> Response:
    """Answer the QR code as an SVG, sharp at any size."""
    batch = _batch(batch_id)
    return _file(drawing.svg(batches.claim_url(batch)), "image/svg+xml", f"{slug(batch.name)}-claim-qr.svg")


def _batch(batch_id: int) -> Batch:
    with reading() as session:
        return batches.watched(session, batch_id, by=actor())


def _file(content: bytes, media_type: str, name: str) -> Response:
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"}
    return Response(content, media_type=media_type, headers=headers)
