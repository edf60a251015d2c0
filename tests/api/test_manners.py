"""How every answer under /api is given: limits, problems, and no surprise in between."""

import pytest
from limits import RateLimitItemPerMinute

from loyalty_app.ui import limits, routes
from tests.programs import Program

pytestmark = pytest.mark.usefixtures("database")


@pytest.fixture
def kind() -> str:
    """Nothing here depends on the database."""
    return "sqlite"


def test_every_answer_says_what_is_left():
    program = Program()
    for number, path in enumerate(("/offers", "/offers/1", "/nothing", "/offers?limit=0"), start=1):
        headers = program.get(path).headers
        assert headers["ratelimit-limit"] == "600"
        assert headers["ratelimit-remaining"] == str(600 - number)
        assert 0 < int(headers["ratelimit-reset"]) <= 60
        assert headers["ratelimit-policy"] == "600;w=60"
        assert headers["cache-control"] == "no-store"
    assert Program(key="").get("/offers").headers["ratelimit-limit"] == "600"


def test_who_sends_too_much_waits_before_anything_else_is_asked(monkeypatch):
    monkeypatch.setattr(limits, "READS", RateLimitItemPerMinute(2, namespace="few"))
    program, other = Program("redeem"), Program("redeem")

    assert [program.get("/offers").status_code for _ in range(4)] == [403, 403, 429, 429]
    said = program.get("/offers")
    assert said.json()["code"] == "rate_limited"
    assert said.headers["retry-after"] == str(said.json()["retryAfter"])
    assert said.headers["ratelimit-remaining"] == "0"
    assert said.headers["content-type"] == "application/problem+json"
    assert program.post("/offers", {}).status_code == 403  # changes are counted apart
    other._routes = program._routes
    assert other.get("/offers").status_code == 403  # and so are other keys


def test_the_counter_has_a_limit_of_its_own():
    assert limits.limit_of("POST", "/api/v1/redemptions") is limits.COUNTER
    assert limits.limit_of("POST", "/api/v1/validations") is limits.COUNTER
    assert limits.limit_of("GET", "/api/v1/redemptions") is limits.READS
    assert limits.limit_of("DELETE", "/api/v1/offers/1") is limits.WRITES
    assert routes.API == "/api/"


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/nothing", 404, "not_found"),
        ("GET", "/offers/1", 404, "not_found"),
        ("GET", "/offers/x", 404, "not_found"),
        ("GET", "/offers/99999999999999999999", 404, "not_found"),
        ("PUT", "/offers", 405, "method_not_allowed"),
        ("DELETE", "/offers", 405, "method_not_allowed"),
        ("POST", "/offers", 422, "invalid"),
    ],
)
def test_a_problem_has_one_shape(method, path, status, code):
    said = Program().ask(method, path)

    assert said.status_code == status, said.text
    assert said.headers["content-type"] == "application/problem+json"
    problem = said.json()
    assert problem | {"status": status, "code": code, "type": f"urn:loyalty:problem:{code}"} == problem
    assert problem["title"]
    assert problem["detail"]
    if status == 405:
        assert "GET" in said.headers["allow"]
        assert "POST" in said.headers["allow"]


def test_what_is_not_json_is_told_to_those_who_may_send_it():
    broken = {"content": "{", "headers": {"Content-Type": "application/json"}}

    assert Program().post("/offers", **broken).status_code == 400
    assert Program(key="").post("/offers", **broken).status_code == 401
    assert Program("redeem").post("/offers", **broken).status_code == 403


def test_what_is_too_large_is_not_read():
    said = Program().post("/offers", {"title": "x" * 1_100_000})

    assert said.status_code == 413
    assert said.json()["code"] == "too_large"


@pytest.mark.parametrize("path", ["/auth/sign-in", "/auth/sign-up", "/auth/points"])
@pytest.mark.parametrize("kind_of_form", ["application/x-www-form-urlencoded", "multipart/form-data; boundary=x"])
def test_a_form_that_is_too_large_is_not_read(path, kind_of_form):
    begin = b'--x\r\nContent-Disposition: form-data; name="email"\r\n\r\n' if "multipart" in kind_of_form else b"email="
    sent = {"content": begin + b"x" * 1_100_000, "headers": {"Content-Type": kind_of_form}}

    assert Program(key="").ask("POST", path, **sent).status_code == 413


def test_what_no_database_can_store_is_left_out():
    odd = {"content": r'{"title": "a\u0000b", "reward": {"kind": "item", "value": "c\u0000"}}'}
    said = Program().post("/offers", **odd, headers={"Content-Type": "application/json"})

    assert said.status_code == 201, said.text
    assert (said.json()["title"], said.json()["reward"]["value"]) == ("ab", "c")
