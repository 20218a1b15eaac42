"""A collection: a named set of JSON records, kept in a SQLite table of its own."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeAlias

import orjson

if TYPE_CHECKING:
    from faker import Faker

    from emulator.sandbox.world import World

Record: TypeAlias = dict[str, Any]
"""One JSON object of a collection."""

Populate: TypeAlias = "Callable[[Faker, int, World], Record]"
"""Makes the record with the given number (from 1) out of a seeded Faker."""


DEEP = 1000
"""From so many records on, it pays to think about how they are skipped."""

HIGHEST = 2**63 - 1
"""SQLite's largest number: nothing has more records."""


class RecordExists(Exception):
    """A record with that id is there already."""


@dataclass(frozen=True)
class Collection:
    """A collection's shape.

    `name` is "<vendor>.<plural noun>", also the name of its fixture file. `key` is the field that
    holds a record's id. Records come back in the order of the fields `order`, else as they were
    inserted. `indexes` are fields that are looked up often. `schema` is the contract's schema that
    fixture records are held to ("integration.schema.json"). `populate` makes one more record.
    """

    name: str
    key: str = "id"
    order: tuple[str, ...] = ()
    indexes: tuple[str, ...] = ()
    schema: str | None = None
    populate: Populate | None = None

    @cached_property
    def table(self) -> str:
        """The name of the collection's table, in quotes."""
        return f'"{self.name}"'

    @cached_property
    def by_order(self) -> str:
        """The clause that brings records into their order."""
        return f" ORDER BY {', '.join(self._order_columns)}"

    @cached_property
    def by_reverse_order(self) -> str:
        """The clause that brings records into the opposite of their order."""
        return f" ORDER BY {', '.join(f'{column} DESC' for column in self._order_columns)}"

    @property
    def _order_columns(self) -> list[str]:
        return [*map(_extract, self.order), "position"]

    def create(self, db: sqlite3.Connection) -> None:
        """Create the collection's table and indexes."""
        db.execute(
            f'CREATE TABLE IF NOT EXISTS "{self.name}" '
            "(position INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, record TEXT NOT NULL)"
        )
        for fields in filter(None, (self.order, *((name,) for name in self.indexes))):
            columns = ", ".join(_extract(name) for name in fields)
            db.execute(
                f'CREATE INDEX IF NOT EXISTS "{self.name}:{"+".join(fields)}" ON "{self.name}" ({columns}, position)'
            )


class Records:
    """The records of one collection inside one transaction. Values in and out are plain JSON."""

    def __init__(self, db: sqlite3.Connection, collection: Collection, written: set[str] | None = None) -> None:
        self._db = db
        self._written = set() if written is None else written
        self._collection = collection
        self._table = collection.table

    def get(self, id: object) -> Record | None:
        """Return the record with that id, or None."""
        row = self._db.execute(f"SELECT record FROM {self._table} WHERE id = ?", (str(id),)).fetchone()
        return None if row is None else _decode(row)

    def all(self, where: Mapping[str, Any] | None = None) -> list[Record]:
        """Return the records whose fields equal those of `where` ("a.b" reaches into objects)."""
        return self.page(where=where)

    def page(self, skip: int = 0, limit: int = -1, where: Mapping[str, Any] | None = None) -> list[Record]:
        """Return at most `limit` (-1: no limit) of the records that `all` would, after `skip` of them."""
        if skip >= DEEP and limit >= 0:
            return self._deep_page(skip, limit, where)
        condition, values = _condition(where)
        sql = f"SELECT record FROM {self._table}{condition}{self._collection.by_order} LIMIT ? OFFSET ?"
        return [_decode(row) for row in self._db.execute(sql, (*values, min(limit, HIGHEST), min(skip, HIGHEST)))]

    def _deep_page(self, skip: int, limit: int, where: Mapping[str, Any] | None) -> list[Record]:
        """Return a page from the nearer end of the list; what is skipped is not looked up."""
        count = self.count(where)
        limit = max(0, min(limit, count - skip))
        from_behind = count - skip - limit < skip
        skip = max(0, count - skip - limit) if from_behind else skip
        order = self._collection.by_reverse_order if from_behind else self._collection.by_order
        condition, values = _condition(where)
        sql = (
            f"SELECT record FROM {self._table} WHERE position IN"
            f" (SELECT position FROM {self._table}{condition}{order} LIMIT ? OFFSET ?){self._collection.by_order}"
        )
        return [_decode(row) for row in self._db.execute(sql, (*values, limit, skip))]

    def count(self, where: Mapping[str, Any] | None = None) -> int:
        """Return how many records `all` would return."""
        condition, values = _condition(where)
        return int(self._db.execute(f"SELECT count(*) FROM {self._table}{condition}", values).fetchone()[0])

    def insert(self, record: Record) -> None:
        """Add a record. Raises RecordExists if its id is taken."""
        self._written.add(self._collection.name)
        try:
            self._db.execute(self._insertion, self._row(record))
        except sqlite3.IntegrityError as taken:
            raise RecordExists(str(taken)) from taken

    def insert_many(self, records: Iterable[Record]) -> None:
        """Add records. Raises RecordExists if an id is taken; those before it are added."""
        self._written.add(self._collection.name)
        try:
            self._db.executemany(self._insertion, map(self._row, records))
        except sqlite3.IntegrityError as taken:
            raise RecordExists(str(taken)) from taken

    @property
    def _insertion(self) -> str:
        return f"INSERT INTO {self._table} (id, record) VALUES (?, ?)"

    def _row(self, record: Record) -> tuple[str, str]:
        return str(record[self._collection.key]), _encode(record)

    def replace(self, record: Record) -> None:
        """Put a record in the place of the one with its id. Raises KeyError if there is none."""
        self._written.add(self._collection.name)
        id = str(record[self._collection.key])
        sql = f"UPDATE {self._table} SET record = ? WHERE id = ?"
        if self._db.execute(sql, (_encode(record), id)).rowcount == 0:
            raise KeyError(id)

    def delete(self, id: object) -> bool:
        """Remove the record with that id; return whether there was one."""
        self._written.add(self._collection.name)
        return self._db.execute(f"DELETE FROM {self._table} WHERE id = ?", (str(id),)).rowcount > 0

    def delete_all(self, where: Mapping[str, Any] | None = None) -> int:
        """Remove the records that `all` would return; return how many."""
        self._written.add(self._collection.name)
        condition, values = _condition(where)
        return self._db.execute(f"DELETE FROM {self._table}{condition}", values).rowcount


def _extract(name: str) -> str:
    return f"json_extract(record, '$.{name}')"


def _condition(where: Mapping[str, Any] | None) -> tuple[str, Sequence[Any]]:
    if not where:
        return "", ()
    return " WHERE " + " AND ".join(f"{_extract(name)} IS ?" for name in where), tuple(where.values())


def _encode(record: Record) -> str:
    return orjson.dumps(record).decode()


def _decode(row: tuple[str]) -> Record:
    record: Record = orjson.loads(row[0])
    return record
