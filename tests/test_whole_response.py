"""The emulator's own response sends what aiohttp's sends, and keeps its promises to slow clients."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from itertools import product

import pytest
from aiohttp import web
from multidict import CIMultiDict

from emulator.exchange import EncodedReply
from emulator.transport.connection import HttpServer
from emulator.transport.whole_response import WholeResponse

DATE = re.compile(rb"Date: [^\r]+")
REQUESTS = [
    f"{method} / HTTP/{version}\r\nHost: x\r\n{connection}\r\n".encode()
    for method, version, connection in product(
        ("GET", "HEAD", "POST", "BREW"), ("1.0", "1.1"), ("", "Connection: close\r\n", "Connection: keep-alive\r\n")
    )
]
HEADERS: list[list[tuple[str, str]]] = [
    [],
    [("Content-Type", "text/plain"), ("Set-Cookie", "a=1"), ("Set-Cookie", "b=2"), ("X-É", "é")],
    [("Content-Length", "2")],
    [("Date", "Mon, 06 May 2024 07:08:09 GMT"), ("Server", "nginx"), ("Connection", "close")],
    [("Transfer-Encoding", "chunked")],
]


async def sent(
    kind: Callable[[int, CIMultiDict[str], bytes], web.Response],
    request: bytes,
    status: int,
    body: bytes,
    headers: list[tuple[str, str]],
) -> bytes:
    """Return all bytes that a server sends for a request, sent twice, and whether it closes the connection."""

    async def respond(_: web.BaseRequest) -> web.StreamResponse:
        return kind(status, CIMultiDict(headers), body)

    return await answered(respond, request * 2)


async def answered(respond: object, request: bytes) -> bytes:
    server = await asyncio.get_running_loop().create_server(HttpServer(respond), "127.0.0.1", 0)  # type: ignore[arg-type]
    async with server:
        reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
        writer.write(request)
        writer.write_eof()
        answer = await reader.read()
        writer.close()
    return DATE.sub(b"Date: -", answer)


def of_aiohttp(status: int, headers: CIMultiDict[str], body: bytes) -> web.Response:
    return web.Response(status=status, headers=headers, body=body)


def of_ours(status: int, headers: CIMultiDict[str], body: bytes) -> web.Response:
    return WholeResponse(EncodedReply(status, headers, body))


@pytest.mark.parametrize("request_", REQUESTS)
async def test_it_sends_what_aiohttp_sends(request_: bytes) -> None:
    for status, body, headers in product((200, 201, 204, 304, 404, 503, 599), (b"", b"{}"), HEADERS):
        seen = [await sent(kind, request_, status, body, headers) for kind in (of_aiohttp, of_ours)]
        assert seen[0] == seen[1], (status, body, headers)


async def test_a_client_that_reads_slowly_holds_it_up() -> None:
    done = asyncio.Event()
    body = b"x" * 20_000_000

    async def respond(request: web.BaseRequest) -> web.StreamResponse:
        response = WholeResponse(EncodedReply(200, CIMultiDict({"Content-Type": "text/plain"}), body))
        await response.prepare(request)
        await response.write_eof()
        done.set()
        return response

    server = await asyncio.get_running_loop().create_server(HttpServer(respond), "127.0.0.1", 0)
    async with server:
        reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname(), limit=1024)
        writer.write(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        assert (await reader.readline()).startswith(b"HTTP/1.1 200")
        assert not done.is_set()
        await reader.readuntil(b"\r\n\r\n")
        assert await reader.readexactly(len(body)) == body
        await done.wait()
        writer.close()
