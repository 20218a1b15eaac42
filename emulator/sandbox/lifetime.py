"""The lifetime of sandboxes: when one was created, when it was last used, and when it expires."""

from __future__ import annotations

import asyncio
import logging
import math
import time
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from emulator.sandbox.sandbox import Sandbox

Clock = Callable[[], float]
"""Real seconds since an arbitrary start."""

COALESCED_SECONDS = 0.5
"""The maximum delay before an expired sandbox is dropped, so that several can be dropped together."""

logger = logging.getLogger("emulator")


class Lifetime:
    """When a sandbox was created and last used, by the real clock. A reset does not change it.

    It expires `ttl` seconds after the creation, or `idle` seconds after the end of the last call (None: never).
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
        """When a call last began or ended, or else the creation."""
        return self.created_at + timedelta(seconds=self._used - self._created)

    @property
    def seconds_left(self) -> float | None:
        """The seconds until it expires without further calls, None if never; a call in progress may end now."""
        now = self._clock()
        used = now if self._calls else self._used
        ends = [self._created + self.ttl] if self.ttl is not None else []
        ends += [used + self.idle] if self.idle is not None else []
        return min(ends) - now if ends else None


class Expiry:
    """Drops expired sandboxes: one task, which waits for the first of them.

    `sandboxes` are those that exist, by name; `drop` drops one.
    """

    def __init__(self, sandboxes: Mapping[str, Sandbox], drop: Callable[[str], Awaitable[object]]) -> None:
        self._sandboxes = sandboxes
        self._drop = drop
        self._changed = asyncio.Event()
        self._looks_at = math.inf
        self._task: asyncio.Task[None] | None = None

    def look(self, seconds: float = 0) -> None:
        """Check all lifetimes now, unless that will be done within so many seconds: one of them is new."""
        if time.monotonic() + seconds < self._looks_at:
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
            first = max(min((seconds for seconds in left if seconds is not None), default=math.inf), COALESCED_SECONDS)
            self._looks_at = time.monotonic() + first
            with suppress(TimeoutError):
                async with asyncio.timeout(None if first == math.inf else first):
                    await self._changed.wait()

    async def _expire(self, sandbox: Sandbox) -> None:
        # While others were dropped, it may have been called or replaced.
        if self._sandboxes.get(sandbox.name) is not sandbox or not _is_over(sandbox):
            return
        logger.info("The sandbox %s has expired, and is dropped.", sandbox.name)
        try:
            await self._drop(sandbox.name)
        except Exception:
            logger.exception("internal error while dropping the sandbox %s", sandbox.name)


def _is_over(sandbox: Sandbox) -> bool:
    left = sandbox.lifetime.seconds_left
    return left is not None and left <= 0
