"""Replies to reads, kept as long as what they were made of stays as it is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import count
from typing import Any, TypeAlias

from emulator.exchange import Reply
from emulator.runtime.bounded import BoundedCache
from emulator.store.accesses import Access, Changes

__all__ = ["KeptReplies", "Made", "Replies", "State"]

KEPT_BYTES = 16 * 1024**2
"""The size of the replies of all sandboxes, in memory."""

OVERHEAD = 500
"""The size of a reply without its content and key, in bytes."""

READ_BYTES = 200
"""The size of an id of a record that was read, in bytes."""

MOST_READ = 100
"""A reply that is made of more records than this, one by one, is not kept: to look at all takes as long."""

State: TypeAlias = tuple[Any, ...]
"""What all replies of a vendor in a sandbox depend on: a new state makes all of them worthless."""


@dataclass(frozen=True, slots=True)
class Made:
    """When a reply was made, and of what: `read` are the records, `number` the changes before."""

    state: State
    read: Sequence[Access]
    number: int


KeptReplies: TypeAlias = BoundedCache[tuple[int, str], tuple[Reply, Made]]
"""The replies of all sandboxes, by the number of a state and the key."""

_NUMBERS = count()


class Replies:
    """The replies of one sandbox that can be given again, validated and encoded.

    They are looked up once the caller is known and the call is valid, by everything that the handler was given, and are
    given again if nothing that it read has changed: `changes` are those of the sandbox's records. Those of earlier
    states are evicted in time.
    """

    def __init__(self, kept: KeptReplies) -> None:
        self.changes = Changes()
        self._kept = kept
        self._states: dict[str, tuple[State, int]] = {}

    def get(self, vendor: str, state: State, key: str) -> Reply | None:
        """Return the reply that was kept in the same state, if it would be the same now, or None."""
        known = self._states.get(vendor)
        if known is None or known[0] != state:
            self._states[vendor] = state, next(_NUMBERS)
            return None
        reply, made = self._kept.get((known[1], key)) or (None, None)
        return reply if made is not None and self.changes.is_current(made.read, made.number) else None

    def put(self, vendor: str, made: Made, key: str, reply: Reply) -> None:
        """Keep a reply whose content is encoded, unless the state that it was made in has passed."""
        known = self._states.get(vendor)
        if known is not None and known[0] == made.state and len(made.read) <= MOST_READ:
            size = OVERHEAD + len(reply.content) + len(key) + READ_BYTES * len(made.read)
            self._kept.put((known[1], key), (reply, made), size)
