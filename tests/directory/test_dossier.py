"""Everything that is known of a member, as a file."""

import json
from dataclasses import replace

import pytest

from loyalty_app.accounts import service as accounts
from loyalty_app.accounts.models import Account
from loyalty_app.audit.models import AuditEntry
from loyalty_app.batches.fields import Field, FieldType
from loyalty_app.claims import service as claims
from loyalty_app.core.actor import STRANGER
from loyalty_app.core.errors import ForbiddenError
from loyalty_app.directory import dossier
from loyalty_app.members import service as members
from loyalty_app.points import service as ledger
from loyalty_app.redemptions import service as redemptions
from loyalty_app.redemptions.service import Ask
from tests import builders
from tests.builders import ADMIN, CASHIER, MARKETER, NOON
from tests.doors import change, rows, see
from tests.programs import Program, once

pytestmark = pytest.mark.usefixtures("database")


@pytest.fixture
def mia(database):
    return change(builders.member, "Mia Ö.")


def file(member_id=1, by=ADMIN):
    return json.loads(see(lambda session: "".join(dossier.written(session, member_id, by=by, now=NOON))))


def test_a_member_who_did_much_finds_all_of_it(mia):
    coffee, cups = change(builders.batch), change(
        builders.scan_batch, points=20, fields=(Field("Shoe size", FieldType.NUMBER),)
    )  # fmt: skip
    code = change(builders.claimed, coffee, mia)
    change(claims.claim_many, [claims.Ask(coffee.claim_token, mia)], now=NOON)
    change(redemptions.redeem_many, [Ask(code, CASHIER), Ask(code, CASHIER, "again")], now=NOON)
    change(redemptions.redeem_many, [Ask(builders.link(cups), mia, answers={"Shoe size": "42"})], now=NOON)
    change(ledger.adjust, 1, 5, "Waited long", by=ADMIN, now=NOON)
    change(accounts.open_session, rows(Account)[-1], now=NOON, device="Firefox on Mac")
    change(builders.claimed, coffee, change(builders.member, "Nina"))

    told = file()

    assert set(told) == {
        "exportedAt", "program", "member", "account", "devices", "vouchers", "redemptions", "attempts",
        "claimAttempts", "points", "actions",
    }  # fmt: skip
    assert told["member"] == {
        "id": 1, "name": "Mia Ö.", "email": rows(Account)[6].email, "phone": "", "points": 25,
        "joinedAt": "2026-06-15T10:00:00.000Z", "erasedAt": None,
    }  # fmt: skip
    assert told["account"]["createdAt"] == "2026-06-15T10:00:00.000Z"
    assert "Firefox on Mac" in [one["device"] for one in told["devices"]]
    voucher = told["vouchers"][0]
    assert (voucher["code"], voucher["offer"], voucher["status"]) == (code, "One coffee", "redeemed")
    assert [one["answers"] for one in told["redemptions"]] == [{}, {"Shoe size": "42"}]
    assert [one["reason"] for one in told["attempts"]] == [None, "already_redeemed", None]
    assert [one["reason"] for one in told["claimAttempts"]] == [None, "already_claimed"]
    assert [(one["points"], one["balance"]) for one in told["points"]] == [(20, 20), (5, 25)]
    assert "Nina" not in json.dumps(told)


def test_who_has_no_account_did_nothing(database):
    till = replace(ADMIN, account_id=None, api_key_id=None, name="Till")
    change(members.create, members.Details("Nora", "nora@example.com", ""), by=till, now=NOON)
    change(members.create, members.Details("Zed", "zed@example.com", ""), by=till, now=NOON)

    told = file()

    assert (told["member"]["name"], told["account"], told["devices"], told["actions"]) == ("Nora", None, [], [])
    assert {one.account_id for one in rows(AuditEntry)} == {None}


def test_long_lists_are_read_in_pieces(mia, monkeypatch):
    monkeypatch.setattr(dossier, "CHUNK", 2)
    for points in range(1, 6):
        change(ledger.adjust, 1, points, "Why", by=ADMIN, now=NOON)

    assert [one["points"] for one in file()["points"]] == [1, 2, 3, 4, 5]


@pytest.mark.parametrize("by", [MARKETER, CASHIER, STRANGER], ids=lambda one: one.name or "stranger")
def test_only_who_manages_members_takes_it_away(mia, by):
    with pytest.raises(ForbiddenError):
        file(by=by)
    with pytest.raises(ForbiddenError):
        change(dossier.record, 1, by=by, now=NOON)


def test_programs_take_it_away_and_the_audit_log_keeps_who_did(mia):
    said = Program("member_management", "view_members").get("/members/1/export")

    assert said.headers["content-disposition"] == 'attachment; filename="member-1.json"'
    assert said.json()["member"]["name"] == "Mia Ö."
    assert [(one.verb, one.subject) for one in rows(AuditEntry)][-1] == ("export", "member 1")
    assert Program("view_members").get("/members/1/export").status_code == 403


def own_file(by):
    """Ask for one's own file as the browser of somebody signed in."""

    async def who(_session_hash):
        return by

    return Program(key="", who=who).get("/my/data.json")


def test_a_member_takes_their_own_data_away(mia):
    change(ledger.adjust, 1, 5, "Waited long", by=ADMIN, now=NOON)
    nina = change(builders.member, "Nina")
    change(builders.claimed, change(builders.batch), nina)

    said, other = own_file(mia), own_file(nina)

    assert said.headers["content-disposition"] == 'attachment; filename="my-data.json"'
    assert said.headers["cache-control"] == "no-store"
    told = said.json()
    assert told.keys() == file().keys()
    assert (told["member"]["name"], [one["points"] for one in told["points"]]) == ("Mia Ö.", [5])
    assert "Nina" not in said.text
    assert (other.json()["member"]["name"], len(other.json()["vouchers"])) == ("Nina", 1)
    assert "Mia" not in other.text
    assert [(one.verb, one.subject, one.actor) for one in rows(AuditEntry)][-2:] == [
        ("export", "member 1", "Mia Ö."),
        ("export", "member 2", "Nina"),
    ]


@pytest.mark.parametrize(
    ("by", "status"), [(STRANGER, 401), (CASHIER, 403), (ADMIN, 403), (MARKETER, 403)], ids=["stranger", *"sam"]
)
def test_nobody_else_has_a_file_of_their_own(mia, by, status):
    assert own_file(by).status_code == status
    with pytest.raises(ForbiddenError):
        see(dossier.mine, by=by, now=NOON)
    with pytest.raises(ForbiddenError):
        change(dossier.record_mine, by=by, now=NOON)


def test_a_program_has_no_file_of_its_own(mia):
    assert Program().get("/my/data.json").status_code in {403, 404}


def test_their_own_data_is_taken_away_so_often_and_no_more(mia, monkeypatch):
    monkeypatch.setattr(dossier, "MOST_OF_MINE", 2)
    nina = change(builders.member, "Nina")

    said = [own_file(mia) for _ in range(3)]

    assert [one.status_code for one in said] == [200, 200, 429]
    assert 0 < int(said[2].headers["retry-after"]) <= dossier.WINDOW.total_seconds()
    assert own_file(nina).status_code == 200
    assert sum(one.verb == "export" for one in rows(AuditEntry)) == 3


@pytest.mark.requirement("S2-13", "S2-17")
def test_programs_read_what_a_member_did_page_by_page(mia):
    code = change(builders.claimed, change(builders.batch), mia)
    change(redemptions.redeem_many, [Ask(code, CASHIER), Ask(code, CASHIER, "again")], now=NOON)
    program = Program("view_members")

    found, cursor = [], ""
    while cursor is not None:
        page = program.get(f"/members/1/events?limit=1&cursor={cursor}").json()
        found += page["items"]
        cursor = page["nextCursor"]

    assert [(one["kind"], one["reason"], one["staff"]) for one in found] == [
        ("redemption", None, "Kasia"),
        ("refusal", "already_redeemed", "Kasia"),
        ("claim", None, ""),
    ]
    assert program.get("/members/1/events?kind=claim").json()["items"] == found[2:]
    assert program.get("/members/1/events?cursor=nonsense").status_code == 422
    assert program.get("/members/1/events?kind=nonsense").status_code == 422
    assert program.get("/members/99/events").status_code == 404


def test_programs_erase_a_member_once_by_name(mia):
    program = Program("member_management", "view_members")

    assert program.post("/members/1/erase", {"confirm": "Mia"}).json()["problems"].keys() == {"confirm"}
    said = program.post("/members/1/erase", {"confirm": "Mia Ö."}, **once("bye"))
    again = program.post("/members/1/erase", {"confirm": "Mia Ö."}, **once("bye"))

    assert (said.status_code, said.json()["name"], said.json()["hasAccount"]) == (200, "Erased member 1", False)
    assert again.json() == said.json()
    assert program.post("/members/1/erase", {"confirm": "Mia Ö."}).status_code == 409
    assert program.get("/members").json()["items"] == []
    assert [one["id"] for one in program.get("/members?erased=true").json()["items"]] == [1]
    assert Program("view_members").post("/members/1/erase", {"confirm": "x"}).status_code == 403
