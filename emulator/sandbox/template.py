"""A seeded world as a SQLite file: copying it is quick, seeding is not."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence

from emulator.sandbox.collection import Record
from emulator.sandbox.fixtures import Fixtures
from emulator.sandbox.store import Store

SPARE = 4
"""How many databases of sandboxes that are gone are kept for the next ones."""


class Template:
    """What the sandboxes of one seed and one set of fixtures begin as.

    A database that has been used before knows its tables already, which a new one takes ten times as
    long to read as to copy the content.
    """

    def __init__(self, fixtures: Fixtures, content: bytes, credentials: Mapping[str, Sequence[Record]]) -> None:
        """Take the content as a SQLite file, the credentials in it by vendor, and the fixtures it was made of."""
        # Kept, so that their id() stays theirs.
        self.fixtures = fixtures
        self.content = content
        self.credentials = credentials
        self._spare: list[sqlite3.Connection] = []
        self._closed = False

    def copy(self) -> Store:
        """Return a store of its own that holds the world."""
        database = self._spare.pop() if self._spare else None
        return Store(content=self.content, database=database, give_back=self._take_back)

    def close(self) -> None:
        """Let go of what is kept."""
        self._closed = True
        while self._spare:
            self._spare.pop().close()

    def _take_back(self, database: sqlite3.Connection) -> None:
        if self._closed or len(self._spare) >= SPARE:
            database.close()
        else:
            self._spare.append(database)
