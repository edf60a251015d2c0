"""A database of the first version keeps everything when it is brought in step with this one."""

import json
from dataclasses import replace
from datetime import timedelta

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.config import Config

from loyalty_app.apikeys.models import ApiKey
from loyalty_app.audit.models import AuditEntry
from loyalty_app.batches.models import Batch, BatchActivity
from loyalty_app.codes.models import Code, CodeStatus
from loyalty_app.core import migrations
from loyalty_app.dashboard import service as dashboard
from loyalty_app.offers.models import Offer
from loyalty_app.redemptions import history
from loyalty_app.redemptions import service as redemptions
from loyalty_app.redemptions.models import Attempt, Redemption
from loyalty_app.redemptions.rules import MOST_AMOUNT
from loyalty_app.redemptions.service import Ask
from tests import builders, doors
from tests.core.test_migrations import bare_database

assert bare_database

pytestmark = pytest.mark.own_database

PROMISE = {
    "title": "Kawa",
    "description": "Mała",
    "terms": "",
    "reward_kind": "item",
    "reward_value": 0,
    "reward_item": "One coffee",
}
NOON = "2026-06-15 10:07:00.000000+00:00"
LATER = "2026-06-15 10:22:59.999999+00:00"
ROWS = {
    "program": [{"id": 1, "name": "Kawa", "time_zone": "Europe/Warsaw", "currency": "PLN", "locale": "pl-PL"}],
    "account": [
        {"id": 1, "email": "ada@example.com", "name": "Ada", "password_hash": "x", "role": "admin", "created_at": NOON},
        {"id": 2, "email": "mia@example.com", "name": "Mia", "password_hash": "x", "role": "member",
         "created_at": NOON},
    ],
    "audit_entry": [
        {"id": 1, "at": NOON, "account_id": None, "verb": "create", "subject": "account 1", "details": "admin"},
        {"id": 2, "at": NOON, "account_id": 1, "verb": "create", "subject": "batch 1", "details": "Summer"},
    ],
    "member": [{"id": 1, "account_id": 2, "name": "Mia", "email": "mia@example.com", "joined_at": NOON}],
    "offer": [PROMISE | {"id": 1, "created_at": NOON}],
    "batch": [
        PROMISE
        | {
            "id": number,
            "name": f"Batch {number}",
            "kind": "claim",
            "status": "active",
            "offer_id": 1,
            "prefix": "",
            "alphabet": "safe",
            "length": 10,
            "total": 3,
            "made": 3,
            "claimed": claimed,
            "redeemed": redeemed,
            "expires_on": "2026-12-31",
            "closes_at": "2026-12-31 23:00:00.000000+00:00",
            "claim_token": f"token-{number}",
            "created_at": NOON,
        }
        for number, claimed, redeemed in ((1, 2, 1), (2, 0, 0), (3, 0, 0))
    ],
    "code": [
        {"id": 1, "batch_id": 1, "serial": 1, "code": "AAA", "status": "redeemed", "member_id": None,
         "claimed_at": NOON, "expires_at": LATER, "redeemed_at": LATER},
        {"id": 2, "batch_id": 1, "serial": 2, "code": "BBB", "status": "claimed", "member_id": 1,
         "claimed_at": LATER, "expires_at": LATER, "redeemed_at": None},
        {"id": 3, "batch_id": 1, "serial": 3, "code": "CCC", "status": "active", "member_id": None,
         "claimed_at": None, "expires_at": None, "redeemed_at": None},
    ]
    + [
        {"id": number + 4, "batch_id": 2, "serial": number + 1, "code": f"DD{number}", "status": "active",
         "member_id": None, "claimed_at": None, "expires_at": None, "redeemed_at": None}
        for number in range(3)
    ],
    "redemption": [{"id": 1, "code_id": 1, "batch_id": 1, "status": "recorded", "account_id": 1, "at": LATER}],
    "attempt": [
        {"id": 1, "at": LATER, "account_id": 1, "code_id": 1, "batch_id": 1, "text": "AAA", "nonce": "n",
         "reason": None},
        {"id": 2, "at": LATER, "account_id": 1, "code_id": None, "batch_id": None, "text": "?", "nonce": "",
         "reason": "malformed"},
    ],
}  # fmt: skip


@pytest.fixture
def old_database(bare_database):
    """Open a database as the first version left it; its third batch was deleted."""
    with migrations.alone(bare_database) as connection:
        migrations.to(connection, "0001")
        is_postgresql = connection.dialect.name == "postgresql"
        for table, rows in ROWS.items():
            for row in rows:
                words = ", ".join(row), ", ".join(f":{name}" for name in row)
                told = row if is_postgresql else {name: as_sqlite_writes(value) for name, value in row.items()}
                connection.execute(sa.text(f"insert into {table} ({words[0]}) values ({words[1]})"), told)
            if is_postgresql and table != "program":
                connection.execute(sa.text(f"select setval('{table}_id_seq', {max(row['id'] for row in rows)})"))
        connection.execute(sa.text("delete from batch where id = 3"))
    return bare_database


def as_sqlite_writes(value):
    return value.removesuffix("+00:00") if isinstance(value, str) else value


def test_old_data_is_kept_and_completed(old_database):
    migrations.migrate(old_database)

    assert migrations.is_current(old_database)
    with old_database.connect() as connection:
        for table, rows in ROWS.items():
            there = connection.execute(sa.text(f"select * from {table} order by id")).mappings().all()
            kept = [row for row in rows if (table, row["id"]) != ("batch", 3)]
            assert [{name: as_told(one[name]) for name in row} for one, row in zip(there, kept, strict=True)] == [
                {name: as_told(value) for name, value in row.items()} for row in kept
            ]

    (offer,) = doors.rows(Offer)
    assert (offer.updated_at, offer.translations, offer.picture_id) == (offer.created_at, {}, None)
    first, second = doors.rows(Batch)
    assert (first.channel, first.disabled, first.withheld, first.redemptions_frozen) == (None, 0, 0, False)
    assert second.translations == {}
    assert not any(code.disabled for code in doors.rows(Code))
    assert [entry.actor for entry in doors.rows(AuditEntry)] == ["system", "Ada"]


def test_what_happened_before_is_told_by_quarters_of_an_hour(old_database):
    migrations.migrate(old_database)

    activity = [
        (row.batch_id, f"{row.slot:%H:%M:%S.%f}", row.claimed, row.redeemed) for row in doors.rows(BatchActivity)
    ]
    assert activity == [(1, "10:00:00.000000", 1, 0), (1, "10:15:00.000000", 1, 1)]
    assert doors.see(dashboard.differences) == []


def test_the_number_of_a_deleted_batch_is_not_given_again_after_the_change(old_database):
    migrations.migrate(old_database)

    assert doors.change(builders.batch, 1).id == 4


def test_old_vouchers_are_still_good_and_go_with_their_batch(old_database):
    migrations.migrate(old_database)
    codes = {code.code: code for code in doors.rows(Code)}
    assert (codes["BBB"].status, codes["BBB"].member_id) == (CodeStatus.CLAIMED, 1)

    doors.change(builders.deleted, 1)

    assert doors.rows(Redemption) == doors.rows(BatchActivity) == []
    assert [attempt.text for attempt in doors.rows(Attempt)] == ["?"]
    assert {code.batch_id for code in doors.rows(Code)} == {2}


def test_old_redemptions_are_found_by_what_is_searched_now(old_database):
    migrations.migrate(old_database)

    (row,) = doors.rows(Redemption)
    assert (row.code_text, row.title, row.member_name, row.place_id) == ("AAA", "Kawa", "", None)
    assert [line.id for line in doors.see(found, "kawa")] == [row.id]
    assert doors.see(found, "tea") == []


def test_keys_that_could_read_redemptions_go_on_reading_them(old_database):
    with migrations.alone(old_database) as connection:
        migrations.to(connection, "0003")
        for number, scopes in ((1, ["view_dashboard"]), (2, ["redeem"])):
            row = {"id": number, "name": "Till", "hint": "loy_", "key_hash": str(number), "scopes": json.dumps(scopes)}
            connection.execute(
                sa.text(
                    "insert into api_key (id, name, hint, key_hash, scopes, created_at)"
                    " values (:id, :name, :hint, :key_hash, :scopes, :at)"
                ),
                row | {"at": NOON if connection.dialect.name == "postgresql" else as_sqlite_writes(NOON)},
            )
    migrations.migrate(old_database)

    assert [key.scopes for key in doors.rows(ApiKey)] == [["view_dashboard", "view_redemptions"], ["redeem"]]


def test_the_version_before_can_be_gone_back_to_and_forth_again(database):
    place = doors.change(builders.place)
    tablet = replace(builders.CASHIER, place_id=place.id, device_id=doors.change(builders.device, place).id)
    batch = doors.change(builders.batch)
    late, used = (doors.change(builders.claimed, batch, doors.change(builders.member, name)) for name in ("Mia", "Ola"))
    too_late = builders.NOON + timedelta(days=40)
    for ask, now in (
        (Ask(used, tablet, "t-1", amount=MOST_AMOUNT), builders.NOON),
        (Ask(used, tablet, "t-2", scanned_at=builders.NOON), builders.NOON),
        (Ask(late, builders.LEAD, goodwill="Long queue"), too_late),
    ):
        doors.change(redemptions.redeem_many, [ask], now=now)
    command.downgrade(Config(toml_file=migrations.CHECKOUT / "pyproject.toml"), "0003")
    with database.connect() as connection:
        kept = connection.execute(sa.text("select status from redemption")).scalars().all()
        tried = connection.execute(sa.text("select reason from attempt order by id")).scalars().all()
        roles = connection.execute(sa.text("select role from account")).scalars().all()
    assert (kept, tried, "lead" in roles) == (["recorded"], [None, None], False)
    migrations.migrate(database)

    (row,) = doors.rows(Redemption)
    assert (row.code_text, row.member_name, row.place_id) == (used.replace("-", ""), "Ola", None)
    assert row.amount == 2**31 - 1  # as much as the column before had room for
    assert [line.id for line in doors.see(found, "ola")] == [row.id]
    assert doors.see(dashboard.differences) == []


def found(session, text):
    """Return the redemptions that fit a search."""
    return history.listed(session, history.Wish(text), limit=9, by=builders.ADMIN)


def as_told(value):
    """Return a value as one text, whatever the database gives back."""
    return None if value is None else str(value).removesuffix("+00:00").removesuffix(".000000")
