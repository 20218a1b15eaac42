"""Stores the rows of an upload in small batches, so that neither memory nor other calls feel its size."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import TypeAlias
from uuid import UUID, uuid5

from emulator.exchange import Part
from emulator.sandbox.collection import Collection, Record
from emulator.sandbox.world import World
from emulator.vendor import Transactions
from emulator.vendors.secoda.collections import LINEAGE, RESOURCES
from emulator.vendors.secoda.lines import Lines
from emulator.vendors.secoda.reports import Report

BATCH_ROWS = 250
BATCH_BYTES = 128 * 1024
"""A batch takes one transaction of a few milliseconds: it ends with so many rows, or bytes of the file."""

Parse: TypeAlias = Callable[[Lines, Report], Iterator[Record | None]]
"""Makes records of a file's lines; None stands for what gives none, so that a batch can end there."""


@dataclass
class Stage:
    """Where the rows of one sync go, once it has begun. `batches` are those stored so far, whole or not."""

    integration_id: str = ""
    sync_id: str = ""
    batches: int = 0

    async def store(self, collection: Collection, part: Part, parse: Parse, report: Report, to: Transactions) -> int:
        """Store what `parse` makes of the file; return how many records that are. Memory holds one batch."""
        file = _File(Lines(part.file, report), report, parse)
        stored = 0
        while not file.done:
            batch = await asyncio.to_thread(self._take, file, collection)
            if batch:
                self.batches += 1
                new, changed = await to.run(partial(_store, collection=collection, batch=batch))
                stored += new
                for record in changed:
                    message = f"{record['databuilder_id']} is there before, and differs; this one counts."
                    report.warning(record["line"], "databuilder_id", message)
        return stored

    def _take(self, file: _File, collection: Collection) -> list[Record]:
        return [self._staged(record, collection) for record in file.take()]

    def _staged(self, record: Record, collection: Collection) -> Record:
        place = {"integration_id": self.integration_id, "sync_id": self.sync_id}
        batch = _batch(self.sync_id, self.batches)
        if collection is LINEAGE:
            return {"key": f"{self.sync_id}:{record['line']}", **place, "batch": batch, **record}
        identity = record["databuilder_id"]
        id = str(uuid5(UUID(self.integration_id), identity))
        return {"key": f"{self.sync_id}:{identity}", "id": id, **place, "batch": batch, **record}


async def clear(transactions: Transactions, sync_id: str, batches: int) -> None:
    """Remove the rows of a sync, batch by batch."""
    for number in range(batches):
        await transactions.run(partial(_delete, batch=_batch(sync_id, number)))


class _File:
    def __init__(self, lines: Lines, report: Report, parse: Parse) -> None:
        self.done = False
        self._lines = lines
        self._records = parse(lines, report)

    def take(self) -> list[Record]:
        """Return the records of the next batch, perhaps none; set `done` after the last one."""
        taken: list[Record] = []
        end = self._lines.consumed + BATCH_BYTES
        for record in self._records:
            if record is not None:
                taken.append(record)
            if len(taken) >= BATCH_ROWS or self._lines.consumed >= end:
                return taken
        self.done = True
        return taken


def _batch(sync_id: str, number: int) -> str:
    return f"{sync_id}:{number}"


def _store(world: World, collection: Collection, batch: list[Record]) -> tuple[int, list[Record]]:
    """Store the batch; return how many records are new, and those that took the place of one that differs."""
    records, new, changed = world[collection], dict[str, Record](), []
    for record in batch:
        key = record["key"]
        former = new.get(key) or records.get(key)
        if former is None:
            new[key] = record
        elif not _same(former, record):
            changed.append(record)
            if key in new:
                new[key] = record
            else:
                records.replace(record)
    records.insert_many(new.values())
    return len(new), changed


def _same(record: Record, other: Record) -> bool:
    place = {"line": 0, "batch": ""}
    return {**record, **place} == {**other, **place}


def _delete(world: World, batch: str) -> None:
    for collection in (RESOURCES, LINEAGE):
        world[collection].delete_all({"batch": batch})
