"""The tags that data sources, columns and projects carry."""

from __future__ import annotations

from typing import Any

from emulator.errors import Refusal
from emulator.exchange import Call, Record, Reply
from emulator.store.records import Records
from emulator.store.world import World
from emulator.vendor import Handlers
from emulator.vendors.immuta.auth import require_full_rights
from emulator.vendors.immuta.collections import DATA_SOURCES, DICTIONARIES, PROJECTS, TAGS
from emulator.vendors.immuta.data_sources import find_data_source
from emulator.vendors.immuta.errors import (
    bad_request,
    column_not_found,
    data_source_not_found,
    project_not_found,
    tag_not_found,
)
from emulator.vendors.immuta.projects import find_project

handlers = Handlers()


@handlers.operation("listDataSourceTags")
def list_data_source_tags(call: Call, world: World) -> Reply:
    """Return the tags of a data source (sandeepmohan/immuta-mcp, immuta_queries.py)."""
    data_source = find_data_source(world, call.params["dataSourceId"])
    return Reply(200, {"tags": data_source.get("tags", [])})


@handlers.operation("addTags")
def add_tags(call: Call, world: World) -> Reply:
    """Add tags, or none if one is unknown (Immuta documentation, Manage Tags)."""
    require_full_rights(world)
    records, record, carrier = _find_carrier(call, world)
    payload: Any = call.document
    names = list(dict.fromkeys(tag["name"] for tag in payload))
    known = {name: world[TAGS].all(where={"name": name}) for name in names}
    if unknown := [name for name, found in known.items() if not found]:
        raise Refusal(bad_request(call, f"Invalid tags: {', '.join(unknown)}"))
    user = int(world.identity.user)
    added = [{"name": name, "source": found[0]["source"], "addedBy": user} for name, found in known.items()]
    carrier["tags"] = [tag for tag in carrier.get("tags", []) if tag.get("name") not in known] + added
    records.replace(record)
    return Reply(200, added)


@handlers.operation("removeTag")
def remove_tag(call: Call, world: World) -> Reply:
    """Remove a tag from what carries it (Immuta documentation, Manage Tags; the reply is assumed)."""
    require_full_rights(world)
    records, record, carrier = _find_carrier(call, world)
    if not _strip(carrier, {call.params["tag"]}):
        raise tag_not_found()
    records.replace(record)
    return Reply(200, {})


def _find_carrier(call: Call, world: World) -> tuple[Records, Record, Record]:
    """Return the collection, the record in it, and the part of the record that carries the tags."""
    if call.params["modelType"] == "project":
        project = find_project(world, _number(call.params["modelId"], project_not_found()))
        return world[PROJECTS], project, project
    if call.params["modelType"] == "datasource":
        data_source = find_data_source(world, _number(call.params["modelId"], data_source_not_found()))
        return world[DATA_SOURCES], data_source, data_source
    return _find_column(world, *call.params["modelId"].partition("_")[::2])


def _find_column(world: World, id: str, column: str) -> tuple[Records, Record, Record]:
    data_source = find_data_source(world, _number(id, data_source_not_found()))
    dictionaries = world[DICTIONARIES].all(where={"dataSource": data_source["id"]})
    for dictionary in dictionaries:
        for one in dictionary["metadata"]:
            if one["name"] == column:
                return world[DICTIONARIES], dictionary, one
    raise column_not_found()


def _number(id: str, refusal: Refusal) -> int:
    if not (id.isascii() and id.isdecimal()):
        raise refusal
    return int(id)


def rename_attached(world: World, old: str, new: str) -> None:
    """Rename a tag wherever it is: what carries it shows the tag's own fields (Immuta documentation, Manage Tags)."""
    for records, part in ((world[DATA_SOURCES], None), (world[PROJECTS], None), (world[DICTIONARIES], "metadata")):
        for record in records.all():
            carriers = [record] if part is None else record[part]
            renamed = [tag for carrier in carriers for tag in carrier.get("tags", ()) if tag.get("name") == old]
            for tag in renamed:
                tag["name"] = new
            if renamed:
                records.replace(record)


def _strip(carrier: Record, names: set[str]) -> bool:
    """Remove tags from what carries them, and return whether there were any."""
    tags = carrier.get("tags", [])
    left = [tag for tag in tags if tag.get("name") not in names]
    if len(left) < len(tags):
        carrier["tags"] = left
    return len(left) < len(tags)
