"""What a handler sees of its sandbox, inside one transaction."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from functools import cached_property
from random import Random
from typing import Any
from uuid import UUID

from emulator.sandbox.collection import Collection, Records
from emulator.sandbox.credentials import Identity


class World:
    """A sandbox as one call meets it.

    `world[COLLECTION]` is that collection's records, `now` the sandbox's time (aware, UTC),
    `identity` who asks (None where an operation asks for no credentials), `flags` the vendor's
    switches. What is written is kept when the handler returns, and undone when it raises; `written`
    names the collections that were.
    """

    def __init__(
        self,
        db: sqlite3.Connection,
        *,
        now: datetime,
        identity: Identity | None,
        flags: Mapping[str, Any],
        randomness: str,
    ) -> None:
        self.now = now
        self.flags = flags
        self.written: set[str] = set()
        self._db = db
        self._identity = identity
        self._randomness = randomness

    def __getitem__(self, collection: Collection) -> Records:
        return Records(self._db, collection, self.written)

    @property
    def identity(self) -> Identity:
        """Who asks. Raises LookupError in an operation that needs no credentials."""
        if self._identity is None:
            raise LookupError("this operation needs no credentials, so nobody is known to ask")
        return self._identity

    @cached_property
    def random(self) -> Random:
        """Random choices, the same for the same sandbox seed, operation and call index."""
        return Random(self._randomness)

    def uuid(self) -> str:
        """Return a new random UUID (version 4)."""
        return str(UUID(int=self.random.getrandbits(128), version=4))

    def hex(self, length: int) -> str:
        """Return `length` random hexadecimal digits."""
        return f"{self.random.getrandbits(4 * length):0{length}x}"

    @contextmanager
    def savepoint(self) -> Iterator[None]:
        """Undo what was written inside the `with` block when it raises."""
        self._db.execute("SAVEPOINT field")
        try:
            yield
        except BaseException:
            self._db.execute("ROLLBACK TO field")
            raise
        finally:
            self._db.execute("RELEASE field")

    def next_number(self, sequence: str, start: int = 1) -> int:
        """Return the next number of a named sequence, which never gives a number twice."""
        sql = (
            "INSERT INTO sequences (name, value) VALUES (?, ?)"
            " ON CONFLICT (name) DO UPDATE SET value = max(value + 1, excluded.value) RETURNING value"
        )
        return int(self._db.execute(sql, (sequence, start)).fetchone()[0])
