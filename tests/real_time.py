"""Real time as tests of a client's patience need it: a call takes a millisecond, however busy the machine is."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest


class RealTime:
    """What the pipeline measures calls by; it passes only when it is asked for, and while calls are delayed."""

    def __init__(self) -> None:
        self.now = 0.0

    def perf_counter(self) -> float:
        self.now += 0.001
        return self.now

    async def pause(self, seconds: float, stopping: asyncio.Event) -> None:
        """Delay a call without anybody waiting."""
        self.now += seconds


@pytest.fixture
def real_time(monkeypatch: pytest.MonkeyPatch) -> RealTime:
    """Put it in the place of the real time for one test."""
    time = RealTime()
    monkeypatch.setattr("emulator.pipeline.pipeline.time", time)
    return time


def at_once(monkeypatch: pytest.MonkeyPatch, calls: int) -> None:
    """Let each call that is delayed wait until so many are in progress, however late their threads come."""
    all_there = asyncio.Barrier(calls)

    async def hold(request: Any, seconds: float, stopping: asyncio.Event) -> None:
        if seconds:
            await all_there.wait()

    monkeypatch.setattr("emulator.pipeline.pipeline.hold_back", hold)
