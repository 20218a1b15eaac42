"""A sandbox's SQLite database, on a thread of its own: every piece of work is one transaction and one hop."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from typing import TypeVar

import aiosqlite

T = TypeVar("T")

CACHE_KIB = 32 * 1024
"""How much of a database stays in memory; what is beyond (large uploads) spills to a temporary file."""


class Store(aiosqlite.Connection):
    """A database that runs whole functions on its thread.

    aiosqlite offers one hop per statement. A handler reads, thinks and writes: as a function that
    runs on the thread it costs one hop, and no other call can come between.
    """

    def __init__(self, path: str = "") -> None:
        # "" is SQLite's private database: in memory until the cache is full, gone when closed.
        super().__init__(lambda: _connect(path), iter_chunk_size=64)
        self._thread.daemon = True

    async def run(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Run `work` in a transaction: kept when it returns, undone when it raises."""
        result: T = await self._execute(_in_transaction, self._conn, work)  # type: ignore[no-untyped-call]
        return result

    async def copy_to(self, other: Store) -> None:
        """Make `other` an exact copy of this database."""
        await self.backup(other._conn)


def _connect(path: str) -> sqlite3.Connection:
    db = sqlite3.connect(path, isolation_level=None, check_same_thread=False, cached_statements=512)
    db.execute(f"PRAGMA cache_size = -{CACHE_KIB}")
    return db


def _in_transaction(db: sqlite3.Connection, work: Callable[[sqlite3.Connection], T]) -> T:
    db.execute("BEGIN")
    try:
        result = work(db)
    except BaseException:
        db.execute("ROLLBACK")
        raise
    db.execute("COMMIT")
    return result
