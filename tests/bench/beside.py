"""A claim and a scan, while 100,000 codes are made beside them, in the program as it is served."""

import tempfile
import time
from itertools import cycle
from pathlib import Path

import httpx
from sqlmodel import select

from loyalty_app.apikeys import service as apikeys
from loyalty_app.batches import service as batches
from loyalty_app.core import database, times
from loyalty_app.core.actor import Permission
from loyalty_app.jobs import service as jobs
from loyalty_app.jobs.models import JobStatus
from loyalty_app.members.models import Member
from tests import builders
from tests.bench.harness import ROUNDS, Row, hire_members, median, must, must_be_counted, percentile
from tests.doors import change, rows, see
from tests.journeys.server import served

CODES = 100_000
MEMBERS = 3_000
IDLE = 80
"""Claims and scans in quiet, before each batch is made."""
KEYS = 12
"""Each key may do only so much a minute."""
PAUSE = 0.01
"""Between one call and the next: people, not a flood."""
PATIENCE = 120


def run(place):
    """Return the rows of one database."""
    with tempfile.TemporaryDirectory(prefix="loyalty-bench-") as folder, place.empty() as url:
        setting = {} if place.kind == "sqlite" else {"LOYALTY_DATABASE_URL": url}
        with served(Path(folder), **setting) as server:
            opened = database.connect(server.database_url)
            try:
                return measure(place, server)
            finally:
                opened.dispose()


def measure(place, server):
    """Claim and scan in quiet, and while a batch is made; say how much longer it took."""
    batch = change(builders.batch, MEMBERS, now=times.now())
    hire_members(MEMBERS)
    wish = apikeys.Wish("Bench", [Permission.CLAIM_FOR_MEMBERS, Permission.REDEEM], None)
    keys = cycle(change(apikeys.create, wish, by=builders.ADMIN, now=times.now()).secret for _ in range(KEYS))
    todo = iter([member.id for member in rows(Member)])
    quiet, busy = {"claim": [], "scan": []}, {"claim": [], "scan": []}
    with httpx.Client(base_url=f"{server.url}/api/v1", auth=lambda request: signed(request, next(keys))) as client:
        for _ in range(ROUNDS):
            for _ in range(IDLE):
                claim_and_scan(client, batch.id, next(todo), quiet)
            made = change(builders.batch, 0, now=times.now(), quantity=str(CODES))
            began = time.perf_counter()
            while (job := job_of(made.id)).status is not JobStatus.DONE:
                must(time.perf_counter() - began < PATIENCE, "the batch was made in time")
                waits = busy if job.status is JobStatus.RUNNING else {"claim": [], "scan": []}
                claim_and_scan(client, batch.id, next(todo), waits)
            must(see(batches.get, made.id).made == CODES, "exactly so many codes were made")
    must_be_counted()
    return [row(place, what, quiet[what], busy[what]) for what in quiet]


def claim_and_scan(client, batch_id, member_id, waits):
    """Let a member claim a voucher, redeem it, and note how long each took."""
    code = timed(client, f"/batches/{batch_id}/claims", {"memberId": member_id}, waits["claim"])["code"]
    timed(client, "/redemptions", {"code": code}, waits["scan"])


def signed(request, key):
    """Return a request with a key of ours."""
    request.headers["Authorization"] = f"Bearer {key}"
    return request


def timed(client, path, body, waits):
    """Send a request that makes something, and return what was made."""
    began = time.perf_counter()
    answer = client.post(path, json=body)
    waits.append(time.perf_counter() - began)
    must(answer.status_code == httpx.codes.CREATED, answer.text)
    time.sleep(PAUSE)
    return answer.json()


def job_of(batch_id):
    """Return the job that makes a batch, as it stands now."""
    return see(lambda session: session.exec(select(jobs.Job).where(jobs.Job.subject_id == batch_id)).one())


def row(place, what, quiet, busy):
    """Return one line of the table."""
    ratio = median(busy) / median(quiet)
    ours, theirs = (
        f"p50 {median(waits) * 1000:.1f} ms, p95 {percentile(waits, 0.95) * 1000:.1f} ms" for waits in (busy, quiet)
    )
    return Row(
        f"a {what} while {CODES:,} codes are made, {place.name}",
        ours,
        f"{theirs}, idle",
        f"{ratio:.2f}",
        "≤ 2",
        ratio <= 2,
    )
