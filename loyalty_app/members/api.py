"""The routes that make a member and change their name, and members for other programs."""

from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Query, Request
from fastapi.responses import JSONResponse, Response
from pydantic import Field

from loyalty_app.accounts import api as entrance
from loyalty_app.accounts import rules
from loyalty_app.accounts import service as accounts
from loyalty_app.accounts.api import Goal, Text
from loyalty_app.accounts.service import CodeRefused, SignInRefused
from loyalty_app.core import times
from loyalty_app.core.actor import Permission, actor
from loyalty_app.core.database import change, reading
from loyalty_app.core.languages import spoken
from loyalty_app.core.texts import storable
from loyalty_app.members import service as members
from loyalty_app.members.models import Member
from loyalty_app.members.service import Changes
from loyalty_app.ui.rest import Instant, Number, OnceOnly, Page, Paged, Sent, Shown
from loyalty_app.ui.routes import allow, peer_of

router = APIRouter(prefix="/auth")
rest = APIRouter(prefix="/api/v1/members", tags=["Members"])


class MemberChange(Sent):
    """What to change of a member; what is left out stays as it is."""

    email: Annotated[str | None, Field(max_length=300, examples=["ana@example.com"])] = None
    name: Annotated[str | None, Field(max_length=300, examples=["Ana Ruiz"])] = None
    phone: Annotated[str | None, Field(max_length=100, examples=["+48 22 123 45 67"])] = None


class MemberWish(Sent):
    """A member who is to be made."""

    email: Annotated[str, Field(max_length=300, examples=["ana@example.com"])]
    name: Annotated[str, Field(max_length=300, examples=["Ana Ruiz"])]
    phone: Annotated[str | None, Field(max_length=100, examples=["+48 22 123 45 67"])] = None


class MemberShown(Shown):
    """A member."""

    id: Annotated[int, Field(examples=[21])]
    email: Annotated[str, Field(examples=["ana@example.com"])]
    name: Annotated[str, Field(examples=["Ana Ruiz"])]
    phone: Annotated[str, Field(examples=["+48 22 123 45 67"])]
    points: Annotated[int, Field(description="The sum of the member's ledger.", examples=[120])]
    has_account: Annotated[bool, Field(description="Whether they can sign in.")]
    joined_at: Instant
    erased_at: Annotated[Instant | None, Field(description="Since then nothing is known of the person.")]


@rest.post("", status_code=201, response_model=MemberShown)
@allow(Permission.MEMBER_MANAGEMENT)
def create_member(sent: MemberWish, once: OnceOnly) -> Response:
    """Make a member without an account; if they sign up later with this address, it is theirs."""
    details = members.Details(storable(sent.name), storable(sent.email), storable(sent.phone or ""))
    return once.answer(201, lambda session, now: shown(members.create(session, details, by=actor(), now=now)))


@rest.get("")
@allow(Permission.VIEW_MEMBERS)
def list_members(
    paging: Paged,
    q: Annotated[str, Query(max_length=80, description="Words, each part of a name, address or phone number.")] = "",
    email: Annotated[str, Query(max_length=254, description="Exactly this address.")] = "",
    *,
    erased: Annotated[bool, Query(description="Those who were erased, instead of all others.")] = False,
) -> Page[MemberShown]:
    """List the members, the newest first."""
    wish = members.Wish(storable(q), storable(email), erased)
    with reading() as session:
        found = members.listed(session, wish, after=paging.after, limit=paging.limit + 1, by=actor())
    return paging.page(found, shown, lambda member: member.id or 0)


@rest.get("/{member_id}")
@allow(Permission.VIEW_MEMBERS)
def read_member(member_id: Number) -> MemberShown:
    """Return one member."""
    with reading() as session:
        return shown(members.get(session, member_id, by=actor()))


@rest.patch("/{member_id}")
@allow(Permission.MEMBER_MANAGEMENT)
def change_member(member_id: Number, sent: MemberChange) -> MemberShown:
    """Change a name, an address or a phone number."""
    changes = {name: storable(text) for name, text in sent.model_dump(exclude_none=True).items()}
    return shown(change(members.update, member_id, Changes(**changes), by=actor(), now=times.now()))


def shown(member: Member) -> MemberShown:
    """Return a member as programs see them."""
    own = {name: getattr(member, name) for name in ("id", "email", "name", "phone", "points", "joined_at", "erased_at")}
    return MemberShown(**own, has_account=member.account_id is not None)


@router.post("/sign-up")
@allow(Permission.PUBLIC)
def sign_up(
    request: Request,
    name: Text = "",
    email: Text = "",
    password: Text = "",
    next: Goal = "",
) -> JSONResponse:
    """Send a code to the address of somebody who wants to join; it looks the same whether it has an account."""
    who = accounts.newcomer(name, email, password)
    outcome = change(members.ask_to_join, who, spoken(), peer=peer_of(request), now=times.now())
    if isinstance(outcome, SignInRefused):
        return entrance.refusal(outcome)
    query = urlencode({"sign_up": outcome} | ({"next": goal} if (goal := rules.safe_return(next)) else {}))
    return entrance.lead_to(f"/verify/?{query}")


@router.post("/verify")
@allow(Permission.PUBLIC)
def verify(request: Request, sign_up: Text = "", code: Text = "", next: Goal = "") -> JSONResponse:
    """Make the account of whoever enters the code from the mail, and sign them in."""
    device = entrance.device_of(request)
    outcome = change(members.verify, sign_up, code, now=times.now(), device=device)
    if isinstance(outcome, CodeRefused):
        return entrance.code_refusal(outcome)
    return entrance.entrance(request, outcome, next)


@router.post("/name")
@allow(Permission.PUBLIC)
def rename_me(name: Text = "") -> JSONResponse:
    """Change the name of whoever is signed in."""
    change(members.rename_me, name, by=actor())
    return entrance.lead_to("/account/?done=name")
