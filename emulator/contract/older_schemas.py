"""Converts the schemas of OpenAPI 3.0 to JSON Schema, which OpenAPI 3.1 uses."""

from __future__ import annotations

from typing import Any

from emulator.contract.nodes import COLLECTIONS

_BOUNDS = {"exclusiveMinimum": "minimum", "exclusiveMaximum": "maximum"}


def modernize(node: Any) -> None:
    """Convert in place what OpenAPI 3.0 writes differently: `nullable`, and exclusive limits."""
    for name, value in node.items() if isinstance(node, dict) else enumerate(node):
        if isinstance(value, COLLECTIONS) and name not in ("example", "examples", "default", "enum"):
            modernize(value)
    if not isinstance(node, dict):
        return
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
