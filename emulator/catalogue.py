"""The vendors with their contracts, handlers and scenarios, read and checked against each other."""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from emulator.contract.documents import OPENAPI
from emulator.contract.openapi import Contract, read_contract, switch_named
from emulator.contract.schemas import Check
from emulator.control.document import own_contract
from emulator.errors import ConfigurationError, ContractError, unknown_scenario
from emulator.exchange import Record
from emulator.faults.check import check_fault
from emulator.faults.scenarios import Scenario, ScenarioReader
from emulator.files.package_data import CONTRACTS, FIXTURES
from emulator.files.unread import unread_contracts, unread_fixtures
from emulator.files.yaml_file import short_name
from emulator.matching.globs import matches
from emulator.sandbox.fixtures import Fixtures, create_schema, problems_in, read_fixtures
from emulator.sandbox.templates import seed_vendor, seeded_faker
from emulator.settings import Settings
from emulator.store.collection import Collection
from emulator.store.records import Records
from emulator.vendor import Handlers, Vendor
from emulator.vendors import load_vendors

logger = logging.getLogger("emulator")


@dataclass(frozen=True)
class Catalogue:
    """Every vendor with its contract and its handlers, checked against each other."""

    vendors: Mapping[str, Vendor]
    contracts: Mapping[str, Contract]
    handlers: Mapping[str, Handlers]

    def refuse_restart(self, after: Catalogue) -> None:
        """Raise ConfigurationError if a contract differs in what is fixed once sandboxes and ports are there."""
        for vendor, contract in after.contracts.items():
            for what in ("switches", "hosts", "mounts"):
                if getattr(self.contracts[vendor], what) != getattr(contract, what):
                    name = short_name(contract.files[OPENAPI])
                    raise ConfigurationError(f"{name}: its {what} have changed, which takes a restart")


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
            f"emulator/vendors/{vendor.name} has a handler for {name}, which is not an operation of {short_name(file)};"
            f" operations found: {', '.join(sorted(promised))}"
        )


def named_scenarios(pattern: str, scenarios: Mapping[str, Scenario]) -> list[Scenario]:
    """Return the scenarios that "secoda/flaky" or "*/outage" names. Raises ConfigurationError if there is none."""
    found = [scenario for name, scenario in scenarios.items() if matches(name, pattern)]
    if not found:
        raise ConfigurationError(unknown_scenario(pattern, sorted(scenarios)))
    return found


def read_all_fixtures(folders: Sequence[Path], catalogue: Catalogue) -> Fixtures:
    """Return the vendors' fixtures; of files in several folders the last counts, and the first folder is ours.

    Raises ConfigurationError if one is wrong.
    """
    for folder in folders:
        if not folder.is_dir():
            raise ConfigurationError(f"fixtures: {folder} is not a folder")
    fixtures = {
        name: read_fixtures(folders, catalogue.contracts[name], vendor.collections, credential_check())
        for name, vendor in catalogue.vendors.items()
    }
    for folder in folders[1:]:
        for warning in unread_fixtures(folder, list(catalogue.vendors)):
            logger.warning(warning)
    return fixtures


def read_scenarios(
    folders: Sequence[Path], catalogue: Catalogue, records: Callable[[Collection], Sequence[Record]] | None = None
) -> dict[str, Scenario]:
    """Return all scenarios in the folders by full name. Raises ConfigurationError, naming line and key."""
    return scenario_reader(catalogue, records).read(folders)


def seeded_records(
    fixtures: Fixtures, seed: int, switches: Mapping[str, Mapping[str, Any]]
) -> Callable[[Collection], Sequence[Record]]:
    """Return what gives the records with which a sandbox begins. Seeding takes a while: it is done when asked for."""

    @cache
    def of_vendor(vendor: str) -> Mapping[str, Sequence[Record]]:
        collections = [fixture.collection for fixture in fixtures[vendor]]
        with closing(sqlite3.connect(":memory:")) as db:
            create_schema(db, collections)
            seed_vendor(db, vendor, fixtures[vendor], seed, switches[vendor], seeded_faker)
            return {collection.name: Records(db, collection).all() for collection in collections}

    return lambda collection: of_vendor(collection.name.partition(".")[0])[collection.name]


def scenario_reader(
    catalogue: Catalogue, records: Callable[[Collection], Sequence[Record]] | None = None
) -> ScenarioReader:
    """Return what reads scenario files and knows what the vendors' contracts, and `records`, allow in them."""
    contracts = catalogue.contracts
    return ScenarioReader(
        check=own_contract().schema("scenarios.schema.json"),
        check_fault=lambda fault: check_fault(fault, contracts),
        problems_in=lambda records, collection: problems_in(
            records, collection, contracts[collection.name.partition(".")[0]], credential_check()
        ),
        switches={
            name: {switch.name: switch.choices for switch in contract.switches.values()}
            for name, contract in contracts.items()
        },
        collections={
            name: {collection.name.partition(".")[2]: collection for collection in vendor.collections}
            for name, vendor in catalogue.vendors.items()
        },
        records=records,
    )


def credential_check() -> Check:
    """Return what the records of every vendor's credentials are validated against."""
    return own_contract().schema("credential.schema.json")


def contract_overlay(settings: Settings) -> Path | None:
    """Return the user's own folder of contracts if the settings name one. Raises ConfigurationError if it is none."""
    folder = Path(settings.contracts) if settings.contracts else None
    if folder is not None and not folder.is_dir():
        raise ConfigurationError(f"contracts: {folder} is not a folder")
    return folder


def fixture_folders(settings: Settings) -> list[Path]:
    """Return the built-in folder, and the user's own where the settings name one."""
    return [FIXTURES, *([Path(settings.fixtures)] if settings.fixtures else [])]


def read_switches(given: tuple[str, ...], contracts: Mapping[str, Contract]) -> dict[str, dict[str, Any]]:
    """Return every switch by vendor and name, as the contracts have them, changed as `given` says."""
    values = {
        name: {switch.name: switch.default for switch in contract.switches.values()}
        for name, contract in contracts.items()
    }
    for entry in given:
        vendor, switch, value = parse_switch(entry, contracts)
        values[vendor][switch] = value
    return values


def parse_switch(entry: str, contracts: Mapping[str, Contract]) -> tuple[str, str, Any]:
    """Read "celigo.empty_list_status=204" as vendor, name and value. Raises ConfigurationError."""
    full_name, _, text = entry.partition("=")
    vendor, _, name = full_name.partition(".")
    try:
        switch = switch_named(full_name, contracts)
    except ConfigurationError as problem:
        raise ConfigurationError(f"switches: {problem}") from None
    choices = {str(choice).lower(): choice for choice in switch.choices}
    if text.lower() not in choices:
        raise ConfigurationError(f"switches: {full_name} is {text!r}; it takes {', '.join(choices)}")
    return vendor, name, choices[text.lower()]
