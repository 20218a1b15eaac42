"""SQLite as a sandbox's store uses it: opened, copied, moved to a file, and what its errors mean."""

from __future__ import annotations

import os
import sqlite3
import tempfile
from contextlib import suppress
from pathlib import Path

from emulator.errors import ConfigurationError, StorageFailure, WorkEnded
from emulator.files.temporary import can_spill

PAGE_BYTES = 2048
"""Most tables of a sandbox are small: with SQLite's usual 4096 it would take half as much memory again."""

IN_MEMORY_BYTES = 32 * 1024**2
"""A larger database is a temporary file, if there can be one."""

CACHE_KIB = 32 * 1024
IN_MEMORY_CACHE_KIB = 128
"""How much of a database is cached: little of one that is in memory already."""

LOCK_SECONDS = 1.0
"""How long a file that another process has open is waited for: that process may be about to end."""

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


def connect_memory() -> sqlite3.Connection:
    """Open an empty database in memory."""
    db = sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False, cached_statements=512)
    db.execute(f"PRAGMA page_size = {PAGE_BYTES}")
    db.execute(f"PRAGMA cache_size = -{IN_MEMORY_CACHE_KIB}")
    if not can_spill():
        db.execute("PRAGMA temp_store = MEMORY")
    return db


def connect(path: str) -> sqlite3.Connection:
    """Open a file for this process alone. Raises ConfigurationError if it is no database, or in use."""
    if path == ":memory:" or path.startswith("file:"):
        raise ConfigurationError(
            f"database is {path!r}: name a file by its path; without this setting all is kept in memory"
        )
    if Path(path).exists() and not Path(path).is_file():
        raise ConfigurationError(f"database: {path} is not a file; name one that is there, or that can be made")
    db: sqlite3.Connection | None = None
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
        if db is not None:
            db.close()
        if _code(problem) in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
            reason = "is in use by another process, perhaps another emulator; stop it, or name another file"
            raise ConfigurationError(f"database: {path} {reason}") from None
        raise ConfigurationError(f"database: {path} cannot be opened: {problem}") from None
    return db


def _code(problem: sqlite3.Error) -> int:
    """Return SQLite's primary result code, 0 if the error is not SQLite's own."""
    return int(getattr(problem, "sqlite_errorcode", 0)) & 0xFF


def failure_of(problem: sqlite3.Error) -> Exception:
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


def copied(source: sqlite3.Connection) -> sqlite3.Connection:
    """Return a copy in memory; of a large database, in a file without a name if there can be one."""
    size = source.execute("PRAGMA page_count").fetchone()[0] * PAGE_BYTES
    if size > IN_MEMORY_BYTES and can_spill():
        return _copied_to_file(source)
    copy = connect_memory()
    copy.deserialize(content_of(source))
    return copy


def moved_to_file(source: sqlite3.Connection) -> sqlite3.Connection:
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
