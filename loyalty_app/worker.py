"""The queue, and which kind of job runs which step."""

import functools
import logging
import os
import signal
import threading
import time

from huey import PostgresHuey, SqliteHuey
from huey.api import Huey, TaskWrapper

import loyalty_app.tables  # noqa: F401 - a key may point at a table that nothing else here needs
from loyalty_app.batches import service as batches
from loyalty_app.codes import step as codes
from loyalty_app.core import answered, database, faults, times
from loyalty_app.core.config import settings
from loyalty_app.exports import service as exports
from loyalty_app.exports import step as files
from loyalty_app.jobs import engine
from loyalty_app.jobs import service as jobs
from loyalty_app.mail import service as mails
from loyalty_app.mail import step as post
from loyalty_app.program import service as programs
from loyalty_app.redemptions import service as redemptions
from loyalty_app.redemptions import step as index
from loyalty_app.sample import step as sample

KINDS = {
    batches.GENERATE_CODES: engine.Kind(prepare=codes.prepare, fail=batches.fail, gives_way=True),
    programs.SAMPLE_DATA: engine.Kind(prepare=sample.prepare, fail=sample.give_up, step_takes=sample.TAKES),
    exports.PREPARE_FILE: engine.Kind(prepare=files.prepare, fail=exports.fail, step_takes=files.TAKES),
    mails.SEND_MAIL: engine.Kind(prepare=post.prepare, fail=mails.give_up, step_takes=post.TAKES, prepares_once=True),
    redemptions.TIDY_INDEX: engine.Kind(prepare=index.prepare, fail=index.give_up, gives_way=True),
}

THREADS = 2
SWEEP_SECONDS = 2.0
FORGET_SECONDS = 600.0

log = logging.getLogger(__name__)


@functools.cache
def queue() -> Huey:
    """Return the queue: a file beside the SQLite file, or tables in PostgreSQL."""
    opened = database.engine()
    if database.is_sqlite(opened):
        settings().data_dir.mkdir(parents=True, exist_ok=True)  # the database may be elsewhere
        return SqliteHuey("loyalty", filename=str(settings().data_dir / faults.QUEUE), fsync=False)
    address = opened.url.set(drivername="postgresql").render_as_string(hide_password=False)
    return PostgresHuey("loyalty", dsn=address)


@functools.cache
def _run_task() -> TaskWrapper:
    return queue().task(name="run_job")(lambda job_id: engine.run(job_id, KINDS))


def tell_the_queue() -> None:
    """Hand every job committed by this process to the queue."""
    jobs.hand_over.append(_ring)


def work() -> None:
    """Run jobs until told to stop, and take over those of a process that died."""
    task = _run_task()
    consumer = queue().create_consumer(workers=THREADS, periodic=False, backoff=1.0, max_delay=1.0, initial_delay=0.05)
    parent = os.getppid()

    def sweep() -> None:
        forgotten = 0.0
        while True:
            if os.getppid() != parent:  # the server that started us was killed; it will start another
                os.kill(os.getpid(), signal.SIGINT)
                return
            try:
                with database.reading() as session:
                    left = jobs.waiting(session, now=times.now())
                for job_id in left:
                    task(job_id)
                if time.monotonic() > forgotten + FORGET_SECONDS:
                    database.change(answered.sweep, now=times.now())
                    database.change(exports.sweep, now=times.now())
                    forgotten = time.monotonic()
            except Exception:  # the database may be away for a moment; the next round tries again
                log.exception("the sweep failed")
            time.sleep(SWEEP_SECONDS)

    threading.Thread(target=sweep, daemon=True, name="sweep").start()
    consumer.run()


def _ring(job_id: int) -> None:
    _run_task()(job_id)
