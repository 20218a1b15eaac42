"""Syncs: the results and errors of one upload, or one trigger."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from emulator.exchange import Record
from emulator.store.world import World
from emulator.vendor import Transactions
from emulator.vendors.secoda.collections import INTEGRATIONS, SYNCS
from emulator.vendors.secoda.errors import invalid_fields, not_found
from emulator.vendors.secoda.integrations import find
from emulator.vendors.secoda.populate import timestamp
from emulator.vendors.secoda.reports import Report
from emulator.vendors.secoda.staging import clear, is_arriving, remove_rows

TAG_LENGTH = 6
"""The length of a sync's tag. Each of its rows contains it three times: a long one would take more than their data."""


def begin(world: World, integration_id: str, kind: str, files: Mapping[str, str]) -> Record:
    """Add a running sync of the integration; `files` are filenames by part. Raises Refusal (404)."""
    sync = {
        "id": world.new_id(SYNCS, world.uuid),
        "integration_id": find(world, integration_id)["id"],
        "tag": _new_tag(world),
        "kind": kind,
        "status": "running",
        "current": False,
        "rows": "arriving" if files else "none",
        "started_at": timestamp(world.now),
        "finished_at": None,
        "files": dict(files),
        **_found(()),
    }
    world[SYNCS].insert(sync)
    return sync


def finish(world: World, sync_id: str, status: str, reports: Sequence[Report], **facts: Any) -> Record:
    """Record the end of the sync and its findings; it continues to run if the switch sync_progress says so.

    If it has succeeded, its rows then replace those of the integration's other syncs. Raises Refusal (404) if its
    integration was deleted meanwhile.
    """
    sync = world[SYNCS].get(sync_id)
    if sync is None or sync["rows"] == "leaving":
        raise not_found()
    ended = (
        {"status": status, "finished_at": timestamp(world.now)} if world.switches["sync_progress"] == "finished" else {}
    )
    sync = {**sync, **ended, **_found(reports), **facts}
    if sync["rows"] == "arriving":
        is_current = sync["status"] == "succeeded"
        if is_current:
            for former in world[SYNCS].all({"integration_id": sync["integration_id"], "current": True}):
                world[SYNCS].replace({**former, "current": False, "rows": "leaving"})
        sync = {**sync, "current": is_current, "rows": "in force" if is_current else "leaving"}
    world[SYNCS].replace(sync)
    return sync


def abandon(world: World, sync_id: str) -> bool:
    """Abandon a sync whose upload is in progress; return False for one that has ended in any way."""
    sync = world[SYNCS].get(sync_id)
    if sync is None or not is_arriving(sync):
        return False
    world[SYNCS].replace({**sync, "rows": "leaving"})
    return True


async def sweep(transactions: Transactions, integration_id: str) -> None:
    """Delete the rows of the integration's syncs that are no longer, or never were, in force."""
    where = {"integration_id": integration_id, "rows": "leaving"}
    for sync in await transactions.run(lambda world: world[SYNCS].all(where)):
        await clear(transactions, sync["tag"])
        await transactions.run(partial(_mark_swept, sync_id=sync["id"]))


def sweep_interrupted(world: World) -> None:
    """Delete what interrupted uploads and deletions have left behind: the process was killed, or copied meanwhile."""
    for rows in ("arriving", "leaving"):
        for sync in world[SYNCS].all({"rows": rows}):
            remove_rows(world, sync["tag"])
            _mark_swept(world, sync["id"])


def _mark_swept(world: World, sync_id: str) -> None:
    """Mark a sync as without rows; delete it if it never ended, or its integration was deleted."""
    sync = world[SYNCS].get(sync_id)
    if sync is None:
        return
    has_ended = sync["finished_at"] is not None or "resources" in sync
    if has_ended and world[INTEGRATIONS].get(sync["integration_id"]) is not None:
        world[SYNCS].replace({**sync, "rows": "none"})
    else:
        world[SYNCS].delete(sync_id)


def _new_tag(world: World) -> str:
    """Return a short text that no other sync has."""
    tag = world.hex(TAG_LENGTH)
    while world[SYNCS].count({"tag": tag}):
        tag = world.hex(TAG_LENGTH)
    return tag


def refuse_errors(world: World, reports: Sequence[Report]) -> None:
    """Raise Refusal (400), naming file, line and column, if there are errors and the switch bad_rows says so."""
    messages = {report.part: report.sentences() for report in reports if report.errors}
    if messages and world.switches["bad_rows"] == "refused":
        raise invalid_fields(messages)


def _found(reports: Sequence[Report]) -> Record:
    return {
        "error_count": sum(report.error_count for report in reports),
        "warning_count": sum(report.warning_count for report in reports),
        "errors": [error for report in reports for error in report.errors],
        "warnings": [warning for report in reports for warning in report.warnings],
    }
