"""A collection: a named set of JSON records, stored in its own SQLite table."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeAlias

from emulator.exchange import Record
from emulator.json_text import has_surrogate, write_json

if TYPE_CHECKING:
    from faker import Faker

    from emulator.store.world import World

__all__ = ["Collection", "Populate"]


Populate: TypeAlias = "Callable[[Faker, int, World, Record], Record]"
"""Generates the record with the given number (from 1) with a seeded Faker; the Record has the fields that are given."""


HIGHEST = 2**63 - 1
"""SQLite's largest integer: no collection has more records."""

_OF_JSON = "json_extract(?, '$')"
"""The value in a JSON text, in SQL: as `_extract` finds it in a record."""


@dataclass(frozen=True)
class Collection:
    """A collection's shape.

    `name` is "<vendor>.<plural noun>", also the name of its fixture file. `key` is the field that
    contains a record's id. Records are returned in the order of the fields `order`, or else in the
    order of insertion. `indexes` are fields that are looked up often. `schema` is the contract's schema
    for fixture records ("integration.schema.json"). `populate` generates one more record; for a collection
    without it, `references` are the fields that contain the id of a record of another collection.
    """

    name: str
    key: str = "id"
    order: tuple[str, ...] = ()
    indexes: tuple[str, ...] = ()
    schema: str | None = None
    populate: Populate | None = None
    references: Mapping[str, Collection] = field(default_factory=dict, compare=False)

    @cached_property
    def table(self) -> str:
        """The name of the collection's table, in quotes."""
        return f'"{self.name}"'

    @cached_property
    def by_order(self) -> str:
        """The clause that sorts the records."""
        return f" ORDER BY {', '.join([*map(_extract, self.order), 'position'])}"

    def condition(self, where: Mapping[str, Any]) -> tuple[str, Sequence[Any]]:
        """Return the clause that selects the records whose fields equal those of `where`, and its values."""
        if not where:
            return "", ()
        terms = [f"{_extract(name)} IS {'?' if _fits(value) else _OF_JSON}" for name, value in where.items()]
        values = (value if _fits(value) else write_json(value).decode() for value in where.values())
        return " WHERE " + " AND ".join(terms), tuple(values)

    def create(self, db: sqlite3.Connection) -> None:
        """Create the collection's table and indexes."""
        db.execute(
            f'CREATE TABLE IF NOT EXISTS "{self.name}" '
            "(position INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, record TEXT NOT NULL)"
        )
        for fields in filter(None, (self.order, *((name,) for name in self.indexes))):
            columns = ", ".join(_extract(name) for name in fields)
            db.execute(
                f'CREATE INDEX IF NOT EXISTS "{self.name}:{"+".join(fields)}" ON "{self.name}" ({columns}, position)'
            )


def _extract(name: str) -> str:
    return f"json_extract(record, '$.{name}')"


def _fits(value: object) -> bool:
    """Return True if SQLite accepts the value: no lone surrogates, no integer beyond 64 bits."""
    if isinstance(value, int):
        return -HIGHEST <= value <= HIGHEST
    return not (isinstance(value, str) and has_surrogate(value))
