"""The routes of an enrolled device: enrol, unlock with a PIN, stay, lock; and those that set a PIN."""

from typing import Annotated

from fastapi import APIRouter, Form, Query, Request
from fastapi.responses import JSONResponse

from loyalty_app.accounts import api as entrance
from loyalty_app.accounts import service as accounts
from loyalty_app.accounts.api import Text
from loyalty_app.accounts.service import SignInRefused
from loyalty_app.core import times
from loyalty_app.core.actor import Permission, actor
from loyalty_app.core.database import change, reading
from loyalty_app.core.errors import InvalidError
from loyalty_app.core.languages import ENGLISH, Sentence
from loyalty_app.core.reasons import Reason
from loyalty_app.core.texts import storable
from loyalty_app.places import service as places
from loyalty_app.tills import rules
from loyalty_app.tills import service as tills
from loyalty_app.ui.rest import MOST_NUMBER
from loyalty_app.ui.routes import allow, peer_of
from loyalty_app.ui.shield import COOKIE, DEVICE_COOKIE, device_secret

router = APIRouter(prefix="/auth")

A_YEAR = 365 * 24 * 3600
UNLOCK = "/scan/unlock/"
COUNTER = "/scan/"
NO_STORE = {"Cache-Control": "no-store"}
NOT_ENROLLED = "This tablet is not enrolled any more. Ask an admin to add it again."
LINK_IS_OVER = "This link does not work any more. Ask an admin for a new one."
WRONG_PIN = "This PIN is wrong."
NO_PIN = "This cannot be a PIN: it has 4 to 8 digits, and is no row like 1234."
TOO_MANY_WRONG = "Too many wrong PINs were entered on this tablet. Sign in with e-mail and password."

Who = Annotated[int, Form(ge=0, le=MOST_NUMBER)]


@router.get("/device")
@allow(Permission.PUBLIC)
def describe_device(request: Request, q: Annotated[str, Query(max_length=80)] = "") -> JSONResponse:
    """Tell a browser which device it is; names of people are for an enrolled one only, those that have the words."""
    secret = _secret(request)
    with reading() as session:
        face = tills.face(session, secret, storable(q), now=times.now())
        device = places.enrolled(session, secret)
    if device:
        change(places.seen, device.id, now=times.now())
    told = {
        "standing": face.standing,
        "device": face.device,
        "place": face.place,
        "people": [vars(one) for one in face.people],
        "hasMore": face.has_more,
        "asksPassword": face.asks_password,
    }
    return JSONResponse(told, headers=NO_STORE)


@router.post("/enrol")
@allow(Permission.PUBLIC)
def enrol(request: Request, code: Text = "") -> JSONResponse:
    """Let this browser be the device that the link was made for; the link works once."""
    before = _secret(request)
    device = change(tills.enrol, code, device_secret=before, session_hash=actor().session_hash, now=times.now())
    if device is None:
        return JSONResponse({"detail": LINK_IS_OVER}, 410, headers=NO_STORE)
    answer = JSONResponse({"next": UNLOCK}, headers=NO_STORE)
    answer.delete_cookie(COOKIE, path="/")
    answer.set_cookie(
        DEVICE_COOKIE,
        device.secret,
        max_age=A_YEAR,
        path="/",
        httponly=True,
        samesite="strict",
        secure=entrance.is_secure(request),
    )
    return answer


@router.post("/pin")
@allow(Permission.PUBLIC)
def unlock(request: Request, account: Who = 0, pin: Text = "") -> JSONResponse:
    """Open a session on an enrolled device for the right PIN."""
    now = times.now()
    with reading() as session:
        device = places.enrolled(session, _secret(request))
    if device is None:
        return JSONResponse({"detail": NOT_ENROLLED}, 403, headers=NO_STORE)
    if not rules.is_pin(pin):  # a slip of the finger uses up no try
        return JSONResponse({"detail": NO_PIN}, 422, headers=NO_STORE)
    refused = change(tills.count_pin, device, account, now=now)
    if refused is None:
        with reading() as session:
            is_right = tills.pin_is_right(session, account, pin)
        browser = entrance.device_of(request)
        outcome = change(tills.unlock, device, account, is_right=is_right, now=now, browser=browser)
        if not isinstance(outcome, SignInRefused):
            return entrance.entrance(request, outcome, COUNTER)
        refused = outcome
    with reading() as session:
        asks_password = tills.asks_password(session, device.id, now=now)
    if asks_password:
        return JSONResponse({"code": Reason.RATE_LIMITED, "detail": TOO_MANY_WRONG}, 429, headers=NO_STORE)
    if refused.reason is Reason.RATE_LIMITED:
        return entrance.refusal(refused)
    return JSONResponse({"code": refused.reason, "detail": WRONG_PIN}, 401, headers=NO_STORE)


@router.post("/stay")
@allow(Permission.REDEEM)
def stay() -> JSONResponse:
    """Say that somebody is still at the device."""
    change(tills.stay, by=actor(), now=times.now())
    return JSONResponse({}, headers=NO_STORE)


@router.post("/lock")
@allow(Permission.PUBLIC)
def lock() -> JSONResponse:
    """End the session, and leave what the device keeps: scans that are not sent yet go out with the next person."""
    change(accounts.close_session, actor().session_hash)
    answer = JSONResponse({"next": UNLOCK}, headers=NO_STORE)
    answer.delete_cookie(COOKIE, path="/")
    return answer


@router.post("/my-pin")
@allow(Permission.REDEEM)
def set_my_pin(request: Request, pin_password: Text = "", pin: Text = "", remove: Text = "") -> JSONResponse:
    """Set or take away the PIN of whoever is signed in and knows their password."""
    peer, now = peer_of(request), times.now()
    with reading() as session:
        email = accounts.my_account(session, by=actor()).email
        refused = accounts.too_many_tries(session, email, peer=peer, now=now)
        is_right = refused is None and accounts.password_is_right(session, email, pin_password)
    pin_hash = "" if remove else tills.new_pin(pin)
    refused = refused or change(tills.set_my_pin, pin_hash, is_right=is_right, by=actor(), peer=peer, now=now)
    if refused and refused.reason is Reason.LOGIN_REQUIRED:
        raise InvalidError(pin_password=Sentence("This is not your present password."))
    return entrance.refusal(refused) if refused else entrance.lead_to("/account/?done=pin")


@router.post("/people-pin")
@allow(Permission.USER_MANAGEMENT)
def give_pin(account: Who = 0, pin: Text = "", remove: Text = "") -> JSONResponse:
    """Give somebody a PIN, or take it away."""
    pin_hash = "" if remove else tills.new_pin(pin)
    change(tills.give_pin, account, pin_hash, by=actor(), now=times.now())
    return JSONResponse({"next": ENGLISH.at("/admin/people/")}, headers=NO_STORE)


def _secret(request: Request) -> str:
    return device_secret(request.headers.get("cookie", ""))
