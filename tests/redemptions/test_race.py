"""One voucher, many tills, one moment: exactly one of them may give the reward."""

import threading
from collections import Counter
from itertools import cycle

import pytest
import sqlalchemy as sa

from loyalty_app.batches import service as batches
from loyalty_app.batches.models import Batch
from loyalty_app.claims import service as claims
from loyalty_app.codes import service as codes
from loyalty_app.core import times
from loyalty_app.core.database import Together, answer_all
from loyalty_app.core.errors import NotFoundError
from loyalty_app.core.reasons import Reason
from loyalty_app.dashboard import service as dashboard
from loyalty_app.members import service as members
from loyalty_app.members.models import Member
from loyalty_app.redemptions import service as redemptions
from loyalty_app.redemptions.models import Attempt, Redemption, RedemptionStatus
from loyalty_app.redemptions.service import Ask, Redeemed, Refused, Reversed, redeem_many
from tests import builders
from tests.builders import ADMIN, CASHIER, OTHER_CASHIER
from tests.doors import at_once, await_a_waiter, change, rows, see

pytestmark = [pytest.mark.usefixtures("database"), pytest.mark.own_database]

TILLS = 50


def alone(ask):
    """Ask as a process of its own does."""
    return answer_all(redeem_many, [ask])[0]


@pytest.fixture(params=["one process", "many processes"])
def redeem(request):
    """Return what answers one ask, while others ask too."""
    if request.param == "one process":
        queue = Together(redeem_many)
        return lambda ask: queue.submit(ask).result(60)
    request.getfixturevalue("other_processes")
    return alone


def claimed(count, batch_count=1):
    """Claim that many vouchers, one a member, spread over the batches; return their codes."""
    now = times.now()

    def claim(session):
        made = [builders.batch(session, count, now=now) for _ in range(batch_count)]
        members = [builders.member(session, f"Member {number}") for number in range(count)]
        asks = [claims.Ask(batch.claim_token, by) for batch, by in zip(cycle(made), members, strict=False)]
        return [answer.code for answer in claims.claim_many(session, asks, now=now)]

    return change(claim)


def said(answers):
    return Counter("redeemed" if isinstance(answer, Redeemed) else answer.reason for answer in answers)


@pytest.mark.requirement("S0-27", "S2-12")
def test_one_voucher_and_fifty_tills(redeem):
    (code,) = claimed(1)
    asks = [
        Ask(code, by, f"till-{number}")
        for number, by in zip(range(TILLS), cycle([CASHIER, OTHER_CASHIER]), strict=False)
    ]

    answers = at_once([lambda ask=ask: redeem(ask) for ask in asks])

    assert said(answers) == {"redeemed": 1, Reason.ALREADY_REDEEMED: TILLS - 1}
    (winner,) = [answer for answer in answers if isinstance(answer, Redeemed)]
    # Everybody else is told the same first time and the same first person.
    assert {(answer.voucher.redeemed_at, answer.voucher.redeemed_by) for answer in answers} == {
        (winner.at, winner.voucher.redeemed_by)
    }
    assert len(rows(Redemption)) == see(batches.get, 1).redeemed == 1
    assert len(rows(Attempt)) == TILLS
    assert see(dashboard.differences) == []


def test_one_scan_sent_fifty_times_is_one_attempt_and_one_answer(redeem):
    (code,) = claimed(1)

    answers = at_once([lambda: redeem(Ask(code, CASHIER, "the same"))] * TILLS)

    assert said(answers) == {"redeemed": TILLS}
    assert len(set(map(repr, answers))) == 1
    assert len(rows(Redemption)) == len(rows(Attempt)) == 1
    assert see(dashboard.differences) == []


def test_one_scan_of_nothing_sent_fifty_times_is_one_attempt(redeem):
    answers = at_once([lambda: redeem(Ask("NEVERMADE", CASHIER, "the same"))] * TILLS)

    assert said(answers) == {Reason.UNKNOWN_CODE: TILLS}
    assert len(rows(Attempt)) == 1


def test_fifty_vouchers_of_three_batches_at_fifty_tills_are_all_redeemed(redeem):
    texts = claimed(TILLS, batch_count=3)

    answers = at_once([lambda code=code: redeem(Ask(code, CASHIER)) for code in texts])

    assert said(answers) == {"redeemed": TILLS}
    assert sum(see(batches.get, number).redeemed for number in (1, 2, 3)) == TILLS
    assert see(dashboard.differences) == []


@pytest.mark.usefixtures("other_processes")
def test_groups_that_hold_the_same_vouchers_in_different_orders_do_not_block_each_other():
    texts = claimed(20, batch_count=3)
    groups = [[Ask(code, CASHIER) for code in texts[turn:] + texts[:turn]] for turn in range(8)]

    answers = at_once([lambda group=group: answer_all(redeem_many, group) for group in groups])

    assert said(answer for group in answers for answer in group) == {"redeemed": 20, Reason.ALREADY_REDEEMED: 140}
    assert see(dashboard.differences) == []


def test_a_deletion_in_the_middle_of_the_rush_leaves_nothing(redeem):
    texts = claimed(TILLS)
    rush = [lambda code=code: redeem(Ask(code, CASHIER)) for code in texts]
    rush.insert(20, lambda: builders.delete_step_by_step(rows(Batch)[0]))

    answers = [answer for answer in at_once(rush) if answer is not None]

    assert said(answers).keys() <= {"redeemed", Reason.UNKNOWN_CODE}
    assert rows(Redemption) == []
    assert {attempt.reason for attempt in rows(Attempt)} <= {Reason.UNKNOWN_CODE}


def reverse(number):
    """Take a redemption back, as a process of its own does."""
    return change(redemptions.reverse, number, reason="Wrong customer", by=ADMIN, now=times.now())


@pytest.mark.usefixtures("other_processes")
def test_a_redemption_reversed_fifty_times_at_once_is_reversed_once():
    (code,) = claimed(1)
    number = alone(Ask(code, CASHIER)).id

    answers = at_once([lambda: reverse(number)] * TILLS)

    said_of = Counter("reversed" if isinstance(answer, Reversed) else answer.reason for answer in answers)
    assert said_of == {"reversed": 1, Reason.ALREADY_REVERSED: TILLS - 1}
    assert see(batches.get, 1).redeemed == 0
    assert see(dashboard.differences) == []


def test_a_reversal_among_many_tills_lets_the_voucher_be_redeemed_once_more(redeem):
    (code,) = claimed(1)
    number = alone(Ask(code, CASHIER)).id
    rush = [lambda: redeem(Ask(code, OTHER_CASHIER))] * 20
    rush.insert(5, lambda: reverse(number))

    answers = at_once(rush)

    again = sum(isinstance(answer, Redeemed) for answer in answers)
    assert again <= 1
    assert Counter(row.status for row in rows(Redemption)) == Counter(
        [RedemptionStatus.REVERSED, *[RedemptionStatus.RECORDED] * again]
    )
    assert see(dashboard.differences) == []
    assert isinstance(redeem(Ask(code, CASHIER)), Redeemed) is (again == 0)


def test_switches_moved_in_the_middle_of_the_rush_count_right(redeem):
    codes_claimed = claimed(30, batch_count=2)
    rush = [lambda code=code: redeem(Ask(code, CASHIER)) for code in codes_claimed]
    now = times.now()
    rush.insert(5, lambda: change(codes.disable_all, 1, by=ADMIN, now=now))
    rush.insert(10, lambda: change(codes.disable, codes_claimed[1], by=ADMIN, now=now))
    rush.insert(15, lambda: change(codes.enable_all, 1, by=ADMIN, now=now))

    answers = [answer for answer in at_once(rush) if isinstance(answer, Redeemed | Refused)]

    assert said(answers).keys() <= {"redeemed", Reason.DISABLED, Reason.ALREADY_REDEEMED}
    assert see(batches.get, 1).redeemed + see(batches.get, 2).redeemed == said(answers)["redeemed"]
    assert see(dashboard.differences) == []


@pytest.mark.usefixtures("other_processes")
def test_after_a_freeze_no_till_redeems_whatever_it_read_before():
    codes_claimed = claimed(30)
    frozen_at = []

    def freeze():
        def set_frozen(session):
            session.execute(sa.update(Batch).values(redemptions_frozen=True))

        change(set_frozen)
        frozen_at.append(len([row for row in rows(Redemption) if row.status is RedemptionStatus.RECORDED]))

    rush = [lambda code=code: alone(Ask(code, CASHIER)) for code in codes_claimed]
    rush.insert(10, freeze)
    answers = [answer for answer in at_once(rush) if answer is not None]

    assert said(answers).keys() <= {"redeemed", Reason.REDEMPTION_FROZEN}
    assert [said(answers)["redeemed"]] == [len(rows(Redemption))] == frozen_at
    assert see(dashboard.differences) == []


@pytest.mark.parametrize("turn", range(3))
def test_a_batch_deleted_while_its_redemptions_are_reversed_leaves_nothing(redeem, turn):
    numbers = [redeem(Ask(code, CASHIER)).id for code in claimed(10)]

    def undo(number):
        try:
            return reverse(number)
        except NotFoundError:
            return None

    rush = [lambda number=number: undo(number) for number in numbers]
    rush.insert(turn * 4, lambda: builders.delete_step_by_step(rows(Batch)[0]))
    at_once(rush)

    assert rows(Redemption) == []
    assert see(dashboard.differences) == []


@pytest.mark.usefixtures("other_processes")
def test_what_is_redeemed_while_its_member_takes_another_name_has_that_name(database):
    (code,) = claimed(1)
    member = change(builders.member, "Member 0")
    other = threading.Thread(target=lambda: change(members.rename_me, "Nova", by=member))

    def redeem(session):
        (answer,) = redeem_many(session, [Ask(code, CASHIER)], now=times.now())
        other.start()
        if database.dialect.name != "sqlite":
            await_a_waiter(database)
        return answer

    assert isinstance(change(redeem), Redeemed)
    other.join(30)

    assert [row.name for row in rows(Member)] == ["Nova"]
    assert [row.member_name for row in rows(Redemption)] == ["Nova"]
