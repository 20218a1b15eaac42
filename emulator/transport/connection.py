"""aiohttp's connections, with the emulator's own response to requests that are not HTTP.

The private parts of aiohttp that it uses are in emulator/runtime/private.py.
"""

from __future__ import annotations

import asyncio
import logging
import socket
from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import hdrs, web
from aiohttp.abc import AbstractStreamWriter
from aiohttp.http import RawRequestMessage
from aiohttp.http_exceptions import HttpProcessingError, LineTooLong
from aiohttp.streams import StreamReader
from aiohttp.web_protocol import RequestHandler, RequestPayloadError
from multidict import CIMultiDict, CIMultiDictProxy
from yarl import URL

from emulator.errors import Problem
from emulator.runtime.private import hand_bytes_to, wrap_parser
from emulator.transport.parser import RequestParser
from emulator.transport.wire import is_unsent, problem_response, reset

HEAD_SECONDS = 60.0
"""How many seconds a request's head may take from its first byte on (Node's http server: 60)."""

LONGEST_LINE = 16 * 1024
"""The maximum size of a request line or a header in bytes (Node's http server: 16 KiB, for all together)."""

HEAD_OVERDUE = b"HTTP/1.1 408 Request Timeout\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"

ORIGIN = URL("/")

logger = logging.getLogger("emulator")


class HttpServer(web.Server):
    """aiohttp's server with our connections and requests."""

    def __init__(self, handler: Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]) -> None:
        super().__init__(handler, request_factory=new_request)
        self.transports: set[asyncio.BaseTransport] = set()

    def abort(self) -> None:
        """End the remaining connections: those of clients that do not read their responses."""
        for transport in list(self.transports):
            if isinstance(transport, asyncio.WriteTransport):
                transport.abort()

    def __call__(self) -> Connection:
        """Return the protocol of a new connection."""
        return Connection(self)


class Connection(RequestHandler):
    """Serves the requests of one connection, one after the other.

    Logs nothing of what a client sends. A client that closes its sending side (shutdown(SHUT_WR)) still gets its
    responses, except over TLS, where asyncio closes both sides at once.
    """

    __slots__ = (
        "_ends_with_client",
        "_head_timer",
        "_http_server",
        "_is_tunnel",
        "_last_body",
        "_unanswered",
        "client_has_ended",
        "problem",
    )

    def __init__(self, server: HttpServer) -> None:
        super().__init__(
            server,
            loop=asyncio.get_running_loop(),
            access_log=None,  # type: ignore[arg-type] # None means no log
            auto_decompress=False,
            max_line_size=LONGEST_LINE,
            max_field_size=LONGEST_LINE,
        )
        wrap_parser(self, lambda parser: RequestParser(parser, self))
        self._http_server = server
        self._unanswered = 0
        self._last_body: StreamReader | None = None
        self._head_timer: asyncio.TimerHandle | None = None
        self._is_tunnel = False
        self._ends_with_client = False
        self.client_has_ended = False
        self.problem: HttpProcessingError | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Start to serve the connection."""
        self._http_server.transports.add(transport)
        super().connection_made(transport)

    def data_received(self, data: bytes) -> None:
        """Continue to read, and limit how long the head of the next request may take."""
        unanswered, between_bodies = self._unanswered, self.is_between_bodies
        super().data_received(data)
        if self.problem is not None:
            self._read_problem()
        if self._unanswered > unanswered:
            self._stop_timer()
        elif between_bodies and data and not self._is_tunnel and self._head_timer is None:
            self._start_timer()

    def eof_received(self) -> bool | None:  # type: ignore[override] # asyncio's own signature
        """Keep the connection open after the client has closed its side, until its complete requests have responses."""
        self.client_has_ended = True
        is_whole = self._unanswered > 0 and self.is_between_bodies
        if self._is_tunnel or self._ends_with_client or self.ssl_context is not None or not is_whole:
            return None
        return True

    def connection_lost(self, exc: BaseException | None) -> None:
        """Release the connection."""
        if self.transport is not None:
            self._http_server.transports.discard(self.transport)
        self._stop_timer()
        super().connection_lost(exc)

    def become_tunnel(self, receiver: Any) -> None:
        """Pass all further bytes to `receiver` (see hand_bytes_to) unchanged: they are not HTTP."""
        self._is_tunnel = True
        hand_bytes_to(self, receiver)

    async def finish_response(
        self, request: web.BaseRequest, resp: web.StreamResponse, start_time: float | None
    ) -> tuple[web.StreamResponse, bool]:
        """Send the rest of a response; it is the connection's last if the client has closed its side."""
        unsent = is_unsent(request)
        if unsent:
            resp.force_close()
        finished = await super().finish_response(request, resp, start_time)
        if self.problem is not None:
            self._read_problem()
        self._unanswered -= 1
        if unsent:
            # The client will not send the body without a 100; aiohttp would wait for it.
            self.force_close()
        elif self.client_has_ended and not self._unanswered:
            self.close()
        return finished

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        """Respond to invalid HTTP, or an internal error, with problem details, and close the connection."""
        if isinstance(exc, HttpProcessingError):
            logger.info("invalid HTTP, replied 400: %s", type(exc).__name__)
            problem = _problem(exc)
        elif isinstance(exc, ConnectionError):
            logger.debug("a client disconnected before its response was sent")
            problem = Problem(status, "The connection has ended.")
        else:
            logger.error("internal error outside of a call", exc_info=exc)
            problem = Problem(status, "Internal error of the emulator; see its log.")
        if request.writer.output_size > 0:
            raise ConnectionError("a part of another response has already been sent")
        response = problem_response(problem)
        response.force_close()
        return response

    def log_exception(self, *args: Any, **kw: Any) -> None:
        """Log an internal error, or that the rest of a body cannot be read."""
        if isinstance(kw.get("exc_info"), RequestPayloadError):
            logger.info("closed a connection whose body does not match its head")
            return
        if isinstance(kw.get("exc_info"), asyncio.InvalidStateError):
            # aiohttp reports the end of a request to a stop that has just given up waiting for it.
            logger.debug("a request ended as the stop gave up waiting for it")
            return
        logger.error("internal error in a connection", **kw)

    @property
    def is_between_bodies(self) -> bool:
        """Return True if a head is next: the body of the last request, if any, has been received."""
        return self._last_body is None or self._last_body.is_eof()

    def take(self, body: StreamReader | None) -> None:
        """Count a request whose head is complete; `body` is what is still to come, None without any."""
        self._unanswered += 1
        self._last_body = body

    def refuse(self, problem: HttpProcessingError) -> None:
        """Count invalid HTTP as a request; a reader of a body before it gets the error that its rest is unreadable."""
        self.problem = problem
        self._unanswered += 1
        if not self.is_between_bodies:
            assert self._last_body is not None
            self._last_body.set_exception(RequestPayloadError("the body does not match its head"))

    def end_with_client(self) -> None:
        """End the connection as soon as the client closes its side: for a response without an end."""
        self._ends_with_client = True
        if self.client_has_ended:
            self.force_close()

    def reset(self) -> None:
        """Reset the TCP connection."""
        if self.transport is not None:
            reset(self.transport)

    def _read_problem(self) -> None:
        """Report invalid HTTP to aiohttp, after the requests before it."""
        if self.transport is not None:
            super().data_received(b"")

    def _start_timer(self) -> None:
        self._head_timer = asyncio.get_running_loop().call_later(HEAD_SECONDS, self._head_is_overdue)

    def _stop_timer(self) -> None:
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None

    def _head_is_overdue(self) -> None:
        self._head_timer = None
        if self._unanswered:
            self._start_timer()
        elif self.transport is not None:
            self.transport.write(HEAD_OVERDUE)
            self.force_close()


LOOK_SECONDS = 0.25
"""How often whoever waits for something else looks whether the client is still connected."""


def has_left(request: web.BaseRequest) -> bool:
    """Return True if the request's client has closed its connection, or its sending side, which looks the same."""
    protocol, transport = request.protocol, request.transport
    has_ended = isinstance(protocol, Connection) and protocol.client_has_ended
    return has_ended or transport is None or transport.is_closing()


def break_off(request: web.BaseRequest, how: str) -> web.Response:
    """End the request's connection without a response: "reset" or "close" it."""
    protocol, transport = request.protocol, request.transport
    if how == "reset" and isinstance(protocol, Connection):
        protocol.reset()
    elif transport is not None:
        transport.close()
    return web.Response()


def end_with_client(request: web.BaseRequest) -> None:
    """End the request's connection as soon as its client closes its side."""
    if isinstance(request.protocol, Connection):
        request.protocol.end_with_client()


def new_request(
    message: RawRequestMessage,
    payload: StreamReader,
    protocol: RequestHandler,
    writer: AbstractStreamWriter,
    task: asyncio.Task[None],
) -> web.BaseRequest:
    """Return a request whose target is a path, with the host of an absolute target in Host (RFC 9112, 3.2.2).

    aiohttp itself would decode the host as IDNA, and close the connection without a response if that fails.
    """
    if message.method == hdrs.METH_CONNECT:
        message = message._replace(url=ORIGIN)
    elif message.url.absolute:
        url = message.url.relative()
        headers = CIMultiDict(message.headers)
        headers[hdrs.HOST] = _authority_of(message.path)
        message = message._replace(url=url, path=url.raw_path_qs, headers=CIMultiDictProxy(headers))
    elif hdrs.HOST not in message.headers:
        # HTTP/1.0: aiohttp would resolve the machine's own name.
        headers = CIMultiDict(message.headers)
        headers[hdrs.HOST] = _address(protocol)
        message = message._replace(headers=CIMultiDictProxy(headers))
    return web.BaseRequest(message, payload, protocol, writer, task, asyncio.get_running_loop())


def _authority_of(target: str) -> str:
    """Return host and port of "http://user@host:port/path"."""
    _, _, rest = target.partition("//")
    end = min(found for found in (rest.find("/"), rest.find("?"), rest.find("#"), len(rest)) if found >= 0)
    return rest[:end].rpartition("@")[2]


def _address(protocol: RequestHandler) -> str:
    name = protocol.sockname
    if not isinstance(name, tuple):
        return socket.gethostname()
    return f"[{name[0]}]:{name[1]}" if ":" in name[0] else f"{name[0]}:{name[1]}"


def _problem(exc: HttpProcessingError) -> Problem:
    if isinstance(exc, LineTooLong):
        return Problem(431, f"The request line or a header is longer than {LONGEST_LINE} bytes.")
    if "Too many headers" in exc.message:
        return Problem(431, "The request has too many headers.")
    return Problem(400, "This is not valid HTTP (RFC 9112).")
