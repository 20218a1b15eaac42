"""Puts the pieces together: contracts, vendors, fixtures, sandboxes, pipelines, one web application."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from aiohttp import web

from emulator import __version__
from emulator.addressing import Address, Addressing, split_control
from emulator.catalogue import (
    Catalogue,
    contract_overlay,
    credential_check,
    fixture_folders,
    named_scenarios,
    read_all_fixtures,
    read_catalogue,
    read_scenarios,
    read_switches,
    seeded_records,
    vendor_homes,
)
from emulator.contract.graphql_calls import GraphQLCalls
from emulator.contract.openapi import Contract
from emulator.contract.operation import GraphQLLimits
from emulator.control.api import Control
from emulator.control.handlers import ROOT
from emulator.errors import ConfigurationError, Problem
from emulator.exchange import Record
from emulator.faults.scenarios import Scenario, refuse_scenarios
from emulator.journal.entry import Exchange
from emulator.journal.journals import JOURNALS_BYTES, Journals
from emulator.metrics import Metrics
from emulator.pipeline.pipeline import Pipeline
from emulator.runtime.off_loop import Worker
from emulator.sandbox.blueprint import Blueprint
from emulator.sandbox.budget import Budget
from emulator.sandbox.fixtures import Fixtures, completions, credentials_in, problems_in
from emulator.sandbox.sandbox import Sandbox
from emulator.sandbox.sandboxes import DEFAULT, Sandboxes
from emulator.sandbox.templates import seeded_faker
from emulator.settings import Settings
from emulator.store.collection import Collection
from emulator.transport import wire
from emulator.transport.cors import Cors
from emulator.transport.hosts import read_hosts
from emulator.transport.origin import Origin, origin_of, path_of
from emulator.transport.ports import Ports
from emulator.transport.preference import is_from_browser
from emulator.transport.tls import read_tls
from emulator.transport.tunnel import tunnelled_to

if TYPE_CHECKING:
    from emulator.tracing.spans import Spans

logger = logging.getLogger("emulator")


class Emulator:
    """The whole emulator, without a port: `dispatch` serves requests after `start`.

    `on_record` gets each exchange with a vendor, `on_unaddressed` the method and path of each other call. A server with
    more than one port sets `ports`. `control` is the control API.
    """

    def __init__(
        self,
        settings: Settings,
        catalogue: Catalogue | None = None,
        on_record: Callable[[Exchange], None] | None = None,
        on_unaddressed: Callable[[str, str], None] | None = None,
    ) -> None:
        self.settings = settings
        self._on_unaddressed = on_unaddressed
        self.catalogue = catalogue or read_catalogue(overlay=contract_overlay(settings), homes=vendor_homes(settings))
        documented = {name: contract.hosts for name, contract in self.catalogue.contracts.items()}
        self.hosts = read_hosts(documented, settings.vendor_hosts, settings.vendor_ports)
        self.cors = Cors(settings.cors)
        self.ports = Ports(self.hosts)
        self.tls = read_tls(settings, self.hosts.patterns)
        self.metrics = Metrics()
        self.ready = False
        self.stopping = asyncio.Event()
        self.worker = Worker()
        self.folders = fixture_folders(settings)
        self.switches = read_switches(settings.switches, self.catalogue.contracts)
        self._fixtures = self.fixtures()
        self.scenarios = self.read_scenarios(self.catalogue, self._fixtures)
        self._spans = _spans() if settings.otel else None
        self._on_record = [use for use in (on_record, self._spans) if use is not None]
        self.sandboxes = self._sandboxes()
        self._addressing = self._make_addressing()
        self._pipelines = {name: self._pipeline(name) for name in self.catalogue.vendors}
        self.control = Control(self)

    async def start(self) -> None:
        """Seed the sandboxes; from then on the emulator is ready."""
        await self.sandboxes.start()
        self._log_generated()
        self.ready = True

    def prepare(self) -> None:
        """Import and make what the first calls need that no start waits for, in any thread."""
        for contract in self.catalogue.contracts.values():
            if contract.graphql is not None:
                contract.graphql.prepare()
        for prepare in self.catalogue.prepared_later:
            prepare()
        # Last: it takes a single call far less.
        self.control.prepare()

    async def reset(self) -> Sandbox:
        """Reset the default sandbox and return it."""
        return await self.sandboxes.reset(DEFAULT)

    async def close(self) -> None:
        """Close the sandboxes."""
        self.ready = False
        await self.sandboxes.close()
        if self._spans is not None:
            await asyncio.to_thread(self._spans.close)

    def interrupt(self) -> None:
        """Stop and roll back the current work in the databases, for the end of the process."""
        self.sandboxes.interrupt()

    async def end_streams(self) -> None:
        """End delays and event streams, before the server waits for them."""
        self.stopping.set()
        for sandbox in self.sandboxes:
            sandbox.journal.close()

    async def dispatch(self, request: web.BaseRequest) -> web.StreamResponse:
        """Pass a request to its vendor, or to the control API."""
        try:
            path = path_of(request)
            origin = origin_of(request, self.settings.trust_forwarded)
            control = split_control(path)
            if control is not None:
                sandbox, path = control
                return await self.control.serve(request, path, origin, sandbox)
            preflight = self.cors.preflight(request, control=False)
            if preflight is not None:
                return preflight
            if is_from_browser(request) and (page := self._page(request, path, origin)):
                return page
            address = self._address(request, path, origin)
            return await self._pipelines[address.vendor].serve(request, address)
        except Problem as problem:
            response = wire.problem_response(problem)
            self.cors.allow(request, response)
            return response

    def _page(self, request: web.BaseRequest, path: str, origin: Origin) -> web.Response | None:
        """Return what a browser gets outside of the control API: the way to the console, or GraphiQL at its endpoint.

        None at everything else that is a vendor's, and at a host that the control API does not accept.
        """
        if self.hosts.vendor(origin.authority) is not None or not self.control.accepts_host(request):
            return None
        if self._addressing.is_root(path, origin, self.ports.vendor(request)):
            return self.control.pages.to_console(f"{origin.prefix}{path.rstrip('/')}{ROOT}")
        address = self._address(request, path, origin)
        pipeline = self._pipelines[address.vendor]
        if "query" in request.query or not pipeline.serves_graphql(address.path):
            return None
        return self.control.pages.graphiql(
            address.vendor, pipeline.title, f"{origin.prefix}{address.sandbox_root}{ROOT}"
        )

    def _address(self, request: web.BaseRequest, path: str, origin: Origin) -> Address:
        if not self.ready:
            raise Problem(503, "The sandboxes are not seeded yet; wait for GET /_emulator/ready.")
        vendor = self.ports.vendor(request)
        try:
            return self._addressing.find(path, origin, request.headers, tunnelled_to(request), vendor)
        except Problem:
            if self._on_unaddressed is not None:
                self._on_unaddressed(request.method, path)
            raise

    def fixtures(self, *overlay: Path, catalogue: Catalogue | None = None) -> Fixtures:
        """Read the fixtures, with more folders laid over them. Raises ConfigurationError for a mistake in them.

        They are validated against the contracts of `catalogue` (None: the current ones). A folder of a single sandbox
        has no scenarios: those are the same in all.
        """
        found = read_all_fixtures([*self.folders, *overlay], catalogue or self.catalogue)
        for folder in overlay:
            refuse_scenarios(folder, self.folders, self.catalogue.vendors)
        return found

    def read_scenarios(self, catalogue: Catalogue, fixtures: Fixtures) -> dict[str, Scenario]:
        """Return all scenarios by full name. Raises ConfigurationError, naming line and key, for an invalid one.

        Their record changes are validated against the contracts, and the records of `fixtures`.
        """
        return read_scenarios(self.folders, catalogue, seeded_records(fixtures, self.settings.seed, self.switches))

    def scenarios_named(self, pattern: str) -> list[Scenario]:
        """Return the scenarios that match "secoda/flaky" or "*/outage". Raises ConfigurationError if none does."""
        return named_scenarios(pattern, self.scenarios)

    async def apply_reload(self, catalogue: Catalogue, fixtures: Fixtures, scenarios: Mapping[str, Scenario]) -> None:
        """Use new contracts for the next calls, and new fixtures for new sandboxes and after a reset.

        The list of scenarios is replaced. Raises ConfigurationError, without changing anything, if they are invalid.
        """
        self.catalogue.refuse_restart(catalogue)
        await self.sandboxes.apply_reload(fixtures, scenarios, _starting(self.settings, scenarios))
        if catalogue is not self.catalogue:
            self.catalogue = catalogue
            self._pipelines = {name: self._pipeline(name) for name in catalogue.vendors}
        self._fixtures = fixtures
        self._log_generated()
        # The pipelines share this mapping.
        self.scenarios.clear()
        self.scenarios.update(scenarios)
        self._addressing = self._make_addressing()

    def _log_generated(self) -> None:
        for completion in completions(self._fixtures):
            logger.info("%s", completion)

    def _problems_in(self, records: Sequence[Record], collection: Collection) -> Iterable[tuple[str, str]]:
        contract = self.catalogue.contracts[collection.vendor]
        return problems_in(records, collection, contract, credential_check())

    def _sample(self, collection: Collection) -> Record:
        contract = self.catalogue.contracts[collection.vendor]
        return contract.sample(collection.schema) if collection.schema else {}

    def _record(self, exchange: Exchange) -> None:
        for use in self._on_record:
            use(exchange)

    def _sandboxes(self) -> Sandboxes:
        settings, vendors = self.settings, self.catalogue.vendors
        blueprint = Blueprint(
            collections={name: vendor.collections for name, vendor in vendors.items()},
            switches=self.switches,
            journal_size=settings.journal_size,
            journal_bytes=settings.journal_bytes,
            journals=Journals(max(JOURNALS_BYTES, settings.journal_bytes)),
            faker=seeded_faker,
            problems_in=self._problems_in,
            sample=self._sample,
            sweeps={name: vendor.sweep for name, vendor in vendors.items()},
            due=lambda name, world: self.catalogue.vendors[name].due(world),
            snapshots=Budget(settings.snapshot_bytes),
            on_record=self._record if self._on_record else None,
        )
        return Sandboxes(
            self._fixtures,
            blueprint,
            seed=settings.seed,
            scenarios=_starting(settings, self.scenarios),
            limit=settings.sandbox_limit,
            database=settings.database,
            on_retire=self.metrics.forget,
        )

    def _make_addressing(self) -> Addressing:
        headers = {
            name: vendor.credential_headers(credentials_in(self._fixtures[name]))
            for name, vendor in self.catalogue.vendors.items()
        }
        return Addressing(self.sandboxes, self.hosts, headers, hides_names=bool(self.settings.control_token))

    def _pipeline(self, name: str) -> Pipeline:
        settings, catalogue = self.settings, self.catalogue
        vendor, contract, handlers = catalogue.vendors[name], catalogue.contracts[name], catalogue.handlers[name]
        graphql = _graphql_calls(contract, settings)
        shared = (settings, self.metrics, self.cors, self.stopping, self.worker)
        return Pipeline(vendor, contract, handlers, self.scenarios, graphql, *shared)


def _spans() -> Spans:
    try:
        from emulator.tracing.spans import Spans  # noqa: PLC0415
    except ImportError:
        raise ConfigurationError("otel needs: pip install 'integration-emulator[otel]'") from None
    return Spans(__version__)


def _starting(settings: Settings, scenarios: Mapping[str, Scenario]) -> list[Scenario]:
    return [scenario for pattern in settings.scenarios for scenario in named_scenarios(pattern, scenarios)]


def _graphql_calls(contract: Contract, settings: Settings) -> GraphQLCalls | None:
    limits = GraphQLLimits(**settings.graphql_limits)
    return GraphQLCalls(contract.graphql, limits, contract.conventions.reading) if contract.graphql else None
