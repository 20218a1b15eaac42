"""A sandbox's SQLite database: every piece of work is one transaction, and none comes between.

What is quick is done at once, in the event loop: a transaction in memory takes a twentieth of a
millisecond, handing it to a thread and back four times that. What is slow or waits for a disk goes to
aiosqlite's thread: whole uploads, a kind of work that has turned out to be slow, and everything in a
database that is somebody's file. One in memory that has grown large is moved to a file that nobody waits for;
then only what has turned out to be quick is done at once.
"""

from __future__ import annotations

import asyncio
import logging
import os
import sqlite3
import tempfile
import time
from collections.abc import Callable
from contextlib import closing, suppress
from pathlib import Path
from typing import TypeVar

import aiosqlite

from emulator.errors import ConfigurationError
from emulator.spill import can_spill

T = TypeVar("T")

logger = logging.getLogger("emulator")

PAGE_BYTES = 2048
"""Most tables of a sandbox are small: with SQLite's usual 4096 it would take half as much memory again."""

IN_MEMORY_BYTES = 32 * 1024**2
"""A larger database is a temporary file, if there can be one."""

CACHE_KIB = 32 * 1024
IN_MEMORY_CACHE_KIB = 128
"""How much of a database is cached: little of one that is in memory already."""

GROWN = 1000
"""A database has not grown, or not by much, as long as it has been changed less often."""

SLOW_SECONDS = 0.005
"""A kind of work that took longer is done on the thread the next time."""


class Store:
    """A database that runs whole functions, each in a transaction of its own.

    `revision` moves with every change that is kept; `closed` tells that no more work is taken.
    """

    def __init__(
        self,
        path: str = "",
        content: bytes = b"",
        database: sqlite3.Connection | None = None,
        give_back: Callable[[sqlite3.Connection, bool], None] | None = None,
    ) -> None:
        """Open the database in the file `path`, or one in memory that holds `content`, a SQLite file.

        `give_back` is given the database at the end if it has not grown, and whether it is unchanged: another
        store of the same content can use it as its `database`. Raises ConfigurationError if `path` is no database.
        """
        self.revision = 0
        self._in_memory, self._is_lasting = not path, path != ""
        self._give_back = give_back
        self._db = _connect(path) if path else database or _connect_memory()
        self._longest = IN_MEMORY_BYTES
        self._slow: dict[str, bool] = {}
        self.closed = False
        self._thread: aiosqlite.Connection | None = None
        self._starting = asyncio.Lock()
        # Each is counted up in one thread only.
        self._handed_over = self._done = 0
        if content:
            self._hold(content)

    async def run(self, work: Callable[[sqlite3.Connection], T], kind: str = "", *, apart: bool = False) -> T:
        """Run `work` in a transaction: kept when it returns, undone when it raises.

        `kind` names work that takes about as long; `apart` tells that it is known to take long.
        """
        if self.closed:
            raise ValueError("the store is closed")
        idle = self._handed_over == self._done
        if idle and not apart and not self._is_lasting and not self._is_slow(kind):
            return self._in_transaction(work, kind, time.perf_counter)
        # On the thread, what counts is the time of the processor: the wall's tells how long it waited for others.
        return await self._on_thread(lambda: self._in_transaction(work, kind, time.thread_time, apart))

    async def dump(self) -> bytes:
        """Return the database as a SQLite file."""
        return await self._on_thread(lambda: self._db.serialize())

    async def load(self, file: bytes) -> None:
        """Put the content of a SQLite file in the place of the database's own."""
        await self._on_thread(lambda: self._load(file))

    async def close(self) -> None:
        """Let go of everything, once what is under way has ended."""
        if self.closed:
            return
        self.closed = True
        if self._thread is not None:
            await self._thread.close()
        elif self._give_back is not None and self.revision < GROWN:
            self._give_back(self._db, self.revision == 0)
            return
        self._db.close()

    async def _on_thread(self, work: Callable[[], T]) -> T:
        def counted() -> T:
            try:
                return work()
            finally:
                self._done += 1

        self._handed_over += 1
        async with self._starting:
            if self._thread is None:
                thread = aiosqlite.Connection(lambda: self._db, iter_chunk_size=64)
                thread._thread.daemon = True
                self._thread = await thread
        result: T = await self._thread._execute(counted)  # type: ignore[no-untyped-call]
        return result

    def _in_transaction(
        self, work: Callable[[sqlite3.Connection], T], kind: str, clock: Callable[[], float], apart: bool = False
    ) -> T:
        db, started = self._db, clock()
        changes = db.total_changes
        db.execute("BEGIN")
        try:
            result = work(db)
            db.execute("COMMIT")
        except BaseException:
            # Where the disk is full, SQLite has rolled back by itself.
            if db.in_transaction:
                db.execute("ROLLBACK")
            raise
        if db.total_changes != changes:
            self.revision += 1
            if apart or self.revision % 16 == 0:
                self._make_room(db.execute("PRAGMA page_count").fetchone()[0] * PAGE_BYTES)
        is_slow = clock() - started > SLOW_SECONDS
        if is_slow is not self._is_slow(kind):
            self._slow[kind] = is_slow
        return result

    def _is_slow(self, kind: str) -> bool:
        """Tell whether a kind of work was slow the last time; in a large database all are until they were not."""
        return self._slow.get(kind, not self._in_memory)

    def _load(self, file: bytes) -> None:
        if self._in_memory:
            # A new one: what the former knows of the tables, and where they are, may not be true of the file.
            self._db.close()
            self._db, self._give_back = _connect_memory(), None
            self._hold(file)
        else:
            with closing(_connect_memory()) as source:
                source.deserialize(file)
                source.backup(self._db)
        self.revision += 1

    def _hold(self, content: bytes) -> None:
        self._db.deserialize(content)
        self._make_room(len(content))

    def _make_room(self, size: int) -> None:
        """Move a database of `size` bytes, if that is large, from memory to a file, if there can be one."""
        if self._in_memory and size > self._longest and can_spill():
            try:
                self._db, self._in_memory, self._give_back = _moved_to_file(self._db), False, None
            except (OSError, sqlite3.Error) as problem:
                logger.warning("A sandbox of %d MB stays in memory: %s.", size // 10**6, problem)
                self._longest = 2 * size


def _connect_memory() -> sqlite3.Connection:
    db = sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False, cached_statements=512)
    db.execute(f"PRAGMA page_size = {PAGE_BYTES}")
    db.execute(f"PRAGMA cache_size = -{IN_MEMORY_CACHE_KIB}")
    if not can_spill():
        db.execute("PRAGMA temp_store = MEMORY")
    return db


def _connect(path: str) -> sqlite3.Connection:
    try:
        db = sqlite3.connect(path, isolation_level=None, check_same_thread=False, cached_statements=512)
        db.execute(f"PRAGMA page_size = {PAGE_BYTES}")
        db.execute(f"PRAGMA cache_size = -{CACHE_KIB}")
        # What was acknowledged survives a killed process; only a crash of the machine could lose the last writes.
        db.execute("PRAGMA journal_mode = WAL")
        db.execute("PRAGMA synchronous = NORMAL")
    except sqlite3.Error as problem:
        raise ConfigurationError(f"database: {path} cannot be opened: {problem}") from None
    return db


def _moved_to_file(source: sqlite3.Connection) -> sqlite3.Connection:
    """Return a copy in a file without a name, which is gone when it is closed; close the source.

    Raises OSError or sqlite3.Error, and leaves the source as it is, if there is no room for it.
    """
    handle, name = tempfile.mkstemp(prefix="emulator-", suffix=".db")
    os.close(handle)
    db = sqlite3.connect(name, isolation_level=None, check_same_thread=False, cached_statements=512)
    # Nothing is lost with a file that nobody else can open, and that does not outlive the process.
    for pragma in ("locking_mode = EXCLUSIVE", "journal_mode = MEMORY", "synchronous = OFF"):
        db.execute(f"PRAGMA {pragma}")
    # The larger cache comes when the source has gone.
    db.execute(f"PRAGMA cache_size = -{IN_MEMORY_CACHE_KIB}")
    try:
        source.backup(db)
    except BaseException:
        db.close()
        raise
    finally:
        with suppress(OSError):  # where a file that is open cannot be removed
            Path(name).unlink()
    source.close()
    db.execute(f"PRAGMA cache_size = -{CACHE_KIB}")
    return db
