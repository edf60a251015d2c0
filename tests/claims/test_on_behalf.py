"""A program claims for a member, by the same rules as the member themselves."""

from dataclasses import replace
from datetime import timedelta

import pytest

from loyalty_app.audit.models import AuditEntry
from loyalty_app.batches import service as batches
from loyalty_app.claims import service as claims
from loyalty_app.claims.models import ClaimAttempt
from loyalty_app.claims.service import Ask, Claimed, Refused, claim_many
from loyalty_app.codes import service as codes
from loyalty_app.codes.models import Code, CodeStatus
from loyalty_app.core import times
from loyalty_app.core.actor import Permission
from loyalty_app.core.database import answer_all
from loyalty_app.core.errors import ForbiddenError, NotFoundError
from loyalty_app.core.reasons import Reason
from loyalty_app.dashboard import service as dashboard
from loyalty_app.members.models import Member
from tests import builders
from tests.builders import ADMIN, CASHIER, MARKETER, NOON, VIEWER
from tests.doors import at_once, change, rows, see

pytestmark = pytest.mark.usefixtures("database")

PROGRAM = replace(ADMIN, account_id=None, api_key_id=1, name="Web shop", permissions=frozenset(Permission))


@pytest.fixture(autouse=True)
def counters_equal_rows(database):
    yield
    assert see(dashboard.differences) == []


def member(name="Mia"):
    """Let somebody join, and return their member number."""
    by = change(builders.member, name)
    return next(one.id for one in rows(Member) if one.account_id == by.account_id)


def claim_for(batch, member_id, by=PROGRAM, *, now=NOON):
    return change(claims.claim_for, batch.id, member_id, by=by, now=now)


@pytest.mark.requirement("S3-25")
def test_a_member_gets_one_voucher_whoever_claims_it():
    batch, mia = change(builders.batch), member()
    answer = claim_for(batch, mia)

    assert isinstance(answer, Claimed)
    assert claim_for(batch, mia) == Refused(Reason.ALREADY_CLAIMED, answer.code)
    own = change(claim_many, [Ask(batch.claim_token, change(builders.member))], now=NOON)
    assert own == [Refused(Reason.ALREADY_CLAIMED, answer.code)]
    held = see(claims.held_by, batch.id, mia, by=PROGRAM)
    assert (held.code, held.status, held.claimed_at, held.expires_at) == (
        answer.code,
        CodeStatus.CLAIMED,
        NOON,
        batch.closes_at,
    )
    assert [card.code for card in see(claims.mine, by=change(builders.member))] == [answer.code]
    assert [attempt.reason for attempt in rows(ClaimAttempt)] == [None, *[Reason.ALREADY_CLAIMED] * 2]


def test_the_rules_are_the_members_own():
    paused, empty, over = change(builders.batch), change(builders.batch, 1), change(builders.batch)
    change(batches.pause, paused.id, by=ADMIN, now=NOON)
    claim_for(empty, member("Ola"))
    mia = member()

    assert claim_for(paused, mia) == Refused(Reason.BATCH_PAUSED)
    assert claim_for(empty, mia) == Refused(Reason.SOLD_OUT)
    assert claim_for(over, mia, now=NOON + timedelta(days=90)) == Refused(Reason.EXPIRED)
    assert see(claims.held_by, over.id, mia, by=PROGRAM) is None


def test_what_does_not_exist_gives_nothing():
    batch, mia = change(builders.batch), member()

    with pytest.raises(NotFoundError):
        claim_for(batch, mia + 1)
    with pytest.raises(NotFoundError):
        change(claims.claim_for, batch.id + 1, mia, by=PROGRAM, now=NOON)
    assert rows(ClaimAttempt) == []


@pytest.mark.parametrize("by", [MARKETER, CASHIER, VIEWER], ids=["marketer", "cashier", "viewer"])
def test_only_who_may_claims_for_somebody_else(by):
    batch, mia = change(builders.batch), member()

    with pytest.raises(ForbiddenError):
        claim_for(batch, mia, by)
    with pytest.raises(ForbiddenError):
        see(claims.held_by, batch.id, mia, by=by)


def test_a_claim_for_somebody_is_remembered_with_who_made_it():
    batch, mia = change(builders.batch), member()
    claim_for(batch, mia)

    entry = rows(AuditEntry)[-1]
    assert (entry.actor, entry.api_key_id, entry.verb, entry.subject) == ("Web shop", 1, "claim", f"batch {batch.id}")


def test_the_claims_of_a_batch_are_listed_page_by_page():
    batch, other = change(builders.batch, 5), change(builders.batch, 2)
    given = [claim_for(batch, member(name)).code for name in ("Ada L", "Ben", "Cleo")]
    claim_for(other, member())
    change(codes.disable, given[1], by=ADMIN, now=NOON)

    first = see(claims.listed, batch.id, limit=2, by=MARKETER)
    rest = see(claims.listed, batch.id, after=first[-1].serial, limit=2, by=MARKETER)
    assert [one.code for one in first + rest] == given
    assert [one.member for one in first + rest] == ["Ada L", "Ben", "Cleo"]
    assert {one.member for one in see(claims.listed, batch.id, limit=9, by=VIEWER)} == {""}
    with pytest.raises(NotFoundError):
        see(claims.listed, 77, limit=9, by=VIEWER)


@pytest.mark.usefixtures("other_processes")
def test_the_member_and_twenty_programs_claim_at_once_and_one_voucher_is_given():
    batch, mia = change(builders.batch, 50, now=times.now()), member()
    ask = Ask(batch.claim_token, change(builders.member))
    calls = [lambda: claim_for(batch, mia, now=times.now())] * 20
    calls += [lambda: answer_all(claim_many, [ask])[0]] * 5

    answers = at_once(calls)

    assert [type(answer) for answer in answers].count(Claimed) == 1
    assert len({answer.code for answer in answers}) == 1
    assert len([code for code in rows(Code) if code.member_id]) == see(batches.get, batch.id).claimed == 1


@pytest.mark.parametrize("reason", [Reason.MALFORMED, Reason.UNKNOWN_CODE, Reason.DISABLED, Reason.NOT_HOLDER])
def test_what_smells_of_guessing_sounds_the_same_to_members(reason):
    assert claims.rules.told(reason) is Reason.UNKNOWN_CODE
    assert claims.rules.told(Reason.EXPIRED) is Reason.EXPIRED
