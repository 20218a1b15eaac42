"""The emulator in the event loop of a test, for users of pytest-aiohttp."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from aiohttp import ClientSession, web
from aiohttp.test_utils import BaseTestServer

from emulator.client import Changes, EmulatorError, Exchange, Finding, VendorAccess, exchange_of, vendors_of
from emulator.client.spelling import in_python
from emulator.client.vendors import VendorAttributes
from emulator.testing.allowances import about_allowed, path_of_operation
from emulator.testing.local import found_in, selected_in
from emulator.testing.sandboxes import Fields, Seen
from emulator.testing.watching import Watcher
from emulator.transport.connection import HttpServer

if TYPE_CHECKING:
    from emulator.app import Emulator
    from emulator.testing.suite import Wanted


class InLoopEmulator(VendorAttributes):
    """An emulator in the running event loop, with a sandbox for the test. A vendor is an attribute: `.secoda.url`.

    `server` is an aiohttp test server, which `aiohttp_client` accepts. Use `control` for the control API:
    emulator.client would block the loop, and wait for itself.
    """

    def __init__(self, emulator: Emulator, server: BaseTestServer, document: Mapping[str, Any]) -> None:
        self.server = server
        self.name: str = document["name"]
        self.vendors: Mapping[str, VendorAccess] = vendors_of(document)
        self._emulator = emulator
        self._sandbox = emulator.sandboxes.get(self.name)
        self._loop = asyncio.get_running_loop()

    @property
    def url(self) -> str:
        """The emulator's URL."""
        return str(self.server.make_url("")).rstrip("/")

    async def control(self, method: str, path: str = "", document: object = None) -> Any:
        """Call the control API of the sandbox: `await control("PUT", "/scenarios/secoda/outage")`.

        Returns its JSON, None if it has no body. Raises EmulatorError with the sentence of an error.
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
        """Return the exchanges in the sandbox's journal, oldest first."""
        # A reset replaces the sandbox; a closed one can still be read.
        self._sandbox = self._emulator.sandboxes.get(self.name) or self._sandbox
        return [exchange_of(exchange.document()) for exchange in self._sandbox.journal] if self._sandbox else []

    def conduct(self, since: int = 0) -> list[Finding]:
        """Return what the client under test should not have done, as the calls in the journal (after an id) show it."""
        self._sandbox = self._emulator.sandboxes.get(self.name) or self._sandbox
        calls = list(self._sandbox.journal.after(since)) if self._sandbox else []
        return found_in(calls, self._emulator, self._sandbox)


class InLoopServer(BaseTestServer):
    """A server in the running event loop, which also starts and closes the emulator."""

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
            # Nobody else closes it if the start fails.
            await self.close()
            raise

    async def close(self) -> None:
        """Finish the requests in flight, then close the sandboxes."""
        await self._emulator.end_streams()
        await super().close()
        await self._emulator.close()

    async def _make_runner(self, **options: Any) -> web.BaseRunner:
        # Like the emulator's own server, without the options of aiohttp's test servers.
        return web.ServerRunner(HttpServer(self._emulator.dispatch))


async def begin(emulator: Emulator, server: BaseTestServer, wanted: Wanted) -> InLoopEmulator:
    """Create the test's sandbox in an emulator that `server` serves. Raises EmulatorError for invalid options."""
    made = InLoopEmulator(emulator, server, await _call(server, "POST", "/sandboxes", wanted.request))
    with about_allowed():
        for name in wanted.allowed_operations:
            await made.control("GET", path_of_operation(name))
    for fault in wanted.faults:
        await made.control("POST", "/faults", fault)
    return made


def watcher_of(emulator: InLoopEmulator, running: Emulator) -> Watcher:
    """Return what watches the sandbox of a test, in a `running` emulator, for calls that it does not allow."""

    def selected(calls: Sequence[Seen]) -> Sequence[Fields]:
        return selected_in(calls, running, is_full=True)

    return Watcher(
        f"sandbox {emulator.name}", emulator.exchanges, emulator.vendors, lambda _: emulator.conduct(), selected
    )


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
            raise EmulatorError(in_python(answer["detail"]), response.status, answer["detail"])
        return answer
