"""Data sources, to which dictionaries belong, and the users who may change them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from emulator.exchange import Call, Record, Reply, timestamp
from emulator.store.world import World
from emulator.vendor import Handlers
from emulator.vendors.immuta.circumstances import applied_policies
from emulator.vendors.immuta.collections import DATA_SOURCES, DICTIONARIES, PROJECT_DATA_SOURCES, SUBSCRIPTIONS
from emulator.vendors.immuta.errors import data_source_not_found, not_the_owner

IN_A_SEARCH = (
    "name",
    "id",
    "recordFormat",
    "deleted",
    "description",
    "createdAt",
    "subscriptionPolicy",
    "schemaEvolutionId",
    "recordCount",
    "status",
    "blobHandlerType",
    "subscriptionType",
    "connectionString",
    "sqlSchemaName",
    "policy",
    "policyHandlerType",
    "native",
    "workspace",
)
"""The fields of a data source in a search."""

UNTOUCHED: Mapping[str, Any] = {
    "rowCount": 0,
    "documentation": None,
    "statsExpiration": None,
    "statusInfo": {},
    "expiration": None,
    "catalogMetadata": None,
    "seeded": False,
    "columnEvolutionEnabled": False,
    "acknowledgeRequired": False,
    "requestedState": None,
    "subscriptionExpiration": None,
    "filterId": None,
    "subscribers": None,
    "tags": [],
    "fingerprintCreatedAt": None,
    "schemaEvolution": None,
    "domains": [],
}
"""The defaults of a data source's fields in a reply (tap-immuta 0.3.2 reads each)."""

CHANGEABLE = (
    "name",
    "recordFormat",
    "deleted",
    "description",
    "subscriptionPolicy",
    "subscriptionType",
    "policyHandler",
    "documentation",
    "expiration",
    "catalogMetadata",
    "columnEvolutionEnabled",
)
"""The fields of a data source that an update changes (assumed)."""

FULL = 0
"""The mode of a search that returns hits; 1 only counts (Immuta documentation, Data Source HTTP API)."""

NOT_SUBSCRIBED = "not_subscribed"

handlers = Handlers()


@handlers.operation("listDataSources")
def list_data_sources(call: Call, world: World) -> Reply:
    """Return one page of the data sources that match (Immuta documentation, Data Source HTTP API)."""
    offset, size = call.params.get("offset", 0), call.params.get("size", 10)
    if call.params.get("searchText") or call.params.keys() & FILTERS.keys():
        found = [one for one in world[DATA_SOURCES].all() if _matches(one, call.params, world)]
        count, page = len(found), found[offset : offset + size]
    else:
        count, page = world[DATA_SOURCES].count(), world[DATA_SOURCES].page(offset, size)
    shown = page if call.params.get("mode", FULL) == FULL else []
    return Reply(200, {"count": count, "hits": [_hit(world, data_source) for data_source in shown]})


@handlers.operation("getDataSource")
def get_data_source(call: Call, world: World) -> Reply:
    """Return one data source in full (Immuta documentation, Subscribe to and Manage Data Sources)."""
    return Reply(200, _shown(world, find_data_source(world, call.params["dataSourceId"])))


@handlers.operation("getDataSourceByName")
def get_data_source_by_name(call: Call, world: World) -> Reply:
    """Return the data source with that name (Immuta documentation, Subscribe to and Manage Data Sources)."""
    return Reply(200, _shown(world, _find_where(world, "name", call.params["dataSourceName"])))


@handlers.operation("getDataSourceBySqlTableName")
def get_data_source_by_sql_table_name(call: Call, world: World) -> Reply:
    """Return the data source with that short name (Immuta documentation, Subscribe to and Manage Data Sources)."""
    return Reply(200, _shown(world, _find_where(world, "sqlTableName", call.params["shortName"])))


@handlers.operation("updateDataSource")
def update_data_source(call: Call, world: World) -> Reply:
    """Change the fields that are sent, as immuta/catalog-linker and fh-immuta-utils expect."""
    data_source = owned_data_source(call, world, "update")
    payload: Any = call.document
    changes = {name: payload[name] for name in CHANGEABLE if name in payload}
    changed = {**data_source, **changes, "updatedAt": timestamp(world.now)}
    world[DATA_SOURCES].replace(changed)
    return Reply(200, _shown(world, changed))


@handlers.operation("deleteDataSource")
def delete_data_source(call: Call, world: World) -> Reply:
    """Disable a data source, or remove a disabled one with all that refers to it (fh-immuta-utils, client.py)."""
    data_source = owned_data_source(call, world, "delete")
    if not data_source["deleted"]:
        world[DATA_SOURCES].replace({**data_source, "deleted": True, "updatedAt": timestamp(world.now)})
        return Reply(200, {"hardDelete": False})
    for collection in (DICTIONARIES, SUBSCRIPTIONS, PROJECT_DATA_SOURCES):
        world[collection].delete_all(where={"dataSource": data_source["id"]})
    world[DATA_SOURCES].delete(data_source["id"])
    return Reply(200, {"hardDelete": True})


def _shown(world: World, data_source: Record) -> Record:
    computed = {"globalPolicies": [_reference(policy) for policy in applied_policies(world, data_source)]}
    return {**UNTOUCHED, **computed, **data_source, **_relation(world, data_source["id"])}


def _reference(policy: Record) -> Record:
    """Return a policy as a data source names it (sandeepmohan/immuta-mcp, immuta_queries.py)."""
    grants = [action["accessGrant"] for action in policy["actions"] if "accessGrant" in action]
    return {
        "id": policy["id"],
        "name": policy["name"],
        "type": policy["type"],
        "disabled": False,
        "accessGrant": grants[0] if grants else None,
    }


def owned_data_source(call: Call, world: World, change: str) -> Record:
    """Return the call's data source. Raises the 404 if there is none, then a 403 for whoever does not own it."""
    data_source = find_data_source(world, call.params["dataSourceId"])
    if subscription_status(world, data_source["id"]) != "owner":
        raise not_the_owner(change)
    return data_source


def _find_where(world: World, field: str, value: str) -> Record:
    found = world[DATA_SOURCES].all(where={field: value})
    if not found:
        raise data_source_not_found()
    return found[0]


def find_data_source(world: World, id: int) -> Record:
    """Return the data source with that id. Raises the documented 404 if there is none."""
    data_source = world[DATA_SOURCES].get(id)
    if data_source is None:
        raise data_source_not_found()
    return data_source


def subscription_status(world: World, data_source: int) -> str:
    """Return the caller's subscription to a data source: owner, expert, subscribed, not_subscribed …"""
    subscription = _subscription(world, data_source)
    return str(subscription["state"]) if subscription else NOT_SUBSCRIBED


def _subscription(world: World, data_source: int) -> Record | None:
    where = {"dataSource": data_source, "profile": int(world.identity.user)}
    return next(iter(world[SUBSCRIPTIONS].all(where=where)), None)


def _relation(world: World, data_source: int) -> Record:
    """Return the fields of a data source about the caller."""
    subscription = _subscription(world, data_source)
    status = str(subscription["state"]) if subscription else NOT_SUBSCRIBED
    return {
        "subscriptionStatus": status,
        "subscriptionId": subscription["id"] if subscription else None,
        "subscribedAsUser": status != NOT_SUBSCRIBED,
        "approved": status not in (NOT_SUBSCRIBED, "pending"),
    }


Filter = Callable[[Record, Any, World], bool]

FILTERS: Mapping[str, Filter] = {
    "schema": lambda source, wanted, world: source["sqlSchemaName"] == wanted,
    "tag": lambda source, wanted, world: any(tag["name"] in wanted for tag in source.get("tags", ())),
    "domainId": lambda source, wanted, world: any(domain["id"] == wanted for domain in source.get("domains", ())),
    "connectionString": lambda source, wanted, world: source["connectionString"] in wanted,
    "blobHandlerType": lambda source, wanted, world: source["blobHandlerType"] in wanted,
    "status": lambda source, wanted, world: source["status"] in wanted,
    "dataSourceIds": lambda source, wanted, world: source["id"] in wanted,
    "subscription": lambda source, wanted, world: subscription_status(world, source["id"]) in wanted,
    "column": lambda source, wanted, world: any(name in wanted for name in _column_names(world, source["id"])),
}
"""The filters of data sources by query parameter; for a list one matching value is enough."""


def _column_names(world: World, data_source: int) -> list[str]:
    dictionaries = world[DICTIONARIES].all(where={"dataSource": data_source})
    return [column["name"] for dictionary in dictionaries for column in dictionary["metadata"]]


def _matches(data_source: Record, params: Mapping[str, Any], world: World) -> bool:
    searched = [data_source["name"]]
    if not params.get("nameOnly"):
        searched.append(data_source["description"] or "")
    if not any(params.get("searchText", "").lower() in field.lower() for field in searched):
        return False
    return all(passes(data_source, params[name], world) for name, passes in FILTERS.items() if name in params)


def _hit(world: World, data_source: Record) -> Record:
    domain = next(iter(data_source.get("domains", ())), {"id": None, "name": None})
    return {
        **{name: data_source[name] for name in IN_A_SEARCH},
        "subscriptionStatus": subscription_status(world, data_source["id"]),
        "remoteTable": data_source["sqlTableName"],
        "remoteSchema": data_source["sqlSchemaName"],
        "domainId": domain["id"],
        "domainName": domain["name"],
    }
