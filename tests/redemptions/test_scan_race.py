"""One scan code, many doors, one moment: the points are exact, whoever switches, pauses, deletes or takes back."""

import threading
from collections import Counter
from itertools import cycle

import pytest
import sqlalchemy as sa

from loyalty_app.batches import service as batches
from loyalty_app.batches.models import Batch
from loyalty_app.codes import service as codes
from loyalty_app.codes.models import Code
from loyalty_app.core import times
from loyalty_app.core.database import Together, answer_all
from loyalty_app.core.errors import NotFoundError
from loyalty_app.core.reasons import Reason
from loyalty_app.dashboard import service as dashboard
from loyalty_app.members import service as members
from loyalty_app.members.models import Member
from loyalty_app.points import service as ledger
from loyalty_app.points.models import EntryKind, PointsEntry
from loyalty_app.redemptions import service as redemptions
from loyalty_app.redemptions.models import Redemption, RedemptionStatus
from loyalty_app.redemptions.service import Ask, Redeemed, Refused, Reversed, redeem_many
from tests import builders
from tests.builders import ADMIN
from tests.doors import at_once, await_a_waiter, change, rows, see
from tests.programs import Program

pytestmark = [pytest.mark.usefixtures("database"), pytest.mark.own_database]

POINTS = 20
MANY = 50


@pytest.fixture(autouse=True)
def numbers_are_right(database):
    yield
    assert see(dashboard.differences) == []
    assert see(ledger.differences) == []
    live = [row for row in rows(Redemption) if row.status is RedemptionStatus.RECORDED]
    paid = sum(row.points for row in rows(PointsEntry))
    assert paid == sum(member.points for member in rows(Member))
    if rows(Batch):
        assert paid == POINTS * len(live)
        assert sum(batch.redeemed for batch in rows(Batch)) == len(live) == len({row.code_id for row in live})


def scan_batch(made):
    return change(builders.scan_batch, made, points=POINTS, now=times.now())


def people(count=5):
    return [change(builders.member, f"Member {number}") for number in range(count)]


def alone(text, by):
    return answer_all(redeem_many, [Ask(text, by)])[0]


def rush(batch, crowd, count):
    """Return calls that redeem the first codes of a batch, by members in turn."""
    links = [builders.link(batch, serial) for serial in range(1, count + 1)]
    return [lambda link=link, by=by: alone(link, by) for link, by in zip(links, cycle(crowd), strict=False)]


def said(answers):
    return Counter(
        "redeemed" if isinstance(one, Redeemed) else one.reason
        for one in answers
        if isinstance(one, Redeemed | Refused)
    )


def reverse(number):
    try:
        return change(redemptions.reverse, number, reason="Wrong cup", by=ADMIN, now=times.now())
    except NotFoundError:
        return None


@pytest.mark.requirement("S0-27", "S0-29")
@pytest.mark.usefixtures("other_processes")
def test_of_fifty_at_two_doors_one_is_paid():
    link, crowd, queue = builders.link(scan_batch(1)), people(), Together(redeem_many)
    program = Program()
    doors = [lambda by=crowd[n % 5]: queue.submit(Ask(link, by)).result(60) for n in range(MANY - 3)]
    wish = ("POST", "/redemptions", {"code": link, "memberId": 1}, {})
    doors.insert(9, lambda: program.ask_all([wish] * 3))

    answers = at_once(doors)

    by_rest = Counter(answer.json().get("code") for answer in answers.pop(9))
    won = by_rest.total() - by_rest["already_redeemed"] + said(answers)["redeemed"]
    assert won == 1
    assert by_rest["already_redeemed"] + said(answers)[Reason.ALREADY_REDEEMED] == MANY - 1
    assert [row.points for row in rows(PointsEntry)] == [POINTS]


@pytest.mark.usefixtures("other_processes")
def test_one_member_who_redeems_thirty_codes_at_once_has_all_their_points():
    batch, (mia,) = scan_batch(30), people(1)

    answers = at_once(rush(batch, [mia], 30))

    assert sorted(answer.balance for answer in answers) == [POINTS * number for number in range(1, 31)]
    assert [row.balance for row in rows(PointsEntry)] == [POINTS * number for number in range(1, 31)]


@pytest.mark.requirement("S0-20", "S0-29")
@pytest.mark.usefixtures("other_processes")
def test_codes_switched_off_and_on_in_the_rush_are_paid_once_or_not_at_all():
    batch, crowd, now = scan_batch(24), people(), times.now()
    calls = rush(batch, crowd, 24)
    calls.insert(4, lambda: change(codes.disable_all, batch.id, by=ADMIN, now=now))
    calls.insert(9, lambda: change(codes.disable, rows(Code)[3].code, by=ADMIN, now=now))
    calls.insert(14, lambda: change(codes.enable_all, batch.id, by=ADMIN, now=now))

    found = said(at_once(calls))

    # Members are told no more of a code that is switched off than of one that never was.
    assert found.keys() <= {"redeemed", Reason.UNKNOWN_CODE}
    change(codes.enable_all, batch.id, by=ADMIN, now=now)
    again = said(at_once(rush(batch, crowd, 24)))
    assert (again["redeemed"], again[Reason.ALREADY_REDEEMED]) == (24 - found["redeemed"], found["redeemed"])


@pytest.mark.usefixtures("other_processes")
@pytest.mark.parametrize(
    ("stop", "reason"), [(batches.pause, Reason.BATCH_PAUSED), (batches.freeze, Reason.REDEMPTION_FROZEN)]
)
def test_after_a_stop_nobody_is_paid_whatever_was_read_before(stop, reason):
    batch, crowd, paid_then = scan_batch(24), people(), []

    def halt():
        change(stop, batch.id, by=ADMIN, now=times.now())
        paid_then.append(len(rows(PointsEntry)))

    calls = rush(batch, crowd, 24)
    calls.insert(8, halt)
    found = said(at_once(calls))

    assert found.keys() <= {"redeemed", reason}
    assert paid_then == [found["redeemed"]] == [len(rows(PointsEntry))]


@pytest.mark.usefixtures("other_processes")
def test_a_deletion_in_the_rush_leaves_no_code_and_every_point_that_was_paid():
    batch, crowd = scan_batch(24), people()
    calls = rush(batch, crowd, 24)
    calls.insert(8, lambda: builders.delete_step_by_step(batch))

    found = said(at_once(calls))

    assert found.keys() <= {"redeemed", Reason.BATCH_PAUSED, Reason.UNKNOWN_CODE}
    assert rows(Code) == rows(Redemption) == []
    assert [row.points for row in rows(PointsEntry)] == [POINTS] * found["redeemed"]


@pytest.mark.usefixtures("other_processes")
def test_a_reversal_at_many_desks_takes_the_points_back_once():
    link, (mia,) = builders.link(scan_batch(1)), people(1)
    number = alone(link, mia).id

    answers = at_once([lambda: reverse(number)] * 20)

    assert sum(isinstance(answer, Reversed) for answer in answers) == 1
    assert Counter(row.kind for row in rows(PointsEntry)) == {EntryKind.REDEMPTION: 1, EntryKind.REVERSAL: 1}
    assert rows(Member)[0].points == 0


@pytest.mark.usefixtures("other_processes")
def test_a_reversal_among_redemptions_pays_at_most_one_more():
    link, crowd = builders.link(scan_batch(1)), people()
    number = alone(link, crowd[0]).id
    calls = [lambda by=crowd[n % 5]: alone(link, by) for n in range(20)]
    calls.insert(6, lambda: reverse(number))

    again = said(at_once(calls))["redeemed"]

    assert again <= 1
    assert sum(member.points for member in rows(Member)) == POINTS * again
    assert isinstance(alone(link, crowd[1]), Redeemed) is (again == 0)


@pytest.mark.usefixtures("other_processes")
def test_reversals_and_a_deletion_at_once_leave_the_ledger_whole():
    batch, crowd = scan_batch(12), people()
    numbers = [call().id for call in rush(batch, crowd, 12)]
    calls = [lambda number=number: reverse(number) for number in numbers]
    calls.insert(5, lambda: builders.delete_step_by_step(batch))

    taken_back = sum(isinstance(answer, Reversed) for answer in at_once(calls))

    assert rows(Redemption) == []
    assert sum(member.points for member in rows(Member)) == POINTS * (12 - taken_back)


@pytest.mark.usefixtures("other_processes")
def test_a_name_is_changed_while_points_of_its_member_are_taken_back_and_neither_waits_for_the_other_for_ever(database):
    batch, (mia,) = scan_batch(1), people(1)
    redeemed = alone(builders.link(batch, 1), mia)
    number = rows(Redemption)[0].id
    assert isinstance(redeemed, Redeemed)
    taken_back = []
    other = threading.Thread(target=lambda: taken_back.append(reverse(number)))

    def rename(session):
        session.execute(sa.update(Member).values(points=Member.points))  # holds the member, as a new name does first
        other.start()
        if database.dialect.name != "sqlite":
            await_a_waiter(database)
        members.rename_me(session, "Mia the Second", by=mia)

    change(rename)
    other.join(30)

    assert isinstance(taken_back[0], Reversed)
    assert [row.member_name for row in rows(Redemption)] == ["Mia the Second"]
