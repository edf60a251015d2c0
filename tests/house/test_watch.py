"""Every request has a number that its answer, its log lines and its apology share; Prometheus gets its numbers."""

import asyncio
import io
import json
import logging
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import httpx
import pytest

from loyalty_app import api, worker
from loyalty_app.codes import service as codes
from loyalty_app.core import logs, metrics, times
from loyalty_app.core.actor import Permission
from loyalty_app.core.errors import AppError
from loyalty_app.core.migrations import CHECKOUT
from loyalty_app.dashboard import service as dashboard
from loyalty_app.jobs import engine
from loyalty_app.jobs import service as jobs
from loyalty_app.redemptions import service as redemptions
from loyalty_app.ui import errors
from loyalty_app.ui.shield import COOKIE
from loyalty_app.ui.watch import HEADER, Watch, templates
from tests import builders, doors
from tests.house import app as program
from tests.house.test_authority import SECRETS, sign_in

PROXY = "10.0.0.1"
TEMPLATES = templates(["index", "sign-in", "en-us/claim/[token]", "admin/batches/[batch_id]/codes", "404"])


@pytest.fixture
def lines() -> Iterator[Callable[[], list[dict[str, Any]]]]:
    """Return what gives the JSON lines that are logged meanwhile, as an operator would read them."""
    written = io.StringIO()
    handler = logging.StreamHandler(written)
    handler.setFormatter(logs._Discreet())
    ours = logging.getLogger(logs.OURS)
    before = ours.level
    ours.addHandler(handler)
    ours.setLevel(logging.INFO)
    yield lambda: [json.loads(line) for line in written.getvalue().splitlines()]
    ours.setLevel(before)
    ours.removeHandler(handler)


def ask(path: str, *, peer: str = "203.0.113.9", **headers: str) -> httpx.Response:
    """Ask the plain routes, under the watch."""

    async def knock() -> httpx.Response:
        routes = api.build(program.guard.caller)
        routes.get("/broken/{secret}")(broken)
        watched = Watch(routes, TEMPLATES, frozenset({PROXY}))
        through = httpx.ASGITransport(watched, client=(peer, 4711))
        async with httpx.AsyncClient(transport=through, base_url="http://test") as client:
            return await client.get(path, headers={name.replace("_", "-"): text for name, text in headers.items()})

    return asyncio.run(knock())


@api.allow(Permission.PUBLIC)
def broken(secret: str) -> None:
    """Fail, with something secret at hand."""
    logging.getLogger("loyalty_app.broken").warning("about to fail")
    raise ValueError(secret)


# --- Numbers and lines. ----------------------------------------------------------------------------------------------


def test_an_answer_its_log_lines_and_its_apology_share_one_number(database, lines):
    answer = ask("/broken/hush-hush?token=hush-hush", Cookie="hush-hush")

    number = answer.headers[HEADER]
    assert f"error {number}." in answer.json()["detail"]
    warning, error, access = lines()
    assert {line["request_id"] for line in (warning, error, access)} == {number}
    assert (access["method"], access["route"], access["status"]) == ("GET", "/broken/{secret}", 500)
    assert access["ms"] >= 0
    assert error["level"] == "ERROR"
    assert error["error"].endswith("ValueError")
    assert "hush" not in json.dumps(lines())


def test_a_line_says_who_asked_by_number(database, lines):
    secret = SECRETS[sign_in(builders.ADMIN.account_id)]

    assert ask("/metrics", Cookie=f"{COOKIE}={secret}").status_code == 200
    assert ask("/healthz").status_code == 200

    known, stranger = lines()
    assert known["caller"] == f"account:{builders.ADMIN.account_id}"
    assert "caller" not in stranger
    assert secret not in json.dumps(lines())


@pytest.mark.parametrize(
    ("peer", "given", "is_kept"),
    [
        (PROXY, "0af7651916cd43dd8448eb211c80319c", True),
        (PROXY, "short", False),
        (PROXY, 'quote"and{brace}', False),
        (PROXY, "x" * 65, False),
        ("203.0.113.9", "0af7651916cd43dd8448eb211c80319c", False),
    ],
)
def test_only_a_trusted_proxy_may_bring_a_number_and_only_a_well_formed_one(database, peer, given, is_kept):
    answered = ask("/healthz", peer=peer, X_Request_ID=given).headers[HEADER]

    assert (answered == given) is is_kept
    assert re.fullmatch(r"[\w.-]{8,64}", answered)


def test_two_requests_have_two_numbers(database):
    assert ask("/healthz").headers[HEADER] != ask("/healthz").headers[HEADER]


@pytest.mark.parametrize(
    ("path", "route"),
    [
        ("/", "/"),
        ("/sign-in/", "/sign-in"),
        ("/en-us/claim/SECRET", "/en-us/claim/[token]"),
        ("/admin/batches/12/codes/", "/admin/batches/[batch_id]/codes"),
        ("/assets/index-4f2a.js", "/assets/"),
        ("/wp-login.php", "other"),
        ("/en-us/claim/SECRET/more", "other"),
    ],
)
def test_an_address_is_told_by_its_route(path, route):
    assert TEMPLATES(path) == route


def test_a_screens_apology_has_the_number_of_its_line(lines):
    told = errors.explain(ValueError("hush"))

    (line,) = lines()
    assert line["request_id"] in str(told.args)
    assert "hush" not in json.dumps(line)
    assert errors.explain(AppError("A caller's mistake."))
    assert len(lines()) == 1


def test_a_jobs_lines_say_which_job_it_was(database, lines):
    def fail(*_: object) -> None:
        raise RuntimeError

    job = doors.change(jobs.enqueue, "broken", 1, 1, now=times.now())
    engine.run(job.id, {"broken": engine.Kind(prepare=fail, fail=lambda *_: None)})

    taken, failed = lines()
    assert (taken["job"], taken["kind"], failed["job"], failed["level"]) == (job.id, "broken", job.id, "ERROR")
    assert worker.KINDS


def test_other_peoples_lines_are_not_quoted():
    record = logging.LogRecord("granian.x", logging.WARNING, "server.py", 7, "body: %s", ("hush",), None)

    line = json.loads(logs._Discreet().format(record))

    assert line["message"] == "something to look at, in server.py, line 7"


# --- Prometheus. -----------------------------------------------------------------------------------------------------


def test_a_program_on_this_machine_gets_the_numbers(database):
    batch = doors.change(builders.batch, 5, now=times.now())
    code = doors.change(builders.claimed, batch, now=times.now())
    assert code
    ask("/healthz")

    answer = ask("/metrics", peer="127.0.0.1")

    assert answer.status_code == 200
    told = dict(re.findall(r"^(\w+(?:\{[^}]*\})?) (\S+)$", answer.text, re.MULTILINE))
    assert float(told["loyalty_vouchers_claimed"]) == 1
    assert float(told["loyalty_vouchers_made"]) == 5
    assert float(told['loyalty_claim_attempts_last_hour{outcome="accepted"}']) == 1
    assert [float(told[f"loyalty_qr_codes_{name}"]) for name in ("made", "used", "active")] == [0, 0, 0]
    assert float(told['loyalty_jobs{status="failed"}']) == 0
    assert float(told['loyalty_http_requests_total{method="GET",route="/healthz",status="200"}']) >= 1
    assert "process_resident_memory_bytes" in told
    assert 'loyalty_build_info{version="' in answer.text


def test_printed_codes_and_what_they_paid_are_numbers_of_their_own(database):
    now = times.now()
    mia = doors.change(builders.member)
    for name, points, age in (("Cups", 20, 0), ("Flyer", 100, 60)):
        batch = doors.change(builders.scan_batch, 5, name=name, points=points, now=now - timedelta(days=age))
        ask = redemptions.Ask(builders.link(batch), mia)
        doors.change(redemptions.redeem_many, [ask], now=now - timedelta(days=age))
        doors.change(codes.disable_some, batch.id, [4, 5], by=builders.ADMIN, now=now)

    numbers = {one.name: one.values.get("") for one in doors.see(dashboard.readings, now=now)}

    assert [numbers[f"loyalty_qr_codes_{name}"] for name in ("made", "used", "active")] == [10, 2, 2]
    assert numbers["loyalty_points_paid"] == 120
    assert [numbers[f"loyalty_vouchers_{name}"] for name in ("made", "claimed", "redeemed")] == [0, 0, 0]


def test_goodwill_reversals_and_conflicts_are_numbers_of_their_own(database):
    till = replace(builders.CASHIER, device_id=doors.change(builders.device, doors.change(builders.place)).id)
    batch = doors.change(builders.batch)
    people = [doors.change(builders.member, name) for name in ("Ana", "Ben", "Cem")]
    late, used, undone = (doors.change(builders.claimed, batch, who) for who in people)
    for ask, now in (
        (redemptions.Ask(used, till), builders.NOON),
        (redemptions.Ask(undone, till), builders.NOON),
        (redemptions.Ask(used, till, scanned_at=builders.NOON), builders.NOON),
        (redemptions.Ask("ELSEWHERE", till, scanned_at=builders.NOON), builders.NOON),
        (redemptions.Ask(late, builders.LEAD, goodwill="Long queue"), builders.NOON + timedelta(days=40)),
    ):
        (answer,) = doors.change(redemptions.redeem_many, [ask], now=now)
        if ask.text == undone:
            doors.change(redemptions.reverse, answer.id, reason="", by=till, now=now)

    readings = {one.name: one.values for one in doors.see(dashboard.readings, now=builders.NOON)}

    assert readings["loyalty_redemptions"] == {"recorded": 1, "reversed": 1, "goodwill": 1}
    assert readings["loyalty_offline_conflicts"] == {"": 2}


@pytest.mark.parametrize(
    ("peer", "headers", "status"),
    [
        ("203.0.113.9", {}, 401),
        ("127.0.0.1", {"X_Forwarded_For": "203.0.113.9"}, 401),
        ("127.0.0.1", {"Forwarded": "for=203.0.113.9"}, 401),
        ("::1", {}, 200),
        ("::ffff:127.0.0.1", {}, 200),
        ("not-an-address", {}, 401),
    ],
)
def test_others_get_no_numbers(database, peer, headers, status):
    assert ask("/metrics", peer=peer, **headers).status_code == status


def test_nothing_that_a_caller_makes_up_becomes_a_label():
    metrics.count_request("BREW", "other", 404, 0.1)

    text = metrics.text([]).decode()
    assert "BREW" not in text
    assert 'method="other",route="other",status="404"' in text


def test_every_metric_is_in_the_documents(database):
    page = (CHECKOUT / "docs" / "operations.md").read_text(encoding="utf-8")
    readings = doors.see(dashboard.readings, now=times.now())
    ours = {line.split()[2] for line in metrics.text(readings).decode().splitlines() if line.startswith("# TYPE loy")}

    assert ours == set(re.findall(r"^\| `(loyalty_\w+)` \|", page, re.MULTILINE))


def test_the_questions_do_not_grow_with_what_happened(database, monkeypatch):
    monkeypatch.setattr(dashboard, "NEWEST", 2)
    batch = doors.change(builders.batch, 5, now=times.now())
    for name in ("Ana", "Ben", "Cem"):
        doors.change(builders.claimed, batch, doors.change(builders.member, name), now=times.now())

    readings = {reading.name: reading for reading in doors.see(dashboard.readings, now=times.now())}

    assert readings["loyalty_claim_attempts_last_hour"].values == {"accepted": 2}
