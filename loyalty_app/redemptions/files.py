"""The history as a file."""

from collections.abc import Iterator
from datetime import datetime

from sqlmodel import Session

from loyalty_app.core import csvs, times
from loyalty_app.core.actor import Actor, Permission
from loyalty_app.program import service as programs
from loyalty_app.program.rules import from_minor
from loyalty_app.redemptions import history
from loyalty_app.redemptions.history import Line
from loyalty_app.redemptions.search import Wish

HEAD = (
    "id",
    "code",
    "customer",
    "email",
    "offer",
    "status",
    "redeemedAtLocal",
    "redeemedAt",
    "location",
    "staff",
    "device",
    "amount",
    "points",
    "scannedOfflineAtLocal",
    "scannedOfflineAt",
    "reversedAt",
    "reversedBy",
    "reversalReason",
    "goodwillReason",
)
_EMAIL = HEAD.index("email")


def as_csv(session: Session, wish: Wish, *, by: Actor) -> Iterator[str]:
    """Yield the redemptions that fit the wish as CSV, the newest first; addresses for who may see members."""
    by.must(Permission.VIEW_REDEMPTIONS)
    program = programs.current(session)
    left_out = () if by.may(Permission.VIEW_MEMBERS) else (_EMAIL,)

    def kept(cells: tuple[str, ...]) -> list[str]:
        return [cell for place, cell in enumerate(cells) if place not in left_out]

    chunks = history.all_listed(session, wish, by=by)
    rows = ([kept(_row(line, program.time_zone, program.currency)) for line in chunk] for chunk in chunks)
    yield from csvs.lines(kept(HEAD), rows)


def _row(line: Line, zone: str, currency: str) -> tuple[str, ...]:
    return (
        str(line.id),
        line.code,
        line.member,
        line.email,
        line.title,
        line.status,
        times.clock(line.at, zone),
        times.wire(line.at),
        line.place,
        line.staff,
        line.device,
        "" if line.amount is None else str(from_minor(line.amount, currency)),
        str(line.points),
        times.clock(line.scanned_at, zone) if line.scanned_at else "",
        _at(line.scanned_at),
        _at(line.reversed_at),
        line.reversed_by,
        line.reversal_reason,
        line.goodwill_reason,
    )


def _at(instant: datetime | None) -> str:
    return times.wire(instant) if instant else ""
