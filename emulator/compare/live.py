"""A live vendor, to which questions are put."""

from __future__ import annotations

from asyncio import CancelledError, ensure_future, shield, sleep
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from itertools import count
from time import perf_counter
from typing import Any
from urllib.parse import urlsplit

from aiohttp import ClientError, ClientPayloadError, ClientSession, ClientTimeout, DummyCookieJar, FormData, hdrs
from multidict import CIMultiDict

from emulator.compare.archive import RecordedExchange, RecordedMessage
from emulator.compare.pausing import TOO_MANY, Pause, pause_after, waits
from emulator.compare.upstream import Upstream
from emulator.contract.operation import SAFE_METHODS
from emulator.errors import ConfigurationError
from emulator.json_text import write_json

SILENCE_SECONDS = 60
"""How long a vendor may be silent, before its reply and within it: a large reply takes as long as it takes."""

MOST_WAITING_SECONDS = 600
"""How long all waits as Retry-After says may be in sum."""

MOST_TRIES = 3
"""How often a call is made, if each reply says how long to wait."""

_FAILURES = (ClientError, TimeoutError, OSError, ValueError)


class Interrupted(ConfigurationError):
    """A live vendor has answered, and does not any more, or only after a longer wait than is allowed."""


def _say_nothing(sentence: str) -> None:
    """Leave out a sentence for the person who waits."""


@dataclass(frozen=True, slots=True)
class Question:
    """A call to the vendor. `path` is encoded, below its base URL, with its query.

    `body` is JSON; `parts` are those of a multipart body, files as NAME@FILENAME. `headers` are sent besides the
    credentials; one that is None is left out. `is_query` says that it is a GraphQL query, which changes nothing.
    """

    method: str
    path: str
    body: Any = None
    is_anonymous: bool = False
    parts: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str | None] = field(default_factory=dict)
    is_query: bool = False

    @property
    def is_read(self) -> bool:
        """Return True if it can be asked again without harm."""
        return self.is_query or self.method in SAFE_METHODS

    @property
    def is_idempotent(self) -> bool:
        """Return True if it does the same if it is sent again (RFC 9110, 9.2.2)."""
        return self.is_read or self.method in ("PUT", "DELETE")

    @property
    def named(self) -> str:
        """The call in a sentence: "GET /integrations"."""
        return f"{self.method} {self.path or '/'}"


class LiveVendor:
    """A live vendor, called with `headers`. Waits as Retry-After says, and says so by `say`. A context manager."""

    def __init__(
        self, upstream: Upstream, headers: Mapping[str, str], say: Callable[[str], None] = _say_nothing
    ) -> None:
        self._url = upstream.root + upstream.mount
        self._mount = upstream.mount
        self._headers = headers
        self._session: ClientSession | None = None
        self._say = say
        self._has_answered = False
        self._is_interrupted = False
        self._waited = 0.0

    async def __aenter__(self) -> LiveVendor:
        timeout = ClientTimeout(total=None, sock_connect=SILENCE_SECONDS, sock_read=SILENCE_SECONDS)
        self._session = ClientSession(timeout=timeout, cookie_jar=DummyCookieJar(), trust_env=True)
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._session is not None:
            await self._session.close()

    async def ask(self, question: Question) -> RecordedExchange:
        """Return the exchange.

        Raises Interrupted if the vendor has answered before, another ConfigurationError if it cannot be reached.
        """
        if self._is_interrupted:
            raise CancelledError
        for tried in count(1):
            exchange = await self._answer(question)
            pause = _pause(exchange, question, tried)
            if pause is None:
                break
            why = f"{question.named} got {exchange.status} {pause.said}"
            if pause.seconds is not None:
                await self._wait(pause.seconds, why)
            elif exchange.status == TOO_MANY:
                raise Interrupted(f"upstream: {self._url} is not asked any more: {tried} times {why}")
            else:
                break
        return exchange

    async def _wait(self, seconds: float, why: str) -> None:
        self._waited += seconds
        if self._waited > MOST_WAITING_SECONDS:
            most = f"all waits together may take {MOST_WAITING_SECONDS} seconds"
            raise Interrupted(f"upstream: {self._url} is not asked any more: {why}, and {most}")
        if seconds:
            self._say(f"{waits(seconds)}: {why}")
        await sleep(seconds)

    async def _answer(self, question: Question) -> RecordedExchange:
        """Return the exchange; what may be sent again is sent once more if its reply breaks off."""
        try:
            try:
                exchange = await self._to_its_end(question)
            except _FAILURES as problem:
                if not question.is_idempotent or not self._has_answered:
                    raise
                self._say(f"asks once more: {question.named}: {_reason(problem)}")
                exchange = replace(await self._call(question), is_repeated=not question.is_read)
        except _FAILURES as problem:
            raise self._unanswered(question, _reason(problem)) from None
        return exchange

    async def _to_its_end(self, question: Question) -> RecordedExchange:
        """Make a call; a write is not interrupted before its reply says what it made, but the next call is."""
        if question.is_read:
            return await self._call(question)
        calling = ensure_future(self._call(question))
        try:
            return await shield(calling)
        except CancelledError:
            self._is_interrupted = True
            return await calling

    def resume(self) -> None:
        """Take calls again after an interruption: those that remove what was made."""
        self._is_interrupted = False

    def _unanswered(self, question: Question, why: str) -> ConfigurationError:
        if self._has_answered:
            return Interrupted(f"upstream: {self._url} stopped answering at {question.named}: {why}")
        return ConfigurationError(f"upstream: {self._url} cannot be reached: {why}")

    def path_of(self, url: str) -> str:
        """Return the path and query of a URL of this vendor, below its base URL; "" for another one.

        Its host may be the vendor's own, though the vendor is called at another one.
        """
        parts = urlsplit(url)
        path = f"{parts.path}?{parts.query}" if parts.query else parts.path
        return path.partition(self._mount)[2] if self._mount else path

    async def _call(self, question: Question) -> RecordedExchange:
        assert self._session is not None
        headers = self._headers_of(question)
        body = _body(question)
        url, started, now = self._url + question.path, perf_counter(), datetime.now(UTC)
        async with self._session.request(
            question.method, url, headers=headers, data=body, allow_redirects=False
        ) as reply:
            self._has_answered = True
            content = await reply.read()
        return RecordedExchange(
            f"{question.method} {question.path}",
            question.method,
            url,
            RecordedMessage(list(headers.items()), None if isinstance(body, FormData) else body or b""),
            reply.status,
            RecordedMessage(list(reply.headers.items()), content),
            now,
            perf_counter() - started,
        )

    def _headers_of(self, question: Question) -> dict[str, str]:
        known = {} if question.is_anonymous else dict(self._headers)
        known |= {} if question.body is None else {hdrs.CONTENT_TYPE: "application/json"}
        given = {name.lower(): value for name, value in question.headers.items()}
        kept = {name: value for name, value in known.items() if name.lower() not in given}
        return kept | {name: value for name, value in given.items() if value is not None}


def worked(exchange: RecordedExchange) -> bool:
    """Return True for a reply that reports success; a GraphQL result has no errors then."""
    document = exchange.reply.document
    return 200 <= exchange.status < 300 and not (isinstance(document, dict) and document.get("errors"))


def _reason(problem: Exception) -> str:
    if isinstance(problem, TimeoutError):
        return f"nothing came for {SILENCE_SECONDS} seconds"
    return "the reply broke off" if isinstance(problem, ClientPayloadError) else str(problem)


def _body(question: Question) -> bytes | FormData | None:
    if question.body is not None:
        return write_json(question.body)
    if not question.parts:
        return None
    form = FormData(default_to_multipart=True)
    for named, text in question.parts.items():
        name, _, filename = named.partition("@")
        form.add_field(name, text, filename=filename or None)
    return form


def _pause(exchange: RecordedExchange, question: Question, tried: int) -> Pause | None:
    """Return what to wait for before the call is repeated, None if it need not be."""
    # A write that got 503 may have been done.
    if exchange.status == TOO_MANY or (exchange.status == 503 and question.is_read):
        return pause_after(exchange.status, CIMultiDict(exchange.reply.headers), tried, MOST_TRIES)
    return None
