"""Where the sandboxes of tests come from: an emulator that runs elsewhere, over HTTP."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias, TypeVar

from emulator.client import Client, EmulatorError, Exchange, SandboxClient, exchange_of

if TYPE_CHECKING:
    from emulator.journal.entry import Exchange as JournalledExchange

__all__ = ["RemoteSandboxes", "Sandboxes", "Seen", "told"]

T = TypeVar("T")


Seen: TypeAlias = "Exchange | JournalledExchange"
"""An exchange: as the control API told it, or as a journal in this process has it. What is asked of each they share."""


def told(seen: Seen) -> Exchange:
    """Return an exchange as the control API tells it."""
    return seen if isinstance(seen, Exchange) else exchange_of(seen.document())


class Sandboxes(Protocol):
    """Makes sandboxes and drops them. Its methods raise EmulatorError for what is refused."""

    def create(self, request: Mapping[str, Any]) -> SandboxClient:
        """Make a sandbox, from what the control API takes."""

    def seen(self, sandbox: SandboxClient) -> Sequence[Seen]:
        """Return what the journal holds, the oldest first; nothing if the sandbox is gone."""

    def drop(self, sandbox: SandboxClient) -> Sequence[Seen]:
        """Drop a sandbox and return what its journal held; nothing if the sandbox is gone already."""


class RemoteSandboxes:
    """Those of an emulator that runs already."""

    def __init__(self, client: Client) -> None:
        self._client = client

    def create(self, request: Mapping[str, Any]) -> SandboxClient:
        """Make a sandbox."""
        return SandboxClient(self._client, self._client.request("POST", "/sandboxes", request))

    def seen(self, sandbox: SandboxClient) -> Sequence[Exchange]:
        """Return what the journal holds."""
        return _unless_gone(sandbox.journal.select)

    def drop(self, sandbox: SandboxClient) -> Sequence[Exchange]:
        """Drop a sandbox; the same request brings what its journal held."""
        return _unless_gone(lambda: _dropped(sandbox))


def _dropped(sandbox: SandboxClient) -> list[Exchange]:
    return [exchange_of(one) for one in sandbox.request("DELETE", query={"journal": True})["exchanges"]]


def _unless_gone(read: Callable[[], list[T]]) -> list[T]:
    try:
        return read()
    except EmulatorError as problem:
        if problem.status != 404:
            raise
        return []
