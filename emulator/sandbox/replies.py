"""Caches replies to reads until the state that they depend on changes."""

from __future__ import annotations

from typing import Any, TypeAlias

from emulator.exchange import Reply
from emulator.runtime.bounded import BoundedCache

__all__ = ["Replies", "State"]

KEPT_BYTES = 1024**2
"""The memory limit for the replies of one vendor in one sandbox."""

OVERHEAD = 500
"""The size of a reply without its content and key, in bytes."""

State: TypeAlias = tuple[Any, ...]
"""The state that all replies of a vendor depend on: a new one invalidates all of them."""


class Replies:
    """The replies of one sandbox that may be returned again, validated and encoded.

    They are asked for once it is known who calls and that the call keeps to the contract, by all that the handler was
    given: so they need not know what may change a reply besides the state.
    """

    def __init__(self) -> None:
        self._of_vendor: dict[str, tuple[State, BoundedCache[str, Reply]]] = {}

    def get(self, vendor: str, state: State, key: str) -> Reply | None:
        """Return the reply that was cached in the same state, or None."""
        return self._in_state(vendor, state).get(key)

    def put(self, vendor: str, state: State, key: str, reply: Reply) -> None:
        """Cache a reply whose content is encoded; `state` is the one in which it was computed."""
        size = OVERHEAD + len(reply.content) + len(key)
        self._in_state(vendor, state).put(key, reply, size)

    def _in_state(self, vendor: str, state: State) -> BoundedCache[str, Reply]:
        known = self._of_vendor.get(vendor)
        if known is None or known[0] != state:
            known = self._of_vendor[vendor] = state, BoundedCache(KEPT_BYTES)
        return known[1]
