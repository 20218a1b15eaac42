"""Replies to reads, kept as long as what they were made of stays as it is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple, TypeAlias

from emulator.exchange import EncodedReply, Violation
from emulator.runtime.bounded import BoundedCache
from emulator.store.accesses import Access, Changes

__all__ = ["Kept", "KeptReplies", "Made", "Replies", "State"]

KEPT_BYTES = 16 * 1024**2
"""The size of the replies of all sandboxes, in memory."""

OVERHEAD = 1100
"""The size of a reply without its headers, content and key, in bytes, as measured for one with a single header."""

READ_BYTES = 200
"""The size of an id of a record that was read, in bytes."""

MOST_READ = 100
"""A reply that is made of more records than this, one by one, is not kept: to look at all takes as long."""

State: TypeAlias = tuple[Any, ...]
"""What all replies of a vendor in a sandbox depend on: a new state makes all of them worthless."""


class Made(NamedTuple):
    """When a reply was made, and of what: `read` are the records, `number` the changes before.

    `params` are the call's, typed, `violations` its own, which the vendor tolerates.
    """

    state: State
    read: Sequence[Access]
    number: int
    params: Mapping[str, Any]
    violations: Sequence[Violation]


class Kept(NamedTuple):
    """A reply that can be given again."""

    reply: EncodedReply
    made: Made


@dataclass(eq=False, slots=True)
class Shelf:
    """The keys of what is kept of one vendor in one state of a sandbox."""

    state: State
    keys: set[str] = field(default_factory=set)


class KeptReplies(BoundedCache[tuple[Shelf, str], Kept]):
    """The replies of all sandboxes, by shelf and key."""

    def __init__(self) -> None:
        super().__init__(KEPT_BYTES, on_evict=lambda place: place[0].keys.discard(place[1]))


class Replies:
    """The replies of one sandbox that can be given again, validated and encoded.

    They are looked up once the caller is known, by everything that the contract and the handler were given, and are
    given again if nothing that the handler read has changed: `changes` are those of the sandbox's records.
    """

    def __init__(self, kept: KeptReplies) -> None:
        self.changes = Changes()
        self._kept = kept
        self._shelves: dict[str, Shelf] = {}

    def get(self, vendor: str, state: State, key: str) -> Kept | None:
        """Return the reply that was kept in the same state, if it would be the same now, or None."""
        shelf = self._shelves.get(vendor)
        if shelf is None or shelf.state != state:
            self._clear(shelf)
            self._shelves[vendor] = Shelf(state)
            return None
        kept = self._kept.get((shelf, key))
        return kept if kept is not None and self.changes.is_current(kept.made.read, kept.made.number) else None

    def put(self, vendor: str, made: Made, key: str, reply: EncodedReply) -> None:
        """Keep a reply, unless the state that it was made in has passed."""
        shelf = self._shelves.get(vendor)
        if shelf is not None and shelf.state == made.state and len(made.read) <= MOST_READ:
            size = OVERHEAD + reply.head_size + len(reply.content) + len(key) + READ_BYTES * len(made.read)
            if self._kept.put((shelf, key), Kept(reply, made), size):
                shelf.keys.add(key)

    def clear(self) -> None:
        """Keep none of them."""
        for shelf in self._shelves.values():
            self._clear(shelf)

    def _clear(self, shelf: Shelf | None) -> None:
        if shelf is not None:
            self._kept.remove((shelf, key) for key in shelf.keys)
            shelf.keys.clear()
