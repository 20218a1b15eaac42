"""The audit log: of an integration and its resources, and of the account."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from emulator.exchange import Call, Record, Reply
from emulator.store.world import World
from emulator.vendor import Handlers
from emulator.vendors.celigo.collections import AUDIT, REVISIONS
from emulator.vendors.celigo.paging import page_of
from emulator.vendors.celigo.records import content_of, find, find_flow

handlers = Handlers()

FILTERS: Final[Mapping[str, Callable[[Record, str], bool]]] = {
    "resourceType": lambda entry, value: entry["resourceType"] == value,
    "_resourceId": lambda entry, value: entry["_resourceId"] == value,
    "_byUserId": lambda entry, value: entry["byUser"]["_id"] == value,
    "source": lambda entry, value: entry["source"] == value,
    "event": lambda entry, value: entry["event"] == value,
    "action": lambda entry, value: entry["event"] == value,
    "from": lambda entry, value: entry["time"] >= value,
    "to": lambda entry, value: entry["time"] <= value,
}
"""By query parameter (Celigo developer pages, Audit Logs)."""


@handlers.long_operation("listAuditLog")
def list_audit_log(call: Call, world: World) -> Reply:
    """List the entries, newest first (Celigo documentation, Integration API endpoints)."""
    integration = find(world, call.params["_id"])
    covered = _covered(world, integration)
    return page_of(call, world, [entry for entry in _entries(call, world) if entry["_resourceId"] in covered])


@handlers.long_operation("listFlowAuditLog")
def list_flow_audit_log(call: Call, world: World) -> Reply:
    """List the entries about a flow, newest first (Celigo documentation, Flow API endpoints)."""
    id = find_flow(world, call.params["_id"])["_id"]
    return page_of(call, world, [entry for entry in _entries(call, world) if entry["_resourceId"] == id])


@handlers.long_operation("listAccountAuditLog")
def list_account_audit_log(call: Call, world: World) -> Reply:
    """List all entries, newest first (celigo/ai, API Reference)."""
    return page_of(call, world, _entries(call, world), skip_by="offset")


def _entries(call: Call, world: World) -> list[Record]:
    """Return the entries that the call's filters keep, newest first."""
    wanted = [(FILTERS[name], value) for name, value in call.params.items() if name in FILTERS]
    entries = [entry for entry in world[AUDIT].all() if all(keeps(entry, value) for keeps, value in wanted)]
    return sorted(entries, key=lambda entry: str(entry["time"]))[::-1]


def _covered(world: World, integration: Record) -> set[str]:
    """Return the ids of the integration and of everything that belongs to it."""
    revisions = world[REVISIONS].all({"_integrationId": integration["_id"]})
    return {record["_id"] for record in (*content_of(world, integration), *revisions)}
