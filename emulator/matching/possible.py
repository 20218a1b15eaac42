"""Refuses conditions that no call of some operations can match: a parameter or an argument that none of them has."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from emulator.contract.openapi import Contract
from emulator.contract.operation import Operation
from emulator.errors import ConfigurationError, unknown
from emulator.exchange import steps_of
from emulator.matching.where import Where


def check_possible(where: Where, operations: Sequence[Operation], contracts: Mapping[str, Contract]) -> None:
    """Raise ConfigurationError, naming the alternatives, if no call of these operations can match."""
    known = {one.name for operation in operations for one in operation.parameters if one.place == "path"}
    for name in where.names("path"):
        if name not in known:
            raise ConfigurationError(f"where: path: {unknown('parameter', name, sorted(known))}")
    meant = {one.vendor: contracts[one.vendor] for one in operations}
    check_graphql(where, meant.values())
    if not where.looks_at("arguments"):
        return  # Asking for arguments imports graphql-core.
    root_fields = [(meant[one.vendor].graphql, one.name) for one in operations if one.root]
    arguments = {name for graphql, field in root_fields if graphql for name in graphql.arguments(field)}
    for pointer in where.names("arguments"):
        name = steps_of(pointer)[0] if pointer else ""
        if name and name not in arguments:
            raise ConfigurationError(f"where: arguments: {unknown('argument', name, sorted(arguments))}")


def check_graphql(where: Where, contracts: Collection[Contract]) -> None:
    """Raise ConfigurationError for variables and arguments where no vendor has GraphQL."""
    for place in ("variables", "arguments"):
        if where.looks_at(place) and not any(contract.graphql for contract in contracts):
            names = " and ".join(contract.vendor for contract in contracts)
            raise ConfigurationError(
                f"where: {place}: {names} {'has' if len(contracts) == 1 else 'have'} no GraphQL operations"
            )
