"""A bound on what all sandboxes of a process keep together."""

from __future__ import annotations


class BudgetExceeded(Exception):
    """There is no room for more: str() says what there is room for."""


class Budget:
    """Bytes that all sandboxes together may keep of one thing; `used` is how many they do."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.used = 0

    def take(self, size: int) -> None:
        """Count `size` bytes more. Raises BudgetExceeded, and counts nothing, if there is no room for them."""
        if self.used + size > self.limit:
            raise BudgetExceeded(
                f"{size} bytes more than the {self.used} in use would exceed the limit of {self.limit}"
            )
        self.used += size

    def give_back(self, size: int) -> None:
        """Count `size` bytes less."""
        self.used -= size
