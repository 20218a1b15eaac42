"""Custom integrations: create, update, list. They cannot be deleted; an update deactivates."""

from __future__ import annotations

from typing import Any

from emulator.exchange import Call, Record
from emulator.store.world import World
from emulator.vendor import Handlers
from emulator.vendors.paradime.collections import INTEGRATIONS
from emulator.vendors.paradime.errors import taken_name, unknown_integration
from emulator.vendors.paradime.records import logo, node_types

handlers = Handlers()


def find(world: World, uid: str) -> Record:
    """Return the integration with that uid. Raises FieldError if there is none."""
    integration = world[INTEGRATIONS].get(uid)
    if integration is None:
        raise unknown_integration(uid)
    return integration


@handlers.operation("listCustomIntegrations")
def list_custom_integrations(call: Call, world: World) -> dict[str, Any]:
    """Return all integrations, active or not.

    Paradime documentation, Custom Integration API, List Custom Integrations.
    """
    return {"ok": True, "integrations": world[INTEGRATIONS].all()}


@handlers.operation("addCustomIntegration")
def add_custom_integration(call: Call, world: World) -> dict[str, Any]:
    """Create an integration (Paradime documentation, Custom Integration API, Registering a New Integration).

    It is active and listed from now on: the vendor's SDK looks for it at once in upsert().
    """
    integration = {
        "uid": world.new_id(INTEGRATIONS, world.uuid),
        "name": call.params["name"],
        "logoBase64": logo(call.params.get("logoUrl")),
        "isActive": True,
        "nodeTypes": node_types(call.params["nodeTypes"]),
    }
    _refuse_taken_name(world, integration)
    world[INTEGRATIONS].insert(integration)
    return {"ok": True, "integrationUid": integration["uid"]}


@handlers.operation("updateCustomIntegration")
def update_custom_integration(call: Call, world: World) -> dict[str, Any]:
    """Change the given values that are not null; a list of node types replaces all (Paradime Python SDK 6.9.0)."""
    integration = find(world, call.params["integrationUid"])
    integration |= _changes({name: value for name, value in call.params.items() if value is not None})
    _refuse_taken_name(world, integration)
    world[INTEGRATIONS].replace(integration)
    return {"ok": True}


def _changes(given: dict[str, Any]) -> Record:
    changes: Record = {}
    if "name" in given:
        changes["name"] = given["name"]
    if given.get("logoUrl"):
        changes["logoBase64"] = logo(given["logoUrl"])
    if "nodeTypes" in given:
        changes["nodeTypes"] = node_types(given["nodeTypes"])
    if "active" in given:
        changes["isActive"] = given["active"]
    return changes


def _refuse_taken_name(world: World, integration: Record) -> None:
    if world.switches["duplicate_names"] == "allowed" or not integration["isActive"]:
        return
    namesakes = world[INTEGRATIONS].all({"name": integration["name"], "isActive": True})
    if any(namesake["uid"] != integration["uid"] for namesake in namesakes):
        raise taken_name(integration["name"])
