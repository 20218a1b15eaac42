"""Fixtures: what a new sandbox contains. YAML records first, then as many as faker is asked for."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from emulator.errors import ConfigurationError
from emulator.sandbox.collection import Collection, Record
from emulator.sandbox.world import World

if TYPE_CHECKING:
    from faker import Faker

    from emulator.contract.openapi import Contract


@dataclass(frozen=True)
class Fixture:
    """What one collection starts with: `records`, then `populate` more made by faker."""

    collection: Collection
    records: Sequence[Record]
    populate: int

    def load(self, world: World, faker: Callable[[str], Faker]) -> None:
        """Insert the records. `faker(name)` gives the Faker seeded for that collection."""
        world[self.collection].insert_many(self.records)
        if self.populate and self.collection.populate:
            fake = faker(self.collection.name)
            for number in range(1, self.populate + 1):
                world[self.collection].insert(self.collection.populate(fake, number, world))


def read_fixtures(folders: Sequence[Path], contract: Contract, collections: Iterable[Collection]) -> list[Fixture]:
    """Read a vendor's fixture files; of two folders that hold the same file the later wins.

    Raises ConfigurationError, naming file and place, for a file that is no collection's, does not
    parse, or holds a record that departs from its schema.
    """
    collections = list(collections)
    files = {file.stem: file for folder in folders for file in sorted((folder / contract.vendor).glob("*.yaml"))}
    known = {collection.name.partition(".")[2]: collection for collection in collections}
    for stem, file in files.items():
        if stem not in known and stem != "scenarios":
            names = ", ".join(known)
            raise ConfigurationError(f"{_name(file)}: {contract.vendor} has no such collection; it has {names}")
    return [_read(files.get(name), collection, contract) for name, collection in known.items()]


def _read(file: Path | None, collection: Collection, contract: Contract) -> Fixture:
    if file is None:
        return Fixture(collection, (), 0)
    content = _parse(file)
    records, populate = content.get("records", []), content.get("populate", 0)
    if populate and collection.populate is None:
        raise ConfigurationError(f"{_name(file)}: {collection.name} has nothing that populates it; remove `populate`")
    for problem in _problems(records, collection, contract):
        raise ConfigurationError(f"{_name(file)}: {problem}")
    return Fixture(collection, records, populate)


def _parse(file: Path) -> dict[str, Any]:
    try:
        content = yaml.load(file.read_text(), Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader)) or {}
    except (OSError, ValueError, yaml.YAMLError) as problem:
        raise ConfigurationError(f"{_name(file)}: {problem}") from problem
    unknown = set(content) - {"records", "populate"} if isinstance(content, dict) else {"its outermost list"}
    if unknown:
        names = ", ".join(map(str, unknown))
        raise ConfigurationError(f"{_name(file)}: unknown {names}; a fixture file holds `records` and `populate`")
    return dict(content)


def _problems(records: Sequence[Record], collection: Collection, contract: Contract) -> Iterator[str]:
    check = contract.schema(collection.schema) if collection.schema else None
    seen = set()
    for number, record in enumerate(records):
        if collection.key not in record:
            yield f"records/{number} has no {collection.key}"
        elif str(record[collection.key]) in seen:
            yield f"records/{number}: {collection.key} {record[collection.key]!r} is there twice"
        else:
            seen.add(str(record[collection.key]))
        if check:
            for found in check.violations(record, "body"):
                yield f"records/{number}{found.pointer}: {found.sentence}"


def _name(file: Path) -> str:
    return f"fixtures/{file.parent.name}/{file.name}"


def create_schema(db: sqlite3.Connection, collections: Iterable[Collection]) -> None:
    """Create the tables of an empty sandbox."""
    db.execute("CREATE TABLE IF NOT EXISTS sequences (name TEXT PRIMARY KEY, value INTEGER NOT NULL)")
    for collection in collections:
        collection.create(db)
