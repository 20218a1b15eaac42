"""Lets the test's process sleep on the sandbox's clock: a client that waits and tries again takes no time."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

__all__ = ["sleeping_on"]

REAL_SECONDS = 0.001
"""How long a sleep really takes: a thread that waits for another one leaves it the processor."""


@contextmanager
def sleeping_on(advance: Callable[[float], None]) -> Iterator[None]:
    """Let `time.sleep` and, in this thread, `asyncio.sleep` only call `advance` inside the `with` block.

    A function that was imported by its name, `from time import sleep`, sleeps as always.
    """
    sleep, sleep_in_loop, here = time.sleep, asyncio.sleep, threading.get_ident()

    def sleep_on(seconds: float) -> None:
        sleep(min(seconds, REAL_SECONDS))
        if seconds > 0:
            advance(seconds)

    async def sleep_in_loop_on(delay: float, result: Any = None) -> Any:
        if delay <= 0 or threading.get_ident() != here:
            return await sleep_in_loop(delay, result)
        advance(delay)
        return await sleep_in_loop(REAL_SECONDS, result)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(time, "sleep", sleep_on)
        patch.setattr(asyncio, "sleep", sleep_in_loop_on)
        yield
