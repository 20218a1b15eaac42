"""The schemas of OpenAPI 3.0 in the words of JSON Schema, which are those of OpenAPI 3.1."""

from __future__ import annotations

from typing import Any

_BOUNDS = {"exclusiveMinimum": "minimum", "exclusiveMaximum": "maximum"}


def modernize(node: Any) -> None:
    """Change, in place, what OpenAPI 3.0 writes otherwise: `nullable`, and bounds that are exclusive."""
    if isinstance(node, list):
        for one in node:
            modernize(one)
    if not isinstance(node, dict):
        return
    for name, value in node.items():
        if name not in ("example", "examples", "default", "enum"):
            modernize(value)
    for exclusive, bound in _BOUNDS.items():
        if isinstance(node.get(exclusive), bool) and node.pop(exclusive) and bound in node:
            node[exclusive] = node.pop(bound)
    if isinstance(node.get("nullable"), bool) and node.pop("nullable"):
        _allow_null(node)


def _allow_null(schema: dict[str, Any]) -> None:
    if isinstance(schema.get("type"), str):
        schema["type"] = [schema["type"], "null"]
    for word in ("allOf", "oneOf", "anyOf", "$ref"):
        if word in schema:
            of = {word: schema.pop(word)}
            schema["anyOf"] = [of, {"type": "null"}]
            break
    if isinstance(schema.get("enum"), list) and None not in schema["enum"]:
        schema["enum"] = [*schema["enum"], None]
