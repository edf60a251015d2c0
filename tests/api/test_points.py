"""Points through the door for programs."""

import pytest

from loyalty_app.core.database import transaction
from loyalty_app.members.models import Member
from loyalty_app.points import service as ledger
from loyalty_app.points.models import PointsEntry
from loyalty_app.redemptions import service as redemptions
from loyalty_app.redemptions.asks import Ask
from tests import builders
from tests.builders import NOON
from tests.doors import change, rows, see
from tests.programs import Program, once

pytestmark = pytest.mark.usefixtures("database")


@pytest.fixture
def mia(database):
    return change(builders.member)


def test_points_are_adjusted_and_listed(mia):
    program = Program()
    said = program.post("/members/1/points", {"points": 50, "reason": "Waited long"})

    assert said.status_code == 201, said.text
    entry = said.json()
    assert (entry["kind"], entry["points"], entry["balance"], entry["title"]) == ("adjustment", 50, 50, "Waited long")
    assert (entry["actor"], entry["redemptionId"]) == ("Till", None)
    assert program.get("/members/1/points").json() == {"items": [entry], "nextCursor": None}
    assert program.get("/members/1").json()["points"] == 50


def test_the_ledger_is_read_in_pages_while_it_grows(mia):
    program = Program()
    batch = change(builders.scan_batch, 5, points=20)
    for serial in range(1, 5):
        change(redemptions.redeem_many, [Ask(builders.link(batch, serial), mia)], now=NOON)

    first = program.get("/members/1/points?limit=3").json()
    change(redemptions.redeem_many, [Ask(builders.link(batch, 5), mia)], now=NOON)
    second = program.get(f"/members/1/points?limit=3&cursor={first['nextCursor']}").json()

    assert [one["balance"] for one in first["items"]] == [80, 60, 40]
    assert [one["balance"] for one in second["items"]] == [20]
    assert second["nextCursor"] is None


@pytest.mark.usefixtures("other_processes")
def test_twenty_at_once_with_one_name_adjust_once(mia):
    asked = ("POST", "/members/1/points", {"points": 50, "reason": "Waited long"}, once("p"))

    answers = Program().ask_all([asked] * 20)

    assert [answer.status_code for answer in answers] == [201] * 20
    assert [one.points for one in rows(PointsEntry)] == [50]
    assert [one.points for one in rows(Member)] == [50]


@pytest.mark.usefixtures("other_processes")
def test_twenty_programs_at_once_lose_nothing(mia):
    asked = [("POST", "/members/1/points", {"points": number, "reason": "Why"}, {}) for number in range(1, 21)]

    answers = Program().ask_all(asked)

    assert {answer.status_code for answer in answers} == {201}
    assert [one.points for one in rows(Member)] == [210]
    assert see(ledger.differences) == []


@pytest.mark.parametrize(
    ("sent", "field"),
    [
        ({"points": 0, "reason": "Why"}, "points"),
        ({"points": -1_000_001, "reason": "Why"}, "points"),
        ({"points": 5, "reason": " "}, "reason"),
        ({"points": 5}, "reason"),
        ({"points": "5.5", "reason": "Why"}, "points"),
        ({"points": 5, "reason": "Why", "note": "?"}, "note"),
    ],
)
def test_what_will_not_do_is_told(mia, sent, field):
    said = Program().post("/members/1/points", sent)

    assert said.status_code == 422, said.text
    assert set(said.json()["problems"]) == {field}
    assert rows(PointsEntry) == []


def test_an_adjustment_leaves_nobody_with_less_than_none(mia):
    said = Program().post("/members/1/points", {"points": -1, "reason": "Why"})

    assert (said.status_code, said.json()["code"]) == (409, "conflict")
    assert said.json()["detail"] == "The member has 0 points. An adjustment cannot leave less than none."


def test_an_unknown_member_has_no_points(mia):
    assert Program().get("/members/9/points").status_code == 404
    assert Program().post("/members/9/points", {"points": 5, "reason": "Why"}).status_code == 404


def test_a_key_needs_the_scope(mia):
    seeing = Program("view_members")

    assert seeing.get("/members/1/points").status_code == 200
    said = seeing.post("/members/1/points", {"points": 5, "reason": "Why"})
    assert (said.status_code, said.json()["scope"]) == (403, "points_management")


def test_an_entry_outlives_its_batch(mia):
    batch = change(builders.scan_batch, points=20)
    change(redemptions.redeem_many, [Ask(builders.link(batch), mia)], now=NOON)
    before = Program().get("/members/1/points").json()["items"][0]
    with transaction() as session:
        builders.deleted(session, batch.id)

    after = Program().get("/members/1/points").json()["items"]
    assert after == [before | {"redemptionId": None}]
    assert see(ledger.differences) == []
