"""What a tablet fetches for the time without a connection, and what it sends when that is over."""

import gzip
import os
from datetime import datetime
from enum import StrEnum
from typing import Annotated

from fastapi import APIRouter, Header
from fastapi.responses import Response
from pydantic import AfterValidator, AwareDatetime, Field

from loyalty_app.core import times
from loyalty_app.core.actor import Actor, Permission, actor
from loyalty_app.core.database import read, reading, together
from loyalty_app.core.errors import AppError, ForbiddenError
from loyalty_app.core.reasons import Reason
from loyalty_app.core.texts import storable
from loyalty_app.counter import rules
from loyalty_app.counter import service as counter
from loyalty_app.counter.answers import Answer, present
from loyalty_app.counter.state import MOST_NONCE, MOST_READ, printable
from loyalty_app.program import service as programs
from loyalty_app.program.models import Program
from loyalty_app.redemptions import service as redemptions
from loyalty_app.redemptions.service import Ask, Redeemed, Refused, Voucher
from loyalty_app.ui.rest import Sent, Shown
from loyalty_app.ui.routes import allow

router = APIRouter(prefix="/counter")

MOST_AT_ONCE = 50
MEDIA_TYPE = "application/octet-stream"
LOST = frozenset({Reason.CONFLICT_OFFLINE, Reason.ALREADY_REDEEMED})

Text = Annotated[str, AfterValidator(storable), Field(max_length=MOST_READ)]


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
    by = actor()
    with reading() as session:
        tag = f'"{counter.stamp(session, by=by)}"'
        headers = {"ETag": tag, "Cache-Control": "no-store", "Vary": "Accept-Encoding"}
        if if_none_match == tag:
            return Response(status_code=304, headers=headers)
        listing = counter.listing(session, by=by, now=times.now())
    body = rules.packed(listing, os.urandom(rules.SALT_BYTES))
    if "gzip" in accept_encoding:
        body, headers["Content-Encoding"] = gzip.compress(body, 1), "gzip"
    return Response(body, media_type=MEDIA_TYPE, headers=headers)


@router.post("/queue")
@allow(Permission.REDEEM)
async def send(sent: ScansSent) -> ScansAnswered:
    """Redeem what a tablet scanned without a connection, one after another; the same scan again changes nothing."""
    by, now = actor(), times.now()
    if by.account_id is None:  # as for the snapshot
        raise ForbiddenError
    program = await read(programs.current)
    answers = [
        await _redeem(scan, rules.scanned_at(scan.scanned_at, sent.sent_at, now), by, program) for scan in sent.scans
    ]
    return ScansAnswered(answers=answers)


async def _redeem(scan: ScanSent, at: datetime, by: Actor, program: Program) -> ScanAnswered:
    text, nonce = printable(scan.text, MOST_READ), printable(scan.nonce, MOST_NONCE)
    ask = Ask(text=text, by=by, nonce=nonce, amount=scan.amount, scanned_at=at)
    try:
        outcome = await together(redemptions.redeem_many, ask)
    except AppError as problem:
        return _said(scan, Verdict.REFUSED, Answer(shape="problem", headline="Not redeemed", lead=str(problem)))
    said = present(outcome, text, program, now=times.now())
    match outcome:
        case Redeemed():
            return _said(scan, Verdict.CONFIRMED, said)
        case Refused(reason, voucher) if reason in LOST:
            return _said(scan, Verdict.CONFLICT, said, _first(voucher, program) if voucher else "")
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


def _first(voucher: Voucher, program: Program) -> str:
    if voucher.redeemed_at is None:
        return ""
    at = times.say_instant(voucher.redeemed_at, program.time_zone, program.locale)
    by = f" by {voucher.redeemed_by}" if voucher.redeemed_by else ""
    place = f" at {voucher.redeemed_place}" if voucher.redeemed_place else ""
    return f"{at}{by}{place}"
