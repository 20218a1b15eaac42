"""Nodes of custom integrations: batches form a snapshot, which replaces all previous nodes."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from emulator.exchange import Call, Record
from emulator.store.records import Records
from emulator.store.world import World
from emulator.vendor import Handlers
from emulator.vendors.paradime.collections import NODES, PENDING_NODES, SNAPSHOTS
from emulator.vendors.paradime.errors import closed_snapshot, unknown_snapshot
from emulator.vendors.paradime.integrations import find
from emulator.vendors.paradime.records import KINDS, node_record

HIGHEST_INT = 2**31 - 1
"""The maximum of GraphQL's Int."""

handlers = Handlers()


@handlers.operation("addCustomIntegrationNodes")
def add_custom_integration_nodes(call: Call, world: World) -> dict[str, Any]:
    """Add a batch of nodes to a snapshot, opening it first and closing it last (Paradime Python SDK 6.9.0).

    An empty batch is valid: the SDK sends one after 0, 10, 20 … nodes, to close the snapshot. Node types and
    references are not validated, since no source says that they are.
    """
    integration = find(world, call.params["integrationUid"])
    id = call.params.get("snapshotId")
    snapshot = _open(world, integration["uid"]) if id is None else _find(world, integration["uid"], id)
    if snapshot["isOpen"]:
        _put(world, snapshot["id"], _batch(call, integration["uid"]))
        if not call.params["snapshotHasMoreNodes"]:
            _close(world, snapshot)
        elif world.switches["open_snapshots"] == "lost":
            _forget(world, snapshot)
    elif world.switches["finished_snapshot"] == "refused":
        raise closed_snapshot(snapshot["id"])
    return {"ok": True, "snapshotId": snapshot["id"]}


def _find(world: World, integration_uid: str, id: int) -> Record:
    snapshot = world[SNAPSHOTS].get(id)
    if snapshot is None or snapshot["integrationUid"] != integration_uid:
        raise unknown_snapshot(id, integration_uid)
    return snapshot


def _open(world: World, integration_uid: str) -> Record:
    # Fixtures contain snapshots, so the sequence has to start after the last of them.
    last = _last(world[SNAPSHOTS])
    start = last["id"] + 1 if last and last["id"] < HIGHEST_INT else 1
    snapshot = {"id": world.unused_number(SNAPSHOTS, start), "integrationUid": integration_uid, "isOpen": True}
    world[SNAPSHOTS].insert(snapshot)
    return snapshot


def _last(records: Records) -> Record | None:
    found = records.page(skip=max(records.count() - 1, 0), limit=1)
    return found[0] if found else None


def _batch(call: Call, integration_uid: str) -> Iterable[Record]:
    for kind in KINDS:
        for node in call.params[f"{kind}Nodes"]:
            yield node_record(integration_uid, kind, node)


def _put(world: World, snapshot_id: int, nodes: Iterable[Record]) -> None:
    pending = world[PENDING_NODES]
    for node in nodes:
        id = f"{snapshot_id}:{node['id']}"
        pending.delete(id)
        pending.insert({"id": id, "snapshotId": snapshot_id, "node": node})


def _forget(world: World, snapshot: Record) -> None:
    world[PENDING_NODES].delete_all({"snapshotId": snapshot["id"]})
    world[SNAPSHOTS].delete(snapshot["id"])


def _close(world: World, snapshot: Record) -> None:
    of_snapshot = {"snapshotId": snapshot["id"]}
    world[NODES].delete_all({"integrationUid": snapshot["integrationUid"]})
    world[NODES].insert_many(pending["node"] for pending in world[PENDING_NODES].all(of_snapshot))
    world[PENDING_NODES].delete_all(of_snapshot)
    world[SNAPSHOTS].replace({**snapshot, "isOpen": False})
