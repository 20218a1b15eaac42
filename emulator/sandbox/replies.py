"""Replies to reads, kept as long as what they were made of stays as it is."""

from __future__ import annotations

from typing import Any, TypeAlias

from emulator.exchange import Reply
from emulator.runtime.bounded import BoundedCache

__all__ = ["Replies", "State"]

KEPT_BYTES = 1024**2
"""What the replies of one vendor in one sandbox may take in memory."""

OVERHEAD = 500
"""What a reply takes besides its content and key, in bytes."""

State: TypeAlias = tuple[Any, ...]
"""What all replies of a vendor depend on: another one makes all of them worthless."""


class Replies:
    """The replies of one sandbox that may be given again, validated and encoded.

    They are asked for once it is known who calls and that the call keeps to the contract, by all that the handler was
    given: so they need not know what may change a reply besides the state.
    """

    def __init__(self) -> None:
        self._of_vendor: dict[str, tuple[State, BoundedCache[str, Reply]]] = {}

    def get(self, vendor: str, state: State, key: str) -> Reply | None:
        """Return the reply that was kept in the same state, None if there is none."""
        return self._in_state(vendor, state).get(key)

    def put(self, vendor: str, state: State, key: str, reply: Reply) -> None:
        """Keep a reply whose content is encoded; `state` is that in which it was made."""
        size = OVERHEAD + len(reply.content) + len(key)
        self._in_state(vendor, state).put(key, reply, size)

    def _in_state(self, vendor: str, state: State) -> BoundedCache[str, Reply]:
        known = self._of_vendor.get(vendor)
        if known is None or known[0] != state:
            known = self._of_vendor[vendor] = state, BoundedCache(KEPT_BYTES)
        return known[1]
