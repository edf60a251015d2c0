"""Codes are stored, given and taken by one statement each, and that statement decides."""

import pytest

from loyalty_app.claims import service as claims
from loyalty_app.codes import service as codes
from loyalty_app.codes.models import Code, CodeStatus
from loyalty_app.codes.service import Gift
from loyalty_app.members.models import Member
from tests import builders
from tests.builders import NOON
from tests.doors import at_once, change, rows, see

pytestmark = pytest.mark.usefixtures("database")


def claimed_code():
    change(builders.claimed, change(builders.batch, 3))
    return rows(Code)[0]


def test_a_claimed_code_is_taken_once():
    code = claimed_code()

    assert change(codes.take, {code.id}, now=NOON) == {code.id}
    assert change(codes.take, {code.id}, now=NOON) == set()


@pytest.mark.usefixtures("other_processes")
def test_a_code_is_taken_by_one_of_many_who_try_at_once():
    code = claimed_code()

    taken = at_once([lambda: change(codes.take, {code.id}, now=NOON)] * 12)

    assert sorted(taken, key=len) == [set()] * 11 + [{code.id}]


def test_a_code_that_nobody_claimed_is_not_taken():
    code, free, _ = claimed_code(), *rows(Code)[1:]

    assert change(codes.take, {code.id, free.id, 999}, now=NOON) == {code.id}
    assert [row.status for row in rows(Code)] == [CodeStatus.REDEEMED, CodeStatus.ACTIVE, CodeStatus.ACTIVE]


def test_a_code_is_given_once():
    change(builders.batch, 1)
    for name in ("Mia", "Ola"):
        change(builders.member, name)
    (code,), (mia, ola) = rows(Code), rows(Member)

    assert change(codes.give, [Gift(code.id, mia.id, NOON)], now=NOON) == {code.id: code.code}
    assert change(codes.give, [Gift(code.id, ola.id, NOON)], now=NOON) == {}
    assert [row.member_id for row in rows(Code)] == [mia.id]


def test_free_codes_come_in_the_order_of_their_serials():
    batch = change(builders.batch, 5)
    change(builders.claimed, batch)

    assert see(codes.free, batch.id, 3) == [code.id for code in rows(Code)[1:4]]
    assert len(see(codes.free, batch.id, 99)) == 4
    assert see(codes.free, 99, 3) == []


def test_codes_that_exist_already_are_named_by_their_serials():
    batch = change(builders.batch, 0, quantity="9")
    assert change(codes.store, batch.id, 1, ["SUN1", "SUN2"]) == []

    assert change(codes.store, batch.id, 3, ["SUN3", "SUN2", "SUN4", "SUN1"]) == [4, 6]
    assert {(code.serial, code.code) for code in rows(Code)} == {(1, "SUN1"), (2, "SUN2"), (3, "SUN3"), (5, "SUN4")}


def test_codes_are_found_by_their_text_with_their_batch():
    batch = change(builders.batch, 2, prefix="SUN")
    first, second = rows(Code)

    found = see(codes.by_texts, [first.code, second.code, "NEVERMADE"])
    assert {text: (code.id, of.id) for text, (code, of) in found.items()} == {
        first.code: (first.id, batch.id),
        second.code: (second.id, batch.id),
    }


def test_a_member_holds_what_they_claimed():
    batch = change(builders.batch)
    mia = change(builders.member)
    change(claims.claim_many, [claims.Ask(batch.claim_token, mia)], now=NOON)
    (member,) = rows(Member)

    assert see(codes.held, {batch.id}, {member.id, 99}).keys() == {(batch.id, member.id)}
    assert [code.status for code, _ in see(codes.of_member, member.id, 10)] == [CodeStatus.CLAIMED]
    assert see(codes.of_member, 99, 10) == []
