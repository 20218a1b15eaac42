"""Work that would block the event loop, done in a thread instead."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from threading import Thread
from typing import Any, TypeVar

T = TypeVar("T")


class TakesLong(Exception):
    """Work in the event loop finds, before it writes anything, that it takes long: it is done again on a thread."""


def leave_loop() -> None:
    """Raise TakesLong in the event loop; do nothing on a thread."""
    with suppress(RuntimeError):
        asyncio.get_running_loop()
        raise TakesLong


class Worker:
    """Runs functions one after the other, each in a new thread that ends with it.

    One at a time: the event loop waits up to one switch interval (1 ms in `emulator serve`) for each computing
    thread, and only one needs memory.
    """

    def __init__(self) -> None:
        self._turn = asyncio.Lock()

    async def run(self, work: Callable[[], T]) -> T:
        """Return what `work` returns. Raises what it raises."""
        async with self._turn:
            return await _in_thread(work)


def _in_thread(work: Callable[[], T]) -> asyncio.Future[T]:
    loop = asyncio.get_running_loop()
    future: asyncio.Future[T] = loop.create_future()

    def settle(set_outcome: Callable[[Any], None], outcome: Any) -> None:
        if not future.done():
            set_outcome(outcome)

    def target() -> None:
        try:
            outcome: tuple[Callable[[Any], None], Any] = future.set_result, work()
        except Exception as problem:
            outcome = future.set_exception, problem
        with suppress(RuntimeError):  # the loop has been closed
            loop.call_soon_threadsafe(settle, *outcome)

    # A daemon: the process does not wait for it at exit.
    Thread(target=target, name="off_loop", daemon=True).start()
    return future
