"""Validates that GraphQL fields with the same response name can be merged, in linear time."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, TypeAlias

from graphql import (
    ASTValidationRule,
    FieldNode,
    FragmentSpreadNode,
    GraphQLError,
    GraphQLSchema,
    InlineFragmentNode,
    ListValueNode,
    ObjectValueNode,
    OperationDefinitionNode,
    OverlappingFieldsCanBeMergedRule,
    SelectionSetNode,
    StringValueNode,
    ValidationContext,
    ValidationRule,
    ValueNode,
    VisitorAction,
    is_abstract_type,
    print_ast,
    specified_rules,
)

Rules: TypeAlias = tuple[type[ASTValidationRule], ...]


def rules_for(schema: GraphQLSchema) -> tuple[Rules, Rules]:
    """Return the rules for every document, and further rules for a document that passes the first ones.

    graphql-core compares each pair of fields with the same response name, and each pair of fragments. If all types are
    objects, such fields have the same parent in an otherwise valid document, and comparing each with the first gives
    the same result. In a schema with interfaces or unions it would not.
    """
    if any(is_abstract_type(of) for of in schema.type_map.values()):
        return specified_rules, ()
    return tuple(rule for rule in specified_rules if rule is not OverlappingFieldsCanBeMergedRule), (FieldsMergeRule,)


@dataclass(frozen=True, slots=True, eq=False)
class _Selected:
    """A selected field, `within` another one."""

    node: FieldNode
    within: _Selected | None


class FieldsMergeRule(ValidationRule):
    """GraphQL specification, Field Selection Merging, for a document that passes all other rules.

    The time is linear in the number of fields, counting a fragment's wherever it is spread.
    """

    def __init__(self, context: ValidationContext) -> None:
        super().__init__(context)
        self._numbers: dict[Any, int] = {}
        self._number_of: dict[int, int] = {}

    def enter_operation_definition(self, node: OperationDefinitionNode, *_: Any) -> VisitorAction:
        """Check an operation's selections level by level, grouped by response name."""
        waiting = deque([self._by_name([(None, node.selection_set)])])
        while waiting:
            for fields in waiting.popleft().values():
                same = list(self._those_like_the_first(fields))
                within = [(field, field.node.selection_set) for field in same if field.node.selection_set]
                if within:
                    waiting.append(self._by_name(within))
        return self.SKIP

    def _by_name(self, places: Iterable[tuple[_Selected | None, SelectionSetNode]]) -> dict[str, list[_Selected]]:
        """Return the fields of some selections by response name; each fragment is visited once."""
        found: dict[str, list[_Selected]] = {}
        spread: set[str] = set()
        waiting = [(within, iter(selections.selections)) for within, selections in reversed(list(places))]
        while waiting:
            within, selections = waiting[-1]
            node = next(selections, None)
            if node is None:
                waiting.pop()
            elif isinstance(node, FieldNode):
                name = node.alias or node.name
                found.setdefault(name.value, []).append(_Selected(node, within))
            elif isinstance(node, InlineFragmentNode):
                waiting.append((within, iter(node.selection_set.selections)))
            elif isinstance(node, FragmentSpreadNode) and node.name.value not in spread:
                spread.add(node.name.value)
                fragment = self.context.get_fragment(node.name.value)
                waiting.append((within, iter(fragment.selection_set.selections if fragment else ())))
        return found

    def _those_like_the_first(self, fields: list[_Selected]) -> Iterable[_Selected]:
        first = fields[0]
        for field in fields:
            if field is first or self._number(field.node) == self._number(first.node):
                yield field
            else:
                self.report_error(_conflict(first, field))

    def _number(self, node: FieldNode) -> int:
        """Return a number that is the same for fields with the same name and arguments."""
        number = self._number_of.get(id(node))
        if number is None:
            written = node.name.value, frozenset((of.name.value, _written(of.value)) for of in node.arguments or ())
            number = self._number_of[id(node)] = self._numbers.setdefault(written, len(self._numbers))
        return number


def _written(value: ValueNode) -> Any:
    """Return a comparable form of an argument's value: the order of an object's fields does not matter."""
    if isinstance(value, ListValueNode):
        return tuple(_written(item) for item in value.values)
    if isinstance(value, ObjectValueNode):
        return frozenset((of.name.value, _written(of.value)) for of in value.fields)
    if isinstance(value, StringValueNode):
        return value.value, bool(value.block)
    return print_ast(value)


def _conflict(first: _Selected, other: _Selected) -> GraphQLError:
    """Return graphql-core's error for two fields that cannot be merged, starting at their outermost parents."""
    names = first.node.name.value, other.node.name.value
    reason = "they have differing arguments"
    if names[0] != names[1]:
        reason = f"'{names[0]}' and '{names[1]}' are different fields"
    nodes = [first.node], [other.node]
    while first.within is not None and other.within is not None and first.within is not other.within:
        reason = f"subfields '{_response_name(first.node)}' conflict because {reason}"
        first, other = first.within, other.within
        nodes = [first.node, *nodes[0]], [other.node, *nodes[1]]
    return GraphQLError(
        f"Fields '{_response_name(first.node)}' conflict because {reason}."
        " Use different aliases on the fields to fetch both if this was intentional.",
        nodes[0] + nodes[1],
    )


def _response_name(node: FieldNode) -> str:
    return (node.alias or node.name).value
