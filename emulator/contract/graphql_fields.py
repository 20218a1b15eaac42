"""The fields of a GraphQL schema, and those that a document selects."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, TypeAlias

from graphql import (
    FieldNode,
    GraphQLError,
    GraphQLObjectType,
    GraphQLSchema,
    TypeInfo,
    TypeInfoVisitor,
    Visitor,
    parse,
    visit,
)

Field: TypeAlias = tuple[str, str]
"""A type and its field."""


def fields_of(schema: GraphQLSchema) -> Iterator[Field]:
    """Yield the fields of all object types, without introspection."""
    for name, kind in schema.type_map.items():
        if isinstance(kind, GraphQLObjectType) and not name.startswith("__"):
            yield from ((name, field) for field in kind.fields)


def selected_fields_of(schema: GraphQLSchema, query: str) -> set[Field]:
    """Return the fields that a document selects; none if it does not parse."""
    try:
        document = parse(query)
    except (GraphQLError, RecursionError):
        return set()
    selection = _Selection(types := TypeInfo(schema))
    visit(document, TypeInfoVisitor(types, selection))
    return selection.fields


class _Selection(Visitor):
    def __init__(self, types: TypeInfo) -> None:
        super().__init__()
        self.fields: set[Field] = set()
        self._types = types

    def enter_field(self, node: FieldNode, *_: Any) -> None:
        parent = self._types.get_parent_type()
        if isinstance(parent, GraphQLObjectType) and node.name.value in parent.fields:
            self.fields.add((parent.name, node.name.value))
