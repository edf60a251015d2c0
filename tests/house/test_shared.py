"""Tests share a database: whatever one leaves behind, the next one finds it as it was (tests/shared.py)."""

from contextlib import closing

import pytest
import sqlalchemy as sa

from loyalty_app import tables
from loyalty_app.audit.models import AuditEntry
from loyalty_app.core import database as databases
from loyalty_app.places.models import Place
from loyalty_app.program.models import Program
from tests import builders, shared
from tests.doors import change, rows


@pytest.fixture
def lender(kind, request, tmp_path):
    """Return a shared database of this test's own, so that others do not see what is done to it."""
    if kind == "sqlite":
        made = shared.SharedSqlite(request.getfixturevalue("sqlite_templates") / "furnished.db", tmp_path)
    else:
        server, address = request.getfixturevalue("postgresql_templates")
        made = shared.SharedPostgresql(server, address, request.getfixturevalue("worker_id"), "lent")
    with closing(made):
        yield made


def contents():
    """Return every row of every table, and the number that the next row of a table gets."""
    with databases.reading() as session:
        found = {table.name: session.execute(sa.select(table)).all() for table in tables.metadata.sorted_tables}
        session.add(place := Place(name="Next", address="", time_zone="UTC", created_at=builders.NOON))
        session.add(entry := AuditEntry(at=builders.NOON, verb="x", subject="y"))
        session.flush()
        return {name: sorted(map(repr, kept)) for name, kept in found.items()}, place.id, entry.id


def names(opened):
    """Return the names of all tables, and of the indexes of one."""
    seen = sa.inspect(opened)
    return {*seen.get_table_names(), *(index["name"] for index in seen.get_indexes("code"))}


def leave_rows(session):
    """Add rows to empty tables and to furnished ones, and change and delete furnished ones."""
    builders.batch(session, 3)
    builders.place(session)
    builders.member(session)
    session.execute(sa.update(Program).values(name="Herbata"))
    session.execute(sa.delete(AuditEntry).where(AuditEntry.id == 1))


def test_rows_and_numbers_are_as_they_were(lender, kind):
    with lender.lent():
        before = contents()
        change(leave_rows)
        assert contents() != before
    made = lender.times_made

    with lender.lent():
        assert contents() == before
    assert (lender.times_made == made) is (kind == "postgresql")


def test_a_statement_is_compiled_once_for_all_tests_and_a_listener_hears_one(lender):
    heard = []
    with lender.lent() as first:
        sa.event.listen(first, "before_cursor_execute", lambda *_: heard.append(1))
        rows(Program)
    count = len(heard)

    with lender.lent() as second:
        rows(Program)
    assert len(heard) == count > 0
    assert second._compiled_cache is first._compiled_cache


@pytest.mark.parametrize("command", ["create table extra (id integer)", "drop index code_free"])
def test_after_a_change_to_a_table_the_database_is_made_anew(lender, command):
    with lender.lent() as opened:
        before = names(opened)
        with opened.begin() as connection:
            connection.execute(sa.text(command))
    made = lender.times_made

    with lender.lent() as opened:
        assert names(opened) == before
        assert rows(Program)[0].name == "Kawa"
    assert made == 2


@pytest.mark.parametrize("kind", ["postgresql"])
@pytest.mark.parametrize(
    "leave",
    [lambda session: session.execute(sa.text("analyze")), lambda session: builders.batch(session, 1000)],
    ids=["statistics", "large files"],
)
def test_what_changes_how_postgresql_plans_does_not_stay(lender, kind, leave, monkeypatch):
    monkeypatch.setattr(shared, "LARGEST", 50_000)
    with lender.lent():
        rows(Program)
    made = lender.times_made
    with lender.lent():
        change(leave)

    assert (made, lender.times_made) == (1, 2), kind


def test_a_connection_that_is_not_given_back_harms_no_later_test(lender, monkeypatch):
    monkeypatch.setattr(shared, "PATIENCE", 0.05)
    with lender.lent() as opened:
        stray = opened.connect()
        stray.execute(sa.update(Program).values(name="Herbata"))

    with lender.lent():
        assert rows(Program)[0].name == "Kawa"
        change(leave_rows)
    with lender.lent():
        assert rows(Program)[0].name == "Kawa"
    stray.invalidate()
    stray.close()


@pytest.mark.parametrize("kind", ["postgresql"])
def test_a_lost_connection_is_made_again(lender, kind):
    with lender.lent() as opened, opened.begin() as connection:
        connection.execute(
            sa.text(
                "select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database()"
                " and pid <> pg_backend_pid()"
            )
        )

    with lender.lent():
        assert rows(Program)[0].name == "Kawa", kind
    assert lender.times_made == 2


def test_a_test_that_opens_another_database_leaves_the_shared_one_open(lender, tmp_path):
    with lender.lent():
        databases.connect(f"sqlite:///{tmp_path}/other.db")

    with lender.lent():
        assert rows(Program)[0].name == "Kawa"
