"""Lineage that is made by hand: each in both directions (Secoda documentation, Lineage)."""

from __future__ import annotations

from typing import Any

from emulator.exchange import Call, Record, Reply
from emulator.store.world import World
from emulator.vendor import Handlers, Hooks, Write
from emulator.vendors.secoda.collections import CATALOG, MANUAL_LINEAGE
from emulator.vendors.secoda.errors import REQUIRED, invalid_fields, parse_uuid, unknown_key
from emulator.vendors.secoda.populate import WORKSPACE, precise_timestamp
from emulator.vendors.secoda.uploaded import bring_in_uploads

handlers = Handlers()
hooks = Hooks()

OPPOSITE = {"UPSTREAM": "DOWNSTREAM", "DOWNSTREAM": "UPSTREAM"}


@handlers.operation("createLineage")
def create_lineage(call: Call, world: World) -> Reply:
    """Create a lineage, and the one in the opposite direction."""
    bring_in_uploads(world)
    given = call.document
    if not isinstance(given, dict):
        raise invalid_fields({name: [REQUIRED] for name in ("from_entity", "to_entity", "direction")})
    ids = {name: parse_uuid(given[name]) for name in ("from_entity", "to_entity")}
    unknown = {name: [unknown_key(id)] for name, id in ids.items() if id not in world[CATALOG]}
    if unknown:
        raise invalid_fields(unknown)
    made = _insert(world, ids["from_entity"], ids["to_entity"], given["direction"])
    _insert(world, ids["to_entity"], ids["from_entity"], OPPOSITE[given["direction"]])
    return Reply(201, made)


@hooks.seeking("manual_lineage")
def bring_in(world: World) -> None:
    """Take along what uploads have removed since the catalogue was last read."""
    bring_in_uploads(world)


@hooks.written("manual_lineage")
def delete_opposite(world: World, write: Write) -> None:
    """Delete the opposite of a deleted lineage (assumed)."""
    if write.before is not None and write.after is None:
        ends = {"from_entity_id": write.before["to_entity_id"], "to_entity_id": write.before["from_entity_id"]}
        world[MANUAL_LINEAGE].delete_all({**ends, "direction": OPPOSITE[write.before["direction"]]})


def _insert(world: World, source: Any, destination: Any, direction: str) -> Record:
    now = precise_timestamp(world.now)
    made = {
        "id": world.new_id(MANUAL_LINEAGE, world.uuid),
        "created_at": now,
        "updated_at": now,
        "from_entity_id": source,
        "to_entity_id": destination,
        "direction": direction,
        "workspace_id": WORKSPACE,
        "is_manual": True,
    }
    world[MANUAL_LINEAGE].insert(made)
    return made
