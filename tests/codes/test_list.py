"""The vouchers of a batch, as its list and its file show them (S3-6, S3-7)."""

import csv
import io

import pytest
import sqlalchemy as sa

from loyalty_app.codes import api
from loyalty_app.codes import service as codes
from loyalty_app.codes.models import Code, CodeStatus, Standing
from loyalty_app.codes.service import Wish
from loyalty_app.core import csvs
from loyalty_app.core.actor import STRANGER
from loyalty_app.core.database import reading, transaction
from loyalty_app.core.errors import ForbiddenError
from loyalty_app.redemptions import service as redemptions
from tests import builders
from tests.builders import CASHIER, MARKETER, NOON, VIEWER
from tests.doors import change, see

ALL = (1, 100_000)
SHIP = "=cmd|'/c calc'!A1"


@pytest.fixture
def summer(database):
    """Ten vouchers: Mia redeemed the first, Ola holds the second."""
    batch = change(builders.batch, prefix="SUN")
    first = change(builders.claimed, batch, change(builders.member, "Mia"))
    second = change(builders.claimed, batch, change(builders.member, "Ola Nowak"))
    change(redemptions.redeem_many, [redemptions.Ask(first, CASHIER)], now=NOON)
    return batch, first, second


def found(batch, by=MARKETER, **wish):
    return see(codes.listed, batch.id, Wish(**wish), by=by)


@pytest.mark.requirement("S3-6", "S3-7")
def test_every_voucher_is_listed_with_who_holds_it_and_what_became_of_it(summer):
    batch, first, second = summer
    rows = found(batch)

    assert [row.serial for row in rows] == list(range(1, 11))
    assert (rows[0].code, rows[0].status, rows[0].member) == (first, CodeStatus.REDEEMED, "Mia")
    assert (rows[1].code, rows[1].status, rows[1].email) == (second, CodeStatus.CLAIMED, "ola.nowak@example.com")
    assert (rows[2].status, rows[2].member, rows[2].claimed_at) == (CodeStatus.ACTIVE, "", None)


def test_a_list_has_no_voucher_of_another_batch(summer):
    other = change(builders.batch, made=3)

    assert len(found(other)) == 3


@pytest.mark.parametrize("text", ["ola", "OLA NOWAK", "nowak@example"])
def test_a_voucher_is_found_by_part_of_its_members_name_or_address(summer, text):
    batch, _, second = summer

    assert [row.code for row in found(batch, text=text)] == [second]


def test_a_voucher_is_found_by_its_members_words_in_any_script(summer):
    batch, *_ = summer
    code = change(builders.claimed, batch, change(builders.member, "Zoë Böhm"))

    assert [row.code for row in found(batch, text="BÖHM zoë")] == [code]


def test_a_voucher_is_found_by_part_of_its_code_however_it_is_written(summer):
    batch, first, _ = summer
    written = f" {first[:5].lower()}-{first[5:9].lower()} "

    assert [row.code for row in found(batch, text=written)] == [first]


@pytest.mark.parametrize("text", ["%", "_", "\\", "%%%"])
def test_what_means_any_to_a_database_means_itself_here(summer, text):
    assert found(summer[0], text=text) == []


@pytest.mark.parametrize(
    ("status", "count"),
    [(Standing.ACTIVE, 7), (Standing.CLAIMED, 1), (Standing.REDEEMED, 1), (Standing.DISABLED, 1)],
)
@pytest.mark.requirement("S3-6", "S3-7")
def test_a_status_is_filtered(database, summer, status, count):
    switch_off(database, summer[0], serial=3)

    assert len(found(summer[0], status=status)) == count


def test_a_voucher_that_is_switched_off_says_so_unless_it_is_redeemed(database, summer):
    for serial in (1, 2, 3):
        switch_off(database, summer[0], serial)

    standings = [row.standing for row in found(summer[0])[:4]]
    assert standings == [Standing.REDEEMED, Standing.DISABLED, Standing.DISABLED, Standing.ACTIVE]


def test_a_viewer_sees_no_members_and_cannot_find_out_by_searching(summer):
    batch, first, _ = summer

    assert {(row.member, row.email) for row in found(batch, VIEWER)} == {("", "")}
    assert [row.claimed_at for row in found(batch, VIEWER)[:2]] == [NOON, NOON]
    assert found(batch, VIEWER, text="ola") == []
    assert found(batch, VIEWER, text="@") == []
    assert [row.code for row in found(batch, VIEWER, text=first)] == [first]
    head, *rows = read_file(batch, Wish(), VIEWER)
    assert {(row[head.index("member")], row[head.index("email")]) for row in rows} == {("", "")}


def test_a_page_begins_behind_the_last_serial_of_the_one_before(summer):
    batch = summer[0]
    pages = [see(codes.listed, batch.id, Wish(), after=after, limit=4, by=VIEWER) for after in (0, 4, 8)]

    assert [[row.serial for row in page] for page in pages] == [[1, 2, 3, 4], [5, 6, 7, 8], [9, 10]]


def test_staff_and_strangers_see_no_list(summer):
    for by in (CASHIER, STRANGER):
        with pytest.raises(ForbiddenError):
            see(codes.listed, summer[0].id, Wish(), by=by)


@pytest.mark.requirement("S3-7")
def test_a_file_has_what_is_filtered_and_no_formula(summer):
    batch, _, _ = summer
    change(builders.claimed, batch, change(builders.member, SHIP))
    head, *rows = read_file(batch, Wish(status=Standing.CLAIMED))

    assert head == list(api.HEAD)
    assert [row[2:5] for row in rows] == [
        ["claimed", "Ola Nowak", "ola.nowak@example.com"],
        ["claimed", f"'{SHIP}", f"'{builders.newcomer(SHIP).email}"],
    ]
    assert rows[0][5] == "2026-06-15T10:00:00.000Z"


def test_a_file_is_of_one_moment_however_many_are_claimed_meanwhile(summer, monkeypatch):
    monkeypatch.setattr(api, "CHUNK", 3)
    batch, _, _ = summer
    chunks = api._chunks(batch, Wish(), ALL, api._row, [], VIEWER)
    rows = list(next(chunks))
    with transaction() as session:
        builders.claimed(session, batch, builders.member(session, "Piotr"))
    rows += [row for chunk in chunks for row in chunk]

    assert [row[2] for row in rows] == ["redeemed", "claimed"] + ["active"] * 8
    assert [row.status for row in found(batch)][2] is CodeStatus.CLAIMED


def read_file(batch, wish, by=MARKETER):
    text = "".join(csvs.lines(api.HEAD, api._chunks(batch, wish, ALL, api._row, [], by)))
    with reading():
        return list(csv.reader(io.StringIO(text.removeprefix(csvs.BOM), newline="")))


def switch_off(database, batch, serial):
    with database.begin() as connection:
        connection.execute(
            sa.update(Code).where(Code.batch_id == batch.id, Code.serial == serial).values(disabled=True)
        )
