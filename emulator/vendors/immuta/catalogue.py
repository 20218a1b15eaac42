"""Tags, which columns can have."""

from __future__ import annotations

from typing import Any

from emulator.errors import Refusal
from emulator.exchange import Call, Record, Reply, timestamp
from emulator.store.world import World
from emulator.vendor import Handlers
from emulator.vendors.immuta.auth import require_full_rights
from emulator.vendors.immuta.collections import TAGS
from emulator.vendors.immuta.errors import bad_request, tag_not_found
from emulator.vendors.immuta.tagging import rename_attached

LISTED = ("id", "name", "color", "description", "source", "deleted", "systemCreated")
"""The fields of a tag in a search."""

handlers = Handlers()


@handlers.operation("listTags")
def list_tags(call: Call, world: World) -> Reply:
    """Return the tags that match, by name (Immuta documentation, Manage Tags)."""
    wanted = call.params.get("searchText", "").lower()
    found = [tag for tag in world[TAGS].all() if wanted in tag["name"].lower() and _has_source(tag, call)]
    found.sort(key=lambda tag: tag["name"])
    return Reply(200, [{name: tag[name] for name in LISTED} for tag in found[: call.params.get("limit")]])


def _has_source(tag: Record, call: Call) -> bool:
    source, excluded = call.params.get("source"), call.params.get("excludedSource")
    return source in (None, tag["source"]) and excluded != tag["source"]


@handlers.operation("deleteTag")
def delete_tag(call: Call, world: World) -> Reply:
    """Delete a tag (Immuta documentation, Manage Tags), and those below it (assumed).

    What carries one keeps it, so that no data is exposed (Immuta documentation, Tags in the Governance Page).
    """
    require_full_rights(world)
    name = call.params["tag"]
    if not world[TAGS].all(where={"name": name}):
        raise tag_not_found()
    gone = [tag for tag in world[TAGS].all() if tag["name"] == name or tag["name"].startswith(f"{name}.")]
    for tag in gone:
        world[TAGS].delete(tag["id"])
    return Reply(200, {})


@handlers.operation("createTag")
def create_tag(call: Call, world: World) -> Reply:
    """Create tags, or rename those whose id is given, also where they are attached (inferred).

    Immuta documentation, Tag API; Immuta documentation, Manage Tags.
    Raises a 400 with the words that fh-immuta-utils looks for if a name is taken, a 403 for a user
    who may only read (assumed).
    """
    require_full_rights(world)
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
    if renamed["name"] != existing["name"]:
        rename_attached(world, existing["name"], renamed["name"])
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
