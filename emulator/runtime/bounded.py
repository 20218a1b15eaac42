"""A cache that is limited by the memory of its entries."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterable
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class BoundedCache(Generic[K, V]):
    """Caches values of at most `max_bytes` in total, and evicts the least recently used.

    A value of more than a quarter of that is not cached. `bytes` is the size of the cached values, `on_evict` gets the
    key of each that is evicted.
    """

    def __init__(self, max_bytes: int, on_evict: Callable[[K], None] = lambda key: None) -> None:
        self.bytes = 0
        self._max_bytes = max_bytes
        self._on_evict = on_evict
        self._entries: OrderedDict[K, tuple[V, int]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._entries)

    def get(self, key: K) -> V | None:
        """Return the cached value of a key, or None."""
        entry = self._entries.get(key)
        if entry is None:
            return None
        self._entries.move_to_end(key)
        return entry[0]

    def put(self, key: K, value: V, size: int) -> bool:
        """Cache a value that takes `size` bytes of memory, including its key; return whether it is cached."""
        if size > self._max_bytes // 4:
            return False
        _, former = self._entries.pop(key, (None, 0))
        self._entries[key] = value, size
        self.bytes += size - former
        while self.bytes > self._max_bytes:
            evicted, (_, freed) = self._entries.popitem(last=False)
            self.bytes -= freed
            self._on_evict(evicted)
        return True

    def remove(self, keys: Iterable[K]) -> None:
        """Remove the values of these keys that are cached."""
        for key in keys:
            _, freed = self._entries.pop(key, (None, 0))
            self.bytes -= freed
