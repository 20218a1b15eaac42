"""The connection inside a tunnel, and the sandbox that it is for."""

from __future__ import annotations

import asyncio

from aiohttp import web
from aiohttp.web_protocol import RequestHandler


class Tunnel(RequestHandler):
    """Serves what comes through one tunnel.

    `sandbox` is what the client named when it asked for the tunnel, None if it named none; `writer`
    leads to the client.
    """

    __slots__ = ("sandbox", "writer")

    def __init__(self, server: web.Server, sandbox: str | None) -> None:
        loop = asyncio.get_running_loop()
        super().__init__(server, loop=loop, access_log=None)  # type: ignore[arg-type] # None means no log
        self.sandbox = sandbox
        self.writer: asyncio.StreamWriter | None = None

    @property
    def has_ended(self) -> bool:
        """Tell whether everything is answered and the connection let go of."""
        return self.transport is None or self.transport.is_closing()


def tunnelled_to(request: web.BaseRequest) -> str | None:
    """Return the sandbox that the request's connection is for, None if it is for all."""
    return request.protocol.sandbox if isinstance(request.protocol, Tunnel) else None
