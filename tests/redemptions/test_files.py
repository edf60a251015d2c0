"""What the list shows leaves as a file: the same lines, and nothing that a spreadsheet would run."""

import csv
import io
from dataclasses import replace
from datetime import timedelta

import pytest

from loyalty_app.redemptions import history, search
from loyalty_app.redemptions import service as redemptions
from loyalty_app.redemptions.history import Wish
from loyalty_app.redemptions.service import Ask
from tests import builders
from tests.builders import ADMIN, CASHIER, LEAD, MARKETER, NOON, OTHER_CASHIER
from tests.doors import change, see
from tests.programs import Program

pytestmark = pytest.mark.usefixtures("database")


@pytest.fixture
def five(database):
    """Redeem five coffees, the second for somebody with a name like a formula, at a tablet without a connection."""
    place = change(builders.place)
    tablet = replace(CASHIER, place_id=place.id, device_id=change(builders.device, place).id)
    batch = change(builders.batch, prefix="SUN")
    for minutes, name in enumerate(("Mia", "=1+1", "Ola Nowak", "Ela", "Iga")):
        code = change(builders.claimed, batch, change(builders.member, name))
        at = NOON + timedelta(minutes=minutes)
        ask = Ask(code, tablet, scanned_at=at - timedelta(minutes=1)) if minutes == 1 else Ask(code, OTHER_CASHIER)
        change(redemptions.redeem_many, [replace(ask, amount=450)], now=at)
    change(redemptions.reverse, 3, reason="Wrong cup", by=ADMIN, now=NOON + timedelta(hours=1))


def read(path, *scopes):
    answer = Program(*scopes).get(path)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    return list(csv.DictReader(io.StringIO(answer.text.removeprefix("\ufeff"))))


@pytest.mark.requirement("S2-4", "S2-17")
def test_a_line_of_the_file_says_all_that_is_known(five):
    lines = read("/redemptions.csv")

    assert [line["id"] for line in lines] == ["5", "4", "3", "2", "1"]
    second = lines[-2] | {"code": ""}
    assert second == {
        "id": "2",
        "code": "",
        "customer": "'=1+1",
        "email": "'=1+1@example.com",
        "offer": "One coffee",
        "status": "recorded",
        "redeemedAtLocal": "2026-06-15T12:01+02:00",
        "redeemedAt": "2026-06-15T10:01:00.000Z",
        "location": "Old Town",
        "staff": "Kasia",
        "device": "Bar tablet",
        "amount": "4.50",
        "points": "0",
        "scannedOfflineAtLocal": "2026-06-15T12:00+02:00",
        "scannedOfflineAt": "2026-06-15T10:00:00.000Z",
        "reversedAt": "",
        "reversedBy": "",
        "reversalReason": "",
        "goodwillReason": "",
    }
    assert (lines[2]["status"], lines[2]["reversedBy"], lines[2]["reversalReason"]) == ("reversed", "Ada", "Wrong cup")


@pytest.mark.parametrize(
    ("asked", "numbers"),
    [
        ("q=ola", [3]),
        ("status=recorded", [5, 4, 2, 1]),
        ("placeId=1", [2]),
        ("staffId=3", [2]),
        ("from=2026-06-15&to=2026-06-15", [5, 4, 3, 2, 1]),
        ("from=2026-06-16", []),
        ("to=2026-06-14", []),
        ("batchId=1&q=mia", [1]),
        ("memberId=3", [3]),
        ("q=coffee&status=reversed", [3]),
    ],
)
def test_the_file_and_the_list_have_what_is_asked_for(five, asked, numbers):
    assert [int(line["id"]) for line in read(f"/redemptions.csv?{asked}")] == numbers
    assert [line["id"] for line in Program().get(f"/redemptions?{asked}&limit=9").json()["items"]] == numbers


def test_who_may_not_see_members_gets_no_addresses(five):
    (line, *_) = read("/redemptions.csv", "view_redemptions", "redeem")
    assert (line["customer"], "email" in line) == ("Iga", False)
    (line, *_) = read("/redemptions.csv", "view_redemptions")
    assert line["customer"] == ""
    assert Program("view_dashboard").get("/redemptions.csv").status_code == 403


@pytest.mark.parametrize("asked", ["from=soon", "placeId=0", "status=lost", "to=99999-01-01", "q=" + "x" * 81])
def test_what_no_filter_means_is_told(five, asked):
    assert Program().get(f"/redemptions.csv?{asked}").status_code == 422


@pytest.mark.parametrize("text", ["", "coffee", "e", "Nowak", "!?"])
@pytest.mark.parametrize("who", [MARKETER, LEAD], ids=["marketer", "lead"])
def test_all_pieces_together_are_the_whole_list_each_line_once(five, monkeypatch, text, who):
    monkeypatch.setattr(search, "PIECE", 2)
    monkeypatch.setattr(search, "HITS", {"sqlite": 2, "postgresql": 2})
    monkeypatch.setattr(search, "WALKED", 1)
    monkeypatch.setattr(search, "WALKED_FURTHER", 3)

    found = see(lambda session: [one for part in history.all_listed(session, Wish(text), by=who) for one in part])

    assert found == see(history.listed, Wish(text), limit=50, by=who)
    assert [line.id for line in found] == {"": [5, 4, 3, 2, 1], "coffee": [5, 4, 3, 2, 1], "Nowak": [3]}.get(
        text, [line.id for line in found if text in f"{line.member}{line.title}"]
    )
    if text == "e":
        assert len(found) == 5
