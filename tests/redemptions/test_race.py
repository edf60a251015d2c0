"""One voucher, many tills, one moment: exactly one of them may give the reward."""

from collections import Counter
from itertools import cycle

import pytest

from loyalty_app.batches import service as batches
from loyalty_app.claims import service as claims
from loyalty_app.core import times
from loyalty_app.core.database import Together, answer_all
from loyalty_app.core.reasons import Reason
from loyalty_app.dashboard import service as dashboard
from loyalty_app.redemptions.models import Attempt, Redemption
from loyalty_app.redemptions.service import Ask, Redeemed, redeem_many
from tests import builders
from tests.builders import ADMIN, CASHIER, OTHER_CASHIER
from tests.doors import at_once, change, rows, see

pytestmark = pytest.mark.usefixtures("database")

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
    codes = claimed(TILLS, batch_count=3)

    answers = at_once([lambda code=code: redeem(Ask(code, CASHIER)) for code in codes])

    assert said(answers) == {"redeemed": TILLS}
    assert sum(see(batches.get, number).redeemed for number in (1, 2, 3)) == TILLS
    assert see(dashboard.differences) == []


@pytest.mark.usefixtures("other_processes")
def test_groups_that_hold_the_same_vouchers_in_different_orders_do_not_block_each_other():
    codes = claimed(20, batch_count=3)
    groups = [[Ask(code, CASHIER) for code in codes[turn:] + codes[:turn]] for turn in range(8)]

    answers = at_once([lambda group=group: answer_all(redeem_many, group) for group in groups])

    assert said(answer for group in answers for answer in group) == {"redeemed": 20, Reason.ALREADY_REDEEMED: 140}
    assert see(dashboard.differences) == []


def test_a_deletion_in_the_middle_of_the_rush_leaves_nothing(redeem):
    codes = claimed(TILLS)
    rush = [lambda code=code: redeem(Ask(code, CASHIER)) for code in codes]
    rush.insert(20, lambda: change(batches.delete, 1, by=ADMIN, now=times.now()))

    answers = [answer for answer in at_once(rush) if answer is not None]

    assert said(answers).keys() <= {"redeemed", Reason.UNKNOWN_CODE}
    assert rows(Redemption) == []
    assert {attempt.reason for attempt in rows(Attempt)} <= {Reason.UNKNOWN_CODE}
