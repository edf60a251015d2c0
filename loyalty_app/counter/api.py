"""What a tablet fetches for the time without a connection, and what it sends when that is over."""

import gzip
import os
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from threading import Lock
from typing import Annotated
from weakref import WeakKeyDictionary

from fastapi import APIRouter, Header
from fastapi.responses import Response
from pydantic import AfterValidator, AwareDatetime, Field
from sqlmodel import Session

from loyalty_app.core import times
from loyalty_app.core.actor import Actor, Permission, actor
from loyalty_app.core.database import engine, read, reading, together
from loyalty_app.core.errors import AppError, ForbiddenError
from loyalty_app.core.reasons import Reason
from loyalty_app.core.texts import storable
from loyalty_app.counter import rules
from loyalty_app.counter import service as counter
from loyalty_app.counter.answers import Answer, Counter, present, say_there
from loyalty_app.counter.state import MOST_NONCE, MOST_NUMBER, MOST_READ, printable
from loyalty_app.places import service as places
from loyalty_app.program import service as programs
from loyalty_app.redemptions import service as redemptions
from loyalty_app.redemptions.service import Ask, Redeemed, Refused, Voucher
from loyalty_app.ui.rest import Sent, Shown
from loyalty_app.ui.routes import allow

router = APIRouter(prefix="/counter")

MOST_AT_ONCE = 50
MOST_SPOT = 200
MEDIA_TYPE = "application/octet-stream"
TIME = "X-Time"
"""The header that says since when the list is known to be right, in milliseconds."""
ZONE = "X-Zone"
"""The header that says by which clock people go where the tablet stands."""
LOST = frozenset({Reason.CONFLICT_OFFLINE, Reason.ALREADY_REDEEMED})


def _cut(text: str) -> str:
    return printable(text, MOST_READ)


Text = Annotated[str, AfterValidator(_cut)]
"""Cut and not refused: one long text must not hold up the scans that came with it."""


def _told(number: int | None) -> int | None:
    return number if number and 0 < number < MOST_NUMBER else None


Spot = Annotated[str, AfterValidator(lambda text: printable(text, MOST_SPOT))]
Person = Annotated[int | None, AfterValidator(_told)]


class Verdict(StrEnum):
    """What became of a scan that was made without a connection."""

    CONFIRMED = "confirmed"
    CONFLICT = "conflict"
    """Somebody else was first."""
    REFUSED = "refused"


class ScanSent(Sent):
    """One scan, as the tablet kept it."""

    text: Text
    nonce: Annotated[str, AfterValidator(storable), Field(min_length=1, max_length=MOST_NONCE)]
    scanned_at: AwareDatetime
    amount: int | None = None
    """The basket, in minor units, where the offer asked for it."""
    scanned_by: Person = None
    """The account of whoever scanned it; another one may be signed in when it is sent."""
    spot: Spot = ""
    """What the tablet was told of where it stands, as it was when it scanned."""


class ScansSent(Sent):
    """Scans in the order in which they were made, and what time it is on the tablet."""

    scans: Annotated[list[ScanSent], Field(max_length=MOST_AT_ONCE)]
    sent_at: AwareDatetime


class ScanAnswered(Shown):
    """What became of one scan, in the words of the counter."""

    nonce: str
    verdict: Verdict
    shape: str
    headline: str
    lead: str
    title: str
    member: str
    note: str
    first: str = ""
    """Of a conflict: when, where and by whom the voucher was redeemed first."""


class ScansAnswered(Shown):
    """An answer to each scan, in the same order."""

    answers: list[ScanAnswered]


@router.get("/snapshot")
@allow(Permission.REDEEM)
def snapshot(if_none_match: Annotated[str, Header()] = "", accept_encoding: Annotated[str, Header()] = "") -> Response:
    """Return what a tablet needs to judge vouchers by itself, unless it has that already."""
    by, now = actor(), times.now()
    headers = {"Cache-Control": "no-store", "Vary": "Accept-Encoding", TIME: str(rules.milliseconds(now))}
    with reading() as session:
        headers[ZONE] = places.zone_at(session, by.place_id)
        stamp = counter.stamp(session, by=by)
        headers["ETag"] = f'"{stamp}"'
        if if_none_match == headers["ETag"]:
            return Response(status_code=304, headers=headers)
        listed = _listed.at(stamp, lambda: counter.listing(session, by=by, now=now))
    if "gzip" in accept_encoding:
        return Response(listed.small, media_type=MEDIA_TYPE, headers=headers | {"Content-Encoding": "gzip"})
    return Response(listed.body, media_type=MEDIA_TYPE, headers=headers)


@dataclass(frozen=True)
class _Listed:
    stamp: str
    body: bytes
    small: bytes


class _Lists:
    """The newest list of a database as it goes over the wire: made once, however many tablets fetch it."""

    def __init__(self) -> None:
        self._turn = Lock()
        self._kept: WeakKeyDictionary[object, _Listed] = WeakKeyDictionary()  # by database

    def at(self, stamp: str, load: Callable[[], rules.Listing]) -> _Listed:
        """Return the list with this stamp."""
        with self._turn:
            kept = self._kept.get(engine())
            if kept is None or kept.stamp != stamp:
                body = rules.packed(load(), os.urandom(rules.SALT_BYTES))
                kept = self._kept[engine()] = _Listed(stamp, body, gzip.compress(body, 1))
            return kept


_listed = _Lists()


@router.post("/queue")
@allow(Permission.REDEEM)
async def send(sent: ScansSent) -> ScansAnswered:
    """Redeem what a tablet scanned without a connection, one after another; the same scan again changes nothing."""
    by, now = actor(), times.now()
    if by.account_id is None:  # as for the snapshot
        raise ForbiddenError
    at, asks = await read(_asks, sent, by=by, now=now)
    answers = [await _redeem(scan, ask, at) for scan, ask in zip(sent.scans, asks, strict=True)]
    return ScansAnswered(answers=answers)


def _asks(session: Session, sent: ScansSent, *, by: Actor, now: datetime) -> tuple[Counter, list[Ask]]:
    at = Counter(programs.current(session), places.zone_at(session, by.place_id))
    return at, [_ask(session, scan, sent.sent_at, by, now) for scan in sent.scans]


def _ask(session: Session, scan: ScanSent, sent_at: datetime, by: Actor, now: datetime) -> Ask:
    at = rules.scanned_at(scan.scanned_at, sent_at, now)
    spot = places.stood(session, scan.spot, at, by=by)
    return Ask(
        text=scan.text,
        by=by,
        nonce=printable(scan.nonce, MOST_NONCE),
        amount=scan.amount,
        place_id=spot.place_id if spot else None,
        device_id=spot.device_id if spot else None,
        scanned_at=at,
        scanned_by=scan.scanned_by,
    )


async def _redeem(scan: ScanSent, ask: Ask, at: Counter) -> ScanAnswered:
    try:
        outcome = await together(redemptions.redeem_many, ask)
    except ForbiddenError:  # nothing is decided of the scan: the tablet was revoked, and keeps what it has not sent
        raise
    except AppError as problem:
        return _said(scan, Verdict.REFUSED, Answer(shape="problem", headline="Not redeemed", lead=str(problem)))
    said = present(outcome, scan.text, at, now=times.now())
    match outcome:
        case Redeemed():
            return _said(scan, Verdict.CONFIRMED, said)
        case Refused(reason, voucher) if reason in LOST:
            return _said(scan, Verdict.CONFLICT, said, _first(voucher, at) if voucher else "")
        case _:
            return _said(scan, Verdict.REFUSED, said)


def _said(scan: ScanSent, verdict: Verdict, said: Answer, first: str = "") -> ScanAnswered:
    return ScanAnswered(
        nonce=scan.nonce,
        verdict=verdict,
        shape=said.shape,
        headline=said.headline,
        lead=said.lead,
        title=said.title,
        member=said.member,
        note=said.note,
        first=first,
    )


def _first(voucher: Voucher, counter: Counter) -> str:
    if voucher.redeemed_at is None:
        return ""
    at = times.say_instant(voucher.redeemed_at, counter.zone, counter.program.locale)
    by = f" by {voucher.redeemed_by}" if voucher.redeemed_by else ""
    place = f" at {voucher.redeemed_place}" if voucher.redeemed_place else ""
    return f"{at}{by}{place}{say_there(voucher, counter)}"
