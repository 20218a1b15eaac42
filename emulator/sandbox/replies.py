"""Replies to reads, kept as long as what they were made of stays as it is."""

from __future__ import annotations

from itertools import count
from typing import Any, TypeAlias

from emulator.exchange import Reply
from emulator.runtime.bounded import BoundedCache

__all__ = ["KeptReplies", "Replies", "State"]

KEPT_BYTES = 16 * 1024**2
"""The size of the replies of all sandboxes, in memory."""

OVERHEAD = 500
"""The size of a reply without its content and key, in bytes."""

KeptReplies: TypeAlias = BoundedCache[tuple[int, str], Reply]
"""The replies of all sandboxes, by the number of a state and the key."""

State: TypeAlias = tuple[Any, ...]
"""What all replies of a vendor in a sandbox depend on: a new state makes all of them worthless."""

_NUMBERS = count()


class Replies:
    """The replies of one sandbox that can be given again, validated and encoded.

    They are looked up once the caller is known and the call is valid, by everything that the handler was given: so the
    cache need not know what may change a reply besides the state. Those of earlier states are evicted in time.
    """

    def __init__(self, kept: KeptReplies) -> None:
        self._kept = kept
        self._states: dict[str, tuple[State, int]] = {}

    def get(self, vendor: str, state: State, key: str) -> Reply | None:
        """Return the reply that was kept in the same state, or None."""
        known = self._states.get(vendor)
        if known is None or known[0] != state:
            self._states[vendor] = state, next(_NUMBERS)
            return None
        return self._kept.get((known[1], key))

    def put(self, vendor: str, state: State, key: str, reply: Reply) -> None:
        """Keep a reply whose content is encoded, unless the `state` that it was made in has passed."""
        known = self._states.get(vendor)
        if known is not None and known[0] == state:
            self._kept.put((known[1], key), reply, OVERHEAD + len(reply.content) + len(key))
