"""A limit on what all sandboxes of a process store together."""

from __future__ import annotations


class BudgetExceeded(Exception):
    """The limit would be exceeded: str() says by how much."""


class Budget:
    """The bytes that all sandboxes together may use for one purpose; `used` is how many they use."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.used = 0

    def take(self, size: int) -> None:
        """Add `size` bytes. Raises BudgetExceeded, and adds nothing, if that would exceed the limit."""
        if self.used + size > self.limit:
            raise BudgetExceeded(
                f"{size} bytes more than the {self.used} in use would exceed the limit of {self.limit}"
            )
        self.used += size

    def give_back(self, size: int) -> None:
        """Subtract `size` bytes."""
        self.used -= size
