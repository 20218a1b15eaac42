"""Snapshots: a sandbox's records as a SQLite file, saved, checked and restored."""

from __future__ import annotations

import sqlite3
from contextlib import closing

from emulator.errors import ConfigurationError
from emulator.json_text import read_stored
from emulator.sandbox.sandbox import Sandbox

MAGIC = b"SQLite format 3\0"


async def save_snapshot(sandbox: Sandbox) -> bytes:
    """Return the sandbox's records as a SQLite file."""
    return _without_wal(await sandbox.store.dump())


async def restore_snapshot(sandbox: Sandbox, file: bytes) -> None:
    """Put the records of a SQLite file, saved or checked here, in the place of the sandbox's."""
    await sandbox.store.load(file)
    await sandbox.read_credentials()


async def check_snapshot(sandbox: Sandbox, file: bytes) -> bytes:
    """Return the file if it is a snapshot of this sandbox's layout. Raises ConfigurationError, with the reason."""
    file = _without_wal(file)
    await sandbox.store.run(lambda db: _check(file, db), apart=True)
    return file


def _without_wal(file: bytes) -> bytes:
    """Return a SQLite file whose header tells of no write-ahead log: a file in memory can have none."""
    return file[:18] + b"\1\1" + file[20:] if file[18:20] == b"\2\2" else file


def _check(file: bytes, own: sqlite3.Connection) -> None:
    if not file.startswith(MAGIC):
        raise ConfigurationError("this is not a SQLite file")
    try:
        with closing(sqlite3.connect(":memory:")) as db:
            db.deserialize(file)
            check_layout(db, layout(own))
            problems = _problems(db, own)
    except sqlite3.DatabaseError as problem:
        raise ConfigurationError(f"this SQLite file cannot be read: {problem}") from None
    if problems:
        raise ConfigurationError(f"this SQLite file cannot be used: {problems}")


def check_layout(db: sqlite3.Connection, expected: set[str]) -> None:
    """Raise ConfigurationError if a database has other tables and indexes than `expected`."""
    found = layout(db)
    missing, extra = sorted(expected - found), sorted(found - expected)
    if missing or extra:
        raise ConfigurationError(f"this SQLite file has another layout: it lacks {missing}, and has {extra} besides")


def is_filled(db: sqlite3.Connection) -> bool:
    """Tell whether a database has tables."""
    return bool(layout(db))


def layout(db: sqlite3.Connection) -> set[str]:
    """Return what tables and indexes a database has, as the statements that made them."""
    rows = db.execute("SELECT sql FROM sqlite_master WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite_%'")
    return {row[0] for row in rows}


def _problems(db: sqlite3.Connection, own: sqlite3.Connection) -> str:
    verdict = str(db.execute("PRAGMA quick_check(1)").fetchone()[0])
    if verdict != "ok":
        return verdict
    for setting in ("page_size", "encoding"):
        found, expected = (one.execute(f"PRAGMA {setting}").fetchone()[0] for one in (db, own))
        if found != expected:
            return f"its {setting} is {found}, not {expected}"
    for (table,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'table' AND name LIKE '%.%'").fetchall():
        if not all(_is_object(record) for (record,) in db.execute(f'SELECT record FROM "{table}"')):
            return f"{table} holds a record that is not a JSON object"
    return ""


def _is_object(record: object) -> bool:
    try:
        return isinstance(record, str) and isinstance(read_stored(record), dict)
    except ValueError:
        return False
