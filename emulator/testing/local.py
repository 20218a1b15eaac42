"""The emulators that a test run starts itself. A run against a remote one does not import this."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from emulator.app import Emulator
from emulator.catalogue import read_catalogue, vendor_homes
from emulator.client import Client, EmulatorError, Finding, SandboxClient, finding_of
from emulator.client.spelling import in_python
from emulator.conduct.rules import findings
from emulator.control.coverage import count_fields, query_in
from emulator.errors import Problem
from emulator.journal.entry import Exchange
from emulator.sandbox.sandbox import Sandbox
from emulator.server.server import ThreadedServer
from emulator.settings import read_settings
from emulator.testing.pool import Pool
from emulator.testing.sandboxes import Fields, Seen
from emulator.testing.stray_calls import StrayCalls

__all__ = ["LocalEmulators", "LocalSandboxes"]


class LocalEmulators:
    """Creates emulators in this process, with the folder `fixtures` if given; reads the contracts once.

    `vendors` are folders with the user's own vendors, `openapi` documents with their names: "acme=acme.yaml". With
    `otel`, calls become spans of OpenTelemetry.
    """

    def __init__(
        self, fixtures: str | None, vendors: Sequence[str] = (), openapi: Sequence[str] = (), *, otel: bool = False
    ) -> None:
        given: dict[str, Any] = {"host": "127.0.0.1", "port": 0, "tls": "auto", "tls_port": 0, "access_log": False}
        given |= {"fixtures": fixtures, "vendors": tuple(vendors), "openapi": tuple(openapi), "otel": otel}
        # A folder without an emulator.toml: the one for `emulator serve` is not for tests.
        self._settings = read_settings(given, folder=Path(__file__).parent)
        self._catalogue = read_catalogue(homes=vendor_homes(self._settings))

    def emulator(self, strays: StrayCalls) -> Emulator:
        """Return an unstarted emulator on a free port; `strays` records calls outside the test's sandbox."""
        return Emulator(self._settings, self._catalogue, strays.record, strays.record_unaddressed)

    @contextmanager
    def served(self, strays: StrayCalls) -> Iterator[ThreadedServer]:
        """Run an emulator in a thread inside the `with` block."""
        with ThreadedServer(self.emulator(strays)) as server:
            yield server


def found_in(calls: Sequence[Exchange], emulator: Emulator, sandbox: Sandbox | None) -> list[Finding]:
    """Return what the client should not have done in a sandbox, as these exchanges of its journal show it."""
    credentials = None if sandbox is None else sandbox.credentials
    return [finding_of(one.document()) for one in findings(calls, emulator.catalogue.contracts, credentials)]


def selected_in(calls: Sequence[Seen], emulator: Emulator, *, is_full: bool) -> Sequence[Fields]:
    """Return the GraphQL fields that calls selected; with `is_full`, all others, too, if there are such calls."""
    contracts = emulator.catalogue.contracts
    vendors = [vendor for vendor, contract in contracts.items() if contract.graphql is not None]
    queries = Counter((one.vendor, query_in(_body(one))) for one in calls if one.vendor in vendors)
    return count_fields(queries, contracts, is_full=is_full) if queries else ()


def _body(seen: Seen) -> bytes | str | None:
    return seen.call.body if isinstance(seen, Exchange) else seen.body


class LocalSandboxes:
    """Those of an emulator in a thread of this process: made ahead there, and dropped there, without HTTP.

    A test with a sandbox that was made ahead never waits for that thread. `client` steers the sandboxes.
    """

    def __init__(self, server: ThreadedServer, client: Client) -> None:
        self._server = server
        self._emulator = server.server.emulator
        self._client = client
        self._pool = Pool(self._emulator, server.url)
        self._withdrawn: list[Sandbox] = []
        self._knows_fields = False
        self._tidying = server.begin(self._pool.fill)

    def create(self, request: Mapping[str, Any]) -> SandboxClient:
        """Make a sandbox, or take one that was made ahead if nothing particular is wanted."""
        made = None if request else self._pool.take()
        if made is not None:
            self._server.soon(lambda: self._emulator.sandboxes.admit(made.sandbox))
            return SandboxClient(self._client, made.document)
        return SandboxClient(self._client, self._called("createSandbox", {}, request))

    def arm(self, sandbox: SandboxClient, faults: Sequence[Mapping[str, Any]]) -> None:
        """Arm faults."""
        for fault in faults:
            self._called("armFault", {"sandbox": sandbox.name}, fault)

    def _called(self, operation: str, params: Mapping[str, str], document: object) -> Any:
        control = self._emulator.control
        try:
            return self._server.run(lambda: control.call(operation, self._server.url, params, document))
        except Problem as problem:
            raise EmulatorError(in_python(problem.detail), problem.status, problem.detail) from None

    def seen(self, sandbox: SandboxClient) -> Sequence[Exchange]:
        """Return what the journal holds: a call is there before its reply is sent."""
        found = self._emulator.sandboxes.get(sandbox.name)
        return () if found is None else found.journal.listed()

    def drop(self, sandbox: SandboxClient) -> Sequence[Exchange]:
        """Drop a sandbox, while the next test begins."""
        seen = self.seen(sandbox)
        self.settle()
        # A coroutine begins a step later: the next request might be answered before it.
        self._server.soon(lambda: self._withdraw(sandbox.name))
        self._tidying = self._server.begin(self._tidy)
        return seen

    def conduct(self, sandbox: SandboxClient, calls: Sequence[Seen]) -> Sequence[Finding]:
        """Return what is found in these exchanges; those before the journal was cleared are left out."""
        kept = [one for one in calls if isinstance(one, Exchange)]
        found = self._emulator.sandboxes.get(sandbox.name)
        return found_in(kept, self._emulator, found)

    def selected(self, sandbox: SandboxClient, calls: Sequence[Seen]) -> Sequence[Fields]:
        """Return the GraphQL fields that calls selected; at first, all others, too."""
        selected = selected_in(calls, self._emulator, is_full=not self._knows_fields)
        self._knows_fields = self._knows_fields or len(selected) > 0
        return selected

    def settle(self) -> None:
        """Wait until what was dropped is gone and others are made. What went wrong there is raised here."""
        self._tidying.result()

    def _withdraw(self, name: str) -> None:
        sandbox = self._emulator.sandboxes.withdraw(name)
        if sandbox is not None:
            self._withdrawn.append(sandbox)

    async def _tidy(self) -> None:
        while self._withdrawn:
            await self._emulator.sandboxes.discard(self._withdrawn.pop())
        await self._pool.fill()
