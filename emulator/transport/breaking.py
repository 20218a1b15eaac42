"""Breaks connections, as a fault's `connection` says."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from typing import NamedTuple, TypeAlias

from aiohttp import web

from emulator.transport import wire
from emulator.transport.connection import break_off

DRIPS = 20
DRIP_SECONDS = 0.1
"""By default, a dripping body is sent in about so many pieces, with so many seconds between two of them."""


class Break(NamedTuple):
    """How a connection breaks. `amount` is its parameter, None if it is left out.

    For "truncate" it is how many bytes of the body are sent, for "drip" how many bytes a second.
    """

    how: str
    amount: float | None = None

    @property
    def sends_reply(self) -> bool:
        """Return True if a reply's head is sent."""
        return KINDS[self.how].send is not None

    @property
    def cuts_reply(self) -> bool:
        """Return True if a reply arrives, but not whole."""
        return KINDS[self.how].cuts_reply

    @property
    def effect(self) -> str:
        """What it does to a call, as a sentence goes on: "gets half of the body"."""
        kind = KINDS[self.how]
        return kind.effect if self.amount is None else kind.effect_of_amount.format(self.amount)

    def __str__(self) -> str:
        return self.how


def break_of(document: str | Mapping[str, Mapping[str, float]]) -> Break:
    """Return the Break of a fault's `connection`, which is valid against fault.schema.json."""
    if isinstance(document, str):
        return Break(document)
    how, details = next(iter(document.items()))
    return Break(how, next(iter(details.values())))


Send: TypeAlias = Callable[[web.BaseRequest, web.StreamResponse, bytes, float | None, asyncio.Event], Awaitable[None]]
"""Sends the body of a response, or a part of it, after its head; the number is the `amount` of the Break.

The event is set when the emulator stops.
"""


async def _truncate(
    request: web.BaseRequest,
    stream: web.StreamResponse,
    content: bytes,
    bytes_sent: float | None,
    stopping: asyncio.Event,
) -> None:
    end = len(content) // 2 if bytes_sent is None else int(bytes_sent)
    await stream.write(content[:end])
    if end < len(content):
        close(request)


async def _drip(
    request: web.BaseRequest,
    stream: web.StreamResponse,
    content: bytes,
    bytes_per_second: float | None,
    stopping: asyncio.Event,
) -> None:
    piece, seconds = max(1, len(content) // DRIPS), DRIP_SECONDS
    if bytes_per_second is not None:
        piece = max(1, int(bytes_per_second * DRIP_SECONDS))
        seconds = piece / bytes_per_second
    for start in range(0, len(content), piece):
        await stream.write(content[start : start + piece])
        await wire.pause(seconds, stopping)
    await stream.write_eof()


class Kind(NamedTuple):
    """One way to break a connection.

    `effect` says what it does to a call, `effect_of_amount` the same of a given amount. `send` sends the body after the
    head; without it the connection breaks before any reply (`break_off` in transport/connection.py). `cuts_reply` says
    that the body never arrives whole.
    """

    effect: str
    effect_of_amount: str = ""
    send: Send | None = None
    cuts_reply: bool = False


KINDS: Mapping[str, Kind] = {
    "reset": Kind("gets a TCP reset"),
    "close": Kind("gets no reply: the connection closes"),
    "truncate": Kind("gets half of the body", "gets only {:g} bytes of the body", _truncate, cuts_reply=True),
    "drip": Kind("gets the body in drips", "gets {:g} bytes of the body a second", _drip),
}
"""The kinds by the words of a fault's `connection`."""


def close(request: web.BaseRequest) -> None:
    """Close the connection, even if there is something left to send."""
    if request.transport is not None:
        request.transport.close()


async def send(
    request: web.BaseRequest, response: web.Response | None, connection: Break | None, stopping: asyncio.Event
) -> web.StreamResponse:
    """Send a response as `connection` says (None: completely); without a response, break the connection."""
    if response is None:
        return break_off(request, connection.how if connection else "close")
    return response if connection is None else await _send_brokenly(request, response, connection, stopping)


async def _send_brokenly(
    request: web.BaseRequest, response: web.Response, connection: Break, stopping: asyncio.Event
) -> web.StreamResponse:
    """Send a response as `connection`, of a kind that sends one, says; one without a body is sent completely.

    When the emulator stops, the rest of a body is sent at once.
    """
    content, send_body = wire.content_of(response), KINDS[connection.how].send
    if not content or request.method == "HEAD" or send_body is None:
        return response
    stream = web.StreamResponse(status=response.status, headers=response.headers)
    stream.content_length = len(content)
    with suppress(ConnectionError):  # the client may disconnect meanwhile
        await stream.prepare(request)
        await send_body(request, stream, content, connection.amount, stopping)
    return stream
