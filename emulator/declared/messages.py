"""What the schemas of an operation say that its messages contain: one record, a list of records, a body."""

from __future__ import annotations

from collections.abc import Set

from emulator.contract.operation import Operation
from emulator.declared.paging import ENVELOPE
from emulator.declared.paths import last_literal
from emulator.declared.replying import success
from emulator.declared.shapes import Place, Shape, Shapes
from emulator.declared.words import ReplyWords
from emulator.exchange import is_json

_LISTS = ("data", "items", "results", "entries", "value", "values", "records", "hits")


class Messages:
    """Finds records in the requests and replies of operations, by the rules of docs/reference/inference.md."""

    def __init__(self, shapes: Shapes) -> None:
        self._shapes = shapes
        self._lists: dict[str, Place | None] = {}
        self._records: dict[str, Place | None] = {}
        self._known_bases: dict[str, Set[str]] = {}

    def shape(self, place: Place) -> Shape:
        """Return the shape of a schema."""
        return self._shapes.shape(place)

    def _reply(self, operation: Operation) -> Place | None:
        response = success(operation, "create" if operation.method == "POST" else "", ReplyWords())
        kinds = [kind for kind in response.media if is_json(kind)] if response else []
        return self._shapes.at(response.media[kinds[0]].check.address) if response and kinds else None

    def listed(self, operation: Operation) -> Place | None:
        """Rule 2: return the schema of the records of a list, or None for another reply."""
        if operation.name not in self._lists:
            self._lists[operation.name] = self._listed(operation)
        return self._lists[operation.name]

    def _listed(self, operation: Operation) -> Place | None:
        place = self._reply(operation)
        shape = self.shape(place) if place else None
        if place is None or shape is None:
            return None
        if shape.kind == "array":
            return self._items(place)
        lists = {name: self._items(of) for name, of in shape.properties.items()}
        lists = {name: items for name, items in lists.items() if items is not None}
        last = last_literal(operation.path).replace("-", "_")
        if len(lists) != 1:
            return None
        ((name, items),) = lists.items()
        others = shape.properties.keys() - {name}
        is_list = name in (*_LISTS, last) or (others and others <= ENVELOPE.keys())
        return items if is_list and "id" not in shape.properties else None

    def _items(self, place: Place) -> Place | None:
        """Return the schema of the records in an array that may be empty: as a list is if no record matches."""
        shape = self.shape(place)
        may_be_empty = shape.kind == "array" and not place.schema.get("minItems")
        return self._object(shape.items) if may_be_empty else None

    def _object(self, place: Place | None) -> Place | None:
        """Return the schema of an object with properties, of one kind; else None."""
        if place is None or "oneOf" in place.schema or "anyOf" in place.schema:
            return None
        shape = self.shape(place)
        return place if shape.kind == "object" and shape.properties else None

    def record(self, operation: Operation) -> Place | None:
        """Rule 2: return the schema of the one record of a reply, unwrapped, or None."""
        if operation.name not in self._records:
            self._records[operation.name] = self._record(operation)
        return self._records[operation.name]

    def _record(self, operation: Operation) -> Place | None:
        place = self._reply(operation)
        place = self._object(place) if place and self.listed(operation) is None else None
        if place is None:
            return None
        properties = self.shape(place).properties
        inner = self._object(next(iter(properties.values()))) if len(properties) == 1 else None
        return inner or place

    def extends(self, one: Place, other: Place) -> bool:
        """Return True if one of the schemas is composed of the other (allOf)."""
        return one.address in self._bases(other) or other.address in self._bases(one)

    def _bases(self, place: Place) -> Set[str]:
        if "allOf" not in place.schema:
            return frozenset()
        if place.address not in self._known_bases:
            # Known before what it is composed of, which may refer back to it.
            self._known_bases[place.address] = frozenset()
            schemas = enumerate(place.schema["allOf"])
            parts = [self._shapes.followed(place.below(f"/allOf/{number}", schema)) for number, schema in schemas]
            found = {address for part in parts for address in (part.address, *self._bases(part))}
            self._known_bases[place.address] = found
        return self._known_bases[place.address]

    def body(self, operation: Operation) -> Shape | None:
        """Return the shape of the JSON body that an operation takes, or None."""
        kinds = [media for kind, media in operation.body.media.items() if is_json(kind)] if operation.body else []
        return self.shape(self._shapes.at(kinds[0].check.address)) if kinds else None
