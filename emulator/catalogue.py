"""The vendors with their contracts, handlers and scenarios, read and checked against each other."""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from emulator.contract.completion import LEFT_OUT
from emulator.contract.documents import OPENAPI
from emulator.contract.evidence import INFERENCE
from emulator.contract.openapi import Contract, read_contract, refuse_contract, switch_named
from emulator.contract.operation import Operation
from emulator.contract.schemas import Check
from emulator.control.document import own_contract
from emulator.declared.deferred import Deferred
from emulator.declared.folders import find_vendors
from emulator.errors import ConfigurationError, unknown_scenario
from emulator.exchange import Record
from emulator.faults.check import check_fault
from emulator.faults.scenarios import Scenario, ScenarioReader
from emulator.files.package_data import CONTRACTS, FIXTURES
from emulator.files.unread import unread_contracts, unread_fixtures, unread_vendor
from emulator.files.yaml_file import short_name
from emulator.matching.globs import matches
from emulator.sandbox.fixtures import Fixture, Fixtures, create_schema, is_valid, problems_in, read_fixtures
from emulator.sandbox.templates import seed_vendor, seeded_faker
from emulator.settings import Settings
from emulator.store.collection import HIDDEN_KEY, Collection
from emulator.store.records import Records
from emulator.vendor import Handler, Handlers, Vendor
from emulator.vendors import load_vendors, vendor_names

if TYPE_CHECKING:
    from emulator.declared.planning import Planner

logger = logging.getLogger("emulator")


@dataclass(frozen=True)
class Catalogue:
    """Every vendor with its contract and its handlers, checked against each other.

    `ways` says for each vendor by what its operations are answered: "code", "declared", "inferred" or "example".
    `first_records` are those in the examples of documents that are served as they are, by vendor and collection.
    `prepared_later` read what no start waits for.
    """

    vendors: Mapping[str, Vendor]
    contracts: Mapping[str, Contract]
    handlers: Mapping[str, Handlers]
    ways: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    first_records: Mapping[str, Mapping[str, Sequence[Record]]] = field(default_factory=dict)
    prepared_later: Sequence[Callable[[], object]] = ()

    def refuse_restart(self, after: Catalogue) -> None:
        """Raise ConfigurationError if a contract differs in something that is fixed after the start."""
        if self.vendors.keys() != after.vendors.keys():
            raise ConfigurationError("vendors were added or removed, which requires a restart")
        for vendor, contract in after.contracts.items():
            if _collections(self.vendors[vendor]) != _collections(after.vendors[vendor]):
                name = short_name(contract.files[OPENAPI])
                raise ConfigurationError(f"{name}: its collections have changed, which takes a restart")
            for what in ("switches", "hosts", "mounts"):
                if getattr(self.contracts[vendor], what) != getattr(contract, what):
                    name = short_name(contract.files[OPENAPI])
                    raise ConfigurationError(f"{name}: its {what} have changed, which requires a restart")


def _collections(vendor: Vendor) -> set[tuple[str, str]]:
    return {(collection.name, collection.key) for collection in vendor.collections}


def read_catalogue(
    vendors: Mapping[str, Vendor] | None = None,
    folder: Path = CONTRACTS,
    overlay: Path | None = None,
    homes: Mapping[str, Path] | None = None,
) -> Catalogue:
    """Read the contracts in `folder` of `vendors` (all there are), files of `overlay` taking the place of its own.

    `homes` are the folders of other vendors, by name. Raises ContractError where a contract is wrong, or does not fit
    its vendor.
    """
    vendors = load_vendors() if vendors is None else vendors
    overlays = [overlay] if overlay else []
    entries = {name: read_built_in(vendor, folder, *overlays) for name, vendor in vendors.items()}
    entries |= {name: read_own(home, name) for name, home in (homes or {}).items()}
    entries = dict(sorted(entries.items()))
    unread = list(unread_contracts(overlay, list(vendors))) if overlay else []
    for warning in [*unread, *(said for home in (homes or {}).values() for said in unread_vendor(home))]:
        logger.warning(warning)
    return Catalogue(
        vendors={name: entry.vendor for name, entry in entries.items()},
        contracts={name: entry.contract for name, entry in entries.items()},
        handlers={name: bind(entry) for name, entry in entries.items()},
        ways={name: entry.ways() for name, entry in entries.items()},
        first_records={name: entry.first_records for name, entry in entries.items()},
        prepared_later=[entry.prepare for entry in entries.values() if entry.prepare is not None],
    )


@dataclass(frozen=True)
class Entry:
    """A vendor with its contract, and the handlers of the operations that the contract declares.

    `first_records` are those in the examples of a document that is served as it is, by collection. `prepare` reads
    what is read at the first call otherwise.
    """

    vendor: Vendor
    contract: Contract
    declared: Mapping[str, Handler] = field(default_factory=dict)
    first_records: Mapping[str, Sequence[Record]] = field(default_factory=dict)
    prepare: Callable[[], object] | None = None

    def ways(self) -> dict[str, str]:
        """Return by what each operation is answered."""
        by_code = {name for module in self.vendor.handlers for name in module.names()}
        return {
            name: "code" if name in by_code else self._way(operation) if name in self.declared else "example"
            for name, operation in self.contract.handled.items()
        }

    def _way(self, operation: Operation) -> str:
        return "inferred" if operation.evidence.source == INFERENCE else "declared"


def read_built_in(vendor: Vendor, folder: Path, *overlays: Path) -> Entry:
    """Read the contract of a vendor that came with the emulator. Raises ContractError for a wrong one."""
    contract = read_contract(folder / vendor.name, *(one / vendor.name for one in overlays))
    if not has_words(contract.document):
        return Entry(vendor, contract)
    if contract.is_built_in:
        deferred = Deferred(contract, vendor.collections, vendor.hooks, vendor.dialect)
        whole = replace(vendor, collections=deferred.collections, due=deferred.due)
        return Entry(whole, contract, deferred.handlers(), prepare=deferred.prepare)
    from emulator.declared.reading import read_declarations  # noqa: PLC0415
    from emulator.declared.vendor import merged  # noqa: PLC0415

    declared = read_declarations(contract, vendor.collections, vendor.hooks, vendor.dialect)
    refuse_contract(declared.problems)
    collections = merged(vendor.collections, declared.collections) if declared.collections else vendor.collections
    return Entry(replace(vendor, collections=collections, due=declared.due), contract, declared.handlers)


def has_words(document: object) -> bool:
    """Return True if `x-emulator` is anywhere in a contract: where it must not be, reading it says so."""
    if isinstance(document, dict):
        return "x-emulator" in document or any(map(has_words, document.values()))
    return isinstance(document, list) and any(map(has_words, document))


def read_own(home: Path, name: str) -> Entry:
    """Read a vendor from its own folder. Raises ContractError for a wrong contract."""
    from emulator.declared.vendor import read_public, vendor_of  # noqa: PLC0415

    contract, code, declared = read_public(home, name)
    if left_out := contract.document.get(LEFT_OUT):
        name_of_file, paths = short_name(contract.files[OPENAPI]), ", ".join(left_out)
        logger.warning("%s: %d paths cannot be served: %s", name_of_file, len(left_out), paths[:500])
    refuse_contract(declared.problems)
    vendor = replace(vendor_of(contract, code, declared), due=declared.due)
    return Entry(vendor, contract, declared.handlers, _records_in_examples(contract, declared.planner))


def _records_in_examples(contract: Contract, planner: Planner | None) -> Mapping[str, Sequence[Record]]:
    if planner is None or contract.home is None or not contract.home.is_file():
        return {}
    from emulator.declared.first_records import examples_of, records_in  # noqa: PLC0415

    return records_in(examples_of(contract), planner)


def bind(entry: Entry) -> Handlers:
    """Return a vendor's handlers. Raises ContractError if they and the contract's operations differ."""
    handlers = Handlers()
    for module in entry.vendor.handlers:
        handlers.merge(module)
    refuse_contract(list(entry_problems(entry)))
    handlers.transactional.update(entry.declared)
    if entry.contract.home is not None:
        from emulator.declared.static import example_handlers  # noqa: PLC0415

        missing = [name for name in entry.contract.handled if name not in handlers.names()]
        handlers.transactional.update(example_handlers(entry.contract, missing))
    return handlers


def entry_problems(entry: Entry) -> Iterator[str]:
    """Yield where the handlers, the declarations and the operations of a vendor differ."""
    vendor, contract = entry.vendor, entry.contract
    found = {name: handler for module in vendor.handlers for name, handler in module.all().items()}
    file = contract.files[OPENAPI]
    for name in sorted(found.keys() & entry.declared.keys()):
        said = f"operation {name} is declared here, and handled by {_place_of(found[name])}"
        yield f"{short_name(file)}: {said}; keep one"
    answered = {*entry.declared, *(contract.handled if contract.home is not None else ())}
    code = short_name(contract.home / "vendor.py") if contract.home else ""
    yield from binding_problems(vendor, contract.handled, file, answered, code)
    if contract.home is not None:
        for name in contract.handled.keys() - found.keys() - entry.declared.keys():
            operation = contract.operations[name]
            if not operation.root and not any(200 <= status < 400 for status in operation.responses):
                yield f"{short_name(file)}: operation {name} declares no 2xx"


def _place_of(handler: object) -> str:
    code = getattr(handler, "__code__", None)
    return f"{code.co_name} in {short_name(Path(code.co_filename))}" if code else "Python"


def binding_problems(
    vendor: Vendor, operations: Iterable[str], file: Path, answered: Iterable[str] = (), code: str = ""
) -> Iterator[str]:
    """Yield where a vendor's handlers, in `code`, and the operations that its contract promises differ.

    Those that are `answered` need no handler.
    """
    code = code or f"emulator/vendors/{vendor.name}"
    promised, found = set(operations), {name for module in vendor.handlers for name in module.names()}
    for name in sorted(promised - found - set(answered)):
        yield (
            f"{short_name(file)}: operation {name} has no handler in {code}; handlers found: {', '.join(sorted(found))}"
        )
    for name in sorted(found - promised):
        yield (
            f"{code} has a handler for {name}, which is not an operation of {short_name(file)};"
            f" operations found: {', '.join(sorted(promised))}"
        )


def named_scenarios(pattern: str, scenarios: Mapping[str, Scenario]) -> list[Scenario]:
    """Return the scenarios that match "secoda/flaky" or "*/outage". Raises ConfigurationError if none does."""
    found = [scenario for name, scenario in scenarios.items() if matches(name, pattern)]
    if not found:
        raise ConfigurationError(unknown_scenario(pattern, sorted(scenarios)))
    return found


def read_all_fixtures(folders: Sequence[Path], catalogue: Catalogue) -> Fixtures:
    """Return the vendors' fixtures; a file in a later folder replaces one in a folder before. The first is built-in.

    Raises ConfigurationError for an invalid one.
    """
    for folder in folders:
        if not folder.is_dir():
            raise ConfigurationError(f"fixtures: {folder} is not a folder")
    fixtures = {
        name: [
            _with_first_records(fixture, catalogue.contracts[name], catalogue.first_records.get(name, {}))
            for fixture in read_fixtures(folders, catalogue.contracts[name], vendor.collections, credential_check())
        ]
        for name, vendor in catalogue.vendors.items()
    }
    for folder in folders[1:]:
        for warning in unread_fixtures(folder, list(catalogue.vendors)):
            logger.warning(warning)
    return fixtures


FIRST_RECORDS = 3
"""How many records are generated for an inferred collection without fixtures, and without records in examples."""


def _with_first_records(fixture: Fixture, contract: Contract, of_examples: Mapping[str, Sequence[Record]]) -> Fixture:
    """Give a user's vendor the usual credentials if it names none, and inferred collections some records (rule 14)."""
    if contract.home is None or fixture.records or fixture.populate:
        return fixture
    if fixture.collection.is_of_credentials:
        from emulator.declared.authentication import default_credentials  # noqa: PLC0415

        return replace(fixture, records=default_credentials(contract.vendor, contract.document))
    if not contract.home.is_file():
        return fixture
    if fixture.collection.key == HIDDEN_KEY:
        # A singleton is made when its parent's is read.
        return fixture
    records = of_examples.get(fixture.collection.own_name, ())
    fits = partial(is_valid, fixture.collection, contract, credential_check())
    return replace(fixture, records=records) if records else replace(fixture, populate=FIRST_RECORDS, fits=fits)


def read_scenarios(
    folders: Sequence[Path], catalogue: Catalogue, records: Callable[[Collection], Sequence[Record]] | None = None
) -> dict[str, Scenario]:
    """Return all scenarios in the folders by full name. Raises ConfigurationError, naming line and key."""
    return scenario_reader(catalogue, records).read(folders)


def seeded_records(
    fixtures: Fixtures, seed: int, switches: Mapping[str, Mapping[str, Any]]
) -> Callable[[Collection], Sequence[Record]]:
    """Return a function for a sandbox's first records. Seeding takes a while, so it is done on demand."""

    @cache
    def of_vendor(vendor: str) -> Mapping[str, Sequence[Record]]:
        collections = [fixture.collection for fixture in fixtures[vendor]]
        with closing(sqlite3.connect(":memory:")) as db:
            create_schema(db, collections)
            seed_vendor(db, vendor, fixtures[vendor], seed, switches[vendor], seeded_faker)
            return {collection.name: Records(db, collection).all() for collection in collections}

    return lambda collection: of_vendor(collection.vendor)[collection.name]


def scenario_reader(
    catalogue: Catalogue, records: Callable[[Collection], Sequence[Record]] | None = None
) -> ScenarioReader:
    """Return the reader of scenario files, which validates them against the vendors' contracts and `records`."""
    contracts = catalogue.contracts
    return ScenarioReader(
        check=own_contract().schema("scenarios.schema.json"),
        check_fault=lambda fault: check_fault(fault, contracts),
        problems_in=lambda records, collection: problems_in(
            records, collection, contracts[collection.vendor], credential_check()
        ),
        switches={
            name: {switch.name: switch.choices for switch in contract.switches.values()}
            for name, contract in contracts.items()
        },
        collections={
            name: {collection.own_name: collection for collection in vendor.collections}
            for name, vendor in catalogue.vendors.items()
        },
        records=records,
        homes={name: contract.home for name, contract in contracts.items() if contract.home is not None},
        trusts_built_in=all(contract.is_built_in for contract in contracts.values() if contract.home is None),
    )


def credential_check() -> Check:
    """Return the check for the credential records of all vendors."""
    return own_contract().schema("credential.schema.json")


def vendor_homes(settings: Settings) -> dict[str, Path]:
    """Return the folders (or documents) of the vendors that are not built in. Raises ConfigurationError."""
    return find_vendors(settings.vendors, vendor_names(), settings.openapi)


def contract_overlay(settings: Settings) -> Path | None:
    """Return the user's folder of contracts, or None. Raises ConfigurationError if it is not a folder."""
    folder = Path(settings.contracts) if settings.contracts else None
    if folder is not None and not folder.is_dir():
        raise ConfigurationError(f"contracts: {folder} is not a folder")
    return folder


def fixture_folders(settings: Settings) -> list[Path]:
    """Return the built-in folder, and the user's own if the settings name one."""
    return [FIXTURES, *([Path(settings.fixtures)] if settings.fixtures else [])]


def read_switches(given: tuple[str, ...], contracts: Mapping[str, Contract]) -> dict[str, dict[str, Any]]:
    """Return every switch by vendor and name: the contracts' defaults, overridden by `given`."""
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
