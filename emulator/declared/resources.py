"""Declared collections: finds records by conditions, and knows the shape of a record."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from emulator.contract.schemas import Check
from emulator.declared.expressions import Context, written_time
from emulator.declared.ids import canonical, strategy_for
from emulator.declared.keeping import waiting
from emulator.declared.shapes import Shape, type_of
from emulator.declared.words import CollectionWords
from emulator.exchange import NOTHING, Record
from emulator.store.collection import ANY, Collection
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
        """The records that wait for their next state."""
        return waiting(self.kept.name)

    def identity(self, given: Mapping[str, Any]) -> Record:
        """Return the fields that identify a record, of those given; NOTHING for one that is not."""
        return {name: given.get(name, NOTHING) for name in self.words.key_fields}

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
        """Return the fields that a caller may write: properties in the schema, except read-only ones and timestamps."""
        if self.shape is None:
            return dict(given)
        read_only = self.shape.marked("readOnly") | {self.words.created, self.words.updated}
        known = self.shape.properties
        return {
            name: value
            for name, value in given.items()
            if name not in read_only and (name in known or self.shape.is_open)
        }

    def kept_by_replace(self, record: Record) -> Record:
        """Return the fields that a replace keeps: the key, times, and read-only ones."""
        names = {self.key, *self.words.key_of, self.words.created, self.words.updated}
        names |= self.shape.marked("readOnly") if self.shape else set()
        return {name: value for name, value in record.items() if name in names}

    def is_deleted(self, record: Record) -> bool:
        """Return True if a delete has marked the record."""
        marks = self.words.delete.set
        return bool(marks) and all(_is_marked(record.get(name), value) for name, value in marks.items())

    def is_shown(self, record: Record) -> bool:
        """Return True if lists and gets show the record."""
        return self.words.delete.visible or not self.is_deleted(record)

    @property
    def marks(self) -> Record:
        """The values of a deleted record's fields, if lists and gets do not show it."""
        deletion = self.words.delete
        return {} if deletion.visible else {name: ANY if _is_any(one) else one for name, one in deletion.set.items()}

    def find(self, world: World, conditions: Mapping[str, Any], by: Sequence[str] = ()) -> list[Record]:
        """Return the records whose fields have the values of the conditions, sorted by fields or as the collection is.

        A list means one of its values. Deleted records are included.
        """
        conditions, records = self.typed_conditions(conditions), world[self.kept]
        if self.key in conditions and not isinstance(conditions[self.key], list):
            # The path may have the key as text, and the record as a number.
            found = records.get(conditions.pop(self.key))
            return [found] if found is not None and matches(found, conditions) else []
        return records.page(where=conditions, by=by)

    def typed_conditions(self, conditions: Mapping[str, Any]) -> Record:
        """Return conditions with each value, or each of a list, in the type of its field."""
        return {
            name: [self.typed(name, one) for one in value] if isinstance(value, list) else self.typed(name, value)
            for name, value in conditions.items()
        }


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


def _is_marked(value: Any, mark: Any) -> bool:
    """Return True if a field has the value that a delete writes; for an expression, any value."""
    return value is not None if _is_any(mark) else value == mark


def _is_any(mark: Any) -> bool:
    return isinstance(mark, str) and mark.startswith("$")
