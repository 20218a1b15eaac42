"""The emulator in the event loop of a test, for those who use pytest-aiohttp."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from aiohttp import ClientSession, web
from aiohttp.test_utils import BaseTestServer

from emulator.client import Changes, EmulatorError, Exchange, VendorAccess, exchange_of, vendors_of
from emulator.client.types import BuiltInVendors
from emulator.client.vendors import set_attributes, unknown_attribute
from emulator.transport.connection import HttpServer

if TYPE_CHECKING:
    from emulator.app import Emulator


class InLoopEmulator(BuiltInVendors):
    """An emulator in the running event loop, with a sandbox for the test. A vendor is an attribute: `.secoda.url`.

    `server` is one of aiohttp's test servers, which `aiohttp_client` takes. What blocks the loop, such as
    emulator.client, would wait for itself here: `control` is the control API.
    """

    def __init__(self, emulator: Emulator, server: BaseTestServer, document: Mapping[str, Any]) -> None:
        self.server = server
        self.name: str = document["name"]
        self.vendors: Mapping[str, VendorAccess] = vendors_of(document)
        set_attributes(self, self.vendors)
        self._emulator = emulator
        self._sandbox = emulator.sandboxes.get(self.name)
        self._loop = asyncio.get_running_loop()

    if not TYPE_CHECKING:  # for a type checker, what is not declared is an error

        def __getattr__(self, name: str) -> Any:
            raise unknown_attribute(name, vars(self).get("vendors", {}))

    @property
    def url(self) -> str:
        """Where the emulator answers."""
        return str(self.server.make_url("")).rstrip("/")

    async def control(self, method: str, path: str = "", document: object = None) -> Any:
        """Call the control API of the sandbox: `await control("PUT", "/scenarios/secoda/outage")`.

        Returns its JSON, None if it has no body. Raises EmulatorError with the problem's sentence.
        """
        return await _call(self.server, method, f"/sandboxes/{self.name}{path}", document)

    def changes(self) -> Changes:
        """Return what has changed in the records, without credentials; for a report, when the loop does not run.

        Raises RuntimeError while it does, or once it is closed.
        """
        request = self.control("GET", "/changes?limit=1000&masked=true")
        try:
            return Changes(self._loop.run_until_complete(request))
        finally:
            request.close()

    def exchanges(self) -> list[Exchange]:
        """Return what the sandbox's journal holds, oldest first."""
        # A reset puts another one in its place; one that is closed can still be read.
        self._sandbox = self._emulator.sandboxes.get(self.name) or self._sandbox
        return [exchange_of(exchange.document()) for exchange in self._sandbox.journal] if self._sandbox else []


class InLoopServer(BaseTestServer):
    """A server in the running event loop, which starts and closes the emulator with itself."""

    def __init__(self, emulator: Emulator) -> None:
        super().__init__()
        self._emulator = emulator

    async def start_server(self, loop: asyncio.AbstractEventLoop | None = None, **options: Any) -> None:
        """Begin to listen, then seed; nothing if it has begun: each client that is given the server starts it."""
        if self.started:
            return
        await super().start_server(loop, **options)
        try:
            await self._emulator.start()
        except BaseException:
            # Nobody closes what has not started.
            await self.close()
            raise

    async def close(self) -> None:
        """Answer what is in flight, then let go of the sandboxes."""
        await self._emulator.end_streams()
        await super().close()
        await self._emulator.close()

    async def _make_runner(self, **options: Any) -> web.BaseRunner:
        # As the emulator's own server: not with what aiohttp's test servers set.
        return web.ServerRunner(HttpServer(self._emulator.dispatch))


async def begin(emulator: Emulator, server: BaseTestServer, options: Mapping[str, Any]) -> InLoopEmulator:
    """Make the test's sandbox in an emulator that `server` serves. Raises EmulatorError for what cannot be."""
    wanted = {name: value for name, value in options.items() if value is not None}
    return InLoopEmulator(emulator, server, await _call(server, "POST", "/sandboxes", wanted))


async def operations(server: BaseTestServer) -> list[dict[str, Any]]:
    """Return every emulated operation, as the control API lists them."""
    listed: list[dict[str, Any]] = (await _call(server, "GET", "/operations"))["operations"]
    return listed


async def _call(server: BaseTestServer, method: str, path: str, document: object = None) -> Any:
    options: dict[str, Any] = {} if document is None else {"json": document}
    async with (
        ClientSession() as session,
        session.request(method, server.make_url(f"/_emulator{path}"), **options) as response,
    ):
        answer: Any = await response.json(content_type=None) if response.status != 204 else None
        if response.status >= 400:
            raise EmulatorError(str(answer["detail"]), response.status)
        return answer
