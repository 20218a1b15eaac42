"""Answers to reads that need not be computed twice.

Every write passes through the store, so what a read was answered stays right until the sandbox's
revision moves. What the answer depends on besides is the request itself, byte for byte, the
sandbox's flags, and the time at which a credential expires. The answer of a handler that looked at
the time or at random choices is never recalled, nor is any while faults are armed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeAlias

from aiohttp import HttpVersion11, web
from multidict import CIMultiDict

from emulator.sandbox.journal import Exchange
from emulator.sandbox.sandbox import Sandbox
from emulator.sending import Sendable, response_for
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
    sendable: Sendable | None

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
        # Method and headers are the same as the first time, the version need not be.
        if self.sendable is not None and request.version == HttpVersion11:
            return self.sendable
        return response_for(request, self.status, self.headers.copy(), self.body)


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
