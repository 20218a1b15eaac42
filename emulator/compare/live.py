"""A live vendor, to which questions are put."""

from __future__ import annotations

from asyncio import sleep
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from time import perf_counter
from typing import Any
from urllib.parse import urlsplit

from aiohttp import ClientError, ClientSession, ClientTimeout, DummyCookieJar, FormData, hdrs

from emulator.compare.archive import RecordedExchange, RecordedMessage
from emulator.compare.upstream import Upstream
from emulator.errors import ConfigurationError
from emulator.json_text import write_json

TIMEOUT_SECONDS = 60
LONGEST_PAUSE_SECONDS = 300
MOST_TRIES = 3


@dataclass(frozen=True, slots=True)
class Question:
    """A call to the vendor. `path` is encoded, below its base URL, with its query.

    `body` is JSON; `parts` are those of a multipart body, files as NAME@FILENAME. `headers` are sent besides the
    credentials; one that is None is left out.
    """

    method: str
    path: str
    body: Any = None
    is_anonymous: bool = False
    parts: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str | None] = field(default_factory=dict)


class LiveVendor:
    """A live vendor, called with `headers`. Waits as Retry-After says. A context manager."""

    def __init__(self, upstream: Upstream, headers: Mapping[str, str]) -> None:
        self._url = upstream.root + upstream.mount
        self._mount = upstream.mount
        self._headers = headers
        self._session: ClientSession | None = None

    async def __aenter__(self) -> LiveVendor:
        timeout = ClientTimeout(TIMEOUT_SECONDS)
        self._session = ClientSession(timeout=timeout, cookie_jar=DummyCookieJar(), trust_env=True)
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._session is not None:
            await self._session.close()

    async def ask(self, question: Question) -> RecordedExchange:
        """Return the exchange. Raises ConfigurationError if the vendor cannot be reached."""
        for _ in range(MOST_TRIES):
            exchange = await self._call(question)
            pause = _pause(exchange)
            if pause is None:
                break
            await sleep(pause)
        return exchange

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
        try:
            async with self._session.request(
                question.method, url, headers=headers, data=body, allow_redirects=False
            ) as reply:
                content = await reply.read()
        except (ClientError, TimeoutError, OSError, ValueError) as problem:
            raise ConfigurationError(f"upstream: {self._url} cannot be reached: {problem}") from None
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


def _pause(exchange: RecordedExchange) -> float | None:
    """Return how many seconds to wait before the call is repeated, None if it need not be."""
    seconds = next((value for name, value in exchange.reply.headers if name.lower() == "retry-after"), "")
    # A write that got 503 may have been done.
    is_repeatable = exchange.status == 429 or (exchange.status == 503 and exchange.method == "GET")
    if not is_repeatable or not seconds.isdecimal():
        return None
    return min(int(seconds), LONGEST_PAUSE_SECONDS)
