"""A request that names itself happens once, however often it is sent."""

from datetime import timedelta

import pytest

from loyalty_app.apikeys.models import ApiKey
from loyalty_app.core import answered, database, times
from loyalty_app.core.answered import Answered
from loyalty_app.ui import rest
from tests.doors import change, rows
from tests.programs import Program, once

pytestmark = pytest.mark.usefixtures("database")

WISH = {"name": "New", "scopes": ["redeem"]}


@pytest.mark.usefixtures("other_processes")
def test_twenty_at_once_have_one_effect_and_one_answer():
    program = Program()
    answers = program.ask_all([("POST", "/api-keys", WISH, once("a"))] * 20)

    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.json()["id"] for answer in answers}) == 1
    assert [key.name for key in rows(ApiKey)] == ["Till", "New"]
    assert sum("Idempotency-Replayed" not in answer.headers for answer in answers) == 1


def test_the_same_key_with_another_request_is_a_mistake():
    program = Program()
    program.post("/api-keys", WISH, **once("a"))
    said = program.post("/api-keys", WISH | {"name": "Other"}, **once("a"))

    assert said.status_code == 422
    assert said.json()["code"] == "nonce_reused"
    assert len(rows(ApiKey)) == 2


def test_two_programs_may_use_the_same_key():
    for program in (Program(), Program()):
        assert "Idempotency-Replayed" not in program.post("/api-keys", WISH, **once("a")).headers
    assert len(rows(ApiKey)) == 4


def test_a_mistake_is_not_kept_and_may_be_mended():
    program = Program()
    assert program.post("/api-keys", WISH | {"name": ""}, **once("a")).status_code == 422
    assert rows(Answered) == []
    assert program.post("/api-keys", WISH, **once("a")).status_code == 201


def test_a_fault_is_not_kept(monkeypatch):
    program = Program()
    monkeypatch.setattr(rest.answered, "keep", lambda *_: 1 / 0)
    assert program.post("/api-keys", WISH, **once("a")).status_code == 500
    monkeypatch.undo()

    assert len(rows(ApiKey)) == 1
    assert program.post("/api-keys", WISH, **once("a")).status_code == 201


def test_the_secret_of_a_new_key_is_not_kept_with_the_answer():
    program = Program()
    first = program.post("/api-keys", WISH, **once("a")).json()
    again = program.post("/api-keys", WISH, **once("a"))

    assert again.status_code == 201
    assert again.json() == first | {"key": None}
    assert first["key"] not in repr(rows(Answered))


def test_answers_are_forgotten_after_a_day():
    now = times.now()
    for age in (timedelta(hours=25), timedelta(hours=23)):
        assert change(answered.answer_before, "key:1", str(age), "f", now=now - age) is None
    change(answered.sweep, now=now)

    assert [row.key for row in rows(Answered)] == [str(timedelta(hours=23))]
    later = now + timedelta(hours=2)
    assert change(answered.answer_before, "key:1", str(timedelta(hours=23)), "other", now=later) is None


@pytest.mark.parametrize("key", ["ä", "x" * 256])
def test_a_key_that_cannot_be_kept_is_refused(key):
    said = Program().post("/api-keys", WISH, headers={"Idempotency-Key": key.encode("latin-1")})

    assert said.status_code == 422
    assert list(said.json()["problems"]) == ["Idempotency-Key"]
    assert database.engine()
