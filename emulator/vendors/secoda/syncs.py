"""Syncs: what one upload, or one trigger, changed, and what was wrong with it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from emulator.sandbox.collection import Record
from emulator.sandbox.world import World
from emulator.vendor import Transactions
from emulator.vendors.secoda.collections import SYNCS
from emulator.vendors.secoda.errors import invalid_fields, not_found
from emulator.vendors.secoda.integrations import find
from emulator.vendors.secoda.populate import timestamp
from emulator.vendors.secoda.reports import Report
from emulator.vendors.secoda.staging import clear


def begin(world: World, integration_id: str, kind: str, files: Mapping[str, str]) -> Record:
    """Add a running sync of the integration; `files` are filenames by part. Raises Refusal (404)."""
    sync = {
        "id": world.uuid(),
        "integration_id": find(world, integration_id)["id"],
        "kind": kind,
        "status": "running",
        "current": False,
        "started_at": timestamp(world.now),
        "finished_at": None,
        "files": dict(files),
        "batches": 0,
        **_found(()),
    }
    world[SYNCS].insert(sync)
    return sync


def finish(world: World, sync_id: str, status: str, reports: Sequence[Report], **facts: Any) -> Record:
    """Record how the sync ended, and what was found; it goes on running if the flag sync_progress says so.

    Raises Refusal (404) if its integration has gone meanwhile.
    """
    sync = world[SYNCS].get(sync_id)
    if sync is None:
        raise not_found()
    ended = (
        {"status": status, "finished_at": timestamp(world.now)} if world.flags["sync_progress"] == "finished" else {}
    )
    sync = {**sync, **ended, **_found(reports), **facts}
    world[SYNCS].replace(sync)
    return sync


def make_current(world: World, sync: Record) -> None:
    """Put the sync's rows in force, and no others of its integration; `sweep` removes those."""
    for former in world[SYNCS].all({"integration_id": sync["integration_id"], "current": True}):
        world[SYNCS].replace({**former, "current": False})
    world[SYNCS].replace({**sync, "current": True})


def abandon(world: World, sync_id: str) -> bool:
    """Forget a sync that has not ended; return False for one that has, the end of which nobody waited for."""
    sync = world[SYNCS].get(sync_id)
    if sync is not None and sync["status"] != "running":
        return False
    world[SYNCS].delete(sync_id)
    return True


async def sweep(transactions: Transactions, integration_id: str) -> None:
    """Remove the rows of the integration's syncs that have ended and are not in force."""
    where = {"integration_id": integration_id, "current": False}
    for sync in await transactions.run(lambda world: world[SYNCS].all(where)):
        if sync["batches"] and sync["status"] != "running":
            await clear(transactions, sync["id"], sync["batches"])
            await transactions.run(partial(_mark_swept, sync_id=sync["id"]))


def _mark_swept(world: World, sync_id: str) -> None:
    sync = world[SYNCS].get(sync_id)
    if sync is not None:
        world[SYNCS].replace({**sync, "batches": 0})


def refuse_errors(world: World, reports: Sequence[Report]) -> None:
    """Raise Refusal (400), naming file, line and column, if there are errors and the flag bad_rows says so."""
    messages = {report.part: report.sentences() for report in reports if report.errors}
    if messages and world.flags["bad_rows"] == "refused":
        raise invalid_fields(messages)


def _found(reports: Sequence[Report]) -> Record:
    return {
        "error_count": sum(report.error_count for report in reports),
        "warning_count": sum(report.warning_count for report in reports),
        "errors": [error for report in reports for error in report.errors],
        "warnings": [warning for report in reports for warning in report.warnings],
    }
