"""A proxy in front of a live vendor, which records what passes through it."""

from __future__ import annotations

from asyncio import sleep
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import ExitStack
from datetime import UTC, datetime
from time import monotonic, perf_counter
from urllib.parse import urlsplit

from aiohttp import ClientError, ClientSession, ClientTimeout, DummyCookieJar, hdrs, web
from multidict import CIMultiDict, CIMultiDictProxy
from yarl import URL

from emulator.compare.pausing import TOO_MANY, pause_after, waits
from emulator.compare.reading import WHOLE_BODY, ExchangeReader
from emulator.errors import MalformedBody, Problem
from emulator.exchange import MULTIPART, Call
from emulator.journal.entry import Exchange
from emulator.transport import wire
from emulator.transport.connection import LOOK_SECONDS, has_left
from emulator.transport.hosts import is_local
from emulator.transport.origin import authority_of, host_of, path_of
from emulator.transport.parts import read_parts

HOP_BY_HOP = frozenset(
    {"connection", "keep-alive", "proxy-authenticate", "proxy-authorization", "te", "trailer", "transfer-encoding"}
    | {"upgrade", "content-length", "host", "expect"}
)
"""Headers of one connection (RFC 9110, 7.6.1), and those that aiohttp writes itself."""

UNPACKED = frozenset({"content-encoding"})
"""aiohttp decompresses bodies, of calls and of replies."""

TIMEOUT_SECONDS = 300


class RecordingProxy:
    """Passes calls below `/<vendor>` on to a vendor, and each exchange to `on_exchange`, with credentials masked.

    Without `allows_writes`, what may be a write is refused, and passed to `on_refusal`. After a reply with
    Retry-After, or a 429, later calls wait, and `on_pause` gets a sentence that says so.
    """

    def __init__(
        self,
        reader: ExchangeReader,
        upstream: str,
        on_exchange: Callable[[Exchange], None],
        on_refusal: Callable[[Exchange], None],
        on_pause: Callable[[str], None],
        *,
        allows_writes: bool,
    ) -> None:
        self._reader = reader
        self._upstream = upstream
        self._on_exchange = on_exchange
        self._on_refusal = on_refusal
        self._on_pause = on_pause
        self._allows_writes = allows_writes
        self._session: ClientSession | None = None
        self._resume_at = 0.0
        self._limited = 0
        self._is_stopping = False

    async def serve(self, request: web.BaseRequest) -> web.StreamResponse:
        """Pass one request on."""
        try:
            with ExitStack() as files:
                call = await self._call(request, files)
                return await self._pass(request, call)
        except Problem as problem:
            return wire.problem_response(problem)
        except wire.Disconnected:
            return web.Response()

    def stop(self) -> None:
        """Pass nothing on any more that waits for the vendor."""
        self._is_stopping = True

    async def close(self) -> None:
        """Close the connections to the vendor."""
        if self._session is not None:
            await self._session.close()

    async def _call(self, request: web.BaseRequest, files: ExitStack) -> Call:
        if not is_local(host_of(authority_of(request))):
            raise Problem(403, "Call this proxy by a name of this machine, such as 127.0.0.1.")
        vendor, path = self._reader.contract.vendor, path_of(request)
        root, slash, rest = path[1:].partition("/")
        if root != vendor:
            raise Problem(404, f"This proxy is at /{vendor}: call {self._reader.contract.base_path}.")
        call = wire.new_call(request, slash + rest, self._upstream, {})
        call.headers = CIMultiDictProxy(self._headers(request))
        call.public_url = call.base_url
        call.body = await self._body(request)
        if call.content_type == MULTIPART:
            await _read_parts(call, files)
        return call

    def _headers(self, request: web.BaseRequest) -> CIMultiDict[str]:
        """Return the headers that the vendor gets."""
        headers = _passed(request.raw_headers, HOP_BY_HOP | UNPACKED | {"accept-encoding"})
        headers[hdrs.HOST] = urlsplit(self._upstream).netloc
        return headers

    async def _body(self, request: web.BaseRequest) -> bytes:
        await wire.proceed(request)
        body = bytearray()
        async for piece in request.content.iter_any():
            body += piece
            if len(body) > WHOLE_BODY:
                raise Problem(413, f"The body is larger than {WHOLE_BODY} bytes.")
        return bytes(body)

    async def _pass(self, request: web.BaseRequest, call: Call) -> web.StreamResponse:
        path, body = call.path, call.body
        match = await self._reader.match(call)
        if not self._allows_writes and not self._reader.is_read(call, match):
            refusal = Problem(403, f"{call.method} {path} may write to the live vendor: --allow-writes passes it on.")
            self._on_refusal(self._reader.refused(call, match, wire.problem_response(refusal), datetime.now(UTC)))
            raise refusal
        await self._wait(request)
        started, now = perf_counter(), datetime.now(UTC)
        response, failure = await self._forward(request, call, path, body)
        exchange = await self._reader.read(call, match, response, now, perf_counter() - started)
        self._on_exchange(exchange)
        if response is None:
            raise Problem(502, f"{self._upstream} did not answer: {failure}")
        self._note_pause(exchange, response)
        return self._led_here(request, response)

    async def _forward(
        self, request: web.BaseRequest, call: Call, path: str, body: bytes
    ) -> tuple[web.Response | None, str]:
        """Return the vendor's response; None and the reason if there is none."""
        query = f"?{request.rel_url.raw_query_string}" if request.rel_url.raw_query_string else ""
        url = URL(f"{self._upstream}{path}{query}", encoded=True)
        if self._session is None:
            self._session = ClientSession(
                timeout=ClientTimeout(TIMEOUT_SECONDS), cookie_jar=DummyCookieJar(), trust_env=True
            )
        try:
            async with self._session.request(
                request.method,
                url,
                headers=call.headers,
                data=body or None,
                allow_redirects=False,
                skip_auto_headers=(hdrs.USER_AGENT, hdrs.CONTENT_TYPE, hdrs.ACCEPT),
            ) as reply:
                content = await reply.read()
                passed = _passed(reply.raw_headers, HOP_BY_HOP | UNPACKED)
        except (ClientError, TimeoutError, OSError) as problem:
            return None, str(problem) or type(problem).__name__
        response = web.Response(status=reply.status, reason=reply.reason, headers=passed, body=content)
        if hdrs.CONTENT_TYPE not in passed:
            response.headers.popall(hdrs.CONTENT_TYPE, None)
        return response, ""

    def _led_here(self, request: web.BaseRequest, response: web.Response) -> web.Response:
        """Return the response with the vendor's URLs leading through this proxy: pages after the first are recorded."""
        here = f"http://{authority_of(request)}/{self._reader.contract.vendor}"
        headers = CIMultiDict([(name, text.replace(self._upstream, here)) for name, text in response.headers.items()])
        content = wire.content_of(response)
        if "json" in response.headers.get(hdrs.CONTENT_TYPE, ""):
            content = content.replace(self._upstream.encode(), here.encode())
        led = web.Response(status=response.status, reason=response.reason, headers=headers, body=content)
        if hdrs.CONTENT_TYPE not in headers:
            led.headers.popall(hdrs.CONTENT_TYPE, None)
        return led

    async def _wait(self, request: web.BaseRequest) -> None:
        """Wait until the vendor's pause is over. Raises Disconnected if the client leaves, Problem at the end."""
        while (left := self._resume_at - monotonic()) > 0:
            if self._is_stopping:
                raise Problem(503, "The recording has ended while this call waited for the vendor.")
            await sleep(min(left, LOOK_SECONDS))
            if has_left(request):
                raise wire.Disconnected

    def _note_pause(self, exchange: Exchange, response: web.Response) -> None:
        self._limited = self._limited + 1 if response.status == TOO_MANY else 0
        pause = pause_after(response.status, response.headers, self._limited)
        if pause is not None and pause.seconds:
            self._resume_at = max(self._resume_at, monotonic() + pause.seconds)
            named = ", ".join(exchange.operations) or f"{exchange.method} {exchange.call.path}"
            self._on_pause(f"what comes next {waits(pause.seconds)}: {named} got {response.status} {pause.said}")


def _passed(raw: Sequence[tuple[bytes, bytes]], without: frozenset[str]) -> CIMultiDict[str]:
    pairs = [(name.decode("latin-1"), value.decode("utf-8", "replace")) for name, value in raw]
    return CIMultiDict([(name, value) for name, value in pairs if name.lower() not in without])


async def _read_parts(call: Call, files: ExitStack) -> None:
    """Read the parts of a body, if they can be read: the vendor decides about others."""

    async def pieces() -> AsyncIterator[bytes]:
        yield call.body

    try:
        call.parts = await read_parts(call.headers[hdrs.CONTENT_TYPE], pieces(), files)
    except MalformedBody:
        call.parts = {}
