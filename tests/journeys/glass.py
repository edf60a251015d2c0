"""The real program, with a window that shows how many tabs its hub serves, and a way to sweep them seldom."""

import os

from granian import Granian
from granian.constants import Interfaces
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from loyalty_app import cli
from loyalty_app.core.config import settings
from loyalty_app.ui import live

WINDOW = "/listeners"
SELDOM = "/listeners/seldom"


def app() -> ASGIApp:
    """Return what granian serves."""
    live.SWEEP_SECONDS = float(os.environ.get("SWEEP_SECONDS", live.SWEEP_SECONDS))
    from loyalty_app.loyalty_app import app as program  # noqa: PLC0415 - makes all pages

    behind = program()

    async def glass(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["path"] in {WINDOW, SELDOM}:
            if scope["path"] == SELDOM:
                live.SWEEP_SECONDS = 3600.0
            await PlainTextResponse(str(live.hub.listeners))(scope, receive, send)
        else:
            await behind(scope, receive, send)

    return glass


if __name__ == "__main__":
    cli.migrate()
    with cli.database.transaction() as session:
        cli._first_admin(session)
    os.environ |= cli.SERVE_WHAT_IS_BUILT
    Granian(
        "tests.journeys.glass:app",
        address=settings().host,
        port=settings().port,
        interface=Interfaces.ASGI,
        factory=True,
        websockets=True,
    ).serve()
