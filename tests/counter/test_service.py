"""The list for tablets holds every voucher that may come to a counter, in four bytes each, and nobody's name."""

import json
import struct
from dataclasses import replace
from datetime import timedelta

import pytest
import sqlalchemy as sa

from loyalty_app.audit.models import AuditEntry
from loyalty_app.batches import service as batches
from loyalty_app.codes import alphabet
from loyalty_app.codes import service as codes
from loyalty_app.codes.models import Code
from loyalty_app.core.actor import Actor
from loyalty_app.core.errors import ForbiddenError
from loyalty_app.counter import rules
from loyalty_app.counter import service as counter
from loyalty_app.counter.rules import Standing
from loyalty_app.places.models import Place
from loyalty_app.redemptions import service as redemptions
from loyalty_app.redemptions.models import Redemption, RedemptionStatus
from loyalty_app.redemptions.service import Ask
from tests import builders
from tests.builders import ADMIN, CASHIER, LEAD, MARKETER, NOON, VIEWER, WARSAW
from tests.doors import change, rows, see

SALT = bytes(range(rules.SALT_BYTES))
MONTHS = timedelta(days=90)


@pytest.fixture
def batch(database):
    return change(builders.batch)


def listed(now=NOON):
    return see(counter.listing, by=CASHIER, now=now)


def standings(now=NOON):
    return {one.code: one.standing for one in listed(now).vouchers}


def claimed(batch, name="Mia", *, now=NOON):
    code = change(lambda session: builders.claimed(session, batch, builders.member(session, name), now=now))
    return alphabet.normal(code)


def redeem(code, now=NOON):
    (answer,) = change(redemptions.redeem_many, [Ask(code, CASHIER)], now=now)
    return answer


def audit_entry(_batch, number):
    return AuditEntry(id=number, at=NOON, verb="freeze", subject="batch 1")


def redemption(batch, number):
    code = rows(Code)[number % 10]
    status = RedemptionStatus.GOODWILL  # which the counters of the batch do not tell
    return Redemption(id=number, code_id=code.id, batch_id=batch.id, status=status, at=NOON)


def test_every_claimed_voucher_is_listed_and_no_other_code(batch):
    free = 7
    mine = {claimed(batch, name) for name in ("Ana", "Ben", "Cleo")}

    assert standings() == dict.fromkeys(mine, Standing.GOOD)
    assert batch.total == len(mine) + free


def test_the_list_tells_where_our_own_links_lead(batch):
    assert listed().hosts == {"localhost"}
    change(builders.scan_batch, base_url="https://Menu.example:8443/redeem")
    assert listed().hosts == {"localhost", "menu.example"}


def test_a_used_or_withdrawn_voucher_is_known_as_such_and_one_that_is_good_again_is_good(batch):
    used, off = claimed(batch, "Ana"), claimed(batch, "Ben")
    answer = redeem(used)
    change(codes.disable, off, by=ADMIN, now=NOON)
    assert standings() == {used: Standing.USED, off: Standing.OFF}

    change(redemptions.reverse, answer.id, reason="By mistake", by=ADMIN, now=NOON)
    change(codes.enable, off, by=ADMIN, now=NOON)
    assert standings() == {used: Standing.GOOD, off: Standing.GOOD}


def test_what_expired_or_was_used_long_ago_is_left_out(batch):
    old, used = claimed(batch, "Ana"), claimed(batch, "Ben")
    redeem(used)

    assert standings(NOON + timedelta(days=40)).keys() == {old}  # lately too old: it is said to be so
    assert standings(NOON + MONTHS) == {}


def test_codes_that_pay_points_and_those_of_a_deleted_batch_are_not_listed(batch):
    change(builders.scan_batch)
    claimed(batch)
    change(batches.pause, batch.id, by=ADMIN, now=NOON)
    assert len(listed().vouchers) == 1  # claimed vouchers stay good when their batch is paused
    change(batches.delete, batch.id, typed_name=batch.name, by=ADMIN, now=NOON)

    assert listed().vouchers == []


def test_a_hold_on_the_batch_is_told(batch):
    claimed(batch)
    change(batches.freeze, batch.id, by=ADMIN, now=NOON)

    assert [one.is_frozen for one in listed().batches.values()] == [True]


@pytest.mark.parametrize("by", [MARKETER, VIEWER, Actor(), replace(CASHIER, account_id=None, api_key_id=1)])
def test_nobody_gets_the_list_but_people_at_a_counter(database, by):
    for ask in (
        lambda session: counter.stamp(session, by=by),
        lambda session: counter.listing(session, by=by, now=NOON),
    ):
        with pytest.raises(ForbiddenError):
            see(ask)
    assert see(counter.stamp, by=LEAD)


def test_the_stamp_is_another_one_after_each_change_to_a_voucher_and_else_the_same(batch):
    seen = []

    def now_another():
        stamp = see(counter.stamp, by=CASHIER)
        assert see(counter.stamp, by=CASHIER) == stamp
        is_new = stamp not in seen
        seen.append(stamp)
        return is_new

    assert now_another()
    code = claimed(batch)
    assert now_another()
    answer = redeem(code)
    assert now_another()
    change(redemptions.reverse, answer.id, reason="By mistake", by=ADMIN, now=NOON)
    assert now_another()
    change(codes.disable, code, by=ADMIN, now=NOON)
    assert now_another()
    change(codes.enable, code, by=ADMIN, now=NOON)
    assert now_another()
    change(batches.freeze, batch.id, by=ADMIN, now=NOON)
    assert now_another()
    redeem(code)
    assert not now_another()  # refused: nothing changed


@pytest.mark.parametrize("written", [audit_entry, redemption])
def test_what_got_its_number_early_and_is_committed_late_changes_the_stamp(batch, written):
    late, early = written(batch, 811), written(batch, 812)
    change(lambda session: session.add(early))
    seen = see(counter.stamp, by=CASHIER)

    change(lambda session: session.add(late))

    assert see(counter.stamp, by=CASHIER) != seen


def test_the_vouchers_are_found_by_their_index(database):
    # An empty table is read as a whole on PostgreSQL; there the words of the query are the same.
    if database.dialect.name == "sqlite":
        query = f"explain query plan {counter._CLAIMED.compile(database)}"
        with database.connect() as connection:
            plan = connection.exec_driver_sql(query, (NOON.isoformat(),)).all()
        assert "code_held" in str(plan)


def test_the_packed_list_finds_each_code_and_holds_neither_codes_nor_names(batch):
    mine = {claimed(batch, name) for name in ("Ana", "Ben")}

    body = rules.packed(listed(), SALT)

    (length,) = struct.unpack_from("<I", body)
    digests = struct.unpack_from("<2I", body, 4 + length)
    assert sorted(digests) == list(digests) == sorted(rules.digest(SALT, code) for code in mine)
    assert len(body) == 4 + length + 2 * (rules.DIGEST_BYTES + 2)
    for secret in (*mine, "Ana", "Ben", "ana@", rows(type(batch))[0].claim_token):
        assert secret.encode() not in body
    assert b"One coffee, any size" in body


@pytest.mark.parametrize(
    ("zone", "words"),
    [
        (WARSAW, "It was valid through 15 Jul 2026, 23:59."),
        ("Europe/Berlin", "It was valid through 15 Jul 2026, 23:59."),
        ("Europe/Lisbon", "It was valid through Wed 15 Jul 2026, 23:59 Europe/Warsaw."),
    ],
)
def test_an_end_names_its_zone_as_soon_as_one_counter_has_another_clock(batch, zone, words):
    change(builders.place)
    change(builders.place, "Harbour")
    claimed(batch)
    change(lambda session: session.execute(sa.update(Place).where(Place.name == "Harbour").values(time_zone=zone)))

    body = rules.packed(listed(), SALT)
    (length,) = struct.unpack_from("<I", body)
    assert [end for _, end in json.loads(body[4 : 4 + length])["ends"]] == [words]


@pytest.mark.parametrize(("count", "most"), [(100_000, 1 / 42_000), (1_000_000, 1 / 4_200)])
def test_a_text_that_is_no_code_is_rarely_taken_for_one(count, most):
    assert most * 0.9 < rules.taken_for_ours(count) < most


def test_the_clock_of_the_tablet_may_go_wrong():
    sent = NOON + timedelta(days=400)

    assert rules.scanned_at(sent - timedelta(minutes=5), sent, NOON) == NOON - timedelta(minutes=5)
    assert rules.scanned_at(sent + timedelta(minutes=5), sent, NOON) == NOON
    assert rules.scanned_at(NOON, sent, NOON) == NOON - rules.OLDEST
