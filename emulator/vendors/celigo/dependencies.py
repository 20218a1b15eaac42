"""What uses an integration or is used by it."""

from __future__ import annotations

from emulator.exchange import Call, Reply
from emulator.sandbox.collection import Collection, Record
from emulator.sandbox.world import World
from emulator.vendor import Handlers
from emulator.vendors.celigo.collections import CONNECTIONS, EXPORTS, FLOWS, IMPORTS, INTEGRATIONS, SCRIPTS
from emulator.vendors.celigo.records import exports_of, find, flows_of, imports_of, values_of

handlers = Handlers()


class _Found:
    """Resources by type, each with what ties it to the integration."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._ties: dict[str, dict[str, dict[str, list[str]]]] = {}

    def tie(self, kind: str, id: str, to_kind: str, to_id: str) -> None:
        """Note that a resource is tied to another one."""
        ties = self._ties.setdefault(kind, {}).setdefault(id, {}).setdefault(to_kind, [])
        if to_id not in ties:
            ties.append(to_id)

    def document(self) -> Record:
        """Return what was found, type by type; references that lead nowhere are left out."""
        named = {
            kind: [entry for id, ties in found.items() for entry in self._entry(kind, id, ties)]
            for kind, found in self._ties.items()
        }
        return {kind: entries for kind, entries in named.items() if entries}

    def _entry(self, kind: str, id: str, ties: dict[str, list[str]]) -> list[Record]:
        record = self._world[_COLLECTIONS[kind]].get(id)
        level = "owner" if self._world.identity.rights == "full" else "monitor"
        return [{"id": id, "name": record["name"], "accessLevel": level, "dependencyIds": ties}] if record else []


_COLLECTIONS: dict[str, Collection] = {
    "integrations": INTEGRATIONS,
    "flows": FLOWS,
    "exports": EXPORTS,
    "imports": IMPORTS,
    "connections": CONNECTIONS,
    "scripts": SCRIPTS,
}


@handlers.operation("listDependencies")
def list_dependencies(call: Call, world: World) -> Reply:
    """List resources by type (Seed 004; the shape: vendor's web client). Nothing: it can be deleted safely."""
    integration = find(world, call.params["_id"])
    id, found = integration["_id"], _Found(world)
    for other in world[INTEGRATIONS].all():
        if id in (other.get("_parentId"), other.get("_sourceId")):
            found.tie("integrations", other["_id"], "integrations", id)
    for flow in flows_of(world, integration):
        found.tie("flows", flow["_id"], "integrations", id)
        for kind, reference in (("exports", "_exportId"), ("imports", "_importId"), ("scripts", "_scriptId")):
            for used in values_of(flow, reference):
                found.tie(kind, used, "flows", flow["_id"])
    for connection in integration["_registeredConnectionIds"]:
        found.tie("connections", connection, "integrations", id)
    for kind, records in (("exports", exports_of(world, integration)), ("imports", imports_of(world, integration))):
        for record in records:
            if "_connectionId" in record:
                found.tie("connections", record["_connectionId"], kind, record["_id"])
    for script in values_of(integration, "_scriptId"):
        found.tie("scripts", script, "integrations", id)
    return Reply(200, found.document())
