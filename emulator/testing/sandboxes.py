"""The sources of tests' sandboxes: an emulator that runs elsewhere, over HTTP."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias, TypeVar

from emulator.client import Client, EmulatorError, Exchange, Finding, SandboxClient, exchange_of, finding_of

if TYPE_CHECKING:
    from emulator.journal.entry import Exchange as JournalledExchange

__all__ = ["Fields", "RemoteSandboxes", "Sandboxes", "Seen", "told"]

T = TypeVar("T")


Seen: TypeAlias = "Exchange | JournalledExchange"
"""An exchange from the control API, or from a journal in this process. They share the used attributes."""


Fields: TypeAlias = Mapping[str, Any]
"""A field of a vendor's GraphQL schema with its counts, as the control API describes it."""


def told(seen: Seen) -> Exchange:
    """Return an exchange from its document in the control API."""
    return seen if isinstance(seen, Exchange) else exchange_of(seen.document())


class Sandboxes(Protocol):
    """Creates and drops sandboxes. Its methods raise EmulatorError for a refused call."""

    def create(self, request: Mapping[str, Any]) -> SandboxClient:
        """Create a sandbox from the control API's options."""

    def arm(self, sandbox: SandboxClient, faults: Sequence[Mapping[str, Any]]) -> None:
        """Arm faults, in this order."""

    def seen(self, sandbox: SandboxClient) -> Sequence[Seen]:
        """Return the exchanges in the journal, oldest first; none if the sandbox was dropped."""

    def drop(self, sandbox: SandboxClient) -> Sequence[Seen]:
        """Drop a sandbox and return the exchanges in its journal; none if it was already dropped."""

    def conduct(self, sandbox: SandboxClient, calls: Sequence[Seen]) -> Sequence[Finding]:
        """Return what the client should not have done, as these exchanges of a sandbox show it."""

    def selected(self, sandbox: SandboxClient, calls: Sequence[Seen]) -> Sequence[Fields]:
        """Return the GraphQL fields that the calls to a dropped sandbox selected; at first, all others, too."""


class RemoteSandboxes:
    """The sandboxes of a running emulator."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._found: dict[str, list[Finding]] = {}
        self._selected: dict[str, list[Fields]] = {}
        self._knows_fields = False

    def create(self, request: Mapping[str, Any]) -> SandboxClient:
        """Create a sandbox."""
        return SandboxClient(self._client, self._client.request("POST", "/sandboxes", request))

    def arm(self, sandbox: SandboxClient, faults: Sequence[Mapping[str, Any]]) -> None:
        """Arm faults."""
        for fault in faults:
            sandbox.request("POST", "/faults", fault)

    def seen(self, sandbox: SandboxClient) -> Sequence[Exchange]:
        """Return the exchanges in the journal."""
        return _unless_gone(sandbox.journal.select)

    def drop(self, sandbox: SandboxClient) -> Sequence[Exchange]:
        """Drop a sandbox; the same request returns the exchanges in its journal."""
        return _unless_gone(lambda: self._dropped(sandbox))

    def conduct(self, sandbox: SandboxClient, calls: Sequence[Seen]) -> Sequence[Finding]:
        """Return what is found in these exchanges; the request that dropped the sandbox has returned it, too."""
        ids = {one.id for one in map(told, calls)}
        found = self._found.pop(sandbox.name, None)
        if found is None:
            found = _unless_gone(lambda: sandbox.conduct(since=min(ids, default=1) - 1))
        return [one for one in found if ids.issuperset(one.exchanges)]

    def selected(self, sandbox: SandboxClient, calls: Sequence[Seen]) -> Sequence[Fields]:
        """Return the fields that the request that dropped a sandbox has told; at first, all others, too."""
        selected = self._selected.pop(sandbox.name, [])
        if selected and not self._knows_fields:
            self._knows_fields = True
            every = self._client.request("GET", "/coverage")["graphql_fields"]
            selected = [*map(_uncounted, every), *selected]
        return selected

    def _dropped(self, sandbox: SandboxClient) -> list[Exchange]:
        last = sandbox.request("DELETE", query={"journal": True})
        self._found[sandbox.name] = [finding_of(one) for one in last.get("findings", ())]
        self._selected[sandbox.name] = last.get("graphql_fields", [])
        return [exchange_of(one) for one in last["exchanges"]]


def _uncounted(field: Fields) -> Fields:
    """Return a field without the counts of the sandbox of which it was told."""
    return {**field, "calls": 0, "arguments": dict.fromkeys(field["arguments"], 0)}


def _unless_gone(read: Callable[[], list[T]]) -> list[T]:
    try:
        return read()
    except EmulatorError as problem:
        if problem.status != 404:
            raise
        return []
