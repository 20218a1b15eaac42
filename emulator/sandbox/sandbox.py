"""A sandbox: one isolated world of records, credentials, flags, journal and randomness."""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, TypeVar

from emulator.sandbox.collection import Collection, Record, Records
from emulator.sandbox.credentials import Credentials, Identity
from emulator.sandbox.journal import Journal
from emulator.sandbox.store import Store
from emulator.sandbox.world import World

T = TypeVar("T")


class Sandbox:
    """One isolated world. `flags` are the switches by vendor, `credentials` the books by vendor."""

    def __init__(
        self,
        name: str,
        store: Store,
        *,
        seed: int,
        flags: Mapping[str, Mapping[str, Any]],
        credentials: Mapping[str, Collection],
        journal_size: int,
    ) -> None:
        self.name = name
        self.seed = seed
        self.flags = {vendor: dict(values) for vendor, values in flags.items()}
        self.journal = Journal(journal_size)
        self.credentials: dict[str, Credentials] = {}
        self._store = store
        self._credential_collections = credentials
        self._calls: Counter[str] = Counter()

    def now(self) -> datetime:
        """Return the sandbox's time (aware, UTC)."""
        return datetime.now(UTC)

    def randomness(self, operation: str) -> str:
        """Return what seeds the next call's random choices: sandbox seed, operation, call index."""
        self._calls[operation] += 1
        return f"{self.seed}:{operation}:{self._calls[operation]}"

    async def run(
        self,
        vendor: str,
        work: Callable[[World], T],
        *,
        identity: Identity | None = None,
        randomness: str = "",
        now: datetime | None = None,
    ) -> T:
        """Run `work` on this sandbox in one transaction and return what it returns."""
        result, book = await self._store.run(
            lambda db: self._work(db, vendor, work, identity, randomness, now or self.now())
        )
        if book is not None:
            self.credentials[vendor] = book
        return result

    async def read_credentials(self) -> None:
        """Fill the credential books from the records."""
        for vendor, collection in self._credential_collections.items():
            records = await self.run(vendor, lambda world, of=collection: world[of].all())  # type: ignore[misc]
            self.credentials[vendor] = _book(records)

    async def close(self) -> None:
        """Let go of thread and memory."""
        await self._store.close()

    def _work(
        self,
        db: sqlite3.Connection,
        vendor: str,
        work: Callable[[World], T],
        identity: Identity | None,
        randomness: str,
        now: datetime,
    ) -> tuple[T, Credentials | None]:
        world = World(db, now=now, identity=identity, flags=self.flags.get(vendor, {}), randomness=randomness)
        result = work(world)
        collection = self._credential_collections.get(vendor)
        if collection is None or collection.name not in world.written:
            return result, None
        return result, _book(Records(db, collection).all())


def _book(records: list[Record]) -> Credentials:
    return {str(record["id"]): record for record in records}
