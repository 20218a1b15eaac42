"""Snapshots: a sandbox's records as a named SQLite file that can be saved, checked and restored."""

from __future__ import annotations

import asyncio
import sqlite3
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from itertools import count
from typing import TYPE_CHECKING, Any, TypeAlias

from emulator.errors import ConfigurationError
from emulator.exchange import Record
from emulator.json_text import is_deeper, read_stored, stored_text
from emulator.sandbox.budget import Budget
from emulator.sandbox.fixtures import create_schema
from emulator.store.collection import Collection
from emulator.store.records import id_text
from emulator.store.sqlite import connect_memory, content_of, without_log

if TYPE_CHECKING:
    from emulator.sandbox.sandbox import Sandbox

Row: TypeAlias = "tuple[Any, ...]"
"""A row of a database's schema: type, name, table, statement."""

MAGIC = b"SQLite format 3\0"

STEPS_PER_BYTE = 200
STEPS_PER_LOOK = 100_000
"""How many of SQLite's steps a file may take: reading every row takes fewer."""

HIGHEST_NUMBER = 2**53
"""The largest value of a sequence: JavaScript counts no further, and no sandbox gets there."""

DEEPEST = 200
"""The maximum depth of a record, in levels of JSON; calls have a lower limit."""


class Snapshots:
    """The snapshots of one sandbox by name, SQLite files, within the `budget` of all sandboxes."""

    def __init__(self, budget: Budget) -> None:
        self._budget = budget
        self._files: dict[str, bytes] = {}

    def __getitem__(self, name: str) -> bytes:
        return self._files[name]

    def __contains__(self, name: str) -> bool:
        return name in self._files

    def __iter__(self) -> Iterator[str]:
        return iter(self._files)

    def put(self, name: str, file: bytes) -> None:
        """Store a file, replacing one of that name. Raises BudgetExceeded if it exceeds the limit."""
        former = len(self._files.get(name, b""))
        self._budget.take(len(file) - former)
        self._files[name] = file

    def remove(self, name: str) -> None:
        """Delete a snapshot."""
        self._budget.give_back(len(self._files.pop(name)))

    def clear(self) -> None:
        """Delete all snapshots."""
        for name in list(self._files):
            self.remove(name)


async def check_snapshot(sandbox: Sandbox, file: bytes) -> bytes:
    """Return a new file with the records of a SQLite file, which must have the sandbox's schema.

    Raises ConfigurationError, with the reason, if it cannot be restored.
    """
    if not file.startswith(MAGIC):
        raise ConfigurationError("this is not a SQLite file")
    reader = _Reader(sandbox.collections, sandbox.problem_in)
    try:
        return await asyncio.to_thread(reader.read, without_log(file))
    finally:
        reader.is_wanted = False


class _Reader:
    """Reads an untrusted file: copies its rows, but only compares its schema with our own.

    It stops soon after it is no longer `is_wanted`.
    """

    def __init__(self, collections: Sequence[Collection], problem_in: Callable[[Record, Collection], str]) -> None:
        self.is_wanted = True
        self._collections = collections
        self._problem_in = problem_in

    def read(self, file: bytes) -> bytes:
        """Return a new file with the rows of this one."""
        try:
            with closing(_untrusted(file)) as db, closing(_empty(self._collections)) as copy:
                check_layout(db, own_layout(self._collections))
                verdict = str(db.execute("PRAGMA quick_check(1)").fetchone()[0])
                if verdict != "ok":
                    raise _unusable(verdict)
                copy.executemany("INSERT INTO sequences VALUES (?, ?)", _sequences(db))
                for collection in self._collections:
                    rows = self._rows(db, collection)
                    copy.executemany(f"INSERT INTO {collection.table} VALUES (?, ?, ?)", rows)
                    collection.index_if_large(copy)
                return content_of(copy)
        except sqlite3.Error as problem:
            raise ConfigurationError(f"this SQLite file cannot be read: {problem}") from None

    def _rows(self, db: sqlite3.Connection, collection: Collection) -> Iterator[tuple[int, str, str]]:
        for position, id, text in db.execute(f"SELECT position, id, record FROM {collection.table}"):
            record = _record(text)
            if record is None or not self.is_wanted:
                raise _unusable(
                    f"the record {id!r} of {collection.name} is not a JSON object of up to {DEEPEST} levels"
                )
            problem = self._problem_in(record, collection)
            if problem:
                raise _unusable(problem)
            if id_text(record[collection.key]) != id:
                raise _unusable(f"the record {id!r} of {collection.name} has a different {collection.key}")
            yield position, id, stored_text(record)


def _unusable(reason: str) -> ConfigurationError:
    return ConfigurationError(f"this SQLite file cannot be used: {reason}")


def check_layout(db: sqlite3.Connection, own: set[Row]) -> None:
    """Raise ConfigurationError if a database's tables, indexes etc. differ from our `own`; it may lack indexes."""
    found = layout(db)
    missing = sorted(str(name) for kind, name, *_ in own - found if kind != "index")
    extra = sorted(str(name) for _, name, *_ in found - own)
    if missing or extra:
        raise ConfigurationError(f"this SQLite file has another schema: missing: {missing}; unexpected: {extra}")


def fit_layout(db: sqlite3.Connection, collections: Sequence[Collection]) -> None:
    """Give a user's own database the indexes of the collections: a vendor's words may have changed since.

    Raises ConfigurationError if it differs in anything else; the caller rolls back then.
    """
    own = own_layout(collections)
    for kind, name, _, statement in layout(db) - own:
        if kind == "index" and statement is not None:
            db.execute(f'DROP INDEX "{name}"')
    check_layout(db, own)
    for collection in collections:
        collection.index_if_large(db)


def own_layout(collections: Sequence[Collection]) -> set[Row]:
    """Return the schema of a database with these collections and all their indexes."""
    with closing(_empty(collections)) as db:
        for collection in collections:
            collection.create_indexes(db)
        return layout(db)


def is_filled(db: sqlite3.Connection) -> bool:
    """Return True if a database has tables."""
    return bool(layout(db))


def layout(db: sqlite3.Connection) -> set[Row]:
    """Return the schema of a database (tables, indexes, triggers, views), with the statements that created it."""
    return set(db.execute("SELECT type, name, tbl_name, sql FROM sqlite_master"))


def _untrusted(file: bytes) -> sqlite3.Connection:
    """Open an untrusted file so that nothing in its schema runs, with a limit on steps."""
    db = sqlite3.connect(":memory:")
    db.execute("PRAGMA query_only = ON")
    db.execute("PRAGMA cell_size_check = ON")
    if sys.version_info >= (3, 12):
        db.setconfig(sqlite3.SQLITE_DBCONFIG_DEFENSIVE, True)
        db.setconfig(sqlite3.SQLITE_DBCONFIG_ENABLE_TRIGGER, False)
        db.setconfig(sqlite3.SQLITE_DBCONFIG_ENABLE_VIEW, False)
    looks, most = count(1), 10 + len(file) * STEPS_PER_BYTE // STEPS_PER_LOOK
    db.set_progress_handler(lambda: next(looks) > most, STEPS_PER_LOOK)
    try:
        db.deserialize(file)
    except BaseException:
        db.close()
        raise
    return db


def _empty(collections: Sequence[Collection]) -> sqlite3.Connection:
    """Return a database in memory with empty tables."""
    db = connect_memory()
    create_schema(db, collections)
    return db


def _sequences(db: sqlite3.Connection) -> Iterator[tuple[str, int]]:
    for name, value in db.execute("SELECT name, value FROM sequences"):
        if not isinstance(name, str) or not isinstance(value, int) or not 0 <= value < HIGHEST_NUMBER:
            raise _unusable(f"the sequence {name!r} is at {value!r}")
        yield name, value


def _record(text: object) -> Record | None:
    """Return the record in a JSON text; None if it is invalid, or too deep."""
    try:
        document = read_stored(text) if isinstance(text, str) else None
    except (ValueError, RecursionError):
        return None
    return document if isinstance(document, dict) and not is_deeper(document, DEEPEST) else None
