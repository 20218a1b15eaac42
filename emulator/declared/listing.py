"""The records of a list: counted, sorted and cut by SQLite, unless a condition takes Python."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from emulator.declared.filtering import filtered, searched
from emulator.declared.resources import Resource
from emulator.declared.shapes import type_of
from emulator.exchange import NOTHING, Record
from emulator.runtime.off_loop import leave_loop
from emulator.store.records import Records
from emulator.store.world import World

QUICK_RECORDS = 1000
"""Looking at so many records takes a few milliseconds."""


class Listing(Protocol):
    """Records in order, of which a part is read."""

    def count(self) -> int:
        """Return how many there are."""

    def part(self, start: int = 0, size: int = -1) -> list[Record]:
        """Return at most `size` (-1: no limit) records from number `start` on."""

    def place_of(self, id: str) -> int | None:
        """Return the number of the record with the id, as text; None if it is not in the list."""


@dataclass(frozen=True)
class _Stored:
    records: Records
    where: Mapping[str, Any]
    unless: Mapping[str, Any]
    by: Sequence[str]

    def count(self) -> int:
        return self.records.count(self.where, self.unless)

    def part(self, start: int = 0, size: int = -1) -> list[Record]:
        return self.records.page(start, size, self.where, self.unless, self.by)

    def place_of(self, id: str) -> int | None:
        found = self.records.ids(self.where, self.unless, self.by)
        return next((number for number, one in enumerate(found) if one == id), None)


@dataclass(frozen=True)
class _Loaded:
    records: Sequence[Record]
    key: str

    def count(self) -> int:
        return len(self.records)

    def part(self, start: int = 0, size: int = -1) -> list[Record]:
        return list(self.records[start:] if size < 0 else self.records[start : start + size])

    def place_of(self, id: str) -> int | None:
        return next((number for number, one in enumerate(self.records) if str(one[self.key]) == id), None)


def listed(
    resource: Resource,
    world: World,
    conditions: Mapping[str, Any],
    wanted: Iterable[tuple[str, str, Any]],
    by: Sequence[str] = (),
    text: str = "",
    *,
    is_whole: bool = False,
    stays: bool = False,
) -> Listing:
    """Return the records that lists show and that match the conditions, those of the caller, and a text.

    `wanted` are fields, each with an operator and a value; `is_whole` means that all records are read, not a page.
    Raises TakesLong in the event loop if many records have to be looked at, unless it `stays` there.
    """
    where, rest = resource.typed_conditions(conditions), []
    for name, operator, value in wanted:
        equal = _equal(resource, name, operator, value)
        if equal is NOTHING or name in where:
            rest.append((name, operator, resource.typed(name, value)))
        else:
            where[name] = equal
    by_key = resource.key in where and not isinstance(where[resource.key], list)
    records, is_loaded = world[resource.kept], bool(by_key or rest or text)
    scans = is_whole or is_loaded or not _has_index(resource, [*where, *by[:1]])
    if scans and not by_key and not stays and records.count() > QUICK_RECORDS:
        leave_loop()
    if not is_loaded:
        return _Stored(records, where, resource.marks, by)
    found = [record for record in resource.find(world, where, by) if resource.is_shown(record)]
    found = filtered(found, rest)
    return _Loaded(searched(found, text) if text else found, resource.key)


def _has_index(resource: Resource, fields: Iterable[str]) -> bool:
    """Return True if records are found by each of the fields without looking at all of them."""
    known = {one.removeprefix("-") for one in (*resource.kept.indexes, *resource.kept.order[:1])}
    return {one.removeprefix("-") for one in fields} <= known


def _equal(resource: Resource, name: str, operator: str, value: Any) -> Any:
    """Return the value, or the list of values, that a field must equal; NOTHING if SQLite cannot decide that."""
    place = resource.shape.properties.get(name) if resource.shape else None
    kind = type_of(place) if place and "array" not in place.schema.get("type", "") else ""
    if kind not in ("string", "integer", "boolean") or operator not in ("eq", "in"):
        return NOTHING
    if operator == "in" and not isinstance(value, list):
        value = str(value).split(",")
    if not isinstance(value, list):
        return resource.typed(name, value)
    return [resource.typed(name, one) for one in value] if kind != "boolean" else NOTHING
