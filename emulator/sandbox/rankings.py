"""Where the records of a long list stand in its order: a page costs the same wherever it is.

SQLite finds the thousandth record of an order by passing 999 others. Of lists that are long, and asked for by
page, the positions of the records are kept in memory, in their order, and follow what is written.
"""

from __future__ import annotations

import sqlite3
from array import array
from bisect import bisect_left
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    from emulator.sandbox.collection import Collection

Where: TypeAlias = Mapping[str, Any]

MOST = 8
"""How many rankings of one collection are kept; when there are more, all of them are forgotten."""


class Ranking:
    """The records of a collection whose fields equal those of `where`, in the collection's order.

    `count` is how many there are.
    """

    def __init__(self, collection: Collection, where: Where, count: int) -> None:
        self.count = count
        condition, self._values = collection.condition(where)
        columns, table = ", ".join(collection.order_columns), collection.table
        self._all = f"SELECT position FROM {table}{condition} ORDER BY {columns}"
        self._one = f"SELECT {columns} FROM {table}{condition}{' AND' if condition else ' WHERE'} position = ?"
        self._positions: array[int] | None = None

    def positions(self, db: sqlite3.Connection, skip: int, limit: int) -> Sequence[int]:
        """Return the positions of at most `limit` records, after `skip` of them."""
        if self._positions is None:
            self._positions = array("q", [position for (position,) in db.execute(self._all, self._values)])
        return self._positions[skip : skip + limit]

    def place(self, db: sqlite3.Connection, position: int) -> Any:
        """Return what a record is ordered by, None if it is not one of these."""
        row = db.execute(self._one, (*self._values, position)).fetchone()
        return None if row is None else [_comparable(value) for value in row]

    def add(self, db: sqlite3.Connection, position: int) -> None:
        """Take in a record that has been inserted."""
        place = self.place(db, position)
        if place is not None:
            self.count += 1
            if self._positions is not None:
                self._positions.insert(self._rank(db, place), position)

    def remove(self, db: sqlite3.Connection, position: int) -> None:
        """Leave out a record that is about to be deleted."""
        place = self.place(db, position)
        if place is not None:
            self.count -= 1
            if self._positions is not None:
                del self._positions[self._rank(db, place)]

    def _rank(self, db: sqlite3.Connection, place: Any) -> int:
        assert self._positions is not None
        # Most records are newer than all others.
        if self._positions and self.place(db, self._positions[-1]) < place:
            return len(self._positions)
        return bisect_left(self._positions, place, key=lambda position: self.place(db, position))


class Rankings:
    """The rankings of one database."""

    def __init__(self) -> None:
        self._by_collection: dict[str, dict[tuple[tuple[str, Any], ...], Ranking]] = {}

    def of(self, collection: Collection) -> Sequence[Ranking]:
        """Return all rankings of a collection."""
        found = self._by_collection.get(collection.name)
        return list(found.values()) if found else ()

    def find(self, collection: Collection, where: Where) -> Ranking | None:
        """Return the ranking of those records of a collection, if there is one."""
        found = self._by_collection.get(collection.name)
        return found.get(tuple(where.items())) if found else None

    def keep(self, collection: Collection, where: Where, count: int) -> Ranking:
        """Begin to follow those records of a collection, of which there are `count`."""
        of_collection = self._by_collection.setdefault(collection.name, {})
        if len(of_collection) >= MOST:
            of_collection.clear()
        ranking = of_collection[tuple(where.items())] = Ranking(collection, where, count)
        return ranking

    def forget(self, collection: Collection | None = None) -> None:
        """Let go of those of a collection, or of all: they are not what they were."""
        if collection is None:
            self._by_collection.clear()
        else:
            self._by_collection.pop(collection.name, None)


def _comparable(value: Any) -> tuple[int, Any]:
    """Return what compares as SQLite compares the value: nothing, then numbers, then texts."""
    return (0, 0) if value is None else (2, value) if isinstance(value, str) else (1, value)
