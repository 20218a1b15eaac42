"""Stores the rows of an upload in small batches, so that its size affects neither memory nor other calls.

A row is in force with its sync, so an upload takes effect as a whole or not at all. A row of a CSV file is short, but
its records repeat the names of table and column: each further byte per record adds much to the size on disk. So only
the key names the sync, which has the rest, and the only index is that of the keys.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import TypeAlias

from emulator.exchange import Part, Record
from emulator.store.collection import Collection
from emulator.store.records import RecordExists
from emulator.store.world import World
from emulator.vendor import Transactions
from emulator.vendors.secoda.collections import LINEAGE, RESOURCES, SYNCS
from emulator.vendors.secoda.errors import not_found
from emulator.vendors.secoda.lines import Lines
from emulator.vendors.secoda.reports import Report

BATCH_ROWS = 500
BATCH_BYTES = 128 * 1024
"""A batch is one transaction of a few milliseconds: it ends after this many rows, or bytes of the file."""

Parse: TypeAlias = Callable[[Lines, Report], Iterator[Record | None]]
"""Parses a file's lines into records; None for an invalid line, so that a batch can end there."""


@dataclass
class Stage:
    """Stores the rows of one sync after its beginning; the key of each begins with `tag`."""

    integration_id: str = ""
    sync_id: str = ""
    tag: str = ""

    async def store(self, collection: Collection, part: Part, parse: Parse, report: Report, to: Transactions) -> int:
        """Store the file's records, parsed by `parse`; return their number. Only one batch is in memory.

        Raises Refusal (404) if the integration was deleted.
        """
        file = _File(Lines(part.file, report), report, parse)
        stored = 0
        while not file.done:
            batch = await asyncio.to_thread(self._take, file, collection)
            if batch:
                new, changed = await to.run(partial(self._store, collection=collection, batch=batch))
                stored += new
                for record in changed:
                    message = f"{record['databuilder_id']} is there before, and differs; this one counts."
                    report.warning(record["line"], "databuilder_id", message)
        return stored

    def _take(self, file: _File, collection: Collection) -> list[Record]:
        name = "line" if collection is LINEAGE else "databuilder_id"
        return [
            {
                "key": f"{_prefix(self.tag)}{record[name]}",
                **{field: value for field, value in record.items() if value is not None},
            }
            for record in file.take()
        ]

    def _store(self, world: World, collection: Collection, batch: list[Record]) -> tuple[int, list[Record]]:
        """Store the batch; return how many records are new, and those that replaced a different one."""
        if not is_arriving(world[SYNCS].get(self.sync_id)):
            raise not_found()
        new, changed = dict[str, Record](), list[Record]()
        for record in batch:
            former = new.get(record["key"])
            if former is None:
                new[record["key"]] = record
            elif not _same(former, record):
                changed.append(record)
                new[record["key"]] = record
        try:
            with world.savepoint():
                world[collection].insert_many(new.values())
        except RecordExists:
            return _store_one_by_one(world, collection, new, changed)
        return len(new), changed


def is_arriving(sync: Record | None) -> bool:
    """Return True for a sync whose upload is in progress."""
    return sync is not None and sync["rows"] == "arriving"


def remove_rows(world: World, tag: str, limit: int = -1) -> bool:
    """Delete the rows of a sync, at most `limit` (-1: all) of each collection; return True if there may be more."""
    removed = [world[collection].delete_prefixed(_prefix(tag), limit) for collection in (RESOURCES, LINEAGE)]
    return limit >= 0 and max(removed) >= limit


async def clear(transactions: Transactions, tag: str) -> None:
    """Delete the rows of a sync, batch by batch."""
    while await transactions.run(lambda world: remove_rows(world, tag, BATCH_ROWS)):
        pass


class _File:
    def __init__(self, lines: Lines, report: Report, parse: Parse) -> None:
        self.done = False
        self._lines = lines
        self._records = parse(lines, report)

    def take(self) -> list[Record]:
        """Return the records of the next batch, possibly none; set `done` after the last one."""
        taken: list[Record] = []
        end = self._lines.consumed + BATCH_BYTES
        for record in self._records:
            if record is not None:
                taken.append(record)
            if len(taken) >= BATCH_ROWS or self._lines.consumed >= end:
                return taken
        self.done = True
        return taken


def _store_one_by_one(
    world: World, collection: Collection, batch: dict[str, Record], changed: list[Record]
) -> tuple[int, list[Record]]:
    """Store a batch with records that earlier batches of the file also contain."""
    records, new = world[collection], 0
    for key, record in batch.items():
        former = records.get(key)
        if former is None:
            records.insert(record)
            new += 1
        elif not _same(former, record):
            records.replace(record)
            changed.append(record)
    return new, changed


def _prefix(tag: str) -> str:
    return f"{tag}:"


def _same(record: Record, other: Record) -> bool:
    return {**record, "line": 0} == {**other, "line": 0}
