"""A collection: a named set of JSON records, stored in its own SQLite table."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeAlias
from urllib.parse import quote

from emulator.exchange import Record
from emulator.json_text import has_surrogate, write_json

if TYPE_CHECKING:
    from faker import Faker

    from emulator.store.world import World

__all__ = ["ANY", "INDEXED_FROM", "Collection", "Populate"]


Populate: TypeAlias = "Callable[[Faker, int, World, Record], Record]"
"""Generates the record with the given number (from 1) with a seeded Faker; the Record has the fields that are given."""


HIGHEST = 2**63 - 1
"""SQLite's largest integer: no collection has more records."""

INDEXED_FROM = 16
"""The position of a record from which on a collection has indexes: fewer records are searched in 25 µs, and each empty
index would take a page of every sandbox."""

ANY: Any = object()
"""A condition that any value but null matches."""

HIDDEN_KEY = "_key"
"""The field with a key that no schema describes: it is made of several fields, or that of another record."""

_PLAIN = re.compile(r"[\w.]+")
"""A name that a path of SQLite takes without quotes."""

_OF_JSON = "json_extract(?, '$')"
"""The value in a JSON text, in SQL: as `_extract` finds it in a record."""


@dataclass(frozen=True)
class Collection:
    """A collection's shape.

    `name` is "<vendor>.<plural noun>", also the name of its fixture file. `key` is the field that
    contains a record's id. Records are returned in the order of the fields `order` ("-field": descending), or else
    in the order of insertion. `indexes` are fields by which many records are often found or sorted. `schema` is the
    contract's schema for fixture records ("integration.schema.json"). `populate` generates one more record; for a
    collection without it, `references` are the fields that contain the id of a record of another collection. An id of
    several fields, `key_of`, is made of their values, and kept in `key`.
    """

    name: str
    key: str = "id"
    order: tuple[str, ...] = ()
    indexes: tuple[str, ...] = ()
    schema: str | None = None
    populate: Populate | None = None
    references: Mapping[str, Collection] = field(default_factory=dict, compare=False)
    key_of: tuple[str, ...] = ()

    @property
    def vendor(self) -> str:
        """The name of its vendor: "celigo"."""
        return self.name.partition(".")[0]

    @property
    def own_name(self) -> str:
        """The name without the vendor's: "integrations"."""
        return self.name.partition(".")[2]

    @property
    def is_of_credentials(self) -> bool:
        """Return True for the collection of a vendor's credentials, which calls present."""
        return self.own_name == "credentials"

    @staticmethod
    def described(record: Record) -> Record:
        """Return a record without a key that it does not contain: as schemas describe it, and replies show it."""
        return {name: value for name, value in record.items() if name != HIDDEN_KEY} if HIDDEN_KEY in record else record

    def keyed(self, record: Record) -> Record:
        """Return a record with its id: "1,red" of several fields. One without all of them stays as it is."""
        if not self.key_of or not all(name in record for name in self.key_of):
            return record
        return {**record, self.key: ",".join(quote(str(record[name]), safe="") for name in self.key_of)}

    @cached_property
    def table(self) -> str:
        """The name of the collection's table, in quotes."""
        return f'"{self.name}"'

    @cached_property
    def by_order(self) -> str:
        """The clause that sorts the records."""
        return self.sorted_by(self.order)

    def sorted_by(self, fields: Sequence[str]) -> str:
        """Return the clause that sorts the records by fields ("-field": descending)."""
        return f" ORDER BY {', '.join([*map(_ranked, fields), 'position'])}"

    def condition(self, where: Mapping[str, Any], unless: Mapping[str, Any] | None = None) -> tuple[str, Sequence[Any]]:
        """Return the clause that selects the records whose fields equal those of `where`, and its values.

        A list in `where` means one of its values, ANY any but null. Records that equal `unless` are left out.
        """
        if not where and not unless:
            return "", ()
        terms = [_equals(_extract(name), value) for name, value in where.items()]
        if unless:
            # With "+", SQLite uses no index: most records are not left out, and the order's index is better.
            left_out = " AND ".join(_is(f"+{_extract(name)}", value) for name, value in unless.items())
            terms.append(f"NOT ({left_out})")
        values = [one for value in where.values() for one in (value if isinstance(value, list) else [value])]
        bound = [one for value in (*values, *(unless or {}).values()) for one in _bound(value)]
        return " WHERE " + " AND ".join(terms), bound

    def create(self, db: sqlite3.Connection) -> None:
        """Create the collection's table."""
        db.execute(
            f'CREATE TABLE IF NOT EXISTS "{self.name}" '
            "(position INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, record TEXT NOT NULL)"
        )

    def create_indexes(self, db: sqlite3.Connection) -> None:
        """Create the collection's indexes, unless they exist."""
        for fields in filter(None, (self.order, *((name,) for name in self.indexes))):
            columns = ", ".join(map(_ranked, fields))
            db.execute(
                f'CREATE INDEX IF NOT EXISTS "{self.name}:{"+".join(fields)}" ON "{self.name}" ({columns}, position)'
            )

    def index_if_large(self, db: sqlite3.Connection) -> None:
        """Create the collection's indexes if it has enough records for them."""
        last = db.execute(f"SELECT max(position) FROM {self.table}").fetchone()[0]
        if last is not None and last >= INDEXED_FROM:
            self.create_indexes(db)


def _extract(name: str) -> str:
    path = name if _PLAIN.fullmatch(name) else f'"{name}"'.replace("'", "''")
    return f"json_extract(record, '$.{path}')"


def _ranked(field: str) -> str:
    return _extract(field.removeprefix("-")) + (" DESC" if field.startswith("-") else "")


def _equals(left: str, value: Any) -> str:
    """Return the term that is true where a field has a value, or one of a list."""
    if not isinstance(value, list):
        return _is(left, value)
    known = f"{left} IN ({', '.join(map(_mark, value))})"
    return f"({known} OR {left} IS NULL)" if None in value else known


def _is(left: str, value: Any) -> str:
    return f"{left} IS NOT NULL" if value is ANY else f"{left} IS {_mark(value)}"


def _mark(value: Any) -> str:
    return "?" if _fits(value) else _OF_JSON


def _bound(value: Any) -> Sequence[Any]:
    """Return what is bound to the mark of a value."""
    return () if value is ANY else (value if _fits(value) else write_json(value).decode(),)


def _fits(value: object) -> bool:
    """Return True if SQLite accepts the value: no lone surrogate, no integer beyond 64 bits, no object or list."""
    if isinstance(value, int):
        return -HIGHEST <= value <= HIGHEST
    return not isinstance(value, dict | list) and not (isinstance(value, str) and has_surrogate(value))
