"""The fields of a GraphQL schema, and those that a document selects."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, TypeAlias

from graphql import (
    FieldNode,
    GraphQLError,
    GraphQLObjectType,
    GraphQLSchema,
    TypeInfo,
    TypeInfoVisitor,
    Visitor,
    get_named_type,
    parse,
    visit,
)

Field: TypeAlias = tuple[str, str]
"""A type and its field."""

Argument: TypeAlias = tuple[str, str, str]
"""A type, its field, and an argument of that."""


def fields_of(schema: GraphQLSchema) -> Iterator[tuple[Field, Sequence[str]]]:
    """Yield the fields of all object types, without introspection, with their arguments."""
    for name, kind in schema.type_map.items():
        if isinstance(kind, GraphQLObjectType) and not name.startswith("__"):
            yield from (((name, field), list(found.args)) for field, found in kind.fields.items())


def reached_by(schema: GraphQLSchema) -> Mapping[str, Sequence[str]]:
    """Return the root fields whose results can have an object of a type, by the type's name."""
    reached: dict[str, list[str]] = {}
    for root in (schema.query_type, schema.mutation_type):
        for name, field in root.fields.items() if root is not None else ():
            for kind in _types_below(get_named_type(field.type)):
                reached.setdefault(kind, []).append(name)
    return reached


def _types_below(kind: object) -> set[str]:
    found: set[str] = set()
    unseen = [kind]
    while unseen:
        one = unseen.pop()
        if isinstance(one, GraphQLObjectType) and one.name not in found:
            found.add(one.name)
            unseen += [get_named_type(field.type) for field in one.fields.values()]
    return found


def selected_fields_of(schema: GraphQLSchema, query: str) -> set[Field | Argument]:
    """Return the fields that a document selects, and the arguments that it gives; none if it does not parse."""
    try:
        document = parse(query)
    except (GraphQLError, RecursionError):
        return set()
    selection = _Selection(types := TypeInfo(schema))
    visit(document, TypeInfoVisitor(types, selection))
    return selection.found


class _Selection(Visitor):
    def __init__(self, types: TypeInfo) -> None:
        super().__init__()
        self.found: set[Field | Argument] = set()
        self._types = types

    def enter_field(self, node: FieldNode, *_: Any) -> None:
        parent = self._types.get_parent_type()
        if isinstance(parent, GraphQLObjectType) and node.name.value in parent.fields:
            self.found.add((parent.name, node.name.value))
            self.found.update((parent.name, node.name.value, one.name.value) for one in node.arguments or ())
