"""The JSON Schemas of GraphQL payloads, made from a vendor's SDL where its contract writes none."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from graphql import (
    GraphQLEnumType,
    GraphQLError,
    GraphQLField,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLScalarType,
    GraphQLSchema,
    build_schema,
)

from emulator.files.yaml_file import read_text

SCALARS: Mapping[str, Any] = {
    "Int": {"type": "integer"},
    "Float": {"type": "number"},
    "Boolean": {"type": "boolean"},
    "String": {"type": "string"},
    "ID": {"type": ["string", "integer"]},
}


def add_payloads(document: dict[str, Any], described: dict[str, Any], file: Path) -> None:
    """Complete the fields of a public contract: their payloads, tags and evidence.

    The object types become `components.schemas`, except those that the contract has itself. A file that is not GraphQL
    schema adds nothing: the check of its form says so.
    """
    try:
        schema = build_schema(read_text(file))
    except (GraphQLError, TypeError):
        return
    components = document.setdefault("components", {}).setdefault("schemas", {})
    for name, found in schema.type_map.items():
        if isinstance(found, GraphQLObjectType) and not name.startswith("__"):
            components.setdefault(name, _object(found, _own_records(name, described)))
    said = {"level": "documented", "source": f"{file.parent.name}/{file.name}"}
    for entry in described.get("types", {}).values():
        entry.setdefault("x-evidence", said)
    for name, entry in described["operations"].items():
        field = _root_field(schema, name)
        if isinstance(entry, dict) and field is not None:
            entry.setdefault("tags", ["graphql"])
            entry.setdefault("x-evidence", said)
            # A null needs no check: it is the payload of a field that failed.
            entry.setdefault("payload", _schema(field.type, allows_null=False))


def _root_field(schema: GraphQLSchema, name: str) -> GraphQLField | None:
    roots = filter(None, (schema.query_type, schema.mutation_type))
    return next((root.fields[name] for root in roots if name in root.fields), None)


def _own_records(name: str, described: Mapping[str, Any]) -> set[str]:
    """Return the fields of a type that have records of their own: they are no part of a record."""
    words = {of for of, entry in described.get("types", {}).items() if "x-emulator" in entry}
    return {of.partition(".")[2] for of in words if of.startswith(f"{name}.")}


def _object(found: GraphQLObjectType, resolved: set[str]) -> dict[str, Any]:
    always = [name for name, field in found.fields.items() if isinstance(field.type, GraphQLNonNull) and not field.args]
    always = [name for name in always if name not in resolved]
    properties = {name: _schema(field.type) for name, field in found.fields.items()}
    return {"type": "object", "required": always, "properties": properties}


def _schema(found: Any, allows_null: bool = True) -> dict[str, Any]:
    if isinstance(found, GraphQLNonNull):
        return _schema(found.of_type, allows_null=False)
    schema = _non_null(found)
    if not allows_null or not schema:
        return schema
    if "enum" in schema:
        return {"enum": [*schema["enum"], None]}
    if "type" in schema:
        kinds = schema["type"]
        return {**schema, "type": [*([kinds] if isinstance(kinds, str) else kinds), "null"]}
    return {"anyOf": [schema, {"type": "null"}]}


def _non_null(found: Any) -> dict[str, Any]:
    if isinstance(found, GraphQLList):
        return {"type": "array", "items": _schema(found.of_type)}
    if isinstance(found, GraphQLEnumType):
        return {"enum": list(found.values)}
    if isinstance(found, GraphQLScalarType):
        return dict(SCALARS.get(found.name, {}))
    if isinstance(found, GraphQLObjectType):
        return {"$ref": f"#/components/schemas/{found.name}"}
    return {"type": "object"}
