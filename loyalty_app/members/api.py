"""The route that makes a member."""

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse

from loyalty_app.accounts import api as entrance
from loyalty_app.accounts import service as accounts
from loyalty_app.accounts.api import Text
from loyalty_app.accounts.service import SignInRefused
from loyalty_app.core import times
from loyalty_app.core.actor import Permission
from loyalty_app.core.database import transaction
from loyalty_app.members import service as members
from loyalty_app.ui.routes import allow

router = APIRouter(prefix="/auth")


@router.post("/sign-up")
@allow(Permission.PUBLIC)
def sign_up(
    request: Request,
    name: Text = "",
    email: Text = "",
    password: Text = "",
    next: Text = "",
) -> JSONResponse:
    """Make a member with an account, and sign them in."""
    who = accounts.newcomer(name, email, password)
    with transaction() as session:
        outcome = members.join(session, who, peer=entrance.peer_of(request), now=times.now())
    if isinstance(outcome, SignInRefused):
        return entrance.refusal(outcome)
    return entrance.entrance(request, outcome, next)
