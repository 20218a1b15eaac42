"""What dictionaries belong to, and who may change them."""

from __future__ import annotations

from collections.abc import Iterator

from emulator.exchange import Call, Reply
from emulator.sandbox.collection import Record
from emulator.sandbox.world import World
from emulator.vendor import Handlers
from emulator.vendors.immuta.collections import DATA_SOURCES, SUBSCRIPTIONS
from emulator.vendors.immuta.errors import data_source_not_found

DETAILS = ("sqlTableName", "policyHandler", "blobHandler", "createdBy", "type", "updatedAt")
"""What a search does not show of a data source."""

FULL, COUNT = 0, 1
"""The modes of a search (docs 2.5, Data Source HTTP API)."""

handlers = Handlers()


@handlers.operation("listDataSources")
def list_data_sources(call: Call, world: World) -> Reply:
    """Return one page of the data sources that match (docs 2.5, Data Source HTTP API)."""
    found = list(_search(call, world))
    offset, size = call.params.get("offset", 0), call.params.get("size", 10)
    page = found[offset : offset + size] if call.params.get("mode", FULL) == FULL else []
    return Reply(200, {"count": len(found), "hits": [_hit(world, data_source) for data_source in page]})


@handlers.operation("getDataSource")
def get_data_source(call: Call, world: World) -> Reply:
    """Return one data source in full (docs, Subscribe to and Manage Data Sources)."""
    data_source = find_data_source(world, call.params["dataSourceId"])
    return Reply(200, {**data_source, "subscriptionStatus": subscription_status(world, data_source["id"])})


def find_data_source(world: World, id: int) -> Record:
    """Return the data source with that id. Raises the documented 404 if there is none."""
    data_source = world[DATA_SOURCES].get(id)
    if data_source is None:
        raise data_source_not_found()
    return data_source


def subscription_status(world: World, data_source: int) -> str:
    """Return what the asking user is to a data source: owner, expert, subscribed, not_subscribed …"""
    profile = int(world.identity.user)
    found = world[SUBSCRIPTIONS].all(where={"dataSource": data_source, "profile": profile})
    return str(found[0]["state"]) if found else "not_subscribed"


def _search(call: Call, world: World) -> Iterator[Record]:
    text = call.params.get("searchText", "").lower()
    schema = call.params.get("schema")
    for data_source in world[DATA_SOURCES].all():
        searched = [data_source["name"]]
        if not call.params.get("nameOnly"):
            searched.append(data_source["description"] or "")
        if any(text in field.lower() for field in searched) and schema in (None, data_source["sqlSchemaName"]):
            yield data_source


def _hit(world: World, data_source: Record) -> Record:
    shown = {name: value for name, value in data_source.items() if name not in DETAILS}
    return {**shown, "subscriptionStatus": subscription_status(world, data_source["id"])}
