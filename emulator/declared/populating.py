"""Records that are generated for a declared collection, by the schema of its records."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from emulator.declared.generated_keys import free_key, free_owner
from emulator.declared.ids import new_id
from emulator.declared.resources import Resource
from emulator.declared.samples import Samples
from emulator.declared.shapes import Shapes
from emulator.exchange import Record
from emulator.store.collection import Collection
from emulator.store.world import World

if TYPE_CHECKING:
    from faker import Faker


def populated(resource: Resource, resources: Mapping[str, Resource], shapes: Shapes) -> Collection:
    """Return the collection of a resource with what generates its records; as it is if their schema is not known."""
    shape, words = resource.shape, resource.words
    if shape is None or not shape.properties or resource.kept.populate is not None:
        return resource.kept

    def populate(fake: Faker, number: int, world: World, given: Record) -> Record:
        samples = Samples(shapes, world)
        record = {name: samples.value(shape.properties[name]) for name in wanted}
        for name, reference in words.references.items():
            target = resources[reference.to]
            record[name] = next((other[target.key] for other in world[target.kept].page(limit=1)), None)
        for name in filter(None, (words.created, words.updated)):
            record[name] = resource.time_for(name, world.now)
        if words.singleton:
            record[resource.key] = given.get(resource.key) or free_owner(resource, resources[words.singleton], world)
        elif words.key_of:
            record |= free_key(resource, resources, samples, world, given)
        else:
            record[resource.key] = new_id(resource.strategy, world, resource.kept)
        return {**{name: value for name, value in record.items() if value is not None}, **given}

    hidden = {*shape.marked("writeOnly"), *words.delete.set}
    shown = {name for name, place in shape.properties.items() if "example" in place.schema or "default" in place.schema}
    wanted = [name for name in shape.properties if name in shape.required or name in shown - hidden]
    return replace(resource.kept, populate=populate, references=_targets(resource, resources))


def _targets(resource: Resource, resources: Mapping[str, Resource]) -> dict[str, Collection]:
    return {name: resources[reference.to].kept for name, reference in resource.words.references.items()}
