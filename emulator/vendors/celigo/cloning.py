"""Clones flows, exports and imports; or an integration, at once or by an installation that asks for the connections."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from emulator.exchange import Call, Record, Reply, timestamp
from emulator.store.world import World
from emulator.vendor import Handlers
from emulator.vendors.celigo.collections import CLONES, CONNECTIONS, EXPORTS, IMPORTS, INTEGRATIONS
from emulator.vendors.celigo.copying import Parts, copy_content, copy_records, manifest_of, with_new_ids
from emulator.vendors.celigo.errors import error, refusal
from emulator.vendors.celigo.history import log
from emulator.vendors.celigo.ids import new_id
from emulator.vendors.celigo.records import exports_of, find, find_export, find_flow, find_import, imports_of, values_of
from emulator.vendors.celigo.shapes import LISTS, ordered
from emulator.vendors.celigo.validation import unknown_connections

handlers = Handlers()


@handlers.long_operation("cloneIntegration")
def clone_integration(call: Call, world: World) -> Reply:
    """Clone an integration (Celigo documentation, Integration API endpoints).

    The body and its effects: Celigo web client.
    The switch clone_reply chooses between the clone and a manifest; with newTemplateInstaller the
    reply is the id of an integration whose installation creates the clone.
    """
    source = find(world, call.params["_id"])
    wishes: Any = call.document or {}
    if wishes.get("newTemplateInstaller"):
        return Reply(201, {"_integrationId": _to_install(world, source, wishes)["_id"]})
    needed = world.switches["clone_without_connection_map"] == "refused"
    connections = _connection_map(world, _used_connections(world, source), wishes, needed=needed)
    clone, manifest = copy_content(world, source, _bare(world, source, wishes), connections)
    clone = _keep(world, _tagged(clone, wishes))
    # A plain clone is in the family, but not linked (celigo/ai, lifecycle-management.md).
    world[CLONES].insert({"_integrationId": clone["_id"], "_sourceId": source["_id"]})
    if world.switches["clone_reply"] == "manifest":
        return Reply(201, [{"model": "Integration", "_id": clone["_id"], "name": clone["name"]}, *manifest])
    return Reply(201, clone)


@handlers.operation("cloneFlow")
def clone_flow(call: Call, world: World) -> Reply:
    """Clone a flow with its exports and imports into an integration.

    Celigo documentation, Flow API endpoints. The body and its refusals: celigo/ai, building-flows, clone-request.yml.
    """
    source = find_flow(world, call.params["_id"])
    wishes: Any = call.document
    target = world[INTEGRATIONS].get(wishes["_integrationId"].lower())
    if target is None:
        raise refusal(422, error("invalid_ref", "Integration not found for the given id", "_integrationId"))
    parts: dict[str, list[Record]] = {
        "export": [one for id in dict.fromkeys(values_of(source, "_exportId")) if (one := world[EXPORTS].get(id))],
        "import": [one for id in dict.fromkeys(values_of(source, "_importId")) if (one := world[IMPORTS].get(id))],
        "flow": [source],
    }
    connections = _connection_map(world, _connections_in(parts), wishes, needed=True)
    # Without a group in the request it is in none.
    group = {"_flowGroupingId": wishes["_flowGroupingId"]} if "_flowGroupingId" in wishes else {}
    fields = {"_integrationId": target["_id"], "_sourceId": source["_id"], **group}
    return _cloned(world, parts, connections, wishes, fields)


@handlers.operation("cloneExport")
def clone_export(call: Call, world: World) -> Reply:
    """Clone an export (celigo/integrator-api-docs, export.md; celigo/ai, configuring-exports, clone-request.yml)."""
    return _clone_step(call, world, {"export": [find_export(world, call.params["_id"])], "import": []})


@handlers.operation("cloneImport")
def clone_import(call: Call, world: World) -> Reply:
    """Clone an import (celigo/integrator-api-docs, import.md; celigo/ai, configuring-imports, clone-request.yml)."""
    return _clone_step(call, world, {"export": [], "import": [find_import(world, call.params["_id"])]})


def _clone_step(call: Call, world: World, parts: Parts) -> Reply:
    wishes: Any = call.document or {}
    connections = _connection_map(world, _connections_in(parts), wishes, needed=False)
    return _cloned(world, parts, connections, wishes, {})


def _cloned(world: World, parts: Parts, connections: Mapping[str, str], wishes: Record, fields: Record) -> Reply:
    """Clone the last record in `parts` with the others, and reply it or a list, as the switch clone_reply says."""
    kind, source = [(kind, record) for kind, records in parts.items() for record in records][-1]
    name, sandbox = (
        wishes.get("name") or f"Clone - {source['name']}",
        wishes.get("sandbox", bool(source.get("sandbox"))),
    )
    ids = with_new_ids(world, parts, connections)
    copies = copy_records(world, parts, ids, sandbox=sandbox, instead={kind: {"name": name, **fields}})
    manifest = world.switches["clone_reply"] == "manifest"
    return Reply(201, manifest_of(copies) if manifest else copies[-1][1])


def _bare(world: World, source: Record, wishes: Record) -> Record:
    """Return the empty clone."""
    now = timestamp(world.now)
    sandbox = wishes.get("sandbox")
    return {
        **{name: [] for name in LISTS},
        "_id": new_id(world, INTEGRATIONS),
        "name": wishes.get("name") or f"Clone - {source['name']}",
        "sandbox": source["sandbox"] if sandbox is None else sandbox,
        "createdAt": now,
        "lastModified": now,
        "lastModifiedBy": world.identity.user,
        "_sourceId": source["_id"],
    }


def _tagged(clone: Record, wishes: Record) -> Record:
    return {**clone, "tag": wishes["tag"]} if wishes.get("tag") else clone


def _keep(world: World, clone: Record) -> Record:
    record = ordered(clone)
    world[INTEGRATIONS].insert(record)
    log(world, "create", "integration", after=record)
    return record


def _used_connections(world: World, source: Record) -> list[str]:
    parts = {"export": exports_of(world, source), "import": imports_of(world, source)}
    return list(dict.fromkeys([*source["_registeredConnectionIds"], *_connections_in(parts)]))


def _connections_in(parts: Parts) -> list[str]:
    """Return the connections of the exports and imports in `parts`."""
    users = (*parts["export"], *parts["import"])
    return list(dict.fromkeys(user["_connectionId"] for user in users if "_connectionId" in user))


def _connection_map(world: World, used: Sequence[str], wishes: Record, *, needed: bool) -> dict[str, str]:
    """Return the connection to use for each one in the map.

    Raises Refusal (400) for an invalid map, and for none if it is `needed` for the used connections.
    """
    wanted: dict[str, str] | None = wishes.get("connectionMap")
    if wanted is None and used and needed:
        raise refusal(400, error("invalid_connectionMap", "connectionMap is required."))
    wanted = wanted or {}
    if not wanted.keys() <= set(used) or unknown_connections(world, list(wanted.values())):
        sentence = "connectionMap must map connections of the integration to existing connections."
        raise refusal(400, error("invalid_connectionMap", sentence))
    return wanted


def _to_install(world: World, source: Record, wishes: Record) -> Record:
    """Create the integration whose installation asks for each connection and then copies (Celigo web client)."""
    steps = [*_connection_steps(world, source), _copy_step()]
    return _keep(world, _tagged({**_bare(world, source, wishes), "mode": "install", "installSteps": steps}, wishes))


def _connection_steps(world: World, source: Record) -> Iterator[Record]:
    for id in _used_connections(world, source):
        connection = world[CONNECTIONS].get(id) or {}
        wanted: Record = {name: connection[name] for name in ("_id", "type", "name") if name in connection}
        if "formType" in connection.get("http", {}):
            wanted["http"] = {"formType": connection["http"]["formType"]}
        yield {"name": wanted.get("name", id), "completed": False, "type": "connection", "sourceConnection": wanted}


def _copy_step() -> Record:
    return {
        "name": "Copy resources now from template zip",
        "completed": False,
        "type": "template_zip",
        "templateZip": True,
        "isClone": True,
    }
