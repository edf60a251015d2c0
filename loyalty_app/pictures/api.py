"""Pictures go in and out by plain routes."""

import functools
from typing import Any

import anyio.to_thread
from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response

from loyalty_app.core import times
from loyalty_app.core.actor import Permission, actor
from loyalty_app.core.database import reading, transact
from loyalty_app.core.errors import InvalidError
from loyalty_app.pictures import drawing
from loyalty_app.pictures import service as pictures
from loyalty_app.ui.routes import allow
from loyalty_app.ui.shield import A_YEAR

router = APIRouter(prefix="/pictures")


@router.post("", status_code=201)
@allow(Permission.OFFER_MANAGEMENT)
async def upload(request: Request) -> JSONResponse:
    """Keep the picture that is the request's body, drawn anew, and say where it is."""
    drawn = await anyio.to_thread.run_sync(drawing.draw, await _body(request), limiter=_one_at_a_time())
    if isinstance(drawn, str):
        raise InvalidError(picture=drawn)
    kept = await transact(pictures.keep, drawn, by=actor(), now=times.now())
    said: dict[str, Any] = {"id": kept.id, "digest": kept.digest, "url": pictures.url_of(kept.digest)}
    return JSONResponse(said | {"width": kept.width, "height": kept.height}, 201, headers={"Cache-Control": "no-store"})


@router.get("/{digest}")
@allow(Permission.PUBLIC)
def picture(digest: str) -> Response:
    """Return a picture; its address never means another one."""
    with reading() as session:
        kept = pictures.get(session, digest)
    return Response(
        kept.content,
        media_type=kept.media_type,
        headers={"Cache-Control": A_YEAR, "Content-Security-Policy": "default-src 'none'; sandbox"},
    )


async def _body(request: Request) -> bytes:
    # Nobody may fill the memory, whatever the request says of its length.
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > drawing.MOST_BYTES:
            raise InvalidError(picture=drawing.TOO_HEAVY)
    return bytes(body)


@functools.cache
def _one_at_a_time() -> anyio.CapacityLimiter:
    return anyio.CapacityLimiter(1)  # each may need two hundred megabytes for a moment
