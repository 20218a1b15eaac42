"""The size limit of the journals of all sandboxes together."""

from __future__ import annotations

from typing import Protocol

JOURNALS_BYTES = 256 * 1024**2
"""About this much memory, or the limit of one journal if that is more."""


class _Journal(Protocol):
    bytes: int

    def drop_oldest(self) -> None:
        """Evict the oldest exchange."""


class Journals:
    """The journals of one process: if they exceed `limit` bytes together, evict the oldest exchanges of the largest."""

    def __init__(self, limit: int = JOURNALS_BYTES) -> None:
        self.bytes = 0
        self._limit = limit
        self._open: dict[int, _Journal] = {}

    def grow(self, journal: _Journal, size: int) -> None:
        """Add to a journal's size."""
        self._open[id(journal)] = journal
        self.bytes += size
        while self.bytes > self._limit:
            max(self._open.values(), key=lambda one: one.bytes).drop_oldest()

    def shrink(self, size: int) -> None:
        """Subtract from the total size."""
        self.bytes -= size

    def remove(self, journal: _Journal) -> None:
        """Remove a journal that was emptied, or that nobody reads any more."""
        if self._open.pop(id(journal), None) is not None:
            self.bytes -= journal.bytes
