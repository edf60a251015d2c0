"""Codes are switched off and on again, and remember what they were."""

import pytest

from loyalty_app.audit.models import AuditEntry
from loyalty_app.batches import rules as batch_rules
from loyalty_app.batches import service as batches
from loyalty_app.batches.service import NotPossibleNowError
from loyalty_app.claims import service as claims
from loyalty_app.codes import service as codes
from loyalty_app.codes.models import Code, CodeStatus
from loyalty_app.codes.service import Refused
from loyalty_app.core.errors import ForbiddenError, NotFoundError
from loyalty_app.core.reasons import Reason
from loyalty_app.dashboard import service as dashboard
from loyalty_app.redemptions import service as redemptions
from loyalty_app.redemptions.service import Redeemed
from tests import builders
from tests.builders import ADMIN, CASHIER, MARKETER, NOON, VIEWER
from tests.doors import change, rows, see

pytestmark = pytest.mark.usefixtures("database")


@pytest.fixture(autouse=True)
def counters_equal_rows(database):
    yield
    assert see(dashboard.differences) == []


def switch(verb, what, by=MARKETER):
    return change(verb, what, by=by, now=NOON)


def counts(batch):
    batch = see(batches.get, batch.id)
    return batch.disabled, batch.withheld, batch_rules.available(batch)


def redeem(code):
    (answer,) = change(redemptions.redeem_many, [redemptions.Ask(code, CASHIER)], now=NOON)
    return answer


def claim(batch, name):
    (answer,) = change(claims.claim_many, [claims.Ask(batch.claim_token, change(builders.member, name))], now=NOON)
    return answer


@pytest.mark.requirement("S0-22", "S0-29")
def test_a_disabled_voucher_is_not_redeemed_until_it_is_enabled():
    batch = change(builders.batch)
    code = change(builders.claimed, batch)

    listed = switch(codes.disable, code.lower()).code
    assert (listed.code, listed.disabled, listed.status) == (code, True, CodeStatus.CLAIMED)
    assert redeem(code).reason is Reason.DISABLED
    assert counts(batch) == (1, 0, 9)

    listed = switch(codes.enable, code).code
    assert not listed.disabled
    assert counts(batch) == (0, 0, 9)
    assert isinstance(redeem(code), Redeemed)


def test_a_disabled_code_is_given_to_nobody():
    batch = change(builders.batch, 2)
    first, second = (code.code for code in rows(Code))
    switch(codes.disable, first)
    assert counts(batch) == (1, 1, 1)

    assert claim(batch, "Mia").code == second
    assert claim(batch, "Ola").reason is Reason.SOLD_OUT
    assert see(claims.look, batch.claim_token, by=VIEWER, now=NOON).refusal is Reason.SOLD_OUT
    switch(codes.enable, first)
    assert claim(batch, "Ola").code == first


def test_a_switch_moved_twice_is_moved_once():
    batch = change(builders.batch, 1)
    code = rows(Code)[0].code
    for _ in range(2):
        switch(codes.disable, code)

    assert counts(batch) == (1, 1, 0)
    assert [entry.verb for entry in rows(AuditEntry)].count("disable_code") == 1


def test_a_redeemed_voucher_has_no_switch():
    batch = change(builders.batch)
    code = change(builders.claimed, batch)
    redeem(code)

    assert switch(codes.disable, code) == Refused(Reason.ALREADY_REDEEMED)
    assert switch(codes.enable, code) == Refused(Reason.ALREADY_REDEEMED)
    assert counts(batch) == (0, 0, 9)


@pytest.mark.requirement("S0-20", "S0-29")
def test_a_whole_batch_is_switched_but_for_what_is_redeemed():
    batch, other = change(builders.batch, 5), change(builders.batch, 3)
    used = change(builders.claimed, batch, change(builders.member, "Ola"))
    redeem(used)
    held = change(builders.claimed, batch)
    switch(codes.disable, rows(Code)[4].code)

    assert switch(codes.disable_all, batch.id) == 3
    assert counts(batch) == (4, 3, 0)
    assert counts(other) == (0, 0, 3)
    assert redeem(held).reason is Reason.DISABLED
    assert redeem(used).reason is Reason.ALREADY_REDEEMED
    assert switch(codes.disable_all, batch.id) == 0

    assert switch(codes.enable_all, batch.id) == 4
    assert counts(batch) == (0, 0, 3)
    assert redeem(used).reason is Reason.ALREADY_REDEEMED
    assert isinstance(redeem(held), Redeemed)


def test_nothing_is_switched_while_codes_are_being_made():
    batch = change(builders.batch, 1, quantity="5")

    for verb, what in ((codes.disable, rows(Code)[0].code), (codes.disable_all, batch.id)):
        with pytest.raises(NotPossibleNowError):
            switch(verb, what)
    assert [code.disabled for code in rows(Code)] == [False]


@pytest.mark.parametrize(("text", "reason"), [("NEVERMADE", Reason.UNKNOWN_CODE), ("?\x00", Reason.MALFORMED)])
def test_what_is_no_code_has_no_switch(text, reason):
    assert switch(codes.disable, text) == Refused(reason)
    assert see(codes.get, text, by=VIEWER) == Refused(reason)


def test_a_batch_that_is_gone_has_no_switch():
    with pytest.raises(NotFoundError):
        switch(codes.disable_all, 77)


@pytest.mark.requirement("S0-28")
@pytest.mark.parametrize("by", [CASHIER, VIEWER], ids=["cashier", "viewer"])
def test_only_who_manages_codes_moves_switches(by):
    batch = change(builders.batch, 1)
    code = rows(Code)[0].code

    for verb, what in (
        (codes.disable, code),
        (codes.enable, code),
        (codes.disable_all, batch.id),
        (codes.enable_all, batch.id),
    ):
        with pytest.raises(ForbiddenError):
            switch(verb, what, by)


def test_switching_is_remembered_with_who_did_it():
    batch = change(builders.batch, 2)
    code = rows(Code)[0].code
    switch(codes.disable, code)
    switch(codes.enable_all, batch.id, ADMIN)

    found = [(entry.actor, entry.verb, entry.subject) for entry in rows(AuditEntry)][-2:]
    assert found == [("Marek", "disable_code", f"batch {batch.id}"), ("Ada", "enable", f"batch {batch.id}")]


def test_a_code_is_found_however_it_is_written_and_shows_its_holder_to_who_may_know():
    batch = change(builders.batch, prefix="SUN")
    code = change(builders.claimed, batch)

    found = see(codes.get, f" {code[:5].lower()}-{code[5:]}", by=MARKETER)
    listed = found.code
    assert (listed.code, listed.member, listed.email, found.batch.id) == (code, "Mia", "mia@example.com", batch.id)
    listed = see(codes.get, code, by=VIEWER).code
    assert (listed.member, listed.email) == ("", "")
    with pytest.raises(ForbiddenError):
        see(codes.get, code, by=CASHIER)


@pytest.mark.requirement("S0-22", "S0-29")
def test_some_codes_are_switched_and_the_others_are_not():
    batch, other = change(builders.scan_batch, 6), change(builders.scan_batch, 3)
    change(redemptions.redeem_many, [redemptions.Ask(builders.link(batch, 2), change(builders.member), "")], now=NOON)

    some = {"by": MARKETER, "now": NOON}
    assert change(codes.disable_some, batch.id, [1, 2, 3, 99], **some) == 2
    assert change(codes.disable_some, batch.id, [3], **some) == 0
    assert [code.serial for code in rows(Code) if code.disabled] == [1, 3]
    assert (counts(batch), counts(other)) == ((2, 2, 3), (0, 0, 3))
    assert change(codes.enable_some, batch.id, [1, 2, 3], **some) == 2
    assert counts(batch) == (0, 0, 5)
    assert [(entry.verb, entry.details) for entry in rows(AuditEntry)][-2:] == [
        ("disable_code", "2 of the serials 1–3, 99"),
        ("enable_code", "2 of the serials 1–3"),
    ]


@pytest.mark.requirement("S0-28")
def test_only_who_manages_codes_switches_some():
    batch = change(builders.scan_batch, 2)

    for verb in (codes.disable_some, codes.enable_some):
        with pytest.raises(ForbiddenError):
            change(verb, batch.id, [1], by=VIEWER, now=NOON)
