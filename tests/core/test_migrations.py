"""The migrations make what the program expects, on both databases, and two of them at once do no harm."""

import os
import subprocess
import sys

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.config import Config

from loyalty_app import tables
from loyalty_app.core import database as databases
from loyalty_app.core import migrations
from loyalty_app.redemptions import service as redemptions
from tests import builders, doors

MIGRATE = "from loyalty_app.core import database, migrations; migrations.migrate(database.engine())"
pytestmark = pytest.mark.own_database

PYPROJECT = migrations.CHECKOUT / "pyproject.toml"


@pytest.fixture
def bare_database(kind, tmp_path, request):
    """Open a database without any table."""
    if kind == "sqlite":
        opened = databases.connect(f"sqlite:///{tmp_path / 'bare.db'}")
        yield opened
        opened.dispose()
        return
    connection, address = request.getfixturevalue("postgresql_templates")
    name = databases.make_url(address("bare")).database
    connection.execute(f"create database {name} template template0")
    opened = databases.connect(address("bare"))
    yield opened
    opened.dispose()
    connection.execute(f"drop database {name} with (force)")


@pytest.mark.usefixtures("empty_database")
def test_models_and_migrations_agree():
    command.check(Config(toml_file=PYPROJECT))


def test_a_difference_between_models_and_migrations_is_found(empty_database):
    with empty_database.begin() as connection:
        connection.execute(sa.text("drop index code_free"))

    with pytest.raises(Exception, match="code_free"):
        command.check(Config(toml_file=PYPROJECT))


def test_the_queues_own_tables_are_left_alone(empty_database):
    with empty_database.begin() as connection:
        connection.execute(sa.text("create table huey_task (id integer primary key)"))

    command.check(Config(toml_file=PYPROJECT))


def test_a_bare_database_is_behind_until_it_is_migrated(bare_database):
    assert not migrations.is_current(bare_database)

    migrations.migrate(bare_database)

    assert migrations.is_current(bare_database)
    assert {table.name for table in tables.metadata.sorted_tables} < set(sa.inspect(bare_database).get_table_names())


def test_migrating_again_changes_nothing(database):
    migrations.migrate(database)

    assert migrations.is_current(database)


def test_two_processes_may_migrate_at_once(bare_database):
    address = bare_database.url.render_as_string(hide_password=False)
    command_line = [sys.executable, "-c", MIGRATE]
    environment = os.environ | {"LOYALTY_DATABASE_URL": address}

    processes = [subprocess.Popen(command_line, cwd=migrations.CHECKOUT, env=environment) for _ in range(2)]
    try:
        assert [process.wait(60) for process in processes] == [0, 0]
    finally:
        for process in processes:
            process.kill()
            process.wait()
    assert migrations.is_current(bare_database)


def test_a_migration_is_all_or_nothing(bare_database):
    with migrations.alone(bare_database) as connection:
        connection.execute(sa.text("create table topic (name text)"))  # in the way of the last table

    with pytest.raises(sa.exc.DBAPIError):
        migrations.migrate(bare_database)

    assert sa.inspect(bare_database).get_table_names() == ["topic"]


def test_a_database_can_go_back(empty_database):
    command.downgrade(Config(toml_file=PYPROJECT), "base")

    assert sa.inspect(empty_database).get_table_names() == ["alembic_version"]


def test_going_back_before_printed_codes_takes_them_along_and_leaves_the_rest(database):
    batch, vouchers = doors.change(builders.scan_batch, 3), doors.change(builders.batch, 2)
    mia = doors.change(builders.member)
    doors.change(builders.claimed, vouchers, mia)
    for serial in (1, 2):
        doors.change(redemptions.redeem_many, [redemptions.Ask(builders.link(batch, serial), mia)], now=builders.NOON)

    command.downgrade(Config(toml_file=PYPROJECT), "0002")

    with database.begin() as connection:
        for table in ("code", "redemption", "attempt", "batch_activity"):
            found = connection.execute(sa.text(f"select distinct batch_id from {table}")).scalars().all()
            assert set(found) <= {vouchers.id}
        assert connection.execute(sa.text("select count(*) from code")).scalar_one() == 2
        assert connection.execute(sa.text("select count(*) from member")).scalar_one() == 1


def test_rebuilding_a_table_takes_no_children_along(bare_database):
    with bare_database.begin() as connection:
        connection.execute(sa.text("create table parent (id integer primary key)"))
        connection.execute(sa.text("create table child (id integer references parent on delete cascade)"))
        connection.execute(sa.text("insert into parent values (1)"))
        connection.execute(sa.text("insert into child values (1)"))

    with migrations.alone(bare_database) as connection:
        if databases.is_sqlite(connection):
            connection.execute(sa.text("drop table parent"))
            connection.execute(sa.text("create table parent (id integer primary key)"))
            connection.execute(sa.text("insert into parent values (1)"))

    with bare_database.begin() as connection:
        assert connection.execute(sa.text("select count(*) from child")).scalar_one() == 1
        connection.execute(sa.text("delete from parent"))
        assert connection.execute(sa.text("select count(*) from child")).scalar_one() == 0
