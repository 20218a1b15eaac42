"""Numbers that are never given twice, by the name of their sequence."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping

TABLE = "CREATE TABLE IF NOT EXISTS sequences (name TEXT PRIMARY KEY, value INTEGER NOT NULL)"


class Sequences:
    """The last number of each sequence of one database.

    They are kept in memory and written into the database when it is copied: nearly every call that writes draws
    a number, and a statement more would make it a tenth slower. If `lasting`, they are written at once.
    """

    def __init__(self, *, lasting: bool = False) -> None:
        self._lasting = lasting
        self._last: dict[str, int] = {}
        self._unwritten: set[str] = set()

    def last(self, db: sqlite3.Connection, name: str) -> int | None:
        """Return the number that was given last, None if none was."""
        found = self._last.get(name)
        if found is None:
            row = db.execute("SELECT value FROM sequences WHERE name = ?", (name,)).fetchone()
            if row is not None:
                found = self._last[name] = int(row[0])
        return found

    def give(self, db: sqlite3.Connection, numbers: Mapping[str, int]) -> None:
        """Take note of the last numbers that a transaction was given, at its end."""
        self._last.update(numbers)
        self._unwritten.update(numbers)
        if self._lasting:
            self.write(db)

    def write(self, db: sqlite3.Connection) -> None:
        """Bring the database up to date."""
        rows = [(name, self._last[name]) for name in sorted(self._unwritten)]
        db.executemany("INSERT OR REPLACE INTO sequences (name, value) VALUES (?, ?)", rows)
        self._unwritten.clear()

    def forget(self) -> None:
        """Believe the database, whose content is another one now."""
        self._last.clear()
        self._unwritten.clear()
