"""How long sandboxes live: since when one exists, when it was last called, and when it is dropped."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from emulator.sandbox.sandbox import Sandbox

Clock = Callable[[], float]
"""Seconds that pass as in reality, from any beginning."""

COALESCED_SECONDS = 0.5
"""So late a sandbox may be dropped: those that end one shortly after the other are dropped together."""

logger = logging.getLogger("emulator")


class Lifetime:
    """Since when a sandbox exists, and when it was last called, by the real clock. A reset does not change it.

    It ends `ttl` seconds after the creation, or `idle` seconds after the end of the last call (None: never).
    """

    def __init__(self, ttl: float | None = None, idle: float | None = None, clock: Clock = time.monotonic) -> None:
        self.ttl = ttl
        self.idle = idle
        self.created_at = datetime.now(UTC)
        self._clock = clock
        self._created = self._used = clock()
        self._calls = 0

    def begin_call(self) -> None:
        """Note that a call has begun."""
        self._calls += 1
        self._used = self._clock()

    def end_call(self) -> None:
        """Note that a call has ended."""
        self._calls -= 1
        self._used = self._clock()

    @property
    def last_used_at(self) -> datetime:
        """When a call last began or ended; when there was none, the creation."""
        return self.created_at + timedelta(seconds=self._used - self._created)

    @property
    def seconds_left(self) -> float | None:
        """How long it lasts if nobody calls, None for ever; a call that is under way may end now."""
        now = self._clock()
        used = now if self._calls else self._used
        ends = [self._created + self.ttl] if self.ttl is not None else []
        ends += [used + self.idle] if self.idle is not None else []
        return min(ends) - now if ends else None


class Expiry:
    """Drops the sandboxes whose lifetime is over: one task, which waits for the first of them.

    `sandboxes` are those that exist, by name; `drop` drops one.
    """

    def __init__(self, sandboxes: Mapping[str, Sandbox], drop: Callable[[str], Awaitable[object]]) -> None:
        self._sandboxes = sandboxes
        self._drop = drop
        self._changed = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def look(self) -> None:
        """Look at all lifetimes now: one of them is new."""
        self._changed.set()
        if self._task is None:
            self._task = asyncio.create_task(self._run())

    async def close(self) -> None:
        """End the task."""
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task

    async def _run(self) -> None:
        while True:
            self._changed.clear()
            for sandbox in [one for one in self._sandboxes.values() if _is_over(one)]:
                await self._expire(sandbox)
            left = [one.lifetime.seconds_left for one in self._sandboxes.values()]
            first = min((seconds for seconds in left if seconds is not None), default=None)
            with suppress(TimeoutError):
                async with asyncio.timeout(None if first is None else max(first, COALESCED_SECONDS)):
                    await self._changed.wait()

    async def _expire(self, sandbox: Sandbox) -> None:
        # While others were dropped it may have been called, or another one been made under its name.
        if self._sandboxes.get(sandbox.name) is not sandbox or not _is_over(sandbox):
            return
        logger.info("The sandbox %s is dropped: its time is over.", sandbox.name)
        try:
            await self._drop(sandbox.name)
        except Exception:
            logger.exception("internal error in dropping the sandbox %s", sandbox.name)


def _is_over(sandbox: Sandbox) -> bool:
    left = sandbox.lifetime.seconds_left
    return left is not None and left <= 0
