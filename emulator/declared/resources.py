"""Declared collections: finds records by conditions, and knows the shape of a record."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Any

from emulator.contract.schemas import Check
from emulator.declared.expressions import Context, written_time
from emulator.declared.ids import canonical, strategy_for
from emulator.declared.shapes import Shape, type_of
from emulator.declared.words import CollectionWords
from emulator.exchange import NOTHING, Record
from emulator.store.collection import Collection
from emulator.store.world import World
from emulator.vendor import Hooks


@dataclass(frozen=True)
class Resource:
    """A declared collection: its declaration, its records, the shape and the check of one (None: any)."""

    words: CollectionWords
    kept: Collection
    shape: Shape | None
    check: Check | None = None
    hooks: Hooks = field(default_factory=Hooks)

    @property
    def name(self) -> str:
        """The name without the vendor's: "flows"."""
        return self.words.name

    @property
    def key(self) -> str:
        """The field that identifies a record."""
        return self.words.key

    @property
    def strategy(self) -> str:
        """The strategy for keys."""
        return self.words.id or strategy_for(self.shape.properties.get(self.key) if self.shape else None)

    @property
    def lives(self) -> Collection:
        """The records that wait for their next state: key, number of the state, its value, when it ends."""
        return Collection(f"{self.kept.name}_life", order=("due",), indexes=("due",))

    def typed(self, name: str, value: Any) -> Any:
        """Return a value in the type of a field: text becomes a number, and the reverse."""
        if name == self.key:
            return canonical(self.strategy, value)
        place = self.shape.properties.get(name) if self.shape else None
        kind = type_of(place) if place else ""
        if kind == "integer" and isinstance(value, str) and value.isascii() and value.isdecimal() and len(value) < 19:
            return int(value)
        if kind == "string" and isinstance(value, int) and not isinstance(value, bool):
            return str(value)
        return value

    def time_for(self, name: str, now: datetime) -> Any:
        """Return a time in the type of a field: seconds since 1970 in an integer, else RFC 3339."""
        place = self.shape.properties.get(name) if self.shape else None
        return int(now.timestamp()) if place and type_of(place) == "integer" else written_time(now)

    def writable(self, given: Mapping[str, Any]) -> Record:
        """Return the fields that a caller may write: properties in the schema that are not read-only."""
        if self.shape is None:
            return dict(given)
        read_only = self.shape.marked("readOnly")
        known = self.shape.properties
        return {
            name: value
            for name, value in given.items()
            if name not in read_only and (name in known or self.shape.is_open)
        }

    def kept_by_replace(self, record: Record) -> Record:
        """Return the fields that a replace keeps: the key, times, and read-only ones."""
        names = {self.key, self.words.created, self.words.updated}
        names |= self.shape.marked("readOnly") if self.shape else set()
        return {name: value for name, value in record.items() if name in names}

    def is_deleted(self, record: Record) -> bool:
        """Return True if a delete has marked the record."""
        marks = self.words.delete.set
        return bool(marks) and all(_is_marked(record.get(name), value) for name, value in marks.items())

    def is_shown(self, record: Record) -> bool:
        """Return True if lists and gets show the record."""
        return self.words.delete.visible or not self.is_deleted(record)

    def find(self, world: World, conditions: Mapping[str, Any]) -> list[Record]:
        """Return the records whose fields have the values of the conditions, in the collection's order.

        A list means one of its values. Deleted records are included.
        """
        conditions = {name: self._typed_all(name, value) for name, value in conditions.items()}
        records = world[self.kept]
        if self.key in conditions and not isinstance(conditions[self.key], list):
            found = [record for record in [records.get(conditions[self.key])] if record is not None]
            return [record for record in found if matches(record, conditions)]
        several = {name: value for name, value in conditions.items() if isinstance(value, list)}
        single = {name: value for name, value in conditions.items() if name not in several}
        return [record for record in self.in_order(records.all(single)) if matches(record, several)]

    def _typed_all(self, name: str, value: Any) -> Any:
        return [self.typed(name, one) for one in value] if isinstance(value, list) else self.typed(name, value)

    def in_order(self, records: Iterable[Record], by: Sequence[str] = ()) -> list[Record]:
        """Return records sorted by fields ("-field": descending), or else by the collection's order, or unsorted."""
        ordered = list(records)
        for name in reversed(by or self.words.sort):
            ordered.sort(key=partial(_rank_of, name.removeprefix("-")), reverse=name.startswith("-"))
        return ordered


def written_values(resource: Resource, context: Context, written: Mapping[str, Any]) -> Record:
    """Return fields with their expressions replaced, times as a field has them; what was not sent is left out."""
    found = {}
    for name, value in written.items():
        world = context.world if value == "$now" else None
        found[name] = resource.time_for(name, world.now) if world else context.value(value)
    return {name: value for name, value in found.items() if value is not NOTHING}


def matches(record: Record, conditions: Mapping[str, Any]) -> bool:
    """Return True if the fields of a record have the values of the conditions; a list means one of its values."""
    return all(
        record.get(name) in value if isinstance(value, list) else record.get(name) == value
        for name, value in conditions.items()
    )


def _rank_of(name: str, record: Record) -> tuple[int, Any]:
    return rank(record.get(name))


def rank(value: Any) -> tuple[int, Any]:
    """Return the sort key of values of any type: null first, then numbers, texts, all others as text."""
    if value is None:
        return 0, 0
    if isinstance(value, int | float):
        return 1, value
    return 2, value if isinstance(value, str) else str(value)


def _is_marked(value: Any, mark: Any) -> bool:
    """Return True if a field has the value that a delete writes; for an expression, any value."""
    return value is not None if isinstance(mark, str) and mark.startswith("$") else value == mark
