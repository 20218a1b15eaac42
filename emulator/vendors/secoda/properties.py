"""The values of custom properties (Secoda documentation, Custom Properties). The contract declares the properties."""

from __future__ import annotations

from emulator.exchange import Call, Reply
from emulator.store.world import World
from emulator.vendor import Handlers, Hooks, Write
from emulator.vendors.secoda.collections import CATALOG, CUSTOM_PROPERTIES, CUSTOM_PROPERTY_VALUES
from emulator.vendors.secoda.errors import REQUIRED, invalid_fields, not_found, parse_uuid
from emulator.vendors.secoda.uploaded import bring_in_uploads

handlers = Handlers()
hooks = Hooks()


@handlers.operation("setCustomPropertyValue")
def set_custom_property_value(call: Call, world: World) -> Reply:
    """Keep the value of a custom property for a resource."""
    bring_in_uploads(world)
    property_id, entity_id = parse_uuid(call.params["id"]), parse_uuid(call.params["entity_id"])
    if property_id not in world[CUSTOM_PROPERTIES] or entity_id not in world[CATALOG]:
        raise not_found()
    if not isinstance(call.document, dict):
        raise invalid_fields({"value": [REQUIRED]})
    value = {
        "id": f"{property_id}:{entity_id}",
        "custom_property_id": property_id,
        "entity_id": entity_id,
        "value": call.document["value"],
    }
    if value["id"] in world[CUSTOM_PROPERTY_VALUES]:
        world[CUSTOM_PROPERTY_VALUES].replace(value)
    else:
        world[CUSTOM_PROPERTY_VALUES].insert(value)
    return Reply(204)


@hooks.written("custom_properties")
def delete_values(world: World, write: Write) -> None:
    """Delete the values of a deleted property."""
    if write.before is not None and write.after is None:
        world[CUSTOM_PROPERTY_VALUES].delete_all({"custom_property_id": write.before["id"]})


@hooks.written("catalog")
def delete_values_of_resource(world: World, write: Write) -> None:
    """Delete the values for a deleted resource."""
    if write.before is not None and write.after is None:
        world[CUSTOM_PROPERTY_VALUES].delete_all({"entity_id": write.before["id"]})
