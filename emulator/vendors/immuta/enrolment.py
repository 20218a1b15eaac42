"""Enrolment: the tables of remote databases become data sources, each with a dictionary and its owner."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from emulator.errors import Refusal
from emulator.exchange import Call, Record, Reply, timestamp
from emulator.store.world import World
from emulator.vendor import Handlers
from emulator.vendors.immuta.auth import require_full_rights
from emulator.vendors.immuta.collections import DATA_SOURCES, DICTIONARIES, REMOTE_TABLES, SUBSCRIPTIONS
from emulator.vendors.immuta.dictionaries import types_of
from emulator.vendors.immuta.errors import database_not_found, name_taken, table_not_found
from emulator.vendors.immuta.populate import bare_data_source

KINDS: Mapping[str, str] = {
    "athena": "Amazon Athena",
    "databricks": "Databricks",
    "pg": "PostgreSQL",
    "redshift": "Redshift",
    "snowflake": "Snowflake",
}
"""The blobHandlerType of each handler type (fh-immuta-utils 0.5.2, data_source.py; that of Databricks: its scripts)."""

ROLES = ("owner", "expert", "ingest")
"""The fields of a new data source with people, which are the states of their subscriptions, too."""

handlers = Handlers()


@handlers.operation("listRemoteTables")
def list_remote_tables(call: Call, world: World) -> Reply:
    """Return the tables of a remote database (fh-immuta-utils 0.5.2, scripts/manage_data_sources.py)."""
    tables = _tables(world, call.params["database"])
    return Reply(200, [{name: table[name] for name in ("tableSchema", "tableName")} for table in tables])


@handlers.operation("getColumnTypes")
def get_column_types(call: Call, world: World) -> Reply:
    """Return the columns of a table in a remote database (fh-immuta-utils 0.5.2, data_source.py)."""
    payload: Any = call.document
    table = _table(world, payload["metadata"])
    if table is None:
        raise table_not_found()
    return Reply(200, table["columns"])


@handlers.operation("testRemoteDatabase")
def probe_remote_database(call: Call, world: World) -> Reply:
    """Say whether a remote database is monitored (fh-immuta-utils 0.5.2, scripts/manage_data_sources.py)."""
    database = call.params["database"]
    _tables(world, database)
    kind = KINDS[call.params["handlerType"]]
    enrolled = [one for one in world[DATA_SOURCES].all(where={"blobHandlerType": kind}) if _database(one) == database]
    monitors = [one["schemaEvolution"] for one in enrolled if one.get("schemaEvolution")]
    if not monitors:
        return Reply(200, {})
    return Reply(200, {"existingSchemaEvolutionRecord": {"disabled": monitors[-1].get("disabled", True)}})


@handlers.operation("createDataSources")
def create_data_sources(call: Call, world: World) -> Reply:
    """Create a data source for each handler, or none if one of the names is taken.

    Immuta documentation, Create a Snowflake Data Source; fh-immuta-utils 0.5.2, client.py. Raises a 403 for a user who
    may only read (assumed).
    """
    require_full_rights(world)
    payload: Any = call.document
    handler = payload["handler"]
    several = isinstance(handler, list)
    made = [_enrol(call, world, one["metadata"]) for one in (handler if several else [handler])]
    common = {"warnings": None, "connectionString": made[0]["connectionString"]}
    return Reply(200, common if several else {"id": made[0]["id"], "dataSourceId": made[0]["id"], **common})


def _enrol(call: Call, world: World, metadata: Record) -> Record:
    record = _data_source(call, world, metadata)
    if world[DATA_SOURCES].all(where={"name": record["name"]}):
        raise Refusal(name_taken("data source", record["name"]))
    world[DATA_SOURCES].insert(record)
    world[DICTIONARIES].insert(_dictionary(world, record, metadata))
    for profile, state in _people(call, world).items():
        id = world.unused_number(SUBSCRIPTIONS, world[SUBSCRIPTIONS].count() + 1)
        world[SUBSCRIPTIONS].insert({"id": id, "dataSource": record["id"], "profile": profile, "state": state})
    return record


def _people(call: Call, world: World) -> dict[int, str]:
    """Return the state of each profile: of several the first. Whoever calls is an owner (assumed)."""
    payload: Any = call.document
    people = {int(world.identity.user): "owner"}
    for role in ROLES:
        for profile in payload["dataSource"].get(role, {}).get("profiles", ()):
            people.setdefault(profile, role)
    return people


def _data_source(call: Call, world: World, metadata: Record) -> Record:
    payload: Any = call.document
    given = payload["dataSource"]
    id = world.unused_number(DATA_SOURCES, world[DATA_SOURCES].count() + 1)
    table = metadata["table"]
    return {
        **bare_data_source(id, call.params["handlerType"], timestamp(world.now)),
        "name": metadata.get("dataSourceName") or given.get("name") or table,
        "recordFormat": given.get("recordFormat", "json"),
        "description": given.get("description"),
        "blobHandlerType": given["blobHandlerType"],
        "connectionString": _connection_string(metadata),
        "sqlSchemaName": metadata.get("bodataSchemaName") or metadata.get("schema") or "public",
        "sqlTableName": metadata.get("bodataTableName") or given.get("sqlTableName") or table,
        "createdBy": int(world.identity.user),
        "type": given.get("type", "queryable"),
        "schemaEvolution": payload.get("schemaEvolution"),
    }


def _connection_string(metadata: Record) -> str:
    host = metadata.get("hostname") or f"athena.{metadata.get('region', 'us-east-1')}.amazonaws.com"
    return f"{metadata.get('username', 'immuta')}@{host}:{metadata.get('port', 443)}/{metadata['database']}"


def _dictionary(world: World, data_source: Record, metadata: Record) -> Record:
    """Return the dictionary of a new data source: the columns that were sent, else those of the remote table."""
    table = _table(world, metadata)
    columns = metadata.get("columns") or (table["columns"] if table else [])
    return {
        "createdAt": data_source["createdAt"],
        "dataSource": data_source["id"],
        "id": world.unused_number(DICTIONARIES, world[DICTIONARIES].count() + 1),
        "metadata": columns,
        "types": types_of(columns),
        "updatedAt": data_source["updatedAt"],
    }


def _database(data_source: Record) -> str:
    return str(data_source["connectionString"]).rpartition("/")[2]


def _tables(world: World, database: str) -> list[Record]:
    tables = world[REMOTE_TABLES].all(where={"database": database})
    if not tables:
        raise database_not_found()
    return tables


def _table(world: World, metadata: Record) -> Record | None:
    where = {"database": metadata["database"], "tableName": metadata["table"]}
    if "schema" in metadata:
        where["tableSchema"] = metadata["schema"]
    return next(iter(world[REMOTE_TABLES].all(where=where)), None)
