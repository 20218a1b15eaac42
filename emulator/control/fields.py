"""The fields of the control API's schemas, for tables: name, type, default, example, what each does."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, TypeAlias

from emulator.contract.bundling import SUFFIX
from emulator.control.document import own_schemas

Schema: TypeAlias = Mapping[str, Any]

WORDS = {"integer": "whole number", "number": "number", "boolean": "boolean", "string": "text", "object": "object"}
DEFINED = "#/$defs/"


@dataclass(frozen=True)
class Field:
    """A field of an object, or of one in it: "over.calls", "violations[].rule", "vendors.*.title".

    `default` is "required", "none" or a value; values are written as YAML writes them, in backticks. `schema` is the
    file of the schema that describes its own fields, "" if they follow or there are none.
    """

    name: str
    type: str
    default: str
    example: str
    description: str
    schema: str = ""


@cache
def own_schema(file: str) -> Schema:
    """Return a schema file of the control API: "fault.schema.json"."""
    schema: Schema = json.loads(own_schemas()[file].read_text("utf-8"))
    return schema


def type_of(schema: Schema) -> str:
    """Return a schema's type in words: "list (text)"; values are in backticks."""
    return _type(schema, schema)


def file_of(schema: Schema) -> str:
    """Return the file of the schema that this one refers to; "" if it does not refer to a file."""
    name: str = schema.get("$ref", "").rpartition("/")[2]
    return name if name.endswith(SUFFIX) else ""


def fields_of(schema: Schema, root: Schema | None = None) -> Iterator[Field]:
    """Yield the fields of an object, each followed by those of the objects in it; `root` has its definitions."""
    for name, field in schema.get("properties", {}).items():
        yield from _fields(name, field, name in schema.get("required", ()), schema if root is None else root)


def _fields(name: str, field: Schema, is_required: bool, root: Schema) -> Iterator[Field]:
    field = _resolved(field, root)
    default = "required" if is_required else f"`{_written(field['default'])}`" if "default" in field else "none"
    example = f"`{_written(field['examples'][0])}`" if "examples" in field else ""
    yield Field(name, _type(field, root), default, example, field.get("description", ""), _referred(field, root))
    for inner, below in _objects(name, field, root):
        for of_inner in fields_of(below, root):
            yield Field(f"{inner}.{of_inner.name}", *_rest(of_inner))


def _rest(field: Field) -> tuple[str, ...]:
    return (field.type, field.default, field.example, field.description, field.schema)


def _objects(name: str, field: Schema, root: Schema) -> Iterator[tuple[str, Schema]]:
    """Yield the objects that a field may be or contain, and what their fields' names begin with."""
    for choice in (field, *field.get("oneOf", ()), *field.get("anyOf", ())):
        choice = _resolved(choice, root)
        if "properties" in choice:
            yield name, choice
        if "items" in choice:
            yield from _objects(f"{name}[]", _resolved(choice["items"], root), root)
        if isinstance(choice.get("additionalProperties"), dict):
            yield from _objects(f"{name}.*", _resolved(choice["additionalProperties"], root), root)


def _resolved(field: Schema, root: Schema) -> Schema:
    """Return a field with what its reference means, unless that is an object with a table of its own."""
    reference = field.get("$ref", "")
    file = file_of(field)
    referred = own_schema(file) if file else root["$defs"][reference.removeprefix(DEFINED)] if reference else {}
    if not referred or (file and "oneOf" not in referred):
        return field
    return {**referred, **{name: value for name, value in field.items() if name != "$ref"}}


def _referred(field: Schema, root: Schema) -> str:
    """Return the file of the schema of a field, or of what is in it."""
    choices = [field, *field.get("oneOf", ()), *field.get("anyOf", ())]
    inside = [part for one in choices for part in (one, one.get("items"), one.get("additionalProperties"))]
    return next((file for part in inside if isinstance(part, dict) and (file := file_of(_resolved(part, root)))), "")


def _type(field: Schema, root: Schema) -> str:
    field = _resolved(field, root)
    if file_of(field):
        return "object"
    if choices := field.get("oneOf") or field.get("anyOf"):
        return " or ".join(dict.fromkeys(_type(choice, root) for choice in choices))
    if "enum" in field or "const" in field:
        return ", ".join(f"`{_written(value)}`" for value in field.get("enum", [field.get("const")]))
    if isinstance(field.get("type"), list):
        return " or ".join(_type({**field, "type": kind}, root) for kind in field["type"])
    return _of_one_type(field, root)


def _of_one_type(field: Schema, root: Schema) -> str:
    if field.get("type") == "array":
        two = "two, of " if field.get("maxItems") == 2 else ""
        return f"list ({two}{_type(field.get('items', {}), root)})"
    if isinstance(field.get("additionalProperties"), dict):
        return f"object ({_type(field['additionalProperties'], root)} by name)"
    if field.get("type") == "null":
        return "null"
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
