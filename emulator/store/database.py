"""A sandbox's SQLite database. Each piece of work is one transaction, run one after the other.

Quick work runs in the event loop: a transaction in memory takes 0.05 ms, handing it to a thread and back four
times that. Work that is slow or waits for a disk runs on aiosqlite's thread: whole uploads, a kind of work that
was slow the last time, and everything in a user's own file. A large database in memory is moved to a temporary
file without disk syncs; from then on, only work that was quick the last time runs in the event loop.
"""

from __future__ import annotations

import asyncio
import logging
import sqlite3
import time
from collections.abc import Callable
from contextlib import closing, suppress
from typing import TypeVar

import aiosqlite

from emulator.errors import StorageFailure, WorkEnded
from emulator.files.temporary import can_spill
from emulator.runtime.off_loop import TakesLong
from emulator.runtime.private import make_daemon, run_on_thread
from emulator.store import sqlite

T = TypeVar("T")

logger = logging.getLogger("emulator")

GROWN_AFTER_WRITES = 1000
"""A database that was changed less often has not grown, or not by much."""

SLOW_SECONDS = 0.005
"""A kind of work that took longer twice runs on the thread the next time: once may have had another reason."""

STEPS_PER_LOOK = 10_000
"""After this many of SQLite's steps, a millisecond at most, a statement checks whether it should stop."""


class Store:
    """A database that runs whole functions, each in its own transaction.

    `revision` changes with every commit that changes something, `generation` with every load; `closed` means that no
    more work is accepted.
    """

    def __init__(
        self,
        path: str = "",
        content: bytes = b"",
        database: sqlite3.Connection | None = None,
        give_back: Callable[[sqlite3.Connection, bool], None] | None = None,
        *,
        is_lasting: bool = False,
    ) -> None:
        """Open the database in the file `path`, or one in memory with `content`, a SQLite file.

        At the end, `give_back` gets the database if it has not grown, and whether it is unchanged: another store with
        the same content can use it as its `database`. `is_lasting` marks a user's own file. Raises ConfigurationError
        if `path` is not a database, or is open in another process.
        """
        self.revision = self.generation = 0
        self._is_lasting = is_lasting or path != ""
        self._in_memory = not self._is_lasting
        self._give_back = give_back
        self._db = sqlite.connect(path) if path else database or sqlite.connect_memory()
        self._longest = sqlite.IN_MEMORY_BYTES
        self._slow: dict[str, int] = {}
        self.closed = False
        self._interrupted = self._is_released = False
        self._thread: aiosqlite.Connection | None = None
        self._starting = asyncio.Lock()
        # Each is incremented by one thread only.
        self._handed_over = self._done = 0
        if content:
            self._db.deserialize(content)
            self._make_room(len(content))

    async def run(
        self,
        work: Callable[[sqlite3.Connection], T],
        kind: str = "",
        *,
        on_thread: bool = False,
        then: Callable[[T], object] | None = None,
        generation: int | None = None,
    ) -> T:
        """Run `work` in a transaction: commit when it returns, roll back when it raises.

        `kind` groups work with similar durations; `on_thread` marks work that is known to be slow; work that raises
        TakesLong begins again on the thread. `then` gets the
        result of `work` after the commit, before any other work begins. Raises StorageFailure if the disk is full or
        fails, WorkEnded if the store is closed, or if a load has begun another `generation` than the given one.
        """

        def of_generation(db: sqlite3.Connection) -> T:
            if generation not in (None, self.generation):
                raise WorkEnded("a snapshot was restored before the call ended")
            return work(db)

        self._refuse_if_closed()
        idle = self._handed_over == self._done
        if idle and not on_thread and not self._is_lasting and not self._is_slow(kind):
            with suppress(TakesLong):
                return self._in_transaction(of_generation, kind, time.perf_counter, then=then)
        # On the thread, measure processor time: the elapsed time includes waiting for other threads.
        return await self._run_on_thread(
            lambda: self._in_transaction(of_generation, kind, time.thread_time, on_thread, then)
        )

    async def dump(self) -> bytes:
        """Return the database as a SQLite file."""
        return await self._run_on_thread(lambda: sqlite.content_of(self._db))

    async def load(
        self, file: bytes, prepare: Callable[[sqlite3.Connection], T], then: Callable[[T], object] | None = None
    ) -> None:
        """Replace the database's content by that of a SQLite file, after `prepare` has returned for it.

        `then` is as in `run`. If anything raises, the content stays as it was.
        """
        await self._run_on_thread(lambda: self._load(file, prepare, then))

    async def part(self, file: bytes) -> Store:
        """Return a store in this one's file with the content of `file`; this store keeps its content.

        Raises StorageFailure, and changes nothing, if that is impossible.
        """
        database = await self._run_on_thread(lambda: self._part(file))
        return Store(database=database, is_lasting=True)

    async def compact(self) -> None:
        """Return the space of deleted records to the disk, if that is most of a large file."""
        try:
            await self._run_on_thread(self._compact)
        except StorageFailure as problem:
            logger.warning("The database file could not be compacted: %s.", problem)

    def interrupt(self) -> None:
        """Stop and roll back the current work, and accept no more."""
        self.closed = self._interrupted = True
        if not self._is_released:
            self._db.interrupt()

    async def close(self) -> None:
        """Release everything, after the current work has ended."""
        self.closed = True
        if self._is_released:
            return
        self._is_released = True
        if self._thread is not None:
            await self._thread.close()
        elif self._give_back is not None and self.revision < GROWN_AFTER_WRITES and not self._interrupted:
            self._give_back(self._db, self.revision == 0)
            return
        self._db.close()

    def _refuse_if_closed(self) -> None:
        if self.closed:
            raise WorkEnded("the emulator is stopping" if self._interrupted else "the sandbox is closed")

    async def _run_on_thread(self, work: Callable[[], T]) -> T:
        def counted() -> T:
            try:
                return work()
            except sqlite3.Error as problem:
                raise sqlite.failure_of(problem) from problem
            finally:
                self._done += 1

        async with self._starting:
            self._refuse_if_closed()
            self._handed_over += 1
            if self._thread is None:
                # Only its thread is used: a load may change the database that it works on.
                thread = aiosqlite.Connection(lambda: sqlite3.connect(":memory:"), iter_chunk_size=64)
                make_daemon(thread)
                self._thread = await thread
        return await run_on_thread(self._thread, counted)

    def _in_transaction(
        self,
        work: Callable[[sqlite3.Connection], T],
        kind: str,
        clock: Callable[[], float],
        on_thread: bool = False,
        then: Callable[[T], object] | None = None,
    ) -> T:
        db, started = self._db, clock()
        changes = db.total_changes
        try:
            result = self._kept(db, work)
        except sqlite3.Error as problem:
            raise sqlite.failure_of(problem) from problem
        if then is not None:
            then(result)
        if db.total_changes != changes:
            self.revision += 1
            if on_thread or self.revision % 16 == 0:
                self._make_room(db.execute("PRAGMA page_count").fetchone()[0] * sqlite.PAGE_BYTES)
        slow_runs = self._slow_runs(kind) + 1 if clock() - started > SLOW_SECONDS else 0
        if slow_runs != self._slow_runs(kind):
            self._slow[kind] = slow_runs
        return result

    def _kept(self, db: sqlite3.Connection, work: Callable[[sqlite3.Connection], T]) -> T:
        if self._interrupted:
            raise WorkEnded("the emulator is stopping")
        db.set_progress_handler(lambda: self._interrupted, STEPS_PER_LOOK)
        db.execute("BEGIN")
        try:
            result = work(db)
            if not db.in_transaction:
                # SQLite has already rolled back, and the handler took the error for something else.
                raise StorageFailure("the transaction was rolled back: the disk is full or fails")
            db.execute("COMMIT")
        except BaseException:
            db.set_progress_handler(None, 0)
            if db.in_transaction:
                db.execute("ROLLBACK")
            raise
        return result

    def _is_slow(self, kind: str) -> bool:
        """Return True if a kind of work was slow the last two times; in a large database, also if it is new."""
        return self._slow_runs(kind) > 1

    def _slow_runs(self, kind: str) -> int:
        return self._slow.get(kind, 0 if self._in_memory else 2)

    def _load(
        self, file: bytes, prepare: Callable[[sqlite3.Connection], T], then: Callable[[T], object] | None
    ) -> None:
        # A new connection: what the old one has cached about the tables may not apply to the file.
        source = sqlite.connect_memory()
        try:
            source.deserialize(file)
            result = self._kept(source, prepare)
            if not self._in_memory:
                source.backup(self._db)
        except BaseException:
            source.close()
            raise
        former = source
        if self._in_memory:
            former, self._db, self._give_back = self._db, source, None
            self._make_room(len(file))
        former.close()
        self.revision += 1
        self.generation += 1
        if then is not None:
            then(result)

    def _compact(self) -> None:
        pages, free = (self._db.execute(f"PRAGMA {name}_count").fetchone()[0] for name in ("page", "freelist"))
        if free > pages // 2 and free * sqlite.PAGE_BYTES > sqlite.IN_MEMORY_BYTES:
            self._db.execute("VACUUM")
            self._db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()

    def _part(self, file: bytes) -> sqlite3.Connection:
        copy = sqlite.copied(self._db)
        try:
            with closing(sqlite.connect_memory()) as source:
                source.deserialize(file)
                source.backup(self._db)
        except BaseException:
            copy.close()
            raise
        lasting, self._db, self._is_lasting = self._db, copy, False
        return lasting

    def _make_room(self, size: int) -> None:
        """Move a database of `size` bytes, if that is large, from memory to a file, if there can be one."""
        if self._in_memory and size > self._longest and can_spill():
            try:
                self._db, self._in_memory, self._give_back = sqlite.moved_to_file(self._db), False, None
            except (OSError, sqlite3.Error) as problem:
                logger.warning("A sandbox of %d MB stays in memory: %s.", size // 10**6, problem)
                self._longest = 2 * size
