"""Puts the pieces together: contracts, vendors, fixtures, sandboxes, pipelines, one web application."""

from __future__ import annotations

import asyncio
import logging
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from aiohttp import web

from emulator.addressing import Address, Addressing, split_control
from emulator.contract.documents import OPENAPI
from emulator.contract.graphql import GraphQLLimits
from emulator.contract.openapi import Contract, read_contract
from emulator.contract.schemas import Check
from emulator.control.api import Control
from emulator.control.document import own_contract
from emulator.entrance import Entrance
from emulator.errors import ConfigurationError, ContractError
from emulator.faults.check import check_fault
from emulator.faults.scenarios import Scenario, ScenarioReader
from emulator.files.package_data import CONTRACTS, FIXTURES
from emulator.files.unread import unread_contracts, unread_fixtures
from emulator.files.yaml_file import short_name
from emulator.journal.journal import Exchange
from emulator.journal.journals import JOURNALS_BYTES, Journals
from emulator.matching.globs import matches
from emulator.metrics import Metrics
from emulator.pipeline import Limits, Pipeline
from emulator.problems import Problem
from emulator.runtime.off_loop import Worker
from emulator.sandbox.budget import Budget
from emulator.sandbox.fixtures import Fixture, Fixtures, create_schema, problems_in, read_fixtures
from emulator.sandbox.sandbox import Blueprint, Sandbox
from emulator.sandbox.sandboxes import DEFAULT, Sandboxes, seed_vendor, seeded_faker
from emulator.settings import SETTINGS, Settings
from emulator.store.collection import Collection, Record, Records
from emulator.transport import wire
from emulator.transport.cors import Cors
from emulator.transport.hosts import Hosts
from emulator.transport.origin import Origin, authority_of, host_of, origin_of
from emulator.transport.tls import read_tls
from emulator.transport.tunnel import tunnelled_to
from emulator.vendor import Handlers, Vendor
from emulator.vendors import load_vendors

logger = logging.getLogger("emulator")

OF_WORLD = ("seed", "fixtures", "flags")
"""The settings that a seeded world depends on."""


@dataclass(frozen=True)
class Catalogue:
    """Every vendor with its contract and its handlers, checked against each other."""

    vendors: Mapping[str, Vendor]
    contracts: Mapping[str, Contract]
    handlers: Mapping[str, Handlers]


def read_catalogue(
    vendors: Mapping[str, Vendor] | None = None, folder: Path = CONTRACTS, overlay: Path | None = None
) -> Catalogue:
    """Read the contracts in `folder` of `vendors` (all there are), files of `overlay` taking the place of its own.

    Raises ContractError where a contract is wrong, or does not fit its vendor.
    """
    vendors = load_vendors() if vendors is None else vendors
    overlays = [overlay] if overlay else []
    contracts = {name: read_contract(folder / name, *(one / name for one in overlays)) for name in vendors}
    handlers = {name: bind(vendor, contracts[name]) for name, vendor in vendors.items()}
    for warning in unread_contracts(overlay, list(vendors)) if overlay else ():
        logger.warning(warning)
    return Catalogue(vendors, contracts, handlers)


def bind(vendor: Vendor, contract: Contract) -> Handlers:
    """Return a vendor's handlers. Raises ContractError where they and the contract's operations differ."""
    handlers = Handlers()
    for module in vendor.handlers:
        handlers.merge(module)
    for problem in binding_problems(vendor, contract.handled, contract.files[OPENAPI]):
        raise ContractError(problem)
    return handlers


def binding_problems(vendor: Vendor, operations: Iterable[str], file: Path) -> Iterator[str]:
    """Yield where a vendor's handlers and the operations that its contract promises differ."""
    promised, found = set(operations), {name for module in vendor.handlers for name in module.names()}
    for name in sorted(promised - found):
        yield (
            f"{short_name(file)}: operation {name} has no handler in emulator/vendors/{vendor.name};"
            f" handlers found: {', '.join(sorted(found))}"
        )
    for name in sorted(found - promised):
        yield (
            f"emulator/vendors/{vendor.name} has a handler for {name}, which is no operation of {short_name(file)};"
            f" operations found: {', '.join(sorted(promised))}"
        )


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
        self.flags = _read_flags(settings.flags, self.catalogue.contracts)
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

        They are held to the contracts of `catalogue` (None: those in force).
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

        What they do to records is held to the contracts, and to the records of `fixtures`.
        """
        return read_scenarios(self.folders, catalogue, seeded_records(fixtures, self.settings.seed, self.flags))

    def scenarios_named(self, pattern: str) -> list[Scenario]:
        """Return the scenarios that "secoda/flaky" or "*/outage" names. Raises ConfigurationError if there is none."""
        return _named(pattern, self.scenarios)

    async def take(self, catalogue: Catalogue, fixtures: Fixtures, scenarios: Mapping[str, Scenario]) -> None:
        """Hold the next calls to other contracts; begin new sandboxes, and those that are reset, with other fixtures.

        The list of scenarios is replaced. Raises ConfigurationError, and leaves all as it is, if that cannot be.
        """
        for name, contract in catalogue.contracts.items():
            _refuse_other_outside(self.catalogue.contracts[name], contract)
        await self.sandboxes.take(fixtures, scenarios, _starting(self.settings, scenarios))
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
            flags=self.flags,
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
            keep_world=_begins_as_usual(settings),
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


def _named(pattern: str, scenarios: Mapping[str, Scenario]) -> list[Scenario]:
    found = [scenario for name, scenario in scenarios.items() if matches(name, pattern)]
    if not found:
        names = ", ".join(sorted(scenarios))
        raise ConfigurationError(f"there is no scenario {pattern!r}; there are {names}")
    return found


def _starting(settings: Settings, scenarios: Mapping[str, Scenario]) -> list[Scenario]:
    return [scenario for pattern in settings.scenarios for scenario in _named(pattern, scenarios)]


def read_scenarios(
    folders: Sequence[Path], catalogue: Catalogue, records: Callable[[Collection], Sequence[Record]] | None = None
) -> dict[str, Scenario]:
    """Return all scenarios in the folders by full name. Raises ConfigurationError, naming line and key."""
    return scenario_reader(catalogue, records).read(folders)


def seeded_records(
    fixtures: Fixtures, seed: int, flags: Mapping[str, Mapping[str, Any]]
) -> Callable[[Collection], Sequence[Record]]:
    """Return what gives the records with which a sandbox begins. Seeding takes a while: it is done when asked for."""

    @cache
    def of_vendor(vendor: str) -> Mapping[str, Sequence[Record]]:
        collections = [fixture.collection for fixture in fixtures[vendor]]
        with closing(sqlite3.connect(":memory:")) as db:
            create_schema(db, collections)
            seed_vendor(db, vendor, fixtures[vendor], seed, flags[vendor], seeded_faker)
            return {collection.name: Records(db, collection).all() for collection in collections}

    return lambda collection: of_vendor(collection.name.partition(".")[0])[collection.name]


def scenario_reader(
    catalogue: Catalogue, records: Callable[[Collection], Sequence[Record]] | None = None
) -> ScenarioReader:
    """Return what reads scenario files and knows what the vendors' contracts, and `records`, allow in them."""
    contracts = catalogue.contracts
    return ScenarioReader(
        check=own_contract().schema("scenarios.schema.json"),
        check_fault=lambda fault: check_fault(fault, contracts[fault.vendor]),
        problems_in=lambda records, collection: problems_in(
            records, collection, contracts[collection.name.partition(".")[0]], credential_check()
        ),
        flags={
            name: {flag.name: flag.choices for flag in contract.flags.values()} for name, contract in contracts.items()
        },
        collections={
            name: {collection.name.partition(".")[2]: collection for collection in vendor.collections}
            for name, vendor in catalogue.vendors.items()
        },
        records=records,
    )


def _local_address(request: web.BaseRequest) -> tuple[str, int]:
    """Return host and port that a request came to; port 0 inside a tunnel."""
    name = request.transport.get_extra_info("sockname") if request.transport else None
    if not isinstance(name, tuple):
        return "127.0.0.1", 0
    return f"[{name[0]}]" if ":" in name[0] else str(name[0]), int(name[1])


def _path(request: web.BaseRequest) -> str:
    # Of "OPTIONS *" and of an absolute target without a path, it does not begin with a slash.
    return "/" + request.rel_url.raw_path.removeprefix("/")


def _begins_as_usual(settings: Settings) -> bool:
    """Tell whether a world is as most are: made of our own fixtures, by the default seed and flags."""
    return all(settings[setting.name] == setting.default for setting in SETTINGS if setting.name in OF_WORLD)


def credential_check() -> Check:
    """Return what the records of every vendor's credentials are held to."""
    return own_contract().schema("credential.schema.json")


def contract_overlay(settings: Settings) -> Path | None:
    """Return the user's own folder of contracts if the settings name one. Raises ConfigurationError if it is none."""
    folder = Path(settings.contracts) if settings.contracts else None
    if folder is not None and not folder.is_dir():
        raise ConfigurationError(f"contracts: {folder} is not a folder")
    return folder


def _refuse_other_outside(before: Contract, after: Contract) -> None:
    """Raise ConfigurationError if a contract differs in what is fixed once sandboxes and ports are there."""
    for what in ("flags", "hosts", "mounts"):
        if getattr(before, what) != getattr(after, what):
            name = short_name(after.files["openapi.yaml"])
            raise ConfigurationError(f"{name}: its {what} have changed, which takes a restart")


def _hosts(settings: Settings, contracts: Mapping[str, Contract]) -> Hosts:
    """Return the host names that the contracts and the setting vendor_hosts give the vendors.

    Raises ConfigurationError where vendor_hosts or vendor_ports are for no vendor, or contradict themselves.
    """
    for name in ("vendor_hosts", "vendor_ports"):
        for vendor, _ in settings[name]:
            if vendor not in contracts:
                raise ConfigurationError(f"{name}: unknown vendor {vendor!r}; known vendors: {', '.join(contracts)}")
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


def fixture_folders(settings: Settings) -> list[Path]:
    """Return the built-in folder, and the user's own where the settings name one."""
    return [FIXTURES, *([Path(settings.fixtures)] if settings.fixtures else [])]


def _credential_headers(vendor: Vendor, fixtures: Sequence[Fixture]) -> Sequence[str]:
    """Return the headers in which a vendor's clients present what the fixtures hold."""
    books = [fixture.records for fixture in fixtures if fixture.collection.name == f"{vendor.name}.credentials"]
    return list(dict.fromkeys(header for book in books for credential in book for header in vendor.present(credential)))


def _read_flags(given: tuple[str, ...], contracts: Mapping[str, Contract]) -> dict[str, dict[str, Any]]:
    """Return every flag by vendor and name, as the contracts have them, changed as `given` says."""
    values = {
        name: {flag.name: flag.default for flag in contract.flags.values()} for name, contract in contracts.items()
    }
    for entry in given:
        vendor, flag, value = parse_flag(entry, contracts)
        values[vendor][flag] = value
    return values


def parse_flag(entry: str, contracts: Mapping[str, Contract]) -> tuple[str, str, Any]:
    """Read "celigo.empty_list_status=204" as vendor, name and value. Raises ConfigurationError."""
    full_name, _, text = entry.partition("=")
    vendor, _, name = full_name.partition(".")
    known = {
        f"{flag_vendor}.{flag}": contract.flags[flag]
        for flag_vendor, contract in contracts.items()
        for flag in contract.flags
    }
    if full_name not in known:
        raise ConfigurationError(f"flags: there is no flag {full_name!r}; there are {', '.join(sorted(known))}")
    choices = {str(choice).lower(): choice for choice in known[full_name].choices}
    if text.lower() not in choices:
        raise ConfigurationError(f"flags: {full_name} is {text!r}; it takes {', '.join(choices)}")
    return vendor, name, choices[text.lower()]
