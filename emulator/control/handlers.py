"""Binds the handlers of the control API to its operations, and declares their arguments."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol, TypeAlias, TypeVar

from aiohttp import web

from emulator.addressing import unknown_sandbox
from emulator.errors import ContractError, Problem, sentence, unknown
from emulator.exchange import Call, Reply
from emulator.faults.rule import Fault
from emulator.sandbox.sandbox import Sandbox
from emulator.stubs.stub import Stub

if TYPE_CHECKING:
    from pathlib import Path

    from emulator.contract.openapi import Contract
    from emulator.faults.scenarios import Scenario
    from emulator.metrics import Metrics
    from emulator.runtime.off_loop import Worker
    from emulator.sandbox.fixtures import Fixtures
    from emulator.sandbox.sandboxes import Sandboxes
    from emulator.settings import Settings
    from emulator.transport.cors import Cors
    from emulator.transport.hosts import Hosts
    from emulator.transport.ports import Ports
    from emulator.transport.tls import Tls
    from emulator.vendor import Handlers as VendorHandlers
    from emulator.vendor import Vendor

ROOT = "/_emulator"

Identified = TypeVar("Identified", Fault, Stub)


class Catalogue(Protocol):
    """The vendors with their contracts."""

    @property
    def vendors(self) -> Mapping[str, Vendor]:
        """The vendor packages by name."""

    @property
    def contracts(self) -> Mapping[str, Contract]:
        """Their contracts by name."""

    @property
    def handlers(self) -> Mapping[str, VendorHandlers]:
        """Their handlers by name."""

    @property
    def ways(self) -> Mapping[str, Mapping[str, str]]:
        """How their operations are handled: by code, declared, inferred or example."""


class Emulator(Protocol):
    """The emulator as the control API needs it."""

    ready: bool
    settings: Settings
    hosts: Hosts
    ports: Ports
    cors: Cors
    tls: Tls | None
    metrics: Metrics
    worker: Worker
    sandboxes: Sandboxes
    scenarios: dict[str, Scenario]

    @property
    def catalogue(self) -> Catalogue:
        """The vendors with their contracts."""

    def fixtures(self, *overlay: Path) -> Fixtures:
        """Read the fixtures, with more folders laid over them."""

    def scenarios_named(self, pattern: str) -> Sequence[Scenario]:
        """Return the scenarios that match a name, with or without "*"."""


Handler: TypeAlias = Callable[[Call, Emulator], Awaitable["Reply | Stream"]]
"""Handles one operation of the control API; raises Problem to refuse a call."""

SandboxHandler: TypeAlias = Callable[[Call, Sandbox, Emulator], Awaitable["Reply | Stream"]]
"""Handles one operation on one sandbox."""


class Stream(NamedTuple):
    """A streamed reply: its headers, and `write(request, response)`, which sends its body."""

    headers: Mapping[str, str]
    write: Callable[[web.BaseRequest, web.StreamResponse], Awaitable[None]]


class Handlers:
    """The handlers of one module, by operation."""

    def __init__(self) -> None:
        self.by_operation: dict[str, Handler] = {}

    def operation(self, name: str) -> Callable[[Handler], Handler]:
        """Bind an async function to the operation `name`."""

        def bind(handler: Handler) -> Handler:
            if name in self.by_operation:
                raise ContractError(f"operation {name} of the control API has two handlers; keep one")
            self.by_operation[name] = handler
            return handler

        return bind

    def sandbox_operation(self, name: str) -> Callable[[SandboxHandler], SandboxHandler]:
        """Bind an async function to an operation on one sandbox, which stays open while it runs."""

        def bind(handler: SandboxHandler) -> SandboxHandler:
            async def find_and_handle(call: Call, emulator: Emulator) -> Reply | Stream:
                sandbox = find_sandbox(call, emulator)
                with sandbox.in_flight:
                    return await handler(call, sandbox, emulator)

            self.operation(name)(find_and_handle)
            return handler

        return bind


def find_sandbox(call: Call, emulator: Emulator) -> Sandbox:
    """Return the sandbox of a call. Raises Problem, naming the known ones."""
    name = call.params["sandbox"]
    sandbox = emulator.sandboxes.get(name)
    if sandbox is None:
        raise unknown_sandbox(name, emulator.sandboxes.names())
    return sandbox


def found_by_id(call: Call, kept: Iterable[Identified], kind: str) -> Identified:
    """Return the fault or stub (`kind`) that a call names. Raises Problem, naming the known ones."""
    by_id = {one.id: one for one in kept}
    id: str = call.params["id"]
    if id not in by_id:
        raise Problem(404, sentence(unknown(kind, id, by_id, listed_by=f"GET {ROOT}/{kind}s")))
    return by_id[id]


def refusal(status: int, reason: Exception) -> Problem:
    """Return the Problem with the reason as a sentence."""
    return Problem(status, sentence(reason))


def whole_numbers(document: Any) -> Any:
    """Return a JSON document with 2.0 as 2: they are the same for JSON Schema, but not for Python."""
    if isinstance(document, dict):
        return {name: whole_numbers(value) for name, value in document.items()}
    if isinstance(document, list):
        return [whole_numbers(value) for value in document]
    return int(document) if isinstance(document, float) and document.is_integer() else document
