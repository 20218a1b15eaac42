"""The arguments of the root fields that a GraphQL request selects."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    GraphQLError,
    OperationDefinitionNode,
    SelectionSetNode,
    get_operation_ast,
    parse,
    value_from_ast_untyped,
)

LONGEST = 64 * 1024
MOST_TOKENS = 5000
"""A longer document is not looked into: it would hold up the event loop."""


def root_arguments(
    query: str, operation_name: str | None, variables: Mapping[str, Any], field: str
) -> list[dict[str, Any]]:
    """Return the arguments of each selection of a root field, variables filled in, none left out has a default.

    An empty list: the document does not parse, is too long to look into, or does not select the field.
    """
    try:
        document = parse(query, max_lexical_tokens=MOST_TOKENS, max_comments=MOST_TOKENS, max_source_length=LONGEST)
    except GraphQLError:
        return []
    operation = get_operation_ast(document, operation_name)
    if operation is None:
        return []
    values = {**_defaults(operation), **variables}
    return [
        {argument.name.value: value_from_ast_untyped(argument.value, values) for argument in node.arguments or ()}
        for node in _root_fields(document, operation)
        if node.name.value == field
    ]


def _defaults(operation: OperationDefinitionNode) -> dict[str, Any]:
    return {
        node.variable.name.value: value_from_ast_untyped(node.default_value)
        for node in operation.variable_definitions or ()
        if node.default_value is not None
    }


def _root_fields(document: DocumentNode, operation: OperationDefinitionNode) -> list[FieldNode]:
    fragments = {node.name.value: node for node in document.definitions if isinstance(node, FragmentDefinitionNode)}
    found: list[FieldNode] = []
    visited: set[str] = set()
    within: list[SelectionSetNode] = [operation.selection_set]
    for selections in within:
        for node in selections.selections:
            if isinstance(node, FieldNode):
                found.append(node)
            elif (name := getattr(node, "name", None)) is None:
                within.append(node.selection_set)  # type: ignore[attr-defined] # an inline fragment
            elif name.value in fragments and name.value not in visited:
                visited.add(name.value)
                within.append(fragments[name.value].selection_set)
    return found
