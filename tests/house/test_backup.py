"""A backup is one moment of the whole program, whatever goes on meanwhile, and either database can start from it."""

import json
import os
import shutil
import stat
import threading
import time
import zipfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from sqlmodel import Session, col, select
from typer.testing import CliRunner

from loyalty_app import backup, tables
from loyalty_app.accounts import service as accounts
from loyalty_app.accounts.models import Account, AccountSession
from loyalty_app.audit.models import AuditEntry
from loyalty_app.batches.models import Batch
from loyalty_app.claims import service as claims
from loyalty_app.claims.models import ClaimAttempt
from loyalty_app.codes import service as codes
from loyalty_app.codes.models import Code, CodeStatus
from loyalty_app.core import database as databases
from loyalty_app.core import migrations
from loyalty_app.core.config import settings
from loyalty_app.core.reasons import Reason
from loyalty_app.dashboard import service as dashboard
from loyalty_app.jobs import service as jobs
from loyalty_app.jobs.models import Job
from loyalty_app.keys import service as keys
from loyalty_app.mail import service as mails
from loyalty_app.members.models import Member
from loyalty_app.pictures.models import Picture
from loyalty_app.places.models import Device, Place
from loyalty_app.points.models import PointsEntry
from loyalty_app.redemptions import history
from loyalty_app.redemptions import service as redemptions
from loyalty_app.redemptions.models import Redemption, RedemptionStatus
from tests import builders, doors
from tests.conftest import KINDS

pytestmark = pytest.mark.own_database

MEMBERS = 60


@pytest.fixture
def elsewhere(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Callable[[str], str]]:
    """Return what makes an empty database of a kind besides the one that is open, and returns its address."""
    with ExitStack() as made:

        def make(kind: str) -> str:
            if kind == "postgresql":
                return made.enter_context(request.getfixturevalue("postgresql_copies")("empty"))
            shutil.copy(request.getfixturevalue("sqlite_templates") / "empty.db", tmp_path / "elsewhere.db")
            return f"sqlite:///{tmp_path / 'elsewhere.db'}"

        yield make
        databases.disconnect()
        settings.cache_clear()  # of a machine that a test named


@pytest.mark.parametrize("target", KINDS)
def test_a_restored_copy_finds_its_redemptions_and_knows_its_devices(
    database: Any, elsewhere: Callable[[str], str], target: str, tmp_path: Path
) -> None:
    place = doors.change(builders.place)
    device = doors.change(builders.device, place)
    batch = doors.change(builders.batch)
    codes_of = [doors.change(builders.claimed, batch, doors.change(builders.member, who)) for who in ("Mia", "Ola")]
    till = replace(builders.CASHIER, place_id=place.id, device_id=device.id)
    doors.change(redemptions.redeem_many, [redemptions.Ask(codes_of[0], till)], now=builders.NOON)
    late = builders.NOON + timedelta(days=40)
    honour = redemptions.Ask(codes_of[1], builders.LEAD, goodwill="Long queue")
    doors.change(redemptions.redeem_many, [honour], now=late)
    before = [row.model_dump() for table in (Place, Device, Redemption) for row in doors.rows(table)]
    backup.save(database, tmp_path / "desk.zip")

    copy = databases.connect(elsewhere(target))
    backup.restore(copy, tmp_path / "desk.zip")

    assert [row.model_dump() for table in (Place, Device, Redemption) for row in doors.rows(table)] == before

    def found(text: str) -> list[str]:
        wish = history.Wish(text)
        return [line.member for line in doors.see(history.listed, wish, limit=9, by=builders.ADMIN)]

    assert (found(codes_of[0]), found("ola"), found("coffee")) == (["Mia"], ["Ola"], ["Ola", "Mia"])
    doors.change(lambda session: session.get(Member, 1).sqlmodel_update({"name": "Nina"}))
    assert (found("nina"), found("mia")) == (["Nina"], [])
    doors.change(builders.index_all)
    with copy.begin() as connection:
        if databases.is_sqlite(connection):
            check = "insert into redemption_search (redemption_search, rank) values ('integrity-check', 1)"
            connection.execute(sa.text(check))
    assert doors.see(dashboard.differences) == []


@pytest.mark.parametrize("target", KINDS)
def test_a_backup_in_a_storm_is_one_moment_and_can_be_restored_elsewhere(
    database: Any, elsewhere: Callable[[str], str], target: str, tmp_path: Path
) -> None:
    batch = doors.change(builders.batch, MEMBERS)
    members = [doors.change(builders.member, f"Member {number}") for number in range(MEMBERS)]
    file = tmp_path / "storm.zip"
    is_saved = threading.Event()

    def storm() -> None:
        for number, who in enumerate(members):
            if who is members[-1]:  # it must not be over before the backup, however quick it is
                is_saved.wait()
            code = doors.change(builders.claimed, batch, who)
            if number % 2:
                ask = redemptions.Ask(code, builders.CASHIER, f"nonce {number}")
                doors.change(redemptions.redeem_many, [ask], now=builders.NOON)

    raging = threading.Thread(target=storm)
    raging.start()
    try:
        while not doors.see(claims_granted):
            time.sleep(0.005)
        before = doors.see(claims_granted)
        backup.save(database, file)
        after = doors.see(claims_granted)
    finally:
        is_saved.set()
        raging.join()

    opened = databases.connect(elsewhere(target))
    backup.restore(opened, file)
    assert doors.see(dashboard.differences) == []
    kept = doors.see(lambda session: session.get(Batch, batch.id))
    assert before <= kept.claimed <= after < MEMBERS
    assert kept.claimed == doors.see(claims_granted) == doors.see(held)
    assert kept.redeemed == len(doors.rows(Redemption))

    # And life goes on there: the rest is claimed, nobody twice.
    for who in members:
        doors.change(claims.claim_many, [claims.Ask(batch.claim_token, who)], now=builders.NOON)
    assert doors.see(held) == MEMBERS
    assert doors.see(dashboard.differences) == []


@pytest.mark.parametrize("target", KINDS)
def test_every_row_arrives_as_it_was(
    database: Any, elsewhere: Callable[[str], str], target: str, tmp_path: Path
) -> None:
    batch = doors.change(builders.batch, 5, valid_days="7")
    doors.change(builders.claimed, batch)
    doors.change(add_what_is_hard_to_carry, batch.id)
    before = contents()

    file = tmp_path / "all.zip"
    saved = backup.save(database, file)
    opened = databases.connect(elsewhere(target))
    restored = backup.restore(opened, file)

    assert contents() == before
    assert saved == restored
    assert migrations.is_current(opened)


@pytest.mark.parametrize("target", KINDS)
def test_the_number_of_a_deleted_batch_is_not_given_again(
    database: Any, elsewhere: Callable[[str], str], target: str, tmp_path: Path
) -> None:
    kept, gone = (doors.change(builders.batch, 1, name=name) for name in ("Kept", "Gone"))
    doors.change(builders.deleted, gone.id)
    file = tmp_path / "deleted.zip"
    backup.save(database, file)

    backup.restore(databases.connect(elsewhere(target)), file)

    assert [batch.id for batch in doors.rows(Batch)] == [kept.id]
    assert doors.change(builders.batch, 1).id > gone.id
    assert doors.change(builders.offer).id


def test_who_is_signed_in_stays_behind_and_work_goes_on(
    database: Any, elsewhere: Callable[[str], str], tmp_path: Path
) -> None:
    batch = doors.change(builders.batch, 3, quantity="10")
    account = doors.rows(Account)[0]
    doors.change(accounts.open_session, account, now=builders.NOON)
    doors.change(jobs.enqueue, mails.SEND_MAIL, 1, 1, now=builders.NOON)
    assert doors.rows(AccountSession)
    file = tmp_path / "people.zip"
    backup.save(database, file)

    backup.restore(databases.connect(elsewhere("sqlite")), file)

    assert doors.rows(AccountSession) == []
    assert [job.subject_id for job in doors.rows(Job)] == [batch.id]
    assert len(doors.see(jobs.waiting, now=builders.NOON + jobs.STALE_AFTER * 2)) == 1
    with zipfile.ZipFile(file) as archive:
        manifest = json.loads(archive.read(backup.MANIFEST))
    assert manifest["tables"].keys() | manifest["left_out"].keys() == tables.metadata.tables.keys()


def test_a_database_in_use_is_refused_and_untouched(database: Any, tmp_path: Path) -> None:
    file = tmp_path / "own.zip"
    backup.save(database, file)
    before = contents()

    with pytest.raises(backup.BackupError, match="in use"):
        backup.restore(database, file)

    assert contents() == before


def test_a_damaged_file_is_found_out_before_anything_is_touched(
    database: Any, elsewhere: Callable[[str], str], tmp_path: Path
) -> None:
    doors.change(builders.batch, 30)
    file = tmp_path / "whole.zip"
    backup.save(database, file)
    whole = file.read_bytes()
    with zipfile.ZipFile(file) as archive:
        first = archive.infolist()[0]
    start = first.header_offset + 50 + len(first.filename)  # behind what nobody reads
    data = range(start, start + first.compress_size, 20)
    opened = databases.connect(elsewhere("sqlite"))
    before = contents()

    for name, bytes_ in {
        "empty": b"",
        "cut": whole[:-500],
        **{f"flipped {at}": whole[:at] + bytes([whole[at] ^ 255]) + whole[at + 1 :] for at in data},
        "other": b"PK is not enough",
    }.items():
        (tmp_path / name).write_bytes(bytes_)
        with pytest.raises(backup.BackupError):
            backup.restore(opened, tmp_path / name)
    with pytest.raises(backup.BackupError, match="code is not as it was written"):
        backup.restore(opened, rewritten(file, tmp_path / "fewer", "code", lambda rows: rows.split(b"\n", 1)[1]))
    with pytest.raises(backup.BackupError, match="could not be read"):
        backup.restore(opened, tmp_path / "nowhere.zip")
    assert contents() == before
    assert migrations.is_current(opened)


@pytest.mark.parametrize("target", KINDS)
def test_a_file_that_contradicts_itself_leaves_nothing_behind(
    database: Any, elsewhere: Callable[[str], str], target: str, tmp_path: Path
) -> None:
    doors.change(builders.batch, 3)
    file = tmp_path / "whole.zip"
    backup.save(database, file)
    rewritten(file, tmp_path / "orphans.zip", "batch", lambda _: b"", is_honest=True)
    opened = databases.connect(elsewhere(target))

    with pytest.raises((backup.BackupError, sa.exc.IntegrityError)):
        backup.restore(opened, tmp_path / "orphans.zip")

    assert doors.rows(Account) == doors.rows(Code) == []
    assert migrations.is_current(opened)


def test_a_file_of_a_newer_version_is_refused(database: Any, elsewhere: Callable[[str], str], tmp_path: Path) -> None:
    file = tmp_path / "whole.zip"
    backup.save(database, file)
    opened = databases.connect(elsewhere("sqlite"))

    for name, value in (("revision", "9999"), ("format", backup.FORMAT + 1)):
        newer = with_manifest(file, tmp_path / f"{name}.zip", **{name: value})
        with pytest.raises(backup.BackupError, match="newer version"):
            backup.restore(opened, newer)
    assert migrations.is_current(opened)


def test_nobody_else_may_read_the_file_and_none_is_written_over(database: Any, tmp_path: Path) -> None:
    file = tmp_path / "private.zip"
    backup.save(database, file)

    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    with pytest.raises(backup.BackupError, match="already"):
        backup.save(database, file)
    with pytest.raises(backup.BackupError, match="could not be written"):
        backup.save(database, tmp_path / "no" / "folder.zip")
    assert [path.name for path in tmp_path.iterdir() if "private" in path.name] == ["private.zip"]


def test_an_operator_backs_up_and_restores_by_command(
    database: Any, elsewhere: Callable[[str], str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from loyalty_app.cli import app  # noqa: PLC0415 - only here

    doors.change(builders.batch, 7)
    file = tmp_path / "command.zip"
    run = CliRunner().invoke

    said = run(app, ["backup", str(file)])
    assert (said.exit_code, said.output.startswith("Saved ")) == (0, True), said.output
    assert "data/keys" in said.output
    assert os.environ["LOYALTY_SECRET_KEYS"].partition(":")[2].encode() not in whole_text(file)
    assert run(app, ["backup", str(file)]).exit_code == 1
    refused = run(app, ["restore", str(file)])
    assert (refused.exit_code, "in use" in refused.output) == (1, True)

    databases.connect(elsewhere("sqlite"))
    assert run(app, ["restore", str(file)]).exit_code == 0
    assert run(app, ["verify"]).output.strip() == "Every counter and every balance equals the rows."
    assert len(doors.rows(Code)) == 7


@pytest.mark.requirement("S0-29")
@pytest.mark.parametrize("target", KINDS)
def test_printed_codes_and_points_go_on_where_they_were(
    database: Any, elsewhere: Callable[[str], str], target: str, tmp_path: Path
) -> None:
    batch, mia = doors.change(builders.scan_batch, 4, points=20), doors.change(builders.member)

    def redeem(serial: int) -> Any:
        ask = redemptions.Ask(builders.link(batch, serial), mia)
        return doors.change(redemptions.redeem_many, [ask], now=builders.NOON)[0]

    first, second = redeem(1), redeem(2)
    doors.change(redemptions.reverse, second.id, reason="Why", by=builders.ADMIN, now=builders.NOON)
    before, file = contents(), tmp_path / "points.zip"
    backup.save(database, file)

    backup.restore(databases.connect(elsewhere(target)), file)

    assert contents() == before
    assert doors.see(dashboard.differences) == []
    assert isinstance(redeem(1), redemptions.Refused)
    assert (first.balance, redeem(2).balance, redeem(3).balance) == (20, 40, 60)
    assert doors.see(dashboard.differences) == []
    with pytest.raises(sa.exc.DBAPIError, match="append-only"), databases.transaction() as session:
        session.execute(sa.delete(PointsEntry))


@pytest.mark.parametrize("target", KINDS)
def test_the_key_of_a_first_start_is_in_no_backups_way(
    database: Any, elsewhere: Callable[[str], str], target: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from loyalty_app.cli import app  # noqa: PLC0415 - only here

    on_machine(monkeypatch, tmp_path / "old")
    token = builders.link(doors.change(builders.scan_batch, 1)).rpartition("=")[2]
    before, file = contents(), tmp_path / "own.zip"
    backup.save(database, file)
    on_machine(monkeypatch, tmp_path / "new")
    databases.connect(elsewhere(target))
    doors.change(keys.ensure, now=builders.NOON)

    said = CliRunner().invoke(app, ["restore", str(file)])

    assert (said.exit_code, "not the one that this database knows" in said.output) == (0, True), said.output
    assert contents() == before
    assert doors.see(codes.by_tokens, [token]) == {token: Reason.TAMPERED}
    shutil.copy(tmp_path / "old" / "keys", tmp_path / "new" / "keys")
    doors.change(keys.ensure, now=builders.NOON)
    (code,) = doors.rows(Code)
    assert doors.see(codes.by_tokens, [token]) == {token: code.code}


@pytest.mark.parametrize("is_lost", [True, False])
def test_a_restore_says_whether_the_keys_are_here(
    database: Any, elsewhere: Callable[[str], str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, is_lost: bool
) -> None:
    from loyalty_app.cli import app  # noqa: PLC0415 - only here

    on_machine(monkeypatch, tmp_path / "old")
    doors.change(builders.scan_batch, 1)
    backup.save(database, tmp_path / "own.zip")
    databases.connect(elsewhere("sqlite"))
    if is_lost:
        (tmp_path / "old" / "keys").unlink()

    said = CliRunner().invoke(app, ["restore", str(tmp_path / "own.zip")])

    assert ("The secret of key 1 is not here" if is_lost else "Its keys are here") in said.output


def on_machine(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    """Run on as on a machine that keeps its keys in a file of that folder."""
    monkeypatch.setenv("LOYALTY_SECRET_KEYS", "")
    monkeypatch.setenv("LOYALTY_DATA_DIR", str(folder))
    settings.cache_clear()


def whole_text(file: Path) -> bytes:
    """Return everything that a backup holds, unpacked."""
    with zipfile.ZipFile(file) as archive:
        return b"\n".join(archive.read(name) for name in archive.namelist())


def contents() -> dict[str, list[dict[str, Any]]]:
    """Return every row of every table that a backup carries."""
    with databases.reading() as session:
        return {
            table.name: [dict(row) for row in session.execute(sa.select(table).order_by(*table.primary_key)).mappings()]
            for table in tables.metadata.sorted_tables
            if table.name not in backup.LEFT_OUT
        }


def claims_granted(session: Session) -> int:
    return session.exec(
        select(sa.func.count()).select_from(ClaimAttempt).where(col(ClaimAttempt.reason).is_(None))
    ).one()


def held(session: Session) -> int:
    return session.exec(select(sa.func.count()).select_from(Code).where(col(Code.status) != CodeStatus.ACTIVE)).one()


def add_what_is_hard_to_carry(session: Session, batch_id: int) -> None:
    """Add bytes, words of many alphabets, JSON in JSON, and a redemption that was undone."""
    session.add(
        Picture(
            digest="d" * 64, media_type="image/png", width=1, height=1, content=bytes(range(256)),
            created_at=builders.NOON.replace(microsecond=123456),
        )
    )  # fmt: skip
    batch = session.get(Batch, batch_id)
    batch.translations = {"ar": {"title": 'قهوة "مجانية"\n\u2028 \\ 100%'}, "de-DE": {}}
    batch.terms = "Line one\nline two \U0001f600 :colon %(percent)s"
    code = session.exec(select(Code).where(Code.batch_id == batch_id)).first()
    session.add(
        Redemption(
            code_id=code.id, batch_id=batch_id, status=RedemptionStatus.REVERSED, at=builders.NOON, amount=0,
            reversed_at=builders.NOON, reversed_by="Ada", reversal_reason="Wrong guest",
        )
    )  # fmt: skip
    session.add(AuditEntry(at=builders.NOON, verb="x", subject="y"))


def rewritten(file: Path, to: Path, table: str, change: Callable[[bytes], bytes], *, is_honest: bool = False) -> Path:
    """Copy an archive with other rows in one table, and say so in its manifest or not."""
    with zipfile.ZipFile(file) as source, zipfile.ZipFile(to, "w") as target:
        manifest = json.loads(source.read(backup.MANIFEST))
        for name in source.namelist():
            rows = source.read(name)
            if name == f"rows/{table}.jsonl":
                rows = change(rows)
                if is_honest:
                    manifest["tables"][table] |= {
                        "rows": rows.count(b"\n"), "sha256": backup.hashlib.sha256(rows).hexdigest(),
                    }  # fmt: skip
            if name == backup.MANIFEST:
                rows = json.dumps(manifest).encode()
            target.writestr(name, rows)
    return to


def with_manifest(file: Path, to: Path, **changes: Any) -> Path:
    """Copy an archive with other words in its manifest."""
    with zipfile.ZipFile(file) as source, zipfile.ZipFile(to, "w") as target:
        for name in source.namelist():
            content = source.read(name)
            if name == backup.MANIFEST:
                content = json.dumps(json.loads(content) | changes).encode()
            target.writestr(name, content)
    return to
