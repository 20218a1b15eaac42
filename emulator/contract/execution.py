"""GraphQL, really executed: a vendor's SDL made executable, its root fields bound to a resolver."""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any

from ariadne import MutationType, QueryType, graphql_sync, make_executable_schema
from ariadne.types import QueryValidator
from graphql import (
    ASTValidationRule,
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLError,
    GraphQLResolveInfo,
    GraphQLSchema,
    InlineFragmentNode,
    NamedTypeNode,
    NameNode,
    SelectionSetNode,
    TypeInfo,
    Visitor,
    get_operation_ast,
    parse,
    validate,
    visit,
)

from emulator.contract.graphql import GraphQLLimits, Resolve
from emulator.contract.operation import Operation
from emulator.errors import FieldError

DOCUMENTS_KEPT = 256
"""How many parsed and validated documents are kept, the least recently used going first."""


class Executable:
    """An SDL with its root fields bound. `aliases` maps a type name that documents may use to the schema's name."""

    def __init__(self, sdl: str, operations: Mapping[str, Operation], aliases: Mapping[str, str]) -> None:
        self._sdl = sdl
        self._operations = operations
        self._aliases = aliases

    def execute(
        self, request: Mapping[str, Any], aliases: frozenset[str], limits: GraphQLLimits, resolve: Resolve
    ) -> dict[str, Any]:
        """Run a request with the aliases that are on, as GraphQL.execute does."""
        execution = _Execution(resolve)
        _, result = graphql_sync(
            self.schema,
            dict(request),
            context_value=execution,
            query_parser=lambda context, data: self._parse(data["query"], aliases),
            query_validator=self._validator(limits),
            logger=_SILENT,
        )
        if execution.failure is not None:
            raise execution.failure
        return result

    def _validator(self, limits: GraphQLLimits) -> QueryValidator:
        # The rules are always the specified ones, so document and limits alone tell the verdict.
        def verdict(
            schema: GraphQLSchema,
            document_ast: DocumentNode,
            rules: Collection[type[ASTValidationRule]] | None = None,
            max_errors: int | None = None,
            type_info: TypeInfo | None = None,
        ) -> list[GraphQLError]:
            return self._verdict(document_ast, limits)

        return verdict

    def root_fields(self, request: Mapping[str, Any], aliases: frozenset[str]) -> tuple[str, ...]:
        """Return the operations that a request would run, in order; none if it would not run."""
        try:
            document = self._parse(request["query"], aliases)
        except GraphQLError:
            return ()
        chosen = get_operation_ast(document, request.get("operationName"))
        if chosen is None:
            return ()
        fragments = {node.name.value: node for node in document.definitions if isinstance(node, FragmentDefinitionNode)}
        names = dict.fromkeys(_field_names(chosen.selection_set, fragments, frozenset()))
        return tuple(name for name in names if name in self._operations)

    @cached_property
    def schema(self) -> GraphQLSchema:
        """The executable schema, each root field bound to the execution's resolver."""
        query, mutation = QueryType(), MutationType()
        for name, operation in self._operations.items():
            (query if operation.root == "query" else mutation).set_field(name, _resolve_root_field)
        return make_executable_schema(self._sdl, query, mutation)

    @cached_property
    def _parse(self) -> Callable[[str, frozenset[str]], DocumentNode]:
        return lru_cache(DOCUMENTS_KEPT)(self._parse_anew)

    def _parse_anew(self, query: str, names: frozenset[str]) -> DocumentNode:
        document = parse(query)
        renamed = {name: self._aliases[name] for name in names if name in query}
        return visit(document, _Rename(renamed)) if renamed else document

    @cached_property
    def _verdict(self) -> Callable[[DocumentNode, GraphQLLimits], list[GraphQLError]]:
        return lru_cache(DOCUMENTS_KEPT)(self._judge)

    def _judge(self, document: DocumentNode, limits: GraphQLLimits) -> list[GraphQLError]:
        measures = _Measures()
        visit(document, measures)
        if measures.depth > limits.depth:
            return [GraphQLError(f"The document nests fields {measures.depth} deep; the limit is {limits.depth}.")]
        if measures.aliases > limits.aliases:
            return [GraphQLError(f"The document has {measures.aliases} aliases; the limit is {limits.aliases}.")]
        return validate(self.schema, document)


# The journal and the reply hold GraphQL errors; ariadne would print each with a traceback besides.
_SILENT = logging.getLogger("emulator.graphql.silent")
_SILENT.disabled = True


@dataclass
class _Execution:
    resolve: Resolve
    failure: Exception | None = None


def _resolve_root_field(_: Any, info: GraphQLResolveInfo[Any], **arguments: Any) -> Any:
    execution: _Execution = info.context
    try:
        return execution.resolve(info.field_name, str(info.path.key), arguments)
    except FieldError as error:
        raise GraphQLError(error.message, extensions=error.extensions or None) from error
    except Exception as failure:
        execution.failure = execution.failure or failure
        raise


class _Measures(Visitor):
    """How deep fields stand in each other (a fragment counts where it is written), and how many have aliases."""

    def __init__(self) -> None:
        super().__init__()
        self.depth = self.aliases = self._here = 0

    def enter_field(self, node: FieldNode, *_: Any) -> None:
        self._here += 1
        self.depth = max(self.depth, self._here)
        self.aliases += node.alias is not None

    def leave_field(self, *_: Any) -> None:
        self._here -= 1


class _Rename(Visitor):
    def __init__(self, names: Mapping[str, str]) -> None:
        super().__init__()
        self._names = names

    def enter_named_type(self, node: NamedTypeNode, *_: Any) -> NamedTypeNode | None:
        name = self._names.get(node.name.value)
        return None if name is None else NamedTypeNode(name=NameNode(value=name, loc=node.name.loc), loc=node.loc)


def _field_names(
    selections: SelectionSetNode, fragments: Mapping[str, FragmentDefinitionNode], within: frozenset[str]
) -> Iterator[str]:
    for node in selections.selections:
        if isinstance(node, FieldNode):
            yield node.name.value
        elif isinstance(node, InlineFragmentNode):
            yield from _field_names(node.selection_set, fragments, within)
        elif isinstance(node, FragmentSpreadNode):
            name = node.name.value
            if name in fragments and name not in within:
                yield from _field_names(fragments[name].selection_set, fragments, within | {name})
