"""A vendor's GraphQL schema, as its contract has it. What executes it is imported with the first call."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeAlias

from emulator.contract.operation import Operation

if TYPE_CHECKING:
    from emulator.contract.execution import Executable

Resolve: TypeAlias = Callable[[str, str, dict[str, Any]], Any]
"""Answers a root field: name, key in the result, arguments. Raises FieldError for a GraphQL error."""


@dataclass(frozen=True)
class GraphQLLimits:
    """How deep a document may nest its fields, and how many aliases it may have."""

    depth: int
    aliases: int


@dataclass
class GraphQL:
    """A vendor's GraphQL schema.

    `carrier` is the REST operation whose body it comes in, `operations` the root fields,
    `aliases` maps a type name that documents may use to (the schema's name, the flag that allows it).
    """

    carrier: str
    sdl: str
    operations: Mapping[str, Operation]
    aliases: Mapping[str, tuple[str, str]] = field(default_factory=dict)

    def execute(
        self, request: Mapping[str, Any], flags: Mapping[str, Any], limits: GraphQLLimits, resolve: Resolve
    ) -> dict[str, Any]:
        """Run a request ({query, variables, operationName}) and return {data, errors}.

        `errors` is there only if there are some; a document beyond the limits is one. What `resolve`
        raises besides FieldError is our own fault and is raised again, once the execution has ended.
        """
        return self.executable.execute(request, self._aliases_on(flags), limits, resolve)

    def root_fields(self, request: Mapping[str, Any], flags: Mapping[str, Any]) -> tuple[str, ...]:
        """Return the operations that a request would run, in order; none if it would not run."""
        return self.executable.root_fields(request, self._aliases_on(flags))

    @cached_property
    def executable(self) -> Executable:
        """What runs the requests."""
        from emulator.contract.execution import Executable  # noqa: PLC0415 - it costs 0.1 s, and REST needs none of it

        return Executable(self.sdl, self.operations, {name: of for name, (of, _) in self.aliases.items()})

    def _aliases_on(self, flags: Mapping[str, Any]) -> frozenset[str]:
        return frozenset(name for name, (_, flag) in self.aliases.items() if flags[flag])
