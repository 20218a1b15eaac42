"""The emulator on a port: in this event loop, or in its own thread."""

from __future__ import annotations

import asyncio
import errno
import os
import socket
import ssl
import threading
from collections.abc import Awaitable, Callable
from concurrent.futures import Future
from types import TracebackType
from typing import Any, TypeVar

from aiohttp import hdrs, web

from emulator.app import Emulator
from emulator.errors import ConfigurationError
from emulator.server.proxy import Proxy
from emulator.transport.connection import HttpServer

T = TypeVar("T")

SHUTDOWN_SECONDS = 0.4
"""How long requests in flight may take when the server stops. aiohttp waits twice: a stop takes at most a second."""

SETTINGS = {"http": "port", "https": "tls_port"}
"""The settings of the ports of all vendors; one vendor's is in vendor_ports."""


class Server:
    """An emulator that listens, in the running event loop."""

    def __init__(self, emulator: Emulator) -> None:
        self.emulator = emulator
        self._server: HttpServer | None = None
        self._runner: web.ServerRunner | None = None
        self._proxy: Proxy | None = None
        self._addresses: dict[str, Any] = {}

    async def start(self) -> None:
        """Listen, then seed. Raises ConfigurationError if an address is not available."""
        settings, tls = self.emulator.settings, self.emulator.tls
        server = self._server = HttpServer(self._answer)
        runner = self._runner = web.ServerRunner(server, shutdown_timeout=SHUTDOWN_SECONDS)
        self._proxy = Proxy(server, self.emulator.hosts, tls.context if tls else None)
        await runner.setup()
        try:
            await self._listen(runner, "http", settings.port)
            self.emulator.ports.main = self._addresses["http"][1]
            if tls is not None:
                await self._listen(runner, "https", settings.tls_port, tls.context)
            for vendor, port in settings.vendor_ports:
                await self._listen(runner, vendor, port)
                self.emulator.ports.vendors[self._addresses[vendor][1]] = vendor
        except ConfigurationError:
            await runner.cleanup()
            raise
        await self.emulator.start()

    @property
    def url(self) -> str:
        """Return the server's URL, "http://127.0.0.1:4070"."""
        return self._url("http")

    @property
    def tls_url(self) -> str | None:
        """Return its URL over TLS, "https://127.0.0.1:4443"; None if tls is off."""
        return self._url("https") if self.emulator.tls else None

    async def stop(self) -> None:
        """Finish the requests in flight, then close ports and sandboxes."""
        if self._server is not None and self._runner is not None and self._proxy is not None:
            await self.emulator.end_streams()
            tunnels = asyncio.create_task(self._proxy.close())
            interruption = asyncio.get_running_loop().call_later(SHUTDOWN_SECONDS, self.emulator.interrupt)
            await self._runner.cleanup()
            interruption.cancel()
            tunnels.cancel()
            self._server.abort()
        await self.emulator.close()

    def _answer(self, request: web.BaseRequest) -> Awaitable[web.StreamResponse]:
        if request.method == hdrs.METH_CONNECT:
            assert self._proxy is not None
            return self._proxy.connect(request)
        return self.emulator.dispatch(request)

    def vendor_url(self, vendor: str) -> str | None:
        """Return the URL of a vendor's own port, None if it has none."""
        return self._url("http", vendor) if vendor in self._addresses else None

    async def _listen(
        self, runner: web.ServerRunner, name: str, port: int, context: ssl.SSLContext | None = None
    ) -> None:
        host, already = self.emulator.settings.host, len(runner.addresses)
        try:
            await _site(runner, host, port, context).start()
        except OSError as problem:
            reason = _reason(problem).lower()
            if problem.errno == errno.EADDRINUSE:
                reason += f"; set {SETTINGS.get(name, 'vendor_ports')} to another, or to 0 for any free one"
            raise ConfigurationError(f"cannot listen on {host} port {port}: {reason}") from None
        self._addresses[name] = runner.addresses[already]

    def _url(self, scheme: str, name: str = "") -> str:
        host, port = self._addresses[name or scheme][:2]
        return f"{scheme}://{f'[{host}]' if ':' in host else host}:{port}"


def _reason(problem: OSError) -> str:
    """Return why the system refused an address, without asyncio's long sentence."""
    # The codes for unknown names are negative, and not the system's; Windows cannot name those of sockets.
    if problem.errno and problem.errno > 0 and os.name != "nt":
        return os.strerror(problem.errno)
    return problem.strerror or str(problem)


def _site(runner: web.ServerRunner, host: str, port: int, context: ssl.SSLContext | None) -> web.BaseSite:
    """Return the site for an address. Raises OSError if it is not available."""
    if host == "::" and socket.has_dualstack_ipv6():
        # asyncio would listen on IPv6 only.
        listening = socket.create_server((host, port), family=socket.AF_INET6, dualstack_ipv6=True)
        return web.SockSite(runner, listening, ssl_context=context)
    return web.TCPSite(runner, host, port, ssl_context=context)


class ThreadedServer:
    """A server in its own thread and event loop, for synchronous callers. A context manager."""

    def __init__(self, emulator: Emulator) -> None:
        self.server = Server(emulator)
        self._loop = new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="emulator", daemon=True)

    @property
    def url(self) -> str:
        """Return the server's URL."""
        return self.server.url

    def run(self, work: Callable[[], Awaitable[T]]) -> T:
        """Await `work()` in the server's event loop and return what it returns."""
        return self.begin(work).result()

    def begin(self, work: Callable[[], Awaitable[T]]) -> Future[T]:
        """Let the server's event loop await `work()`; do not wait for it."""

        async def awaited() -> T:
            return await work()

        return asyncio.run_coroutine_threadsafe(awaited(), self._loop)

    def soon(self, work: Callable[[], object]) -> None:
        """Call `work()` in the server's event loop, before it answers any request that is sent from now on."""
        self._loop.call_soon_threadsafe(work)

    def __enter__(self) -> ThreadedServer:
        self._thread.start()
        try:
            self.run(self.server.start)
        except BaseException:
            self._stop()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop()

    def _stop(self) -> None:
        try:
            self.run(self.server.stop)
            self.run(_end_other_tasks)
        finally:
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join()
            self._loop.close()


async def _end_other_tasks() -> None:
    """Cancel the remaining tasks, such as a connection that waits for the rest of a body that nobody reads."""
    others = asyncio.all_tasks() - {asyncio.current_task()}
    for task in others:
        task.cancel()
    await asyncio.gather(*others, return_exceptions=True)


def new_event_loop() -> asyncio.AbstractEventLoop:
    """Return an event loop: uvloop's if it is installed, else asyncio's."""
    try:
        import uvloop  # noqa: PLC0415
    except ImportError:
        return asyncio.new_event_loop()
    return uvloop.new_event_loop()
