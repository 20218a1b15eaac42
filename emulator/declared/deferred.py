"""The declarations of a contract that came with the emulator: read at their first use, so that no start waits for them.

They are known to be valid: `emulator check` and the tests read them all.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any

from emulator.contract.openapi import Contract
from emulator.declared.keeping import kept, waiting
from emulator.exchange import Call
from emulator.store.collection import Collection
from emulator.store.populating import populated_by_example
from emulator.store.world import World
from emulator.vendor import Dialect, Handler, Hooks

if TYPE_CHECKING:
    from emulator.declared.reading import Declarations


class Deferred:
    """The collections and handlers of a contract's declarations; `own` are the collections of the vendor's Python."""

    def __init__(self, contract: Contract, own: Sequence[Collection], hooks: Hooks, wording: Dialect) -> None:
        self._contract = contract
        self._own = {collection.name: collection for collection in own}
        self._hooks = hooks
        self._wording = wording
        self._words: Mapping[str, Any] = contract.document.get("x-emulator", {}).get("collections", {})

    @cached_property
    def declarations(self) -> Declarations:
        """The declarations as they are served."""
        from emulator.declared.reading import read_declarations  # noqa: PLC0415

        own = list(self._own.values())
        # Checking the form of the words loads another schema: 3 MB.
        return read_declarations(self._contract, own, self._hooks, self._wording, has_valid_form=True)

    @cached_property
    def collections(self) -> list[Collection]:
        """The collections of the vendor, its own and the declared ones, with those of records that wait."""
        found = dict(self._own)
        for name, words in self._words.items():
            full_name = self._full_name(name)
            found[full_name] = self._populated(found.get(full_name) or self._collection(name, words))
        return list({**found, **{one.name: one for one in self._lives}}.values())

    def prepare(self) -> None:
        """Read the declarations, so that the first call need not."""
        _ = self.declarations

    def handlers(self) -> dict[str, Handler]:
        """Return a handler for each operation with words."""
        nested = self._contract.graphql.nested if self._contract.graphql else ()
        return {name: partial(self._handle, name) for name in (*dict(self._declared()), *nested)}

    def due(self, world: World) -> None:
        """Write what has changed by the clock."""
        if any(world[lives].count() for lives in self._lives):
            self.declarations.due(world)

    def _handle(self, name: str, call: Call, world: World) -> Any:
        return self.declarations.handlers[name](call, world)

    def _declared(self) -> Iterator[tuple[str, Mapping[str, Any]]]:
        """Yield each operation with words, and these."""
        for name, operation in self._contract.handled.items():
            described = self._contract.document["paths"][operation.path][operation.method.lower()]
            found = described["x-graphql"]["operations"][name] if operation.root else described
            if "x-emulator" in found:
                yield name, found["x-emulator"]

    @cached_property
    def _lives(self) -> list[Collection]:
        return [waiting(self._full_name(name)) for name, words in self._words.items() if "life" in words]

    def _collection(self, name: str, words: Mapping[str, Any]) -> Collection:
        """Return a declared collection. What a record leaves out is generated from the example of its schema."""
        given = words.get("references", {}).items()
        targets = {of: one if isinstance(one, str) else one["to"] for of, one in given}
        references = {of: Collection(self._full_name(target)) for of, target in targets.items()}
        operations = [one for _, one in self._declared() if one.get("collection") == name]
        return replace(kept(self._full_name(name), words, operations), schema=words["schema"], references=references)

    def _populated(self, collection: Collection) -> Collection:
        """Return a collection that can be populated, without reading the declarations: that takes time at a start."""
        name = collection.schema
        if name is None or collection.populate is not None:
            return collection
        return populated_by_example(collection, partial(self._contract.sample, name))

    def _full_name(self, name: str) -> str:
        return f"{self._contract.vendor}.{name}"
