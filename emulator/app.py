"""Puts the pieces together: contracts, vendors, fixtures, sandboxes, pipelines, one web application."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

from aiohttp import web

from emulator.addressing import Address, Addressing, split_control
from emulator.catalogue import (
    Catalogue,
    contract_overlay,
    credential_check,
    fixture_folders,
    named_scenarios,
    read_catalogue,
    read_scenarios,
    read_switches,
    seeded_records,
)
from emulator.contract.openapi import Contract
from emulator.contract.operation import GraphQLLimits
from emulator.control.api import Control
from emulator.errors import ConfigurationError, Problem, unknown
from emulator.exchange import Entrance, Record
from emulator.faults.scenarios import Scenario
from emulator.files.unread import unread_fixtures
from emulator.files.yaml_file import short_name
from emulator.journal.entry import Exchange
from emulator.journal.journals import JOURNALS_BYTES, Journals
from emulator.metrics import Metrics
from emulator.pipeline import Limits, Pipeline
from emulator.runtime.off_loop import Worker
from emulator.sandbox.budget import Budget
from emulator.sandbox.fixtures import Fixture, Fixtures, problems_in, read_fixtures
from emulator.sandbox.sandbox import Blueprint, Sandbox
from emulator.sandbox.sandboxes import DEFAULT, Sandboxes, seeded_faker
from emulator.settings import Settings
from emulator.store.collection import Collection
from emulator.transport import wire
from emulator.transport.cors import Cors
from emulator.transport.hosts import Hosts
from emulator.transport.origin import Origin, authority_of, host_of, origin_of
from emulator.transport.tls import read_tls
from emulator.transport.tunnel import tunnelled_to
from emulator.vendor import Vendor

logger = logging.getLogger("emulator")


class Emulator:
    """The whole emulator, without a port: `dispatch` answers, once `start` has been awaited.

    `on_record` is told of each exchange with a vendor, `on_unaddressed` of method and path of each other call. Whoever
    listens on more than one port says so: `main_port` has all vendors, `vendor_ports` one each.
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
        self.catalogue = catalogue or read_catalogue(overlay=contract_overlay(settings))
        self.hosts = _hosts(settings, self.catalogue.contracts)
        self.cors = Cors(settings.cors)
        self.main_port = 0
        self.vendor_ports: dict[int, str] = {}
        self.tls = read_tls(settings, self.hosts.patterns)
        self.metrics = Metrics()
        self.ready = False
        self.stopping = asyncio.Event()
        self.worker = Worker()
        self.folders = fixture_folders(settings)
        self.switches = read_switches(settings.switches, self.catalogue.contracts)
        self._fixtures = self.fixtures()
        self.scenarios = self.read_scenarios(self.catalogue, self._fixtures)
        self.sandboxes = self._sandboxes(on_record)
        self._addressing = self._make_addressing()
        self._pipelines = {name: self._pipeline(name) for name in self.catalogue.vendors}
        self._control = Control(self)

    async def start(self) -> None:
        """Seed the sandboxes; from then on the emulator is ready."""
        await self.sandboxes.start()
        self.ready = True

    async def reset(self) -> Sandbox:
        """Make the default sandbox anew and return it."""
        return await self.sandboxes.reset(DEFAULT)

    async def close(self) -> None:
        """Let go of the sandboxes."""
        self.ready = False
        await self.sandboxes.close()

    def interrupt(self) -> None:
        """Undo what is still under way in the databases: nobody can wait for it any more."""
        self.sandboxes.interrupt()

    async def end_streams(self) -> None:
        """Cut delays short and let those who follow a journal go, before the server waits for them."""
        self.stopping.set()
        for sandbox in self.sandboxes:
            sandbox.journal.close()

    async def dispatch(self, request: web.BaseRequest) -> web.StreamResponse:
        """Hand a request to the vendor that it is for, or to the control API."""
        try:
            path = _path(request)
            origin = origin_of(request, self.settings.trust_forwarded)
            control = split_control(path)
            if control is not None:
                sandbox, path = control
                return await self._control.serve(request, path, origin, sandbox)
            preflight = self.cors.preflight(request, control=False)
            if preflight is not None:
                return preflight
            address = self._address(request, path, origin)
            return await self._pipelines[address.vendor].serve(request, address)
        except Problem as problem:
            response = wire.problem_response(problem)
            self.cors.allow(request, response)
            return response

    def _address(self, request: web.BaseRequest, path: str, origin: Origin) -> Address:
        if not self.ready:
            raise Problem(503, "The sandboxes are not seeded yet; wait for GET /_emulator/ready.")
        vendor = self.vendor_ports.get(_local_address(request)[1]) if self.vendor_ports else None
        try:
            return self._addressing.find(path, origin, request.headers, tunnelled_to(request), vendor)
        except Problem:
            if self._on_unaddressed is not None:
                self._on_unaddressed(request.method, path)
            raise

    def entrance(self, request: web.BaseRequest, origin: Origin) -> Entrance:
        """Return where the vendors are for the caller of a request, as far as it is known: a port may be mapped."""
        host, port = _local_address(request)
        called = authority_of(request)
        vendor = self.vendor_ports.get(port) or self.hosts.vendor(origin.authority)
        if vendor is None:
            return Entrance(origin.url, None, origin.url)
        if self.hosts.vendor(called) is None:
            host = host_of(called)
        return Entrance(origin.url, vendor, f"http://{host}:{self.main_port or port}")

    def fixtures(self, *overlay: Path, catalogue: Catalogue | None = None) -> Fixtures:
        """Read the fixtures, with more folders laid over them. Raises ConfigurationError if one is wrong.

        They are validated against the contracts of `catalogue` (None: those in force).
        """
        catalogue = catalogue or self.catalogue
        folders = [*self.folders, *overlay]
        for folder in folders:
            if not folder.is_dir():
                raise ConfigurationError(f"fixtures: {folder} is not a folder")
        contracts, vendors = catalogue.contracts, catalogue.vendors
        fixtures = {
            name: read_fixtures(folders, contracts[name], vendor.collections, credential_check())
            for name, vendor in vendors.items()
        }
        for folder in folders[1:]:
            for warning in unread_fixtures(folder, list(vendors)):
                logger.warning(warning)
        return fixtures

    def read_scenarios(self, catalogue: Catalogue, fixtures: Fixtures) -> dict[str, Scenario]:
        """Return all scenarios by full name. Raises ConfigurationError, naming line and key, if one cannot be.

        What they do to records is validated against the contracts, and to the records of `fixtures`.
        """
        return read_scenarios(self.folders, catalogue, seeded_records(fixtures, self.settings.seed, self.switches))

    def scenarios_named(self, pattern: str) -> list[Scenario]:
        """Return the scenarios that "secoda/flaky" or "*/outage" names. Raises ConfigurationError if there is none."""
        return named_scenarios(pattern, self.scenarios)

    async def apply_reload(self, catalogue: Catalogue, fixtures: Fixtures, scenarios: Mapping[str, Scenario]) -> None:
        """Hold the next calls to other contracts; begin new sandboxes, and those that are reset, with other fixtures.

        The list of scenarios is replaced. Raises ConfigurationError, and leaves all as it is, if that cannot be.
        """
        for name, contract in catalogue.contracts.items():
            _refuse_other_outside(self.catalogue.contracts[name], contract)
        await self.sandboxes.apply_reload(fixtures, scenarios, _starting(self.settings, scenarios))
        if catalogue is not self.catalogue:
            self.catalogue = catalogue
            self._pipelines = {name: self._pipeline(name) for name in catalogue.vendors}
        self._fixtures = fixtures
        # The pipelines hold the same mapping.
        self.scenarios.clear()
        self.scenarios.update(scenarios)
        self._addressing = self._make_addressing()

    def _problems_in(self, records: Sequence[Record], collection: Collection) -> Iterable[tuple[str, str]]:
        contract = self.catalogue.contracts[collection.name.partition(".")[0]]
        return problems_in(records, collection, contract, credential_check())

    def _sandboxes(self, on_record: Callable[[Exchange], None] | None) -> Sandboxes:
        settings, vendors = self.settings, self.catalogue.vendors
        blueprint = Blueprint(
            collections={name: vendor.collections for name, vendor in vendors.items()},
            switches=self.switches,
            journal_size=settings.journal_size,
            journal_bytes=settings.journal_bytes,
            journals=Journals(max(JOURNALS_BYTES, settings.journal_bytes)),
            faker=seeded_faker,
            problems_in=self._problems_in,
            sweeps={name: vendor.sweep for name, vendor in vendors.items()},
            snapshots=Budget(settings.snapshot_bytes),
            on_record=on_record,
        )
        return Sandboxes(
            self._fixtures,
            blueprint,
            seed=settings.seed,
            scenarios=_starting(settings, self.scenarios),
            limit=settings.sandbox_limit,
            database=settings.database,
        )

    def _make_addressing(self) -> Addressing:
        headers = {
            name: _credential_headers(vendor, self._fixtures[name]) for name, vendor in self.catalogue.vendors.items()
        }
        return Addressing(self.sandboxes, self.hosts, headers, hides_names=bool(self.settings.control_token))

    def _pipeline(self, name: str) -> Pipeline:
        settings, catalogue = self.settings, self.catalogue
        limits = Limits(
            body=wire.BodyLimits(settings.max_body, settings.max_json),
            max_depth=settings.max_json_depth,
            graphql=GraphQLLimits(
                depth=settings.graphql_depth,
                aliases=settings.graphql_aliases,
                fields=settings.graphql_fields,
                tokens=settings.graphql_tokens,
                length=settings.graphql_length,
            ),
            strict=settings.strict,
        )
        vendor, contract, handlers = catalogue.vendors[name], catalogue.contracts[name], catalogue.handlers[name]
        shared = (limits, self.metrics, self.cors, self.stopping, self.worker)
        return Pipeline(vendor, contract, handlers, self.scenarios, *shared)


def _starting(settings: Settings, scenarios: Mapping[str, Scenario]) -> list[Scenario]:
    return [scenario for pattern in settings.scenarios for scenario in named_scenarios(pattern, scenarios)]


def _local_address(request: web.BaseRequest) -> tuple[str, int]:
    """Return host and port that a request came to; port 0 inside a tunnel."""
    name = request.transport.get_extra_info("sockname") if request.transport else None
    if not isinstance(name, tuple):
        return "127.0.0.1", 0
    return f"[{name[0]}]" if ":" in name[0] else str(name[0]), int(name[1])


def _path(request: web.BaseRequest) -> str:
    # Of "OPTIONS *" and of an absolute target without a path, it does not begin with a slash.
    return "/" + request.rel_url.raw_path.removeprefix("/")


def _refuse_other_outside(before: Contract, after: Contract) -> None:
    """Raise ConfigurationError if a contract differs in what is fixed once sandboxes and ports are there."""
    for what in ("switches", "hosts", "mounts"):
        if getattr(before, what) != getattr(after, what):
            name = short_name(after.files["openapi.yaml"])
            raise ConfigurationError(f"{name}: its {what} have changed, which takes a restart")


def _hosts(settings: Settings, contracts: Mapping[str, Contract]) -> Hosts:
    """Return the host names that the contracts and the setting vendor_hosts give the vendors.

    Raises ConfigurationError where vendor_hosts or vendor_ports are for no vendor, or contradict themselves.
    """
    for name, entries in (("vendor_hosts", settings.vendor_hosts), ("vendor_ports", settings.vendor_ports)):
        for vendor, _ in entries:
            if vendor not in contracts:
                raise ConfigurationError(f"{name}: {unknown('vendor', vendor, contracts)}")
    documented = [(host, name) for name, contract in contracts.items() for host in contract.hosts]
    hosts = [*documented, *((host, vendor) for vendor, host in settings.vendor_hosts)]
    _refuse_doubles("vendor_hosts and contracts", "host", hosts)
    _refuse_doubles("vendor_ports", "vendor", [(vendor, str(port)) for vendor, port in settings.vendor_ports])
    # Port 0 is another one each time.
    _refuse_doubles("vendor_ports", "port", [(str(port), vendor) for vendor, port in settings.vendor_ports if port])
    return Hosts(dict(hosts))


def _refuse_doubles(setting: str, kind: str, entries: Sequence[tuple[str, str]]) -> None:
    """Raise ConfigurationError if the first of two in an entry has several seconds."""
    first: dict[str, str] = {}
    for key, value in entries:
        if first.setdefault(key, value) != value:
            raise ConfigurationError(f"{setting}: the {kind} {key} has both {first[key]} and {value}; keep one")


def _credential_headers(vendor: Vendor, fixtures: Sequence[Fixture]) -> Sequence[str]:
    """Return the headers in which a vendor's clients present what the fixtures hold."""
    records = [fixture.records for fixture in fixtures if fixture.collection.name == f"{vendor.name}.credentials"]
    return list(
        dict.fromkeys(header for found in records for credential in found for header in vendor.present(credential))
    )
