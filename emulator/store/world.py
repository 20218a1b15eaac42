"""What a handler sees of its sandbox, inside one transaction."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from copy import copy
from datetime import datetime
from functools import cached_property
from hashlib import blake2b
from random import Random
from typing import Any

from emulator.errors import StorageFailure
from emulator.store.accesses import Accesses
from emulator.store.collection import Collection
from emulator.store.credentials import Identity
from emulator.store.records import Records

__all__ = ["World"]

SEQUENCES = "sequences"
"""The table of next numbers: no collection has this name."""

NEXT_NUMBER = (
    "INSERT INTO sequences (name, value) VALUES (?, ?)"
    " ON CONFLICT (name) DO UPDATE SET value = max(value + 1, excluded.value)"
)
"""RETURNING the number would take longer than another statement: SQLite puts it into a temporary table first."""

NUMBER = "SELECT value FROM sequences WHERE name = ?"


class World:
    """A sandbox as one call sees it.

    `world[COLLECTION]` is that collection's records, `switches` the vendor's switches, `now` the sandbox's time,
    aware and in UTC. Writes are committed when the handler returns, and rolled back when it raises; `accesses`
    are the records that were read and changed, `generated` the fields that a declared write made ("tasks.code").
    `is_repeatable` is false once the time or the caller was looked at.
    """

    def __init__(
        self,
        db: sqlite3.Connection,
        *,
        now: datetime,
        identity: Identity | None,
        switches: Mapping[str, Any],
        randomness: str,
        sandbox: str = "default",
    ) -> None:
        self.switches = switches
        self.is_repeatable = True
        self._now = now
        self.accesses = Accesses()
        self.generated: list[str] = []
        self._drawn = 0
        self._drawn_with: str | None = None
        self._db = db
        self._identity = identity
        self._randomness = randomness
        self._sandbox = sandbox

    def __getitem__(self, collection: Collection) -> Records:
        return Records(self._db, collection, self.accesses)

    @property
    def now(self) -> datetime:
        """The sandbox's time."""
        self.is_repeatable = False
        return self._now

    def at(self, now: datetime) -> World:
        """Return the same records as they are changed by the clock: at another time, without a caller."""
        other = copy(self)
        other._now, other._identity = now, None
        return other

    @property
    def sandbox(self) -> str:
        """The sandbox's name."""
        return self._sandbox

    @property
    def identity(self) -> Identity:
        """The caller. Raises LookupError in an operation that needs no credentials."""
        self.is_repeatable = False
        if self._identity is None:
            raise LookupError("this operation needs no credentials, so the caller is unknown")
        return self._identity

    @cached_property
    def random(self) -> Random:
        """Random choices, the same for the same sandbox seed, operation and call index."""
        return Random(self._draw)

    def _digits(self, draw: str, length: int) -> str:
        # A digest of the draw: seeding a Random for one id would cost ten times as much.
        self._drawn += 1
        return blake2b(f"{draw}:{self._drawn}".encode(), digest_size=(length + 1) // 2).hexdigest()[:length]

    @property
    def _draw(self) -> str:
        if self._drawn_with is None:
            # Counted among the records, so that a sandbox that was stored in a file or restored repeats no id.
            self._drawn_with = f"{self._randomness}:{self.next_number(f'draws {self._randomness}')}"
        return self._drawn_with

    def uuid(self) -> str:
        """Return a new random UUID (version 4)."""
        digits = self.hex(32)
        variant = "89ab"[int(digits[16], 16) & 3]
        return f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-{variant}{digits[17:20]}-{digits[20:]}"

    def hex(self, length: int) -> str:
        """Return `length` random hexadecimal digits."""
        return self._digits(self._draw, length)

    def secret(self, length: int) -> str:
        """Return `length` hexadecimal digits that no other sandbox gets, whatever its seed."""
        return self._digits(f"{self._sandbox}:{self._draw}", length)

    def credential_id(self, presented: str) -> str:
        """Return the id of the record of a credential: a sandbox's own credentials end in "." and its name."""
        return presented.removesuffix(f".{self._sandbox}")

    def new_id(self, collection: Collection, draw: Callable[[], str]) -> str:
        """Return an id from `draw` that no record of the collection has.

        Raises LookupError if it is still taken when there have been more draws than records.
        """
        records, id = self[collection], draw()
        if id not in records:
            return id
        for _ in range(records.count()):
            if (id := draw()) not in records:
                return id
        raise LookupError(f"every id drawn for {collection.name} is already taken")

    @contextmanager
    def savepoint(self) -> Iterator[None]:
        """Roll back what was written inside the `with` block when it raises.

        Raises StorageFailure if the whole transaction was rolled back: SQLite does that itself if a disk is full.
        """
        if not self._db.in_transaction:
            raise StorageFailure("the transaction was rolled back: the disk is full or fails")
        self._db.execute("SAVEPOINT field")
        try:
            yield
        except BaseException:
            self._drawn_with = None
            self.__dict__.pop("random", None)
            if self._db.in_transaction:
                self._db.execute("ROLLBACK TO field")
                self._db.execute("RELEASE field")
            raise
        self._db.execute("RELEASE field")

    def next_number(self, sequence: str, start: int = 1) -> int:
        """Return the next number of a named sequence, which never repeats a number."""
        self.accesses.written.add((SEQUENCES, sequence))
        self._db.execute(NEXT_NUMBER, (sequence, start))
        return int(self._db.execute(NUMBER, (sequence,)).fetchone()[0])

    def unused_number(self, collection: Collection, start: int = 1) -> int:
        """Return the next number of the collection's sequence, from `start` on, that is not the id of a record."""
        while (number := self.next_number(collection.name, start)) in self[collection]:
            pass
        return number
