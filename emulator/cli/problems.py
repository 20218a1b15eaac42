"""Mistakes in contracts, fixtures and scenarios, with their places."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from emulator.app import Emulator
from emulator.catalogue import (
    Catalogue,
    Entry,
    binding_problems,
    contract_overlay,
    credential_check,
    entry_problems,
    fixture_folders,
    read_catalogue,
    read_own,
    scenario_reader,
    seeded_records,
    vendor_homes,
)
from emulator.compare.probes import probe_problems
from emulator.compare.pulling import pull_problems
from emulator.contract.documents import OPENAPI, contract_files, load
from emulator.contract.form import declared_names, handled_names, problems
from emulator.contract.openapi import read_contract
from emulator.contract.routes import Routes
from emulator.declared.reading import read_declarations
from emulator.declared.vendor import read_public, vendor_of
from emulator.errors import ConfigurationError
from emulator.exchange import Record
from emulator.files.package_data import CONTRACTS, FIXTURES
from emulator.files.unread import unread_contracts, unread_fixtures, unread_vendor
from emulator.sandbox.completion import Completion
from emulator.sandbox.fixtures import Fixture, completions, fixture_problems, read_fixtures
from emulator.settings import Settings
from emulator.store.collection import Collection
from emulator.vendor import Vendor
from emulator.vendors import load_vendors


def checked_folders(settings: Settings, folders: Sequence[Path]) -> Sequence[Path]:
    """Return the built-in folder of fixtures, and `folders`, or else the one in the settings.

    Raises ConfigurationError for one that is not a folder.
    """
    built_in, *own = fixture_folders(settings)
    checked = [built_in, *(folders or own)]
    for folder in checked:
        if not folder.is_dir():
            raise ConfigurationError(f"{folder} is not a folder")
    return checked


def all_problems(folders: Sequence[Path], settings: Settings) -> Iterator[str]:
    """Yield all mistakes in the contracts, and in the folders: the built-in ones, then the users' own."""
    overlay, vendors = contract_overlay(settings), load_vendors()
    homes = vendor_homes(settings)
    of_contracts = list(contract_problems(overlay=overlay))
    yield from of_contracts
    of_own = {name: list(own_problems(home, name)) for name, home in homes.items()}
    for found in of_own.values():
        yield from found
    if overlay is not None:
        yield from unread_contracts(overlay, list(vendors))
    # If the user's own contracts cannot be read, fixtures and scenarios are checked against the built-in ones.
    sound = {name: home for name, home in homes.items() if not of_own[name]}
    catalogue = read_catalogue(overlay=None if of_contracts else overlay, homes=sound)
    known = list(catalogue.vendors)
    for number, folder in enumerate(folders):
        unread = list(unread_fixtures(folder, known)) if number else []
        found = [*folder_problems(folder, catalogue, settings), *unread]
        # Only valid files can be loaded; their mistakes have already been reported.
        yield from found or _world_problems(folder if number else None, settings, catalogue)


def all_completions(folders: Sequence[Path], settings: Settings) -> Iterator[Completion]:
    """Yield what is generated for the records in users' folders of fixtures, which have no problem."""
    catalogue = read_catalogue(overlay=contract_overlay(settings))
    for folder in folders[1:]:
        for name in catalogue.vendors:
            fixtures = _fixtures(folder, catalogue, name)
            found = list(completions({name: fixtures}))
            if found:
                seeded_records({name: fixtures}, settings.seed, _switches(catalogue))(fixtures[0].collection)
            yield from found


def contract_problems(folder: Path = CONTRACTS, overlay: Path | None = None) -> Iterator[str]:
    """Yield for each vendor the mistakes in its contract, or the differences to its handlers."""
    for name, vendor in load_vendors().items():
        files = contract_files(folder / name, *([overlay / name] if overlay else ()))
        found = problems(name, files)
        yield from found
        if OPENAPI in files:
            yield from _binding_problems(vendor, files[OPENAPI])
        if not found:
            try:
                contract = read_contract(folder / name, *([overlay / name] if overlay else ()))
                contract.compile()
                yield from read_declarations(contract, vendor.collections, vendor.hooks).problems
                yield from probe_problems(contract)
                yield from pull_problems(contract)
            except ConfigurationError as problem:
                yield str(problem)


def own_problems(home: Path, name: str) -> Iterator[str]:
    """Yield what is wrong with the contract of a vendor in its own folder, its declarations and its Python."""
    yield from unread_vendor(home)
    files = contract_files(home)
    found = problems(name, files, is_public=True)
    yield from found
    if found:
        return
    try:
        contract, code, declared = read_public(home, name)
        Routes(contract)
        yield from declared.problems
        yield from probe_problems(contract)
        yield from pull_problems(contract)
        if not declared.problems:
            yield from entry_problems(Entry(vendor_of(contract, code, declared), contract, declared.handlers))
    except ConfigurationError as problem:
        yield str(problem)


def _binding_problems(vendor: Vendor, file: Path) -> Iterator[str]:
    try:
        document = load(file)
    except ConfigurationError:
        # Already reported.
        return
    if isinstance(document, dict) and isinstance(document.get("paths"), dict):
        yield from binding_problems(vendor, handled_names(document), file, declared_names(document))


def own_operations(settings: Settings) -> Iterator[str]:
    """Yield a line for each operation of the vendors that did not come with the emulator: by what it is answered."""
    for name, home in vendor_homes(settings).items():
        entry = read_own(home, name)
        for operation, way in entry.ways().items():
            described = entry.contract.operations[operation]
            yield f"{name:9} {operation:28} {described.method:8} {described.path:58} {way}"


def folder_problems(folder: Path, catalogue: Catalogue, settings: Settings) -> Iterator[str]:
    """Yield all mistakes in the fixtures and scenarios of a folder that is laid over the built-in one."""
    for name, vendor in catalogue.vendors.items():
        yield from fixture_problems(folder, catalogue.contracts[name], vendor.collections, credential_check())
    yield from scenario_reader(catalogue, _records(folder, catalogue, settings)).problems(folder)


def _records(folder: Path, catalogue: Catalogue, settings: Settings) -> Callable[[Collection], Sequence[Record]]:
    """Return a function for a sandbox's first records; of a vendor with invalid fixtures, the built-in ones."""
    switches = _switches(catalogue)
    return seeded_records({name: _fixtures(folder, catalogue, name) for name in switches}, settings.seed, switches)


def _switches(catalogue: Catalogue) -> dict[str, dict[str, Any]]:
    return {
        name: {switch.name: switch.default for switch in contract.switches.values()}
        for name, contract in catalogue.contracts.items()
    }


def _fixtures(folder: Path, catalogue: Catalogue, name: str) -> Sequence[Fixture]:
    contract, collections = catalogue.contracts[name], catalogue.vendors[name].collections
    try:
        return read_fixtures(list(dict.fromkeys([FIXTURES, folder])), contract, collections, credential_check())
    except ConfigurationError:
        # Already reported.
        return read_fixtures([FIXTURES], contract, collections, credential_check())


def _world_problems(folder: Path | None, settings: Settings, catalogue: Catalogue) -> Iterator[str]:
    """Yield the errors of starting an emulator with a folder laid over the built-in one."""
    alone = replace(settings, fixtures=str(folder) if folder else "", database="", tls="off")
    try:
        asyncio.run(_start(alone, catalogue))
    except ConfigurationError as problem:
        yield str(problem)


async def _start(settings: Settings, catalogue: Catalogue) -> None:
    emulator = Emulator(settings, catalogue)
    try:
        await emulator.start()
    finally:
        await emulator.close()
