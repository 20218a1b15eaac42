"""The numbers that Immuta gives its records."""

from __future__ import annotations

from emulator.store.collection import Collection
from emulator.store.world import World


def unused_id(world: World, collection: Collection, start: int = 1) -> int:
    """Return the next id from `start` on that no record of the collection has."""
    while world[collection].get(id := world.next_number(collection.name, start)) is not None:
        pass
    return id
