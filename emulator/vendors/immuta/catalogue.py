"""Tags, which columns can have."""

from __future__ import annotations

from typing import Any

from emulator.errors import Refusal
from emulator.exchange import Call, Record, Reply, timestamp
from emulator.store.world import World
from emulator.vendor import Handlers
from emulator.vendors.immuta.collections import TAGS
from emulator.vendors.immuta.errors import bad_request, insufficient_scope

handlers = Handlers()


@handlers.operation("createTag")
def create_tag(call: Call, world: World) -> Reply:
    """Create tags, or rename those whose id is given.

    Immuta documentation, Tag API; Immuta documentation, Manage Tags.
    Raises a 400 with the words that fh-immuta-utils looks for if a name is taken, a 403 for a user
    who may only read (assumed).
    """
    if world.identity.rights != "full":
        raise insufficient_scope()
    payload: Any = call.document
    _delete_hierarchy(world, payload.get("rootTag", {}))
    _refuse_overlap(call, world, payload["tags"])
    first = world[TAGS].count() + 1
    return Reply(200, [_put(world, tag, first) for tag in payload["tags"]])


def _delete_hierarchy(world: World, root: Record) -> None:
    if root.get("deleteHierarchy"):
        for tag in world[TAGS].all():
            if tag["name"].startswith(f"{root['name']}."):
                world[TAGS].delete(tag["id"])


def _refuse_overlap(call: Call, world: World, tags: list[Record]) -> None:
    """Refuse tags with the name of another tag, even one in the same call."""
    owners: dict[str, Any] = {}
    overlapping = []
    for number, tag in enumerate(tags):
        taken = [one["id"] for one in world[TAGS].all(where={"name": tag["name"]})]
        own = tag.get("id", f"new {number}")
        if owners.setdefault(tag["name"], own) != own or any(id != own for id in taken):
            overlapping.append(tag["name"])
    if overlapping:
        raise Refusal(bad_request(call, f"Tags overlap with existing hierarchies: {', '.join(overlapping)}"))


def _put(world: World, tag: Record, first: int) -> Record:
    existing = world[TAGS].get(int(tag["id"])) if "id" in tag else None
    if existing is None:
        return _create(world, tag, first)
    renamed = {**existing, "name": tag["name"], "updatedAt": timestamp(world.now)}
    world[TAGS].replace(renamed)
    return renamed


def _create(world: World, tag: Record, first: int) -> Record:
    now = timestamp(world.now)
    created = {
        "id": world.unused_number(TAGS, first),
        "name": tag["name"],
        "color": None,
        "description": None,
        "source": tag.get("source", "curated"),
        "deleted": False,
        "systemCreated": False,
        "createdBy": int(world.identity.user),
        "createdAt": now,
        "updatedAt": now,
    }
    world[TAGS].insert(created)
    return created
