"""What is wrong with contracts, fixtures and scenarios, each with its place."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from difflib import get_close_matches
from pathlib import Path

from emulator.app import (
    Catalogue,
    Emulator,
    bind,
    contract_overlay,
    credential_check,
    read_catalogue,
    scenario_reader,
)
from emulator.contract.openapi import read_contract
from emulator.data import CONTRACTS
from emulator.errors import ConfigurationError
from emulator.sandbox.fixtures import fixture_problems
from emulator.settings import Settings
from emulator.vendors import load_vendors


def all_problems(folders: Sequence[Path], settings: Settings) -> Iterator[str]:
    """Yield everything that is wrong with the contracts, and with the folders: ours, then users' own."""
    overlay = contract_overlay(settings)
    of_contracts = [*contract_problems(overlay=overlay), *(_unread_contracts(overlay) if overlay else ())]
    yield from of_contracts
    if of_contracts:
        return
    catalogue = read_catalogue(overlay=overlay)
    for number, folder in enumerate(folders):
        found = [*folder_problems(folder, catalogue), *(_strange(folder, catalogue) if number else ())]
        # Only whole files can make a world; what is wrong with them has been said.
        yield from found or _world_problems(folder if number else None, settings, catalogue)


def contract_problems(folder: Path = CONTRACTS, overlay: Path | None = None) -> Iterator[str]:
    """Yield for each vendor what is wrong with its contract, or where it and the handlers differ."""
    for name, vendor in load_vendors().items():
        try:
            contract = read_contract(folder / name, *([overlay / name] if overlay else ()))
            bind(vendor, contract)
            contract.compile()
        except ConfigurationError as problem:
            yield str(problem)


def _unread_contracts(overlay: Path) -> Iterator[str]:
    """Yield the files in a folder of contracts that nothing reads: they take no built-in file's place."""
    for file in sorted(overlay.rglob("*.*")):
        name = file.relative_to(overlay)
        is_read = (CONTRACTS / name).is_file() or (
            name.parts[0] in load_vendors() and name.match("schemas/*.schema.json")
        )
        if file.is_file() and not is_read:
            built_in = [str(one.relative_to(CONTRACTS)) for one in CONTRACTS.rglob("*.*")]
            yield f"{file}: nothing reads this; did you mean {get_close_matches(str(name), built_in, 1, 0.0)[0]}?"


def folder_problems(folder: Path, catalogue: Catalogue) -> Iterator[str]:
    """Yield everything that is wrong with the fixtures and scenarios in a folder."""
    for name, vendor in catalogue.vendors.items():
        yield from fixture_problems(folder, catalogue.contracts[name], vendor.collections, credential_check())
    yield from scenario_reader(catalogue).problems(folder)


def _strange(folder: Path, catalogue: Catalogue) -> Iterator[str]:
    """Yield the folders and files that nothing reads, for their names are no vendor's."""
    known = [*catalogue.vendors, "scenarios.yaml"]
    found = [one for one in sorted(folder.iterdir()) if one.name not in known]
    for one in found:
        if one.suffix == ".yaml" or (one.is_dir() and any(one.glob("*.yaml"))):
            nearest = get_close_matches(one.name, known, 1, 0.0)[0]
            yield f"{one}: nothing reads this; did you mean {folder / nearest}?"
        elif one.suffix == ".yml":
            yield f"{one}: nothing reads this; call it {one.with_suffix('.yaml').name}"
    for one in sorted(folder.glob("*/*.yml")):
        yield f"{one}: nothing reads this; call it {one.with_suffix('.yaml').name}"


def _world_problems(folder: Path | None, settings: Settings, catalogue: Catalogue) -> Iterator[str]:
    """Yield what keeps an emulator from starting with a folder laid over the built-in one."""
    changes = {"fixtures": str(folder) if folder else "", "database": "", "tls": "off"}
    try:
        asyncio.run(_start(Settings({**settings, **changes}), catalogue))
    except ConfigurationError as problem:
        yield str(problem)


async def _start(settings: Settings, catalogue: Catalogue) -> None:
    emulator = Emulator(settings, catalogue)
    try:
        await emulator.start()
    finally:
        await emulator.close()
