"""The routes that open and close a session, and those that take a password.

Only a response can set an HttpOnly cookie, and what people type into a password field stays out of every state.
"""

from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Form, Request
from fastapi.responses import JSONResponse
from pydantic import AfterValidator
from sqlmodel import Session

from loyalty_app.accounts import rules
from loyalty_app.accounts import service as accounts
from loyalty_app.accounts.models import Role
from loyalty_app.accounts.service import CodeRefused, ProgramDetails, SignedIn, SignInRefused
from loyalty_app.core import secrets, times
from loyalty_app.core.actor import Permission, actor
from loyalty_app.core.config import settings
from loyalty_app.core.database import change, reading
from loyalty_app.core.errors import InvalidError
from loyalty_app.core.languages import Sentence, spoken
from loyalty_app.core.reasons import Reason
from loyalty_app.core.texts import storable
from loyalty_app.places import service as places
from loyalty_app.program import service as programs
from loyalty_app.ui.routes import allow, peer_of
from loyalty_app.ui.shield import COOKIE, device_secret, session_secret

router = APIRouter(prefix="/auth")

CODE_REFUSALS: dict[Reason, tuple[int, Sentence]] = {
    Reason.UNKNOWN_CODE: (422, Sentence("This is not the code from the mail.")),
    Reason.RATE_LIMITED: (429, Sentence("Too many wrong codes. Send a new code and enter that.")),
    Reason.EXPIRED: (
        410,
        Sentence("This code does not work any more. Send a new code, or sign up again."),
    ),
    Reason.LOGIN_REQUIRED: (409, Sentence("There is an account with this address by now. Sign in instead.")),
}

Text = Annotated[str, Form(max_length=300), AfterValidator(storable)]
Goal = Annotated[str, Form(max_length=3000), AfterValidator(storable)]
"""Where somebody goes on; the address behind a printed code is long."""


@router.post("/sign-in")
@allow(Permission.PUBLIC)
def sign_in(
    request: Request,
    email: Text = "",
    password: Text = "",
    next: Goal = "",
) -> JSONResponse:
    """Open a session for the right e-mail address and password."""
    peer, now = peer_of(request), times.now()
    with reading() as session:
        refused = accounts.too_many_tries(session, email, peer=peer, now=now)
        is_right = refused is None and accounts.password_is_right(session, email, password)

    def open_session(session: Session) -> SignedIn | SignInRefused:
        signed_in = accounts.sign_in(session, email, is_right=is_right, peer=peer, now=now, device=device_of(request))
        device = places.enrolled(session, device_secret(request.headers.get("cookie", "")))
        if device and isinstance(signed_in, SignedIn):
            accounts.tie_to_device(session, signed_in, device.id)
        return signed_in

    outcome = refused or change(open_session)
    return refusal(outcome) if isinstance(outcome, SignInRefused) else entrance(request, outcome, next)


@router.post("/sign-out")
@allow(Permission.PUBLIC)
def sign_out(everywhere: Text = "", unsent: Text = "") -> JSONResponse:
    """End this session, or all of the account's, and clear what the browser kept of it.

    A tablet with scans that are not sent yet keeps those for whoever signs in next, and forgets the rest by itself.
    """
    if everywhere and not actor().is_by_pin:
        change(accounts.close_all_sessions, actor().account_id)
    else:
        change(accounts.close_session, actor().session_hash)
    clear = {} if unsent or actor().device_id else {"Clear-Site-Data": '"storage"'}
    goal = "/scan/unlock/" if actor().device_id else spoken().at("/sign-in/")
    answer = JSONResponse({"next": goal}, headers=clear | {"Cache-Control": "no-store"})
    answer.delete_cookie(COOKIE, path="/")
    return answer


@router.post("/new-code")
@allow(Permission.PUBLIC)
def send_new_code(request: Request, sign_up: Text = "", next: Goal = "") -> JSONResponse:
    """Send another code to somebody who is signing up."""
    refused = change(accounts.send_new_code, sign_up, spoken(), peer=peer_of(request), now=times.now())
    match refused:
        case SignInRefused():
            return refusal(refused)
        case CodeRefused():
            return code_refusal(refused)
        case None:
            pass
    return lead_to("/verify/?" + urlencode({"sign_up": sign_up, "next": rules.safe_return(next), "sent": "again"}))


@router.post("/forgot-password")
@allow(Permission.PUBLIC)
def forgot_password(request: Request, email: Text = "") -> JSONResponse:
    """Send a link to choose a new password, if the address has an account; the answer does not tell."""
    refused = change(accounts.ask_for_reset, email, spoken(), peer=peer_of(request), now=times.now())
    return refusal(refused) if refused else lead_to("/forgot-password/?sent=yes")


@router.post("/reset-password")
@allow(Permission.PUBLIC)
def reset_password(request: Request, token: Text = "", password: Text = "") -> JSONResponse:
    """Put a new password in place of a forgotten one; it signs nobody in."""
    now = times.now()
    with reading() as session:
        email = accounts.reset_email(session, token, now=now)
    if email is not None:
        password_hash = accounts.new_password(password, email)
        if change(accounts.reset_password, token, password_hash, peer=peer_of(request), now=now):
            return lead_to("/sign-in/?reset=yes")
    words = spoken()
    return JSONResponse({"detail": words("This link does not work any more. Ask for a new one.")}, 410)


@router.post("/password")
@allow(Permission.PUBLIC)
def change_password(request: Request, current: Text = "", password: Text = "") -> JSONResponse:
    """Change the password of whoever is signed in and knows the present one."""
    peer, now = peer_of(request), times.now()
    with reading() as session:
        email = accounts.my_account(session, by=actor()).email
        refused = accounts.too_many_tries(session, email, peer=peer, now=now)
        is_right = refused is None and accounts.password_is_right(session, email, current)
    password_hash = accounts.new_password(password, email)
    refused = refused or change(
        accounts.change_password, password_hash, is_right=is_right, by=actor(), peer=peer, now=now
    )
    if refused and refused.reason is Reason.LOGIN_REQUIRED:
        raise InvalidError(current=Sentence("This is not your present password."))
    return refusal(refused) if refused else lead_to("/account/?done=password")


@router.post("/setup")
@allow(Permission.PUBLIC)
def setup(  # noqa: PLR0913, PLR0917 - the fields of the form
    request: Request,
    token: Text = "",
    name: Text = "",
    email: Text = "",
    password: Text = "",
    program_name: Text = "",
    time_zone: Text = "",
    currency: Text = "",
    locale: Text = "",
    sample: Text = "",
) -> JSONResponse:
    """Make the program and its first admin, once; with a sample café if that was ticked."""
    with reading() as session:
        is_open = accounts.setup_is_open(session, token)
    now = times.now()
    program = ProgramDetails(program_name, time_zone, currency, locale)
    if is_open:
        accounts.check_setup(name, email, password, program)
        admin = accounts.newcomer(name, email, password)

        def open_program(session: Session) -> SignedIn | None:
            account = accounts.set_up(session, token, admin, program, now=now)
            if account and sample:
                programs.ask_for_sample_data(session, account.id or 0, now=now)
            return accounts.open_session(session, account, now=now, device=device_of(request)) if account else None

        if signed_in := change(open_program):
            return entrance(request, signed_in, "")
    words = spoken()
    return JSONResponse({"detail": words("This setup link does not work any more. Sign in instead.")}, 410)


@router.post("/people")
@allow(Permission.USER_MANAGEMENT)
def hire(name: Text = "", email: Text = "", password: Text = "", role: Text = "") -> JSONResponse:
    """Make an account for somebody who works here."""
    if role not in set(Role) - {Role.MEMBER}:
        raise InvalidError(role="Choose what the account is for.")
    who = accounts.newcomer(name, email, password)
    change(accounts.create, who, Role(role), by=actor(), now=times.now())
    return JSONResponse({"next": "/admin/people/"}, headers={"Cache-Control": "no-store"})


def device_of(request: Request) -> str:
    """Return what the browser says it is."""
    return rules.device(request.headers.get("user-agent", ""))


def lead_to(path: str) -> JSONResponse:
    """Return the answer that sends the browser to a page, in its language."""
    return JSONResponse({"next": spoken().at(path)}, headers={"Cache-Control": "no-store"})


def entrance(request: Request, signed_in: SignedIn, wish: str) -> JSONResponse:
    """Return the answer that signs a browser in and says where it goes."""
    if old := session_secret(request.headers.get("cookie", "")):
        change(accounts.close_session, secrets.fingerprint(old))
    goal = spoken().at(rules.safe_return(wish) or rules.home(signed_in.role))
    answer = JSONResponse({"next": goal}, headers={"Cache-Control": "no-store"})
    answer.set_cookie(
        COOKIE,
        signed_in.secret,
        expires=signed_in.expires_at,
        path="/",
        httponly=True,
        samesite="lax",
        secure=is_secure(request),
    )
    return answer


def refusal(refused: SignInRefused) -> JSONResponse:
    """Return why there is no session."""
    words = spoken()
    if refused.reason is Reason.RATE_LIMITED:
        said = words.count(
            "Too many tries. Wait {number} minute and try again.",
            "Too many tries. Wait {number} minutes and try again.",
            -(-refused.retry_after // 60),
        )
        return JSONResponse(
            {"code": refused.reason, "detail": said}, 429, headers={"Retry-After": str(refused.retry_after)}
        )
    said = words("The e-mail address or the password is wrong.")
    return JSONResponse({"code": refused.reason, "detail": said}, 401)


def code_refusal(refused: CodeRefused) -> JSONResponse:
    """Return why a sign-up code opened nothing."""
    status, sentence = CODE_REFUSALS[refused.reason]
    said = spoken()(sentence)
    problems = {"code": said} if refused.reason is Reason.UNKNOWN_CODE else {}
    return JSONResponse({"code": refused.reason, "detail": said, "problems": problems}, status)


def is_secure(request: Request) -> bool:
    """Return whether the browser came by https."""
    # A proxy that ends TLS may not say so, but the public address does.
    return request.url.scheme == "https" or settings().origin == f"https://{request.headers.get('host', '')}"
