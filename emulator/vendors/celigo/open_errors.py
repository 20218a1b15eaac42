"""The open errors of flows: how many there are. No operation here makes, retries or resolves any."""

from __future__ import annotations

from emulator.exchange import Call, Reply
from emulator.store.world import World
from emulator.vendor import Handlers
from emulator.vendors.celigo.collections import ERRORS
from emulator.vendors.celigo.records import find, find_flow, flows_of

handlers = Handlers()

COUNTED = ("_flowId", "numError", "lastErrorAt")


@handlers.operation("listIntegrationErrors")
def list_integration_errors(call: Call, world: World) -> Reply:
    """Count the open errors of an integration, by flow (Celigo CLI 2026.8.6)."""
    flows = flows_of(world, find(world, call.params["_id"]))
    found = [errors for flow in flows if (errors := world[ERRORS].get(flow["_id"]))]
    return Reply(200, [{name: errors[name] for name in COUNTED} for errors in found])


@handlers.operation("listFlowErrors")
def list_flow_errors(call: Call, world: World) -> Reply:
    """Count the open errors of a flow, by step (Celigo CLI 2026.8.6)."""
    errors = world[ERRORS].get(find_flow(world, call.params["_id"])["_id"]) or {}
    return Reply(200, {"flowErrors": errors.get("steps", [])})
