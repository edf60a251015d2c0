"""What all endpoints under /api/v1 share: how JSON is written, how lists are paged, and answers given once."""

import base64
import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from http import HTTPStatus
from itertools import chain, islice
from math import isfinite
from typing import Annotated, Any, ClassVar, Generic, TypeVar

from fastapi import Depends, Header, Path, Query, Request
from fastapi.responses import Response
from pydantic import BaseModel, BeforeValidator, ConfigDict, PlainSerializer, WithJsonSchema
from pydantic.alias_generators import to_camel
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlmodel import Session

from loyalty_app.core import answered, times
from loyalty_app.core.actor import actor
from loyalty_app.core.database import change
from loyalty_app.core.errors import InvalidError
from loyalty_app.core.reasons import Reason
from loyalty_app.ui.problems import MEDIA_TYPE, Problem, ProblemError, refused

PAGE = 50
MOST_A_PAGE = 200
MOST_BODY = 1_000_000
"""Bytes of a request's body; more is not read."""

MOST_KEY = 255
MOST_NUMBER = 2**31 - 1


Piece = TypeVar("Piece")
BUSY = "Many files are being fetched at this moment. Try again in a minute."


def begun(pieces: Iterator[Piece]) -> Iterator[Piece]:
    """Return the pieces of a file whose first could be read; say so where too many files are fetched at once."""
    try:
        first = list(islice(pieces, 1))
    except PoolTimeoutError:
        raise ProblemError(Problem(503, "busy", BUSY, headers={"Retry-After": "60"})) from None
    return chain(first, pieces)


def say_amount(amount: Decimal) -> int | float:
    """Return an amount as JSON has it: 5 or 4.5."""
    return int(amount) if amount == amount.to_integral_value() else float(amount)


Instant = Annotated[
    datetime,
    PlainSerializer(times.wire, return_type=str),
    WithJsonSchema({"type": "string", "format": "date-time", "examples": ["2026-06-15T10:00:00.000Z"]}),
]
Responses = dict[int | str, dict[str, Any]]
"""What an operation answers, in the words of OpenAPI."""

IMAGE_PNG: Responses = {200: {"content": {"image/png": {}}, "description": "The picture."}}
IMAGE_SVG: Responses = {200: {"content": {"image/svg+xml": {}}, "description": "The picture."}}
ZIP: Responses = {200: {"content": {"application/zip": {}}, "description": "The file."}}
PDF: Responses = {200: {"content": {"application/pdf": {}}, "description": "The file."}}
CSV: Responses = {200: {"content": {"text/csv": {}}, "description": "The file."}}

Number = Annotated[int, Path(ge=1, le=MOST_NUMBER)]
"""The number of a row in an address."""

Amount = Annotated[
    Decimal,
    PlainSerializer(say_amount, return_type=float),
    WithJsonSchema({"type": "number", "description": "In the program's currency.", "examples": [4.5]}),
]


def written(value: Any) -> str:
    """Return a plain value of JSON as people write it: 20, 1.5, true, or the text itself."""
    match value:
        case bool():
            return str(value).lower()
        case float() if isfinite(value):
            return str(int(value)) if value.is_integer() else str(value)
        case int() | str():
            return str(value)
        case _:
            raise ValueError("Use a text, a number, true or false.")


_PLAIN = WithJsonSchema({"type": ["string", "number", "boolean"]})
Plain = Annotated[str, BeforeValidator(written), _PLAIN]
"""A text, number, true or false, as text."""


class Sent(BaseModel):
    """What a program sends; a field that we do not know is a mistake, and is told."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, extra="forbid", frozen=True)


class Shown(BaseModel):
    """What a program is answered."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, from_attributes=True, frozen=True)

    unkept: ClassVar[frozenset[str]] = frozenset()
    """Fields that are shown once: a repeated request gets null in their place."""


Item = TypeVar("Item", bound=Shown)
Row = TypeVar("Row")


class Page(Shown, Generic[Item]):
    """One page of a list; `nextCursor` leads to the next one, and is null on the last."""

    items: list[Item]
    next_cursor: str | None = None


@dataclass(frozen=True)
class Paging:
    """Which page of a list is wanted."""

    limit: int
    after: int
    """The number that the page before ended with; 0 for the first."""

    def page(self, rows: Sequence[Row], show: Callable[[Row], Item], number: Callable[[Row], int]) -> Page[Item]:
        """Return the page made of rows; one more than the limit was asked for, to know whether there are more."""
        shown = rows[: self.limit]
        has_more = len(rows) > self.limit
        return Page(items=[show(row) for row in shown], next_cursor=_cursor(number(shown[-1])) if has_more else None)


def _paging(
    limit: Annotated[int, Query(ge=1, le=MOST_A_PAGE, description="How many items at most.")] = PAGE,
    cursor: Annotated[str, Query(max_length=80, description="The `nextCursor` of the page before.")] = "",
) -> Paging:
    return Paging(limit, _after(cursor))


Paged = Annotated[Paging, Depends(_paging)]


def _cursor(number: int) -> str:
    return base64.urlsafe_b64encode(str(number).encode()).decode().rstrip("=")


def _after(cursor: str) -> int:
    if not cursor:
        return 0
    try:
        number = int(base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars="-_", validate=True))
    except ValueError:
        number = -1
    if not 0 < number <= MOST_NUMBER:
        raise InvalidError(cursor="This is not the nextCursor of a page.")
    return number


@dataclass(frozen=True)
class Once:
    """Carries a request out, once for each `Idempotency-Key` of a caller."""

    key: str
    fingerprint: str

    def answer(self, status: int, act: Callable[[Session, datetime], Shown | Problem]) -> Response:
        """Return what `act` answers in a transaction, or what a request of the same key was answered before.

        The answer is kept in that transaction. What rolls back, a mistake or a fault, is not kept: nothing happened.
        """
        return change(self._answer, status, act)

    def _answer(self, session: Session, status: int, act: Callable[[Session, datetime], Shown | Problem]) -> Response:
        now, owner = times.now(), actor().key
        if self.key and (before := answered.answer_before(session, owner, self.key, self.fingerprint, now=now)):
            return self._again(before)
        outcome = act(session, now)
        if isinstance(outcome, Problem):
            status, said, kept = outcome.status, outcome.text, outcome.text
        else:
            said = outcome.model_dump_json(by_alias=True)
            kept = outcome.model_copy(update=dict.fromkeys(outcome.unkept)).model_dump_json(by_alias=True)
        if self.key:
            answered.keep(session, owner, self.key, status, kept)
        return outcome.response() if isinstance(outcome, Problem) else _json(status, said)

    def _again(self, before: answered.Answered) -> Response:
        if before.fingerprint != self.fingerprint:
            return refused(Reason.NONCE_REUSED).response()
        answer = _json(before.status, before.body)
        answer.headers["Idempotency-Replayed"] = "true"
        return answer


async def _once(
    request: Request,
    key: Annotated[
        str,
        Header(
            alias="Idempotency-Key",
            max_length=MOST_KEY,
            description="Your own text, new for each change: within 24 hours the same again gets the same answer.",
        ),
    ] = "",
) -> Once:
    if not (key.isascii() and key.isprintable()):
        raise InvalidError(**{"Idempotency-Key": f"Use at most {MOST_KEY} printable ASCII characters."})
    asked = f"{request.method} {request.url.path}?{request.url.query}\n".encode() + await request.body()
    return Once(key, hashlib.sha256(asked).hexdigest())


OnceOnly = Annotated[Once, Depends(_once)]


def _json(status: int, text: str) -> Response:
    return Response(text, status, media_type="application/json" if status < HTTPStatus.BAD_REQUEST else MEDIA_TYPE)
