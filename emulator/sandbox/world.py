"""What a handler sees of its sandbox, inside one transaction."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from functools import cached_property
from hashlib import blake2b
from random import Random
from typing import Any

from emulator.sandbox.collection import Collection, Records
from emulator.sandbox.credentials import Identity
from emulator.sandbox.rankings import Rankings
from emulator.sandbox.sequences import Sequences


class World:
    """A sandbox as one call meets it.

    `world[COLLECTION]` is that collection's records, `flags` the vendor's switches. What is written is kept
    when the handler returns, and undone when it raises; `written` names the collections that were, `numbers`
    holds the last number taken of each sequence. `varies` tells whether the handler has looked at what differs
    from call to call: time or random choices.
    """

    def __init__(
        self,
        db: sqlite3.Connection,
        *,
        now: datetime,
        identity: Identity | None,
        flags: Mapping[str, Any],
        randomness: str,
        sandbox: str = "default",
        sequences: Sequences | None = None,
        rankings: Rankings | None = None,
    ) -> None:
        self.flags = flags
        self.varies = False
        self._drawn = 0
        self._drawn_with: str | None = None
        self._now = now
        self.written: set[str] = set()
        self.numbers: dict[str, int] = {}
        self._db = db
        self._identity = identity
        self._randomness = randomness
        self._sandbox = sandbox
        self._sequences = sequences or Sequences()
        self._rankings = rankings or Rankings()

    def __getitem__(self, collection: Collection) -> Records:
        return Records(self._db, collection, self.written, self._rankings)

    @property
    def identity(self) -> Identity:
        """Who asks. Raises LookupError in an operation that needs no credentials."""
        if self._identity is None:
            raise LookupError("this operation needs no credentials, so nobody is known to ask")
        return self._identity

    @property
    def now(self) -> datetime:
        """The sandbox's time, aware and in UTC."""
        self.varies = True
        return self._now

    @cached_property
    def random(self) -> Random:
        """Random choices, the same for the same sandbox seed, operation and call index."""
        self.varies = True
        return Random(self._draw)

    def _digits(self, draw: str, length: int) -> str:
        # A digest of what has been drawn: seeding a Random for one id would cost ten times as much.
        self.varies = True
        self._drawn += 1
        return blake2b(f"{draw}:{self._drawn}".encode(), digest_size=(length + 1) // 2).hexdigest()[:length]

    @property
    def _draw(self) -> str:
        if self._drawn_with is None:
            # Counted among the records: a world that was kept in a file or restored draws no id a second time.
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
        """Return `length` hexadecimal digits that no other sandbox is given, whatever its seed."""
        return self._digits(f"{self._sandbox}:{self._draw}", length)

    def credential_id(self, presented: str) -> str:
        """Return the id of the record behind a credential: a sandbox's own ones end in "." and its name."""
        return presented.removesuffix(f".{self._sandbox}")

    @contextmanager
    def savepoint(self) -> Iterator[None]:
        """Undo what was written inside the `with` block when it raises."""
        self._db.execute("SAVEPOINT field")
        numbers = dict(self.numbers)
        try:
            yield
        except BaseException:
            self._db.execute("ROLLBACK TO field")
            self.numbers = numbers
            self._rankings.forget()
            self._drawn_with = None
            self.__dict__.pop("random", None)
            raise
        finally:
            self._db.execute("RELEASE field")

    def next_number(self, sequence: str, start: int = 1) -> int:
        """Return the next number of a named sequence, which never gives a number twice."""
        last = self.numbers.get(sequence)
        if last is None:
            last = self._sequences.last(self._db, sequence)
        number = self.numbers[sequence] = start if last is None else max(last + 1, start)
        return number
