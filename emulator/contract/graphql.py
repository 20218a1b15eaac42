"""A vendor's GraphQL schema, from its contract. The code that executes it is imported for the first call."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

from emulator.contract.evidence import LEVELS, Evidence
from emulator.contract.operation import (
    GraphQLLimits,
    GraphQLResult,
    ObjectField,
    Operation,
    Resolve,
    ResolveNested,
    RootFields,
)

if TYPE_CHECKING:
    from emulator.contract.execution import Executable, GraphQLDocument


@dataclass
class GraphQL:
    """A vendor's GraphQL schema.

    `carrier` is the REST operation whose body carries the requests, `operations` are the root fields,
    `aliases` maps a type name that documents may use to (the schema's name, the switch that allows it). `nested` are
    the fields of other types that have records of their own ("Task.comments"). `evidence` is that of types and fields
    which have their own, by name.
    """

    carrier: str
    sdl: str
    operations: Mapping[str, Operation]
    aliases: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    nested: Sequence[str] = ()
    evidence: Mapping[str, Evidence] = field(default_factory=dict)

    def parse(self, query: str, aliases: frozenset[str], limits: GraphQLLimits) -> GraphQLDocument:
        """Return a document; if it does not parse, or has too many tokens, it has a `refusal`."""
        return self.executable.parse(query, aliases, limits)

    def validate(self, document: GraphQLDocument, limits: GraphQLLimits) -> GraphQLDocument:
        """Return the validated document; if it is invalid, or exceeds the limits, it has a `refusal`."""
        return self.executable.validate(document, limits)

    def root_fields(self, document: GraphQLDocument, request: Mapping[str, Any]) -> RootFields | None:
        """Return the root fields that a request selects; None if its document does not parse, or names no operation."""
        return self.executable.root_fields(document, request)

    def execute(
        self, document: GraphQLDocument, request: Mapping[str, Any], resolve: Resolve, resolve_nested: ResolveNested
    ) -> GraphQLResult:
        """Run a request ({query, variables, operationName}) whose document is valid.

        The result has `errors` only if there are any. Exceptions of `resolve` other than FieldError are internal
        errors, and are raised again after the execution.
        """
        return self.executable.execute(document, request, resolve, resolve_nested)

    def arguments(self, name: str) -> Mapping[str, bool]:
        """Return the arguments of a root field, and whether each is an input object."""
        return self.executable.arguments(name)

    def object_field(self, name: str) -> ObjectField | None:
        """Return a field of an object type ("Task.comments"), or None."""
        return self.executable.object_field(name)

    def fields(self) -> Mapping[tuple[str, str], Sequence[str]]:
        """Return the fields of all object types, each with its type before it, and their arguments."""
        return self.executable.fields

    def level(self, kind: str, field: str) -> str:
        """Return how well a field of a type is known: by itself, by its type, or by the best known root field above."""
        own = [self.evidence[name].level for name in (f"{kind}.{field}", kind) if name in self.evidence]
        roots = self.executable.reached_by.get(kind) or [field]
        above = (self.operations[root].evidence.level for root in roots if root in self.operations)
        return own[0] if own else min(above, key=LEVELS.index, default=LEVELS[-1])

    def selected(self, query: str) -> Collection[tuple[str, ...]]:
        """Return what a document selects: types with fields, these with arguments, too; none if it does not parse."""
        return self.executable.selected(query)

    def prepare(self) -> None:
        """Import and make what the first request needs, in any thread. It takes a tenth of a second."""
        _ = self.executable.schema

    @property
    def is_ready(self) -> bool:
        """Return True if the schema was built: the first request does that, and imports graphql-core."""
        return "executable" in self.__dict__

    @cached_property
    def executable(self) -> Executable:
        """What runs the requests."""
        from emulator.contract.execution import Executable  # noqa: PLC0415

        aliases = {name: of for name, (of, _) in self.aliases.items()}
        return Executable(self.sdl, self.operations, aliases, self.nested)

    def aliases_on(self, query: str, switches: Mapping[str, Any]) -> frozenset[str]:
        """Return the aliases in a document that the switches allow."""
        return frozenset([name for name, (_, switch) in self.aliases.items() if name in query and switches[switch]])
