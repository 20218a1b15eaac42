"""Records that faker makes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from emulator.store.collection import Collection

if TYPE_CHECKING:
    from faker import Faker

    from emulator.store.world import World


def populate(world: World, collection: Collection, fake: Faker, first: int, count: int) -> None:
    """Add `count` records, numbered from `first`; one whose id is taken is made again.

    Raises LookupError if it is still taken when more were made than there are records.
    """
    make, records = collection.populate, world[collection]
    assert make is not None
    left: int | None = None
    for number in range(first, first + count):
        record = make(fake, number, world)
        while record[collection.key] in records:
            left = records.count() if left is None else left - 1
            if not left:
                raise LookupError(f"every record that is made for {collection.name} has an id that is taken")
            record = make(fake, number, world)
        records.insert(record)
