"""Between HTTP and the pipeline: an aiohttp request becomes a Call, a Reply an aiohttp response."""

from __future__ import annotations

import asyncio
import hashlib
import re
import socket
import struct
from base64 import b64encode
from collections.abc import AsyncIterator, Mapping
from contextlib import ExitStack, suppress
from typing import Any, cast

from aiohttp import hdrs, web
from multidict import CIMultiDict, MultiDictProxy

from emulator.contract.openapi import Conventions
from emulator.contract.operation import SAFE_METHODS
from emulator.contract.reading import MULTIPART
from emulator.exchange import NOTHING, Call, Reply
from emulator.json_text import write_json
from emulator.parts import read_parts

SHORT = 64 * 1024
"""A JSON body of up to so many bytes is read even if no operation takes it: the journal shows it."""

NO_CACHE = re.compile(r"(?:^|,)\s*no-cache\s*(?:,|$)")

DRIPS = 20
DRIP_SECONDS = 0.1
"""A dripping body comes in about so many pieces, with so many seconds between two of them."""


class TooLarge(Exception):
    """The body is larger than the limit."""


def new_call(request: web.BaseRequest, path: str, base_url: str, params: Mapping[str, Any]) -> Call:
    """Return the call without its body; `base_url` is what stands before `path`."""
    return Call(
        method=request.method,
        path=path,
        base_url=base_url,
        query=cast("MultiDictProxy[str]", request.query),
        headers=request.headers,
        params=dict(params),
    )


def has_short_body(request: web.BaseRequest, limit: int) -> bool:
    """Return True for a small JSON body that comes as it is."""
    length, headers = request.content_length, request.headers
    is_small = length is not None and 0 < length <= min(SHORT, limit) and hdrs.CONTENT_ENCODING not in headers
    return is_small and "json" in headers.get(hdrs.CONTENT_TYPE, "")


async def read_short(request: web.BaseRequest) -> bytes:
    """Return the whole of a body that is known to be short."""
    return _read_at_once(request) or await request.read()


def _read_at_once(request: web.BaseRequest) -> bytes:
    """Return a body that has come with its head, and is not compressed; nothing if it has not."""
    content = request.content
    return content.read_nowait() if content.is_eof() and content.total_bytes == request.content_length else b""


async def read_body(request: web.BaseRequest, call: Call, multipart: bool, limit: int, files: ExitStack) -> None:
    """Read the request's body into the call: whole, or part by part to temporary files.

    Raises TooLarge beyond `limit` bytes, MalformedBody for a multipart body that is none. What is
    opened is closed with `files`.
    """
    if request.content_length is not None and request.content_length > limit:
        raise TooLarge
    if multipart and call.content_type == MULTIPART:
        call.parts = await read_parts(call.headers[hdrs.CONTENT_TYPE], _pieces(request, limit), files)
    else:
        call.body = await _read_whole(request, limit)


async def _read_whole(request: web.BaseRequest, limit: int) -> bytes:
    at_once = _read_at_once(request)
    if at_once:
        return at_once
    body = bytearray()
    async for piece in _pieces(request, limit):
        body += piece
    return bytes(body)


async def _pieces(request: web.BaseRequest, limit: int) -> AsyncIterator[bytes]:
    """Yield the body as it comes. Raises TooLarge beyond `limit` bytes."""
    size = 0
    async for piece in request.content.iter_any():
        size += len(piece)
        if size > limit:
            raise TooLarge
        yield piece


def respond(call: Call, reply: Reply, conventions: Conventions) -> web.Response:
    """Return the response that carries the reply, as the vendor's conventions have it."""
    content, kind = reply.content, reply.content_type
    if reply.document is not NOTHING:
        content = write_json(reply.document)
        kind = kind or conventions.json_content_type
    headers = CIMultiDict({**conventions.headers, **reply.headers})
    if kind:
        headers[hdrs.CONTENT_TYPE] = kind
    if conventions.etag == "weak" and content:
        headers[hdrs.ETAG] = _weak_etag(content)
        if call.method in SAFE_METHODS and 200 <= reply.status < 300 and _is_fresh(call, headers[hdrs.ETAG]):
            headers.pop(hdrs.CONTENT_TYPE, None)
            return web.Response(status=304, headers=headers)
    response = web.Response(status=reply.status, headers=headers, body=content)
    if not content and not kind:
        # aiohttp would say application/octet-stream of a body that is not there.
        response.headers.popall(hdrs.CONTENT_TYPE, None)
    return response


def _weak_etag(content: bytes) -> str:
    """Return the ETag in the form that Express gives it: length in hex, SHA-1 in base64."""
    digest = b64encode(hashlib.sha1(content, usedforsecurity=False).digest()).decode()
    return f'W/"{len(content):x}-{digest[:27]}"'


def _is_fresh(call: Call, etag: str) -> bool:
    """Return True if the client has what it asks for, and does not ask for it all the same (Express 4, fresh 0.5)."""
    if NO_CACHE.search(call.headers.get(hdrs.CACHE_CONTROL, "")):
        return False
    candidates = {
        candidate.strip().removeprefix("W/") for candidate in call.headers.get(hdrs.IF_NONE_MATCH, "").split(",")
    }
    return "*" in candidates or etag.removeprefix("W/") in candidates


def break_off(request: web.BaseRequest, connection: str) -> web.Response:
    """End the connection without an answer: "reset" as TCP does, "close" politely."""
    transport = request.transport
    if transport is not None and connection == "reset":
        # Closing with a linger time of zero makes the system send a reset instead of an end.
        transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        transport.abort()
    elif transport is not None:
        transport.close()
    return web.Response()


async def send_brokenly(request: web.BaseRequest, response: web.Response, connection: str) -> web.StreamResponse:
    """Send a response so that its body ends in the middle ("truncate") or comes in small pieces ("drip").

    One without a body goes out as it is.
    """
    content = response.body if isinstance(response.body, bytes) else b""
    if not content or request.method == "HEAD":
        return response
    stream = web.StreamResponse(status=response.status, headers=response.headers)
    stream.content_length = len(content)
    with suppress(ConnectionError):  # the client may leave while it drips
        await stream.prepare(request)
        if connection == "truncate":
            await stream.write(content[: len(content) // 2])
            break_off(request, "close")
            return stream
        piece = max(1, len(content) // DRIPS)
        for start in range(0, len(content), piece):
            await stream.write(content[start : start + piece])
            await asyncio.sleep(DRIP_SECONDS)
        await stream.write_eof()
    return stream
