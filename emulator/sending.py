"""How an answer goes out: nearly always as bytes in one piece, else as aiohttp sends it."""

from __future__ import annotations

import time
import types
from collections.abc import Generator
from email.utils import formatdate
from functools import lru_cache

from aiohttp import HttpVersion11, hdrs, web
from aiohttp.abc import AbstractStreamWriter
from aiohttp.http import SERVER_SOFTWARE
from multidict import CIMultiDict

NO_CONTENT = 204

HEADS = 256
"""How many heads of answers are remembered."""

_DECIDED_BY_AIOHTTP = {
    name.lower() for name in (hdrs.CONTENT_LENGTH, hdrs.TRANSFER_ENCODING, hdrs.CONNECTION, hdrs.DATE, hdrs.SERVER)
}

_SERVER = f"\r\nServer: {SERVER_SOFTWARE}\r\n\r\n".encode()


def response_for(
    request: web.BaseRequest, status: int, headers: CIMultiDict[str], body: bytes
) -> web.Response | Sendable:
    """Return the response that carries `body`: the quickest that does what aiohttp would."""
    is_usual = request.version == HttpVersion11 and request.keep_alive and request.method != hdrs.METH_HEAD
    is_whole = status == NO_CONTENT if not body else hdrs.CONTENT_TYPE in headers
    if is_usual and is_whole and _DECIDED_BY_AIOHTTP.isdisjoint([name.lower() for name in headers]):
        return Sendable(status, headers, body)
    return web.Response(status=status, headers=headers, body=body)


@lru_cache(HEADS)
def _head_of(status: int, reason: str, headers: tuple[tuple[str, str], ...]) -> bytes:
    """Return the lines of a head. Raises ValueError for a header that would break it."""
    lines = [f"HTTP/1.1 {status} {reason}", *map(": ".join, headers)]
    head = "\r\n".join(lines)
    if head.count("\n") != len(lines) - 1 or head.count("\r") != len(lines) - 1:
        raise ValueError("a header with a line break in it")
    return head.encode()


class Sendable(web.StreamResponse):
    """A response as the bytes that it is on a connection that stays open, but for the date.

    It keeps nothing of the requests that it answers, and answers any number of them.
    """

    keep_alive = True

    def __init__(self, status: int, headers: CIMultiDict[str], body: bytes) -> None:
        """Take it apart. Raises ValueError for a header that would break it."""
        super().__init__(status=status, headers=headers)
        self.body = body
        self._is_new = True
        self._head = _head_of(status, self.reason, tuple(headers.items()))
        self._length = b"\r\nContent-Length: %d" % len(body) if body else b""

    async def prepare(self, request: web.BaseRequest) -> AbstractStreamWriter | None:
        """Send it all. Raises ConnectionResetError if nobody is there any more."""
        if self._is_new:
            # It was computed: others are first, for answers that go out together wake the clients only once.
            self._is_new = False
            await _others_first()
        if request.transport is None or request.transport.is_closing():
            raise ConnectionResetError
        request.transport.write(b"".join((self._head, self._length, _date_line(), _SERVER, self.body)))
        return None

    async def write_eof(self, data: bytes = b"") -> None:
        """Nothing is left to send."""


@types.coroutine
def _others_first() -> Generator[None]:
    """Let everything go on that is ready to. (What `asyncio.sleep(0)` does, without a coroutine of its own.)"""
    yield


class _Now:
    second = 0
    line = b""


def _date_line() -> bytes:
    second = int(time.time())
    if second != _Now.second:
        _Now.second, _Now.line = second, f"\r\nDate: {formatdate(second, usegmt=True)}".encode()
    return _Now.line
