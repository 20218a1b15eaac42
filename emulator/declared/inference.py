"""Infers from the paths and schemas of a document what its operations do: the words that nobody wrote.

The rules are numbered as in docs/reference/inference.md. Each guess names its rule, and stays a guess: `x-emulator` in
the document, or in an overlay beside it, goes before.
"""

from __future__ import annotations

import re
from collections.abc import Container, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

from emulator.contract.evidence import INFERENCE, Evidence
from emulator.contract.openapi import Contract
from emulator.contract.operation import Operation
from emulator.declared.guessing import (
    filters_for,
    id_for,
    key_for,
    reference_for,
    roles_for,
    strategy_for,
    timestamps_for,
)
from emulator.declared.links import linked_key, links_in
from emulator.declared.messages import Messages
from emulator.declared.paths import is_item, last_literal, parameters_of, prefix
from emulator.declared.reading import Declarations, Reading
from emulator.declared.shapes import Place, Shape, shapes_of
from emulator.declared.singletons import singleton_actions
from emulator.store.collection import Collection

_ON_ITEM = {"GET": "get", "PUT": "replace", "PATCH": "patch", "DELETE": "delete", "POST": "patch"}


class Guess(NamedTuple):
    """The inferred words of one operation, the rule, and the parameters that select nothing."""

    words: Mapping[str, Any]
    rule: int
    ignored: tuple[str, ...] = ()

    @property
    def note(self) -> str:
        """What `emulator operations` says of it: "pets list, rule 5; ignored: limit"."""
        said = f"{self.words['collection']} {self.words['action']}, rule {self.rule}"
        return f"{said}; ignored: {', '.join(self.ignored)}" if self.ignored else said


@dataclass
class Guesses:
    """What was inferred: words of collections and paging strategies by name, and of operations by their names."""

    collections: dict[str, dict[str, Any]] = field(default_factory=dict)
    paging: dict[str, dict[str, Any]] = field(default_factory=dict)
    operations: dict[str, Guess] = field(default_factory=dict)

    @property
    def root(self) -> dict[str, Any]:
        """The words at the root of the document."""
        used = {str(guess.words["collection"]) for guess in self.operations.values()}
        parts = {"collections": {name: of for name, of in self.collections.items() if name in used}}
        return {**parts, **({"paging": self.paging} if self.paging else {})}


class Inferred(NamedTuple):
    """A contract with inferred words, these words, and what it declares by them and by those of its own."""

    contract: Contract
    guesses: Guesses
    declarations: Declarations


def infer(contract: Contract, known: Sequence[Collection] = ()) -> Inferred:
    """Infer from a contract's paths and schemas the words of operations without words of their own.

    What the reader of declarations would refuse is left out. The collections `known` are declared nowhere.
    """
    guesses = _Inference(contract).guesses()
    while True:
        worded = _with_words(contract, guesses)
        reading = Reading(worded, known)
        refused = [pointer for pointer, _ in reading.problems]
        bad = [name for name in guesses.operations if any(_concerns(one, contract, name, guesses) for one in refused)]
        if not bad:
            return Inferred(worded, guesses, reading.declarations())
        for name in bad:
            del guesses.operations[name]


def _concerns(pointer: str, contract: Contract, name: str, guesses: Guesses) -> bool:
    operation, collection = contract.operations[name], guesses.operations[name].words["collection"]
    path = operation.path.replace("~", "~0").replace("/", "~1")
    places = (f"/paths/{path}/{operation.method.lower()}", f"/x-emulator/collections/{collection}")
    return any(pointer == place or pointer.startswith(f"{place}/") for place in places)


def _with_words(contract: Contract, guesses: Guesses) -> Contract:
    """Return a contract with inferred words: what the document says itself goes before."""
    document = {**contract.document, "paths": {path: dict(item) for path, item in contract.document["paths"].items()}}
    root = document.get("x-emulator", {})
    written = {part: {**of, **root.get(part, {})} for part, of in guesses.root.items()}
    document["x-emulator"] = {**root, **written}
    operations = dict(contract.operations)
    for name, guess in guesses.operations.items():
        operation, at = operations[name], document["paths"][operations[name].path]
        at[operation.method.lower()] = {**at[operation.method.lower()], "x-emulator": dict(guess.words)}
        operations[name] = replace(operation, evidence=Evidence("assumed", INFERENCE, guess.note))
    return replace(contract, document=document, operations=operations)


class _Found(NamedTuple):
    """A collection: its path, the path of one record ("" if it has none), and the shape of a record."""

    name: str
    path: str
    item: str
    place: Place
    shape: Shape
    key: str


class _Inference:
    def __init__(self, contract: Contract) -> None:
        self._contract = contract
        self._messages = Messages(shapes_of(contract.schemas))
        self._links = [*links_in(contract.document)]
        self._by_path: dict[str, dict[str, Operation]] = {}
        for operation in contract.handled.values():
            self._by_path.setdefault(operation.path.rstrip("/"), {})[operation.method] = operation
        self._found: dict[str, _Found] = {}
        """Collections by the path of the collection, and of one record."""
        self._names: set[str] = set()

    def guesses(self) -> Guesses:
        """Return the words for all operations without words of their own."""
        for path in self._by_path:
            if is_item(path):
                self._keep(prefix(path), path)
        for path, methods in self._by_path.items():
            if path not in self._found and "GET" in methods:
                self._keep_list(path)
        guesses = Guesses()
        for found in self._found.values():
            guesses.collections[found.name] = self._collection(found)
        for path, methods in self._by_path.items():
            for method, operation in methods.items():
                guess = self._guess(path, method, operation, guesses)
                if guess is not None and not self._is_written(operation):
                    guesses.operations[operation.name] = guess
        for path, methods in self._by_path.items():
            self._guess_singleton(path, methods, guesses)
        return guesses

    def _guess_singleton(self, path: str, methods: Mapping[str, Operation], guesses: Guesses) -> None:
        """Add the words of rule 7, if the path is that of a singleton."""
        parent = self._found.get(prefix(path))
        if parent is None or parent.item != prefix(path) or path in self._found:
            return
        actions = singleton_actions(methods, parent.place, self._messages)
        name, others = self._name(path), parameters_of(path)[:-1]
        for method in [method for method in actions if not self._is_written(methods[method])]:
            self._names.add(name)
            guesses.collections[name] = {"singleton": parent.name}
            words = {"collection": name, "action": actions[method], **({"ignore": others} if others else {})}
            guesses.operations[methods[method].name] = Guess(words, 7, tuple(others))

    def _is_written(self, operation: Operation) -> bool:
        return "x-emulator" in self._contract.document["paths"][operation.path][operation.method.lower()]

    def _keep(self, path: str, item: str) -> None:
        """Rules 1 to 3: an item path with a record, or with a list or a create before it."""
        methods, above = self._by_path[item], self._by_path.get(path, {})
        listed = self._messages.listed(above["GET"]) if "GET" in above else None
        got = self._messages.record(methods["GET"]) if "GET" in methods else None
        if "GET" in methods and got is None:
            return
        posted = self._messages.record(above["POST"]) if "POST" in above else None
        place = got or listed or posted or next(filter(None, map(self._messages.record, methods.values())), None)
        if place is None or not (methods.keys() & {"GET", "DELETE"} or listed or posted):
            return
        shape, name = self._messages.shape(place), self._name(path)
        linked = linked_key(self._links, item, [operation.name for operation in methods.values()])
        key = linked if linked in shape.properties else key_for(parameters_of(item)[-1], last_literal(path), shape)
        if key:
            self._add(_Found(name, path, item, place, shape, key), path, item)

    def _keep_list(self, path: str) -> None:
        """Rules 3 and 4: a list is a collection, unless its records are those of another one."""
        place = self._messages.listed(self._by_path[path]["GET"])
        if place is None:
            return
        others = {found.name: found for found in self._found.values() if found.item}
        same = [found for found in others.values() if found.place.address == place.address]
        same = same or [found for found in others.values() if self._messages.extends(found.place, place)]
        if len(same) == 1:
            self._found[path] = same[0]
            return
        shape = self._messages.shape(place)
        key = "" if same else key_for("", last_literal(path), shape)
        if key:
            self._add(_Found(self._name(path), path, "", place, shape, key), path)

    def _add(self, found: _Found, *paths: str) -> None:
        self._names.add(found.name)
        for path in paths:
            self._found.setdefault(path, found)

    def _name(self, path: str) -> str:
        """Return a free name: the last fixed segment, with those before it as far as needed."""
        words = [re.sub(r"\W+", "_", one).strip("_") for one in path.split("/") if one and not one.startswith("{")]
        words = [word for word in words if word] or ["records"]
        for count in range(1, len(words) + 1):
            name = "_".join(words[-count:])
            if name not in (*self._names, "credentials"):
                return name
        return next(f"{name}_{n}" for n in range(2, 1000) if f"{name}_{n}" not in self._names)

    def _collection(self, found: _Found) -> dict[str, Any]:
        """Rules 6, 9 and 10: key, ids, timestamps and references of a collection."""
        words: dict[str, Any] = {} if found.key == "id" else {"key": found.key}
        creates = self._by_path.get(found.path, {}).get("POST")
        body = self._messages.body(creates) if creates else None
        key = found.shape.properties[found.key]
        id = id_for(key, body is not None and found.key in body.required)
        words |= {} if id in ("uuid", "integer") else {"id": id}
        stamps = timestamps_for(found.shape)
        words |= {"timestamps": stamps} if stamps and found.key not in stamps.values() else {}
        references = dict(self._references(found))
        return {**words, **({"references": references} if references else {})}

    def _references(self, found: _Found) -> Iterator[tuple[str, str]]:
        """Yield the properties that refer to the collections of parameters before this one, wherever it is listed."""
        paths = [path for path, one in self._found.items() if one is found and path != found.item]
        for parameter, owner in [one for path in paths for one in self._owners(path)]:
            if owner is not None and owner.name != found.name:
                name = reference_for(parameter, last_literal(owner.path), found.shape)
                if name and name != found.key:
                    yield name, owner.name

    def _owners(self, path: str) -> Iterator[tuple[str, _Found | None]]:
        """Yield each path parameter with the collection whose key it is."""
        segments = path.split("/")
        for number, segment in enumerate(segments):
            if segment.startswith("{"):
                found = self._found.get("/".join(segments[: number + 1]))
                yield segment[1:-1], found if found is not None and found.item else None

    def _guess(self, path: str, method: str, operation: Operation, guesses: Guesses) -> Guess | None:
        """Return the words of an operation by rule 5, or None: it replies by example."""
        found = self._found.get(path)
        if found is None and method == "POST":
            return self._of_many(operation)
        if found is None or (path == found.item and method not in _ON_ITEM):
            return None
        is_item = path == found.item
        action = self._on_item(found, method, operation) if is_item else self._on_collection(found, method, operation)
        if not action:
            return None
        words: dict[str, Any] = {"collection": found.name, "action": action}
        rule = 4 if path != found.path and not is_item else 5
        unused = self._unused(found, path, guesses.collections[found.name].get("references", {}).values())
        if unused:
            words["ignore"] = unused
        ignored = [*unused, *self._list_words(found, operation, words, guesses)] if action == "list" else unused
        return Guess(words, rule, tuple(ignored))

    def _of_many(self, operation: Operation) -> Guess | None:
        """Rule 5: an array of the records of one collection creates each."""
        body = self._messages.body(operation)
        items = body.items.address if body and body.kind == "array" and body.items else ""
        owners = {found.name for found in self._found.values() if items == found.place.address}
        if len(owners) != 1 or parameters_of(operation.path):
            return None
        return Guess({"collection": owners.pop(), "action": "create"}, 5)

    def _on_item(self, found: _Found, method: str, operation: Operation) -> str:
        replied = self._messages.record(operation)
        if method == "POST" and (replied is None or replied.address != found.place.address):
            return ""
        if method == "PUT" and self._is_partial(found, operation):
            return "patch"
        return "" if method == "GET" and replied is None else _ON_ITEM[method]

    def _is_partial(self, found: _Found, operation: Operation) -> bool:
        """Return True if a PUT does not require what the create requires, or else the record."""
        creates = self._by_path.get(found.path, {}).get("POST")
        whole = (self._messages.body(creates) if creates else None) or found.shape
        body = self._messages.body(operation)
        if body is None:
            return False
        kept = {found.key} | whole.marked("readOnly")
        return bool((whole.required - kept) - body.required)

    def _on_collection(self, found: _Found, method: str, operation: Operation) -> str:
        if method == "GET":
            return "list" if self._messages.listed(operation) is not None else ""
        body = self._messages.body(operation)
        if _path_is_other(operation, found):
            return "create" if method == "POST" and self._is_new(found, operation, body) else ""
        if method == "POST":
            return "create" if body is not None and found.path else ""
        has_key = body is not None and found.key in body.properties and not parameters_of(found.path)
        return {"PUT": "replace", "PATCH": "patch"}.get(method, "") if has_key else ""

    def _is_new(self, found: _Found, operation: Operation, body: Shape | None) -> bool:
        """Return True if a POST at the path of a list takes most of a record, and replies with a record."""
        replied = self._messages.record(operation)
        if body is None or not body.properties or replied is None or replied.address != found.place.address:
            return False
        return 2 * len(body.properties.keys() & found.shape.properties.keys()) > len(body.properties)

    def _unused(self, found: _Found, path: str, referred: Container[str]) -> list[str]:
        """Rule 10: return the path parameters that are the key of no collection `referred` to by a record."""
        owners = list(self._owners(path))[: -1 if path == found.item else None]
        return [name for name, owner in owners if owner is None or owner.name not in referred]

    def _list_words(
        self, found: _Found, operation: Operation, words: dict[str, Any], guesses: Guesses
    ) -> Iterator[str]:
        """Add paging and filters (rules 11 and 12); return the query parameters that are ignored."""
        roles = roles_for(operation, found.shape)
        words["paging"] = _named(strategy_for(roles, operation, self._contract.document), guesses) if roles else "none"
        filters = filters_for(operation, found.shape, roles.values())
        words["filter"] = filters
        used = {*roles.values(), *filters}
        return (one.name for one in operation.parameters if one.place == "query" and one.name not in used)


def _path_is_other(operation: Operation, found: _Found) -> bool:
    """Return True if an operation's path is not the collection's own (rule 4)."""
    return operation.path.rstrip("/") != found.path


def _named(strategy: dict[str, Any], guesses: Guesses) -> str:
    """Return the name of a strategy, added if no equal one exists."""
    for name, known in guesses.paging.items():
        if known == strategy:
            return name
    kind = next(role for role in ("page", "offset", "cursor") if role in strategy["parameters"])
    name = f"{kind}s" if f"{kind}s" not in guesses.paging else f"{kind}s{len(guesses.paging) + 1}"
    guesses.paging[name] = strategy
    return name
