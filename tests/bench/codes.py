"""Storing a batch of 100,000 codes: the app's own job, and the raw load of the same rows."""

import multiprocessing
import sqlite3
import threading
import time

import psutil
import psycopg
import sqlalchemy as sa

from loyalty_app import worker
from loyalty_app.batches import rules
from loyalty_app.batches import service as batches
from loyalty_app.batches.models import Alphabet
from loyalty_app.codes import alphabet
from loyalty_app.codes.models import Code
from loyalty_app.core import database, times
from loyalty_app.jobs import engine
from loyalty_app.jobs import service as jobs
from tests import builders
from tests.bench.harness import Row, compare, median, must, must_be_counted
from tests.doors import change, see

CODES = 100_000
SLOW_CODES = 4_000
"""For the way that is too slow to wait for; scaled up."""
INSERT = "insert into code (batch_id, serial, code, status) values "


def run(place):
    """Return the rows of one database."""
    contenders = {"sqlite": SQLITE, "postgresql": POSTGRESQL}[place.kind]
    results = compare({name: lambda load=load: load(place) for name, load in ({"ours": ours} | contenders).items()})
    ours_took = median(results["ours"])
    table = []
    for name in contenders:
        ratio = median(our / their for our, their in zip(results["ours"], results[name], strict=True))
        is_limit = name != SLOW
        table.append(
            Row(
                f"100,000 codes made and stored, {place.name}",
                f"{ours_took:.2f} s",
                f"{median(results[name]):.2f} s, {name}",
                f"{ratio:.2f} of the limit" if is_limit else f"{1 / ratio:.0f}× faster",
                *(("≤ 1.5", ratio <= 1.5) if name == LIMIT else ()),
            )
        )
    grown = median(memory(place) for _ in range(1))
    table.append(Row(f"memory while storing them, {place.name}", f"+{grown:.0f} MB", "–", "–", "< 40 MB", grown < 40))
    return table


def ours(place):
    """Make a batch, and run its job as the worker does, step by step."""
    with place.opened():
        job_id = _batch(CODES)
        began = time.perf_counter()
        engine.run(job_id, worker.KINDS)
        seconds = time.perf_counter() - began
        must_be_counted()
        must(_stored() == CODES, "all codes are stored")
    return seconds


def sqlite_executemany(place):
    """Let the driver store rows that are ready, in one transaction."""
    with place.opened() as url:
        rows = _rows(_batch(CODES), CODES)
        connection = sqlite3.connect(sa.make_url(url).database or "", isolation_level=None)
        database._prepare_sqlite(connection, None)
        began = time.perf_counter()
        connection.execute("begin immediate")
        connection.executemany(INSERT + "(?, ?, ?, ?)", rows)
        connection.execute("commit")
        seconds = time.perf_counter() - began
        connection.close()
        must(_stored() == CODES, "all codes are stored")
    return seconds


def copy(place):
    """Let PostgreSQL's own bulk load store rows that are ready."""
    with place.opened() as url:
        rows = _rows(_batch(CODES), CODES)
        with psycopg.connect(url) as connection:
            began = time.perf_counter()
            with connection.cursor().copy("copy code (batch_id, serial, code, status) from stdin") as load:
                load.write("".join("%s\t%s\t%s\t%s\n" % row for row in rows))  # noqa: UP031 - the row is the argument
            connection.commit()
            seconds = time.perf_counter() - began
        must(_stored() == CODES, "all codes are stored")
    return seconds


def psycopg_executemany(place):
    """Let the driver store rows that are ready, in one transaction."""
    with place.opened() as url:
        rows = _rows(_batch(CODES), CODES)
        with psycopg.connect(url) as connection:
            began = time.perf_counter()
            connection.cursor().executemany(INSERT + "(%s, %s, %s, %s)", rows)
            connection.commit()
            seconds = time.perf_counter() - began
        must(_stored() == CODES, "all codes are stored")
    return seconds


def add_all(place):
    """Store them as the tutorials do."""
    with place.opened():
        rows = _rows(_batch(SLOW_CODES), SLOW_CODES)
        began = time.perf_counter()
        with database.transaction() as session:
            session.add_all([Code(batch_id=batch, serial=serial, code=code) for batch, serial, code, _ in rows])
        return (time.perf_counter() - began) * CODES / SLOW_CODES


LIMIT = "raw executemany"
SLOW = f"`session.add_all` (scaled from {SLOW_CODES:,})"
SQLITE = {LIMIT: sqlite_executemany, SLOW: add_all}
POSTGRESQL = {LIMIT: psycopg_executemany, "COPY": copy, SLOW: add_all}


def memory(place):
    """Return by how many megabytes a process grows at most while it makes and stores a batch."""
    with place.opened() as url:
        job_id = _batch(CODES)
        with multiprocessing.get_context("spawn").Pool(1) as process:
            return process.apply(_grow, (url, job_id))


def _grow(url, job_id):
    database.connect(url)
    see(jobs.waiting, now=times.now())
    process, most, done = psutil.Process(), [0], threading.Event()
    before = process.memory_info().rss

    def watch():
        while not done.wait(0.005):
            most[0] = max(most[0], process.memory_info().rss)

    watching = threading.Thread(target=watch)
    watching.start()
    engine.run(job_id, worker.KINDS)
    done.set()
    watching.join()
    return max(0, most[0] - before) / 1e6


def _batch(quantity):
    batch = change(builders.batch, 0, now=times.now(), quantity=str(quantity))
    return see(jobs.of_subject, batches.GENERATE_CODES, [batch.id])[batch.id].id


def _rows(_job, quantity):
    """Return the same rows that the job would make, ready to be stored."""
    made = alphabet.make("", rules.CHARACTERS[Alphabet.SAFE], 10, quantity)
    return [(1, serial, code, "active") for serial, code in enumerate(made, 1)]


def _stored():
    return see(lambda session: session.execute(sa.select(sa.func.count()).select_from(Code)).scalar_one())
