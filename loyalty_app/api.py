"""Every plain route, behind one gate; the one place where errors become status codes."""

import functools
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from importlib import metadata
from typing import Any

from fastapi import Depends, FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from pydantic.alias_generators import to_camel
from sqlalchemy.exc import SQLAlchemyError
from starlette.convertors import StringConvertor, register_url_convertor
from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException
from starlette.routing import compile_path
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from loyalty_app.accounts import api as accounts
from loyalty_app.apikeys import api as apikeys
from loyalty_app.apikeys import service as apikey_service
from loyalty_app.auditlog import api as auditlog
from loyalty_app.batches import api as batches
from loyalty_app.claims import api as claims
from loyalty_app.codes import api as codes
from loyalty_app.core import database, languages, metrics, migrations, times
from loyalty_app.core.actor import Actor, Permission
from loyalty_app.core.database import read, transact
from loyalty_app.core.errors import AppError, ForbiddenError, InvalidError, NotFoundError
from loyalty_app.core.languages import Sentence
from loyalty_app.core.texts import storable
from loyalty_app.counter import api as counter
from loyalty_app.dashboard import service as dashboard
from loyalty_app.directory import api as directory
from loyalty_app.exports import api as exports
from loyalty_app.jobs import api as jobs
from loyalty_app.landing import api as landing
from loyalty_app.members import api as members
from loyalty_app.offers import api as offers
from loyalty_app.pictures import api as pictures
from loyalty_app.places import api as places
from loyalty_app.points import api as points
from loyalty_app.redemptions import api as redemptions
from loyalty_app.tills import api as tills
from loyalty_app.ui import openapi
from loyalty_app.ui.errors import say_in
from loyalty_app.ui.problems import Problem, ProblemError
from loyalty_app.ui.rest import MOST_BODY
from loyalty_app.ui.routes import Gate, allow, must_be_here_or_may
from loyalty_app.ui.watch import asked

log = logging.getLogger(__name__)

HTTP_PROBLEMS = {
    400: ("invalid", "What was sent is not readable."),
    404: ("not_found", "There is nothing here."),
    405: ("method_not_allowed", "This address does not take this method."),
    413: ("too_large", "What was sent is too large."),
}

FIELD_NAMES = {
    "reward_kind": "reward.kind",
    "reward_value": "reward.value",
    "reward_item": "reward.value",
    "minimum_purchase": "minPurchase",
    "typed_name": "confirm",
}
"""Fields whose name in JSON is not just the one of the rules in camel case."""


READER = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>API</title>
<link rel="stylesheet" href="/api-docs/swagger-ui.css">
<link rel="stylesheet" href="/css/api-docs.css">
<script src="/api-docs/swagger-ui-bundle.js" defer></script>
<script src="/api-docs/start.js" defer></script>
</head>
<body class="api-docs">
<header><a href="/">Home</a></header>
<main id="reader"></main>
</body>
</html>
"""

MOST_NAME = 80
TOO_LONG_OR_UNREADABLE = Sentence("This is too long or not readable.")
FAULTS = {
    "missing": "This is needed.",
    "extra_forbidden": "There is no such field here.",
    "enum": "Use one of: {expected}.",
    "literal_error": "Use one of: {expected}.",
    "string_too_long": Sentence("Keep this to {max_length} characters."),
    "string_type": "Enter a text.",
    "int_": "Enter a whole number.",
    "decimal_": "Enter an amount, for example 5 or 4.50.",
    "bool_": "Enter true or false.",
    "greater_than_equal": "Enter at least {ge}.",
    "less_than_equal": "Enter at most {le}.",
    "date_": "Enter a day like 2026-12-31.",
    "datetime_": "Enter an instant with its zone, like 2026-12-31T22:59:59Z.",
    "timezone_": "Enter an instant with its zone, like 2026-12-31T22:59:59Z.",
    "value_error": "{error}",
}
"""What is said of a field that is not of its type, by the beginning of the checker's own name for the fault."""


RESOURCES = (
    offers.router,
    batches.router,
    codes.router,
    codes.single,
    claims.router,
    redemptions.router,
    members.rest,
    points.rest,
    directory.rest,
    exports.of_batch,
    exports.router,
    jobs.router,
    places.router,
    places.devices,
    apikeys.router,
    auditlog.router,
)
"""What stands under /api/v1, in the order of the documentation."""


class _OtherLocale(StringConvertor):
    """Something like a locale in an address, but none that has pages."""

    regex = rf"(?!(?:{'|'.join(one.path for one in languages.LANGUAGES)})/)[A-Za-z]{{2,3}}(?:[-_][A-Za-z0-9]{{2,8}})?"


def build(who: Callable[[str], Awaitable[Actor]]) -> FastAPI:
    """Return the application of all plain routes; `who` tells whose session a hash is."""
    gate = Gate(who, _program)
    api = FastAPI(
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        dependencies=[Depends(gate)],
        generate_unique_id_function=openapi.name_of,
    )
    api.openapi = functools.cache(lambda: openapi.describe(api, metadata.version("loyalty-app")))
    pages = (
        accounts.router,
        tills.router,
        members.router,
        directory.router,
        landing.router,
        pictures.router,
        counter.router,
    )
    for forms in pages:
        api.include_router(forms, include_in_schema=False)
    for resource in RESOURCES:
        api.include_router(resource)
    register_url_convertor("other_locale", _OtherLocale())
    for link in ("/claim/{token}", "/{locale:other_locale}/claim/{token}"):
        api.get(link, include_in_schema=False)(pick_language)
    api.get("/api/openapi.json", include_in_schema=False)(description)
    api.get("/api/docs", include_in_schema=False)(reader)
    api.get("/healthz", include_in_schema=False)(is_up)
    api.get("/readyz", include_in_schema=False)(is_ready)
    api.get("/metrics", include_in_schema=False)(numbers)
    for nowhere in ("/auth/{rest:path}", "/api/{rest:path}"):
        api.api_route(nowhere, methods=["GET", "POST", "PUT", "PATCH", "DELETE"], include_in_schema=False)(nothing_here)
    api.exception_handler(AppError)(_app_error)
    api.exception_handler(ProblemError)(_problem)
    api.exception_handler(RequestValidationError)(_invalid(gate))
    api.exception_handler(HTTPException)(_http)
    api.add_middleware(_Apology)
    api.add_middleware(_Manners)
    return api


async def _program(secret: str) -> Actor | None:
    now = times.now()
    known = await read(apikey_service.known, secret, now=now)
    if known and known.is_use_due:
        await transact(apikey_service.used, known.actor.api_key_id, now=now)
    return known.actor if known else None


@allow(Permission.PUBLIC)
def pick_language(request: Request, token: str, locale: str = "") -> RedirectResponse:
    """Lead a claim link without a language, or with one that is not spoken here, to the closest that is."""
    wishes = languages.accepted(request.headers.get("accept-language", ""))
    words = languages.of_tag(*([locale] if locale else []), *wishes)
    return RedirectResponse(words.at(f"/claim/{token}"), 307, headers={"Vary": "Accept-Language"})


@allow(Permission.PUBLIC)
def description(request: Request) -> JSONResponse:
    """Describe the API for programs that read such descriptions."""
    return JSONResponse(request.app.openapi())


@allow(Permission.PUBLIC)
def reader() -> HTMLResponse:
    """Show the description to people; the build puts its script and style beside the pages."""
    return HTMLResponse(READER)


@allow(Permission.PUBLIC)
def is_up() -> dict[str, str]:
    """Say that the process lives; a load balancer asks this."""
    return {"status": "up"}


@allow(Permission.PUBLIC)
def is_ready() -> Response:
    """Say whether the database answers and is in step with this version."""
    try:
        ready = migrations.is_current(database.engine())
    except SQLAlchemyError:
        log.exception("the database does not answer")
        return Problem(503, "not_ready", "The database does not answer.").response()
    if not ready:
        return Problem(503, "not_ready", "The database is not in step.").response()
    return JSONResponse({"status": "ready"})


@allow(Permission.PUBLIC)
def numbers(request: Request) -> Response:
    """Give Prometheus its numbers: to a program on this machine, or to somebody who may watch."""
    must_be_here_or_may(request, Permission.VIEW_DASHBOARD)
    with database.reading() as session:
        readings = dashboard.readings(session, now=times.now())
    return Response(metrics.text(readings), media_type=metrics.MEDIA_TYPE, headers={"Cache-Control": "no-store"})


@allow(Permission.PUBLIC)
def nothing_here(request: Request, rest: str) -> Response:
    """Answer an unknown address, or a known one with another method, as a program expects it."""
    del rest
    methods = _methods_of(request)
    raise HTTPException(405, headers={"Allow": ", ".join(methods)}) if methods else HTTPException(404)


def _methods_of(request: Request) -> list[str]:
    known = {
        method.upper()
        for path, methods in request.app.openapi()["paths"].items()
        if compile_path(path)[0].match(request.url.path)
        for method in methods
    }
    return sorted(known)


def _app_error(request: Request, error: Exception) -> Response:
    status = {NotFoundError: 404, ForbiddenError: 403, InvalidError: 422}.get(type(error), 409)
    code = {404: "not_found", 403: "forbidden", 422: "invalid"}.get(status, "conflict")
    words = languages.spoken()
    assert isinstance(error, AppError)
    problems = {name: words(problem) for name, problem in getattr(error, "problems", {}).items()}
    if problems and request.url.path.startswith("/api/"):
        problems = {FIELD_NAMES.get(name) or _camel(name): problem for name, problem in problems.items()}
    return Problem(status, code, say_in(words, error), {"problems": problems} if problems else {}).response()


def _camel(name: str) -> str:
    return to_camel(name) if name.isidentifier() else name


def _problem(_request: Request, error: Exception) -> Response:
    assert isinstance(error, ProblemError)
    return error.problem.response()


def _invalid(gate: Gate) -> Callable[[Request, Exception], Awaitable[Response]]:
    async def invalid(request: Request, error: Exception) -> Response:
        assert isinstance(error, RequestValidationError)
        faults = error.errors()
        if any(fault["type"] == "json_invalid" for fault in faults):
            await gate(request)  # what cannot be parsed is found out before the gate is asked
            return Problem(400, "invalid", "The body is not JSON.").response()
        if any(fault["loc"][0] == "path" for fault in faults):
            return Problem(404, *HTTP_PROBLEMS[404]).response()
        problems = {_place(fault["loc"]): _say(fault) for fault in faults}
        words = "Something that was sent is not acceptable; `problems` names each field."
        return Problem(422, "invalid", words, {"problems": problems}).response()

    return invalid


def _place(where: Sequence[object]) -> str:
    # A field's name may be whatever was sent; the answer has to be text.
    steps = [storable(str(step))[:MOST_NAME] for step in where[1:]] or ["body"]
    return ".".join(steps)


def _say(fault: Mapping[str, Any]) -> str:
    kind = str(fault["type"])
    words = next((words for start, words in FAULTS.items() if kind.startswith(start)), TOO_LONG_OR_UNREADABLE)
    return languages.spoken()(Sentence(words, **fault.get("ctx", {})))


def _http(_request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    code, words = HTTP_PROBLEMS.get(error.status_code, ("refused", "This did not work."))
    return Problem(error.status_code, code, words, headers=error.headers or {}).response()


class _Manners:
    """Reads no more than is sensible of a request, and says with every answer how much of its limit is left."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not scope["path"].startswith(("/api/", "/auth/", "/counter/")):
            await self._app(scope, receive, send)
            return
        state = scope.setdefault("state", {})

        async def out(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers.setdefault("cache-control", "no-store")
                if left := state.get("limit"):
                    headers.update(left.headers)
            await send(message)

        received = 0

        async def taken() -> Message:
            nonlocal received
            message = await receive()
            received += len(message.get("body", b""))
            if received > MOST_BODY:
                raise HTTPException(413)
            return message

        await self._app(scope, taken, out)


class _Apology:
    """Answers for a bug here: passed on, its error would be printed once more by the server, and in full."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        has_begun = False

        async def out(message: Message) -> None:
            nonlocal has_begun
            has_begun = True
            await send(message)

        try:
            await self._app(scope, receive, out)
        except Exception as error:
            if scope["type"] != "http":
                raise
            apology = _bug(error)
            if has_begun:  # a file that breaks off must not look whole
                raise ConnectionAbortedError from None
            await apology(scope, receive, send)


def _bug(error: Exception) -> Response:
    number = asked().id
    log.error("error %s in a route", number, exc_info=error)
    words = f"Something went wrong on our side. Try again; if it stays, tell us error {number}."
    return Problem(500, "internal", words, {"error": number}).response()
