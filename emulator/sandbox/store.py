"""A sandbox's SQLite database, on a thread of its own: every piece of work is one transaction and one hop."""

from __future__ import annotations

import asyncio
import sqlite3
import time
from collections import deque
from collections.abc import Callable
from contextlib import closing
from functools import partial
from typing import Any, TypeAlias, TypeVar

import aiosqlite

from emulator.errors import ConfigurationError
from emulator.spill import can_spill

T = TypeVar("T")

CACHE_KIB = 32 * 1024
"""How much of a database stays in memory; what is beyond (large uploads) spills to a temporary file if it can."""


HELD_BACK_SECONDS = 0.001
"""How long finished work may wait for the work behind it, so that both are handed back at once."""


class Store(aiosqlite.Connection):
    """A database that runs whole functions on its thread.

    aiosqlite offers one hop per statement. A handler reads, thinks and writes: as a function that
    runs on the thread it costs one hop, and no other call can come between. `revision` moves with
    every change that is kept.
    """

    def __init__(self, path: str = "") -> None:
        # "" is SQLite's private database: in memory until the cache is full, gone when closed.
        super().__init__(lambda: _connect(path), iter_chunk_size=64)
        self._thread.daemon = True
        self.revision = 0
        self._waiting: deque[tuple[Callable[[sqlite3.Connection], Any], asyncio.Future[Any]]] = deque()
        self._draining = False

    async def open(self) -> None:
        """Start the thread and open the database. Raises ConfigurationError if it is none."""
        try:
            await self
        except ConfigurationError:
            # The thread has a last word to say to the event loop.
            await asyncio.to_thread(self._thread.join)
            raise

    async def run(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Run `work` in a transaction: kept when it returns, undone when it raises."""
        if not self._running:
            raise ValueError("the store is closed")
        done: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        self._waiting.append((work, done))
        if not self._draining:
            # One hop takes over all the work that has come up by the time the thread gets its turn.
            self._draining = True
            self._tx.put_nowait((None, self._drain))
        return await done

    def _drain(self) -> None:
        """On the thread: do the work that waits, and hand back what is done, together if it was quick."""
        finished: list[_Finished] = []
        since = time.perf_counter()
        while self._waiting:
            work, done = self._waiting.popleft()
            finished.append(_finish(partial(self._in_transaction, self._conn, work), done))
            if time.perf_counter() - since > HELD_BACK_SECONDS:
                _hand_back(finished)
                finished, since = [], time.perf_counter()
            if not self._waiting:
                self._draining = False
        _hand_back(finished)

    async def dump(self) -> bytes:
        """Return the database as a SQLite file."""
        file: bytes = await self._execute(self._conn.serialize)  # type: ignore[no-untyped-call]
        return file

    async def load(self, file: bytes) -> None:
        """Put the content of a SQLite file in the place of the database's own."""
        await self._execute(self._load, self._conn, file)  # type: ignore[no-untyped-call]

    def _in_transaction(self, db: sqlite3.Connection, work: Callable[[sqlite3.Connection], T]) -> T:
        changes = db.total_changes
        db.execute("BEGIN")
        try:
            result = work(db)
        except BaseException:
            db.execute("ROLLBACK")
            raise
        db.execute("COMMIT")
        if db.total_changes != changes:
            self.revision += 1
        return result

    def _load(self, db: sqlite3.Connection, file: bytes) -> None:
        with closing(sqlite3.connect(":memory:")) as source:
            source.deserialize(file)
            source.backup(db)
        self.revision += 1


_Finished: TypeAlias = tuple["asyncio.Future[Any]", Any, "BaseException | None"]


def _finish(work: Callable[[], Any], done: asyncio.Future[Any]) -> _Finished:
    try:
        return done, work(), None
    except BaseException as failure:
        return done, None, failure


def _hand_back(finished: list[_Finished]) -> None:
    if finished:
        finished[0][0].get_loop().call_soon_threadsafe(_deliver, finished)


def _deliver(finished: list[_Finished]) -> None:
    for done, result, failure in finished:
        if done.done():
            continue
        if failure is None:
            done.set_result(result)
        else:
            done.set_exception(failure)


def _connect(path: str) -> sqlite3.Connection:
    private = "" if can_spill() else ":memory:"
    try:
        db = sqlite3.connect(path or private, isolation_level=None, check_same_thread=False, cached_statements=512)
        db.execute(f"PRAGMA cache_size = -{CACHE_KIB}")
        if not can_spill():
            db.execute("PRAGMA temp_store = MEMORY")
        if path:
            # What was acknowledged survives a killed process; only a crash of the machine could lose the last writes.
            db.execute("PRAGMA journal_mode = WAL")
            db.execute("PRAGMA synchronous = NORMAL")
    except sqlite3.Error as problem:
        raise ConfigurationError(f"database: {path} cannot be opened: {problem}") from None
    return db
