"""Records outside an integration that depend on it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from emulator.exchange import Call, Record, Reply
from emulator.store.collection import Collection
from emulator.store.world import World
from emulator.vendor import Handlers
from emulator.vendors.celigo.collections import EXPORTS, FLOWS, IMPORTS, INTEGRATIONS
from emulator.vendors.celigo.records import find, flows_of

handlers = Handlers()

COLLECTIONS: Final[Mapping[str, Collection]] = {
    "integrations": INTEGRATIONS,
    "flows": FLOWS,
    "exports": EXPORTS,
    "imports": IMPORTS,
}
"""The collections that may contain dependents, by type in the reply."""

NO_DEPENDENCIES: Final = ("_id", "_sourceId", "_integrationId")
"""Fields whose references are not dependencies: the source of a copy, and the parent of a record."""


@handlers.long_operation("listDependencies")
def list_dependencies(call: Call, world: World) -> Reply:
    """List by type what needs the integration, or something deleted with it; if empty, it can be deleted safely.

    Celigo documentation, Integration API endpoints. The fields of an entry: Celigo CLI 2026.8.6,
    integrations dependencies.
    """
    integration = find(world, call.params["_id"])
    kinds = dict(_inside(world, integration))
    found = {kind: list(_dependents(world, kind, kinds)) for kind in COLLECTIONS}
    return Reply(200, {kind: entries for kind, entries in found.items() if entries})


def _inside(world: World, integration: Record) -> Iterator[tuple[str, str]]:
    """Yield id and type of everything that is deleted with the integration, including itself."""
    yield integration["_id"], "integrations"
    for flow in flows_of(world, integration):
        yield flow["_id"], "flows"
    for kind in ("exports", "imports"):
        for record in world[COLLECTIONS[kind]].all({"_integrationId": integration["_id"]}):
            yield record["_id"], kind


def _dependents(world: World, kind: str, inside: Mapping[str, str]) -> Iterator[Record]:
    level = "owner" if world.identity.rights == "full" else "monitor"
    for record in world[COLLECTIONS[kind]].all():
        references = [] if record["_id"] in inside else list(_references(record, inside))
        if references:
            ids: dict[str, list[str]] = {}
            for id in dict.fromkeys(id for _, id in references):
                ids.setdefault(inside[id], []).append(id)
            paths = [path for path, _ in references]
            yield {
                "id": record["_id"],
                "name": record["name"],
                "paths": paths,
                "accessLevel": level,
                "dependencyIds": ids,
            }


def _references(document: Any, ids: Mapping[str, str], path: str = "") -> Iterator[tuple[str, str]]:
    """Yield the dotted path and the id of each reference to one of the ids."""
    if isinstance(document, str):
        if document in ids:
            yield path, document
        return
    entries: Any = document.items() if isinstance(document, dict) else ()
    entries = enumerate(document) if isinstance(document, list) else entries
    for name, value in entries:
        if name not in NO_DEPENDENCIES:
            yield from _references(value, ids, f"{path}.{name}" if path else str(name))
