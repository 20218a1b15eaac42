"""What need not be computed twice: what the head of a request tells, and the answers to reads.

Requests whose heads are the same, byte for byte, go to the same sandbox, vendor and operation, as long as
there is no sandbox more or less.

Every write passes through the store, so what a read was answered stays right until the sandbox's
revision moves. What the answer depends on besides is the request's head and body, the sandbox's
flags, and the time at which a credential expires. The answer of a handler that looked at
the time or at random choices is never recalled, nor is any while faults are armed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeAlias

from aiohttp import HttpVersion11, web
from multidict import CIMultiDict

from emulator.addressing import Address
from emulator.exchange import Call
from emulator.routes import Route
from emulator.sandbox.journal import Exchange, JournalledCall
from emulator.sandbox.sandbox import Sandbox
from emulator.sending import Sendable, response_for
from emulator.tunnel import tunnelled_to

ENTRIES = 512
"""How many heads are kept, and how many answers; when there are more, all are forgotten."""

LARGEST = 256 * 1024
"""The largest answer that is kept, in bytes."""

Key: TypeAlias = tuple[str, str, tuple[tuple[bytes, bytes], ...], str, str | None]
"""The head of a request: method, target, headers, and of its connection the scheme and the sandbox."""


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


@dataclass(frozen=True, slots=True)
class Head:
    """What the head of a request tells.

    `address` is where it goes, `route` what stands there; `call` is the call without its body, `journalled` what
    the journal keeps of that. `is_short` tells that the body is to be read before anything else; `answers` are
    those to recall, by body.
    """

    address: Address
    route: Route | None
    call: Call
    journalled: JournalledCall
    is_short: bool
    answers: dict[bytes, Answer] = field(default_factory=dict)


class Recall:
    """The heads that are known, with their answers. One that is not `on` knows none."""

    def __init__(self, *, on: bool = True) -> None:
        self._on = on
        self._heads: dict[Key, Head] = {}
        self._answers = 0

    def find(self, key: Key) -> Head | None:
        """Return the head of a request, None if it is not known."""
        return self._heads.get(key)

    def keep(self, key: Key, head: Head) -> None:
        """Keep a head."""
        if self._on:
            if len(self._heads) >= ENTRIES:
                self.forget()
            self._heads[key] = head

    def keep_answer(self, head: Head, body: bytes, answer: Answer) -> None:
        """Keep the answer to requests with a head and a body."""
        if self._on and len(answer.body) <= LARGEST:
            if self._answers >= ENTRIES:
                self.forget()
            self._answers += body not in head.answers
            head.answers[body] = answer

    def forget(self) -> None:
        """Let go of everything: which sandbox a request means changes when there is one more or one less."""
        self._heads.clear()
        self._answers = 0


def key_of(request: web.BaseRequest) -> Key:
    """Return what the head of a request is known by."""
    return request.method, request.raw_path, request.raw_headers, request.scheme, tunnelled_to(request)
