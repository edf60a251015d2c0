"""The ledger is the truth: nothing is changed in it, and the balance is its sum whatever happens at once."""

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError, IntegrityError

from loyalty_app.core import database
from loyalty_app.core.actor import STRANGER
from loyalty_app.core.errors import ForbiddenError, InvalidError, NotFoundError
from loyalty_app.members import service as members
from loyalty_app.members.models import Member
from loyalty_app.points import service as ledger
from loyalty_app.points.models import EntryKind, PointsEntry
from loyalty_app.points.service import TooLowError
from loyalty_app.redemptions import service as redemptions
from loyalty_app.redemptions.service import Ask, Redeemed, Reversed
from tests import builders
from tests.builders import ADMIN, CASHIER, MARKETER, NOON, VIEWER
from tests.doors import at_once, change, rows, see

pytestmark = pytest.mark.usefixtures("database")


@pytest.fixture
def mia(database):
    return change(builders.member)


def member_id():
    return rows(Member)[0].id


def adjust(points, reason="A spilled coffee", *, by=ADMIN, now=NOON):
    return change(ledger.adjust, member_id(), points, reason, by=by, now=now)


def redeem(text, by):
    (answer,) = change(redemptions.redeem_many, [Ask(text, by)], now=NOON)
    return answer


def balances():
    return [(one.kind, one.points, one.balance) for one in rows(PointsEntry)]


@pytest.mark.requirement("S0-29")
@pytest.mark.parametrize(
    "statement",
    [
        sa.update(PointsEntry).values(points=1_000),
        sa.update(PointsEntry).values(balance=1_000),
        sa.update(PointsEntry).values(title="something else"),
        sa.update(PointsEntry).values(member_id=2),
        sa.delete(PointsEntry),
    ],
    ids=lambda one: str(one).split(" WHERE")[0].replace("\n", " ")[:60],
)
def test_the_database_refuses_to_change_or_remove_an_entry(mia, statement):
    change(builders.member, "Nina")
    adjust(20)

    with pytest.raises(DBAPIError, match="append-only"), database.transaction() as session:
        session.execute(statement)

    assert balances() == [(EntryKind.ADJUSTMENT, 20, 20)]


def erase(member_id):
    change(members.blank, member_id, by=ADMIN, now=NOON)


def test_only_of_who_is_erased_the_reasons_are_forgotten(mia):
    nina = change(builders.member, "Nina")
    adjust(20, "Mia spilled it")
    change(ledger.adjust, 2, 5, "Nina waited", by=ADMIN, now=NOON)
    redeem(builders.link(change(builders.scan_batch, points=7, name="Cups")), mia)
    before = [one.model_dump(exclude={"title"}) for one in rows(PointsEntry)]

    with pytest.raises(DBAPIError, match="append-only"):
        change(ledger.forget, 1)
    erase(1)
    change(ledger.forget, 1)

    assert [one.model_dump(exclude={"title"}) for one in rows(PointsEntry)] == before
    assert [one.title for one in rows(PointsEntry)] == ["[erased]", "Nina waited", "7 points"]
    assert see(ledger.differences) == []
    assert see(ledger.mine, by=nina).entries[0].title == "Nina waited"


@pytest.mark.parametrize(
    "statement",
    [
        sa.update(PointsEntry).values(title="something else"),
        sa.update(PointsEntry).values(title=""),
        sa.update(PointsEntry).values(title="[erased]", points=1_000),
        sa.update(PointsEntry).values(title="[erased]", balance=1_000),
        sa.update(PointsEntry).values(title="[erased]", member_id=2),
        sa.update(PointsEntry).values(title="[erased]", actor="Nobody"),
        sa.update(PointsEntry).values(title="[erased]", kind=EntryKind.REVERSAL),
        sa.update(PointsEntry).values(title="[erased]").where(PointsEntry.kind == EntryKind.REDEMPTION),
        sa.update(PointsEntry).values(title="[erased]").where(PointsEntry.member_id == 2),
        sa.delete(PointsEntry),
    ],
    ids=lambda one: str(one.compile(compile_kwargs={"literal_binds": True})).replace("\n", " ")[:80],
)
def test_of_who_is_erased_nothing_else_is_changed(mia, statement):
    change(builders.member, "Nina")
    adjust(20)
    redeem(builders.link(change(builders.scan_batch, points=7)), mia)
    change(ledger.adjust, 2, 5, "Waited", by=ADMIN, now=NOON)
    erase(1)
    before = rows(PointsEntry)

    with pytest.raises(DBAPIError, match="append-only"), database.transaction() as session:
        session.execute(statement)

    assert rows(PointsEntry) == before


@pytest.mark.requirement("S0-29")
def test_a_redemption_is_paid_once_whatever_the_program_does(mia):
    answer = redeem(builders.link(change(builders.scan_batch, points=20)), mia)
    again = ledger.Movement(member_id() or 0, 20, EntryKind.REDEMPTION, answer.id, "again")

    with pytest.raises(IntegrityError):
        change(ledger.move, [again], now=NOON)

    assert [one.points for one in rows(Member)] == [20]


def test_an_adjustment_adds_and_takes_away_and_says_why(mia):
    adjust(50, "  Welcome   back ")
    adjust(-20, "Paid with points")

    assert balances() == [(EntryKind.ADJUSTMENT, 50, 50), (EntryKind.ADJUSTMENT, -20, 30)]
    assert [(one.title, one.actor) for one in rows(PointsEntry)] == [
        ("Welcome back", "Ada"),
        ("Paid with points", "Ada"),
    ]
    assert see(ledger.mine, by=mia).balance == 30


def test_nobody_is_left_with_less_than_nothing_by_hand(mia):
    adjust(20)

    with pytest.raises(TooLowError) as refused:
        adjust(-21)

    assert refused.value.problems == {"points": "The member has 20 points. An adjustment cannot leave less than none."}
    assert balances() == [(EntryKind.ADJUSTMENT, 20, 20)]


@pytest.mark.parametrize(
    ("points", "reason", "field"),
    [(0, "Why", "points"), (None, "Why", "points"), (1_000_001, "Why", "points"), (5, " ", "reason"),
     (5, "x" * 81, "reason")],
)  # fmt: skip
def test_what_will_not_do_is_told(mia, points, reason, field):
    with pytest.raises(InvalidError) as refused:
        adjust(points, reason)

    assert set(refused.value.problems) == {field}
    assert rows(PointsEntry) == []


def test_an_unknown_member_gets_nothing(mia):
    with pytest.raises(NotFoundError):
        change(ledger.adjust, 99, 5, "Why", by=ADMIN, now=NOON)


@pytest.mark.parametrize("by", [MARKETER, CASHIER, VIEWER, STRANGER], ids=lambda one: one.name)
def test_only_admins_adjust(mia, by):
    with pytest.raises(ForbiddenError):
        adjust(5, by=by)


def test_adjustments_and_redemptions_at_once_add_up(mia):
    batch = change(builders.scan_batch, 10, points=20)
    change(ledger.adjust, member_id(), 100, "A start", by=ADMIN, now=NOON)
    adjusting = [lambda points=points: adjust(points) for points in (-7, 5, -30, 11, -1)]
    redeeming = [lambda serial=serial: redeem(builders.link(batch, serial), mia) for serial in range(1, 11)]

    at_once([call for pair in zip(adjusting * 2, redeeming, strict=True) for call in pair])

    assert [one.points for one in rows(Member)] == [100 + 2 * (-7 + 5 - 30 + 11 - 1) + 10 * 20]
    assert see(ledger.differences) == []


def test_of_two_who_take_the_last_points_one_is_refused(mia):
    adjust(10)

    def take():
        try:
            return adjust(-10)
        except TooLowError:
            return None

    taken = at_once([take] * 8)

    assert sum(entry is not None for entry in taken) == 1
    assert [one.points for one in rows(Member)] == [0]
    assert see(ledger.differences) == []


@pytest.mark.requirement("S0-29")
def test_a_reversal_takes_points_back_even_where_they_are_spent(mia):
    answer = redeem(builders.link(change(builders.scan_batch, points=20)), mia)
    assert isinstance(answer, Redeemed)
    adjust(-15, "A coffee for points")

    undone = change(redemptions.reverse, answer.id, reason="Somebody else's receipt", by=ADMIN, now=NOON)

    assert isinstance(undone, Reversed)
    assert see(ledger.mine, by=mia).balance == -15
    assert balances()[-1] == (EntryKind.REVERSAL, -20, -15)
    assert see(ledger.differences) == []


def test_a_reversal_is_made_once_while_others_redeem(mia):
    batch = change(builders.scan_batch, 5, points=20)
    answer = redeem(builders.link(batch), mia)
    undo = [lambda: change(redemptions.reverse, answer.id, reason="Why", by=ADMIN, now=NOON)] * 4
    redeeming = [lambda serial=serial: redeem(builders.link(batch, serial), mia) for serial in (2, 3, 4, 5)]

    at_once([*undo, *redeeming])

    assert [one.points for one in rows(PointsEntry)].count(-20) == 1
    assert [one.points for one in rows(Member)] == [80]
    assert see(ledger.differences) == []


def test_the_ledger_is_read_a_page_at_a_time_the_newest_first(mia):
    for points in range(1, 6):
        adjust(points)

    first = see(ledger.mine, limit=2, by=mia)
    second = see(ledger.mine, after=first.entries[-1].id, limit=2, by=mia)

    assert first.balance == 15
    assert [one.points for one in (*first.entries, *second.entries)] == [5, 4, 3, 2]


def test_a_wrong_running_balance_is_found(mia):
    adjust(20)
    with database.transaction() as session:
        session.add(PointsEntry(member_id=member_id(), kind=EntryKind.ADJUSTMENT, points=5, balance=26, at=NOON))
        session.execute(sa.update(Member).values(points=25))

    assert see(ledger.differences) == ["member 1: the entry of +5 points says 26 after it, and the ledger says 25"]


def test_a_wrong_balance_is_found(mia):
    adjust(20)
    with database.transaction() as session:
        session.execute(sa.update(Member).values(points=21))

    assert see(ledger.differences) == ["member 1: points is 21, and the ledger says 20"]
