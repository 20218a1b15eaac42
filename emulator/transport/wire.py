"""Converts between HTTP and the pipeline: an aiohttp request into a Call, a Reply into an aiohttp response."""

from __future__ import annotations

import asyncio
import hashlib
import logging
import re
import socket
import struct
from base64 import b64encode
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import ExitStack, suppress
from typing import Any, NamedTuple, cast

from aiohttp import HttpVersion11, hdrs, web
from aiohttp.web_protocol import RequestPayloadError
from multidict import CIMultiDict, MultiDict, MultiDictProxy

from emulator.contract.conventions import Conventions
from emulator.contract.operation import SAFE_METHODS, Body
from emulator.errors import Departure, MalformedBody, Problem
from emulator.exchange import MULTIPART, NOTHING, Call, EncodedReply, Reply, Violation
from emulator.json_text import write_json
from emulator.transport.parts import read_parts
from emulator.transport.unpacking import UNPACKED, Unpacking
from emulator.transport.whole_response import WholeResponse

BINARY = ("application/vnd.sqlite3", "application/octet-stream")
"""Bodies of these media types are not parsed, and may be as long as uploads."""

SHORT = 64 * 1024
"""A JSON body of up to this many bytes is read even if no operation takes it, for the journal."""

NO_CACHE = re.compile(r"(?:^|,)\s*no-cache\s*(?:,|$)")

QUICK_BODY = 32 * 1024
"""A longer body is parsed and validated off the event loop."""

PACKED_BYTES = 1024
"""How much of a compressed body is decompressed (up to a thousand times as much) before other calls get their turn."""

MOST_VALUES = 100_000
"""How many values and keys a JSON body may have, counted by its commas, colons and opening brackets.

Parsing, validating and writing JSON blocks the interpreter: up to 0.5 µs for each mark, as measured.
"""

NO_QUERY: MultiDictProxy[str] = MultiDictProxy(MultiDict())

logger = logging.getLogger("emulator")


class Disconnected(Exception):
    """The client disconnected before its request was complete, or while its reply was delayed."""


class TooLarge(Exception):
    """The body is larger than `limit`, in bytes, or as JSON has too many values: str() says which, and what to do."""

    def __init__(self, limit: int, said: str = "") -> None:
        super().__init__(said or f"the body is larger than {limit} bytes; raise max_body or max_json")
        self.limit = limit


class UnsupportedEncoding(Departure):
    """The body's content encoding is not supported."""

    def __init__(self, encoding: str) -> None:
        super().__init__(f"the content encoding {encoding!r} is not one of {', '.join(UNPACKED)}")
        self.encoding = encoding
        self.violation = Violation("header", "/content-encoding", "enum", list(UNPACKED), encoding, str(self))


class BodyLimits(NamedTuple):
    """The maximum size of a body in bytes: `json` if it is read and parsed as a whole, `body` for any other."""

    body: int
    json: int

    @property
    def parsed(self) -> int:
        """The limit for bodies that are parsed as a whole."""
        return min(self.json, self.body)


def new_call(request: web.BaseRequest, path: str, base_url: str, params: Mapping[str, Any]) -> Call:
    """Return the call without its body; `base_url` is the URL before `path`."""
    return Call(
        method=request.method,
        path=path,
        base_url=base_url,
        query=cast("MultiDictProxy[str]", request.query) if "?" in request.raw_path else NO_QUERY,
        headers=request.headers,
        params=dict(params),
    )


def has_body(request: web.BaseRequest, conventions: Conventions) -> bool:
    """Return True if there is a body to read: Express 4 and hapi 21, as run, also decompress an empty one."""
    if request.body_exists:
        return True
    return conventions.content_encoding == "unpacked" and request.content_length == 0 and encoding_of(request) != ""


def encoding_of(request: web.BaseRequest) -> str:
    """Return the body's content encoding in lower case: "gzip"; "" if it has none."""
    encoding = request.headers.get(hdrs.CONTENT_ENCODING, "").strip().lower()
    return "" if encoding == "identity" else encoding


async def read_short(request: web.BaseRequest, limit: int) -> bytes:
    """Return a short JSON body, b"" if it is encoded or its client waits for a 100. Raises Disconnected."""
    if not request.body_exists:
        return b""
    length, kind = request.content_length, request.headers.get(hdrs.CONTENT_TYPE, "")
    is_small = length is not None and 0 < length <= min(SHORT, limit) and not encoding_of(request)
    if not is_small or "json" not in kind or expects_continue(request):
        return b""
    return await _read_whole(request, SHORT)


async def _read_ignored(request: web.BaseRequest) -> bytes:
    """Return a body that no operation takes, for the journal; b"" if it is long. Raises Disconnected."""
    if request.content_length is not None and request.content_length > SHORT:
        return b""
    with suppress(TooLarge):
        return await _read_whole(request, SHORT)
    return b""


async def read_body(
    request: web.BaseRequest,
    call: Call,
    body: Body | None,
    conventions: Conventions,
    limits: BodyLimits,
    files: ExitStack,
) -> None:
    """Read the request's body into the call: decompressed as a whole, or part by part to temporary files.

    If no operation takes it (`body` is None), its beginning is read for the journal.

    Raises TooLarge, Disconnected, UnsupportedEncoding, UndecodableBody, and MalformedBody for an invalid multipart
    body. Opened files are closed with `files`.
    """
    if body is None:
        call.body = await _read_ignored(request)
        return
    in_parts = MULTIPART in body.media and call.content_type == MULTIPART
    is_raw = in_parts or call.content_type in BINARY
    limit = limits.body if is_raw else limits.parsed
    encoding = encoding_of(request) if conventions.content_encoding == "unpacked" else ""
    if encoding and (in_parts or encoding not in UNPACKED):
        raise UnsupportedEncoding(encoding)
    if request.content_length is not None and request.content_length > limit:
        raise TooLarge(limit)
    if in_parts:
        call.parts = await read_parts(call.headers[hdrs.CONTENT_TYPE], _pieces(request, limit), files)
    else:
        most_marks = limit if is_raw else MOST_VALUES
        call.body = await _read_whole(request, limit, Unpacking(encoding) if encoding else None, most_marks)


async def _read_whole(
    request: web.BaseRequest, limit: int, unpacking: Unpacking | None = None, most_marks: int = SHORT
) -> bytes:
    """Return a body. Raises TooLarge beyond `limit` bytes, or `most_marks` of JSON's commas, colons and brackets."""
    content = request.content
    if unpacking is None and content.is_eof() and content.total_bytes == request.content_length:
        whole = content.read_nowait()  # it has arrived together with its head
        if len(whole) > most_marks:
            _refuse_marks(_marks(whole), most_marks, limit)
        return whole
    body, marks = bytearray(), 0
    async for piece in _pieces(request, limit):
        for packed in _bits(piece, PACKED_BYTES if unpacking else len(piece)):
            bit = packed if unpacking is None else unpacking.unpack(packed, limit + 1 - len(body))
            body += bit
            if len(body) > limit:
                raise TooLarge(limit)
            if limit > most_marks:
                marks += _marks(bit)
                _refuse_marks(marks, most_marks, limit)
            if unpacking is not None:
                # A bit may decompress to a thousand times as much, or to endless members.
                await asyncio.sleep(0)
    if unpacking is not None:
        unpacking.end()
    return bytes(body)


def _bits(piece: bytes, size: int) -> Iterator[bytes]:
    return (piece[start : start + size] for start in range(0, len(piece), size))


def _marks(text: bytes) -> int:
    return sum(text.count(mark) for mark in (b",", b":", b"[", b"{"))


def _refuse_marks(marks: int, most: int, limit: int) -> None:
    """Refuse a text that may be JSON with too many values: these would take seconds and hundreds of MB."""
    if marks > most:
        logger.warning("refused a body as too large: JSON may have at most %d commas, colons and brackets", most)
        raise TooLarge(limit, f"the body has more than {most} commas, colons and brackets of JSON; send less at once")


async def _pieces(request: web.BaseRequest, limit: int) -> AsyncIterator[bytes]:
    """Yield the body in pieces as it arrives.

    Raises TooLarge beyond `limit` bytes, Disconnected, and MalformedBody if it does not match its head.
    """
    await proceed(request)
    size = 0
    try:
        async for piece in request.content.iter_any():
            size += len(piece)
            if size > limit:
                raise TooLarge(limit)
            yield piece
    except ConnectionError:
        raise Disconnected from None
    except RequestPayloadError as problem:
        raise MalformedBody(str(problem)) from None


async def proceed(request: web.BaseRequest) -> None:
    """Send 100 Continue to a client that waits for it."""
    if expects_continue(request):
        with suppress(ConnectionError):
            await request.writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        # aiohttp takes anything that was written for a part of the response.
        request.writer.output_size = 0


def respond(call: Call, reply: Reply, conventions: Conventions) -> web.Response:
    """Return the response of a reply, by the vendor's conventions."""
    return response_of(unless_fresh(call, encoded(reply, conventions), conventions))


def encoded(reply: Reply | EncodedReply, conventions: Conventions) -> EncodedReply:
    """Return the reply as it is sent, by the vendor's conventions."""
    if isinstance(reply, EncodedReply):
        return reply
    content, kind = reply.content, reply.content_type
    if reply.document is not NOTHING:
        content, kind = conventions.reading.write(reply.document), kind or conventions.json_content_type
    headers = CIMultiDict({**conventions.headers, **reply.headers})
    if kind:
        headers[hdrs.CONTENT_TYPE] = kind
    elif not content:
        headers.popall(hdrs.CONTENT_TYPE, None)
    if conventions.etag == "weak" and content:
        headers[hdrs.ETAG] = _weak_etag(content)
    return EncodedReply(reply.status, headers, content)


def unless_fresh(call: Call, reply: EncodedReply, conventions: Conventions) -> EncodedReply:
    """Return the reply, or a 304 if the vendor's framework compares ETags and the client's copy is current."""
    if conventions.etag != "weak" or not reply.content:
        return reply
    if call.method not in SAFE_METHODS or not 200 <= reply.status < 300 or not _is_fresh(call, reply):
        return reply
    headers = CIMultiDict(reply.headers)
    headers.pop(hdrs.CONTENT_TYPE, None)
    return EncodedReply(304, headers)


def response_of(reply: EncodedReply) -> web.Response:
    """Return the response that sends a reply."""
    return WholeResponse(reply)


def content_of(response: web.Response) -> bytes:
    """Return the body of the response of a reply."""
    return response.body if isinstance(response.body, bytes) else b""


def reply_of(response: web.Response) -> EncodedReply:
    """Return the reply that a response sends."""
    return EncodedReply(response.status, response.headers.copy(), content_of(response))


def problem_response(problem: Problem) -> web.Response:
    """Return the response of a problem."""
    reply = problem.reply()
    headers = {**reply.headers, hdrs.CONTENT_TYPE: reply.content_type}
    return web.Response(status=reply.status, body=write_json(reply.document), headers=headers)


def _weak_etag(content: bytes) -> str:
    """Return the ETag in Express's form: length in hex, SHA-1 in base64."""
    digest = b64encode(hashlib.sha1(content, usedforsecurity=False).digest()).decode()
    return f'W/"{len(content):x}-{digest[:27]}"'


def _is_fresh(call: Call, reply: EncodedReply) -> bool:
    """Return True if the client's cached copy is current, and it does not ask for a new one (Express 4, fresh 0.5)."""
    if NO_CACHE.search(call.headers.get(hdrs.CACHE_CONTROL, "")):
        return False
    candidates = {
        candidate.strip().removeprefix("W/") for candidate in call.headers.get(hdrs.IF_NONE_MATCH, "").split(",")
    }
    return "*" in candidates or reply.headers[hdrs.ETAG].removeprefix("W/") in candidates


def expects_continue(request: web.BaseRequest) -> bool:
    """Return True if the client waits for a 100 before it sends the body (RFC 9110, 10.1.1)."""
    expected = request.headers.get(hdrs.EXPECT, "").lower()
    return expected == "100-continue" and request.version >= HttpVersion11 and not request.content.is_eof()


def is_unsent(request: web.BaseRequest) -> bool:
    """Return True if nothing of the body has arrived because its client waits for a 100."""
    return expects_continue(request) and not request.content.total_bytes


def reset(transport: asyncio.WriteTransport) -> None:
    """Reset a TCP connection."""
    # Closing with a linger time of zero makes the system send a reset instead of an end.
    transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    transport.abort()


async def pause(seconds: float, stopping: asyncio.Event) -> None:
    """Wait, but at most until the emulator stops."""
    with suppress(TimeoutError):
        await asyncio.wait_for(stopping.wait(), seconds)
