"""Many members, few vouchers, one moment: each voucher goes to one member, and each member gets one."""

from collections import Counter

import pytest

from loyalty_app.batches import service as batches
from loyalty_app.batches.service import NotPossibleNowError
from loyalty_app.claims.models import ClaimAttempt
from loyalty_app.claims.service import Ask, Claimed, Refused, claim_many
from loyalty_app.codes import service as codes
from loyalty_app.codes import step
from loyalty_app.codes.models import Code
from loyalty_app.core import times
from loyalty_app.core.database import Together, answer_all
from loyalty_app.core.reasons import Reason
from loyalty_app.dashboard import service as dashboard
from loyalty_app.jobs import engine
from loyalty_app.jobs.models import Job
from tests import builders
from tests.builders import ADMIN
from tests.doors import at_once, change, rows, see

pytestmark = [pytest.mark.usefixtures("database"), pytest.mark.own_database]

CROWD = 50


def alone(ask):
    """Ask as a process of its own does."""
    return answer_all(claim_many, [ask])[0]


@pytest.fixture(params=["one process", "many processes"])
def claim(request):
    """Return what answers one ask, while others ask too."""
    if request.param == "one process":
        queue = Together(claim_many)
        return lambda ask: queue.submit(ask).result(60)
    request.getfixturevalue("other_processes")
    return alone


@pytest.fixture
def crowd():
    return change(lambda session: [builders.member(session, f"Member {number}") for number in range(CROWD)])


def batch(size):
    return change(builders.batch, size, now=times.now())


def said(answers):
    return Counter("claimed" if isinstance(answer, Claimed) else answer.reason for answer in answers)


@pytest.mark.requirement("S3-24", "S3-29")
def test_fifty_members_and_the_last_ten_vouchers(crowd, claim):
    few = batch(10)

    answers = at_once([lambda who=who: claim(Ask(few.claim_token, who)) for who in crowd])

    assert said(answers) == {"claimed": 10, Reason.SOLD_OUT: 40}
    assert len({answer.code for answer in answers if isinstance(answer, Claimed)}) == 10
    holders = [code.member_id for code in rows(Code)]
    assert len(set(holders)) == 10
    assert None not in holders
    assert see(batches.get, few.id).claimed == 10
    assert Counter(attempt.reason for attempt in rows(ClaimAttempt)) == {None: 10, Reason.SOLD_OUT: 40}
    assert see(dashboard.differences) == []


@pytest.mark.requirement("S3-25")
def test_one_member_who_presses_fifty_times_gets_one_voucher(claim):
    many = batch(CROWD)
    mia = change(builders.member)

    answers = at_once([lambda: claim(Ask(many.claim_token, mia))] * CROWD)

    assert said(answers) == {"claimed": 1, Reason.ALREADY_CLAIMED: CROWD - 1}
    assert len({answer.code for answer in answers}) == 1
    assert see(batches.get, many.id).claimed == 1
    assert see(dashboard.differences) == []


def test_enough_for_everybody_is_enough_for_everybody(crowd, claim):
    enough = batch(CROWD)

    answers = at_once([lambda who=who: claim(Ask(enough.claim_token, who)) for who in crowd])

    assert said(answers) == {"claimed": CROWD}
    assert len({answer.code for answer in answers}) == CROWD
    assert see(dashboard.differences) == []


def test_a_pause_in_the_middle_of_the_rush_counts_right(crowd, claim):
    rushed = batch(CROWD)
    rush = [lambda who=who: claim(Ask(rushed.claim_token, who)) for who in crowd]
    rush.insert(20, lambda: change(batches.pause, rushed.id, by=ADMIN, now=times.now()))

    answers = [answer for answer in at_once(rush) if answer is not None]

    assert said(answers).keys() <= {"claimed", Reason.BATCH_PAUSED}
    assert see(batches.get, rushed.id).claimed == said(answers)["claimed"]
    assert see(dashboard.differences) == []
    (late,) = [claim(Ask(rushed.claim_token, change(builders.member, "Late")))]
    assert late.reason is Reason.BATCH_PAUSED


def test_a_deletion_in_the_middle_of_the_rush_leaves_nothing(crowd, claim):
    rushed = batch(CROWD)
    rush = [lambda who=who: claim(Ask(rushed.claim_token, who)) for who in crowd]
    rush.insert(20, lambda: builders.delete_step_by_step(rushed))

    answers = [answer for answer in at_once(rush) if answer is not None]

    assert said(answers).keys() <= {"claimed", Reason.BATCH_PAUSED, Reason.UNKNOWN_CODE, Reason.SOLD_OUT}
    assert rows(Code) == rows(ClaimAttempt) == []


@pytest.mark.requirement("S3-35")
def test_a_batch_that_is_not_paused_loses_no_claim_to_a_deletion(crowd, claim):
    rushed = batch(CROWD)

    def delete():
        with pytest.raises(NotPossibleNowError):
            change(batches.delete, rushed.id, typed_name=rushed.name, by=ADMIN, now=times.now())

    answers = at_once([*[lambda who=who: claim(Ask(rushed.claim_token, who)) for who in crowd[:-1]], delete])

    assert said(answers[:-1]) == {"claimed": len(crowd) - 1}
    assert see(dashboard.differences) == []


def test_members_claim_while_the_codes_are_being_made(crowd, claim, monkeypatch):
    monkeypatch.setattr(step, "CHUNK", 10)
    growing = change(builders.batch, 0, quantity="300", now=times.now())
    kinds = {batches.GENERATE_CODES: engine.Kind(step.prepare, batches.fail)}

    answers = at_once(
        [lambda: engine.run(rows(Job)[-1].id, kinds)]
        + [lambda who=who: claim(Ask(growing.claim_token, who)) for who in crowd]
    )

    assert said(answers[1:]).keys() <= {"claimed", Reason.NOT_READY}
    assert (see(batches.get, growing.id).made, len(rows(Code))) == (300, 300)
    assert see(dashboard.differences) == []


def test_codes_switched_off_in_the_middle_of_the_rush_go_to_nobody_afterwards(crowd, claim):
    rushed = batch(CROWD)
    one = rows(Code)[30].code
    rush = [lambda who=who: claim(Ask(rushed.claim_token, who)) for who in crowd[:-1]]
    rush.insert(5, lambda: change(codes.disable, one, by=ADMIN, now=times.now()))
    rush.insert(15, lambda: change(codes.disable_all, rushed.id, by=ADMIN, now=times.now()))

    answers = [answer for answer in at_once(rush) if isinstance(answer, Claimed | Refused)]

    assert said(answers).keys() <= {"claimed", Reason.SOLD_OUT}
    assert {code.disabled for code in rows(Code)} == {True}
    assert see(dashboard.differences) == []
    assert claim(Ask(rushed.claim_token, crowd[-1])).reason is Reason.SOLD_OUT
    change(codes.enable_all, rushed.id, by=ADMIN, now=times.now())
    assert isinstance(claim(Ask(rushed.claim_token, crowd[-1])), Claimed)
