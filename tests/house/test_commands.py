"""Every command ends with a sentence where the machine or the database does not allow it, and its help fits."""

import os
import re
import shutil
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
import typer.main
from alembic import command
from alembic.config import Config
from sqlalchemy.exc import DBAPIError
from typer.testing import CliRunner, Result

from loyalty_app import backup, cli
from loyalty_app.apikeys import rules
from loyalty_app.apikeys.models import ApiKey
from loyalty_app.core import database as databases
from loyalty_app.core import faults, migrations
from loyalty_app.core.config import settings
from tests import doors

PYPROJECT = migrations.CHECKOUT / "pyproject.toml"
COLUMNS, ROWS = 80, 24
NOBODY = 65534

WORDS = {
    "serve": (),
    "worker": (),
    "migrate": (),
    "create-user": ("ada@example.com", "--password", "correct horse"),
    "create-api-key": ("--name", "Till", "--scope", "redeem"),
    "verify": (),
    "sample-data": (),
    "backup": ("new.zip",),
    "restore": ("old.zip",),
    "keys list": (),
    "keys rotate": (),
    "keys retire": ("1", "--yes"),
}
"""An example of each command."""
MAKING = {"serve", "migrate", "restore"}
"""Those that make a database where there is none."""


def commands(group: Any, *above: str) -> Iterator[tuple[str, Any]]:
    """Yield every command and every group of commands, by what is typed for it."""
    for name, one in group.commands.items():
        yield " ".join((*above, name)), one
        if hasattr(one, "commands"):
            yield from commands(one, *above, name)


ALL = dict(commands(typer.main.get_group(cli.app)))
HELD = sorted(name for name, one in ALL.items() if not hasattr(one, "commands"))


@pytest.fixture(scope="module")
def saved(sqlite_templates: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a backup file."""
    file = tmp_path_factory.mktemp("saved") / "old.zip"
    opened = databases.connect(f"sqlite:///{sqlite_templates / 'furnished.db'}")
    backup.save(opened, file)
    databases.disconnect()
    return file


@pytest.fixture(autouse=True)
def folder(saved: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Run in a folder in which there is a backup, and nothing else."""
    place = tmp_path / "shop"
    place.mkdir(mode=0o755)
    shutil.copy(saved, place)
    (place / "old.zip").chmod(0o644)
    monkeypatch.chdir(place)
    for name in [name for name in os.environ if name.startswith("LOYALTY_") and name != "LOYALTY_SECRET_KEYS"]:
        monkeypatch.delenv(name)
    with fresh_settings():
        yield place


@contextmanager
def fresh_settings() -> Iterator[None]:
    databases.disconnect()
    settings.cache_clear()
    yield
    databases.disconnect()
    settings.cache_clear()


def run(name: str, *words: str) -> Result:
    return CliRunner().invoke(cli.app, [*name.split(), *(words or WORDS[name])], prog_name="loyalty")


def sentence_of(name: str) -> str:
    """Run a command that cannot be carried out, and return what it says."""
    said = run(name)
    assert isinstance(said.exception, SystemExit), said.exception
    assert (said.exit_code, said.stdout) == (1, ""), said.output
    assert re.fullmatch(r"[^\n]+\.\n", said.stderr), said.stderr
    assert not re.search(r"Traceback|Error|sqlalche|select ", said.stderr), said.stderr
    return said.stderr.strip()


def files(place: Path) -> set[str]:
    return {str(file.relative_to(place)) for file in place.rglob("*")}


def test_every_command_has_an_example():
    assert set(HELD) == set(WORDS)


@pytest.mark.parametrize("name", ["", *ALL])
def test_the_help_of_every_command_fits_a_terminal(name, monkeypatch):
    monkeypatch.setenv("COLUMNS", str(COLUMNS))
    monkeypatch.setenv("TERMINAL_WIDTH", str(COLUMNS))

    said = run(name, "--help")

    lines = said.stdout.rstrip().splitlines()
    assert (said.exit_code, f"Usage: loyalty {name}".strip() in said.stdout) == (0, True), said.output
    assert max(map(len, lines)) <= COLUMNS
    assert len(lines) <= ROWS


@pytest.mark.parametrize("name", ALL)
def test_everything_in_the_help_of_a_command_is_explained(name):
    one = ALL[name]
    assert one.help
    assert len(one.help) <= COLUMNS
    unexplained = [part.name for part in one.params if not getattr(part, "help", None)]
    assert unexplained == []
    long = [part.name for part in one.params if len(part.help) > COLUMNS]
    assert long == []


@pytest.mark.parametrize("name", sorted(set(HELD) - MAKING))
def test_in_an_empty_folder_a_command_says_how_a_database_is_made(name, folder):
    before = files(folder)

    assert re.search(r"no database .* data/loyalty\.db yet: .*`loyalty serve`", sentence_of(name))
    assert files(folder) == before


@pytest.mark.parametrize("name", sorted(set(HELD) - MAKING))
def test_a_database_without_tables_is_none_yet(name, empty_database):
    command.downgrade(Config(toml_file=PYPROJECT), "base")

    assert "no database of this program" in sentence_of(name)


@pytest.mark.parametrize("name", sorted(set(HELD) - MAKING))
def test_an_older_database_has_to_be_migrated(name, empty_database):
    command.downgrade(Config(toml_file=PYPROJECT), "0002")

    assert re.search(r"An older version .*`loyalty migrate`", sentence_of(name))


@pytest.mark.parametrize("name", HELD)
def test_a_newer_database_is_left_to_its_version(name, empty_database):
    with empty_database.begin() as connection:
        connection.execute(sa.text("update alembic_version set version_num = '9999'"))

    assert "A newer version of the program" in sentence_of(name)
    with empty_database.connect() as connection:
        assert connection.execute(sa.text("select version_num from alembic_version")).scalar_one() == "9999"


@pytest.mark.parametrize("name", HELD)
def test_a_folder_where_the_database_should_be_is_named(name, folder):
    (folder / "data" / "loyalty.db").mkdir(parents=True)
    before = files(folder)

    assert "data/loyalty.db is a folder, not a database" in sentence_of(name)
    assert files(folder) == before


@pytest.mark.parametrize("content", [b"Once upon a time", bytes(range(256)) * 20])
@pytest.mark.parametrize("name", HELD)
def test_a_file_that_is_no_database_is_named_and_left_as_it_is(name, content, folder):
    (folder / "data").mkdir()
    (folder / "data" / "loyalty.db").write_bytes(content)
    before = files(folder)

    assert "data/loyalty.db is not an SQLite database" in sentence_of(name)
    assert (files(folder), (folder / "data" / "loyalty.db").read_bytes()) == (before, content)


@pytest.mark.parametrize("name", HELD)
def test_a_folder_that_cannot_be_made_is_named(name, folder):
    (folder / "data").touch()
    before = files(folder)

    assert re.search("data.* cannot be used: |no database .* yet", sentence_of(name))
    assert files(folder) == before


@pytest.mark.parametrize("name", HELD)
@pytest.mark.parametrize("is_there", [False, True])
def test_a_folder_that_cannot_be_written_is_named(name, is_there, folder, sqlite_templates):
    (folder / "data").mkdir()
    if is_there:
        shutil.copy(sqlite_templates / "furnished.db", folder / "data" / "loyalty.db")
        (folder / "data" / "loyalty.db").chmod(0o444)
    before = files(folder)

    with without_rights(folder / "data", folder):
        said = sentence_of(name)

    assert re.search("data.* cannot be (used|opened|written)|no database .* yet", said), said
    assert files(folder) == before


@contextmanager
def without_rights(*folders: Path) -> Iterator[None]:
    """Let nothing be written in the folders, also if the tests run as the one who may write everywhere."""
    who = os.geteuid()
    for place in folders:
        place.chmod(0o555)
    try:
        if who == 0:
            os.seteuid(NOBODY)
        yield
    finally:
        os.seteuid(who)
        for place in folders:
            place.chmod(stat.S_IRWXU)


@pytest.mark.parametrize("name", HELD)
def test_a_postgresql_that_does_not_answer_is_named_without_its_password(name, folder, monkeypatch):
    before = files(folder)
    said = sentence_at("postgresql://ada:secret@127.0.0.1:1/shop", name, monkeypatch)

    assert re.search(r"postgresql://ada:\*\*\*@127\.0\.0\.1:1/shop cannot be used: .*Connection refused\. See", said)
    assert "secret" not in said
    assert files(folder) == before


@pytest.mark.parametrize("name", HELD)
def test_a_postgresql_that_refuses_is_quoted(name, monkeypatch, postgresql_server):
    address = sa.make_url(postgresql_server.get_uri("shop")).set(username="ada", password="secret")
    said = sentence_at(address.render_as_string(hide_password=False), name, monkeypatch)

    assert re.search(r"/shop cannot be used: .*FATAL: .*\. See", said)
    assert "secret" not in said


@pytest.mark.parametrize("name", HELD)
@pytest.mark.parametrize("address", ["secret", "mysql://ada:secret@shop/x", "postgresql://ada:secret@shop:port/x"])
def test_an_address_of_another_kind_is_refused(name, address, monkeypatch):
    said = sentence_at(address, name, monkeypatch)

    assert "LOYALTY_DATABASE_URL is not an address of PostgreSQL or SQLite" in said
    assert "secret" not in said


@pytest.mark.parametrize("name", HELD)
def test_a_setting_that_cannot_be_read_is_named(name, monkeypatch):
    monkeypatch.setenv("LOYALTY_PORT", "secret")

    said = sentence_of(name)

    assert "The setting LOYALTY_PORT is not right" in said
    assert "secret" not in said


def sentence_at(address: str, name: str, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("LOYALTY_DATABASE_URL", address)
    with fresh_settings():
        return sentence_of(name)


@pytest.mark.parametrize("name", sorted(MAKING - {"serve"}))
def test_what_makes_a_database_makes_it_in_an_empty_folder(name, folder):
    said = run(name)

    assert said.exit_code == 0, said.output
    assert (folder / "data" / "loyalty.db").exists()
    assert run("verify").exit_code == 0


def test_a_restore_without_its_file_makes_nothing(folder):
    (folder / "old.zip").unlink()

    assert "could not be read" in sentence_of("restore")
    assert files(folder) == set()


def test_a_queue_that_cannot_be_opened_is_named(folder, sqlite_copies):
    (folder / "data" / faults.QUEUE).mkdir(parents=True)

    with sqlite_copies("furnished") as address:
        databases.connect(address)
        assert "data/queue.db is a folder" in sentence_of("worker")


@pytest.mark.parametrize("scopes", [["all"], ["all", "redeem"]])
def test_a_key_for_everything_has_every_scope(database, scopes):
    words = [word for scope in scopes for word in ("--scope", scope)]

    made = run("create-api-key", "--name", "Till", *words)

    assert (made.exit_code, made.stdout.startswith(rules.START)) == (0, True), made.output
    assert doors.rows(ApiKey)[-1].scopes == list(rules.SCOPES)


@pytest.mark.parametrize("scopes", [["fly"], ["all", "fly"]])
def test_a_scope_that_there_is_not_is_answered_with_those_that_there_are(database, scopes):
    words = [word for scope in scopes for word in ("--scope", scope)]

    refused = run("create-api-key", "--name", "Till", *words)

    assert (refused.exit_code, refused.stdout) == (1, "")
    assert refused.stderr.startswith("There is no scope fly. There are: ")
    assert all(scope in refused.stderr for scope in rules.SCOPES)
    assert doors.rows(ApiKey) == []


@pytest.mark.parametrize("fault", [KeyError("x"), OSError(), DBAPIError("select 1", {}, ValueError("x"))])
def test_a_fault_of_the_program_itself_is_no_sentence(database, fault, monkeypatch):
    monkeypatch.setattr(cli.dashboard, "differences", raising(fault))

    assert run("verify").exception is fault


def raising(fault: Exception) -> Callable[..., Any]:
    def refuse(*_args: object, **_more: object) -> None:
        raise fault

    return refuse
