"""SQLite as a sandbox's store uses it: how to open, copy and move a database, and what its errors mean."""

from __future__ import annotations

import os
import sqlite3
import tempfile
from contextlib import suppress
from pathlib import Path

from emulator.errors import ConfigurationError, StorageFailure, WorkEnded
from emulator.files.temporary import can_spill

PAGE_BYTES = 1024
"""Most tables and indexes of a sandbox are empty or small, and each takes a page at least."""

IN_MEMORY_BYTES = 32 * 1024**2
"""A larger database is moved to a temporary file, if possible."""

CACHE_KIB = 32 * 1024
IN_MEMORY_CACHE_KIB = 128
"""How much of a database is cached: little if it is already in memory."""

LOCK_SECONDS = 1.0
"""How long to wait for a file that another process has open: that process may be about to end."""

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
"""SQLite's codes for errors of the disk or the file, not of the statement."""


def connect_memory() -> sqlite3.Connection:
    """Open an empty database in memory."""
    db = sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False, cached_statements=512)
    db.execute(f"PRAGMA page_size = {PAGE_BYTES}")
    # Stored in the file, since content that is put into a connection takes its own setting with it.
    db.execute(f"PRAGMA default_cache_size = {IN_MEMORY_CACHE_KIB * 1024 // PAGE_BYTES}")
    if not can_spill():
        db.execute("PRAGMA temp_store = MEMORY")
    return db


def connect(path: str) -> sqlite3.Connection:
    """Open a file for this process alone. Raises ConfigurationError if it is not a database, or in use."""
    if path == ":memory:" or path.startswith("file:"):
        raise ConfigurationError(
            f"database is {path!r}: expected the path of a file; without this setting everything stays in memory"
        )
    if Path(path).exists() and not Path(path).is_file():
        raise ConfigurationError(f"database: {path} is not a file; name a file that exists or can be created")
    db: sqlite3.Connection | None = None
    try:
        db = sqlite3.connect(
            path, timeout=LOCK_SECONDS, isolation_level=None, check_same_thread=False, cached_statements=512
        )
        # SQLite locks the file itself, by whatever path it is opened, until the process ends, however it ends.
        db.execute("PRAGMA locking_mode = EXCLUSIVE")
        db.execute(f"PRAGMA page_size = {PAGE_BYTES}")
        db.execute(f"PRAGMA cache_size = -{CACHE_KIB}")
        # Committed writes survive a killed process; only a crash of the machine could lose the last ones.
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
    """Return what to raise for an SQLite error: a StorageFailure if the disk or the file is the reason."""
    code = _code(problem)
    if code == sqlite3.SQLITE_INTERRUPT:
        return WorkEnded("the emulator is stopping")
    return StorageFailure(str(problem)) if code in UNWRITABLE else problem


def content_of(db: sqlite3.Connection) -> bytes:
    """Return a database as a SQLite file."""
    return without_log(db.serialize())


def without_log(file: bytes) -> bytes:
    """Return a SQLite file whose header declares no write-ahead log: a database in memory cannot have one."""
    return file[:18] + b"\1\1" + file[20:] if file[18:20] == b"\2\2" else file


def copied(source: sqlite3.Connection) -> sqlite3.Connection:
    """Return a copy in memory, or, of a large database, in a file without a name if possible."""
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
    # Use the larger cache only now that the source is closed.
    db.execute(f"PRAGMA cache_size = -{CACHE_KIB}")
    return db


def _copied_to_file(source: sqlite3.Connection) -> sqlite3.Connection:
    """Return a copy in a file without a name, which disappears when it is closed.

    Raises OSError or sqlite3.Error if there is no space for it.
    """
    handle, name = tempfile.mkstemp(prefix="emulator-", suffix=".db")
    os.close(handle)
    db = sqlite3.connect(name, isolation_level=None, check_same_thread=False, cached_statements=512)
    try:
        # Durability does not matter: nobody else can open the file, and it does not outlive the process.
        for pragma in ("locking_mode = EXCLUSIVE", "journal_mode = MEMORY", "synchronous = OFF"):
            db.execute(f"PRAGMA {pragma}")
        db.execute(f"PRAGMA cache_size = -{IN_MEMORY_CACHE_KIB}")
        source.backup(db)
    except BaseException:
        db.close()
        raise
    finally:
        with suppress(OSError):  # on systems where an open file cannot be removed
            Path(name).unlink()
    return db
