"""How a connection breaks: the values of a fault's `connection`."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from typing import TypeAlias

from aiohttp import web

from emulator.transport import wire
from emulator.transport.connection import break_off

DRIPS = 20
DRIP_SECONDS = 0.1
"""A dripping body comes in about so many pieces, with so many seconds between two of them."""

Send: TypeAlias = Callable[[web.BaseRequest, web.StreamResponse, bytes, asyncio.Event], Awaitable[None]]
"""Sends the body of a response whose head is sent, or a part of it; the event is set when the emulator stops."""


async def _truncate(
    request: web.BaseRequest, stream: web.StreamResponse, content: bytes, stopping: asyncio.Event
) -> None:
    await stream.write(content[: len(content) // 2])
    close(request)


async def _drip(request: web.BaseRequest, stream: web.StreamResponse, content: bytes, stopping: asyncio.Event) -> None:
    piece = max(1, len(content) // DRIPS)
    for start in range(0, len(content), piece):
        await stream.write(content[start : start + piece])
        await wire.pause(DRIP_SECONDS, stopping)
    await stream.write_eof()


WITHOUT_REPLY = ("reset", "close")
"""The connection ends before any reply: `break_off` in transport/connection.py."""

WITH_REPLY: Mapping[str, Send] = {
    "truncate": _truncate,
    "drip": _drip,
}
"""The head of the reply is sent, then its body as the function says."""


def close(request: web.BaseRequest) -> None:
    """Close the connection, whatever is still to be sent."""
    if request.transport is not None:
        request.transport.close()


async def send(
    request: web.BaseRequest, response: web.Response | None, connection: str | None, stopping: asyncio.Event
) -> web.StreamResponse:
    """Send a response as `connection` says (None: whole); without one, break the connection off."""
    if response is None:
        return break_off(request, connection or "close")
    return response if connection is None else await _send_brokenly(request, response, connection, stopping)


async def _send_brokenly(
    request: web.BaseRequest, response: web.Response, connection: str, stopping: asyncio.Event
) -> web.StreamResponse:
    """Send a response as `connection`, a key of WITH_REPLY, says; one without a body is sent whole.

    When the emulator stops, the rest of a body is sent at once.
    """
    content = wire.content_of(response)
    if not content or request.method == "HEAD":
        return response
    stream = web.StreamResponse(status=response.status, headers=response.headers)
    stream.content_length = len(content)
    with suppress(ConnectionError):  # the client may leave meanwhile
        await stream.prepare(request)
        await WITH_REPLY[connection](request, stream, content, stopping)
    return stream
