"""A key opens what its scopes say: every route is tried with every single scope."""

import re

import pytest

from loyalty_app import api
from loyalty_app.apikeys import rules
from tests.programs import Program, every_route, nobody

pytestmark = pytest.mark.usefixtures("database")


@pytest.fixture
def kind() -> str:
    """Use one kind: authority is decided before any database is asked."""
    return "sqlite"


def test_every_route_opens_to_its_own_scope_alone() -> None:
    routes = [
        (method, re.sub(r"{[^}]+}", "999999", route.path), vars(route.endpoint)["__permission__"])
        for route in every_route(api.build(nobody).routes)
        for method in sorted(route.methods)
        if route.path.startswith("/api/v1/")
    ]
    assert len(routes) > 50
    assert {need for _, _, need in routes} <= set(rules.SCOPES)

    for scope in rules.SCOPES:
        answers = Program(scope).ask_all([(method, path, None, {}) for method, path, _ in routes])
        for (method, path, need), answer in zip(routes, answers, strict=True):
            missing = answer.json().get("scope") if answer.status_code == 403 else None
            assert missing == (None if scope is need else need), (scope, method, path)
