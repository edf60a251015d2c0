"""The key ring: made once, never mixed up with another, and never lost without a word."""

import base64
import threading
from pathlib import Path

import pytest

from loyalty_app.batches import service as batches
from loyalty_app.codes import service as codes
from loyalty_app.core import database as databases
from loyalty_app.core.config import settings
from loyalty_app.core.errors import ForbiddenError, NotFoundError
from loyalty_app.core.reasons import Reason
from loyalty_app.keys import rules
from loyalty_app.keys import service as keys
from loyalty_app.keys.models import TokenKey
from loyalty_app.keys.service import KeysError, Standing
from tests import builders
from tests.builders import ADMIN, MARKETER, NOON
from tests.doors import at_once, change, give_way, rows, see

pytestmark = pytest.mark.usefixtures("database")


@pytest.fixture(autouse=True)
def folder(monkeypatch, tmp_path):
    """Keep the keys in a file of this test's own."""
    return use(monkeypatch, tmp_path / "data")


def use(monkeypatch, folder, ring=""):
    """Run on as on a machine with that folder and that setting."""
    monkeypatch.setenv("LOYALTY_SECRET_KEYS", ring)
    monkeypatch.setenv("LOYALTY_DATA_DIR", str(folder))
    settings.cache_clear()
    return folder


@pytest.fixture(autouse=True)
def settings_of_before():
    yield
    settings.cache_clear()


def standings():
    return {one.id: one.standing for one in see(keys.listed, by=ADMIN)}


def ensure():
    change(keys.ensure, now=NOON)


def rotate():
    return change(keys.rotate, by=ADMIN, now=NOON)


def what_is(batch):
    """Say what the first code of a batch is taken for."""
    token = builders.link(batch).rpartition("=")[2]
    return see(codes.by_tokens, [token])[token]


def test_the_first_key_is_made_once_for_this_machine_alone(folder):
    ensure()
    before = (folder / "keys").read_text()
    ensure()

    assert (folder / "keys").read_text() == before
    assert (folder / "keys").stat().st_mode & 0o777 == 0o600
    assert [path.name for path in folder.iterdir()] == ["keys"]
    assert standings() == {1: Standing.SEALS}
    (key,) = rows(TokenKey)
    assert key.fingerprint not in before
    assert before.split(":")[1].strip() not in repr(key)


@pytest.mark.usefixtures("other_processes")
def test_processes_that_start_at_once_make_one_key(folder):
    at_once([ensure] * 8)

    assert len((folder / "keys").read_text().splitlines()) == len(rows(TokenKey)) == 1
    batch = change(builders.scan_batch, 1)
    assert not isinstance(what_is(batch), Reason)


def test_a_rotation_seals_new_batches_and_leaves_the_old_good():
    old = change(builders.scan_batch, 1)
    assert rotate() == 2
    new = change(builders.scan_batch, 1)

    assert (old.key_id, new.key_id) == (1, 2)
    assert not isinstance(what_is(old), Reason)
    assert not isinstance(what_is(new), Reason)
    assert standings() == {2: Standing.SEALS, 1: Standing.GOOD}


@pytest.mark.usefixtures("other_processes")
def test_rotations_at_once_make_keys_that_all_have_a_secret(folder):
    ensure()

    def turn():
        try:
            return rotate()
        except KeysError:
            return None

    made = [number for number in at_once([turn] * 5) if number]

    assert len(made) == len(set(made)) >= 1
    assert sorted(standings()) == [1, *sorted(made)]
    assert Standing.MISSING not in standings().values()
    assert len((folder / "keys").read_text().splitlines()) == 1 + len(made)


def test_a_rotation_that_another_transaction_got_in_the_way_of_makes_one_key(folder, monkeypatch):
    ensure()
    announce, tries = keys.live.announce, []

    def hindered(session, *topics):
        announce(session, *topics)
        if keys.TOPIC in topics:
            tries.append(1)
            if len(tries) == 1:
                give_way(session)

    monkeypatch.setattr(keys.live, "announce", hindered)

    assert databases.change(keys.rotate, by=ADMIN, now=NOON) == 2
    assert len(tries) == 2
    assert [line[:2] for line in (folder / "keys").read_text().splitlines()] == ["1:", "2:"]
    assert standings() == {2: Standing.SEALS, 1: Standing.GOOD}


def test_a_rotation_that_was_rolled_back_breaks_nothing():
    ensure()

    def fail(session):
        keys.rotate(session, by=ADMIN, now=NOON)
        raise RuntimeError

    with pytest.raises(RuntimeError):
        change(fail)

    assert [key.id for key in rows(TokenKey)] == [1]
    batch = change(builders.scan_batch, 1)
    assert not isinstance(what_is(batch), Reason)
    assert Standing.MISSING not in standings().values()


def test_a_retired_key_opens_nothing_and_seals_nothing():
    old = change(builders.scan_batch, 1)
    with pytest.raises(KeysError, match="seals new batches"):
        change(keys.retire, 1, by=ADMIN, now=NOON)
    rotate()
    change(keys.retire, 1, by=ADMIN, now=NOON)
    change(keys.retire, 1, by=ADMIN, now=NOON)  # twice changes nothing

    assert what_is(old) is Reason.KEY_RETIRED
    assert standings() == {2: Standing.SEALS, 1: Standing.RETIRED}
    assert change(keys.current, now=NOON) == 2
    with pytest.raises(NotFoundError):
        change(keys.retire, 9, by=ADMIN, now=NOON)


def test_only_who_manages_the_program_sees_or_turns_the_ring():
    for verb in (keys.listed, keys.rotate, keys.retire, keys.entry):
        more = {"key_id": 1} if verb is keys.retire else {}
        more |= {} if verb is keys.listed else {"now": NOON}
        with pytest.raises(ForbiddenError):
            change(verb, by=MARKETER, **more)
    assert rows(TokenKey) == []


def test_the_key_file_of_another_database_is_noticed_and_opens_nothing(folder, monkeypatch, tmp_path):
    batch = change(builders.scan_batch, 1)
    token = builders.link(batch).rpartition("=")[2]
    use(monkeypatch, tmp_path / "other")
    folder = tmp_path / "other"
    folder.mkdir()
    (folder / "keys").touch(mode=0o600)
    (folder / "keys").write_text(f"1:{rules.new_secret()}\n")
    foreign = builders.link(batch).rpartition("=")[2]

    with pytest.raises(KeysError, match="not the one that this database knows"):
        ensure()
    assert see(codes.by_tokens, [token, foreign]) == {token: Reason.TAMPERED, foreign: Reason.TAMPERED}
    with pytest.raises(KeysError):
        change(builders.scan_batch, 1)


def test_a_machine_without_the_file_says_so_and_makes_no_other_key(folder, monkeypatch, tmp_path):
    batch = change(builders.scan_batch, 1)
    here = (folder / "keys").read_text()
    second = use(monkeypatch, tmp_path / "second")

    ensure()
    assert not (second / "keys").exists()
    assert see(keys.missing) == [1]
    assert standings() == {1: Standing.MISSING}
    with pytest.raises(KeysError, match="No key can seal"):
        change(builders.scan_batch, 1)
    with pytest.raises(KeysError, match="not here"):
        builders.link(batch)

    second.mkdir()
    (second / "keys").touch(mode=0o600)
    (second / "keys").write_text(here)
    assert see(keys.missing) == []
    assert not isinstance(what_is(batch), Reason)


def test_a_new_key_replaces_one_that_is_lost_for_good(monkeypatch, tmp_path):
    ensure()
    use(monkeypatch, tmp_path / "new")

    assert rotate() == 2
    assert standings() == {2: Standing.SEALS, 1: Standing.MISSING}
    assert change(builders.scan_batch, 1).key_id == 2


@pytest.mark.parametrize(
    "text",
    [
        "rubbish",
        "1",
        "1:",
        "1:short",
        ":x",
        "0:{secret}",
        "16:{secret}",
        "01:{secret}",
        "-1:{secret}",
        "\u0661:{secret}",  # a one, in Arabic digits
        "1" * 5000 + ":{secret}",
        "1:{secret}=",
        "1:{secret}!",
        "1:{secret}\n1:{other}",
        "# my keys\n1:{secret}",
        "\0\xff\xfe",
    ],
)
def test_a_file_that_is_not_as_it_should_be_is_refused_in_a_sentence_that_tells_no_secret(folder, text):
    written = text.format(secret=rules.new_secret(), other=rules.new_secret())
    folder.mkdir()
    (folder / "keys").touch(mode=0o600)
    (folder / "keys").write_bytes(written.encode("latin-1", "replace") if "\0" in text else written.encode())

    with pytest.raises(KeysError) as refused:
        ensure()
    assert not any(part in str(refused.value) for part in written.split(":") if len(part) > 20)
    assert rows(TokenKey) == []


def test_a_file_that_others_can_read_is_refused(folder):
    ensure()
    (folder / "keys").chmod(0o644)

    with pytest.raises(KeysError, match="chmod 600"):
        ensure()


def test_what_cannot_be_read_is_told_in_a_sentence(folder):
    (folder / "keys").mkdir(parents=True, mode=0o700)

    with pytest.raises(KeysError, match="cannot be read"):
        ensure()


def test_what_cannot_be_written_leaves_no_key_in_the_database(folder):
    folder.parent.mkdir(exist_ok=True)
    folder.touch()

    with pytest.raises(KeysError):
        ensure()
    assert rows(TokenKey) == []


def test_fifteen_keys_fill_the_ring_and_all_of_them_open():
    made = [change(builders.scan_batch, 1), *[(rotate(), change(builders.scan_batch, 1))[1] for _ in range(14)]]

    assert [batch.key_id for batch in made] == list(rules.KEYS)
    with pytest.raises(KeysError, match="full"):
        rotate()
    assert not any(isinstance(what_is(batch), Reason) for batch in made)


def test_keys_of_the_setting_are_known_by_their_first_use_and_no_file_is_made(monkeypatch, tmp_path):
    one, two = (base64.urlsafe_b64encode(bytes([number]) * 64).decode() for number in (1, 2))
    folder = use(monkeypatch, tmp_path / "env", f"1:{one}")
    ensure()
    with pytest.raises(KeysError, match="LOYALTY_SECRET_KEYS") as refused:
        rotate()
    entry = change(keys.entry, by=ADMIN, now=NOON)

    assert entry.startswith("2:")
    assert entry[2:] not in str(refused.value)
    assert standings() == {1: Standing.SEALS}
    use(monkeypatch, folder, f"1:{one}, 2:{two}")
    ensure()
    assert standings() == {2: Standing.SEALS, 1: Standing.GOOD}
    assert not Path(folder).exists()


@pytest.mark.parametrize("kind", ["postgresql"], indirect=True)
def test_a_key_is_not_retired_under_a_batch_that_is_being_made_with_it():
    ensure()
    begun, rotated = threading.Event(), threading.Event()

    def make(session):
        batch = builders.scan_batch(session, 0, quantity="1")
        begun.set()
        assert not rotated.wait(0.5)  # it waits for us
        return batch.key_id

    def turn():
        begun.wait(10)
        made = change(keys.rotate, by=ADMIN, now=NOON)
        change(keys.retire, 1, by=ADMIN, now=NOON)
        rotated.set()
        return made

    assert at_once([lambda: change(make), turn]) == [1, 2]
    assert see(batches.get, 1).key_id == 1
