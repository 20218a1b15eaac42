"""Revisions of an integration: they are listed, and snapshots taken."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import Any

from emulator.exchange import Call, Record, Reply, timestamp
from emulator.json_text import write_json
from emulator.store.world import World
from emulator.vendor import Handlers
from emulator.vendors.celigo.collections import CLONES, REVISIONS, SNAPSHOTS
from emulator.vendors.celigo.errors import error, not_found, refusal
from emulator.vendors.celigo.history import log
from emulator.vendors.celigo.ids import new_id
from emulator.vendors.celigo.paging import page_of
from emulator.vendors.celigo.records import content_of, find, find_revision

handlers = Handlers()

NOT_CONTENT = ("lastModified", "lastModifiedBy", "lastExecutedAt", "offline")
"""Fields that change although nobody changes the integration."""


@handlers.operation("listRevisions")
def list_revisions(call: Call, world: World) -> Reply:
    """List the revisions of an integration, newest first (celigo/ai, managing-integrations)."""
    integration = find(world, call.params["_id"])
    revisions = world[REVISIONS].all({"_integrationId": integration["_id"]})
    return page_of(call, world, sorted(revisions, key=lambda one: str(one["createdAt"]))[::-1])


@handlers.operation("getRevision")
def get_revision(call: Call, world: World) -> Reply:
    """Return one revision of an integration (Celigo web client)."""
    integration = find(world, call.params["_id"])
    revision = find_revision(world, call.params["_revisionId"])
    if revision["_integrationId"] != integration["_id"]:
        raise not_found(world, "Revision")
    return Reply(200, revision)


@handlers.long_operation("createRevision")
def create_revision(call: Call, world: World) -> Reply:
    """Take a snapshot; with ignoreIfNoChanges only if something changed since the last one.

    Celigo documentation, Integration API endpoints.
    """
    integration = find(world, call.params["_id"])
    standalone = world[CLONES].get(integration["_id"]) is not None
    if standalone and world.switches["standalone_clone_snapshot"] == "refused":
        raise refusal(422, error("invalid_integration", "clone must be linked to source integration"))
    content = content_of(world, integration)
    if call.params.get("ignoreIfNoChanges") and not _changed(world, integration, content):
        return Reply(204)
    wishes: Any = call.document or {}
    return Reply(201, _snapshot(world, integration, content, wishes.get("description")))


def _snapshot(world: World, integration: Record, content: list[Record], description: str | None) -> Record:
    now = timestamp(world.now)
    revision = {
        "_id": new_id(world, REVISIONS),
        **({"description": description} if description is not None else {}),
        "type": "snapshot",
        "status": "completed",
        "_createdByUserId": world.identity.user,
        "_integrationId": integration["_id"],
        "createdAt": now,
        "lastModified": now,
        "installSteps": [],
    }
    world[REVISIONS].insert(revision)
    kept = {"_revisionId": revision["_id"], "_integrationId": integration["_id"], "digest": _digest(content)}
    world[SNAPSHOTS].insert(kept)
    log(world, "create", "revision", after=revision)
    return revision


def _changed(world: World, integration: Record, content: list[Record]) -> bool:
    """Return True if the content differs from the last snapshot, or if there is none."""
    revisions = world[REVISIONS].all({"_integrationId": integration["_id"], "type": "snapshot"})
    if not revisions:
        return True
    last = revisions[-1]
    kept = world[SNAPSHOTS].get(last["_id"])
    if kept is None:
        # For a snapshot in the fixtures only the date is known.
        return any(record.get("lastModified", "") > last["createdAt"] for record in content)
    return bool(kept["digest"] != _digest(content))


def _digest(content: Iterable[Record]) -> str:
    lasting = [{name: value for name, value in record.items() if name not in NOT_CONTENT} for record in content]
    return hashlib.sha256(write_json(lasting, sort_keys=True)).hexdigest()
