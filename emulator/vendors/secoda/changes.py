"""Changes of other records that follow one."""

from __future__ import annotations

from collections.abc import Container, Iterable, Sequence

from emulator.store.collection import Collection
from emulator.store.world import World
from emulator.vendors.secoda.collections import CATALOG, CUSTOM_PROPERTY_VALUES, MANUAL_LINEAGE


def without(world: World, collection: Collection, name: str, id: str, or_else: Sequence[str] = ()) -> None:
    """Take an id out of a list in each record that has it there; a list that becomes empty is `or_else`."""
    for record in world[collection].all():
        if id in record.get(name, ()):
            left = [one for one in record[name] if one != id]
            world[collection].replace({**record, name: left or list(or_else)})


def with_those_below(world: World, ids: Iterable[str], unless: Container[str] = ()) -> set[str]:
    """Return the ids of resources and of what is below them, but for those in `unless` and what is below these."""
    found, left = set[str](), list(ids)
    while left:
        id = left.pop()
        if id not in found and id not in unless:
            found.add(id)
            left += [child["id"] for child in world[CATALOG].all({"parent": id})]
    return found


def remove_resources(world: World, ids: Iterable[str]) -> None:
    """Remove resources, with what is below them, their lineage and the values of their properties."""
    for id in with_those_below(world, ids):
        world[CATALOG].delete(id)
        world[MANUAL_LINEAGE].delete_all({"from_entity_id": id})
        world[MANUAL_LINEAGE].delete_all({"to_entity_id": id})
        world[CUSTOM_PROPERTY_VALUES].delete_all({"entity_id": id})
