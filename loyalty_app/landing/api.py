"""The route that pays the points of a printed code: in one tap to a member, with a code by mail to anybody else."""

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, RedirectResponse
from starlette.concurrency import run_in_threadpool

from loyalty_app.accounts import api as entrance
from loyalty_app.accounts import service as accounts
from loyalty_app.accounts.service import CodeRefused, SignInRefused
from loyalty_app.batches import fields
from loyalty_app.core import languages, times
from loyalty_app.core.actor import Actor, Permission, actor
from loyalty_app.core.database import read, together, transact
from loyalty_app.core.errors import InvalidError
from loyalty_app.core.languages import Sentence, spoken
from loyalty_app.core.reasons import Reason
from loyalty_app.core.texts import storable
from loyalty_app.landing import rules
from loyalty_app.landing import service as landing
from loyalty_app.landing.service import CameIn, Guest, TooMany
from loyalty_app.members import service as members
from loyalty_app.redemptions import service as redemptions
from loyalty_app.redemptions.service import AmountNeeded, Ask, Incomplete, Redeemed, Refused, Worth
from loyalty_app.ui.routes import allow, peer_of

router = APIRouter()

MOST_FIELDS = 40
MOST_BYTES = 16_000
"""Of one field."""


@router.get("/redeem")
@allow(Permission.PUBLIC)
def pick_language(request: Request) -> RedirectResponse:
    """Lead from a printed code to its page in the language that its reader's phone speaks."""
    words = languages.of_tag(*languages.accepted(request.headers.get("accept-language", "")))
    query = f"?{request.url.query}" if request.url.query else ""
    return RedirectResponse(words.at(rules.PATH) + query, 307, headers={"Vary": "Accept-Language"})


@router.post("/auth/points")
@allow(Permission.PUBLIC)
async def collect(request: Request) -> JSONResponse:
    """Pay the points of a code to a member, or send a code to an address first, and pay when that is entered."""
    form, by = await _form(request), actor()
    text = form.get("token", "")
    found = await _look(text, by, peer_of(request))
    match found:
        case TooMany() | Refused(Reason.UNKNOWN_CODE):
            pass
        case Worth() | Refused() if by.may(Permission.CLAIM):
            # What changed since the page was opened is tried too, and kept as an attempt.
            return await _pay(form, found, by)
        case Worth() if not by.is_signed_in:
            return await (_let_in if form.get("sign_up") else _send_code)(request, form, found)
        case _:
            pass
    return _back(text)


async def _look(text: str, by: Actor, peer: str) -> Worth | Refused | TooMany:
    if not rules.is_guessable(text):
        return await read(landing.look, text, by=by, peer=peer, now=times.now())
    if waits := await read(landing.too_many, by=by, peer=peer, now=times.now()):
        return waits
    return await transact(landing.look, text, by=by, peer=peer, now=times.now())


async def _pay(form: dict[str, str], found: Worth | Refused, by: Actor) -> JSONResponse:
    asked, text = found.fields if isinstance(found, Worth) else [], form["token"]
    ask = Ask(text, by, form.get("nonce", ""), answers=rules.answers(asked, form))
    match await together(redemptions.redeem_many, ask):
        case Incomplete(problems):
            raise InvalidError(**rules.named(asked, problems))
        case Redeemed():
            return _back(text, new="1")
        case Refused() | AmountNeeded():
            return _back(text)


async def _send_code(request: Request, form: dict[str, str], worth: Worth) -> JSONResponse:
    problems = _problems(form, worth)
    name, email = form.get("name", ""), form.get("email", "")
    try:
        accounts.check_entry(name, email)
    except InvalidError as wrong:
        problems |= wrong.problems
    if problems:
        raise InvalidError(**problems)
    outcome = await transact(members.ask_to_enter, name, email, spoken(), peer=peer_of(request), now=times.now())
    if isinstance(outcome, SignInRefused):
        return entrance.refusal(outcome)
    return _back(form["token"], sign_up=outcome)


async def _let_in(request: Request, form: dict[str, str], worth: Worth) -> JSONResponse:
    problems, code, text = _problems(form, worth), form.get("code", ""), form["token"]
    if not code.strip():
        problems = {"code": Sentence("Enter the code from the mail.")} | problems
    if problems:
        raise InvalidError(**problems)
    guest = Guest(form["sign_up"], code, form.get("name", ""), entrance.device_of(request))
    answers = rules.answers(worth.fields, form)
    nonce = form.get("nonce", "")
    try:
        outcome = await transact(landing.let_in, guest, text, answers, nonce=nonce, now=times.now())
    except InvalidError as problem:
        if "email" not in problem.problems:  # else they were beaten by themselves, in another tab
            raise
        outcome = await transact(landing.let_in, guest, text, answers, nonce=nonce, now=times.now())
    match outcome:
        case CodeRefused() as refused:
            return entrance.code_refusal(refused)
        case CameIn(signed_in, answer):
            more = {"new": "1"} if isinstance(answer, Redeemed) else {}
            return await run_in_threadpool(entrance.entrance, request, signed_in, rules.address(text, **more))


def _problems(form: dict[str, str], worth: Worth) -> dict[str, str]:
    return rules.named(worth.fields, fields.check(worth.fields, rules.answers(worth.fields, form))[1])


@router.post("/auth/points-code")
@allow(Permission.PUBLIC)
async def send_new_code(request: Request) -> JSONResponse:
    """Send another code to somebody who is about to collect points."""
    form = await _form(request)
    secret = form.get("sign_up", "")
    refused = await transact(accounts.send_new_code, secret, spoken(), peer=peer_of(request), now=times.now())
    match refused:
        case SignInRefused():
            return entrance.refusal(refused)
        case CodeRefused():
            return _back(form.get("token", ""), sign_up="over")
        case None:
            return _back(form.get("token", ""), sign_up=secret, sent="again")


async def _form(request: Request) -> dict[str, str]:
    # The names of the answers depend on the batch, so that they cannot be declared.
    sent = await request.form(max_files=0, max_fields=MOST_FIELDS, max_part_size=MOST_BYTES)
    return {name: storable(text)[: rules.MOST_TEXT] for name, text in sent.items() if isinstance(text, str)}


def _back(text: str, **more: str) -> JSONResponse:
    return entrance.lead_to(rules.address(text, **more))
