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

from emulator.errors import ConfigurationError, StorageFailure, WorkEnded
from emulator.files.temporary import can_spill
from emulator.runtime.private import make_daemon, run_on_thread

T = TypeVar("T")

logger = logging.getLogger("emulator")

PAGE_BYTES = 2048
"""Most tables of a sandbox are small: with SQLite's usual 4096 it would take half as much memory again."""

IN_MEMORY_BYTES = 32 * 1024**2
"""A larger database is a temporary file, if there can be one."""

CACHE_KIB = 32 * 1024
IN_MEMORY_CACHE_KIB = 128
"""How much of a database is cached: little of one that is in memory already."""

GROWN_AFTER_WRITES = 1000
"""A database has not grown, or not by much, as long as it has been changed less often."""

SLOW_SECONDS = 0.005
"""A kind of work that took longer is done on the thread the next time."""

LOCK_SECONDS = 1.0
"""How long a file that another process has open is waited for: that process may be about to end."""

STEPS_PER_LOOK = 10_000
"""After so many of SQLite's steps, a millisecond at most, a statement looks whether it is to end."""

UNWRITABLE = frozenset(
    {
        sqlite3.SQLITE_FULL,
        sqlite3.SQLITE_IOERR,
        sqlite3.SQLITE_READONLY,
        sqlite3.SQLITE_CANTOPEN,
        sqlite3.SQLITE_PERM,
        sqlite3.SQLITE_CORRUPT,
        sqlite3.SQLITE_NOTADB,
    }
)
"""SQLite's codes for what is wrong with the disk or the file, and not with what was asked of it."""


class Store:
    """A database that runs whole functions, each in a transaction of its own.

    `revision` moves with every change that is kept, `generation` with every load; `closed` tells that no more work
    is taken.
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
        """Open the database in the file `path`, or one in memory that holds `content`, a SQLite file.

        `give_back` is given the database at the end if it has not grown, and whether it is unchanged: another
        store of the same content can use it as its `database`; one that `is_lasting` is somebody's file.
        Raises ConfigurationError if `path` is no database, or another process has it open.
        """
        self.revision = self.generation = 0
        self._is_lasting = is_lasting or path != ""
        self._in_memory = not self._is_lasting
        self._give_back = give_back
        self._db = _connect(path) if path else database or _connect_memory()
        self._longest = IN_MEMORY_BYTES
        self._slow: dict[str, bool] = {}
        self.closed = False
        self._interrupted = self._is_released = False
        self._thread: aiosqlite.Connection | None = None
        self._starting = asyncio.Lock()
        # Each is counted up in one thread only.
        self._handed_over = self._done = 0
        if content:
            self._hold(content)

    async def run(
        self,
        work: Callable[[sqlite3.Connection], T],
        kind: str = "",
        *,
        on_thread: bool = False,
        then: Callable[[T], object] | None = None,
        generation: int | None = None,
    ) -> T:
        """Run `work` in a transaction: kept when it returns, undone when it raises.

        `kind` names work that takes about as long; `on_thread` tells that it is known to take long. `then` is given
        what `work` returned once that is kept, before any other work begins. Raises StorageFailure if the disk
        is full or fails, WorkEnded if the store is closed, or a load has begun another `generation` than is given.
        """

        def of_generation(db: sqlite3.Connection) -> T:
            if generation not in (None, self.generation):
                raise WorkEnded("other records were restored before the call had ended")
            return work(db)

        self._refuse_if_closed()
        idle = self._handed_over == self._done
        if idle and not on_thread and not self._is_lasting and not self._is_slow(kind):
            return self._in_transaction(of_generation, kind, time.perf_counter, then=then)
        # On the thread, what counts is the time of the processor: the wall's tells how long it waited for others.
        return await self._run_on_thread(
            lambda: self._in_transaction(of_generation, kind, time.thread_time, on_thread, then)
        )

    async def dump(self) -> bytes:
        """Return the database as a SQLite file."""
        return await self._run_on_thread(lambda: content_of(self._db))

    async def load(
        self, file: bytes, prepare: Callable[[sqlite3.Connection], T], then: Callable[[T], object] | None = None
    ) -> None:
        """Put the content of a SQLite file in the place of the database's own, once `prepare` has returned for it.

        `then` is as in `run`. What raises leaves all as it was.
        """
        await self._run_on_thread(lambda: self._load(file, prepare, then))

    async def part(self, file: bytes) -> Store:
        """Return a store of this one's file that holds the content of another; this one goes on with what it holds.

        Raises StorageFailure, and leaves all as it was, if that cannot be.
        """
        database = await self._run_on_thread(lambda: self._part(file))
        return Store(database=database, is_lasting=True)

    async def compact(self) -> None:
        """Give the space of records that have gone back to the disk, where that is most of a large file."""
        try:
            await self._run_on_thread(self._compact)
        except StorageFailure as problem:
            logger.warning("The database stays as large as it is: %s.", problem)

    def interrupt(self) -> None:
        """End and undo what is under way, and take no more work."""
        self.closed = self._interrupted = True
        if not self._is_released:
            self._db.interrupt()

    async def close(self) -> None:
        """Let go of everything, once what is under way has ended."""
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
                raise _failure(problem) from problem
            finally:
                self._done += 1

        async with self._starting:
            self._refuse_if_closed()
            self._handed_over += 1
            if self._thread is None:
                # Only its thread is used: which database it works on, a load may change.
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
            raise _failure(problem) from problem
        if then is not None:
            then(result)
        if db.total_changes != changes:
            self.revision += 1
            if on_thread or self.revision % 16 == 0:
                self._make_room(db.execute("PRAGMA page_count").fetchone()[0] * PAGE_BYTES)
        is_slow = clock() - started > SLOW_SECONDS
        if is_slow is not self._is_slow(kind):
            self._slow[kind] = is_slow
        return result

    def _kept(self, db: sqlite3.Connection, work: Callable[[sqlite3.Connection], T]) -> T:
        if self._interrupted:
            raise WorkEnded("the emulator is stopping")
        db.set_progress_handler(lambda: self._interrupted, STEPS_PER_LOOK)
        db.execute("BEGIN")
        try:
            result = work(db)
            if not db.in_transaction:
                # SQLite has undone it by itself, and what failed was taken for something else.
                raise StorageFailure("the transaction was undone: the disk is full, or fails")
            db.execute("COMMIT")
        except BaseException:
            db.set_progress_handler(None, 0)
            if db.in_transaction:
                db.execute("ROLLBACK")
            raise
        return result

    def _is_slow(self, kind: str) -> bool:
        """Return True if a kind of work was slow the last time; in a large database all are until they were not."""
        return self._slow.get(kind, not self._in_memory)

    def _load(
        self, file: bytes, prepare: Callable[[sqlite3.Connection], T], then: Callable[[T], object] | None
    ) -> None:
        # A new one: what the former knows of the tables, and where they are, may not be true of the file.
        source = _connect_memory()
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
        if free > pages // 2 and free * PAGE_BYTES > IN_MEMORY_BYTES:
            self._db.execute("VACUUM")
            self._db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()

    def _part(self, file: bytes) -> sqlite3.Connection:
        copy = _copied(self._db)
        try:
            with closing(_connect_memory()) as source:
                source.deserialize(file)
                source.backup(self._db)
        except BaseException:
            copy.close()
            raise
        lasting, self._db, self._is_lasting = self._db, copy, False
        return lasting

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
    if path == ":memory:" or path.startswith("file:"):
        raise ConfigurationError(
            f"database is {path!r}: name a file by its path; without this setting all is kept in memory"
        )
    if Path(path).exists() and not Path(path).is_file():
        raise ConfigurationError(f"database: {path} is not a file; name one that is there, or that can be made")
    try:
        db = sqlite3.connect(
            path, timeout=LOCK_SECONDS, isolation_level=None, check_same_thread=False, cached_statements=512
        )
        # SQLite locks the file itself, whatever path leads to it, until the process ends, however it ends.
        db.execute("PRAGMA locking_mode = EXCLUSIVE")
        db.execute(f"PRAGMA page_size = {PAGE_BYTES}")
        db.execute(f"PRAGMA cache_size = -{CACHE_KIB}")
        # What was acknowledged survives a killed process; only a crash of the machine could lose the last writes.
        db.execute("PRAGMA journal_mode = WAL")
        db.execute("PRAGMA synchronous = NORMAL")
        db.executescript("BEGIN EXCLUSIVE; COMMIT")
    except sqlite3.Error as problem:
        if _code(problem) in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
            reason = "is in use by another process, perhaps another emulator; stop it, or name another file"
            raise ConfigurationError(f"database: {path} {reason}") from None
        raise ConfigurationError(f"database: {path} cannot be opened: {problem}") from None
    return db


def _code(problem: sqlite3.Error) -> int:
    """Return SQLite's primary result code, 0 if the error is not SQLite's own."""
    return int(getattr(problem, "sqlite_errorcode", 0)) & 0xFF


def _failure(problem: sqlite3.Error) -> Exception:
    """Return what to raise for an error of SQLite's: a StorageFailure for what is wrong with disk or file."""
    code = _code(problem)
    if code == sqlite3.SQLITE_INTERRUPT:
        return WorkEnded("the emulator is stopping")
    return StorageFailure(str(problem)) if code in UNWRITABLE else problem


def content_of(db: sqlite3.Connection) -> bytes:
    """Return a database as a SQLite file."""
    return without_log(db.serialize())


def without_log(file: bytes) -> bytes:
    """Return a SQLite file whose header tells of no write-ahead log: a database in memory can have none."""
    return file[:18] + b"\1\1" + file[20:] if file[18:20] == b"\2\2" else file


def _copied(source: sqlite3.Connection) -> sqlite3.Connection:
    """Return a copy in memory; of a large database, in a file without a name if there can be one."""
    size = source.execute("PRAGMA page_count").fetchone()[0] * PAGE_BYTES
    if size > IN_MEMORY_BYTES and can_spill():
        return _copied_to_file(source)
    copy = _connect_memory()
    copy.deserialize(content_of(source))
    return copy


def _moved_to_file(source: sqlite3.Connection) -> sqlite3.Connection:
    """Return a copy in a file without a name; close the source. Raises as `_copied_to_file` does."""
    db = _copied_to_file(source)
    source.close()
    # The larger cache comes when the source has gone.
    db.execute(f"PRAGMA cache_size = -{CACHE_KIB}")
    return db


def _copied_to_file(source: sqlite3.Connection) -> sqlite3.Connection:
    """Return a copy in a file without a name, which is gone when it is closed.

    Raises OSError or sqlite3.Error if there is no room for it.
    """
    handle, name = tempfile.mkstemp(prefix="emulator-", suffix=".db")
    os.close(handle)
    db = sqlite3.connect(name, isolation_level=None, check_same_thread=False, cached_statements=512)
    try:
        # Nothing is lost with a file that nobody else can open, and that does not outlive the process.
        for pragma in ("locking_mode = EXCLUSIVE", "journal_mode = MEMORY", "synchronous = OFF"):
            db.execute(f"PRAGMA {pragma}")
        db.execute(f"PRAGMA cache_size = -{IN_MEMORY_CACHE_KIB}")
        source.backup(db)
    except BaseException:
        db.close()
        raise
    finally:
        with suppress(OSError):  # where a file that is open cannot be removed
            Path(name).unlink()
    return db
