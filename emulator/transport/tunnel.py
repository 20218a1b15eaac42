"""The connection inside a tunnel, and its sandbox."""

from __future__ import annotations

import asyncio

from aiohttp import web

from emulator.transport.connection import Connection, HttpServer


class Tunnel(Connection):
    """Serves the requests of one tunnel.

    `sandbox` is the one that the client named in its CONNECT, None if it named none; `outer` is the client's
    connection, `writer` writes to it.
    """

    __slots__ = ("outer", "sandbox", "writer")

    def __init__(self, server: HttpServer, sandbox: str | None, outer: Connection) -> None:
        super().__init__(server)
        self.sandbox = sandbox
        self.outer = outer
        self.writer: asyncio.StreamWriter | None = None

    def reset(self) -> None:
        """Reset the client's connection, which contains the tunnel."""
        self.outer.reset()

    @property
    def has_ended(self) -> bool:
        """Return True if all responses are sent and the connection is released."""
        return self.transport is None or self.transport.is_closing()


def tunnelled_to(request: web.BaseRequest) -> str | None:
    """Return the sandbox of the request's tunnel, None if it names none."""
    return request.protocol.sandbox if isinstance(request.protocol, Tunnel) else None
