"""A made-up OpenAPI document of the size of large public ones: 248 operations, a megabyte of YAML."""

from __future__ import annotations

from typing import Any

RESOURCES = 62
FIELDS = 16
FAILURES = ("400", "401", "403", "404", "500")
ABOUT = (
    "What it says is as long as in the documents of large vendors, which explain each field in two or three sentences."
)


def large_document() -> dict[str, Any]:
    """Return a document with four operations on each of many resources, whose records have objects in them."""
    error = {"$ref": "#/components/schemas/Error"}
    names = [f"resource{number}" for number in range(RESOURCES)]
    return {
        "openapi": "3.0.3",
        "info": {"title": "Large", "version": "1", "description": ABOUT},
        "servers": [{"url": "https://large.example/v1"}],
        "paths": {path: item for name in names for path, item in _paths(name)},
        "components": {
            "responses": {status: _message(error) for status in FAILURES},
            "schemas": {"Error": _object(4), **{f"{name}Record": _record(name, names) for name in names}},
        },
    }


def _paths(name: str) -> list[tuple[str, dict[str, Any]]]:
    record = {"$ref": f"#/components/schemas/{name}Record"}
    listed = {
        "type": "object",
        "properties": {"data": {"type": "array", "items": record}, "total": {"type": "integer"}},
    }
    page = [_parameter("limit", "query", "integer"), _parameter("offset", "query", "integer")]
    one = [_parameter("id", "path", "string")]
    return [
        (f"/{name}s", {"get": _operation(f"list-{name}", listed, page), "post": _operation(f"create-{name}", record)}),
        (
            f"/{name}s/{{id}}",
            {"get": _operation(f"get-{name}", record, one), "put": _operation(f"put-{name}", record, one)},
        ),
    ]


def _parameter(name: str, place: str, kind: str) -> dict[str, Any]:
    required = place == "path"
    return {"name": name, "in": place, "required": required, "description": ABOUT, "schema": {"type": kind}}


def _operation(name: str, schema: dict[str, Any], parameters: list[dict[str, Any]] | None = None) -> dict[str, Any]:
    failures = {status: {"$ref": f"#/components/responses/{status}"} for status in FAILURES}
    writes = name.startswith(("create", "put"))
    return {
        "operationId": name,
        "summary": ABOUT,
        "description": ABOUT * 3,
        "parameters": parameters or [],
        **({"requestBody": _message(schema)} if writes else {}),
        "responses": {"200": _message(schema), **failures},
    }


def _message(schema: dict[str, Any]) -> dict[str, Any]:
    return {"description": ABOUT, "content": {"application/json": {"schema": schema}}}


def _record(name: str, names: list[str]) -> dict[str, Any]:
    below = {f"part{number}": _object(5) for number in range(4)}
    other = {"$ref": f"#/components/schemas/{names[(names.index(name) + 1) % len(names)]}Record"}
    properties = {"id": {"type": "string", "readOnly": True}, **_object(FIELDS)["properties"], **below, "next": other}
    return {"type": "object", "required": ["id", "field0"], "description": ABOUT, "properties": properties}


def _object(fields: int) -> dict[str, Any]:
    kinds = ("string", "integer", "boolean")
    described = {
        f"field{n}": {"type": kinds[n % 3], "description": ABOUT, "nullable": n % 5 == 4} for n in range(fields)
    }
    return {"type": "object", "description": ABOUT, "properties": described}
