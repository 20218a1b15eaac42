"""The flows, exports and imports of an integration."""

from __future__ import annotations

from emulator.exchange import Call, Reply
from emulator.store.world import World
from emulator.vendor import Handlers
from emulator.vendors.celigo.paging import page_of
from emulator.vendors.celigo.projection import projection
from emulator.vendors.celigo.records import exports_of, find, flows_of, imports_of

handlers = Handlers()


@handlers.operation("listIntegrationFlows")
def list_integration_flows(call: Call, world: World) -> Reply:
    """List the flows of an integration (Celigo documentation, Integration API endpoints)."""
    integration = find(world, call.params["_id"])
    return page_of(call, world, flows_of(world, integration), projection(call))


@handlers.operation("listIntegrationExports")
def list_integration_exports(call: Call, world: World) -> Reply:
    """List the exports of an integration (Celigo documentation, Integration API endpoints)."""
    integration = find(world, call.params["_id"])
    return page_of(call, world, exports_of(world, integration), projection(call))


@handlers.operation("listIntegrationImports")
def list_integration_imports(call: Call, world: World) -> Reply:
    """List the imports of an integration (Celigo documentation, Integration API endpoints)."""
    integration = find(world, call.params["_id"])
    return page_of(call, world, imports_of(world, integration), projection(call))
