"""Functions for several modules that find records, and what belongs to an integration."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, Final

from emulator.exchange import Record, timestamp
from emulator.store.collection import Collection
from emulator.store.world import World
from emulator.vendors.celigo.collections import (
    CLONES,
    CONNECTIONS,
    ERRORS,
    EXPORTS,
    FLOWS,
    IMPORTS,
    INTEGRATIONS,
    JOBS,
    REVISIONS,
    SNAPSHOTS,
)
from emulator.vendors.celigo.errors import error, not_found, refusal
from emulator.vendors.celigo.history import log
from emulator.vendors.celigo.shapes import ordered

BATCH: Final = 1000
"""How many flows are deleted at a time."""


def find(world: World, id: str) -> Record:
    """Return the integration with that id. Raises Refusal (404)."""
    return _find(world, INTEGRATIONS, id, "Integration")


def find_connection(world: World, id: str) -> Record:
    """Return the connection with that id. Raises Refusal (404)."""
    return _find(world, CONNECTIONS, id, "Connection")


def find_flow(world: World, id: str) -> Record:
    """Return the flow with that id. Raises Refusal (404)."""
    return _find(world, FLOWS, id, "Flow")


def find_export(world: World, id: str) -> Record:
    """Return the export with that id. Raises Refusal (404)."""
    return _find(world, EXPORTS, id, "Export")


def find_import(world: World, id: str) -> Record:
    """Return the import with that id. Raises Refusal (404)."""
    return _find(world, IMPORTS, id, "Import")


def find_revision(world: World, id: str) -> Record:
    """Return the revision with that id. Raises Refusal (404)."""
    return _find(world, REVISIONS, id, "Revision")


def _find(world: World, collection: Collection, id: str, what: str) -> Record:
    record = world[collection].get(id.lower())
    if record is None:
        raise not_found(world, what)
    return record


def flows_of(world: World, integration: Record) -> list[Record]:
    """Return the flows of an integration: a flow names its integration."""
    return world[FLOWS].all({"_integrationId": integration["_id"]})


def exports_of(world: World, integration: Record) -> list[Record]:
    """Return the exports that an integration's flows use, and those that name it, as those of installed apps do."""
    return _used(world, EXPORTS, integration, "_exportId")


def imports_of(world: World, integration: Record) -> list[Record]:
    """Return the imports that an integration's flows use, and those that name it, as those of installed apps do."""
    return _used(world, IMPORTS, integration, "_importId")


def _used(world: World, collection: Collection, integration: Record, reference: str) -> list[Record]:
    used = set(values_of(flows_of(world, integration), reference))
    mine = integration["_id"]
    return [
        record for record in world[collection].all() if record["_id"] in used or record.get("_integrationId") == mine
    ]


def connections_of(world: World, integration: Record) -> list[Record]:
    """Return the connections that are registered to an integration, in that order."""
    found = (world[CONNECTIONS].get(id) for id in integration["_registeredConnectionIds"])
    return [record for record in found if record is not None]


def content_of(world: World, integration: Record) -> list[Record]:
    """Return an integration and its flows, exports, imports and connections."""
    parts = (flows_of, exports_of, imports_of, connections_of)
    return [integration, *(record for part in parts for record in part(world, integration))]


def values_of(document: Any, key: str) -> Iterator[str]:
    """Yield the values of `key` at any depth of a document."""
    if isinstance(document, dict):
        for name, value in document.items():
            if name == key and isinstance(value, str):
                yield value
            else:
                yield from values_of(value, key)
    elif isinstance(document, list):
        for value in document:
            yield from values_of(value, key)


def refuse_during_update(world: World, integration: Record) -> None:
    """Raise Refusal (422) while the integration is being updated, if the switch writes_during_update says so."""
    if integration.get("updateInProgress") and world.switches["writes_during_update"] == "refused":
        raise refusal(422, error("update_in_progress", "The integration is being updated. Try again later."))


def save(world: World, before: Record, after: Record) -> Record:
    """Replace `before` by `after`, record the user and the time, log it, and return it.

    Raises Refusal (422) while the integration is being updated, if the switch writes_during_update says so.
    """
    if after.get("updateInProgress") is not False:
        refuse_during_update(world, before)
    stamped = {**after, "lastModified": timestamp(world.now), "lastModifiedBy": world.identity.user}
    record = ordered(stamped)
    world[INTEGRATIONS].replace(record)
    log(world, "update", "integration", before=before, after=record)
    return record


def ungroup_flows(world: World, integration: Record) -> None:
    """Remove flows from deleted groups (Celigo CLI documentation, flow-groups)."""
    groups = {grouping["_id"] for grouping in integration["flowGroupings"]}
    for flow in flows_of(world, integration):
        if "_flowGroupingId" in flow and flow["_flowGroupingId"] not in groups:
            ungrouped = {name: value for name, value in flow.items() if name != "_flowGroupingId"}
            world[FLOWS].replace(ungrouped)
            log(world, "update", "flow", before=flow, after=ungrouped)


def remove(world: World, integration: Record) -> None:
    """Delete an integration with its content: flows, revisions, and its own exports and imports.

    All of it is one transaction. Raises Refusal (422) as `save` does.
    """
    refuse_during_update(world, integration)
    mine = {"_integrationId": integration["_id"]}
    # In batches: an integration may have more flows than fit into memory.
    while flows := world[FLOWS].page(limit=BATCH, where=mine):
        for flow in flows:
            world[FLOWS].delete(flow["_id"])
            _remove_all(world, (ERRORS, JOBS), {"_flowId": flow["_id"]})
            log(world, "delete", "flow", before=flow)
    _remove_all(world, (EXPORTS, IMPORTS, REVISIONS, SNAPSHOTS, CLONES), mine)
    world[INTEGRATIONS].delete(integration["_id"])
    log(world, "delete", "integration", before=integration)


def _remove_all(world: World, collections: Iterable[Collection], where: Record) -> None:
    for collection in collections:
        world[collection].delete_all(where)
