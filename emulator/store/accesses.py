"""What transactions read and write, so that what was made of records is used as long as they stay as they are."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeAlias

__all__ = ["Access", "Accesses", "Changes"]

Access: TypeAlias = tuple[str, str | None]
"""A collection and the id of a record, there or not; None for any of its records."""

MOST_CHANGES = 10_000
"""For so many records it is known when each has changed, in about 2 MB; more, and all count as changed."""


class Accesses:
    """What one transaction read and wrote."""

    __slots__ = ("read", "written")

    def __init__(self) -> None:
        self.read: set[Access] = set()
        self.written: set[Access] = set()

    def writes_to(self, collection: str) -> bool:
        """Return True if the transaction changed the collection."""
        return any(name == collection for name, _ in self.written)


class Changes:
    """When the records of a store have changed; `number` counts the transactions that changed some."""

    def __init__(self) -> None:
        self.number = 0
        self._known_since = 0
        self._records: dict[Access, int] = {}
        self._collections: dict[str, int] = {}

    def note(self, written: Iterable[Access]) -> None:
        """Note what a transaction has written, at its commit."""
        self.number += 1
        for access in written:
            self._records[access] = self._collections[access[0]] = self.number
        if len(self._records) > MOST_CHANGES:
            self._known_since = self.number
            self._records.clear()

    def is_current(self, read: Iterable[Access], number: int) -> bool:
        """Return True if nothing of what was read, when there had been `number` changes, has changed since."""
        if number == self.number:
            return True
        return number >= self._known_since and number >= max(map(self._last, read), default=0)

    def _last(self, access: Access) -> int:
        collection, id = access
        if id is None:
            return self._collections.get(collection, 0)
        return max(self._records.get(access, 0), self._records.get((collection, None), 0))
