"""Offers through the door for programs."""

import pytest

from loyalty_app.audit.models import AuditEntry
from loyalty_app.offers.models import Offer
from tests import builders
from tests.doors import change, rows
from tests.programs import Program, once

pytestmark = pytest.mark.usefixtures("database")

COFFEE = {"title": "One coffee", "reward": {"kind": "item", "value": "One coffee, any size"}}
FULL = {
    "title": "Five off",
    "description": "At the bar.",
    "terms": "One per visit.",
    "reward": {"kind": "amount", "value": 5.5},
    "minPurchase": 20,
    "validDays": 30,
    "translations": {"de-DE": {"title": "Fünf weniger"}},
}


def test_an_offer_is_answered_as_it_was_asked_for():
    program = Program()
    said = program.post("/offers", FULL)

    assert said.status_code == 201, said.text
    offer = said.json()
    assert offer | FULL == offer
    assert offer["currency"] == "PLN"
    assert offer["createdAt"].endswith("Z")
    assert len(offer["createdAt"]) == len("2026-06-15T10:00:00.000Z")
    assert program.get(f"/offers/{offer['id']}").json() == offer
    assert rows(Offer)[0].reward_value == 550
    assert rows(AuditEntry)[-1].api_key_id == 1


@pytest.mark.parametrize(
    "reward",
    [
        {"kind": "points", "value": 250},
        {"kind": "percent", "value": 20},
        {"kind": "percent", "value": "20"},
        {"kind": "item", "value": "A cake"},
    ],
)
def test_a_reward_is_of_any_kind(reward):
    said = Program().post("/offers", COFFEE | {"reward": reward})

    assert said.status_code == 201, said.text
    assert str(said.json()["reward"]["value"]) == str(reward["value"])


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"title": ""}, "title"),
        ({"title": None}, "title"),
        ({"reward": {"kind": "gold", "value": 1}}, "reward.kind"),
        ({"reward": {"kind": "percent", "value": 101}}, "reward.value"),
        ({"reward": {"kind": "percent", "value": 2.5}}, "reward.value"),
        ({"reward": {"kind": "item", "value": ""}}, "reward.value"),
        ({"reward": {"kind": "item"}}, "reward.value"),
        ({"minPurchase": -1}, "minPurchase"),
        ({"minPurchase": 1e15}, "minPurchase"),
        ({"minPurchase": "1e9999999"}, "minPurchase"),
        ({"minPurchase": "1e999999999999"}, "minPurchase"),
        ({"minPurchase": "1e-9999999"}, "minPurchase"),
        ({"minPurchase": "NaN"}, "minPurchase"),
        ({"reward": {"kind": "amount", "value": "1e9999999"}}, "reward.value"),
        ({"reward": {"kind": "points", "value": 1e308}}, "reward.value"),
        ({"validDays": 0}, "validDays"),
        ({"validDays": 1.5}, "validDays"),
        ({"picture": "none"}, "picture"),
        ({"translations": {"xx": {"title": "?"}}}, "translations"),
        ({"translations": {"de-DE": {"colour": "rot"}}}, "translations.de-DE.colour"),
        ({"colour": "red"}, "colour"),
    ],
)
def test_an_offer_that_is_not_acceptable_names_the_field(changes, field):
    said = Program().post("/offers", COFFEE | changes)

    assert said.status_code == 422, said.text
    assert set(said.json()["problems"]) == {field}
    assert all(words.endswith(".") for words in said.json()["problems"].values())
    assert rows(Offer) == []


def test_a_change_leaves_the_rest():
    program = Program()
    offer = program.post("/offers", FULL).json()
    said = program.ask(
        "PATCH", f"/offers/{offer['id']}", {"title": "Six off", "reward": {"kind": "amount", "value": 6}}
    )

    assert said.status_code == 200, said.text
    changed = {"title": "Six off", "reward": {"kind": "amount", "value": 6}, "updatedAt": said.json()["updatedAt"]}
    assert said.json() == offer | changed
    cleared = program.ask("PATCH", f"/offers/{offer['id']}", {"minPurchase": None, "validDays": None}).json()
    assert (cleared["minPurchase"], cleared["validDays"]) == (None, None)
    assert cleared["translations"] == FULL["translations"]


def test_an_offer_is_copied_and_removed():
    program = Program()
    offer = program.post("/offers", FULL).json()
    copy = program.post(f"/offers/{offer['id']}/clone", **once("c"))
    assert copy.status_code == 201
    assert program.post(f"/offers/{offer['id']}/clone", **once("c")).json() == copy.json()
    assert program.ask("DELETE", f"/offers/{offer['id']}").status_code == 204

    assert [row.title for row in rows(Offer)] == ["Copy of Five off"]
    assert program.get(f"/offers/{offer['id']}").status_code == 404


def test_offers_are_listed_in_pages_and_found_by_their_words():
    for number in range(5):
        change(builders.offer, f"Coffee {number}")
    program = Program("view_dashboard")

    seen, cursor = [], ""
    while cursor is not None:
        page = program.get(f"/offers?limit=2&cursor={cursor}").json()
        seen += [offer["title"] for offer in page["items"]]
        cursor = page["nextCursor"]
    assert seen == [f"Coffee {number}" for number in (4, 3, 2, 1, 0)]
    assert [offer["title"] for offer in program.get("/offers?q=coffee 3").json()["items"]] == ["Coffee 3"]
