"""The codes of a scan batch as pictures in a ZIP file, with a list of what is in it (S0-15)."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from sqlmodel import Session

from loyalty_app.batches import service as batches
from loyalty_app.batches.models import Batch, BatchKind
from loyalty_app.codes import alphabet
from loyalty_app.codes import service as codes
from loyalty_app.codes.rules import serial_problems
from loyalty_app.codes.service import Made, Refused
from loyalty_app.core import csvs, times
from loyalty_app.core.actor import Actor, Permission
from loyalty_app.core.errors import InvalidError
from loyalty_app.core.reasons import Reason
from loyalty_app.core.zips import Archive, Packed
from loyalty_app.qr.bulk import SAMPLE, Tables
from loyalty_app.qr.drawing import ErrorLevel, PictureFormat

CHUNK = 2_000
PIECE = 1 << 17
"""About how many bytes are sent at once."""
MANIFEST = "manifest.csv"
SENTENCES = {
    Reason.WRONG_KIND: "Only the codes of a scan batch have addresses of their own; these are claimed by one link.",
    Reason.NOT_READY: "The codes are still being made. Try again in a moment.",
}
HEAD = ("serial", "code", "url", "status", "redeemedAt", "file")


@dataclass(frozen=True)
class Wanted:
    """Which codes to draw, from a serial to another, and how."""

    first: int
    last: int
    format: PictureFormat
    size: int
    """How many pixels a side of a PNG has at least."""
    error: ErrorLevel


def printable(session: Session, batch_id: int, *, by: Actor) -> Batch | Refused:
    """Return a batch whose codes can be printed, or why they cannot."""
    by.must(Permission.QR_CODE_MANAGEMENT)
    batch = batches.get(session, batch_id)
    if batch.kind is not BatchKind.SCAN:
        return Refused(Reason.WRONG_KIND)
    return batch if batch.made == batch.total else Refused(Reason.NOT_READY)


def serials(batch: Batch, first: int, last: int | None) -> tuple[int, int]:
    """Return the first and the last serial that are wanted, if the batch has them."""
    last = batch.total if last is None else last
    if problems := serial_problems(first, last, batch.total):
        raise InvalidError(**problems)
    return first, last


class Line(NamedTuple):
    """One code, as the manifest tells of it."""

    serial: str
    code: str
    url: str
    status: str
    redeemed_at: str
    file: str


class Album:
    """Draws the codes of one batch, and says what it draws."""

    def __init__(self, batch: Batch, wanted: Wanted) -> None:
        """Make ready; the links of a batch have one shape, which the first ones tell."""
        self._prefix, self._format = batch.prefix, wanted.format
        self._link = batches.links(batch)
        self._tables = Tables.of(map(self._link, range(1, SAMPLE + 1)), wanted.error)
        self._scale = self._tables.scale(wanted.size)

    def line(self, one: Made) -> Line:
        """Return what there is to tell of a code."""
        code = alphabet.display(one.code, self._prefix)
        redeemed_at = times.wire(one.redeemed_at) if one.redeemed_at else ""
        file = f"{one.serial:06}-{code}.{self._format}"
        return Line(str(one.serial), code, self._link(one.serial), one.standing, redeemed_at, file)

    def picture(self, line: Line) -> bytes:
        """Draw a code."""
        is_png = self._format is PictureFormat.PNG
        return self._tables.png(line.url, self._scale) if is_png else self._tables.svg(line.url)


def zipped(session: Session, batch: Batch, wanted: Wanted, *, by: Actor, made_at: datetime) -> Iterator[bytes]:
    """Yield a ZIP file piece by piece, as the codes are in the session's one picture of them."""
    album, archive, manifest = Album(batch, wanted), Archive(made_at), Packed()
    manifest.add(csvs.start(HEAD).encode())
    pieces, sent = [], 0
    for first in range(wanted.first, wanted.last + 1, CHUNK):
        made = codes.made(session, batch.id or 0, first, min(first + CHUNK - 1, wanted.last), by=by)
        lines = [album.line(one) for one in made]
        manifest.add(csvs.text(lines).encode())
        for line in lines:
            pieces.append(archive.entry(line.file, album.picture(line)))
            if archive.size - sent > PIECE:
                yield b"".join(pieces)
                pieces, sent = [], archive.size
    yield b"".join([*pieces, archive.packed(MANIFEST, manifest)])
    yield from archive.end()
