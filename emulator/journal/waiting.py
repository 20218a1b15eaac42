"""Waits until a journal matches an expectation."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace

from emulator.journal.following import Follower
from emulator.journal.journal import Journal
from emulator.journal.verification import Verification, Verifier
from emulator.runtime.off_loop import Worker
from emulator.transport.connection import LOOK_SECONDS

QUICK_BYTES = 64 * 1024
"""A larger journal is matched off the event loop: its exchanges are masked for that, and their bodies parsed."""


class Waiting:
    """Verifies a journal, and its new exchanges; `worker` is for a journal that is slow to verify."""

    def __init__(self, verifier: Verifier, journal: Journal, worker: Worker) -> None:
        self._verifier = verifier
        self._journal = journal
        self._follower = Follower(journal)
        self._lost = journal.lost
        self._worker = worker
        self._is_quick = journal.bytes <= QUICK_BYTES

    async def verdict(self) -> Verification:
        """Return the current result."""
        exchanges = self._follower.take()
        in_progress, kept, lost = list(self._follower.in_flight), len(self._journal), self._lost + self._follower.missed

        def judge() -> Verification:
            self._verifier.see(exchanges)
            return self._verifier.verdict(in_progress, kept, lost)

        found = judge() if self._is_quick else await self._worker.run(judge)
        self._is_quick = True
        return found

    async def final_verdict(self, seconds: float, has_left: Callable[[], bool]) -> Verification:
        """Return the result when it is final, after so many seconds, or when nobody waits for it any longer."""
        loop = asyncio.get_running_loop()
        end = loop.time() + seconds
        while True:
            has_ended = self._follower.has_ended
            found = await self.verdict()
            left = end - loop.time()
            if found.is_final or left <= 0 or has_left():
                return found
            if has_ended:
                return self._interrupted(found)
            with suppress(TimeoutError):
                await asyncio.wait_for(self._follower.changed(), min(left, LOOK_SECONDS))

    def _interrupted(self, found: Verification) -> Verification:
        """Return the result of a wait that was interrupted by a reset, a drop or the emulator's end."""
        sentence = found.sentence or f"expected {self._verifier.expectation}, found {found.matched}"
        return replace(
            found,
            passed=False,
            sentence=f"{sentence}; the wait was cut short: the sandbox was reset or dropped, or the emulator stopped",
        )
