"""A response whose head and body are known: what aiohttp does for any response in eight steps is done in two."""

from __future__ import annotations

from http import HTTPStatus

from aiohttp import HttpVersion11, hdrs, web
from aiohttp.abc import AbstractStreamWriter
from aiohttp.helpers import rfc822_formatted_time
from aiohttp.http import SERVER_SOFTWARE

from emulator.exchange import EncodedReply

SPECIAL = (hdrs.CONNECTION, hdrs.CONTENT_LENGTH, hdrs.DATE, hdrs.SERVER, hdrs.TRANSFER_ENCODING)
"""The headers of which aiohttp makes something else."""

SERVER = f"\r\nServer: {SERVER_SOFTWARE}\r\n\r\n".encode()


class WholeResponse(web.Response):
    """Sends the same bytes as web.Response, and waits as long for a client that reads slowly.

    The usual call, with a body in the reply and a connection that stays, takes a short way; others are left to aiohttp.
    """

    _writer: AbstractStreamWriter | None = None
    _rest = b""

    def __init__(self, reply: EncodedReply) -> None:
        super().__init__(status=reply.status, headers=reply.headers, body=reply.content)
        self._reply = reply

    async def prepare(self, request: web.BaseRequest) -> AbstractStreamWriter | None:
        """Put head and body together, which are sent at once."""
        reply = self._reply
        if reply.head is None:
            reply.head = _head_of(reply, self.reason)
        if not reply.head or not self._is_usual(request):
            return await super().prepare(request)
        self._rest = b"".join((reply.head, rfc822_formatted_time().encode(), SERVER, reply.content))
        self._writer = request.writer
        return self._writer

    async def write_eof(self, data: bytes = b"") -> None:
        """Send everything."""
        if self._writer is None:
            await super().write_eof(data)
        elif self._rest:
            rest, self._rest = self._rest, b""
            await self._writer.write_eof(rest)

    @property
    def keep_alive(self) -> bool | None:
        """Return True if the connection stays, None if that is not decided yet."""
        return super().keep_alive if self._writer is None else super().keep_alive is not False

    @property
    def prepared(self) -> bool:
        """Return True once the head is on its way."""
        return self._writer is not None or super().prepared

    def _is_usual(self, request: web.BaseRequest) -> bool:
        return (
            request.version == HttpVersion11
            and request.keep_alive
            and request.method != hdrs.METH_HEAD
            and super().keep_alive is None
            and not self.prepared
            and self.headers == self._reply.headers
        )


def _head_of(reply: EncodedReply, reason: str) -> bytes:
    """Return the head as aiohttp writes it, up to the date; b"" if only aiohttp knows how to write it."""
    status, headers = reply.status, reply.headers
    if not reply.content or status < HTTPStatus.OK or status in (HTTPStatus.NO_CONTENT, HTTPStatus.NOT_MODIFIED):
        return b""
    lines = [f"{name}: {value}" for name, value in headers.items()]
    if hdrs.CONTENT_TYPE not in headers or any(map(headers.__contains__, SPECIAL)) or not "".join(lines).isprintable():
        return b""
    length = f"{hdrs.CONTENT_LENGTH}: {len(reply.content)}"
    return "\r\n".join([f"HTTP/1.1 {status} {reason}", *lines, length, "Date: "]).encode()
