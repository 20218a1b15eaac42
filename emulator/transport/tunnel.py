"""The connection inside a tunnel, and the sandbox that it is for."""

from __future__ import annotations

import asyncio

from aiohttp import web

from emulator.transport.connection import Connection, HttpServer


class Tunnel(Connection):
    """Serves what comes through one tunnel.

    `sandbox` is what the client named when it asked for the tunnel, None if it named none; `outer` is the client's
    connection, `writer` leads to it.
    """

    __slots__ = ("outer", "sandbox", "writer")

    def __init__(self, server: HttpServer, sandbox: str | None, outer: Connection) -> None:
        super().__init__(server)
        self.sandbox = sandbox
        self.outer = outer
        self.writer: asyncio.StreamWriter | None = None

    def reset(self) -> None:
        """Reset the client's connection, which the tunnel is in."""
        self.outer.reset()

    @property
    def has_ended(self) -> bool:
        """Return True if everything is answered and the connection let go of."""
        return self.transport is None or self.transport.is_closing()


def tunnelled_to(request: web.BaseRequest) -> str | None:
    """Return the sandbox that the request's connection is for, None if it is for all."""
    return request.protocol.sandbox if isinstance(request.protocol, Tunnel) else None
