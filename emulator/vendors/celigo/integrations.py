"""Integrations: list, create, read, replace, delete."""

from __future__ import annotations

from typing import Any

from emulator.exchange import Call, Record, Reply, timestamp
from emulator.store.world import World
from emulator.vendor import Handlers
from emulator.vendors.celigo.collections import FLOWS, INTEGRATIONS
from emulator.vendors.celigo.errors import error, refusal
from emulator.vendors.celigo.history import log
from emulator.vendors.celigo.ids import new_id
from emulator.vendors.celigo.open_errors import counts
from emulator.vendors.celigo.paging import page
from emulator.vendors.celigo.projection import projection
from emulator.vendors.celigo.records import connections_of, find, flows_of, remove, save, ungroup_flows
from emulator.vendors.celigo.shapes import KEPT_BY_PUT, ordered, written
from emulator.vendors.celigo.validation import check

handlers = Handlers()


@handlers.operation("listIntegrations")
def list_integrations(call: Call, world: World) -> Reply:
    """List all integrations, with figures.

    Celigo documentation, Integration API endpoints; figures: celigo/ai, managing-integrations.
    """
    where = {"sandbox": call.params["sandbox"]} if "sandbox" in call.params else None
    records = world[INTEGRATIONS]
    return page(
        call,
        world,
        records.count(where),
        lambda skip, limit: [_with_figures(world, record) for record in records.page(skip, limit, where)],
        projection(call),
    )


@handlers.operation("createIntegration")
def create_integration(call: Call, world: World) -> Reply:
    """Create an integration and return it (Celigo documentation, Integration API endpoints)."""
    wanted: Any = call.document
    now = timestamp(world.now)
    syncs = wanted.get("syncs")
    record = ordered(
        {
            **written(world, wanted),
            **({} if syncs is None else {"syncs": syncs}),
            "_id": new_id(world, INTEGRATIONS),
            "sandbox": bool(wanted.get("sandbox")),
            "createdAt": now,
            "lastModified": now,
            "lastModifiedBy": world.identity.user,
        }
    )
    check(world, record)
    world[INTEGRATIONS].insert(record)
    log(world, "create", "integration", after=record)
    return Reply(201, record)


@handlers.operation("getIntegration")
def get_integration(call: Call, world: World) -> Reply:
    """Return one integration (Celigo documentation, Integration API endpoints)."""
    return Reply(200, find(world, call.params["_id"]))


@handlers.operation("updateIntegration")
def update_integration(call: Call, world: World) -> Reply:
    """Replace an integration and return it: omitted fields are erased (Celigo developer pages, Integrations)."""
    before = find(world, call.params["_id"])
    wanted: Any = call.document
    kept = {name: before[name] for name in KEPT_BY_PUT if name in before}
    after = {**written(world, wanted), **kept}
    check(world, after)
    ungroup_flows(world, after)
    return Reply(200, save(world, before, after))


@handlers.long_operation("deleteIntegration")
def delete_integration(call: Call, world: World) -> Reply:
    """Delete an integration; the switch delete_with_flows decides about its flows.

    Celigo documentation, Integration API endpoints.
    """
    integration = find(world, call.params["_id"])
    if world.switches["delete_with_flows"] == "refused" and world[FLOWS].count({"_integrationId": integration["_id"]}):
        raise refusal(409, error("in_use", "The integration cannot be deleted while it has flows."))
    remove(world, integration)
    return Reply(204)


def _with_figures(world: World, integration: Record) -> Record:
    flows = flows_of(world, integration)
    errors = list(counts(world, flows))
    connections = connections_of(world, integration)
    last = max((found["lastErrorAt"] for found in errors), default=None)
    return {
        **integration,
        "numFlows": len(flows),
        "numError": sum(found["numError"] for found in errors),
        "numRegisteredConnections": len(connections),
        "numOfflineConnections": sum(bool(connection.get("offline")) for connection in connections),
        **({"lastErrorAt": last} if last else {}),
    }
