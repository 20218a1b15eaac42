"""GraphQL queries that ask for everything that a schema says of its root fields."""

from __future__ import annotations

from collections.abc import Iterator

from graphql import (
    GraphQLField,
    GraphQLOutputType,
    GraphQLSchema,
    GraphQLSyntaxError,
    OperationType,
    get_named_type,
    get_operation_ast,
    is_leaf_type,
    is_object_type,
    is_required_argument,
    parse,
)

DEEPEST = 4
"""How many objects below a root field are selected: deeper ones may be circular."""


def queries(schema: GraphQLSchema) -> Iterator[tuple[str, str]]:
    """Yield name and document for each query that needs no argument."""
    for name, field in (schema.query_type.fields if schema.query_type else {}).items():
        selection = _selection(field.type, DEEPEST)
        if not _needs_argument(field) and selection is not None:
            yield name, f"query {{ {name}{selection} }}"


def _selection(kind: GraphQLOutputType, depth: int) -> str | None:
    """Return all fields of a type that need no argument, in braces; "" for a scalar, None if there are none."""
    named = get_named_type(kind)
    if is_leaf_type(named):
        return ""
    if depth == 0 or not is_object_type(named):
        return None
    below = (
        (name, _selection(field.type, depth - 1)) for name, field in named.fields.items() if not _needs_argument(field)
    )
    chosen = [f"{name}{selection}" for name, selection in below if selection is not None]
    return f" {{ {' '.join(chosen)} }}" if chosen else None


def _needs_argument(field: GraphQLField) -> bool:
    return any(map(is_required_argument, field.args.values()))


def is_query(document: str, operation_name: str | None = None) -> bool:
    """Return True if a document that can be read runs a query."""
    try:
        found = get_operation_ast(parse(document), operation_name)
    except GraphQLSyntaxError:
        return True  # It cannot be run.
    return found is None or found.operation is OperationType.QUERY
