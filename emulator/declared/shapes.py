"""The shapes of objects in the schemas of a contract: properties, read-only and required ones."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, NamedTuple
from urllib.parse import unquote, urljoin
from weakref import WeakKeyDictionary

from emulator.contract.schemas import Schemas
from emulator.exchange import Document

NULL = {"type": "null"}
DEEPEST = 20
"""How many references in a row are followed."""


@dataclass(frozen=True)
class Place:
    """A schema with its place: its file and JSON pointer."""

    file: str
    pointer: str
    schema: Mapping[str, Any]

    @cached_property
    def address(self) -> str:
        """The address for a check."""
        return f"{self.file}#{self.pointer.replace('{', '%7B').replace('}', '%7D')}"

    def below(self, steps: str, schema: Any) -> Place:
        """Return a schema inside this one: at "/properties/name"."""
        return Place(self.file, f"{self.pointer}{steps}", _mapping(schema))


class Shape(NamedTuple):
    """The shape of a schema's values, with `allOf`, `oneOf` and `anyOf` combined.

    `kind` is "object", "array" or "other". With `is_open`, other properties are allowed; `others` is
    what describes those.
    """

    kind: str
    properties: Mapping[str, Place] = {}
    required: frozenset[str] = frozenset()
    is_open: bool = False
    items: Place | None = None
    others: Place | None = None

    def marked(self, mark: str) -> set[str]:
        """Return the properties with a mark that is true: readOnly, writeOnly."""
        return {name for name, place in self.properties.items() if place.schema.get(mark) is True}


@dataclass
class Hidden:
    """What a schema lets clients write and never read: properties, and those of what is below or in a list."""

    names: frozenset[str] = frozenset()
    below: dict[str, Hidden] = field(default_factory=dict)
    items: Hidden | None = None

    def without(self, value: Any) -> Any:
        """Return a value without what is hidden, at any depth."""
        if isinstance(value, list):
            return [self.items.without(one) for one in value] if self.items else value
        if not isinstance(value, dict):
            return value
        return {
            name: self.below[name].without(one) if name in self.below else one
            for name, one in value.items()
            if name not in self.names
        }

    def hides(self) -> bool:
        """Return True if anything is hidden: schemas may refer to each other in a circle."""
        seen, left = {id(self)}, [self]
        while left:
            one = left.pop()
            if one.names:
                return True
            others = [*one.below.values(), *([one.items] if one.items else [])]
            left += [other for other in others if id(other) not in seen]
            seen |= {id(other) for other in others}
        return False


NOTHING_HIDDEN = Hidden()


class Shapes:
    """Reads the schemas in the files of a contract, by their addresses."""

    def __init__(self, documents: Mapping[str, Document]) -> None:
        self._documents = documents
        self._hidden: dict[tuple[str, ...], Hidden] = {}
        self._places: dict[tuple[str, str], Place] = {}
        self._shapes: dict[tuple[str, str], tuple[Place, Shape]] = {}

    def at(self, address: str) -> Place:
        """Return the schema at an address, with references followed; an empty one if it does not exist."""
        return self._at("", address)

    def _at(self, file: str, reference: str) -> Place:
        """Return the schema that a file refers to, as `at` does."""
        if (file, reference) not in self._places:
            target, _, fragment = reference.partition("#")
            self._places[file, reference] = self._read(urljoin(file, target) if target else file, unquote(fragment))
        return self._places[file, reference]

    def _read(self, file: str, pointer: str) -> Place:
        found: Any = self._documents.get(file)
        for step in pointer.split("/")[1:]:
            key = step.replace("~1", "/").replace("~0", "~")
            found = found[int(key)] if isinstance(found, list) else found.get(key) if isinstance(found, dict) else None
        return self.followed(Place(file, pointer, _mapping(found)))

    def followed(self, place: Place) -> Place:
        """Follow a schema's reference; keys next to it override those of its target."""
        for _ in range(DEEPEST):
            reference = place.schema.get("$ref")
            if not isinstance(reference, str):
                break
            target = self._at(place.file, reference)
            beside = {name: value for name, value in place.schema.items() if name != "$ref"}
            place = Place(target.file, target.pointer, {**target.schema, **beside}) if beside else target
        return place

    def shape(self, place: Place) -> Shape:
        """Return the shape of a schema's values."""
        place = self.followed(place)
        known = self._shapes.get((place.file, place.pointer))
        # The keys beside a reference make another schema at the same place.
        if known is None or known[0].schema is not place.schema:
            known = self._shapes[place.file, place.pointer] = place, self._shape(place)
        return known[1]

    def _shape(self, place: Place) -> Shape:
        properties: dict[str, Place] = {}
        required: set[str] = set()
        kinds: list[Any] = []
        is_open, items, others = False, None, None
        for part, is_sure in self._parts(place, 0):
            schema = part.schema
            kinds.append(schema.get("type", "object" if "properties" in schema else None))
            for name, described in schema.get("properties", {}).items():
                steps = f"/properties/{name.replace('~', '~0').replace('/', '~1')}"
                found = self.followed(part.below(steps, described))
                # Of the parts of an `allOf`, a later one refines those before it.
                is_refined = is_sure and name not in place.schema.get("properties", {}) and type_of(found)
                properties[name] = found if is_refined else properties.get(name, found)
            required |= set(schema.get("required", ())) if is_sure else set()
            is_open = is_open or bool(schema.get("additionalProperties"))
            if isinstance(schema.get("items"), dict):
                items = self.followed(part.below("/items", schema["items"]))
            if isinstance(schema.get("additionalProperties"), dict):
                others = self.followed(part.below("/additionalProperties", schema["additionalProperties"]))
        kind = _kind(kinds)
        is_open = is_open or (kind == "object" and not properties)
        return Shape(kind, properties, frozenset(required), is_open, items, others)

    def names(self) -> Iterator[str]:
        """Yield all names in these documents, of properties and in examples."""
        left: list[Any] = list(self._documents.values())
        while left:
            one = left.pop()
            yield from one if isinstance(one, dict) else ()
            left += one.values() if isinstance(one, dict) else one if isinstance(one, list) else ()

    def hidden(self, place: Place) -> Hidden:
        """Return what a schema hides (`writeOnly`)."""
        found = self._hidden_in(place)
        return found if found.hides() else NOTHING_HIDDEN

    def _hidden_in(self, place: Place) -> Hidden:
        key = (place.address, *sorted(place.schema))
        if key not in self._hidden:
            shape, found = self.shape(place), Hidden()
            # Known before what is below it, which may refer back to it.
            self._hidden[key] = found
            found.names = frozenset(shape.marked("writeOnly"))
            found.below = {name: self._hidden_in(one) for name, one in shape.properties.items()}
            found.items = self._hidden_in(shape.items) if shape.items else None
        return self._hidden[key]

    def _parts(self, place: Place, depth: int) -> Iterator[tuple[Place, bool]]:
        """Yield the schemas that one is composed of, and whether each applies to all its values."""
        yield place, True
        for word in ("allOf", "oneOf", "anyOf") if depth < DEEPEST else ():
            # `null` beside one other alternative: that one holds for all values but null.
            parts = [(number, part) for number, part in enumerate(place.schema.get(word, ())) if part != NULL]
            for number, part in parts:
                followed = self.followed(place.below(f"/{word}/{number}", part))
                for below, is_sure in self._parts(followed, depth + 1):
                    yield below, is_sure and (word == "allOf" or len(parts) == 1)


_KNOWN: WeakKeyDictionary[Schemas, Shapes] = WeakKeyDictionary()


def shapes_of(schemas: Schemas) -> Shapes:
    """Return what reads the shapes of a contract's schemas: the same for all who ask, since it caches them."""
    if schemas not in _KNOWN:
        _KNOWN[schemas] = Shapes(schemas.documents)
    return _KNOWN[schemas]


def type_of(place: Place) -> str:
    """Return the JSON type of a schema, of several the first other than null; "" if it has none."""
    named = place.schema.get("type", "")
    kinds = [named] if isinstance(named, str) else named
    return next((kind for kind in kinds if kind != "null"), "")


def _kind(named: list[Any]) -> str:
    kinds = [kind for one in named for kind in (one if isinstance(one, list) else [one])]
    return next((kind for kind in kinds if kind in ("object", "array")), "other")


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}
