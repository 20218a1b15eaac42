"""Tables of the fields of a JSON Schema, as Markdown: name, type, default, example, what it does."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any, TypeAlias

from emulator.control.document import own_schemas

Schema: TypeAlias = Mapping[str, Any]

WORDS = {"integer": "whole number", "number": "number", "boolean": "boolean", "string": "text", "object": "object"}


def field_table(file: str, *path: str, leave_out: tuple[str, ...] = (), only: tuple[str, ...] = ()) -> Iterator[str]:
    """Yield the table of the fields at a path of properties in a schema of the control API, those below them, too.

    `leave_out` names fields whose own fields have a table of their own.
    """
    schema = _read(file)
    for name in path:
        schema = schema["properties"][name]
    yield "| field | type | default | example | what it does |"
    yield "|---|---|---|---|---|"
    for name, field in schema["properties"].items():
        if not only or name in only:
            yield from _rows(name, field, name in schema.get("required", ()), leave_out)


def _rows(name: str, field: Schema, is_required: bool, leave_out: tuple[str, ...]) -> Iterator[str]:
    field = _resolved(field)
    default = "required" if is_required else f"`{_written(field['default'])}`" if "default" in field else "none"
    example = f"`{_written(field['examples'][0])}`" if "examples" in field else ""
    described = field.get("description", "")
    if name in leave_out:
        described = f"{described} See [{name}](#{name}).".strip()
    yield f"| `{name}` | {_type(field)} | {default} | {example} | {described} |"
    for below in [] if name in leave_out else [field, *field.get("oneOf", ())]:
        for inner, of_inner in below.get("properties", {}).items():
            yield from _rows(f"{name}.{inner}", of_inner, inner in below.get("required", ()), leave_out)


def _resolved(field: Schema) -> Schema:
    """Return a field with what its reference means, unless that is an object with a table of its own."""
    referred = _read(field["$ref"]) if "$ref" in field else {}
    if "oneOf" not in referred:
        return field
    return {**referred, **{name: value for name, value in field.items() if name != "$ref"}}


def _read(file: str) -> Any:
    return json.loads(own_schemas()[file].read_text("utf-8"))


def _type(field: Schema) -> str:
    if "$ref" in field:
        return "object"
    if "oneOf" in field:
        return " or ".join(map(_type, field["oneOf"]))
    if "enum" in field:
        return ", ".join(f"`{_written(value)}`" for value in field["enum"])
    if field.get("type") == "array":
        two = "two, of " if field.get("maxItems") == 2 else ""
        return f"list ({two}{_type(field['items'])})"
    if "additionalProperties" in field and field["additionalProperties"] is not False:
        return f"object ({_type(field['additionalProperties'])} by name)"
    word = "time" if field.get("format") == "date-time" else WORDS.get(field.get("type", ""), "anything")
    return f"{word}{_range(field)}"


def _range(field: Schema) -> str:
    lowest, highest = field.get("minimum"), field.get("maximum")
    if lowest is None or field["type"] not in ("integer", "number"):
        return ""
    return f" from {_plain(lowest)}" + (f" to {_plain(highest)}" if highest is not None and highest < 10**6 else "")


def _plain(number: float) -> str:
    return f"{number:,}" if number >= 1 else f"{number:f}".rstrip("0").rstrip(".")


def _written(value: Any) -> str:
    """Return a value as YAML writes it in one line."""
    if isinstance(value, dict):
        return f"{{{', '.join(f'{_written(name)}: {_written(inner)}' for name, inner in value.items())}}}"
    if isinstance(value, list):
        return f"[{', '.join(map(_written, value))}]"
    is_plain = isinstance(value, str) and value.replace("_", "").replace("-", "").replace("/", "").isalnum()
    return value if is_plain else json.dumps(value, ensure_ascii=False)
