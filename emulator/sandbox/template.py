"""A seeded template as a SQLite file: copying it is quick, seeding it is not."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from emulator.exchange import Record
from emulator.faults.scenarios import Scenario
from emulator.sandbox.fixtures import Fixtures
from emulator.store.database import Store

SPARE = 4
"""How many databases of dropped sandboxes are kept for reuse."""


@dataclass(frozen=True)
class InitialRecords:
    """The records with which a sandbox begins: those of its fixtures, changed by scenarios."""

    fixtures: Fixtures = field(default_factory=dict)
    scenarios: Sequence[Scenario] = ()


class Template:
    """The first state of all sandboxes with one seed and one set of fixtures.

    Databases are reused: a used one has already parsed its schema, which takes a new one ten times as long as copying
    the content, and one that was only read from still has the content.
    """

    def __init__(self, fixtures: Fixtures, content: bytes, credentials: Mapping[str, Sequence[Record]]) -> None:
        """Take the content as a SQLite file, its credentials by vendor, and the fixtures that it was seeded from."""
        # Referenced, so that no other object gets their id().
        self.fixtures = fixtures
        self.content = content
        self.credentials = credentials
        self._spare: list[tuple[sqlite3.Connection, bool]] = []
        self._closed = False

    @property
    def bytes(self) -> int:
        """The most bytes of memory that it may take, including its spare databases."""
        return len(self.content) * (1 + SPARE)

    def copy(self) -> Store:
        """Return a new store with the template's content."""
        database, is_unchanged = self._spare.pop() if self._spare else (None, False)
        content = b"" if is_unchanged else self.content
        return Store(content=content, database=database, give_back=self._take_back)

    def close(self) -> None:
        """Close the spare databases."""
        self._closed = True
        while self._spare:
            self._spare.pop()[0].close()

    def _take_back(self, database: sqlite3.Connection, is_unchanged: bool) -> None:
        if self._closed or len(self._spare) >= SPARE:
            database.close()
        else:
            self._spare.append((database, is_unchanged))
