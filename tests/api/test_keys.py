"""Programs get in with a key, and no further than its scopes."""

from datetime import timedelta

import pytest
from typer.testing import CliRunner

from loyalty_app.accounts import service as accounts
from loyalty_app.apikeys import rules
from loyalty_app.apikeys import service as apikeys
from loyalty_app.apikeys.models import ApiKey
from loyalty_app.cli import app as commands
from loyalty_app.core import secrets, times
from loyalty_app.core.actor import Permission
from loyalty_app.core.errors import InvalidError
from loyalty_app.ui.shield import COOKIE
from tests import programs
from tests.builders import ADMIN, CASHIER, MARKETER, NOON
from tests.doors import change, rows
from tests.programs import Program

pytestmark = pytest.mark.usefixtures("database")

WISH = {"name": "Till", "scopes": ["redeem"]}


def test_a_key_is_shown_once_and_stored_hashed():
    said = Program().post("/api-keys", WISH)

    assert said.status_code == 201
    key = said.json()["key"]
    assert key.startswith("loy_")
    assert len(key) >= 32
    kept = rows(ApiKey)[-1]
    assert kept.key_hash == secrets.fingerprint(key)
    assert key.startswith(kept.hint)
    assert key not in repr(rows(ApiKey))
    shown = Program().get(f"/api-keys/{said.json()['id']}")
    assert "key" not in shown.json()
    assert key not in shown.text


def test_a_key_opens_what_its_scopes_say_and_the_refusal_names_the_missing_one():
    program = Program("view_dashboard")

    assert program.get("/api-keys").status_code == 403
    assert program.get("/api-keys").json()["scope"] == "api_key_management"
    assert "api_key_management" in program.get("/api-keys").json()["detail"]
    assert Program("api_key_management").get("/api-keys").status_code == 200


@pytest.mark.parametrize("given", ["Bearer loy_made-up", "Bearer ", "Bearer", "Basic YTpi", "loy_x", "Bearer \xff"])
def test_an_unknown_key_is_told_so(given):
    said = Program(key="").get("/api-keys", headers={"Authorization": given.encode("latin-1")})

    assert said.status_code == 401
    assert said.headers["www-authenticate"].startswith("Bearer")
    assert said.headers["content-type"] == "application/problem+json"
    assert said.json()["code"] == "login_required"


def test_without_a_key_the_answer_asks_for_one():
    said = Program(key="").get("/api-keys")

    assert said.status_code == 401
    assert said.headers["www-authenticate"] == "Bearer"


def test_a_revoked_key_opens_nothing_from_then_on():
    program, other = Program(), Program()
    number = rows(ApiKey)[0].id
    assert other.ask("DELETE", f"/api-keys/{number}").status_code == 204
    assert other.ask("DELETE", f"/api-keys/{number}").status_code == 204

    assert program.get("/api-keys").status_code == 401
    assert other.get(f"/api-keys/{number}").json()["revokedAt"].endswith("Z")
    assert other.ask("DELETE", "/api-keys/999").status_code == 404


def test_a_key_past_its_end_opens_nothing():
    wish = apikeys.Wish("Till", ["redeem"], NOON + timedelta(days=1))
    secret = change(apikeys.create, wish, by=ADMIN, now=NOON).secret

    assert change(apikeys.known, secret, now=NOON + timedelta(hours=23)).actor.may(Permission.REDEEM)
    assert change(apikeys.known, secret, now=NOON + timedelta(days=1)) is None


def test_nobody_grants_more_than_they_have():
    with pytest.raises(InvalidError, match="user_management"):
        grantor = accounts.Actor(1, "Ada", permissions=frozenset({Permission.API_KEY_MANAGEMENT}))
        change(apikeys.create, apikeys.Wish("Till", ["user_management"]), by=grantor, now=NOON)
    said = Program("api_key_management", "redeem").post("/api-keys", {"name": "More", "scopes": ["view_members"]})
    assert said.status_code == 422
    assert "view_members" in said.json()["problems"]["scopes"]
    assert len(rows(ApiKey)) == 1


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"name": " "}, "name"),
        ({"name": "x" * 81}, "name"),
        ({"scopes": []}, "scopes"),
        ({"scopes": ["everything"]}, "scopes"),
        ({"scopes": ["claim"]}, "scopes"),
        ({"scopes": "redeem"}, "scopes"),
        ({"expiresAt": "2020-01-01T00:00:00Z"}, "expiresAt"),
        ({"expiresAt": "2030-01-01T00:00:00"}, "expiresAt"),
        ({"expiresAt": "soon"}, "expiresAt"),
        ({"colour": "red"}, "colour"),
    ],
)
def test_a_wish_that_is_not_acceptable_names_the_field(changes, field):
    said = Program().post("/api-keys", WISH | changes)

    assert said.status_code == 422
    assert set(said.json()["problems"]) == {field}
    assert len(rows(ApiKey)) == 1


def test_the_last_use_is_written_at_most_once_a_minute():
    wish = apikeys.Wish("Till", ["redeem"])
    made = change(apikeys.create, wish, by=ADMIN, now=NOON)
    assert change(apikeys.known, made.secret, now=NOON).is_use_due

    change(apikeys.used, made.key.id, now=NOON)
    assert not change(apikeys.known, made.secret, now=NOON + timedelta(seconds=59)).is_use_due
    change(apikeys.used, made.key.id, now=NOON + timedelta(seconds=59))
    assert rows(ApiKey)[0].last_used_at == NOON
    assert change(apikeys.known, made.secret, now=NOON + timedelta(seconds=60)).is_use_due


def test_a_request_writes_the_last_use():
    program = Program()
    program.get("/api-keys")

    assert rows(ApiKey)[0].last_used_at is not None


def test_a_request_with_a_key_never_uses_the_cookie():
    said = Program(key="loy_wrong").get("/api-keys", headers={"Cookie": f"{COOKIE}=whatever"})

    assert said.status_code == 401


def test_keys_are_listed_newest_first_and_in_pages():
    program = Program()
    for number in range(4):
        change(apikeys.create, apikeys.Wish(f"Key {number}", ["redeem"]), by=ADMIN, now=times.now())

    first = program.get("/api-keys?limit=3").json()
    assert [key["name"] for key in first["items"]] == ["Key 3", "Key 2", "Key 1"]
    second = program.get(f"/api-keys?limit=3&cursor={first['nextCursor']}").json()
    assert [key["name"] for key in second["items"]] == ["Key 0", "Till"]
    assert second["nextCursor"] is None


@pytest.mark.parametrize(
    "query", ["limit=0", "limit=201", "limit=x", "cursor=%25%25", "cursor=LTE", "cursor=" + "x" * 81]
)
def test_a_page_that_cannot_be_is_refused(query):
    said = Program().get(f"/api-keys?{query}")

    assert said.status_code == 422
    assert list(said.json()["problems"]) == [query.partition("=")[0]]


def test_guessing_keys_is_slowed_down():
    program = Program(key="")
    guesses = [program.get("/api-keys", headers={"Authorization": f"Bearer loy_{n}"}).status_code for n in range(32)]

    assert guesses == [401] * 30 + [429] * 2
    right = program.get("/api-keys", headers={"Authorization": f"Bearer {programs.new_key()}"})
    assert right.status_code == 429
    assert 0 < int(right.headers["retry-after"]) <= 900


@pytest.mark.parametrize("who", [CASHIER, MARKETER])
def test_only_those_who_may_manage_keys_make_one(who):
    with pytest.raises(Exception, match="may not"):
        change(apikeys.create, apikeys.Wish("Till", ["redeem"]), by=who, now=NOON)


def test_the_operator_makes_a_key_at_the_command_line():
    said = CliRunner().invoke(
        commands,
        ["create-api-key", "--name", "Till", "--scope", "redeem", "--scope", "view_members", "--expires", "2099-01-01"],
    )

    assert said.exit_code == 0, said.output
    (key,) = rows(ApiKey)
    assert secrets.fingerprint(said.output.strip()) == key.key_hash
    assert key.scopes == ["redeem", "view_members"]
    assert key.expires_at.isoformat() == "2099-01-01T00:00:00+00:00"
    wrong = CliRunner().invoke(commands, ["create-api-key", "--name", "Till", "--scope", "everything"])
    assert wrong.exit_code == 1
    assert "everything" in wrong.output
    assert set(rules.SCOPES) == set(Permission) - {Permission.PUBLIC, Permission.CLAIM}
