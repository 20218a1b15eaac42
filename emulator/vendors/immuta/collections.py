"""What a sandbox holds of Immuta."""

from __future__ import annotations

from emulator.sandbox.collection import Collection

CREDENTIALS = Collection("immuta.credentials")
DATA_SOURCES = Collection("immuta.data_sources", order=("id",), schema="data-source.schema.json")
SUBSCRIPTIONS = Collection("immuta.subscriptions", indexes=("dataSource",))
DICTIONARIES = Collection(
    "immuta.dictionaries", order=("id",), indexes=("dataSource",), schema="dictionary.schema.json"
)
TAGS = Collection("immuta.tags", order=("id",), indexes=("name",), schema="tag.schema.json")

COLLECTIONS = (CREDENTIALS, DATA_SOURCES, SUBSCRIPTIONS, DICTIONARIES, TAGS)
