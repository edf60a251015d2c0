"""Members through the door for programs."""

import pytest

from loyalty_app.accounts.models import Account
from loyalty_app.audit.models import AuditEntry
from loyalty_app.members.models import Member
from tests.builders import member
from tests.doors import change, rows
from tests.programs import Program, once

pytestmark = pytest.mark.usefixtures("database")

ANA = {"email": "Ana@Example.com", "name": "Ana Ruiz", "phone": "+48 22 123 45 67"}


def test_a_member_is_made_read_and_changed():
    program = Program()
    said = program.post("/members", ANA)

    assert said.status_code == 201, said.text
    ana = said.json()
    assert (ana["email"], ana["name"], ana["phone"]) == ("ana@example.com", ANA["name"], ANA["phone"])
    assert ana["hasAccount"] is False
    assert program.get(f"/members/{ana['id']}").json() == ana
    changed = program.ask("PATCH", f"/members/{ana['id']}", {"name": "Ana María"})
    assert changed.json() == ana | {"name": "Ana María"}
    assert "Ana" not in repr(rows(AuditEntry))


def test_an_address_belongs_to_one_member():
    program = Program()
    program.post("/members", ANA)
    said = program.post("/members", ANA | {"email": "ana@example.com"})

    assert said.status_code == 409
    assert len(rows(Member)) == 1


@pytest.mark.usefixtures("other_processes")
def test_twenty_at_once_make_one_member():
    program = Program()
    answers = program.ask_all([("POST", "/members", ANA, once("m"))] * 20)

    assert [answer.status_code for answer in answers] == [201] * 20
    assert len({answer.text for answer in answers}) == 1
    assert len(rows(Member)) == 1


@pytest.mark.usefixtures("other_processes")
def test_twenty_at_once_without_a_name_of_the_request_make_one_member_too():
    answers = Program().ask_all([("POST", "/members", ANA, {})] * 20)

    assert sorted(answer.status_code for answer in answers) == [201] + [409] * 19
    assert len(rows(Member)) == 1


@pytest.mark.parametrize(
    ("changes", "field"),
    [({"name": " "}, "name"), ({"email": "ana"}, "email"), ({"phone": "call me"}, "phone"), ({"age": 7}, "age")],
)
def test_a_member_who_is_not_acceptable_names_the_field(changes, field):
    said = Program().post("/members", ANA | changes)

    assert said.status_code == 422
    assert set(said.json()["problems"]) == {field}


def test_the_address_somebody_signs_in_with_is_theirs_to_change():
    mia = change(member, "Mia")
    (row,) = rows(Member)
    program = Program()

    assert program.ask("PATCH", f"/members/{row.id}", {"email": "other@example.com"}).status_code == 422
    assert program.ask("PATCH", f"/members/{row.id}", {"name": "Mia Maj"}).json()["hasAccount"] is True
    assert {account.id: account.name for account in rows(Account)}[mia.account_id] == "Mia Maj"


def test_members_are_found_by_what_is_known_of_them():
    for name in ("Mia", "Ola", "Ida"):
        change(member, name)
    program = Program("view_members")

    assert [one["name"] for one in program.get("/members").json()["items"]] == ["Ida", "Ola", "Mia"]
    assert [one["name"] for one in program.get("/members?q=ol").json()["items"]] == ["Ola"]
    assert [one["name"] for one in program.get("/members?email=IDA@example.com").json()["items"]] == ["Ida"]
    assert program.get("/members?email=nobody").json()["items"] == []
    first = program.get("/members?limit=2").json()
    assert [one["name"] for one in program.get(f"/members?limit=2&cursor={first['nextCursor']}").json()["items"]] == [
        "Mia"
    ]
    assert Program("view_dashboard").get("/members").status_code == 403
