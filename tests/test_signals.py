"""`emulator serve` stops at a signal on event loops with and without handlers of their own."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Iterator

import pytest

from emulator.cli.serve import _set_at_signals

NAMES = (signal.SIGTERM, signal.SIGINT)


class LoopWithoutHandlers(asyncio.SelectorEventLoop):
    """As the event loop of Windows."""

    def add_signal_handler(self, *_: object) -> None:
        raise NotImplementedError


@pytest.fixture
def _handlers() -> Iterator[None]:
    """Put the handlers of this process back."""
    handlers = {name: signal.getsignal(name) for name in NAMES}
    yield
    for name, handler in handlers.items():
        signal.signal(name, handler)


@pytest.mark.parametrize("make_loop", [asyncio.SelectorEventLoop, LoopWithoutHandlers])
@pytest.mark.parametrize("name", NAMES)
@pytest.mark.usefixtures("_handlers")
def test_signal_stops_the_server(name: signal.Signals, make_loop: type[asyncio.SelectorEventLoop]) -> None:
    async def stop() -> None:
        stopping = asyncio.Event()
        _set_at_signals(stopping)
        signal.raise_signal(name)
        await asyncio.wait_for(stopping.wait(), 60)

    with asyncio.Runner(loop_factory=make_loop) as runner:
        runner.run(stop())
