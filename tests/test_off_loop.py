"""Work in a thread, one piece at a time, while the event loop continues."""

from __future__ import annotations

import asyncio
import threading

import pytest

from emulator.runtime.off_loop import Worker


async def test_the_event_loop_continues_meanwhile() -> None:
    seen = threading.Event()

    def work() -> bool:
        return seen.wait(60)

    running = asyncio.create_task(Worker().run(work))
    await asyncio.sleep(0)
    seen.set()
    assert await running


async def test_one_piece_of_work_follows_the_other() -> None:
    worker, at_once, most = Worker(), 0, 0

    def work() -> None:
        nonlocal at_once, most
        at_once += 1
        most = max(most, at_once)
        sum(range(100_000))
        at_once -= 1

    await asyncio.gather(*(worker.run(work) for _ in range(5)))
    assert (at_once, most) == (0, 1)


async def test_what_the_work_raises_is_raised_and_the_next_work_runs() -> None:
    worker = Worker()
    with pytest.raises(ZeroDivisionError):
        await worker.run(lambda: 1 / 0)
    assert await worker.run(lambda: 7) == 7


async def test_no_thread_stays() -> None:
    await Worker().run(lambda: None)
    for thread in threading.enumerate():
        if thread.name == "off_loop":
            thread.join(60)
    assert "off_loop" not in {thread.name for thread in threading.enumerate()}
