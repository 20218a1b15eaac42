"""The dictionaries of data sources: their columns, and the columns' types."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from emulator.errors import Refusal
from emulator.exchange import Call, Record, Reply, timestamp
from emulator.store.world import World
from emulator.vendor import Handlers
from emulator.vendors.immuta.collections import DICTIONARIES
from emulator.vendors.immuta.data_sources import find_data_source, subscription_status
from emulator.vendors.immuta.errors import bad_request, dictionary_not_found, role_missing

CHANGING_ROLES = ("owner", "expert")

MATCHES: Mapping[str, Callable[[str, str], bool]] = {
    "contains_ignoring_case": lambda query, found: query.lower() in found.lower(),
    "contains": lambda query, found: query in found,
    "starts_with": lambda query, found: found.startswith(query),
}
"""The choices of the switch types_query_match."""

handlers = Handlers()


@handlers.operation("listDictionaryTypes")
def list_dictionary_types(call: Call, world: World) -> Reply:
    """Return the distinct data types of all dictionaries.

    Immuta documentation, Data Dictionary HTTP API, Get Dictionary Types. It does not define the order; "newest
    dictionary first" gives its example.
    """
    newest_first = reversed(world[DICTIONARIES].all())
    types = dict.fromkeys(name for dictionary in newest_first for name in dictionary["types"])
    matches = MATCHES[world.switches["types_query_match"]]
    return Reply(200, [name for name in types if matches(call.params.get("query", ""), name)])


@handlers.operation("getDictionary")
def get_dictionary(call: Call, world: World) -> Reply:
    """Return the dictionary of a data source.

    Immuta documentation, Data Dictionary HTTP API, Get Data Source Dictionary.
    """
    data_source = find_data_source(world, call.params["dataSourceId"])
    return Reply(200, _shown(world, _find(world, data_source["id"])))


@handlers.operation("createDictionary")
def create_dictionary(call: Call, world: World) -> Reply:
    """Create a dictionary, or replace it.

    Immuta documentation, Data Dictionary HTTP API, Create Data Source Dictionary, and the curl command of
    Update Data Source Dictionary.
    """
    data_source = _changeable_data_source(call, world)
    existing = _lookup(world, data_source)
    if existing is None:
        return Reply(200, _shown(world, _create(call, world, data_source)))
    if world.switches["existing_dictionary_post"] == "refuse":
        raise Refusal(bad_request(call, "Data source already has a dictionary"))
    return Reply(200, _shown(world, _replace(call, world, existing)))


@handlers.operation("updateDictionary")
def update_dictionary(call: Call, world: World) -> Reply:
    """Replace a dictionary's columns.

    Immuta documentation, Data Dictionary HTTP API, Update Data Source Dictionary.
    """
    data_source = _changeable_data_source(call, world)
    existing = _lookup(world, data_source)
    if existing is None and world.switches["missing_dictionary_put"] == "create":
        return Reply(200, _shown(world, _create(call, world, data_source)))
    if existing is None:
        raise dictionary_not_found()
    return Reply(200, _shown(world, _replace(call, world, existing)))


@handlers.operation("deleteDictionary")
def delete_dictionary(call: Call, world: World) -> Reply:
    """Delete the dictionary of a data source.

    Immuta documentation, Data Dictionary HTTP API, Delete Data Source Dictionary.
    """
    dictionary = _find(world, _changeable_data_source(call, world))
    world[DICTIONARIES].delete(dictionary["id"])
    return Reply(200, {})


def types_of(columns: list[Record]) -> list[str]:
    """Return the distinct dataTypes in order of first appearance: the one rule that gives the documented example."""
    return list(dict.fromkeys(column["dataType"] for column in columns))


def _changeable_data_source(call: Call, world: World) -> int:
    """Return the id of the call's data source. Raises the 404 if there is none, then the 403 without a role."""
    id: int = find_data_source(world, call.params["dataSourceId"])["id"]
    if subscription_status(world, id) not in CHANGING_ROLES:
        raise role_missing()
    return id


def _find(world: World, data_source: int) -> Record:
    dictionary = _lookup(world, data_source)
    if dictionary is None:
        raise dictionary_not_found()
    return dictionary


def _lookup(world: World, data_source: int) -> Record | None:
    return next(iter(world[DICTIONARIES].all(where={"dataSource": data_source})), None)


def _create(call: Call, world: World, data_source: int) -> Record:
    columns, now = _columns(call), timestamp(world.now)
    dictionary = {
        "createdAt": now,
        "dataSource": data_source,
        "id": world.unused_number(DICTIONARIES, world[DICTIONARIES].count() + 1),
        "metadata": columns,
        "types": types_of(columns),
        "updatedAt": now,
    }
    world[DICTIONARIES].insert(dictionary)
    return dictionary


def _replace(call: Call, world: World, existing: Record) -> Record:
    """Replace the columns by those of the call; ignore the read-only keys that clients send back."""
    columns = _columns(call)
    dictionary = {**existing, "metadata": columns, "types": types_of(columns), "updatedAt": timestamp(world.now)}
    world[DICTIONARIES].replace(dictionary)
    return dictionary


def _columns(call: Call) -> list[Record]:
    payload: Any = call.document
    return [_without_sourceless_tags(column) for column in payload["metadata"]]


def _without_sourceless_tags(column: Record) -> Record:
    """Drop tags without a source silently, as the server does (fh-immuta-utils 0.5.2, tagging.py)."""
    if "tags" not in column:
        return column
    return {**column, "tags": [tag for tag in column["tags"] if "source" in tag]}


def _shown(world: World, dictionary: Record) -> Record:
    if world.switches["column_nullable"] == "as_stored":
        return dictionary
    columns = [{**column, "nullable": column.get("nullable", True)} for column in dictionary["metadata"]]
    return {**dictionary, "metadata": columns}
