"""The records of one collection, inside one transaction of SQLite."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from emulator.exchange import Record
from emulator.json_text import has_surrogate, read_stored, stored_text
from emulator.store.accesses import Accesses
from emulator.store.collection import ANY, HIGHEST, INDEXED_FROM, Collection

__all__ = ["RecordExists", "Records"]


class RecordExists(Exception):
    """A record with that id already exists."""


class Records:
    """The records of one collection inside one transaction. Values in and out are plain JSON."""

    def __init__(
        self,
        db: sqlite3.Connection,
        collection: Collection,
        accesses: Accesses | None = None,
    ) -> None:
        """Note in `accesses` what is read and written."""
        self._db = db
        self._accesses = Accesses() if accesses is None else accesses
        self._collection = collection
        self._table = collection.table

    def __contains__(self, id: object) -> bool:
        sql = f"SELECT 1 FROM {self._table} WHERE id = ?"
        return self._read(sql, (id_text(id),), id_text(id)).fetchone() is not None

    def get(self, id: object) -> Record | None:
        """Return the record with that id, or None."""
        text = id_text(id)
        row = self._read(f"SELECT record FROM {self._table} WHERE id = ?", (text,), text).fetchone()
        return None if row is None else _decode(row)

    def all(self, where: Mapping[str, Any] | None = None) -> list[Record]:
        """Return the records whose fields equal those of `where`: "a.b" reaches into objects, a list is one of."""
        return self.page(where=where)

    def page(
        self,
        skip: int = 0,
        limit: int = -1,
        where: Mapping[str, Any] | None = None,
        unless: Mapping[str, Any] | None = None,
        by: Sequence[str] = (),
    ) -> list[Record]:
        """Return at most `limit` (-1: no limit) of the records of `all` that do not equal `unless`, after `skip`.

        They are sorted by the fields `by` ("-field": descending), or else in the collection's order.
        """
        condition, values = self._collection.condition(where or {}, unless)
        sql = f"SELECT record FROM {self._table}{condition}{self._order(by)} LIMIT ? OFFSET ?"
        return [_decode(row) for row in self._read(sql, (*values, min(limit, HIGHEST), min(skip, HIGHEST)))]

    def containing(self, text: str, skip: int, limit: int) -> tuple[list[Record], int]:
        """Return a page of the records whose JSON contains a text, in any case of ASCII letters; and their number."""
        # Compared as it is stored: quotes in it are escaped.
        escaped = stored_text(text)[1:-1]
        for mark in "!%_":
            escaped = escaped.replace(mark, f"!{mark}")
        found = f"FROM {self._table} WHERE record LIKE ? ESCAPE '!'"
        sql = f"SELECT record {found}{self._collection.by_order} LIMIT ? OFFSET ?"
        rows = self._read(sql, (f"%{escaped}%", min(limit, HIGHEST), min(skip, HIGHEST)))
        count = self._read(f"SELECT count(*) {found}", (f"%{escaped}%",)).fetchone()[0]
        return [_decode(row) for row in rows], count

    def ids(
        self, where: Mapping[str, Any] | None = None, unless: Mapping[str, Any] | None = None, by: Sequence[str] = ()
    ) -> Iterator[str]:
        """Yield the ids of the records of `page`, as texts."""
        condition, values = self._collection.condition(where or {}, unless)
        sql = f"SELECT id FROM {self._table}{condition}{self._order(by)}"
        return (row[0] for row in self._read(sql, values))

    def _order(self, by: Sequence[str]) -> str:
        return self._collection.sorted_by(by) if by else self._collection.by_order

    def count(self, where: Mapping[str, Any] | None = None, unless: Mapping[str, Any] | None = None) -> int:
        """Return the number of records that `page` would return without a limit."""
        where = where or {}
        if unless and not unless.keys() & where.keys():
            # Both counts can use an index.
            left_out = {name: value if value is ANY else [value] for name, value in unless.items()}
            return self.count(where) - self.count({**where, **left_out})
        condition, values = self._collection.condition(where, unless)
        return int(self._read(f"SELECT count(*) FROM {self._table}{condition}", values).fetchone()[0])

    def unreadable(self) -> str | None:
        """Return the id of the first record that is not a JSON object with an id; None if all are."""
        id_type = f"json_type(record, '$.{self._collection.key}')"
        condition = f"CASE WHEN json_valid(record) THEN ifnull({id_type}, '') NOT IN ('text', 'integer') ELSE 1 END"
        row = self._read(f"SELECT id FROM {self._table} WHERE {condition} LIMIT 1").fetchone()
        return None if row is None else str(row[0])

    def insert(self, record: Record) -> None:
        """Add a record. Raises RecordExists if its id is taken."""
        try:
            row = self._row(record)
            position = self._write(self._insertion, row, row[0]).lastrowid
        except sqlite3.IntegrityError as taken:
            raise RecordExists(str(taken)) from taken
        if position == INDEXED_FROM:
            self._collection.create_indexes(self._db)

    def insert_many(self, records: Iterable[Record]) -> None:
        """Add records. Raises RecordExists if an id is taken; those before it are added."""
        try:
            self._accesses.written.add((self._collection.name, None))
            self._db.executemany(self._insertion, map(self._row, records))
        except sqlite3.IntegrityError as taken:
            raise RecordExists(str(taken)) from taken
        self._collection.index_if_large(self._db)

    @property
    def _insertion(self) -> str:
        return f"INSERT INTO {self._table} (id, record) VALUES (?, ?)"

    def _row(self, record: Record) -> tuple[str, str]:
        record = self._collection.keyed(record)
        return id_text(record[self._collection.key]), stored_text(record)

    def replace(self, record: Record) -> None:
        """Replace the record with the same id. Raises KeyError if there is none."""
        id, text = self._row(record)
        sql = f"UPDATE {self._table} SET record = ? WHERE id = ?"
        if self._write(sql, (text, id), id).rowcount == 0:
            raise KeyError(id)

    def delete(self, id: object) -> bool:
        """Delete the record with that id; return whether it existed."""
        text = id_text(id)
        return self._write(f"DELETE FROM {self._table} WHERE id = ?", (text,), text).rowcount > 0

    def delete_all(self, where: Mapping[str, Any] | None = None) -> int:
        """Delete the records that `all` would return; return how many."""
        condition, values = self._collection.condition(where or {})
        return self._write(f"DELETE FROM {self._table}{condition}", values).rowcount

    def prefixed(self, prefix: str, limit: int = -1) -> list[Record]:
        """Return at most `limit` (-1: all) records whose ids begin with `prefix`, in the order of insertion."""
        sql = f"SELECT record FROM {self._table} WHERE id >= ? AND id < ? ORDER BY position LIMIT ?"
        return [_decode(row) for row in self._read(sql, (prefix, _behind(prefix), limit))]

    def delete_prefixed(self, prefix: str, limit: int = -1) -> int:
        """Delete at most `limit` (-1: all) records whose ids begin with `prefix`; return how many."""
        found = f"SELECT position FROM {self._table} WHERE id >= ? AND id < ? LIMIT ?"
        sql = f"DELETE FROM {self._table} WHERE position IN ({found})"
        return self._write(sql, (prefix, _behind(prefix), limit)).rowcount

    def _read(self, sql: str, values: Sequence[Any] = (), id: str | None = None) -> sqlite3.Cursor:
        """Run a statement that reads the record with this id, or any (None)."""
        self._accesses.read.add((self._collection.name, id))
        return self._db.execute(sql, values)

    def _write(self, sql: str, values: Sequence[Any], id: str | None = None) -> sqlite3.Cursor:
        """Run a statement that changes the record with this id, or any (None)."""
        self._accesses.written.add((self._collection.name, id))
        return self._db.execute(sql, values)


def _behind(prefix: str) -> str:
    """Return the first text behind all those that begin with `prefix`."""
    return prefix[:-1] + chr(ord(prefix[-1]) + 1)


def id_text(id: object) -> str:
    """Return an id as it is stored: a lone surrogate, which SQLite cannot store, as its escape."""
    text = str(id)
    return text.encode("utf-8", "backslashreplace").decode() if has_surrogate(text) else text


def _decode(row: tuple[str]) -> Record:
    record: Record = read_stored(row[0])
    return record
