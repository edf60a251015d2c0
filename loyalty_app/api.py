"""Every plain route, behind one gate; the one place where errors become status codes."""

import logging
import secrets
from collections.abc import Awaitable, Callable

from fastapi import Depends, FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, RedirectResponse
from sqlalchemy.exc import SQLAlchemyError
from starlette.convertors import StringConvertor, register_url_convertor
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from loyalty_app.accounts import api as accounts
from loyalty_app.auditlog import api as auditlog
from loyalty_app.codes import api as codes
from loyalty_app.core import database, migrations
from loyalty_app.core.actor import Actor, Permission
from loyalty_app.core.errors import AppError, ForbiddenError, InvalidError, NotFoundError
from loyalty_app.members import api as members
from loyalty_app.pictures import api as pictures
from loyalty_app.ui.routes import PUBLIC_LOCALE, allow, gate

log = logging.getLogger(__name__)

WORDS = {
    401: "Sign in first.",
    403: "Your account may not do this.",
    404: "There is nothing here.",
    405: "Not like this.",
}


class _OtherLocale(StringConvertor):
    """Something like a locale in an address, but not the one that has pages."""

    regex = rf"(?!{PUBLIC_LOCALE}/)[A-Za-z]{{2,3}}(?:[-_][A-Za-z0-9]{{2,8}})?"


def build(who: Callable[[str], Awaitable[Actor]]) -> FastAPI:
    """Return the application of all plain routes; `who` tells whose session a hash is."""
    api = FastAPI(title="Loyalty", docs_url=None, redoc_url=None, openapi_url=None, dependencies=[Depends(gate(who))])
    api.include_router(accounts.router)
    api.include_router(members.router)
    api.include_router(codes.router)
    api.include_router(pictures.router)
    api.include_router(auditlog.router)
    register_url_convertor("other_locale", _OtherLocale())
    for link in ("/claim/{token}", "/{locale:other_locale}/claim/{token}"):
        api.get(link, include_in_schema=False)(pick_locale)
    api.get("/healthz", include_in_schema=False)(is_up)
    api.get("/readyz", include_in_schema=False)(is_ready)
    for nowhere in ("/auth/{rest:path}", "/api/{rest:path}"):
        api.api_route(nowhere, methods=["GET", "POST", "PUT", "PATCH", "DELETE"], include_in_schema=False)(nothing_here)
    api.exception_handler(AppError)(_app_error)
    api.exception_handler(RequestValidationError)(_invalid)
    api.exception_handler(HTTPException)(_http)
    api.add_middleware(_Apology)
    return api


@allow(Permission.PUBLIC)
def pick_locale(token: str) -> RedirectResponse:
    """Lead a claim link without a locale, or with one that is not spoken here, to the one there is."""
    return RedirectResponse(f"/{PUBLIC_LOCALE}/claim/{token}", 307)


@allow(Permission.PUBLIC)
def is_up() -> dict[str, str]:
    """Say that the process lives; a load balancer asks this."""
    return {"status": "up"}


@allow(Permission.PUBLIC)
def is_ready() -> JSONResponse:
    """Say whether the database answers and is in step with this version."""
    try:
        ready = migrations.is_current(database.engine())
    except SQLAlchemyError:
        log.exception("the database does not answer")
        return _problem(503, "not_ready", "The database does not answer.")
    return JSONResponse({"status": "ready"}) if ready else _problem(503, "not_ready", "The database is not in step.")


@allow(Permission.PUBLIC)
def nothing_here(rest: str) -> JSONResponse:
    """Answer an unknown address as a program expects it."""
    del rest
    return _problem(404, "not_found", WORDS[404])


def _app_error(_request: Request, error: Exception) -> JSONResponse:
    status = {NotFoundError: 404, ForbiddenError: 403, InvalidError: 422}.get(type(error), 409)
    code = {404: "not_found", 403: "forbidden", 422: "invalid"}.get(status, "conflict")
    return _problem(status, code, str(error), problems=getattr(error, "problems", {}))


def _invalid(_request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)
    names = {str(problem["loc"][-1]) for problem in error.errors()}
    problems = dict.fromkeys(sorted(names), "This is too long or not readable.")
    return _problem(422, "invalid", "Something that was sent is too long or not readable.", problems=problems)


def _http(_request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)
    return _problem(error.status_code, "refused", WORDS.get(error.status_code, "This did not work."))


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


def _bug(error: Exception) -> JSONResponse:
    number = secrets.token_hex(4)
    log.error("error %s in a route", number, exc_info=error)
    return _problem(
        500, "internal", f"Something went wrong on our side. Try again; if it stays, tell us error {number}."
    )


def _problem(status: int, code: str, detail: str, **more: object) -> JSONResponse:
    body = {"status": status, "code": code, "detail": detail, **more}
    return JSONResponse(body, status, media_type="application/problem+json", headers={"Cache-Control": "no-store"})
