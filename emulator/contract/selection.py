"""The root fields that a GraphQL request selects."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from graphql import (
    BooleanValueNode,
    DirectiveNode,
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    InlineFragmentNode,
    OperationDefinitionNode,
    SelectionNode,
    VariableNode,
)


def selected_fields(
    document: DocumentNode, operation: OperationDefinitionNode, variables: Mapping[str, Any]
) -> tuple[str, ...]:
    """Return the names of an operation's root fields in order, without duplicates; apply @skip and @include."""
    return tuple(dict.fromkeys(node.name.value for node in root_fields(document, operation, variables)))


def root_fields(
    document: DocumentNode, operation: OperationDefinitionNode, variables: Mapping[str, Any]
) -> Iterator[FieldNode]:
    """Yield an operation's root fields in order; apply @skip and @include.

    As in the GraphQL specification (CollectFields), each fragment is visited once, so the time is linear.
    """
    fragments = {node.name.value: node for node in document.definitions if isinstance(node, FragmentDefinitionNode)}
    values = {**_defaults(operation), **variables}
    visited: set[str] = set()
    waiting = [iter(operation.selection_set.selections)]
    while waiting:
        node = next(waiting[-1], None)
        if node is None:
            waiting.pop()
        elif not _is_selected(node, values):
            continue
        elif isinstance(node, FieldNode):
            yield node
        elif isinstance(node, InlineFragmentNode):
            waiting.append(iter(node.selection_set.selections))
        elif isinstance(node, FragmentSpreadNode) and node.name.value not in visited:
            visited.add(node.name.value)
            if node.name.value in fragments:
                waiting.append(iter(fragments[node.name.value].selection_set.selections))


def has_conditions(document: DocumentNode, operation: OperationDefinitionNode) -> bool:
    """Return True if an operation has a directive at a root field, or at a fragment around one."""
    fragments = {node.name.value: node for node in document.definitions if isinstance(node, FragmentDefinitionNode)}
    waiting: list[SelectionNode] = [*operation.selection_set.selections]
    while waiting:
        node = waiting.pop()
        if node.directives:
            return True
        if isinstance(node, InlineFragmentNode):
            waiting += node.selection_set.selections
        elif isinstance(node, FragmentSpreadNode) and node.name.value in fragments:
            waiting += fragments.pop(node.name.value).selection_set.selections
    return False


def _defaults(operation: OperationDefinitionNode) -> dict[str, Any]:
    return {
        node.variable.name.value: node.default_value.value
        for node in operation.variable_definitions or ()
        if isinstance(node.default_value, BooleanValueNode)
    }


def _is_selected(node: SelectionNode, variables: Mapping[str, Any]) -> bool:
    for directive in node.directives or ():
        if directive.name.value == "skip" and _condition(directive, variables) is True:
            return False
        if directive.name.value == "include" and _condition(directive, variables) is False:
            return False
    return True


def _condition(directive: DirectiveNode, variables: Mapping[str, Any]) -> Any:
    """Return the value of a directive's argument `if`, None if it is unknown."""
    for argument in directive.arguments or ():
        if argument.name.value == "if" and isinstance(argument.value, BooleanValueNode):
            return argument.value.value
        if argument.name.value == "if" and isinstance(argument.value, VariableNode):
            return variables.get(argument.value.name.value)
    return None
