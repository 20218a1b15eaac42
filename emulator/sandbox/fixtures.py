"""Fixtures: what a new sandbox contains. YAML records first, then as many as faker is asked for."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import orjson

from emulator.errors import ConfigurationError, explained, unknown
from emulator.exchange import Record
from emulator.files.package_data import FIXTURES
from emulator.files.yaml_file import place, read_yaml, short_name
from emulator.store.collection import Collection
from emulator.store.populating import populate as add_made_up
from emulator.store.world import World

if TYPE_CHECKING:
    from faker import Faker

    from emulator.contract.openapi import Contract
    from emulator.contract.schemas import Check


POPULATE_LIMIT = 1_000_000
"""How many records faker makes of one collection at most, as in a scenario."""

FIELDS = ("records", "populate")

MADE_UP = "made-up.json"
"""A vendor's file of what faker makes for the built-in fixtures with the default seed: `make format` writes it."""


@dataclass(frozen=True)
class Fixture:
    """What one collection starts with: `records`, then `populate` more made by faker.

    `made_up` holds by seed those that faker would make, where that is known.
    """

    collection: Collection
    records: Sequence[Record]
    populate: int
    made_up: Mapping[int, Sequence[Record]] = field(default_factory=dict)

    def load(self, world: World, seed: int, faker: Callable[[int, str], Faker]) -> None:
        """Insert the records. `faker(seed, name)` gives the Faker seeded for a collection."""
        world[self.collection].insert_many(self.records)
        if seed in self.made_up:
            world[self.collection].insert_many(self.made_up[seed])
        elif self.populate and self.collection.populate:
            add_made_up(world, self.collection, faker(seed, self.collection.name), 1, self.populate)


Fixtures: TypeAlias = Mapping[str, Sequence[Fixture]]
"""Fixtures by vendor."""


def read_fixtures(
    folders: Sequence[Path], contract: Contract, collections: Iterable[Collection], credential: Check
) -> list[Fixture]:
    """Read a vendor's fixture files; of two folders that hold the same file the later wins.

    `credential` is what the records of every vendor's credentials are validated against.

    Raises ConfigurationError, naming file and place, for a file that is no collection's, does not
    parse, or holds a record that departs from its schema.
    """
    collections = list(collections)
    files = {file.stem: file for folder in folders for file in _files(folder, contract)}
    known = {collection.name.partition(".")[2]: collection for collection in collections}
    for file in files.values():
        _refuse_unknown(file, known, contract)
    found = [_read(files.get(name), collection, contract, credential) for name, collection in known.items()]
    built_in = FIXTURES / contract.vendor
    # What is made up may depend on the vendor's other records.
    if any(files[name].parent != built_in for name in known if name in files):
        return found
    made_up = _read_made_up(built_in / MADE_UP)
    return [replace(fixture, made_up=made_up.get(fixture.collection.name, {})) for fixture in found]


def _read_made_up(file: Path) -> dict[str, dict[int, list[Record]]]:
    """Return the records in a generated file by collection and seed; {} if there is no such file."""
    if not file.is_file():
        return {}
    content = orjson.loads(file.read_bytes())
    return {name: {content["seed"]: records} for name, records in content["records"].items()}


def fixture_problems(
    folder: Path, contract: Contract, collections: Iterable[Collection], credential: Check
) -> Iterator[str]:
    """Yield a sentence, with its place, for everything that is wrong with a vendor's fixture files in a folder."""
    known = {collection.name.partition(".")[2]: collection for collection in collections}
    for file in _files(folder, contract):
        try:
            _refuse_unknown(file, known, contract)
            if file.stem in known:
                yield from _problems(file, _content(file), known[file.stem], contract, credential)
        except ConfigurationError as problem:
            yield str(problem)


def _files(folder: Path, contract: Contract) -> list[Path]:
    return sorted((folder / contract.vendor).glob("*.yaml"))


def _refuse_unknown(file: Path, known: Mapping[str, Collection], contract: Contract) -> None:
    if file.stem not in known and file.stem != "scenarios":
        said = unknown("collection", file.stem, known, f"of {contract.vendor}")
        raise ConfigurationError(f"{short_name(file)}: {said}")


def _read(file: Path | None, collection: Collection, contract: Contract, credential: Check) -> Fixture:
    if file is None:
        return Fixture(collection, (), 0)
    content = _content(file)
    for problem in _problems(file, content, collection, contract, credential):
        raise ConfigurationError(problem)
    return Fixture(collection, content.get("records") or [], content.get("populate") or 0)


def _problems(
    file: Path, content: Mapping[str, Any], collection: Collection, contract: Contract, credential: Check
) -> Iterator[str]:
    for name in content:
        if name not in FIELDS:
            yield f"{short_name(file)}: {unknown('field', name, FIELDS)}"
    records, populate = _given(content, "records", []), _given(content, "populate", 0)
    if type(populate) is not int or not 0 <= populate <= POPULATE_LIMIT:
        yield f"{place(file, '/populate')}: it is {populate!r}; it takes a whole number from 0 to {POPULATE_LIMIT}"
    elif populate and collection.populate is None:
        yield f"{short_name(file)}: {collection.name} has nothing that populates it; remove `populate`"
    if not isinstance(records, list):
        yield f"{place(file, '/records')}: expected a list"
        return
    for pointer, problem in problems_in(records, collection, contract, credential):
        yield f"{place(file, f'/records{pointer}')}: {problem}"


def _content(file: Path) -> dict[str, Any]:
    """Return what is in a fixture file. Raises ConfigurationError if it is no mapping."""
    content = read_yaml(file)
    if content is None:
        return {}
    if not isinstance(content, dict):
        kind = "a list" if isinstance(content, list) else repr(content)
        raise ConfigurationError(f"{short_name(file)} is {kind}; a fixture file holds `records` and `populate`")
    return content


def _given(content: Mapping[str, Any], name: str, default: Any) -> Any:
    return default if content.get(name) is None else content[name]


def problems_in(
    records: Sequence[Record], collection: Collection, contract: Contract, credential: Check
) -> Iterator[tuple[str, str]]:
    """Yield (JSON pointer, sentence) for what makes records unfit for a collection.

    `credential` is what the records of every vendor's credentials are validated against.
    """
    # A vendor's own schema for its credentials may say what that for all says, too.
    yield from dict.fromkeys(_problems_in(records, collection, contract, credential))


def _problems_in(
    records: Sequence[Record], collection: Collection, contract: Contract, credential: Check
) -> Iterator[tuple[str, str]]:
    check = contract.schema(collection.schema) if collection.schema else None
    seen = set()
    for number, record in enumerate(records):
        if not isinstance(record, dict):
            yield f"/{number}", "not a record: expected an object"
            continue
        if collection.key not in record:
            yield f"/{number}", f"the record has no {collection.key}"
        elif type(record[collection.key]) not in (str, int):
            yield f"/{number}/{collection.key}", "invalid id: expected a string or a whole number"
        elif str(record[collection.key]) in seen:
            yield f"/{number}", f"{collection.key} {record[collection.key]!r} is a duplicate"
        else:
            seen.add(str(record[collection.key]))
        for found in check.violations(record, "body") if check else ():
            yield f"/{number}{found.pointer}", explained(found)
    for number, record in enumerate(records if collection.name.endswith(".credentials") else ()):
        for found in credential.violations(record, "body") if isinstance(record, dict) else ():
            yield f"/{number}{found.pointer}", explained(found)


def credentials_in(fixtures: Iterable[Fixture]) -> list[Record]:
    """Return the records of a vendor's credentials."""
    found = [fixture.records for fixture in fixtures if fixture.collection.name.endswith(".credentials")]
    return [record for records in found for record in records]


def create_schema(db: sqlite3.Connection, collections: Iterable[Collection]) -> None:
    """Create the tables of an empty sandbox."""
    db.execute("CREATE TABLE IF NOT EXISTS sequences (name TEXT PRIMARY KEY, value INTEGER NOT NULL)")
    for collection in collections:
        collection.create(db)
