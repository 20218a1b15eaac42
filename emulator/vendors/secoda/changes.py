"""Changes of other records that follow one."""

from __future__ import annotations

from collections.abc import Sequence

from emulator.store.collection import Collection
from emulator.store.world import World


def without(world: World, collection: Collection, name: str, id: str, or_else: Sequence[str] = ()) -> None:
    """Take an id out of a list in each record that has it there; a list that becomes empty is `or_else`."""
    for record in world[collection].all():
        if id in record.get(name, ()):
            left = [one for one in record[name] if one != id]
            world[collection].replace({**record, name: left or list(or_else)})
