"""What an operator does with the keys, by command."""

import pytest
from typer.testing import CliRunner

from loyalty_app import cli
from loyalty_app.core.config import settings
from loyalty_app.keys import rules
from loyalty_app.keys import service as keys
from loyalty_app.keys.service import Standing
from tests import builders
from tests.builders import ADMIN
from tests.doors import change, see

pytestmark = pytest.mark.usefixtures("database")


@pytest.fixture(autouse=True)
def folder(monkeypatch, tmp_path):
    """Keep the keys in a file of this test's own."""
    monkeypatch.setenv("LOYALTY_SECRET_KEYS", "")
    monkeypatch.setenv("LOYALTY_DATA_DIR", str(tmp_path / "data"))
    settings.cache_clear()
    yield tmp_path / "data"
    settings.cache_clear()


def run(*words, said=None):
    return CliRunner().invoke(cli.app, ["keys", *words], input=said)


def test_an_operator_lists_makes_and_retires_keys():
    assert "no key yet" in run("list").output
    change(builders.scan_batch, 3)

    made = run("rotate")
    assert (made.exit_code, "Key 2 seals new batches" in made.output) == (0, True), made.output
    lines = run("list").output.splitlines()
    assert ["seals new batches" in lines[0], "good" in lines[1], "1 batches, 3 unredeemed codes" in lines[1]] == [
        True,
        True,
        True,
    ]

    kept = run("retire", "1", said="n\n")
    assert kept.exit_code == 1
    assert "3 unredeemed codes" in kept.output
    assert {one.standing for one in see(keys.listed, by=ADMIN)} == {Standing.SEALS, Standing.GOOD}
    gone = run("retire", "1", "--yes")
    assert (gone.exit_code, "Key 1 is retired." in gone.output) == (0, True), gone.output
    assert "retired" in run("list").output
    assert run("retire", "2", "--yes").exit_code == 1
    assert run("retire", "9", "--yes").exit_code == 1


def test_keys_of_the_setting_are_printed_to_be_added(monkeypatch, folder):
    monkeypatch.setenv("LOYALTY_SECRET_KEYS", f"1:{rules.new_secret()}")
    settings.cache_clear()

    said = run("rotate")
    assert said.exit_code == 0, said.output
    entry = said.stdout.strip().removeprefix(",")
    assert entry.startswith("2:")
    assert rules.cipher(entry[2:])
    assert not folder.exists()


@pytest.mark.parametrize("start", ["serve", "worker"])
def test_a_start_with_a_wrong_key_file_stops_with_a_sentence(folder, start):
    folder.mkdir()
    (folder / "keys").touch(mode=0o644)
    (folder / "keys").write_text(f"1:{rules.new_secret()}\n")
    (folder / "keys").chmod(0o644)

    said = CliRunner().invoke(cli.app, [start])

    assert (said.exit_code, "chmod 600" in said.stderr) == (1, True), said.output


def test_a_start_without_the_file_of_a_known_key_says_what_is_lost(folder, capsys):
    change(builders.scan_batch, 1)
    (folder / "keys").unlink()

    cli._look_at_keys()

    assert "The secret of key 1 is not here" in capsys.readouterr().err
