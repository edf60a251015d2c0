"""What comes from elsewhere stays outside, and what is secret stays inside."""

import asyncio
import json
import re
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest
import sqlalchemy as sa
from starlette.responses import StreamingResponse
from starlette.types import Receive, Scope, Send
from websockets.exceptions import InvalidStatus
from websockets.sync.client import ClientConnection, connect

from loyalty_app import api
from loyalty_app.accounts.models import AccountSession, Throttle
from loyalty_app.core import database as databases
from loyalty_app.core import secrets
from loyalty_app.core.actor import Permission
from loyalty_app.ui.shield import COOKIE, Shield
from tests import builders, doors
from tests.house.app import guard
from tests.journeys.server import ADMIN_EMAIL, PATIENCE, Server, eventually, served
from tests.programs import plain_routes

HERE = "http://shop.example:8000"
TABLET = "http://192.168.1.20:8000"
ELSEWHERE = "http://evil.example"
PROXY = "10.0.0.1"
PEER = "203.0.113.9"
HEADERS = {
    "content-security-policy",
    "x-content-type-options",
    "x-frame-options",
    "referrer-policy",
    "permissions-policy",
    "cross-origin-opener-policy",
}


@pytest.fixture
def kind() -> str:
    """Nothing here depends on the database."""
    return "sqlite"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Serve the built program, as talkative as an operator can make it."""
    with served(tmp_path_factory.mktemp("shield"), LOYALTY_LOG_LEVEL="DEBUG") as running:
        yield running


# --- Where a request comes from. -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Origin": HERE}, 401),
        ({"Origin": HERE, "Cookie": f"{COOKIE}=x"}, 401),
        ({"Origin": TABLET, "Host": "192.168.1.20:8000"}, 401),
        ({"Origin": HERE, "Host": "inside:8000"}, 401),  # a proxy that puts its own name into Host
        ({"Origin": ELSEWHERE}, 403),
        ({"Origin": "http://shop.example:9000"}, 403),
        ({"Origin": "http://shop.example.evil.example:8000"}, 403),
        ({"Origin": "null"}, 403),
        ({"Origin": ""}, 403),
        ({"Cookie": f"{COOKIE}=x"}, 403),
        ({"Cookie": f"{COOKIE}=x", "Sec-Fetch-Site": "cross-site"}, 403),
        ({"Cookie": f"{COOKIE}=x", "Sec-Fetch-Site": "same-site"}, 403),
        ({"Cookie": f"{COOKIE}=x", "Sec-Fetch-Site": "same-origin"}, 401),
        ({}, 401),  # a program, which brings nobody's cookie
    ],
)
def test_a_form_is_taken_from_our_own_pages_only(headers: dict[str, str], status: int, database: object) -> None:
    async def post() -> None:
        async with browser() as client:
            answer = await client.post(
                "/auth/sign-in", data={"email": "a@example.com", "password": "x"}, headers=headers
            )
            assert answer.status_code == status, answer.text

    run(post)


def test_a_website_elsewhere_can_end_nobodys_session(database: object) -> None:
    async def post() -> None:
        async with browser() as client:
            cookie = await sign_in(client)
            answer = await client.post("/auth/sign-out", headers={"Origin": ELSEWHERE, "Cookie": cookie})
            assert answer.status_code == 403
            assert len(doors.rows(AccountSession)) == 1

    run(post)


@pytest.mark.parametrize("origin", [ELSEWHERE, "http://localhost:1", "https://localhost.evil.example", "null"])
def test_a_websocket_from_elsewhere_is_refused(server: Server, origin: str) -> None:
    with pytest.raises(InvalidStatus) as refused:
        open_websocket(server, origin=origin)
    assert refused.value.response.status_code == 403


def test_a_websocket_from_our_own_pages_is_accepted(server: Server) -> None:
    with open_websocket(server, origin=server.url) as socket:
        assert str(socket.recv(timeout=30)).startswith("0{")  # engine.io's welcome


def test_a_tablet_may_use_the_address_of_the_machine(server: Server) -> None:
    host = f"192.168.1.20:{server.port}"
    with open_websocket(server, origin=f"http://{host}", host=host) as socket:
        assert str(socket.recv(timeout=30)).startswith("0{")
    answer = ask(
        "POST",
        f"{server.url}/auth/sign-in",
        data={"email": "nobody@example.com", "password": "x"},
        headers={"Host": host, "Origin": f"http://{host}"},
    )
    assert answer.status_code == 401


def test_long_polling_does_not_go_round_the_websocket(server: Server) -> None:
    answer = ask("GET", f"{server.url}/_event/", params={"EIO": 4, "transport": "polling"}, headers={"Cookie": "sh=x"})
    assert answer.status_code == 400


@pytest.mark.parametrize("spelling", [f"{COOKIE}={{}}", f"a=b; {COOKIE}={{}}; sh=forged", f'{COOKIE}="{{}}"'])
def test_the_framework_gets_a_fingerprint_and_never_the_cookie(spelling: str) -> None:
    secret = secrets.new_token()
    seen = headers_behind_the_shield({"cookie": spelling.format(secret), "origin": HERE, "authorization": "Bearer x"})

    assert seen["cookie"] == f"sh={secrets.fingerprint(secret)}"
    assert secret not in repr(seen)
    assert seen.keys() & {"origin", "authorization"} == set()


@pytest.mark.parametrize("cookie", ["sh=" + "0" * 64, f"other=1; sh={'0' * 64}", "a=b", ""])
def test_a_forged_fingerprint_does_not_reach_the_framework(cookie: str) -> None:
    assert "cookie" not in headers_behind_the_shield({"cookie": cookie, "origin": HERE})


# --- Who a proxy says that it is. ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("client", "forwarded", "counted"),
    [
        (PROXY, PEER, PEER),
        (PROXY, f"6.6.6.6, {PEER}", PEER),  # what the caller wrote himself stands on the left
        (PROXY, f"{PEER}, {PROXY}", PEER),
        (PROXY, "", PROXY),
        (PEER, "6.6.6.6", PEER),
        ("10.0.0.2", "6.6.6.6", "10.0.0.2"),
    ],
)
def test_only_a_trusted_proxy_says_who_called(client: str, forwarded: str, counted: str, database: object) -> None:
    async def post() -> None:
        async with browser(peer=client) as one:
            headers = {"X-Forwarded-For": forwarded} if forwarded else {}
            await one.post("/auth/sign-in", data={"email": "a@example.com", "password": "x"}, headers=headers)

    run(post)
    assert f"peer:{secrets.fingerprint(counted)}" in {row.key for row in doors.rows(Throttle)}


@pytest.mark.parametrize(("client", "is_believed"), [(PROXY, True), (PEER, False)])
def test_only_a_trusted_proxy_says_that_the_way_was_safe(client: str, is_believed: bool, database: object) -> None:  # noqa: FBT001
    async def post() -> None:
        async with browser(peer=client) as one:
            answer = await one.post("/auth/sign-in", data=RIGHT, headers={"X-Forwarded-Proto": "https"})
            assert ("Secure" in answer.headers["set-cookie"]) is is_believed
            assert ("strict-transport-security" in answer.headers) is is_believed

    run(post)


# --- Sessions. -------------------------------------------------------------------------------------------------------


def test_the_cookie_is_closed_to_scripts_and_other_sites(database: object) -> None:
    async def post() -> None:
        async with browser() as client:
            answer = await client.post("/auth/sign-in", data=RIGHT)
            assert answer.json() == {"next": "/admin/"}
            assert answer.headers["cache-control"] == "no-store"
            flags = {part.strip().partition("=")[0].lower() for part in answer.headers["set-cookie"].split(";")}
            assert {"httponly", "path", "expires"} <= flags
            assert "samesite=lax" in answer.headers["set-cookie"].lower()
            assert "domain" not in flags
            secret = re.search(rf"{COOKIE}=([^;]+)", answer.headers["set-cookie"]).group(1)
            (kept,) = doors.rows(AccountSession)
            assert len(secret) >= 32
            assert kept.secret_hash == secrets.fingerprint(secret)

    run(post)


def test_signing_in_ends_the_session_that_was_there_and_takes_no_cookie_over(database: object) -> None:
    async def post() -> None:
        async with browser() as client:
            planted = await sign_in(client)
            answer = await client.post("/auth/sign-in", data=RIGHT, headers={"Cookie": planted, "Origin": HERE})
            fresh = answer.headers["set-cookie"].partition(";")[0]
            assert fresh != planted
            assert len(doors.rows(AccountSession)) == 1

            made_up = await client.post(
                "/auth/sign-in", data=RIGHT, headers={"Cookie": f"{COOKIE}=made-up", "Origin": HERE}
            )
            assert "made-up" not in made_up.headers["set-cookie"]
            assert not (await guard.caller(secrets.fingerprint("made-up"))).is_signed_in

    run(post)


def test_signing_out_ends_the_session_and_clears_the_browser(database: object) -> None:
    async def post() -> None:
        async with browser() as client:
            cookie = await sign_in(client)
            answer = await client.post("/auth/sign-out", headers={"Cookie": cookie, "Origin": HERE})
            assert answer.headers["clear-site-data"] == '"storage"'
            assert re.search(
                rf'{COOKIE}=("")?;.*(Max-Age=0|expires=Thu, 01 Jan 1970)', answer.headers["set-cookie"], re.IGNORECASE
            )
            assert doors.rows(AccountSession) == []

    run(post)


def test_a_guesser_is_slowed_down_even_with_the_right_word_at_last(database: object) -> None:
    async def post() -> None:
        async with browser() as client:
            for _ in range(5):
                answer = await client.post("/auth/sign-in", data=RIGHT | {"password": "wrong one"})
                assert answer.status_code == 401
            answer = await client.post("/auth/sign-in", data=RIGHT)
            assert answer.status_code == 429
            assert 0 < int(answer.headers["retry-after"]) <= 900
            assert "Wait 15 minutes" in answer.json()["detail"]
            assert "set-cookie" not in answer.headers
            kasia = RIGHT | {"email": builders.newcomer("Kasia").email}
            assert (await client.post("/auth/sign-in", data=kasia)).status_code == 200
        async with browser(peer="203.0.113.77") as owner:  # who is not locked out by somebody else's guesses
            assert (await owner.post("/auth/sign-in", data=RIGHT)).status_code == 200

    run(post)


def test_many_addresses_from_one_network_are_slowed_down_too(database: object) -> None:
    async def post() -> None:
        async with browser() as client:
            answers = [
                (
                    await client.post("/auth/sign-in", data={"email": f"a{number}@example.com", "password": "x"})
                ).status_code
                for number in range(32)
            ]
        assert answers == [401] * 30 + [429] * 2

    run(post)


# --- Headers. --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/", 200),
        ("GET", "/sign-in/", 200),
        ("GET", "/en-us/claim/any", 200),
        ("GET", "/no/such/page", 404),
        ("GET", "/api/none", 404),
        ("GET", "/auth/sign-in", 404),
        ("PATCH", "/auth/none", 404),
        ("POST", "/auth/sign-in", 401),
        ("POST", "/sign-in/", 405),
        ("GET", "/claim/any", 307),
        ("GET", "/css/tokens.css", 200),
        ("GET", "/assets/none.js", 404),
        ("GET", "/ping", 200),
        ("GET", "/%00", 404),
        ("GET", "/..%2f..%2fetc/passwd", 404),
    ],
)
def test_every_response_carries_the_headers(server: Server, method: str, path: str, status: int) -> None:
    answer = ask(method, server.url + path)

    assert answer.status_code == status
    assert answer.headers.keys() >= HEADERS
    assert answer.headers["x-content-type-options"] == "nosniff"


def test_only_pages_carry_the_hashes_of_scripts(server: Server) -> None:
    # Every other file would be longer by them, and a phone loads a dozen.
    policy = ask("GET", f"{server.url}/healthz").headers["content-security-policy"]

    assert "sha256-" not in policy
    assert "script-src 'self' 'wasm-unsafe-eval';" in policy


def test_a_page_that_was_not_modified_keeps_its_policy(server: Server) -> None:
    page = ask("GET", server.url)
    again = ask("GET", server.url, headers={"If-None-Match": page.headers["etag"]})

    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["content-security-policy"] == page.headers["content-security-policy"]


def test_the_policy_names_every_inline_script_and_allows_no_others(server: Server) -> None:
    policy = ask("GET", server.url).headers["content-security-policy"]
    scripts = next(rule for rule in policy.split("; ") if rule.startswith("script-src"))

    assert "'sha256-" in scripts
    assert "unsafe-inline" not in scripts
    assert "'unsafe-eval'" not in policy
    assert "http" not in policy
    for rule in (
        "default-src 'self'",
        "frame-ancestors 'none'",
        "object-src 'none'",
        "form-action 'self'",
        "base-uri 'self'",
    ):
        assert rule in policy


def test_a_refused_request_carries_the_headers_too(server: Server) -> None:
    answer = ask("POST", f"{server.url}/auth/sign-in", headers={"Origin": ELSEWHERE})

    assert answer.status_code == 403
    assert answer.headers["x-content-type-options"] == "nosniff"


def test_assets_are_kept_for_a_year_and_pages_are_not(server: Server) -> None:
    page = ask("GET", f"{server.url}/sign-in/")
    script = re.search(r'"(/assets/[^"]+\.js)"', page.text).group(1)

    asset = ask("GET", server.url + script)
    assert "immutable" in asset.headers["cache-control"]
    assert asset.headers.keys() >= HEADERS
    assert asset.headers["content-encoding"] == "gzip"
    assert "immutable" not in page.headers.get("cache-control", "")


def test_addresses_outside_are_never_asked_for(server: Server) -> None:
    for path in ("/", "/sign-in/", "/admin/", "/scan/", "/en-us/claim/any"):
        text = ask("GET", server.url + path).text
        assert not re.findall(r'(?:src|href)="(?:https?:)?//[^"]+"', text)


# --- The log. --------------------------------------------------------------------------------------------------------


def test_nothing_that_people_typed_and_nothing_that_opens_a_session_is_logged(server: Server) -> None:
    secret_words = ["Zn4-password-typed", "typed.mail@example.com", "Typed Name 77", "typed-payload-42"]
    password, email, name, payload = secret_words
    signed_in = ask("POST", f"{server.url}/auth/sign-in", data={"email": ADMIN_EMAIL, "password": builders.PASSWORD})
    secret = re.search(rf"{COOKIE}=([^;]+)", signed_in.headers["set-cookie"]).group(1)
    cookie = f"{COOKIE}={secret}"
    typed = {"email": email, "password": password, "name": name}
    own = {"Origin": server.url, "Cookie": cookie, "Authorization": f"Bearer {payload}"}

    assert ask("POST", f"{server.url}/auth/sign-in", data=typed, headers=own).status_code == 401
    without_key = {name: text for name, text in own.items() if name != "Authorization"}
    too_long = typed | {"name": name * 99}
    assert ask("POST", f"{server.url}/auth/sign-up", data=too_long, headers=without_key).status_code == 422
    no_form = b"\xff" * 99 + email.encode()
    assert ask("POST", f"{server.url}/auth/sign-in", content=no_form, headers=own).status_code in {400, 401, 422}
    assert ask("POST", f"{server.url}/api/none?password={password}", headers=without_key).status_code == 404
    provoke_by_websocket(server, cookie, payload)
    with out_of_order(server, "account"):
        assert ask("POST", f"{server.url}/auth/sign-in", data=typed, headers={"Origin": server.url}).status_code == 500
        assert ask("POST", f"{server.url}/auth/sign-up", data=typed, headers={"Origin": server.url}).status_code == 500

    eventually(lambda: server.log.count(" in a route") >= 2 and server.log.count(" in a screen") >= 3)
    log = server.log
    for word in [*secret_words, secret, secrets.fingerprint(secret), ADMIN_EMAIL, builders.PASSWORD, "$argon2"]:
        lines = [line for line in log.splitlines() if word in line and "Made the first admin" not in line]
        assert lines == [], f"{word} is in the log"


def test_an_error_tells_the_caller_a_number_and_nothing_else(server: Server) -> None:
    with out_of_order(server, "throttle"):
        answer = ask("POST", f"{server.url}/auth/sign-in", data={"email": "a@example.com", "password": "x"})

    assert answer.status_code == 500
    assert answer.headers.keys() >= HEADERS
    number = re.search(r"error ([0-9a-f]{12})\.", answer.json()["detail"]).group(1)
    assert "throttle" not in answer.text
    eventually(lambda: f"error {number} in a route" in server.log)


def test_a_file_that_breaks_off_does_not_look_whole(database: object, caplog: pytest.LogCaptureFixture) -> None:
    def lines() -> Iterator[str]:
        yield "first\n"
        raise ValueError("typed words")

    @api.allow(Permission.PUBLIC)
    def broken() -> StreamingResponse:
        return StreamingResponse(lines())

    async def get() -> None:
        routes = api.build(guard.caller)
        routes.get("/broken")(broken)
        async with httpx.AsyncClient(transport=httpx.ASGITransport(routes), base_url=HERE) as client:
            with pytest.raises(ConnectionAbortedError) as aborted:
                await client.get("/broken")
            assert aborted.value.__suppress_context__  # whoever prints it prints nothing else

    run(get)
    assert [record.name for record in caplog.records] == ["loyalty_app.api"]


# --- Helpers, in the order of their use. -----------------------------------------------------------------------------


def ask(method: str, address: str, **more: Any) -> httpx.Response:
    """Ask the server, which may take its time on a busy machine."""
    return httpx.request(method, address, timeout=PATIENCE, **more)


RIGHT = {"email": builders.newcomer("Ada").email, "password": builders.PASSWORD}


@asynccontextmanager
async def browser(peer: str = PEER) -> AsyncIterator[httpx.AsyncClient]:
    """Reach the routes behind the shield, as somebody in the network."""
    guard._trusted.clear()
    shielded = Shield(plain_routes(guard.caller), "default-src 'self'", frozenset({PROXY}), HERE)
    transport = httpx.ASGITransport(shielded, client=(peer, 40000))
    async with httpx.AsyncClient(transport=transport, base_url=HERE) as client:
        yield client


def run(act: Callable[[], Coroutine[Any, Any, None]]) -> None:
    asyncio.run(act())


async def sign_in(client: httpx.AsyncClient) -> str:
    """Sign the admin in and return the cookie; the client itself keeps none."""
    answer = await client.post("/auth/sign-in", data=RIGHT)
    client.cookies.clear()
    return answer.headers["set-cookie"].partition(";")[0]


def open_websocket(server: Server, *, origin: str, host: str = "", cookie: str = "") -> ClientConnection:
    address = f"ws://{host or f'localhost:{server.port}'}/_event/?EIO=4&transport=websocket&token=t-{origin[-6:]}"
    headers = {"Cookie": cookie} if cookie else {}
    return connect(
        address,
        address=("127.0.0.1", server.port),
        origin=origin,
        additional_headers=headers,
        proxy=None,
        open_timeout=PATIENCE,
    )


def headers_behind_the_shield(sent: dict[str, str]) -> dict[str, str]:
    """Return the headers of a websocket as the framework gets them."""
    seen: dict[str, str] = {}

    async def framework(scope: Scope, _receive: Receive, _send: Send) -> None:
        seen.update({name.decode(): value.decode() for name, value in scope["headers"]})

    async def nothing(*_: Any) -> dict[str, str]:
        return {"type": "websocket.connect"}

    headers = [(b"host", b"shop.example:8000"), *((name.encode(), value.encode()) for name, value in sent.items())]
    scope = {"type": "websocket", "scheme": "ws", "path": "/_event/", "client": (PEER, 1), "headers": headers}
    asyncio.run(Shield(framework, "", frozenset())(scope, nothing, nothing))
    return seen


def provoke_by_websocket(server: Server, cookie: str, payload: str) -> None:
    """Send what no page of ours would send."""
    with open_websocket(server, origin=server.url, cookie=cookie) as socket:
        socket.recv(timeout=30)
        socket.send("40/_event,")
        socket.recv(timeout=30)
        root = "reflex___state____state"
        for event in (
            {"name": f"{root}.no_such_event", "payload": {"text": payload}, "router_data": {"pathname": "/"}},
            {"name": f"{root}.no.such.state.{payload}", "payload": {}, "router_data": {"pathname": "/"}},
            {"name": f"{root}.setvar", "payload": {"var_name": "is_hydrated", "value": payload}, "router_data": {}},
            {
                "name": f"{root}.loyalty_app___batches___state____batches_state.open_share",
                "payload": {"batch_id": payload},
                "router_data": {"pathname": "/"},
            },
            {
                "name": f"{root}.loyalty_app___batches___state____batches_state.open_share",
                "payload": {payload: 1},
                "router_data": {"pathname": "/"},
            },
            {
                "name": f"{root}.loyalty_app___offers___state____offer_state.save",
                "payload": {"form": [payload]},
                "router_data": {"pathname": "/"},
            },
            {"payload": payload},
            {"name": 7, "payload": payload, "router_data": payload},
            payload,
            [payload],
        ):
            socket.send("42/_event," + json.dumps(["event", event]))
        socket.send("42/_event," + json.dumps(["no-such-message", payload]))
        socket.send('42/_event,["event",{' + payload)
        eventually(lambda: server.log.count(" in a screen") >= 3)


class out_of_order:  # noqa: N801 - read as a sentence
    """Take a table away for a while, so that every query of it is an unforeseen error."""

    def __init__(self, server: Server, table: str) -> None:
        self._engine, self._table = databases.connect(server.database_url), table

    def __enter__(self) -> None:
        self._rename(self._table, f"{self._table}_away")

    def __exit__(self, *_: object) -> None:
        self._rename(f"{self._table}_away", self._table)
        self._engine.dispose()

    def _rename(self, before: str, after: str) -> None:
        with self._engine.begin() as connection:
            connection.execute(sa.text("pragma legacy_alter_table = on"))
            connection.execute(sa.text(f"alter table {before} rename to {after}"))
