"""A sandbox, and everything that a test can do with it."""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any, Never

from emulator.client.api import Api, given
from emulator.client.changes import Changes
from emulator.client.clock import ClockClient
from emulator.client.collection import CollectionClient
from emulator.client.connections import TIMEOUT
from emulator.client.exchanges import Exchange, exchange_of
from emulator.client.exploring import Exploring
from emulator.client.faults import FaultClient, ScenarioClient
from emulator.client.findings import Finding, finding_of
from emulator.client.journal import JournalClient
from emulator.client.snapshot import Snapshot
from emulator.client.switches import Switches
from emulator.client.types import (
    Commit,
    Connection,
    Delay,
    ExpectedCall,
    GraphQL,
    Only,
    Reply,
    ScenarioName,
    When,
    Where,
)
from emulator.client.urls import quoted
from emulator.client.vendors import VendorAccess, VendorAttributes, vendors_of
from emulator.errors import ConfigurationError, EmulatorError, sentence, unknown_scenario

if TYPE_CHECKING:
    from types import TracebackType

__tracebackhide__ = True


class SandboxClient(VendorAttributes):
    """One sandbox. A vendor is an attribute, `sandbox.secoda.url`; one that you added is `sandbox.vendors["acme"]`.

    As a context manager, it is dropped at the end.
    """

    def __init__(self, client: Api, document: Mapping[str, Any]) -> None:
        self.name: str = document["name"]
        self.api = client.of_sandbox(self.name)
        self.seed: int = document["seed"]
        self.token: str = document.get("token", "")
        self.vendors: Mapping[str, VendorAccess] = vendors_of(document, self.api)
        self.clock = ClockClient(self.api)
        self.journal = JournalClient(self.api)
        self.exploring = Exploring(self.api)
        self._switches = Switches(self.api)
        self._until_dropped = ExitStack()

    def __repr__(self) -> str:
        return f"<sandbox {self.name} at {self.api.url}>"

    @property
    def switches(self) -> Switches:
        """The switches: `switches["celigo.empty_list_status"] = 204`."""
        return self._switches

    @switches.setter
    def switches(self, values: Never) -> None:
        raise AttributeError("the switches of a sandbox cannot be replaced; write emulator.switches.update({…})")

    def __enter__(self) -> SandboxClient:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.drop()

    def request(
        self, method: str, path: str = "", document: object = None, query: Mapping[str, Any] | None = None
    ) -> Any:
        """Call the control API of this sandbox (`path` is what follows its name) and return its JSON."""
        return self.api.request(method, path, document, query)

    def scenario(self, name: ScenarioName | str) -> ScenarioClient:
        """Turn a scenario on ("secoda/rate-limited"; "*/outage" is that of every vendor) and return it.

        With `with`, it is turned off at the end of the block. Raises EmulatorError, naming the known ones.
        """
        vendor, _, own_name = str(name).partition("/")
        if not (vendor and own_name):
            raise EmulatorError(sentence(unknown_scenario(name, sorted(self.scenarios()))), 404)
        return ScenarioClient(self.api, name)

    def scenarios(self) -> dict[str, bool]:
        """Return all scenarios by name, and whether they are on."""
        listed = self.request("GET", "/scenarios")["scenarios"]
        return {f"{scenario['vendor']}/{scenario['name']}": scenario["active"] for scenario in listed}

    def fault(
        self,
        *,
        vendor: str,
        operation: str | Sequence[str] | None = None,
        status: int | None = None,
        only: Only | None = None,
        where: Where | None = None,
        when: When | None = None,
        commit: Commit | None = None,
        reply: Reply | None = None,
        delay: Delay | None = None,
        connection: Connection | None = None,
        graphql: GraphQL | None = None,
        force: bool | None = None,
    ) -> FaultClient:
        """Arm a fault and return it; with `with`, it is disarmed at the end of the block.

        `operation` is a name, a glob or a list of these (left out: every operation), `where` says which of its calls
        by their values ({"path": {"integration_id": id}}), `when` which of those ({"times": 2}), `status` is short
        for reply={"status": …}. The rest is as in `/_emulator/docs`: reply {status, body, headers},
        delay in seconds (or {"uniform": [0.1, 0.5]}), connection "reset" or another way in which it breaks,
        graphql {"errors": […]}, commit "after" to keep what the call wrote. Raises EmulatorError for a fault that
        could never apply to a call.
        """
        if status is not None:
            if "status" in (reply or {}):
                raise EmulatorError("Give either status or the status of reply.")
            reply = {"status": status, **(reply or {})}
        which = given(vendor=vendor, operation=operation, only=only, where=where, when=when, commit=commit, force=force)
        effect = given(reply=reply, delay=delay, connection=connection, graphql=graphql)
        return FaultClient(self.api, self.request("POST", "/faults", {**which, **effect})["id"])

    def state(self, collection: str) -> CollectionClient:
        """Return the records of a collection: `state("secoda.integrations")`."""
        return CollectionClient(self.api, collection)

    def collections(self) -> dict[str, int]:
        """Return the collections by name, and how many records each has."""
        listed = self.request("GET", "/state")["collections"]
        return {collection["collection"]: collection["records"] for collection in listed}

    def changes(self, since: Snapshot | str | None = None, *, masked: bool = False) -> Changes:
        """Return what has changed in the records since the sandbox began, or since a snapshot; str() shows it.

        `masked` leaves out credentials, as the journal does. Raises EmulatorError for an unknown snapshot.
        """
        name = since.name if isinstance(since, Snapshot) else since
        return Changes(self.request("GET", "/changes", query={"since": name, "limit": 1000, "masked": masked}))

    def snapshot(self, name: str | None = None) -> Snapshot:
        """Save the sandbox's records under a name (default: a random one) and return the snapshot."""
        kept = self.request("POST", "/snapshots", {"name": name or f"snapshot-{secrets.token_hex(4)}"})
        return Snapshot(self.api, kept["name"], kept["bytes"])

    def snapshots(self) -> list[Snapshot]:
        """Return the sandbox's snapshots."""
        listed = self.request("GET", "/snapshots")["snapshots"]
        return [Snapshot(self.api, kept["name"], kept["bytes"]) for kept in listed]

    def download_snapshot(self, name: str) -> bytes:
        """Return a snapshot as a SQLite file."""
        return self.api.send("GET", f"/snapshots/{quoted(name)}")

    def upload_snapshot(self, name: str, file: bytes) -> Snapshot:
        """Store a SQLite file from download_snapshot under a name and return the snapshot."""
        kept = json.loads(self.api.send("PUT", f"/snapshots/{quoted(name)}", file, "application/vnd.sqlite3"))
        return Snapshot(self.api, kept["name"], kept["bytes"])

    def restore(self, snapshot: Snapshot | str) -> None:
        """Replace the sandbox's records by those of a snapshot. Faults, scenarios, clock and journal stay."""
        name = snapshot.name if isinstance(snapshot, Snapshot) else snapshot
        self.request("POST", f"/snapshots/{quoted(str(name))}/restore")

    def verify(
        self,
        operation: str | None = None,
        *,
        in_order: Sequence[str | ExpectedCall] | None = None,
        vendor: str | None = None,
        count: int | None = None,
        at_least: int | None = None,
        at_most: int | None = None,
        path: Mapping[str, Any] | None = None,
        query: Mapping[str, Any] | None = None,
        headers: Mapping[str, Any] | None = None,
        body: Mapping[str, Any] | None = None,
        status: Any = None,
        where: Where | None = None,
        within: float | None = None,
    ) -> list[Exchange]:
        """Assert that an operation (a name or a glob) was called, by default at least once; return those exchanges.

        With `in_order` instead, assert that several were called one after the other, possibly with others in between:
        names, or {"operation": …, "vendor": …, "where": …}. `within` waits up to this many seconds (at most 300) for
        further calls, for example from another thread of your client; with count=0 it waits the whole time, or until
        there is a call. Of more than a thousand exchanges the newest are returned. An upper bound fails if the journal
        had to drop exchanges. Only calls with these values count: `path` and `query` by parameter ({"page": 2}),
        `headers` by name, `body` by key or JSON pointer ({"name": "Sales"}), `status` of the reply (0: the connection
        broke), `where` all of these and variables, arguments and credential. A value may be a condition, such as
        {"glob": "S*"}, {"absent": True} or {"schema": {"minimum": 2}}. Raises AssertionError with
        the expectation and the nearest calls, EmulatorError for an unknown operation.
        """
        values = given(path=path, query=query, headers=headers, body=body, status=status)
        steps = [in_order] if isinstance(in_order, str) else in_order
        which = given(operation=operation, in_order=steps, vendor=vendor, where={**(where or {}), **values} or None)
        how_often = given(count=count, at_least=at_least, at_most=at_most, within=within)
        # The emulator refuses whatever else is given.
        seconds = TIMEOUT + (within if isinstance(within, int | float) else 0)
        expectation = {**which, **how_often}
        verdict = self.api.request("POST", "/journal/verify", expectation, {"documents": True}, seconds=seconds)
        if not verdict["passed"]:
            raise AssertionError(_failure(verdict))
        return [exchange_of(document) for document in verdict["documents"]]

    def conduct(self, since: int = 0) -> list[Finding]:
        """Return what the client under test should not have done, as the calls in the journal (after an id) show it."""
        found = self.request("GET", "/conduct", query={"since": since})["findings"]
        return [finding_of(one) for one in found]

    def patch_dns(self) -> ExitStack:
        """Resolve the vendors' own names (https://api.secoda.co) to this sandbox, for clients in this process.

        This lasts until the end of the `with` block, or else until the sandbox is dropped (after the test). It works
        for requests, httpx, aiohttp and urllib, which trust its certificate. Raises EmulatorError if the emulator has
        no certificates (setting tls=auto).
        """
        from emulator.client.patch_dns import patch_dns  # noqa: PLC0415

        hosts = [host for vendor in self.vendors.values() for host in vendor.hosts]
        patch = ExitStack()
        try:
            patch.enter_context(patch_dns(self.api.url, hosts, sandbox=self.name))
        except ConfigurationError as problem:
            raise EmulatorError(str(problem)) from None
        self._until_dropped.push(patch)
        return patch

    def reset(self) -> None:
        """Return the sandbox to its start: records, clock, faults, scenarios, switches, an empty journal."""
        self.journal.leave()
        self.request("POST", "/reset")

    def drop(self) -> None:
        """Drop the sandbox; do nothing if it is already dropped."""
        self.leave()
        try:
            self.request("DELETE")
        except EmulatorError as problem:
            if problem.status != 404:
                raise

    def leave(self) -> None:
        """Undo what this object has changed outside of the sandbox (`patch_dns`), as `drop` does, too."""
        self._until_dropped.close()


def _failure(verdict: Mapping[str, Any]) -> str:
    near = [f"  exchange {one['id']}: {'; '.join(one['differences'])}" for one in verdict["near_misses"]]
    return "\n".join([verdict["sentence"], *(["nearest:", *near] if near else [])])
