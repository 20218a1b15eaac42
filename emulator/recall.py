"""Answers to reads that need not be computed twice.

Every write passes through the store, so what a read was answered stays right until the sandbox's
revision moves. What the answer depends on besides is the request itself, byte for byte, the
sandbox's flags, and the time at which a credential expires. The answer of a handler that looked at
the time or at random choices is never recalled, nor is any while faults are armed.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from email.utils import formatdate
from http import HTTPStatus
from typing import Any, TypeAlias

from aiohttp import HttpVersion11, hdrs, web
from aiohttp.abc import AbstractStreamWriter
from aiohttp.http import SERVER_SOFTWARE
from multidict import CIMultiDict

from emulator.sandbox.journal import Exchange
from emulator.sandbox.sandbox import Sandbox
from emulator.tunnel import tunnelled_to

ENTRIES = 512
"""How many answers are kept; when there are more, all are forgotten."""

LARGEST = 256 * 1024
"""The largest answer that is kept, in bytes."""

Key: TypeAlias = tuple[str, str, tuple[tuple[bytes, bytes], ...], bytes, str, str | None]
"""A request: method, target, headers, body, and of its connection the scheme and the sandbox."""


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer, and what it holds for: one revision and the flags of one sandbox, until a credential expires."""

    sandbox: Sandbox
    revision: int
    flags: Mapping[str, Any]
    until: datetime | None
    status: int
    headers: CIMultiDict[str]
    body: bytes
    exchange: Exchange
    size: int
    sendable: Sendable

    def holds(self, now: datetime) -> bool:
        """Tell whether the same request would be answered the same."""
        sandbox = self.sandbox
        return (
            self.revision == sandbox.store.revision
            and not sandbox.dropped
            and not sandbox.faults
            and self.flags == sandbox.flags[self.exchange.vendor]
            and (self.until is None or now < self.until)
        )

    def response(self, request: web.BaseRequest) -> web.StreamResponse:
        """Return the answer once more, for a request that is like the first."""
        if request.version == HttpVersion11 and request.keep_alive and request.method != hdrs.METH_HEAD:
            return self.sendable
        return web.Response(status=self.status, headers=self.headers, body=self.body)


class Sendable(web.StreamResponse):
    """An answer as the bytes that it is on a connection that stays open, but for the date.

    It keeps nothing of the requests that it answers, and answers any number of them.
    """

    keep_alive = True

    def __init__(self, status: int, headers: CIMultiDict[str], body: bytes) -> None:
        super().__init__(status=status, headers=headers)
        lines = [f"HTTP/1.1 {status} {HTTPStatus(status).phrase}", *map(": ".join, headers.items())]
        self._head = "\r\n".join([*lines, f"Content-Length: {len(body)}"]).encode()
        self._rest = f"\r\nServer: {SERVER_SOFTWARE}\r\n\r\n".encode() + body

    async def prepare(self, request: web.BaseRequest) -> AbstractStreamWriter | None:
        """Send it all."""
        if request.transport is None or request.transport.is_closing():
            raise ConnectionResetError
        request.transport.write(self._head + _date_line() + self._rest)
        return None

    async def write_eof(self, data: bytes = b"") -> None:
        """Nothing is left to send."""


class _Now:
    second = 0
    line = b""


def _date_line() -> bytes:
    second = int(time.time())
    if second != _Now.second:
        _Now.second, _Now.line = second, f"\r\nDate: {formatdate(second, usegmt=True)}".encode()
    return _Now.line


class Recall:
    """The answers that hold, by request."""

    def __init__(self) -> None:
        self._answers: dict[Key, Answer] = {}

    def find(self, key: Key) -> Answer | None:
        """Return the answer kept for a request, whether or not it still holds."""
        return self._answers.get(key)

    def keep(self, key: Key, answer: Answer) -> None:
        """Keep an answer."""
        if len(self._answers) >= ENTRIES:
            self._answers.clear()
        if len(answer.body) <= LARGEST:
            self._answers[key] = answer

    def forget(self) -> None:
        """Let go of all answers: which sandbox a request means changes when there is one more or one less."""
        self._answers.clear()


def key_of(request: web.BaseRequest, body: bytes = b"") -> Key:
    """Return what a request is known by."""
    return request.method, request.raw_path, request.raw_headers, body, request.scheme, tunnelled_to(request)
