"""Measures a GraphQL document, counting each fragment wherever it is spread, in one pass over each part."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from graphql import DocumentNode, FieldNode, FragmentDefinitionNode, FragmentSpreadNode, OperationDefinitionNode
from graphql.language import SelectionNode, SelectionSetNode

UNCOUNTED = 10**9
"""Counting stops here: fragments that spread others twice, n deep, select 2**n fields."""


@dataclass(frozen=True, slots=True)
class Measures:
    """The depth of nested fields, the number of fields of all operations, and the number of aliases as written.

    `nesting` is the depth of nested selections in braces, including those of fragments.
    """

    depth: int
    fields: int
    aliases: int
    nesting: int


@dataclass(slots=True)
class _Part:
    """An operation or a fragment alone. `spreads` are the fragments in it, with their depth and nesting."""

    depth: int = 0
    fields: int = 0
    aliases: int = 0
    nesting: int = 0
    spreads: list[tuple[str, int, int]] = field(default_factory=list)


def measures_of(document: DocumentNode) -> Measures:
    """Measure a document. A fragment that spreads itself counts once: the schema's rules refuse it."""
    definitions = document.definitions
    fragments = {node.name.value: _part(node) for node in definitions if isinstance(node, FragmentDefinitionNode)}
    operations = [_part(node) for node in definitions if isinstance(node, OperationDefinitionNode)]
    _expand(fragments)
    for operation in operations:
        _add_fragments(operation, fragments)
    return Measures(
        depth=max((part.depth for part in operations), default=0),
        fields=sum(part.fields for part in operations),
        aliases=sum(part.aliases for part in (*operations, *fragments.values())),
        nesting=max((part.nesting for part in (*operations, *fragments.values())), default=0),
    )


def _part(definition: OperationDefinitionNode | FragmentDefinitionNode) -> _Part:
    part = _Part()
    waiting: list[tuple[Sequence[SelectionNode], int, int]] = [(definition.selection_set.selections, 0, 1)]
    while waiting:
        selections, depth, nesting = waiting.pop()
        part.nesting = max(part.nesting, nesting)
        for node in selections:
            if isinstance(node, FragmentSpreadNode):
                part.spreads.append((node.name.value, depth, nesting))
                continue
            is_field = isinstance(node, FieldNode)
            part.fields += is_field
            part.aliases += isinstance(node, FieldNode) and node.alias is not None
            part.depth = max(part.depth, depth + is_field)
            within: SelectionSetNode | None = getattr(node, "selection_set", None)
            if within is not None:
                waiting.append((within.selections, depth + is_field, nesting + 1))
    return part


def _expand(fragments: Mapping[str, _Part]) -> None:
    """Add to each fragment the measures of the fragments in it, innermost first."""
    entered: set[str] = set()
    done: set[str] = set()
    for name in fragments:
        waiting = [name]
        while waiting:
            part = fragments[waiting[-1]]
            if waiting[-1] not in entered:
                entered.add(waiting[-1])
                waiting += [spread for spread, *_ in part.spreads if spread in fragments and spread not in entered]
            elif (here := waiting.pop()) not in done:
                done.add(here)
                _add_fragments(part, fragments)


def _add_fragments(part: _Part, fragments: Mapping[str, _Part]) -> None:
    for name, depth, nesting in part.spreads:
        fragment = fragments.get(name)
        if fragment is not None:
            part.depth = max(part.depth, depth + fragment.depth)
            part.nesting = max(part.nesting, nesting + fragment.nesting)
            part.fields = min(part.fields + fragment.fields, UNCOUNTED)
