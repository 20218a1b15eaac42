"""What each declared operation does, and of which collection each of its path parameters is the key."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import cached_property

from emulator.contract.operation import Operation
from emulator.declared.expressions import names_in
from emulator.declared.words import OperationWords

_BY_METHOD = {
    False: {"GET": "list", "POST": "create"},
    True: {"GET": "get", "PUT": "replace", "PATCH": "patch", "DELETE": "delete"},
}
"""The action of a method, on the path of a collection and on that of one record."""


@dataclass(frozen=True)
class Purposes:
    """The operations of a contract with the words of those that have some, by name.

    `singletons` are collections of which each record of another one has a single record.
    """

    operations: Mapping[str, Operation]
    words: Mapping[str, OperationWords]
    singletons: Collection[str] = ()

    def action(self, name: str) -> str:
        """Return an operation's action: the declared one, or the usual one of its method and path; "" if unknown."""
        operation, words = self.operations[name], self.words[name]
        is_item = _is_item(operation.path) or words.collection in self.singletons
        # Operations below a record's own path ("/tasks/{id}/finish") have no usual meaning.
        is_below = not is_item and words.collection in self.owners(name).values()
        has_none = is_below or operation.root
        return words.action or ("" if has_none else _BY_METHOD[is_item].get(operation.method, ""))

    def owners(self, name: str) -> Mapping[str, str | None]:
        """Return the collection whose key each path parameter is, except parameters that the operation itself uses."""
        if name not in self._owners:
            self._owners[name] = self._found_owners(name)
        return self._owners[name]

    @cached_property
    def _owners(self) -> dict[str, Mapping[str, str | None]]:
        return {}

    def _found_owners(self, name: str) -> Mapping[str, str | None]:
        operation, words = self.operations[name], self.words[name]
        used = names_in([dict(words.where), dict(words.set), words.input], "path")
        found: dict[str, str | None] = {}
        segments = operation.path.split("/")
        for number, segment in enumerate(segments):
            if segment.startswith("{") and segment[1:-1] not in used:
                path = _anonymous("/".join(segments[: number + 1]))
                own = words.collection if number == len(segments) - 1 else None
                found[segment[1:-1]] = self._item_paths.get(path, own)
        return found

    @cached_property
    def _item_paths(self) -> dict[str, str]:
        """The collection of each path that ends in the key of one: "/flows/{}"."""
        return {
            _anonymous(operation.path): words.collection
            for name, words in self.words.items()
            for operation in [self.operations[name]]
            if words.collection and _is_item(operation.path)
        }


def _is_item(path: str) -> bool:
    return path.rstrip("/").endswith("}")


def _anonymous(path: str) -> str:
    """Return a path without the names of its parameters: "/flows/{}"."""
    return "/".join("{}" if segment.startswith("{") else segment for segment in path.rstrip("/").split("/"))
