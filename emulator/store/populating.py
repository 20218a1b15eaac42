"""Generated records: by the vendor's function with faker, or else from the example of the contract's schema."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from emulator.exchange import Record
from emulator.store.collection import Collection

if TYPE_CHECKING:
    from faker import Faker

    from emulator.store.world import World

__all__ = ["add_more", "add_record", "populate", "populated_by_example"]

UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
OBJECT_ID = re.compile(r"[0-9a-f]{24}")


def populate(world: World, collection: Collection, fake: Faker, first: int, count: int) -> None:
    """Add `count` records, numbered from `first`. Raises LookupError as `add_record` does."""
    for number in range(first, first + count):
        add_record(world, collection, fake, number)


def populated_by_example(collection: Collection, sample: Callable[[], Record]) -> Collection:
    """Return a collection that can be populated: `sample` returns the fields that each of its records needs."""

    def populate(fake: Faker, number: int, world: World, given: Record) -> Record:
        return _generated(world, collection, fake, number, given, sample())

    return replace(collection, populate=populate)


def add_more(
    world: World,
    collection: Collection,
    given: Iterable[Record],
    faker: Callable[[str], Faker],
    sample: Record | None = None,
) -> list[Record]:
    """Add a record for each that is given, numbered on from those that are there, and return them; each time others."""
    fake = faker(f"{collection.name}:{world.next_number(f'populate {collection.name}')}")
    first = world[collection].count() + 1
    return [add_record(world, collection, fake, number, one, sample) for number, one in enumerate(given, first)]


def add_record(
    world: World,
    collection: Collection,
    fake: Faker,
    number: int,
    given: Mapping[str, Any] | None = None,
    sample: Record | None = None,
) -> Record:
    """Add a record with the fields that are given and others that are generated, and return it.

    `sample` has those fields that every record of the collection needs. A record whose generated id is taken is
    generated again. Raises RecordExists if a given id is taken, LookupError if a generated one still is after more
    attempts than there are records.
    """
    given, records = collection.keyed(dict(given or {})), world[collection]
    record = _generated(world, collection, fake, number, given, sample or {})
    left = -1
    while collection.key not in given and record[collection.key] in records:
        left = records.count() if left < 0 else left - 1
        if not left:
            raise LookupError(f"every record generated for {collection.name} has an id that is already taken")
        record = _generated(world, collection, fake, number, given, sample or {})
    records.insert(record)
    return record


def _generated(world: World, collection: Collection, fake: Faker, number: int, given: Record, sample: Record) -> Record:
    if collection.populate is not None:
        return collection.keyed({**collection.populate(fake, number, world, given), **given})
    made = dict(sample)
    if collection.key not in given and not collection.key_of:
        made[collection.key] = _new_id(sample.get(collection.key, collection.name), collection, fake, number, world)
    if isinstance(made.get("name"), str):
        made["name"] = f"{made['name']} {number}"
    for name in collection.key_of:
        if name not in given and name not in collection.references:
            made[name] = _new_id(sample.get(name, name), collection, fake, number, world)
    for name, other in collection.references.items():
        if name not in given:
            made[name] = _id_of_some(other, collection, name, fake, world)
    return collection.keyed({**made, **given})


def _new_id(example: Any, collection: Collection, fake: Faker, number: int, world: World) -> Any:
    """Return an id of the same kind as the example."""
    if isinstance(example, int):
        return world.next_number(collection.name)
    if UUID.fullmatch(example):
        return fake.uuid4()
    if OBJECT_ID.fullmatch(example):
        return f"{fake.random.getrandbits(96):024x}"
    return f"{example}-{number}"


def _id_of_some(other: Collection, collection: Collection, name: str, fake: Faker, world: World) -> Any:
    """Return the id of a record that is there; if the field is the collection's own id, of one that it has not yet."""
    ids = [record[other.key] for record in world[other].all()]
    free = [id for id in ids if name != collection.key or id not in world[collection]]
    if not free:
        raise LookupError(f"{name} cannot be generated: it is the id of a record of {other.name}; none is left")
    return fake.random_element(free)
