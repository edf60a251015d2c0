"""The description of the API is whole, and its page needs nothing from elsewhere."""

import json
import re
from typing import Any

import pytest

from loyalty_app.core.migrations import CHECKOUT
from loyalty_app.core.reasons import STATUS, Reason
from loyalty_app.ui import limits
from loyalty_app.ui.problems import SENTENCES
from tests.programs import Program


@pytest.fixture(scope="module")
def described() -> dict[str, Any]:
    """Return the description."""
    return Program(key="").get("/api/openapi.json").json()


def operations(described: dict[str, Any]) -> list[tuple[str, str, dict[str, Any]]]:
    return [(path, method, one) for path, methods in described["paths"].items() for method, one in methods.items()]


def test_it_is_openapi_3_1(described):
    assert described["openapi"].startswith("3.1")
    assert described["components"]["securitySchemes"] == {
        "key": {"type": "http", "scheme": "bearer", "bearerFormat": "loy_…"}
    }
    assert described["security"] == [{"key": []}]


def test_every_operation_has_a_name_a_place_a_sentence_and_a_scope(described):
    names = [one["operationId"] for _, _, one in operations(described)]

    assert len(set(names)) == len(names)
    for path, _, one in operations(described):
        assert path.startswith("/api/v1/")
        assert re.fullmatch(r"[a-z]+([A-Z][a-z]*)+", one["operationId"])
        assert len(one["tags"]) == 1
        assert one["summary"]
        assert re.search(r"Needs the scope `[a-z_]+`\.$", one["description"]), one["operationId"]


def test_every_request_and_every_answer_has_an_example(described):
    for _, _, one in operations(described):
        parts = [one.get("requestBody", {}), *one["responses"].values()]
        for content in (content for part in parts for content in part.get("content", {}).items()):
            media_type, said = content
            if media_type.endswith("json"):
                assert "example" in said or "examples" in said, one["operationId"]


def test_every_error_is_a_problem(described):
    for _, _, one in operations(described):
        for status, answer in one["responses"].items():
            if status >= "400":
                assert list(answer["content"]) == ["application/problem+json"], (one["operationId"], status)
        assert {"401", "403", "422", "429", "500"} <= one["responses"].keys()
        assert all(
            "RateLimit-Limit" in one["responses"][status]["headers"] for status in one["responses"] if status < "3"
        )


def test_every_reference_leads_somewhere(described):
    text = json.dumps(described)

    for target in re.findall(r'"\$ref": "#/([^"]+)"', text):
        place = described
        for step in target.split("/"):
            place = place[step]
    assert "HTTPValidationError" not in text


def test_fields_are_in_camel_case(described):
    for name, schema in described["components"]["schemas"].items():
        for field in schema.get("properties", {}):
            assert re.fullmatch(r"[a-z][a-zA-Z]*", field), (name, field)


def test_every_reason_has_a_status_and_a_sentence():
    assert STATUS.keys() == SENTENCES.keys() == set(Reason)


def test_the_page_asks_for_nothing_from_elsewhere():
    page = Program(key="").get("/api/docs").text

    sources = re.findall(r'(?:src|href)="([^"]+)"', page)
    assert all(source.startswith("/") and not source.startswith("//") for source in sources)
    assert not re.search(r"<script(?![^>]*src=)", page)
    for ours in ("/css/api-docs.css", "/api-docs/start.js"):
        assert ours in sources
        assert (CHECKOUT / "assets" / ours.strip("/")).exists()


def test_the_table_of_problems_in_the_document_is_the_program_s():
    document = (CHECKOUT / "docs" / "api.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| (\d{3}) \| (.+) \|$", document, re.MULTILINE)
    written = {code: int(status) for status, codes in rows for code in re.findall(r"`([a-z_]+)`", codes)}

    assert {reason.value: status for reason, status in STATUS.items() if reason is not Reason.RATE_LIMITED}.items() <= (
        written.items()
    )


def test_the_limits_in_the_document_are_the_program_s():
    document = (CHECKOUT / "docs" / "api.md").read_text(encoding="utf-8")

    assert f"{limits.READS.amount} reads and {limits.WRITES.amount} changes a minute" in document
    assert f"{limits.COUNTER.amount:,} validations" in document
