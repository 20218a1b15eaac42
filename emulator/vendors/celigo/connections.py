"""The connections that are registered to an integration, and whether one works.

Registering organises; it binds nothing.
"""

from __future__ import annotations

from typing import Any

from emulator.exchange import Call, Record, Reply
from emulator.store.world import World
from emulator.vendor import Handlers
from emulator.vendors.celigo.errors import error, invalid_ref, refusal
from emulator.vendors.celigo.paging import page_of
from emulator.vendors.celigo.projection import projection
from emulator.vendors.celigo.records import connections_of, find, find_connection, save
from emulator.vendors.celigo.shapes import distinct
from emulator.vendors.celigo.validation import alias_errors, unknown_connections

handlers = Handlers()

NEEDED = "This connection is being referenced by an alias. Delete the alias before deregistering the connection."


@handlers.operation("listIntegrationConnections")
def list_integration_connections(call: Call, world: World) -> Reply:
    """List the connections that are registered to an integration (Celigo documentation, Integration API endpoints)."""
    integration = find(world, call.params["_id"])
    return page_of(call, world, connections_of(world, integration), projection(call))


@handlers.operation("registerConnections")
def register_connections(call: Call, world: World) -> Reply:
    """Register several connections, all or none.

    Celigo documentation, Integration API endpoints, Register multiple connections at one time to an integration.
    """
    integration = find(world, call.params["_id"])
    wanted: Any = call.document
    ids = distinct(wanted)
    if unknown := unknown_connections(world, ids):
        raise refusal(422, *(invalid_ref("_connectionId") for _ in unknown))
    return _register(world, integration, ids)


@handlers.operation("registerConnection")
def register_connection(call: Call, world: World) -> Reply:
    """Register one connection (Celigo documentation, Integration API endpoints)."""
    integration = find(world, call.params["_id"])
    return _register(world, integration, [find_connection(world, call.params["_connectionId"])["_id"]])


@handlers.operation("unregisterConnection")
def unregister_connection(call: Call, world: World) -> Reply:
    """Unregister a connection, unless an alias needs it.

    Celigo documentation, Integration API endpoints; the alias: Celigo QA automation, TC_C41980.
    """
    before = find(world, call.params["_id"])
    gone = find_connection(world, call.params["_connectionId"])["_id"]
    left = [id for id in before["_registeredConnectionIds"] if id != gone]
    after = {**before, "_registeredConnectionIds": left}
    if any(alias_errors(world, after)) and not any(alias_errors(world, before)):
        raise refusal(422, error("detach_failed", NEEDED))
    if after != before:
        save(world, before, after)
    return Reply(204)


@handlers.operation("pingConnection")
@handlers.operation("postPing")
def ping_connection(call: Call, world: World) -> Reply:
    """Say whether a connection works (celigo/integrator-api-docs, connection.md; of one that is offline assumed)."""
    connection = find_connection(world, call.params["_id"])
    if connection.get("offline"):
        return Reply(200, {"errors": [error("connection_offline", "The connection is offline.")]})
    return Reply(200, {"code": 200})


@handlers.operation("pingVirtualConnection")
def ping_virtual_connection(call: Call, world: World) -> Reply:
    """Say that a connection that is not kept works (celigo/integrator-api-docs, connection.md): nothing is called."""
    return Reply(200, {"code": 200})


def _register(world: World, before: Record, ids: list[str]) -> Reply:
    after = {**before, "_registeredConnectionIds": distinct([*before["_registeredConnectionIds"], *ids])}
    record = before if after == before else save(world, before, after)
    replies = {
        "ids": Reply(200, record["_registeredConnectionIds"]),
        "integration": Reply(200, record),
        "empty": Reply(200),
    }
    return replies[world.switches["register_reply"]]
