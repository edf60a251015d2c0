"""Whatever is killed, nothing is lost, nothing is there twice, and the work goes on."""

import csv
import json
import re
import threading
import uuid
import zipfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy.engine import Engine
from sqlmodel import Session, col, select
from websockets.exceptions import WebSocketException
from websockets.sync.client import ClientConnection, connect

from loyalty_app.accounts.models import Account
from loyalty_app.batches.models import Batch, BatchStatus
from loyalty_app.codes.models import Code
from loyalty_app.core import database as databases
from loyalty_app.core import times
from loyalty_app.dashboard import service as dashboard
from loyalty_app.exports import service as exports
from loyalty_app.exports.models import Export, ExportKind
from loyalty_app.exports.rules import Draft
from loyalty_app.jobs.models import Job, JobStatus
from loyalty_app.members import service as members
from loyalty_app.members.models import Member
from loyalty_app.ui.guard import HYDRATE
from loyalty_app.ui.shield import COOKIE
from tests import builders, doors
from tests.conftest import KINDS
from tests.journeys.server import Server, eventually, served

pytestmark = pytest.mark.long

CODES = 100_000
PICTURES = 40_000
MEMBERS = 240
CALLERS = 8
CLAIM = "reflex___state____state.loyalty_app___claims___state____claim_state.claim"
SCREEN = re.compile(r'"screen_rx_state_":"(\w+)"')
CODE = re.compile(r'"code":"([\w-]+)"')
MOST_TRIES = 5


@pytest.fixture(scope="module", params=KINDS)
def kind(request: pytest.FixtureRequest) -> str:
    """Say which database the program runs on."""
    return request.param


@pytest.fixture(scope="module")
def running(kind: str, request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Serve the built program on a database of its own."""
    with (
        request.getfixturevalue(f"{kind}_copies")("furnished") as address,
        served(tmp_path_factory.mktemp("served"), has_admin=False, LOYALTY_DATABASE_URL=address) as server,
    ):
        yield server


@pytest.fixture
def server(running: Server) -> Iterator[Server]:
    """Open the database of the server; start it, if the test before has not."""
    if running.process.poll() is not None:
        running.start()
    opened = databases.connect(running.database_url)
    yield running
    opened.dispose()


def test_a_kill_while_codes_are_made_costs_nothing(server: Server) -> None:
    batch_id = killed_in_the_middle(server, server.kill)

    server.start()
    is_whole(server, batch_id)


def test_another_worker_takes_over_from_a_killed_one(server: Server) -> None:
    dead: list[int] = []

    def kill_the_worker() -> None:
        for worker in server.workers:
            dead.append(worker.pid)
            worker.kill()

    batch_id = killed_in_the_middle(server, kill_the_worker)
    assert dead
    is_whole(server, batch_id)
    assert server.is_up()
    assert not {worker.pid for worker in server.workers} & set(dead)


@pytest.mark.own_database
def test_workers_may_die_without_a_server(database: Engine, tmp_path: Path) -> None:
    address = database.url.render_as_string(hide_password=False)
    crew = [
        Server(tmp_path / name, 1, {"LOYALTY_DATABASE_URL": address}, ("-m", "loyalty_app.cli", "worker"))
        for name in ("first", "second")
    ]
    first, second = crew
    try:
        for one in crew:
            one.folder.mkdir()
        first.start(wait=False)
        batch_id = killed_in_the_middle(first, first.kill)

        second.start(wait=False)
        is_whole(second, batch_id)
    finally:
        for one in crew:
            one.stop()


def test_a_kill_in_a_storm_of_claims_loses_no_voucher_that_was_shown(server: Server) -> None:
    batch = doors.change(builders.batch, MEMBERS // 2, now=times.now(), name="Storm")
    secrets = doors.change(members_who_wait, MEMBERS)
    told = Storm(server, batch.claim_token)

    told.rage(secrets, until=CALLERS, then=server.kill)
    assert claimed(batch.id) < MEMBERS // 2, "the storm was over before the kill"
    is_consistent(batch.id)
    assert len(told.codes) >= CALLERS
    assert told.codes.items() <= holders(batch.id).items()

    server.start()
    told.rage(secrets)
    assert told.codes == holders(batch.id)
    assert len(told.codes) == MEMBERS // 2
    is_consistent(batch.id)


def test_a_kill_while_a_file_is_written_costs_one_piece(server: Server) -> None:
    batch = doors.change(builders.scan_batch, PICTURES, now=times.now())
    secret = killed_while_writing(server, batch)

    server.start()
    eventually(lambda: written(secret).expires_at is not None, server.why)
    file = server.folder / "data" / exports.FOLDER / secret
    assert file.stat().st_size == written(secret).size
    with zipfile.ZipFile(file) as pack:
        assert pack.testzip() is None
        names = pack.namelist()
        listed = [row["file"] for row in csv.DictReader(pack.read("manifest.csv").decode("utf-8-sig").splitlines())]
    assert listed == names[:-1]
    assert len(listed) == len(set(listed)) == PICTURES


def killed_while_writing(server: Server, batch: Batch) -> str:
    """Ask for a ZIP and kill while it is written; again with another one if that was too slow."""
    for _ in range(MOST_TRIES):
        asked = doors.change(exports.prepare, batch.id, ExportKind.ZIP, Draft(), by=builders.ADMIN, now=times.now())
        secret = asked.export.secret
        eventually(lambda secret=secret: written(secret).size > 0, server.why)
        server.kill()
        if written(secret).expires_at is None:
            return secret
        server.start()
    raise AssertionError("no kill came in time")


def written(secret: str) -> Export:
    return doors.see(lambda session: session.exec(select(Export).where(Export.secret == secret)).one())


def killed_in_the_middle(server: Server, kill: Callable[[], None]) -> int:
    """Make a batch and kill while its codes are made; again with another one if that was too slow."""
    for _ in range(MOST_TRIES):
        batch = doors.change(builders.batch, 0, now=times.now(), quantity=str(CODES))
        eventually(lambda batch=batch: made(batch.id) > 0, server.why)
        kill()
        if 0 < made(batch.id) < CODES:
            return batch.id or 0
        if server.process.poll() is not None:
            server.start(wait=False)
    raise AssertionError("no kill came in time")


def made(batch_id: int | None) -> int:
    return doors.see(lambda session: session.get(Batch, batch_id)).made


def is_whole(server: Server, batch_id: int) -> None:
    """Check that every code is there, once, and that the batch knows it."""
    eventually(lambda: made(batch_id) == CODES, server.why)
    eventually(lambda: {job.status for job in doors.rows(Job) if job.subject_id == batch_id} == {JobStatus.DONE})
    assert doors.see(lambda session: session.get(Batch, batch_id)).status is BatchStatus.ACTIVE
    counted = doors.see(
        lambda session: session.execute(
            sa.select(
                sa.func.count(),
                sa.func.count(col(Code.code).distinct()),
                sa.func.min(col(Code.serial)),
                sa.func.max(col(Code.serial)),
                sa.func.count(col(Code.serial).distinct()),
            ).where(col(Code.batch_id) == batch_id)
        ).one()
    )
    assert tuple(counted) == (CODES, CODES, 1, CODES, CODES)
    is_consistent(batch_id)


def is_consistent(batch_id: int | None) -> None:
    """Check that every counter equals the rows, and that nobody has two."""
    assert doors.see(dashboard.differences) == []
    assert len(set(holders(batch_id).values())) == claimed(batch_id)


def claimed(batch_id: int | None) -> int:
    return doors.see(lambda session: session.get(Batch, batch_id)).claimed


def holders(batch_id: int | None) -> dict[str, str]:
    """Return who holds which code; a member who held two would fail here."""
    found = doors.see(
        lambda session: list(
            session.exec(
                select(Account.email, Code.code)
                .join(Member, col(Member.account_id) == col(Account.id))
                .join(Code, col(Code.member_id) == col(Member.id))
                .where(Code.batch_id == batch_id)
            )
        )
    )
    assert len({email for email, _ in found}) == len(found)
    return dict(found)


def members_who_wait(session: Session, count: int) -> dict[str, str]:
    """Return the e-mail and the session's secret of so many members."""
    secrets = {}
    for number in range(count):
        who = builders.newcomer(f"Member {number}")
        secrets[who.email] = members.join(session, who, now=times.now()).secret
    return secrets


class Storm:
    """Members who all press the button, and what they were shown."""

    def __init__(self, server: Server, token: str) -> None:
        self.codes: dict[str, str] = {}
        self._server, self._path = server, f"/en-us/claim/{token}"
        self._lock = threading.Lock()

    def rage(self, secrets: dict[str, str], *, until: int = -1, then: Callable[[], None] = lambda: None) -> None:
        """Let them all press; do something as soon as so many were shown their voucher."""

        def press(email: str, secret: str) -> None:
            # Who finds no server goes away; the lost answer is what this is about.
            with suppress(OSError, WebSocketException, TimeoutError):
                code = self._claim(secret)
                with self._lock:
                    self.codes |= {email: code} if code else {}
                    is_time = len(self.codes) == until
                if is_time:
                    then()

        with ThreadPoolExecutor(CALLERS) as threads:
            list(threads.map(press, secrets, secrets.values()))

    def _claim(self, secret: str) -> str:
        address = f"ws://127.0.0.1:{self._server.port}/_event/?EIO=4&transport=websocket&token={uuid.uuid4()}"
        with connect(address, additional_headers={"Cookie": f"{COOKIE}={secret}"}, proxy=None, open_timeout=30) as tab:
            tab.recv(timeout=30)
            tab.send("40/_event," + json.dumps({"event": self._event(HYDRATE)}))
            screen, said = next_screen(tab)
            if screen == "claimable":
                tab.send("42/_event," + json.dumps(["event", self._event(CLAIM)]))
                screen, said = next_screen(tab)
        assert screen in {"claimed", "already_claimed", "sold_out"}
        return "" if screen == "sold_out" else CODE.search(said).group(1).replace("-", "")

    def _event(self, name: str) -> dict[str, object]:
        return {"name": name, "payload": {}, "router_data": {"pathname": "/en-us/claim/[token]", "asPath": self._path}}


def next_screen(tab: ClientConnection) -> tuple[str, str]:
    """Wait until the claim page shows something else, and return what."""
    while True:
        said = str(tab.recv(timeout=30))
        if said == "2":
            tab.send("3")
        elif screen := SCREEN.search(said):
            return screen.group(1), said
