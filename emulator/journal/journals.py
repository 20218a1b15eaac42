"""What the journals of all sandboxes may take together."""

from __future__ import annotations

from typing import Protocol

JOURNALS_BYTES = 256 * 1024**2
"""So much memory, about, or as much as one journal may take if that is more."""


class _Journal(Protocol):
    bytes: int

    def drop_oldest(self) -> None:
        """Let go of the oldest exchange."""


class Journals:
    """The journals of one process: if they exceed `limit` bytes together, the oldest of the largest make room."""

    def __init__(self, limit: int = JOURNALS_BYTES) -> None:
        self.bytes = 0
        self._limit = limit
        self._open: dict[int, _Journal] = {}

    def grow(self, journal: _Journal, size: int) -> None:
        """Count what a journal takes more."""
        self._open[id(journal)] = journal
        self.bytes += size
        while self.bytes > self._limit:
            max(self._open.values(), key=lambda one: one.bytes).drop_oldest()

    def shrink(self, size: int) -> None:
        """Count what a journal takes less."""
        self.bytes -= size

    def remove(self, journal: _Journal) -> None:
        """Forget a journal, which has given up what it held or will be read no more."""
        if self._open.pop(id(journal), None) is not None:
            self.bytes -= journal.bytes
