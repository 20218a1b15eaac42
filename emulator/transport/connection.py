"""Connections as aiohttp serves them, with the emulator's own answer to what is not HTTP.

What it needs of aiohttp's inside is in emulator/runtime/private.py.
"""

from __future__ import annotations

import asyncio
import logging
import socket
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from aiohttp import HttpVersion10, HttpVersion11, hdrs, web
from aiohttp.abc import AbstractStreamWriter
from aiohttp.http import RawRequestMessage
from aiohttp.http_exceptions import BadHttpMessage, BadHttpMethod, HttpProcessingError, LineTooLong
from aiohttp.streams import StreamReader
from aiohttp.web_protocol import MAX_MSG_QUEUE_SIZE, RequestHandler, RequestPayloadError
from multidict import CIMultiDict, CIMultiDictProxy
from yarl import URL

from emulator.errors import Problem
from emulator.runtime.private import hand_bytes_to, wrap_parser
from emulator.transport.wire import is_unsent, problem_response, reset

HEAD_SECONDS = 60.0
"""How long a request's head may take from its first byte on (Node's http server: 60)."""

LONGEST_LINE = 16 * 1024
"""How many bytes a request line or a header may have (Node's http server: 16 KiB, for all together)."""

HEAD_OVERDUE = b"HTTP/1.1 408 Request Timeout\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"
END_OF_HEAD = b"\r\n\r\n"

ORIGIN = URL("/")

logger = logging.getLogger("emulator")


class HttpServer(web.Server):
    """aiohttp's server, its connections and its requests ours."""

    def __init__(self, handler: Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]) -> None:
        super().__init__(handler, request_factory=new_request)
        self.transports: set[asyncio.BaseTransport] = set()

    def abort(self) -> None:
        """End the connections that are left: of clients who do not read what they were sent."""
        for transport in list(self.transports):
            if isinstance(transport, asyncio.WriteTransport):
                transport.abort()

    def __call__(self) -> Connection:
        """Return what serves a new connection."""
        return Connection(self)


class Connection(RequestHandler):
    """Serves the requests of one connection, one after the other.

    Logs nothing of what a client has sent. A client that ends its side (shutdown(SHUT_WR)) still gets its answers,
    but over TLS, where asyncio ends both sides at once.
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
        wrap_parser(self, lambda parser: _Parser(parser, self))
        self._http_server = server
        self._unanswered = 0
        self._last_body: StreamReader | None = None
        self._head_timer: asyncio.TimerHandle | None = None
        self._is_tunnel = False
        self._ends_with_client = False
        self.client_has_ended = False
        self.problem: HttpProcessingError | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin to serve the connection."""
        self._http_server.transports.add(transport)
        super().connection_made(transport)

    def data_received(self, data: bytes) -> None:
        """Read on, and limit how long the head of the next request may take."""
        unanswered, between_bodies = self._unanswered, self.is_between_bodies
        super().data_received(data)
        self._read_problem()
        if self._unanswered > unanswered:
            self._stop_timer()
        elif between_bodies and data and not self._is_tunnel and self._head_timer is None:
            self._start_timer()

    def eof_received(self) -> bool | None:  # type: ignore[override] # asyncio's own signature
        """Keep the connection open, if the client has ended its side, until its whole requests are answered."""
        self.client_has_ended = True
        is_whole = self._unanswered > 0 and self.is_between_bodies
        if self._is_tunnel or self._ends_with_client or self.ssl_context is not None or not is_whole:
            return None
        return True

    def connection_lost(self, exc: BaseException | None) -> None:
        """Let go of the connection."""
        if self.transport is not None:
            self._http_server.transports.discard(self.transport)
        self._stop_timer()
        super().connection_lost(exc)

    def become_tunnel(self, receiver: Any) -> None:
        """Hand what comes from now on to `receiver` (see hand_bytes_to) as it is: it is no HTTP."""
        self._is_tunnel = True
        hand_bytes_to(self, receiver)

    async def finish_response(
        self, request: web.BaseRequest, resp: web.StreamResponse, start_time: float | None
    ) -> tuple[web.StreamResponse, bool]:
        """Send the rest of a response; it is the connection's last if the client has ended its side."""
        unsent = is_unsent(request)
        if unsent:
            resp.force_close()
        finished = await super().finish_response(request, resp, start_time)
        self._read_problem()
        self._unanswered -= 1
        if unsent:
            # Its client will not send what nobody has asked for; aiohttp would wait for it.
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
        """Answer what is not HTTP, or a defect of ours, with problem details, and close the connection."""
        if isinstance(exc, HttpProcessingError):
            logger.info("answered what is not HTTP with 400: %s", type(exc).__name__)
            problem = _problem(exc)
        elif isinstance(exc, ConnectionError):
            logger.debug("a client left before its answer was sent")
            problem = Problem(status, "The connection has ended.")
        else:
            logger.error("internal error outside of every call", exc_info=exc)
            problem = Problem(status, "This is an internal error of the emulator; its log tells more.")
        if request.writer.output_size > 0:
            raise ConnectionError("a part of another answer has been sent already")
        response = problem_response(problem)
        response.force_close()
        return response

    def log_exception(self, *args: Any, **kw: Any) -> None:
        """Log a defect of ours, or that the rest of a body cannot be read."""
        if isinstance(kw.get("exc_info"), RequestPayloadError):
            logger.info("closed a connection whose body is not framed as its head says")
            return
        logger.error("internal error in a connection", **kw)

    @property
    def is_between_bodies(self) -> bool:
        """Return True if what comes next is a head: the body of the last request has come, if it had one."""
        return self._last_body is None or self._last_body.is_eof()

    def take(self, body: StreamReader) -> None:
        """Count a request whose head is complete."""
        self._unanswered += 1
        self._last_body = body

    def refuse(self, problem: HttpProcessingError) -> None:
        """Count what is not HTTP as a request; whoever reads a body before it is told that its rest cannot be read."""
        self.problem = problem
        self._unanswered += 1
        if not self.is_between_bodies:
            assert self._last_body is not None
            self._last_body.set_exception(RequestPayloadError("the body is not framed as its head says"))

    def end_with_client(self) -> None:
        """End the connection as soon as the client ends its side: for an answer that has no end."""
        self._ends_with_client = True
        if self.client_has_ended:
            self.force_close()

    def reset(self) -> None:
        """End the connection as TCP does when something is wrong."""
        if self.transport is not None:
            reset(self.transport)

    def _read_problem(self) -> None:
        """Let aiohttp know of what is not HTTP, once it has the requests that came before."""
        if self.transport is not None and self.problem is not None:
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


def has_left(request: web.BaseRequest) -> bool:
    """Return True if the request's client has closed its connection, or its side of it, which looks the same."""
    protocol, transport = request.protocol, request.transport
    has_ended = isinstance(protocol, Connection) and protocol.client_has_ended
    return has_ended or transport is None or transport.is_closing()


def break_off(request: web.BaseRequest, how: str) -> web.Response:
    """End the request's connection without an answer: "reset" as TCP does, "close" politely."""
    protocol, transport = request.protocol, request.transport
    if how == "reset" and isinstance(protocol, Connection):
        protocol.reset()
    elif transport is not None:
        transport.close()
    return web.Response()


def end_with_client(request: web.BaseRequest) -> None:
    """End the request's connection as soon as its client ends its side."""
    if isinstance(request.protocol, Connection):
        request.protocol.end_with_client()


def new_request(
    message: RawRequestMessage,
    payload: StreamReader,
    protocol: RequestHandler,
    writer: AbstractStreamWriter,
    task: asyncio.Task[None],
) -> web.BaseRequest:
    """Return a request whose target is a path, with the host of an absolute one in Host (RFC 9112, 3.2.2).

    aiohttp itself would decode the host's IDNA, and end without an answer where it has none.
    """
    if message.method == hdrs.METH_CONNECT:
        message = message._replace(url=ORIGIN)
    elif message.url.absolute:
        url = message.url.relative()
        headers = CIMultiDict(message.headers)
        headers[hdrs.HOST] = _authority_of(message.path)
        message = message._replace(url=url, path=url.raw_path_qs, headers=CIMultiDictProxy(headers))
    elif hdrs.HOST not in message.headers:
        # HTTP/1.0: aiohttp would look the machine's own name up.
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
    if isinstance(exc, BadHttpMethod):
        return Problem(400, "The request does not begin with a method that HTTP registers, such as GET, in capitals.")
    return Problem(400, "This is not HTTP as RFC 9112 has it.")


class _Parser:
    """Stands before a connection's parser, hands on what comes part by part, and tells the connection what is found.

    A part is a head, or a piece of one body, and ends where that ends. aiohttp's own parser drops what comes in one
    piece with the end of a request that offers a protocol it does not know, and the requests before what is not HTTP.
    """

    def __init__(self, parser: Any, connection: Connection) -> None:
        self._parser = parser
        self._connection = connection
        self._unread = b""
        self._last_bytes = b""
        self._left_of_body = 0
        self._waiting = 0
        self._has_failed = False

    def __getattr__(self, name: str) -> Any:
        return getattr(self._parser, name)

    def message_consumed(self) -> None:
        """Make room for another request."""
        self._waiting = max(0, self._waiting - 1)

    def feed_data(self, data: bytes) -> tuple[Sequence[Any], bool, bytes]:
        """Return the requests whose heads are complete, whether the last begins another protocol, and its bytes.

        Raises HttpProcessingError for what is not HTTP, in the next call if requests came before it.
        """
        found: list[Any] = []
        if not self._has_failed:
            try:
                is_upgraded, tail = self._feed(self._unread + data, found)
            except HttpProcessingError as problem:
                self._fail(problem)
            except ValueError:
                # Of yarl, which takes targets apart that are no URLs.
                self._fail(BadHttpMessage("the target is not a URL"))
            else:
                return found, is_upgraded, tail
        if self._connection.problem is not None and not found:
            told, self._connection.problem = self._connection.problem, None
            raise told
        return found, False, b""

    def _feed(self, data: bytes, found: list[Any]) -> tuple[bool, bytes]:
        start, self._unread = 0, b""
        while start < len(data) and self._waiting < MAX_MSG_QUEUE_SIZE:
            end = self._end_of_part(data, start)
            messages, is_upgraded, tail = self._hand_on(data[start:end])
            found += messages
            start = end
            if is_upgraded:
                return True, tail + data[end:]
        self._unread = data[start:]
        return False, b""

    def _end_of_part(self, data: bytes, start: int) -> int:
        if self._left_of_body:
            return min(start + self._left_of_body, len(data))
        # A head ends with an empty line, and so does a body in chunks.
        known = len(self._last_bytes)
        split = (self._last_bytes + data[start : start + len(END_OF_HEAD) - 1]).find(END_OF_HEAD)
        if split >= 0:
            return start + split - known + len(END_OF_HEAD)
        found = data.find(END_OF_HEAD, start)
        return len(data) if found < 0 else found + len(END_OF_HEAD)

    def _hand_on(self, part: bytes) -> tuple[Sequence[Any], bool, bytes]:
        # It would pause where a request ends if it took many to be waiting; that is counted here.
        self._parser.message_consumed()
        messages, is_upgraded, tail = self._parser.feed_data(part)
        if not messages and not is_upgraded and not self._connection.is_between_bodies:
            # It keeps a part of what it has got when a body is read more slowly than it comes.
            messages, is_upgraded, tail = self._parser.feed_data(b"")
        self._last_bytes = (part if len(part) >= len(END_OF_HEAD) else self._last_bytes + part)[-len(END_OF_HEAD) + 1 :]
        self._left_of_body = max(0, self._left_of_body - len(part))
        for message, body in messages:
            self._take(message, body)
        return messages, is_upgraded, tail

    def _take(self, message: RawRequestMessage, body: StreamReader) -> None:
        if message.version not in (HttpVersion10, HttpVersion11):
            raise BadHttpMessage("the version is neither 1.0 nor 1.1")
        has_length = not message.chunked and not body.is_eof()
        self._left_of_body = int(message.headers.get(hdrs.CONTENT_LENGTH, 0)) if has_length else 0
        self._waiting += 1
        self._connection.take(body)

    def _fail(self, problem: HttpProcessingError) -> None:
        self._has_failed = True
        self._connection.refuse(problem)
