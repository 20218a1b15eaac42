"""The emulator on a port: in this event loop, or in a thread of its own."""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Awaitable, Callable
from types import TracebackType
from typing import TypeVar

from aiohttp import web

from emulator.app import Emulator
from emulator.errors import ConfigurationError

T = TypeVar("T")

SHUTDOWN_SECONDS = 0.8
"""How long requests in flight may take once the server stops: it is gone within a second."""


class Server:
    """An emulator that listens, in the running event loop."""

    def __init__(self, emulator: Emulator) -> None:
        self.emulator = emulator
        self._runner: web.AppRunner | None = None

    async def start(self) -> None:
        """Begin to listen, then seed. Raises ConfigurationError if the address cannot be had."""
        settings = self.emulator.settings
        self._runner = web.AppRunner(self.emulator.application(), access_log=None, shutdown_timeout=SHUTDOWN_SECONDS)
        await self._runner.setup()
        try:
            await web.TCPSite(self._runner, settings.host, settings.port).start()
        except OSError as problem:
            await self._runner.cleanup()
            reason = os.strerror(problem.errno).lower() if problem.errno else problem
            raise ConfigurationError(f"cannot listen on {settings.host} port {settings.port}: {reason}") from None
        await self.emulator.start()

    @property
    def url(self) -> str:
        """Return where the server answers, "http://127.0.0.1:4070"."""
        assert self._runner is not None
        host, port = self._runner.addresses[0][:2]
        return f"http://{f'[{host}]' if ':' in host else host}:{port}"

    async def stop(self) -> None:
        """Answer what is in flight, then let go of port and sandboxes."""
        if self._runner is not None:
            await self._runner.cleanup()
        await self.emulator.close()


class ThreadedServer:
    """A server in a thread with an event loop of its own, for callers that have none. A context manager."""

    def __init__(self, emulator: Emulator) -> None:
        self.server = Server(emulator)
        self._loop = new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="emulator", daemon=True)

    @property
    def url(self) -> str:
        """Return where the server answers."""
        return self.server.url

    def run(self, work: Callable[[], Awaitable[T]]) -> T:
        """Await `work()` in the server's event loop and return what it returns."""

        async def awaited() -> T:
            return await work()

        return asyncio.run_coroutine_threadsafe(awaited(), self._loop).result()

    def __enter__(self) -> ThreadedServer:
        self._thread.start()
        self.run(self.server.start)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.run(self.server.stop)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()


def new_event_loop() -> asyncio.AbstractEventLoop:
    """Return an event loop: uvloop's where it runs, else asyncio's."""
    try:
        import uvloop  # noqa: PLC0415 - not there on every platform
    except ImportError:
        return asyncio.new_event_loop()
    return uvloop.new_event_loop()
