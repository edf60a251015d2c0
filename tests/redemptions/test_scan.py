"""A scan code pays its points once, to whoever redeems it, and no changed token is worth anything."""

import pytest

from loyalty_app.batches import fields
from loyalty_app.batches.fields import Field, FieldType, stored
from loyalty_app.codes.models import Code, CodeStatus
from loyalty_app.core.actor import STRANGER
from loyalty_app.core.reasons import Reason
from loyalty_app.dashboard import service as dashboard
from loyalty_app.members.models import Member
from loyalty_app.points import service as ledger
from loyalty_app.points.models import EntryKind, PointsEntry
from loyalty_app.redemptions import service as redemptions
from loyalty_app.redemptions.models import Attempt, Redemption
from loyalty_app.redemptions.service import Ask, Incomplete, Redeemed, Refused, Worth
from tests import builders
from tests.builders import ADMIN, CASHIER, NOON
from tests.doors import at_once, change, rows, see

pytestmark = pytest.mark.usefixtures("database")


def redeem(text, by, *, nonce="", now=NOON, **more):
    (answer,) = change(redemptions.redeem_many, [Ask(text, by, nonce, **more)], now=now)
    return answer


@pytest.fixture(autouse=True)
def counters_equal_rows(database):
    yield
    assert see(dashboard.differences) == []
    assert see(ledger.differences) == []


@pytest.mark.requirement("S0-1", "S0-2", "S0-29")
def test_a_member_gets_the_points_of_a_code():
    batch = change(builders.scan_batch, points=20)
    mia = change(builders.member)

    answer = redeem(builders.link(batch), mia)

    assert isinstance(answer, Redeemed)
    assert (answer.voucher.points, answer.balance) == (20, 20)
    assert [(one.kind, one.points, one.balance) for one in rows(PointsEntry)] == [(EntryKind.REDEMPTION, 20, 20)]
    assert [one.points for one in rows(Member)] == [20]
    assert next((one.status, one.claimed_at) for one in rows(Code)) == (CodeStatus.REDEEMED, None)


def test_a_member_may_redeem_many_codes_of_one_batch():
    batch = change(builders.scan_batch, points=20)
    mia = change(builders.member)

    balances = [redeem(builders.link(batch, serial), mia).balance for serial in (1, 2, 3)]

    assert balances == [20, 40, 60]


@pytest.mark.requirement("S0-27")
def test_of_fifty_who_redeem_one_code_at_once_one_is_paid():
    batch = change(builders.scan_batch, points=20)
    people = [change(builders.member, f"Member {number}") for number in range(10)]
    link = builders.link(batch)

    answers = at_once([lambda by=people[number % 10]: redeem(link, by) for number in range(50)])

    assert sum(isinstance(answer, Redeemed) for answer in answers) == 1
    assert {answer.reason for answer in answers if isinstance(answer, Refused)} == {Reason.ALREADY_REDEEMED}
    assert [one.points for one in rows(PointsEntry)] == [20]
    assert len(rows(Redemption)) == 1


def test_looking_at_a_code_changes_nothing():
    batch = change(builders.scan_batch, points=20)

    worth = see(redemptions.look, builders.link(batch), by=STRANGER, now=NOON)

    assert isinstance(worth, Worth)
    assert worth.points == 20
    assert rows(Attempt) == []


def test_a_reversal_takes_exactly_the_points_back():
    batch = change(builders.scan_batch, points=20)
    mia = change(builders.member)
    first = redeem(builders.link(batch), mia)

    change(redemptions.reverse, first.id, reason="Test", by=ADMIN, now=NOON)

    assert [(one.points, one.balance) for one in rows(PointsEntry)] == [(20, 20), (-20, 0)]
    assert redeem(builders.link(batch), mia).balance == 20


def test_at_the_till_a_code_needs_its_member():
    batch = change(builders.scan_batch)

    answer = redeem(builders.link(batch), CASHIER)

    assert answer.reason is Reason.LOGIN_REQUIRED


def test_what_the_batch_asks_has_to_be_told():
    asked = (Field("Shoe size", FieldType.NUMBER), Field("Shop", is_required=False))
    batch = change(builders.scan_batch, fields=asked)
    mia = change(builders.member)

    refused = redeem(builders.link(batch), mia, answers={"Shoe size": "large"})
    misspelt = redeem(builders.link(batch), mia, answers={"Shoe size": "42", "shop": "x"})
    accepted = redeem(builders.link(batch), mia, answers={"Shoe size": "42"})

    assert isinstance(refused, Incomplete)
    assert list(refused.problems) == ["Shoe size"]
    assert misspelt == Incomplete({"shop": "The batch does not ask this."})
    assert isinstance(accepted, Redeemed)
    assert [one.answers for one in rows(Redemption)] == [{"Shoe size": "42"}]
    assert fields.loaded(stored(asked)) == list(asked)


@pytest.mark.requirement("S0-25")
def test_a_changed_token_is_refused():
    batch = change(builders.scan_batch)
    mia = change(builders.member)
    link = builders.link(batch)
    changed = link[:-1] + ("A" if link[-1] != "A" else "B")

    assert redeem(changed, mia).reason is Reason.UNKNOWN_CODE
    assert [one.reason for one in rows(Attempt)] == [Reason.TAMPERED]


def test_nobody_writes_the_ledger_anew():
    batch = change(builders.scan_batch)
    redeem(builders.link(batch), change(builders.member))

    for statement in ("update points_entry set points = 1000", "delete from points_entry"):
        with pytest.raises(Exception, match="append-only"):
            change(lambda session, sql=statement: session.connection().exec_driver_sql(sql))


def test_points_outlive_their_batch():
    batch = change(builders.scan_batch, points=20)
    redeem(builders.link(batch), change(builders.member))

    change(builders.deleted, batch.id)

    assert [(one.points, one.redemption_id) for one in rows(PointsEntry)] == [(20, None)]
    assert [one.points for one in rows(Member)] == [20]


def test_a_member_cannot_redeem_a_voucher_at_home():
    batch = change(builders.batch)
    mia, ola = change(builders.member), change(builders.member, "Ola")
    code = change(builders.claimed, batch, mia)

    assert redeem(code, mia).reason is Reason.WRONG_KIND
    assert redeem(code, ola) == Refused(Reason.UNKNOWN_CODE)
    assert see(redemptions.look, code, by=ola, now=NOON) == Refused(Reason.UNKNOWN_CODE)
    assert rows(Redemption) == []


def test_nobody_learns_who_used_a_code_before():
    batch = change(builders.scan_batch)
    mia, ola = change(builders.member), change(builders.member, "Ola")
    redeem(builders.link(batch), mia)

    assert redeem(builders.link(batch), ola) == Refused(Reason.ALREADY_REDEEMED)
    assert see(redemptions.look, builders.link(batch), by=STRANGER, now=NOON) == Refused(Reason.ALREADY_REDEEMED)
    assert see(redemptions.look, builders.link(batch), by=mia, now=NOON).voucher.redeemed_at == NOON
