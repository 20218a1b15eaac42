"""The arguments of the root fields that a GraphQL request selects."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from graphql import (
    GraphQLError,
    OperationDefinitionNode,
    get_operation_ast,
    parse,
    value_from_ast_untyped,
)

from emulator.contract.selection import root_fields

LONGEST = 64 * 1024
MOST_TOKENS = 5000
"""A longer document is not parsed: it would block the event loop."""


def root_arguments(
    query: str, operation_name: str | None, variables: Mapping[str, Any], field: str
) -> dict[str, dict[str, Any]]:
    """Return the arguments of each selection of a root field, by its key in the result.

    Variables are filled in, schema defaults are not. The result is empty if the document does not parse, is too long,
    or does not select the field.
    """
    try:
        document = parse(query, max_lexical_tokens=MOST_TOKENS, max_comments=MOST_TOKENS, max_source_length=LONGEST)
    except GraphQLError:
        return {}
    operation = get_operation_ast(document, operation_name)
    if operation is None:
        return {}
    values = {**_defaults(operation), **variables}
    return {
        (node.alias or node.name).value: {
            argument.name.value: value_from_ast_untyped(argument.value, values) for argument in node.arguments or ()
        }
        for node in root_fields(document, operation, variables)
        if node.name.value == field
    }


def _defaults(operation: OperationDefinitionNode) -> dict[str, Any]:
    return {
        node.variable.name.value: value_from_ast_untyped(node.default_value)
        for node in operation.variable_definitions or ()
        if node.default_value is not None
    }
