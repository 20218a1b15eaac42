"""A seeded world as a SQLite file: copying it is quick, seeding is not."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from emulator.exchange import Record
from emulator.faults.scenarios import Scenario
from emulator.sandbox.fixtures import Fixtures
from emulator.store.database import Store

SPARE = 4
"""How many databases of sandboxes that are gone are kept for the next ones."""


@dataclass(frozen=True)
class Beginning:
    """What the records of a sandbox began as: those of its fixtures, changed by scenarios."""

    fixtures: Fixtures = field(default_factory=dict)
    scenarios: Sequence[Scenario] = ()


class Template:
    """What the sandboxes of one seed and one set of fixtures begin as.

    A database that has been used before knows its tables already, which a new one takes ten times as
    long to read as to copy the content; and one that was only read from still holds the content.
    """

    def __init__(self, fixtures: Fixtures, content: bytes, credentials: Mapping[str, Sequence[Record]]) -> None:
        """Take the content as a SQLite file, the credentials in it by vendor, and the fixtures it was made of."""
        # Kept, so that their id() stays theirs.
        self.fixtures = fixtures
        self.content = content
        self.credentials = credentials
        self._spare: list[tuple[sqlite3.Connection, bool]] = []
        self._closed = False

    @property
    def bytes(self) -> int:
        """How many bytes of memory it may take, with the databases that it keeps."""
        return len(self.content) * (1 + SPARE)

    def copy(self) -> Store:
        """Return a store of its own that holds the world."""
        database, is_unchanged = self._spare.pop() if self._spare else (None, False)
        content = b"" if is_unchanged else self.content
        return Store(content=content, database=database, give_back=self._take_back)

    def close(self) -> None:
        """Let go of what is kept."""
        self._closed = True
        while self._spare:
            self._spare.pop()[0].close()

    def _take_back(self, database: sqlite3.Connection, is_unchanged: bool) -> None:
        if self._closed or len(self._spare) >= SPARE:
            database.close()
        else:
            self._spare.append((database, is_unchanged))
