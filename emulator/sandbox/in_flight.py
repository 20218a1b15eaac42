"""The calls that are in progress in a sandbox."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from emulator.sandbox.lifetime import Lifetime

if TYPE_CHECKING:
    from types import TracebackType


class InFlightCalls:
    """The calls in progress: a context manager that any number of them may enter.

    `count` is how many there are; `lifetime` is that of their sandbox.
    """

    def __init__(self, lifetime: Lifetime) -> None:
        self.count = 0
        self.lifetime = lifetime
        self._left: asyncio.Event | None = None

    def __enter__(self) -> None:
        self.begin()

    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.end()

    def begin(self) -> None:
        """Count a call that begins."""
        self.count += 1
        self.lifetime.begin_call()

    def end(self) -> None:
        """Count a call that ends."""
        self.count -= 1
        self.lifetime.end_call()
        if not self.count and self._left is not None:
            self._left.set()

    async def ended(self) -> None:
        """Wait until no call is in progress."""
        while self.count:
            self._left = self._left or asyncio.Event()
            self._left.clear()
            await self._left.wait()
