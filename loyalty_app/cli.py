"""The `loyalty` command."""

import functools
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, TypeVar

import typer
from sqlalchemy.engine import make_url

from loyalty_app import backup as backups
from loyalty_app.accounts import service as accounts
from loyalty_app.accounts.models import Role
from loyalty_app.apikeys import rules as key_rules
from loyalty_app.apikeys import service as apikeys
from loyalty_app.core import database, faults, logs, migrations, times
from loyalty_app.core.config import settings
from loyalty_app.core.errors import AppError
from loyalty_app.dashboard import service as dashboard
from loyalty_app.jobs import engine
from loyalty_app.jobs.models import Job, JobStatus
from loyalty_app.keyring import service as keyring
from loyalty_app.keys import service as keys
from loyalty_app.program import service as programs
from loyalty_app.sample import rules as sample

Verb = TypeVar("Verb", bound=Callable[..., Any])


class Commands(typer.Typer):
    """Commands that end with a sentence and 1 where a setting, the machine or the database does not allow them."""

    def command(self, name: str | None = None, *, makes_database: bool = False, **more: Any) -> Callable[[Verb], Verb]:
        """Declare a command; unless it makes the database, it needs one of this version."""

        def declare(verb: Verb) -> Verb:
            @functools.wraps(verb)
            def run(*args: Any, **kwargs: Any) -> None:
                try:
                    if not makes_database:
                        migrations.must_be_current()
                    verb(*args, **kwargs)
                except Exception as problem:
                    sentence = faults.sentence(problem)
                    if not sentence:
                        raise
                    typer.echo(sentence, err=True)
                    raise typer.Exit(1) from None

            super(Commands, self).command(name, **more)(run)
            return verb

        return declare


app = Commands(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)
ring = Commands(no_args_is_help=True, help="The keys that seal printed codes.")
app.add_typer(ring, name="keys")

KEYS_APART = (
    "The keys of printed codes are not in it: keep the file data/keys, or LOYALTY_SECRET_KEYS, safe and apart from it."
)
RESTART_SECONDS = 1.0
POLL_SECONDS = 0.1

SERVE_WHAT_IS_BUILT = {
    "REFLEX_ENV_MODE": "prod",
    "__REFLEX_SKIP_COMPILE": "true",
    "__REFLEX_MOUNT_FRONTEND_COMPILED_APP": "true",
}
"""How the framework is told that the pages are there already, and that Node is not needed."""

EVERY_SCOPE = "all"


@app.command(makes_database=True)
def serve() -> None:
    """Serve the program on one port, with its background worker."""
    migrate()
    with database.transaction() as session:
        _first_admin(session)
        secret = accounts.new_setup_secret(session)
    _look_at_keys()
    _announce(secret)

    from granian import Granian  # noqa: PLC0415 - only a server needs it
    from granian.constants import Interfaces  # noqa: PLC0415

    database.disconnect()  # the web processes open their own
    os.environ |= SERVE_WHAT_IS_BUILT
    server = Granian(
        "loyalty_app.loyalty_app:app",
        address=settings().host,
        port=settings().port,
        interface=Interfaces.ASGI,
        factory=True,
        workers=settings().workers,
        websockets=True,
        log_access=False,
    )
    with _Worker() if settings().job_worker else _Nobody():
        server.serve()


@app.command()
def worker() -> None:
    """Run background jobs only."""
    logs.set_up()
    _look_at_keys()
    from loyalty_app.worker import work  # noqa: PLC0415 - opens the queue

    work()


@app.command(makes_database=True)
def migrate() -> None:
    """Bring the database in step with this version."""
    logs.set_up()
    migrations.migrate(database.engine())


@app.command()
def create_user(
    email: Annotated[str, typer.Argument(help="With this they sign in.")],
    role: Annotated[Role, typer.Option(help="What they may do.")] = Role.STAFF,
    name: Annotated[str, typer.Option(help="Without it: what stands before the @.")] = "",
    password: Annotated[
        str,
        typer.Option(
            help="Without it you are asked.",
            envvar="LOYALTY_PASSWORD",
            prompt=True,
            hide_input=True,
            confirmation_prompt=True,
        ),
    ] = "",
) -> None:
    """Make an account for somebody who works here."""
    if role is Role.MEMBER:
        raise AppError("Members make their own accounts on the sign-up page.")
    who = accounts.newcomer(name or email.split("@", maxsplit=1)[0], email, password)
    with database.transaction() as session:
        accounts.create(session, who, role, by=accounts.SYSTEM, now=times.now())
    typer.echo(f"{who.email} can sign in as {role}.")


@app.command()
def create_api_key(
    name: Annotated[str, typer.Option(help="The program that will use it.")],
    scope: Annotated[
        list[str],
        typer.Option(
            metavar="SCOPE",
            help=f"What it may do; repeat it. `{EVERY_SCOPE}` is everything, a wrong one lists them.",
        ),
    ],
    expires: Annotated[
        datetime | None,
        typer.Option(metavar="DAY", formats=["%Y-%m-%d"], help="The first day without it, UTC, like 2027-01-31."),
    ] = None,
) -> None:
    """Make an API key; it is printed this once."""
    named = [one for one in scope if one != EVERY_SCOPE]
    scopes = named if named == scope else [*key_rules.SCOPES, *named]
    wish = apikeys.Wish(name, scopes, expires.replace(tzinfo=UTC) if expires else None)
    with database.transaction() as session:
        made = apikeys.create(session, wish, by=accounts.SYSTEM, now=times.now())
    typer.echo(made.secret)


@app.command()
def verify() -> None:
    """Recount every counter and balance from the rows; exit with 1 if one differs."""
    with database.reading() as session:
        differences = dashboard.differences(session)
    for difference in differences:
        typer.echo(difference)
    if differences:
        raise typer.Exit(1)
    typer.echo("Every counter and every balance equals the rows.")


@app.command()
def sample_data(
    *, anyway: Annotated[bool, typer.Option("--anyway", help="Also where there are batches already.")] = False
) -> None:
    """Make a small café to look around in, with six weeks of claims and scans."""
    with database.transaction() as session:
        owner = accounts.first_admin(session)
        if owner is None:
            raise AppError("Set the program up first: start it and open the link that it prints.")
        if dashboard.totals(session, by=accounts.SYSTEM).batches_ever and not anyway:
            raise AppError("There are batches already. Add the sample café beside them with --anyway.")
        job = programs.ask_for_sample_data(session, owner.id or 0, now=times.now())
    from loyalty_app.worker import KINDS  # noqa: PLC0415 - opens the queue

    while job.status in {JobStatus.QUEUED, JobStatus.RUNNING}:
        engine.run(job.id or 0, KINDS)  # a worker that runs may have taken it already
        with database.reading() as session:
            job = session.get_one(Job, job.id)
        time.sleep(POLL_SECONDS)
    if job.status is not JobStatus.DONE:
        raise AppError(f"The sample café could not be made: {job.problem or job.status}.")
    typer.echo(f"The café is open. These sign in with the password of {owner.email}:")
    for name, role in (*sample.STAFF, (sample.DEMO_MEMBER, Role.MEMBER)):
        typer.echo(f"  {sample.email_of(name)}  {role}")


@app.command()
def backup(file: Annotated[Path, typer.Argument(help="A new file; none is written over.")]) -> None:
    """Write everything into one file; the program may run meanwhile."""
    saved = backups.save(database.engine(), file)
    typer.echo(f"Saved {saved.rows:,} rows of {saved.tables} tables in {file}.")
    typer.echo(KEYS_APART)


@app.command(makes_database=True)
def restore(file: Annotated[Path, typer.Argument(help="A file that `loyalty backup` wrote.")]) -> None:
    """Fill an empty database of either kind from a backup file."""
    restored = backups.restore(database.engine(), file)
    typer.echo(f"Restored {restored.rows:,} rows of {restored.tables} tables. Everybody signs in again.")
    try:
        lost = _lost_keys()
    except AppError as problem:  # restored is restored; the next start asks again
        lost = str(problem)
    typer.echo(lost or "Its keys are here: codes that are printed already can be read.")


@ring.command("list")
def list_keys() -> None:
    """List the keys, and how many codes hang on each."""
    now = times.now()
    with database.reading() as session:
        kept = keyring.ring(session, by=accounts.SYSTEM, now=now)
    for one in kept:
        typer.echo(
            f"{one.key.id:>2}  made {times.wire(one.key.created_at)[:10]}  {one.key.standing:<19}"
            f"  {one.batches:,} batches, {one.unredeemed:,} unredeemed codes"
        )
    if not kept:
        typer.echo("There is no key yet. The first one is made when the program starts.")


@ring.command()
def rotate() -> None:
    """Make a new key, which seals new batches; codes of older keys stay good."""
    with database.transaction() as session:
        if keys.comes_from_setting():
            entry = keys.entry(session, by=accounts.SYSTEM, now=times.now())
            typer.echo("Add this to LOYALTY_SECRET_KEYS on every machine, and start again:", err=True)
            typer.echo(f",{entry}")
            return
        made = keys.rotate(session, by=accounts.SYSTEM, now=times.now())
    typer.echo(f"Key {made} seals new batches from now on. Keep a copy of {settings().data_dir / keys.FILE}.")


@ring.command()
def retire(
    number: Annotated[int, typer.Argument(help="The key's number; `loyalty keys list` tells it.")],
    *,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Refuse every code that a key sealed, for good."""
    with database.reading() as session:
        lost = keyring.impact(session, number, by=accounts.SYSTEM, now=times.now())
    typer.echo(
        f"Key {number}: {lost.batches:,} batches, {lost.unredeemed:,} unredeemed codes. Of these"
        f" {lost.redeemable:,} could be redeemed now, for {lost.points:,} points. All of them would be refused, for"
        " good."
    )
    if not yes:
        typer.confirm(f"Retire key {number}?", abort=True)
    with database.transaction() as session:
        keys.retire(session, number, by=accounts.SYSTEM, now=times.now())
    typer.echo(f"Key {number} is retired.")


def _look_at_keys() -> None:
    if lost := _lost_keys():
        typer.echo(lost, err=True)


def _lost_keys() -> str:
    with database.transaction() as session:
        keys.ensure(session, now=times.now())
        lost = " and ".join(map(str, keys.missing(session)))
    return lost and (
        f"The secret of key {lost} is not here: printed codes of it are refused until you bring back the key file"
        f" {settings().data_dir / keys.FILE}, or the setting LOYALTY_SECRET_KEYS."
    )


def _first_admin(session: database.Session) -> None:
    email, password = settings().admin_email, settings().admin_password.get_secret_value()
    if not (email and password) or programs.is_set_up(session):
        return
    try:
        admin = accounts.newcomer(email.split("@", maxsplit=1)[0], email, password)
        accounts.set_up_from_settings(session, admin, accounts.ProgramDetails(), now=times.now())
    except AppError as problem:
        raise AppError(
            f"The first admin could not be made from LOYALTY_ADMIN_EMAIL and LOYALTY_ADMIN_PASSWORD: {problem}"
        ) from problem
    typer.echo(f"Made the first admin, {admin.email}.")


def _announce(secret: str | None) -> None:
    address = settings().origin
    if make_url(settings().database).get_backend_name() == "sqlite" and settings().workers > 1:
        raise AppError("LOYALTY_WORKERS above 1 needs PostgreSQL: set LOYALTY_DATABASE_URL.")
    typer.echo("")
    if secret:
        typer.echo("  Nobody is here yet. Open this link once to set up the program and its first admin:")
        typer.echo(f"\n  {address}/setup/?token={secret}\n")
    else:
        typer.echo(f"  Open {address}/\n")
    sys.stdout.flush()


class _Nobody:
    """Stands in where the worker runs elsewhere."""

    def __enter__(self) -> None:
        """Start nothing."""

    def __exit__(self, *_: object) -> None:
        """Stop nothing."""


class _Worker:
    """The background worker as a process of its own, started again whenever it dies."""

    def __init__(self) -> None:
        """Prepare to start it."""
        self._stopping = threading.Event()
        self._process: subprocess.Popen[bytes] | None = None
        self._watcher = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> None:
        """Start it."""
        # Before the server forks: a child born in the middle of this keeps the pipe open on which the start is awaited.
        self._process = self._start()
        self._watcher.start()

    def __exit__(self, *_: object) -> None:
        """Stop it, and wait until it has stopped."""
        self._stopping.set()
        if self._process:
            self._process.terminate()
        self._watcher.join(timeout=10)

    def _watch(self) -> None:
        while self._process:
            self._process.wait()
            if self._stopping.wait(RESTART_SECONDS):
                return
            self._process = self._start()

    def _start(self) -> subprocess.Popen[bytes]:
        return subprocess.Popen([sys.executable, "-m", "loyalty_app.cli", "worker"], env=os.environ)


if __name__ == "__main__":
    app()
