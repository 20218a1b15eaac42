"""What a sandbox holds of Immuta."""

from __future__ import annotations

from typing import TYPE_CHECKING

from emulator.sandbox.collection import Collection, Record
from emulator.vendors.immuta import populate

if TYPE_CHECKING:
    from faker import Faker

    from emulator.sandbox.world import World


def _data_source_with_dictionary(fake: Faker, number: int, world: World) -> Record:
    made = populate.data_source(fake, number, populate.unused(world, DATA_SOURCES))
    world[DICTIONARIES].insert(populate.dictionary(fake, made, populate.unused(world, DICTIONARIES)))
    world[SUBSCRIPTIONS].insert(populate.ownership(made, populate.unused(world, SUBSCRIPTIONS)))
    return made


CREDENTIALS = Collection("immuta.credentials")
DATA_SOURCES = Collection(
    "immuta.data_sources", order=("id",), schema="data-source.schema.json", populate=_data_source_with_dictionary
)
SUBSCRIPTIONS = Collection("immuta.subscriptions", indexes=("dataSource",))
DICTIONARIES = Collection(
    "immuta.dictionaries", order=("id",), indexes=("dataSource",), schema="dictionary.schema.json"
)
TAGS = Collection("immuta.tags", order=("id",), indexes=("name",), schema="tag.schema.json")

COLLECTIONS = (CREDENTIALS, DATA_SOURCES, SUBSCRIPTIONS, DICTIONARIES, TAGS)
