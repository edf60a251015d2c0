"""Batches of QR codes that pay points, through the door for programs."""

import json
import math
from datetime import timedelta

import pytest

from loyalty_app.batches import service as batches
from loyalty_app.batches.fields import Field, FieldType
from loyalty_app.batches.models import Batch
from loyalty_app.codes.models import Code, CodeStatus
from loyalty_app.core import times
from loyalty_app.dashboard import service as dashboard
from loyalty_app.members.models import Member
from loyalty_app.points import service as ledger
from loyalty_app.points.models import PointsEntry
from loyalty_app.qr import drawing
from loyalty_app.redemptions.models import Redemption
from tests import builders
from tests.doors import change, rows, see
from tests.programs import Program, once

pytestmark = pytest.mark.usefixtures("database")

WISH = {
    "kind": "scan",
    "name": "Cups",
    "quantity": 3,
    "expiresOn": (times.now() + timedelta(days=30)).date().isoformat(),
    "parameters": {"points": 20, "campaign": "Autumn", "hot": True, "litres": 0.5},
    "baseUrl": "https://shop.example/win?from=cup#top",
    "fields": [{"label": "Shoe size", "type": "number"}, {"label": "Shop", "required": False}],
    "prefix": "CUP",
}


def scan_batch(made=3, **changes):
    return change(builders.scan_batch, made, now=times.now(), **changes)


def send(program, path, body):
    """Send what no decent program would: with halves of characters, and numbers that are none."""
    headers = {"Content-Type": "application/json"}
    return program.ask("POST", path, content=json.dumps(body).encode(), headers=headers)


@pytest.fixture(autouse=True)
def counters_equal_rows(database):
    yield
    assert see(dashboard.differences) == []
    assert see(ledger.differences) == []


@pytest.mark.requirement("S0-4", "S0-7", "S0-11", "S0-13")
def test_a_batch_is_made_and_its_codes_have_addresses():
    program = Program()
    made = program.post("/batches", WISH)
    assert made.status_code == 202, made.text
    said = made.json()
    assert (said["kind"], said["status"], said["job"]["total"]) == ("scan", "generating", 3)
    assert (said["points"], said["baseUrl"], said["keyId"]) == (20, WISH["baseUrl"], 1)
    assert said["parameters"] == {"points": "20", "campaign": "Autumn", "hot": "true", "litres": "0.5"}
    assert said["fields"][0] == {"label": "Shoe size", "type": "number", "required": True, "choices": []}
    assert (said["claimToken"], said["claimUrl"], said["offerId"], said["active"]) == (None, None, None, 0)

    change(lambda session: builders._make_codes(session, said["id"], 3, now=times.now()))
    listed = program.get(f"/batches/{said['id']}/codes").json()["items"]
    assert all(one["code"].startswith("CUP-") for one in listed)
    assert all(one["url"].startswith("https://shop.example/win?from=cup&code=") for one in listed)
    assert all(one["url"].endswith("#top") for one in listed)
    assert len({one["url"] for one in listed}) == 3
    assert [one["expiresAt"] for one in listed] == [said["expiresAt"]] * 3
    assert program.get(f"/batches/{said['id']}").json()["active"] == 3


def test_kinds_are_listed_apart_and_tell_only_their_own():
    program = Program()
    claim, scan = change(builders.batch, now=times.now()), scan_batch()

    kinds = {kind: program.get(f"/batches?kind={kind}").json()["items"] for kind in ("claim", "scan")}
    assert {kind: [one["id"] for one in found] for kind, found in kinds.items()} == {
        "claim": [claim.id],
        "scan": [scan.id],
    }
    assert [kinds["claim"][0][name] for name in ("points", "parameters", "baseUrl", "fields", "keyId")] == [None] * 5
    assert kinds["claim"][0]["claimUrl"].endswith(claim.claim_token)
    assert program.get("/batches?kind=else").status_code == 422
    refused = program.get(f"/batches/{scan.id}/qr.png")
    assert (refused.status_code, refused.json()["code"]) == (422, "invalid")
    assert program.get(f"/batches/{scan.id}/qr.svg").status_code == 422
    assert program.get(f"/batches/{claim.id}/qr.png").status_code == 200


@pytest.mark.requirement("S0-28")
def test_an_address_is_worth_points_and_told_only_to_who_manages_codes():
    batch, viewer, program = scan_batch(), Program("view_dashboard"), Program()
    code = program.get(f"/batches/{batch.id}/codes").json()["items"][0]["code"]

    assert [one["url"] for one in viewer.get(f"/batches/{batch.id}/codes").json()["items"]] == [None] * 3
    assert viewer.get(f"/codes/{code}").json()["url"] is None
    for kind in ("png", "svg"):
        assert viewer.get(f"/codes/{code}/image.{kind}").status_code == 403
    link = builders.link(batch)
    assert program.get(f"/codes/{code}").json()["url"] == link
    assert program.get(f"/codes/{code}/image.svg").content == drawing.svg(link)
    assert program.get(f"/codes/{code}/image.png").content == drawing.png(link)
    disabled = [program.post(f"/codes/{code}/disable", **once("off")).json() for _ in range(2)]
    assert [one["url"] for one in disabled] == [link, None]
    assert program.post("/batches", WISH | {"name": "More"}).status_code == 202
    assert viewer.post("/batches", WISH).status_code == 403


@pytest.mark.requirement("S0-2", "S0-27")
@pytest.mark.parametrize("shape", ["link", "token", "code", "without https"])
def test_a_code_is_redeemed_however_it_is_presented(shape):
    batch, program = scan_batch(points=20), Program()
    link = builders.link(batch)
    presented = {
        "link": link,
        "token": link.rpartition("=")[2],
        "code": rows(Code)[0].code.lower(),
        "without https": link.partition("://")[2],
    }[shape]
    ana = program.post("/members", {"email": "ana@example.com", "name": "Ana Ruiz"}).json()["id"]

    checked = program.post("/validations", {"code": presented, "memberId": ana}).json()
    assert (checked["valid"], checked["points"], checked["fields"]) == (True, 20, [])
    paid = program.post("/redemptions", {"code": presented, "memberId": ana, "nonce": "1"})
    assert paid.status_code == 201, paid.text
    assert (paid.json()["points"], paid.json()["balance"], paid.json()["member"]["id"]) == (20, 20, ana)
    assert program.post("/redemptions", {"code": presented, "memberId": ana, "nonce": "1"}).json() == paid.json()
    twice = program.post("/redemptions", {"code": presented, "memberId": ana})
    assert (twice.status_code, twice.json()["code"]) == (409, "already_redeemed")
    (line,) = program.get("/redemptions").json()["items"]
    assert (line["points"], line["memberId"]) == (20, ana)
    assert program.get(f"/redemptions/{line['id']}").json()["points"] == 20
    back = program.post(f"/redemptions/{line['id']}/reverse", {"reason": "Wrong cup"})
    assert back.status_code == 201
    assert [row.points for row in rows(Member)] == [0]


def test_who_has_no_address_here_yet_becomes_a_member_by_the_same_request():
    batch, program = scan_batch(points=20), Program()
    ask = {
        "code": builders.link(batch),
        "member": {"email": "Ana@Example.com", "name": "Ana", "phone": "+48 221234567"},
    }

    answers = program.ask_all([("POST", "/redemptions", ask, once("ana"))] * 5)
    again = program.post("/redemptions", ask | {"code": builders.link(batch, 2)}).json()

    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.text for answer in answers}) == 1
    assert (again["balance"], again["member"]["name"]) == (40, "Ana")
    assert [(row.name, row.email, row.points) for row in rows(Member)] == [("Ana", "ana@example.com", 40)]


def test_nobody_becomes_a_member_without_a_name_a_permission_or_a_good_code():
    batch, program = scan_batch(), Program()
    link = builders.link(batch)
    stranger = {"email": "ana@example.com", "name": "Ana"}

    nameless = program.post("/redemptions", {"code": link, "member": {"email": "ana@example.com"}})
    assert (nameless.status_code, list(nameless.json()["problems"])) == (422, ["member"])
    nobody = program.post("/redemptions", {"code": link, "memberId": 77})
    assert (nobody.status_code, list(nobody.json()["problems"])) == (422, ["memberId"])
    assert program.post("/redemptions", {"code": link}).json()["code"] == "login_required"
    assert Program("redeem").post("/redemptions", {"code": link, "member": stranger}).status_code == 403
    wrong = program.post("/redemptions", {"code": link, "member": stranger | {"email": "nowhere"}})
    assert (wrong.status_code, list(wrong.json()["problems"])) == (422, ["member.email"])
    assert program.post("/redemptions", {"code": link[:-2], "member": stranger}).json()["code"] == "tampered"
    change(batches.pause, batch.id, by=builders.ADMIN, now=times.now())
    assert program.post("/redemptions", {"code": link, "member": stranger}).json()["code"] == "batch_paused"
    assert rows(Member) == rows(Redemption) == rows(PointsEntry) == []


def test_what_the_batch_asks_is_told_by_label():
    asked = tuple(
        Field(label, FieldType(kind)) for label, kind in (("Size", "number"), ("Terms", "agree"), ("Note", "text"))
    )
    batch, program = scan_batch(fields=asked), Program()
    ask = {"code": builders.link(batch), "member": {"email": "ana@example.com", "name": "Ana"}}

    labels = [one["label"] for one in program.post("/validations", ask | {"member": None}).json()["fields"]]
    assert labels == ["Size", "Terms", "Note"]
    lacking = program.post("/redemptions", ask | {"fields": {"Size": "large", "Terms": False}})
    assert (lacking.status_code, sorted(lacking.json()["problems"])) == (
        422,
        ["fields.Note", "fields.Size", "fields.Terms"],
    )
    assert rows(Member) == rows(Redemption) == []
    told = {"Size": 42, "Terms": True, "Note": "a\0b \ud800c"}
    paid = send(program, "/redemptions", ask | {"fields": told})
    assert paid.status_code == 201, paid.text
    assert [row.answers for row in rows(Redemption)] == [{"Size": "42", "Terms": "yes", "Note": "ab c"}]


@pytest.mark.parametrize("asked", [(), (Field("Size", is_required=False),)])
def test_an_answer_that_nobody_asked_for_is_refused(asked):
    batch, program = scan_batch(fields=asked), Program()
    ask = {"code": builders.link(batch), "member": {"email": "ana@example.com", "name": "Ana"}}

    refused = program.post("/redemptions", ask | {"fields": {"size": "42"}})

    assert (refused.status_code, refused.json()["problems"]) == (422, {"fields.size": "The batch does not ask this."})
    assert rows(Member) == rows(Redemption) == []


def test_a_scan_batch_gives_no_vouchers():
    batch, program = scan_batch(), Program()
    ana = program.post("/members", {"email": "ana@example.com", "name": "Ana Ruiz"}).json()["id"]

    assert program.post(f"/batches/{batch.id}/claims", {"memberId": ana}).json()["code"] == "wrong_kind"
    assert {code.status for code in rows(Code)} == {CodeStatus.ACTIVE}


HOSTILE = [
    [],
    [[]],
    {"points": 20},
    "20",
    None,
    10**400,
    -1,
    1e308,
    math.inf,
    math.nan,
    "\0",
    "\ud800",
    "x" * 5000,
    {"\ud800": []},
    {f"key {number}": number for number in range(10_000)},
    {"points": 0},
    {"points": 1e18},
    {"points": 0.5},
    {"points": math.nan},
    {"points": None},
    {"points": []},
    {"points": {"points": 1}},
    {"points": "20", "Points": "30"},
    {"points": 20, "note": "x" * 5000},
    {"points": 20, "": "x"},
    {"points": 20, "\0": "x"},
]


@pytest.mark.parametrize("kind", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    "name", ["parameters", "fields", "baseUrl", "offerId", "quantity", "title", "description", "kind", "prefix", "name"]
)
def test_a_batch_that_cannot_be_is_refused_in_sentences(name):
    program = Program()
    for value in HOSTILE:
        if (name, value) in (("parameters", {"points": 20}), ("offerId", None), ("fields", None)):
            continue
        answer = send(program, "/batches", WISH | {name: value})
        is_made = answer.status_code == 202 and name != "parameters"  # some words are harmless elsewhere
        assert is_made or 400 <= answer.status_code < 500, (name, value, answer.text)
        assert is_made or answer.json()["detail"].endswith("."), answer.text
    assert all(batch.parameters["points"] == "20" for batch in rows(Batch))


@pytest.mark.parametrize("kind", ["sqlite"], indirect=True)
@pytest.mark.parametrize("name", ["code", "member", "memberId", "fields", "amount", "nonce"])
def test_a_redemption_that_cannot_be_is_refused_in_sentences(name):
    batch, program = scan_batch(1, fields=(Field("Size"),)), Program()
    ask = {"code": builders.link(batch), "member": {"email": "ana@example.com", "name": "Ana"}, "fields": {}}
    for value in HOSTILE:
        answer = send(program, "/redemptions", ask | {name: value})
        assert 400 <= answer.status_code < 500, (name, value, answer.text)
        answer = send(program, "/redemptions", {**ask, "else": {name: value}})
        assert 400 <= answer.status_code < 500, (name, value, answer.text)
    assert rows(Redemption) == rows(Member) == []
