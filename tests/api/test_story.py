"""With nothing but a key: from an offer to a voucher that is redeemed, taken back, and redeemed again."""

from datetime import timedelta

import pytest

from loyalty_app import worker
from loyalty_app.batches.models import Batch, BatchStatus
from loyalty_app.codes.models import Code
from loyalty_app.core import times
from loyalty_app.jobs import engine
from loyalty_app.redemptions.models import Redemption
from tests import builders
from tests.doors import change, rows
from tests.programs import Program, once

pytestmark = pytest.mark.usefixtures("database")

OFFER = {"title": "One coffee", "reward": {"kind": "item", "value": "One coffee"}, "minPurchase": 10}
DAY = (times.now() + timedelta(days=30)).date().isoformat()


def batch_of(program: Program, **changes: object) -> dict:
    """Make an offer and a batch, and its codes."""
    offer = program.post("/offers", OFFER).json()
    wish = {"name": "Summer", "kind": "claim", "offerId": offer["id"], "quantity": 5, "expiresOn": DAY, "prefix": "SUN"}
    said = program.post("/batches", wish | changes)
    assert said.status_code == 202, said.text
    engine.run(said.json()["job"]["id"], worker.KINDS)
    return said.json()


def member_of(program: Program, email: str = "ana@example.com") -> int:
    return program.post("/members", {"email": email, "name": "Ana Ruiz"}).json()["id"]


def test_a_voucher_lives_its_whole_life():
    program = Program()
    batch = batch_of(program)
    assert (batch["status"], batch["total"], batch["job"]["status"]) == ("generating", 5, "queued")
    job = program.get(f"/jobs/{batch['job']['id']}").json()
    assert (job["status"], job["done"], job["total"], job["file"]) == ("done", 5, 5, None)
    batch = program.get(f"/batches/{batch['id']}").json()
    assert (batch["status"], batch["available"], batch["redemptionRate"]) == ("active", 5, None)
    assert batch["claimUrl"].endswith(f"/claim/{batch['claimToken']}")
    assert batch["offer"]["reward"] == OFFER["reward"]

    ana = member_of(program)
    claimed = program.post(f"/batches/{batch['id']}/claims", {"memberId": ana})
    assert claimed.status_code == 201, claimed.text
    voucher = claimed.json()
    assert (voucher["status"], voucher["memberId"]) == ("claimed", ana)
    again = program.post(f"/batches/{batch['id']}/claims", {"memberId": ana})
    assert again.status_code == 409
    assert again.json()["code"] == "already_claimed"
    assert again.json()["voucher"] == voucher

    code = voucher["code"]
    checked = program.post("/validations", {"code": code.lower(), "memberId": ana, "amount": 12.5}).json()
    assert (checked["valid"], checked["reason"], checked["reasons"]) == (True, None, [])
    assert checked["member"] == {"id": ana, "name": "Ana Ruiz"}
    redeemed = program.post("/redemptions", {"code": code, "memberId": ana, "amount": 12.5, "nonce": "1"})
    assert redeemed.status_code == 201, redeemed.text
    first = redeemed.json()
    assert (first["status"], first["code"], first["offer"]["title"]) == ("recorded", code, "One coffee")
    twice = program.post("/redemptions", {"code": code})
    assert twice.status_code == 409
    assert twice.json()["code"] == "already_redeemed"
    assert twice.json()["redeemedAt"] == first["redeemedAt"]
    assert twice.json()["redeemedBy"] == "Till"

    taken_back = program.post(f"/redemptions/{first['id']}/reverse", {"reason": "By mistake"})
    assert taken_back.status_code == 201, taken_back.text
    assert (taken_back.json()["id"], taken_back.json()["status"]) == (first["id"], "reversed")
    assert program.post(f"/redemptions/{first['id']}/reverse", {"reason": "Again"}).json()["code"] == "already_reversed"
    assert program.post("/redemptions", {"code": code}).status_code == 201

    lines = program.get("/redemptions").json()["items"]
    assert [(line["status"], line["amount"]) for line in lines] == [("recorded", None), ("reversed", 12.5)]
    assert program.get(f"/redemptions/{first['id']}").json() == lines[1]
    numbers = program.get(f"/batches/{batch['id']}").json()
    assert (numbers["claimed"], numbers["redeemed"], numbers["redemptionRate"]) == (1, 1, 100)


def test_a_refusal_tells_every_reason_and_consumes_nothing():
    program = Program()
    batch = batch_of(program)
    ana, ola = member_of(program), member_of(program, "ola@example.com")
    code = program.post(f"/batches/{batch['id']}/claims", {"memberId": ana}).json()["code"]
    asked = {"code": code, "memberId": ola, "amount": 9.99}

    checked = program.post("/validations", asked).json()
    assert (checked["valid"], checked["reason"]) == (False, "not_holder")
    assert checked["reasons"] == ["not_holder", "min_purchase"]
    refused = program.post("/redemptions", asked)
    assert (refused.status_code, refused.json()["code"]) == (403, "not_holder")
    assert refused.json()["reasons"] == checked["reasons"]
    assert program.post("/redemptions", {"code": code, "amount": 9.99}).status_code == 422
    assert program.post("/redemptions", {"code": code, "member": {"email": "ola@example.com"}}).status_code == 403
    assert rows(Redemption) == []
    assert program.post("/redemptions", {"code": code, "member": {"email": "Ana@example.com"}}).status_code == 201


@pytest.mark.usefixtures("other_processes")
def test_twenty_batches_at_once_are_one():
    program = Program()
    offer = program.post("/offers", OFFER).json()
    wish = {"name": "Summer", "offerId": offer["id"], "quantity": 5, "expiresOn": DAY}
    answers = program.ask_all([("POST", "/batches", wish, once("b"))] * 20)

    assert [answer.status_code for answer in answers] == [202] * 20
    assert len({answer.text for answer in answers}) == 1
    assert len(rows(Batch)) == 1


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"kind": "pool"}, "kind"),
        ({"kind": "scan"}, "parameters"),
        ({"baseUrl": "https://shop.example"}, "baseUrl"),
        ({"parameters": {"points": 20}}, "parameters"),
        ({"quantity": 0}, "quantity"),
        ({"quantity": 100_001}, "quantity"),
        ({"quantity": "many"}, "quantity"),
        ({"expiresOn": "soon"}, "expiresOn"),
        ({"expiresOn": "2020-01-01"}, "expiresOn"),
        ({"offerId": 999}, "offerId"),
        ({"alphabet": "runes"}, "alphabet"),
        ({"length": 3}, "length"),
        ({"prefix": "Ü"}, "prefix"),
        ({"channel": "pigeon"}, "channel"),
        ({"name": ""}, "name"),
    ],
)
def test_a_batch_that_is_not_acceptable_names_the_field(changes, field):
    offer = change(builders.offer)
    wish = {"name": "Summer", "offerId": offer.id, "quantity": 5, "expiresOn": DAY}
    said = Program().post("/batches", wish | changes)

    assert said.status_code == 422, said.text
    assert set(said.json()["problems"]) == {field}
    assert rows(Batch) == []


def test_a_batch_is_paused_resumed_frozen_renamed_and_deleted():
    program = Program()
    batch = batch_of(program)
    path = f"/batches/{batch['id']}"
    ana, ola = member_of(program), member_of(program, "ola@example.com")
    code = program.post(f"{path}/claims", {"memberId": ana}).json()["code"]

    assert program.post(f"{path}/pause").json()["status"] == "paused"
    assert program.post(f"{path}/claims", {"memberId": ola}).json()["code"] == "batch_paused"
    assert program.post(f"{path}/claims", {"memberId": ola}).status_code == 423
    assert program.post(f"{path}/resume").json()["status"] == "active"
    assert program.post(f"{path}/freeze").json()["redemptionsFrozen"] is True
    assert program.post("/redemptions", {"code": code}).status_code == 423
    assert program.post(f"{path}/unfreeze").json()["redemptionsFrozen"] is False

    renamed = program.ask("PATCH", path, {"name": "Winter", "channel": "print"}).json()
    assert (renamed["name"], renamed["channel"]) == ("Winter", "print")
    assert program.ask("PATCH", path, {"channel": None}).json()["channel"] is None
    assert program.ask("DELETE", path, {"confirm": "Winter"}).status_code == 409
    program.post(f"{path}/pause")
    assert program.ask("DELETE", path, {"confirm": "Summer"}).json()["problems"].keys() == {"confirm"}
    assert program.ask("DELETE", f"{path}?confirm=Winter").status_code == 204
    assert rows(Code) == []
    assert program.get(path).status_code == 404
    assert program.post("/redemptions", {"code": code}).json()["code"] == "unknown_code"


def test_codes_are_listed_switched_and_drawn():
    program = Program()
    batch = batch_of(program)
    path = f"/batches/{batch['id']}"
    ana = member_of(program)
    claimed = program.post(f"{path}/claims", {"memberId": ana}).json()["code"]

    listed = program.get(f"{path}/codes?limit=3").json()
    assert [one["serial"] for one in listed["items"]] == [1, 2, 3]
    rest = program.get(f"{path}/codes?limit=3&cursor={listed['nextCursor']}").json()
    assert [one["serial"] for one in rest["items"]] == [4, 5]
    assert [one["code"] for one in program.get(f"{path}/codes?status=claimed").json()["items"]] == [claimed]
    assert [one["memberId"] for one in program.get(f"{path}/claims").json()["items"]] == [ana]

    one = program.get(f"/codes/{claimed.lower()}").json()
    assert (one["code"], one["batchId"], one["url"]) == (claimed, batch["id"], None)
    assert program.post(f"/codes/{claimed}/disable").json()["status"] == "disabled"
    assert program.post("/redemptions", {"code": claimed}).json()["code"] == "disabled"
    assert program.post(f"/codes/{claimed}/enable").json()["status"] == "claimed"
    assert program.post(f"{path}/disable-codes").json()["disabled"] == 5
    assert program.post(f"{path}/enable-codes").json()["disabled"] == 0
    assert program.get("/codes/NOSUCHCODE").json()["code"] == "unknown_code"
    assert program.get(f"/codes/{claimed}/image.png").content.startswith(b"\x89PNG")
    assert b"<svg" in program.get(f"/codes/{claimed}/image.svg").content
    assert program.get(f"{path}/qr.png").headers["content-type"] == "image/png"
    assert program.get(f"{path}/codes.csv").headers["content-type"].startswith("text/csv")


def test_batches_are_listed_in_pages_and_filtered():
    program = Program()
    for name in ("One", "Two", "Three"):
        change(builders.batch, 0, quantity="5", name=name, now=times.now())
    first = program.get("/batches?limit=2").json()

    assert [one["name"] for one in first["items"]] == ["Three", "Two"]
    assert [one["name"] for one in program.get(f"/batches?cursor={first['nextCursor']}").json()["items"]] == ["One"]
    assert [one["name"] for one in program.get("/batches?q=tw").json()["items"]] == ["Two"]
    assert {one["status"] for one in program.get("/batches?badge=generating").json()["items"]} == {
        BatchStatus.GENERATING
    }
    assert program.get("/batches?offerId=999").json()["items"] == []
