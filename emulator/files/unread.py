"""Warnings for files in a user's folder that nothing reads because of their names, with the nearest name."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from emulator.errors import unknown
from emulator.files.folders import files_below
from emulator.files.package_data import CONTRACTS

SCENARIOS = "scenarios.yaml"
BUILT_IN = "The repository's folder contracts/"
OVERLAY = "emulator.overlay.yaml"
OF_VENDOR = ("openapi.yaml", OVERLAY, "probes.yaml", "pulls.yaml", "credentials.yaml", SCENARIOS)
CONTRACT_SUFFIXES = (".yaml", ".yml", ".json", ".graphql")


def unread_fixtures(folder: Path, vendors: Sequence[str]) -> Iterator[str]:
    """Yield a sentence for each folder and file in a folder of fixtures that nothing reads."""
    known = [*vendors, SCENARIOS]
    for one in sorted(folder.iterdir()):
        if one.name.startswith(".") or one.name in known:
            continue
        if one.suffix == ".yaml" or (one.is_dir() and any(one.glob("*.y*ml"))):
            yield f"{one}: nothing reads this: {unknown('name', one.name, known)}"
        elif one.suffix == ".yml":
            yield f"{one}: nothing reads this; rename it to {one.with_suffix('.yaml').name}"
    for vendor in vendors:
        for one in sorted((folder / vendor).glob("*.yml")):
            yield f"{one}: nothing reads this; rename it to {one.with_suffix('.yaml').name}"


def unread_contracts(folder: Path, vendors: Sequence[str]) -> Iterator[str]:
    """Yield a sentence for each file in a folder of contracts that nothing reads: it replaces no built-in one."""
    built_in = [str(one.relative_to(CONTRACTS)) for one in files_below(CONTRACTS, CONTRACT_SUFFIXES)]
    for file in files_below(folder, CONTRACT_SUFFIXES):
        name = file.relative_to(folder)
        is_more = name.match("schemas/*.schema.json") or (len(name.parts) == 2 and name.name == OVERLAY)
        if str(name) not in built_in and not (name.parts[0] in vendors and is_more):
            yield f"{file}: nothing reads this: {unknown('file', name, built_in, listed_by=BUILT_IN)}"


def unread_vendor(home: Path) -> Iterator[str]:
    """Yield a sentence for each document in the folder of a user's own vendor that nothing reads."""
    for file in files_below(home, CONTRACT_SUFFIXES[:3]):
        name = file.relative_to(home).as_posix()
        is_fixture = name.startswith("fixtures/") and name.count("/") == 1 and file.suffix == ".yaml"
        is_schema = name.startswith("schemas/") or name.endswith(".schema.json")
        if name not in OF_VENDOR and not is_fixture and not is_schema:
            known = [*OF_VENDOR, "fixtures/COLLECTION.yaml", "schemas/NAME.schema.json"]
            yield f"{file}: nothing reads this: {unknown('file', name, known)}"
