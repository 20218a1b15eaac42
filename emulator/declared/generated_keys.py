"""Keys of generated records that no strategy draws: those of several fields, and those of singletons."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import product
from typing import Any

from emulator.declared.resources import Resource
from emulator.declared.samples import Samples
from emulator.exchange import Record
from emulator.store.world import World

__all__ = ["free_key", "free_owner"]


def free_owner(resource: Resource, owner: Resource, world: World) -> Any:
    """Return the key of a record of the owner that has no singleton yet. Raises LookupError if there is none."""
    taken = world[resource.kept]
    for record in world[owner.kept].all():
        if record[owner.key] not in taken:
            return record[owner.key]
    raise LookupError(f"each record of {owner.kept.name} has one of {resource.kept.name} already")


def free_key(
    resource: Resource, resources: Mapping[str, Resource], samples: Samples, world: World, given: Record
) -> Record:
    """Return values for the fields of a key: together they are free, if any are. Raises LookupError."""
    fields, kept = resource.words.key_of, resource.kept
    choices = []
    for name in fields:
        values = [given[name]] if name in given else _values(name, resource, resources, samples, world)
        choices.append(world.random.sample(values, len(values)))
    found: Record = {}
    for chosen in product(*choices):
        found = dict(zip(fields, chosen, strict=True))
        if kept.keyed(found)[kept.key] not in world[kept]:
            break
    return found


def _values(
    name: str, resource: Resource, resources: Mapping[str, Resource], samples: Samples, world: World
) -> list[Any]:
    """Return the values that a field of a key may have: keys it refers to, those its schema lists, or a new one."""
    if (reference := resource.words.references.get(name)) is not None:
        target = resources[reference.to]
        found = [record[target.key] for record in world[target.kept].all()]
        if not found:
            raise LookupError(f"{name} cannot be generated: {target.kept.name} has no record")
        return found
    place = resource.shape.properties.get(name) if resource.shape else None
    if place is None:
        return [world.uuid()]
    if "enum" in place.schema:
        return list(place.schema["enum"])
    made = samples.structured(place)
    if isinstance(made, bool):
        return [False, True]
    return [made + world.next_number(f"{resource.kept.name} {name}") if isinstance(made, int) else made]
