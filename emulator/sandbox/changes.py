"""Compares two states of a sandbox's records: added, removed and changed records by collection."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from emulator.exchange import NOTHING, Record, pointer_to
from emulator.json_text import read_stored
from emulator.store.collection import Collection


class Difference(NamedTuple):
    """One place in which two documents differ; `before` is NOTHING if it was added, `after` if it was removed."""

    pointer: str
    before: Any
    after: Any


@dataclass
class Changes:
    """The differing records of one collection, with a limit on each kind; `counts` includes all."""

    collection: Collection
    added: list[Record] = field(default_factory=list)
    removed: list[Record] = field(default_factory=list)
    changed: list[tuple[Any, list[Difference]]] = field(default_factory=list)
    counts: dict[str, int] = field(default_factory=dict)


def changes(before: bytes, after: bytes, collections: Sequence[Collection], limit: int) -> list[Changes]:
    """Return the differences between two SQLite files of sandboxes, for collections with differences."""
    with closing(sqlite3.connect(":memory:")) as db:
        db.execute("ATTACH ':memory:' AS former")
        db.deserialize(after)
        db.deserialize(before, name="former")
        found = [_changes_of(db, collection, limit) for collection in collections]
    return [one for one in found if any(one.counts.values())]


def _changes_of(db: sqlite3.Connection, collection: Collection, limit: int) -> Changes:
    found = Changes(collection)
    main, former = f"main.{collection.table}", f"former.{collection.table}"
    found.counts["added"] = _only_in(db, main, former, limit, found.added)
    found.counts["removed"] = _only_in(db, former, main, limit, found.removed)
    sql = f"SELECT b.record, a.record FROM {main} a JOIN {former} b USING (id) WHERE a.record <> b.record"
    count = 0
    for row in db.execute(f"{sql} ORDER BY a.position"):
        before, after = map(read_stored, row)
        differing = list(differences(before, after))
        # Different texts may be the same document.
        count += bool(differing)
        if differing and count <= limit:
            found.changed.append((after[collection.key], differing))
    found.counts["changed"] = count
    return found


def _only_in(db: sqlite3.Connection, table: str, other: str, limit: int, records: list[Record]) -> int:
    """Append to `records` the first ones that only `table` has; return the total number."""
    only = f"FROM {table} a WHERE NOT EXISTS (SELECT 1 FROM {other} b WHERE b.id = a.id)"
    rows = db.execute(f"SELECT a.record {only} ORDER BY a.position LIMIT ?", (limit,))
    records += (read_stored(row[0]) for row in rows)
    return int(db.execute(f"SELECT count(*) {only}").fetchone()[0])


def differences(before: Any, after: Any, pointer: str = "") -> Iterator[Difference]:
    """Yield the differences of two JSON documents by JSON pointer; elements of arrays are compared by index."""
    if isinstance(before, dict) and isinstance(after, dict):
        for name in dict.fromkeys([*before, *after]):
            was, is_now = before.get(name, NOTHING), after.get(name, NOTHING)
            yield from differences(was, is_now, pointer + pointer_to(name))
    elif isinstance(before, list) and isinstance(after, list):
        for place in range(max(len(before), len(after))):
            was, is_now = (one[place] if place < len(one) else NOTHING for one in (before, after))
            yield from differences(was, is_now, f"{pointer}/{place}")
    # In Python 1, 1.0 and True are equal, in JSON they are not.
    elif before != after or type(before) is not type(after):
        yield Difference(pointer, before, after)
