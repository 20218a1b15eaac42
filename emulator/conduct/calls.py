"""The calls of one vendor's client, in the order in which they arrived."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property

from emulator.conduct.pages import Page, walks
from emulator.conduct.relations import began_after, ended, passed
from emulator.contract.openapi import Contract
from emulator.contract.operation import Operation
from emulator.journal.entry import Exchange
from emulator.store.credentials import Credentials, expired

__all__ = ["Calls"]


class Calls:
    """The finished calls to one vendor; `credentials` are those of the sandbox, by id."""

    def __init__(self, contract: Contract, exchanges: Sequence[Exchange], credentials: Credentials) -> None:
        self.contract = contract
        self.all = sorted(exchanges, key=lambda one: one.number)
        self._credentials = credentials

    @cached_property
    def by_operation(self) -> Sequence[Sequence[Exchange]]:
        """The calls that ran the same operations, together."""
        groups: dict[tuple[str, ...], list[Exchange]] = {}
        for one in self.all:
            if one.operations:
                groups.setdefault(one.operations, []).append(one)
        return list(groups.values())

    @cached_property
    def by_credential(self) -> Sequence[Sequence[Exchange]]:
        """The calls with the same credential, together."""
        groups: dict[str, list[Exchange]] = {}
        for one in self.all:
            groups.setdefault(one.credential, []).append(one)
        return list(groups.values())

    @cached_property
    def concurrent(self) -> set[int]:
        """The numbers of the calls during which others were in progress."""
        found: set[int] = set()
        last: Exchange | None = None
        for one in sorted(self.all, key=lambda one: one.started):
            if last is not None and not began_after(one, last):
                found |= {one.number, last.number}
            last = one if last is None or ended(one) > ended(last) else last
        return found

    @cached_property
    def walks(self) -> Sequence[Sequence[Page]]:
        """The pages of each reading of a list, in the order in which the client asked for them."""
        found: list[list[Page]] = []
        for group in self.by_operation:
            for operation in self.operations(group[0]):
                found += walks(group, operation, operation.paging) if operation.paging else []
        return found

    def operations(self, exchange: Exchange) -> list[Operation]:
        """Return the operations that a call ran."""
        known = self.contract.operations
        return [known[name] for name in exchange.operations if name in known]

    def named(self, exchange: Exchange) -> str:
        """Return how a sentence names a call: "POST /integrations", or the root fields of a GraphQL call."""
        root_fields = ", ".join(one.name for one in self.operations(exchange) if one.root)
        return root_fields or f"{exchange.method} {exchange.call.path or '/'}"

    def reads(self, exchange: Exchange) -> bool:
        """Return True if a call only reads."""
        return all(operation.safe for operation in self.operations(exchange))

    def may_be_repeated(self, exchange: Exchange) -> bool:
        """Return True if repeating a call has the effect of one call."""
        return all(operation.is_idempotent for operation in self.operations(exchange))

    def has_expired(self, exchange: Exchange) -> bool:
        """Return True if the credential of a call had expired by the sandbox's clock."""
        credential = self._credentials.get(exchange.credential)
        return credential is not None and expired(credential, exchange.time)

    def is_credential(self, value: str) -> bool:
        """Return True for one of the sandbox's own credentials."""
        return value in self._credentials

    def in_patient_time(self) -> Iterator[tuple[float, Exchange]]:
        """Yield each call with its time in seconds: between two calls, the longer one of both clocks passes."""
        seconds, last = 0.0, None
        for one in self.all:
            seconds += 0 if last is None else max(one.started - last.started, passed(last, one), 0)
            yield seconds, one
            last = one
