"""The description of the API (OpenAPI 3.1), made of the routes themselves."""

from collections.abc import Iterable
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from fastapi.routing import APIRoute, RouteContext, iter_route_contexts
from pydantic.alias_generators import to_camel

from loyalty_app.core.reasons import STATUS
from loyalty_app.ui.problems import MEDIA_TYPE, SENTENCES

ABOUT = """Everything that the screens do, for other programs.

Send a key with each request: `Authorization: Bearer loy_…`. An admin makes keys under Settings, API keys.
Lists come in pages: follow `nextCursor` until it is null. Send an `Idempotency-Key` with each POST, and a repeat has
no second effect. What does not work is answered as `application/problem+json` with a `code`.
"""

SECURITY = "key"
HEADERS = {
    "RateLimit-Limit": "How many requests a window allows.",
    "RateLimit-Remaining": "How many are left.",
    "RateLimit-Reset": "Seconds until the window ends.",
}
PROBLEM: dict[str, Any] = {
    "title": "Problem",
    "description": "Why something did not work (RFC 9457).",
    "type": "object",
    "required": ["type", "title", "status", "detail", "code"],
    "properties": {
        "type": {"type": "string", "format": "uri"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string", "description": "A sentence for people."},
        "code": {"type": "string", "description": "For programs; it never changes its meaning."},
        "problems": {
            "type": "object",
            "additionalProperties": {"type": "string"},
            "description": "A sentence for each field that is not acceptable.",
        },
        "reasons": {
            "type": "array",
            "items": {"type": "string"},
            "description": "Every reason against it, the first that counts first.",
        },
        "retryAfter": {"type": "integer", "description": "Seconds to wait."},
        "scope": {"type": "string", "description": "The scope that the key lacks."},
    },
    "additionalProperties": True,
}
FAULTS = {
    400: ("invalid", "What was sent is not readable."),
    401: ("login_required", "The key is missing, unknown, revoked, or past its end."),
    403: ("forbidden", "The key lacks a scope."),
    404: ("not_found", "It does not exist, or not any more."),
    409: ("conflict", "Its state does not allow this now."),
    413: ("too_large", "What was sent is too large."),
    422: ("invalid", "A field is not acceptable; `problems` names each."),
    423: ("batch_paused", "It is switched off for now."),
    429: ("rate_limited", "Too many requests."),
    500: ("internal", "A fault on our side."),
}


def name_of(route: APIRoute) -> str:
    """Return how client libraries call a route: `createOffer`."""
    return to_camel(route.name)


def describe(api: FastAPI, version: str) -> dict[str, Any]:
    """Return the description, with every error that an operation may answer."""
    said = get_openapi(
        title="Loyalty",
        version=version,
        summary="Loyalty promotions, self-hosted.",
        description=ABOUT,
        routes=api.routes,
    )
    parts = said.setdefault("components", {})
    parts.setdefault("schemas", {}).pop("HTTPValidationError", None)
    parts["schemas"].pop("ValidationError", None)
    parts["schemas"]["Problem"] = PROBLEM
    parts["securitySchemes"] = {SECURITY: {"type": "http", "scheme": "bearer", "bearerFormat": "loy_…"}}
    said["security"] = [{SECURITY: []}]
    scopes = {to_camel(route.name or ""): getattr(route.endpoint, "__permission__", "") for route in _all(api)}
    for path, operations in said["paths"].items():
        for method, operation in operations.items():
            summary, _, more = operation.pop("description").partition("\n")
            needs = f"Needs the scope `{scopes[operation['operationId']]}`."
            operation |= {"summary": summary.rstrip("."), "description": f"{more.strip()}\n\n{needs}".strip()}
            _list_faults(operation, method, path)
            for part in (operation.get("requestBody", {}), *operation["responses"].values()):
                _give_example(part, parts["schemas"])
    return said


def _all(api: FastAPI) -> Iterable[RouteContext]:
    return (route for route in iter_route_contexts(api.routes) if route.endpoint)


def _give_example(part: dict[str, Any], schemas: dict[str, Any]) -> None:
    content = part.get("content", {}).get("application/json")
    if content:
        content["example"] = _example(content["schema"], schemas)


def _example(schema: dict[str, Any], schemas: dict[str, Any]) -> Any:
    if target := schema.get("$ref"):
        schema = schemas[target.rpartition("/")[2]] | schema
    if examples := schema.get("examples"):
        return examples[0]
    if choices := schema.get("anyOf"):
        return None if any(one.get("type") == "null" for one in choices) else _example(choices[0], schemas)
    if schema.get("type") == "object":
        return {name: _example(one, schemas) for name, one in schema.get("properties", {}).items()}
    if schema.get("type") == "array":
        return [_example(schema["items"], schemas)]
    simple = {"boolean": False, "integer": 0, "number": 0}.get(schema.get("type", ""), "")
    return schema.get("enum", [simple])[0]


def _list_faults(operation: dict[str, Any], method: str, path: str) -> None:
    is_change = method in {"post", "patch", "delete"}
    possible = {401, 403, 422, 429, 500}
    possible |= {400, 413} if "requestBody" in operation else set()
    possible |= {404} if "{" in path else set()
    possible |= {409} if is_change else set()
    possible |= {423} if path.endswith(("/claims", "/redemptions")) and is_change else set()
    answers = operation["responses"]
    answers.pop("422", None)
    for answer in answers.values():
        answer.setdefault("headers", {}).update(
            {name: {"description": words, "schema": {"type": "integer"}} for name, words in HEADERS.items()}
        )
    answers |= {str(status): _fault(status) for status in sorted(possible)}


def _fault(status: int) -> dict[str, Any]:
    code, words = FAULTS[status]
    said = {reason.value: SENTENCES[reason] for reason, of in STATUS.items() if of == status}
    examples = {
        name: {
            "value": {
                "type": f"urn:loyalty:problem:{name}",
                "title": name.replace("_", " ").capitalize(),
                "status": status,
                "detail": detail,
                "code": name,
            }
        }
        for name, detail in ({code: words} | said).items()
    }
    schema = {"$ref": "#/components/schemas/Problem"}
    return {"description": words, "content": {MEDIA_TYPE: {"schema": schema, "examples": examples}}}
