"""The emulator as an HTTP proxy: a tunnel to a vendor's name ends in the emulator itself."""

from __future__ import annotations

import asyncio
import logging
import socket
import ssl
from contextlib import suppress

from aiohttp import web

from emulator.addressing import sandbox_named_in
from emulator.errors import Problem
from emulator.transport.connection import Connection, HttpServer
from emulator.transport.hosts import HTTPS_PORT, Hosts
from emulator.transport.splice import CHUNK, splice
from emulator.transport.tunnel import Tunnel
from emulator.transport.wire import problem_response

POLL_SECONDS = 0.01

logger = logging.getLogger("emulator")


class Proxy:
    """Handles CONNECT. It opens no connections: `server` serves the inside of a tunnel, over TLS.

    `tls` is None if the emulator has no certificates; then every CONNECT is refused.
    """

    def __init__(self, server: HttpServer, hosts: Hosts, tls: ssl.SSLContext | None) -> None:
        self._server = server
        self._hosts = hosts
        self._tls = tls
        self._tunnels: set[Tunnel] = set()

    async def connect(self, request: web.BaseRequest) -> web.StreamResponse:
        """Handle CONNECT: open a tunnel and stay until it ends, or refuse with a sentence."""
        try:
            context = self._context_for(request.raw_path)
        except Problem as problem:
            return await _refuse(request, problem)
        response = web.StreamResponse(reason="Connection established")
        await response.prepare(request)
        assert isinstance(request.protocol, Connection)
        tunnel = Tunnel(self._server, sandbox_named_in(request.headers), request.protocol)
        self._tunnels.add(tunnel)
        try:
            await self._dig(tunnel, request, response, context)
        finally:
            self._tunnels.remove(tunnel)
            request.protocol.force_close()
        return response

    async def close(self) -> None:
        """End every tunnel after the requests inside it have their responses."""
        for tunnel in self._tunnels:
            tunnel.close()
        while self._tunnels:
            for tunnel in self._tunnels:
                if tunnel.has_ended and tunnel.writer is not None:
                    # TLS would wait for the client's close_notify.
                    tunnel.writer.write_eof()
            await asyncio.sleep(POLL_SECONDS)

    def _context_for(self, target: str) -> ssl.SSLContext:
        host, _, port = target.rpartition(":")
        if host not in self._hosts or port != str(HTTPS_PORT):
            raise Problem(
                403,
                f"The emulator does not proxy to {target}; it only serves port {HTTPS_PORT} of {self._hosts}.",
            )
        if self._tls is None:
            raise Problem(501, "This emulator has no certificates: start it with --tls auto (or EMULATOR_TLS=auto).")
        return self._tls

    async def _dig(
        self, tunnel: Tunnel, request: web.BaseRequest, response: web.StreamResponse, context: ssl.SSLContext
    ) -> None:
        client = asyncio.StreamReader(CHUNK)
        if request.transport is None:
            return
        client.set_transport(request.transport)
        tunnel.outer.become_tunnel(_Feeding(client))
        ours, theirs = socket.socketpair()
        serving = asyncio.create_task(_serve(tunnel, theirs, context, request.raw_path))
        try:
            reader, tunnel.writer = await asyncio.open_connection(sock=ours)
            with suppress(ConnectionError):
                await splice(client, response.write, reader, tunnel.writer)
        finally:
            serving.cancel()
            await asyncio.gather(serving, return_exceptions=True)


async def _refuse(request: web.BaseRequest, problem: Problem) -> web.StreamResponse:
    response = problem_response(problem)
    # Most clients show only the status line of a refused CONNECT.
    response.set_status(problem.status, problem.detail)
    response.force_close()
    await response.prepare(request)
    await response.write_eof()
    # aiohttp would wait for the rest of a body, but CONNECT has none.
    request.protocol.force_close()
    return response


async def _serve(tunnel: Tunnel, connection: socket.socket, context: ssl.SSLContext, name: str) -> None:
    loop = asyncio.get_running_loop()
    try:
        await loop.connect_accepted_socket(lambda: tunnel, connection, ssl=context)
    except ssl.SSLError as problem:
        logger.warning("TLS failed in a tunnel to %s (%s): does the client trust /_emulator/ca.crt?", name, problem)
    except OSError:
        logger.debug("A client closed a tunnel to %s before TLS had begun", name)


class _Feeding:
    """Receives a connection's bytes from aiohttp once they are no longer HTTP."""

    def __init__(self, reader: asyncio.StreamReader) -> None:
        self._reader = reader

    def feed_data(self, chunk: bytes) -> tuple[bool, bytes]:
        self._reader.feed_data(chunk)
        return False, b""

    def feed_eof(self) -> None:
        self._reader.feed_eof()
