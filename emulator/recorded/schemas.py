"""Makes JSON Schemas from values: what all of them are, and nothing more."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

DEEPEST = 30
"""Below this depth of nested values, everything is allowed."""

_FORMATS: Mapping[str, re.Pattern[str]] = {
    "uuid": re.compile(r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}", re.IGNORECASE),
    "date-time": re.compile(r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(?:\.\d+)?(?:[Zz]|[+-]\d\d:\d\d)"),
    "date": re.compile(r"\d{4}-\d\d-\d\d"),
}


def schema_of(values: Sequence[Any], requires: bool = True, depth: int = 0) -> dict[str, Any]:
    """Return a schema that the values fit. With `requires`, properties that all objects have are required."""
    kinds = list(dict.fromkeys(map(_kind, values)))
    if "number" in kinds and "integer" in kinds:
        kinds.remove("integer")
    if depth > DEEPEST or kinds in ([], ["null"]):
        return {}
    schema: dict[str, Any] = {"type": kinds[0] if len(kinds) == 1 else kinds}
    if "string" in kinds:
        texts = [value for value in values if isinstance(value, str)]
        schema |= next(({"format": name} for name, form in _FORMATS.items() if all(map(form.fullmatch, texts))), {})
    if "array" in kinds:
        entries = [entry for value in values if isinstance(value, list) for entry in value]
        schema["items"] = schema_of(entries, requires, depth + 1)
    if "object" in kinds:
        schema |= _of_objects([value for value in values if isinstance(value, dict)], requires, depth)
    return schema


def _of_objects(objects: Sequence[Mapping[str, Any]], requires: bool, depth: int) -> dict[str, Any]:
    names = dict.fromkeys(name for one in objects for name in one)
    found = {name: [one[name] for one in objects if name in one] for name in names}
    properties = {name: schema_of(values, requires, depth + 1) for name, values in found.items()}
    needed = [name for name, values in found.items() if len(values) == len(objects)] if requires else []
    return {"properties": properties, **({"required": needed} if needed else {})}


def _kind(value: Any) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "boolean"
    kinds = {int: "integer", float: "number", str: "string", list: "array"}
    return kinds.get(type(value), "object")
