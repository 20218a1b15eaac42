"""Connections below HTTP's rules: malformed requests, clients that end early, invalid hosts, slow heads.

What aiohttp does in these cases has changed from version to version: this is where that shows.
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
import socket
import ssl
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from aiohttp import web

from emulator.catalogue import Catalogue
from emulator.faults.rule import fault_of
from emulator.store.world import World
from emulator.transport.connection import HEAD_SECONDS, LONGEST_LINE, HttpServer
from emulator.transport.parser import LONGEST_METHOD
from emulator.transport.wire import MOST_VALUES, QUICK_BODY, SHORT
from emulator.vendors.secoda.collections import INTEGRATIONS
from tests.secure import LIST, LOOPS, Secure, secure

WAYS = ("http", "https", "tunnel")
HOST = b"Host: api.secoda.co\r\n"
KEY = b"Authorization: Bearer secoda-token\r\n"
TARGET = f"{LIST}?page_size=1".encode()
GET = b"GET " + TARGET + b" HTTP/1.1\r\n" + HOST + KEY
POST = b"POST " + TARGET + b" HTTP/1.1\r\n" + HOST + KEY + b"Content-Type: application/json\r\n"
LAST = b"Connection: close\r\n\r\n"
SECRET = b"hunter2-is-secret"


@pytest.fixture(scope="module")
def running(catalogue: Catalogue, tmp_path_factory: Any) -> Iterator[Secure]:
    with secure(catalogue, tmp_path_factory.mktemp("tls")) as started:
        yield started


@pytest.fixture
def server(running: Secure) -> Secure:
    running.server.run(running.emulator.reset)
    return running


@contextmanager
def connected(server: Secure, way: str = "http") -> Iterator[socket.socket]:
    """Connect as a client of Secoda does: to the port, to the one for https, or through the proxy."""
    address = urlsplit(server.tls_url if way == "https" else server.url)
    connection = socket.create_connection((address.hostname or "", address.port or 0), timeout=60)
    if way == "tunnel":
        connection.sendall(b"CONNECT api.secoda.co:443 HTTP/1.1\r\nHost: api.secoda.co:443\r\n\r\n")
        head = b""
        while not head.endswith(b"\r\n\r\n"):
            head += connection.recv(1)
    if way != "http":
        connection = server.trusting().wrap_socket(connection, server_hostname="api.secoda.co")
    with connection:
        yield connection


def received(connection: socket.socket) -> bytes:
    """Return all bytes until the connection ends, in whatever way."""
    found = b""
    try:
        while chunk := connection.recv(65536):
            found += chunk
    except (ConnectionError, ssl.SSLError):
        pass
    return found


def ask(server: Secure, request: bytes, way: str = "http") -> bytes:
    with connected(server, way) as connection:
        connection.sendall(request)
        return received(connection)


def statuses(answers: bytes) -> list[int]:
    """Return the statuses of all responses in what came."""
    return [int(part[2:5]) for part in answers.split(b"HTTP/1.")[1:]]


def journalled(server: Secure) -> list[int]:
    return [exchange.status for exchange in server.emulator.sandboxes.default.journal]


def eventually(condition: Callable[[], bool]) -> bool:
    end = time.monotonic() + 60
    while not condition() and time.monotonic() < end:
        time.sleep(0.002)
    return condition()


MALFORMED = {
    "words": b"hunter2-is-secret\r\n\r\n",
    "TLS": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03hunter2-is-secret\r\n\r\n",
    "HTTP/9": b"GET /hunter2-is-secret HTTP/9.9\r\nHost: x\r\n\r\n",
    "HTTP/2 preface": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "HTTP/2": b"GET /hunter2-is-secret HTTP/2.0\r\nHost: x\r\n\r\n",
    "HTTP/0.9": b"GET /hunter2-is-secret HTTP/0.9\r\nHost: x\r\n\r\n",
    "an endless method": b"HUNTER2" * 10 + b" /hunter2-is-secret HTTP/1.1\r\nHost: x\r\n\r\n",
    "method with a colon": b"GET: /hunter2-is-secret HTTP/1.1\r\nHost: x\r\n\r\n",
    "unknown method without a path": b"FOO hunter2-is-secret HTTP/1.1\r\nHost: x\r\n\r\n",
    "space in target": b"GET /hunter2-is-secret b HTTP/1.1\r\nHost: x\r\n\r\n",
    "bytes in target": b"GET /hunter2-is-secret\xff HTTP/1.1\r\nHost: x\r\n\r\n",
    "target without slash": b"GET hunter2-is-secret HTTP/1.1\r\nHost: x\r\n\r\n",
    "port without end": b"GET http://hunter2-is-secret:99999/ HTTP/1.1\r\nHost: x\r\n\r\n",
    "port of letters": b"GET http://hunter2-is-secret:x/ HTTP/1.1\r\nHost: x\r\n\r\n",
    "half an address": b"GET http://[::1/hunter2-is-secret HTTP/1.1\r\nHost: x\r\n\r\n",
    "no authority": b"GET http:///hunter2-is-secret HTTP/1.1\r\nHost: x\r\n\r\n",
    "no host": b"GET /hunter2-is-secret HTTP/1.1\r\n\r\n",
    "two hosts": b"GET / HTTP/1.1\r\nHost: hunter2-is-secret\r\nHost: y\r\n\r\n",
    "header without colon": GET + b"hunter2-is-secret\r\n\r\n",
    "header with a space": GET + b"hunter2-is-secret : x\r\n\r\n",
    "header of nothing": GET + b": hunter2-is-secret\r\n\r\n",
    "folded header": GET + b"X-A: b\r\n hunter2-is-secret\r\n\r\n",
    "NUL in a header": GET + b"X-A: hunter2-is-secret\x00\r\n\r\n",
    "bare carriage return": GET + b"Cookie: hunter2-is-secret\rX: y\r\n\r\n",
    "cookie, then nonsense": GET + b"Cookie: hunter2-is-secret\r\nnonsense\r\n\r\n",
    "two lengths": POST + b"Content-Length: 2\r\nContent-Length: 3\r\n\r\nhunter2-is-secret",
    "length of letters": POST + b"Content-Length: hunter2-is-secret\r\n\r\n",
    "negative length": POST + b"Content-Length: -1\r\n\r\nhunter2-is-secret",
    "signed length": POST + b"Content-Length: +2\r\n\r\nhunter2-is-secret",
    "length and chunks": POST + b"Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\nhunter2-is-secret",
    "chunks twice": POST + b"Transfer-Encoding: chunked, chunked\r\n\r\nhunter2-is-secret",
    "chunks not last": POST + b"Transfer-Encoding: chunked, hunter2-is-secret\r\n\r\n",
}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("name", MALFORMED)
def test_what_is_not_http_gets_a_clean_400_or_the_end_of_its_connection(
    server: Secure, name: str, way: str, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG):
        head, _, body = ask(server, MALFORMED[name], way).partition(b"\r\n\r\n")
        assert statuses(head) in ([], [400]), head
        if body:
            assert b"Content-Type: application/problem+json" in head
            assert json.loads(body)["status"] == 400
    logged = "".join(logging.Formatter().format(record) for record in caplog.records if record.name != "asyncio")
    assert "Traceback" not in logged
    assert "hunter2" not in logged.lower()
    assert SECRET not in head + body
    assert statuses(ask(server, GET + LAST, way)) == [200]


METHODS = (b"FOO", b"get", b"GETX", b"PROPFIND", b"X-Y.Z", b"M" * LONGEST_METHOD)
UNKNOWN_TARGETS = {
    b"/paradime/api/v1/x/graphql": 405,
    b"/secoda/integration/integrations": 405,
    b"/immuta/dataSource": 404,
    b"/celigo/v1/integrations": 404,
}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("target", UNKNOWN_TARGETS)
@pytest.mark.parametrize("method", METHODS)
def test_an_unknown_method_gets_the_vendors_reply_and_is_journalled(
    server: Secure, method: bytes, target: bytes, way: str
) -> None:
    head = b" " + target + b" HTTP/1.1\r\nHost: localhost\r\n"
    response = ask(server, method + head + b"Content-Length: 2\r\n\r\n{}" + method + head + LAST, way)
    assert statuses(response) == [UNKNOWN_TARGETS[target]] * 2
    assert b"problem+json" not in response
    exchanges = list(server.emulator.sandboxes.default.journal)
    assert [(one.call.method.encode(), one.status, one.operations) for one in exchanges] == [
        (method, UNKNOWN_TARGETS[target], ())
    ] * 2
    assert all(target.decode().endswith(one.call.path) for one in exchanges)


@pytest.mark.parametrize("method", [b"FOO", b"get"])
def test_a_method_sent_byte_by_byte_is_read_completely(server: Secure, method: bytes) -> None:
    request = b"\r\n" + method + b" " + TARGET + b" HTTP/1.1\r\n" + HOST
    with connected(server) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for byte in request + b"\r\n" + CHUNKED + b"1\r\n{\r\n0\r\n\r\n" + request + LAST:
            connection.sendall(bytes([byte]))
        assert statuses(received(connection)) == [405, 400, 405]
    exchanges = server.emulator.sandboxes.default.journal
    assert [one.call.method for one in exchanges] == [method.decode(), "POST", method.decode()]


class Wire(asyncio.Transport):
    """A transport that keeps what is written; `answered` is set once the body of a response is."""

    def __init__(self) -> None:
        super().__init__()
        self.written = b""
        self.answered = asyncio.Event()

    @property
    def body(self) -> bytes:
        return self.written.partition(b"\r\n\r\n")[2]

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self.written += data
        if self.body:
            self.answered.set()

    def is_closing(self) -> bool:
        return False

    def close(self) -> None:
        pass


@pytest.mark.parametrize("method", [b"FOO", b"get", b"GET"])
@pytest.mark.parametrize("before", [b"", b"\r\n", b"\r\n\r\n"])
def test_a_method_is_read_wherever_its_head_is_split(method: bytes, before: bytes) -> None:
    head = before + method + b" / HTTP/1.1\r\nHost: localhost\r\n\r\n"
    first = len(before + method) + 2

    async def name(request: web.BaseRequest) -> web.Response:
        return web.Response(text=request.method)

    async def answers() -> set[bytes]:
        return {await answer(start, end) for start in range(first) for end in range(start, first)}

    async def answer(start: int, end: int) -> bytes:
        wire, connection = Wire(), HttpServer(name)()
        connection.connection_made(wire)
        for piece in (head[:start], head[start:end], head[end:]):
            connection.data_received(piece)
        await wire.answered.wait()
        return wire.body

    assert asyncio.run(answers()) == {method}


def test_an_unknown_method_is_refused_by_the_control_api(server: Secure) -> None:
    response = ask(server, b"FOO /_emulator/health HTTP/1.1\r\nHost: localhost\r\n" + LAST)
    assert statuses(response) == [405]
    assert json.loads(response.partition(b"\r\n\r\n")[2])["detail"] == "/health takes GET, not FOO."
    assert not list(server.emulator.sandboxes.default.journal)


CHUNKED = POST + b"Transfer-Encoding: chunked\r\n\r\n"
BEFORE = {
    "a whole request": (GET + b"\r\n", b"hunter2-is-secret\r\n\r\n", [200, 400]),
    "a length in characters": (POST + b'Content-Length: 12\r\n\r\n{"name":"\xc3\xa9"', b"}", [400, 400]),
    "a length one too small": (POST + b'Content-Length: 12\r\n\r\n{"name":"x"}', b"\r\n}", [201, 400]),
    "another version behind": (GET + b"\r\n", GET.replace(b"/1.1", b"/2.0") + b"\r\n", [200, 400]),
    "many requests": ((GET + b"\r\n") * 40, b"hunter2-is-secret\r\n", [200] * 40 + [400]),
    "a chunk of letters": (CHUNKED, b"hunter2-is-secret\r\n", [400]),
    "a chunk too long": (CHUNKED, b"1\r\nhunter2-is-secret\r\n", [400]),
    "an endless chunk size": (CHUNKED, b"f" * 99 + b"\r\nhunter2-is-secret", [400]),
}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("at_once", [True, False])
@pytest.mark.parametrize("name", BEFORE)
def test_a_request_before_invalid_http_gets_its_reply_and_is_journalled_wherever_packets_end(
    server: Secure, name: str, way: str, at_once: bool
) -> None:
    request, junk, expected = BEFORE[name]
    calls = expected[:-1] or expected
    with connected(server, way) as connection:
        connection.sendall(request + (junk if at_once else b""))
        if not at_once:
            visits = server.emulator.sandboxes.default.in_flight
            assert eventually(lambda: len(journalled(server)) == len(calls) or bool(visits.count))
            connection.sendall(junk)
        assert statuses(received(connection)) == expected
    assert journalled(server) == calls


@pytest.mark.parametrize("way", WAYS)
def test_an_invalid_chunk_ends_the_call_that_waits_for_it(server: Secure, way: str) -> None:
    with connected(server, way) as connection:
        connection.sendall(POST + b"Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n")
        assert eventually(lambda: bool(server.emulator.sandboxes.default.in_flight.count))
        connection.sendall(b"zz\r\n")
        response = received(connection)
    assert statuses(response)[:1] == [400]
    assert b"JSON parse error - the body does not match its head" in response
    assert journalled(server) == [400]


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(
    "header", [b"X-A: " + b"a" * 20_000, b"\r\n".join(b"X-%d: a" % number for number in range(200))]
)
def test_a_head_beyond_the_limits_is_431(server: Secure, header: bytes, way: str) -> None:
    response = ask(server, GET + header + b"\r\n\r\n", way)
    assert statuses(response) == [431]
    assert json.loads(response.partition(b"\r\n\r\n")[2])["title"] == "Request Header Fields Too Large"


def test_a_head_of_15_kb_is_read(server: Secure) -> None:
    assert statuses(ask(server, GET + b"X-A: " + b"a" * 15_000 + b"\r\n" + LAST)) == [200]


def test_the_documentation_has_the_limits() -> None:
    text = (Path(__file__).parent.parent / "docs" / "reference" / "http.md").read_text()
    for limit in (
        f"longer than {LONGEST_METHOD}\n",
        f"one header | {LONGEST_LINE // 1024} KiB |",
        f"first byte on | {HEAD_SECONDS:.0f} seconds |",
        f"opening brackets | {MOST_VALUES:,} |",
        f"takes none | {SHORT // 1024} KiB |",
        f"longer than {QUICK_BODY // 1024} KiB is parsed",
    ):
        assert limit in text


@pytest.mark.parametrize("host", [b"a..b", b"a" * 64 + b".com", b"xn--zz", b"xn--", b"api.secoda.co", b"[::1]:80"])
@pytest.mark.parametrize("path", [TARGET, b"/nothing", b"", b"?x=1"])
def test_an_absolute_target_gets_a_reply_whatever_its_host(server: Secure, host: bytes, path: bytes) -> None:
    where = b"/secoda" if path == TARGET and host != b"api.secoda.co" else b""
    request = GET.replace(b" " + TARGET + b" ", b" http://" + host + where + path + b" ")
    assert statuses(ask(server, request + LAST)) == [200 if path == TARGET else 404]
    if path == TARGET:
        assert server.called() == [f"http://{(host + where).decode()}{TARGET.decode()}"]


@pytest.mark.parametrize("host", [b"a..b", b"a" * 64 + b".com", b"xn--zz", b"xn--.com", b"x"])
def test_connect_to_an_invalid_name_is_refused(server: Secure, host: bytes) -> None:
    assert statuses(ask(server, b"CONNECT " + host + b":443 HTTP/1.1\r\nHost: x\r\n\r\n")) == [403]


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("host", [b"caf\xe9.x", b"a b", b"a@b", b"[::", b"", b"x:y", b"<x>"])
def test_a_host_that_no_link_can_hold_is_400_and_journalled(server: Secure, host: bytes, way: str) -> None:
    request = GET.replace(b" /", b" /secoda/").replace(b"api.secoda.co", host)
    response = ask(server, request + LAST, way)
    assert statuses(response) == [400]
    detail = json.loads(response.partition(b"\r\n\r\n")[2])["detail"]
    assert detail.startswith("The host ")
    (exchange,) = server.emulator.sandboxes.default.journal
    assert (exchange.status, exchange.operations, exchange.near_misses) == (400, ("listIntegrations",), ())
    assert [(one.place, one.pointer, one.sentence) for one in exchange.violations] == [("header", "/host", detail)]


@pytest.mark.parametrize(
    ("header", "status"),
    [
        (b"Content-Type: text/\xe9", 200),
        (b"X-Emulator-Sandbox: \xe9", 404),
        (b"Proxy-Authorization: Basic \xff\xff", 200),
        (b"Proxy-Authorization: Basic !", 200),
        (b"Proxy-Authorization: Basic /w==", 200),
        (b"Accept: \xff", 200),
        (b"X-\xc3\xa9: x", 400),
    ],
)
@pytest.mark.parametrize("way", WAYS)
def test_a_header_that_is_not_ascii_is_not_an_internal_error(
    server: Secure, header: bytes, status: int, way: str
) -> None:
    assert statuses(ask(server, GET + header + b"\r\n" + LAST, way)) == [status]


@pytest.mark.parametrize("header", [b"Content-Type: text/\xe9", b"X-Emulator-Sandbox: \xe9", b"Origin: \xe9"])
def test_a_header_that_is_not_ascii_is_not_an_internal_error_of_the_control_api(server: Secure, header: bytes) -> None:
    request = b"POST /_emulator/faults HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\n" + header + b"\r\n" + LAST
    response = ask(server, request + b"{}")
    assert statuses(response)[0] in (403, 404, 415)
    assert json.loads(response.partition(b"\r\n\r\n")[2])["status"] == statuses(response)[0]


ODD = (b"", b"\xe9", b"\xff\xfe", b"caf\xc3\xa9", b"a" * 3000, b"-1", b"{}", b'"', b'a,b;c="d', b"*/*", b"%s%n", b"\t")
NAMES = (
    b"Accept",
    b"Accept-Encoding",
    b"Access-Control-Request-Method",
    b"Authorization",
    b"Cache-Control",
    b"Content-Type",
    b"Cookie",
    b"Expect",
    b"Forwarded",
    b"If-Modified-Since",
    b"If-None-Match",
    b"Last-Event-ID",
    b"Origin",
    b"Prefer",
    b"Proxy-Authorization",
    b"Range",
    b"TE",
    b"Upgrade",
    b"X-API-KEY",
    b"X-Forwarded-Host",
    b"X-Emulator-Scenario",
)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("method", [b"GET", b"POST", b"PATCH", b"OPTIONS", b"TRACE"])
def test_every_call_gets_the_vendors_reply_and_is_journalled_whatever_its_headers(
    server: Secure, name: bytes, method: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    expected = []
    for value in ODD:
        request = GET.replace(b"GET", method).replace(KEY, b"") + name + b": " + value
        response = ask(server, request + b"\r\nContent-Length: 2\r\n" + LAST + b"{}")
        expected += statuses(response)
        assert b"text/plain" not in response.partition(b"\r\n\r\n")[0]
    assert len(expected) == len(ODD)
    assert journalled(server) == expected
    assert caplog.records == []


def test_http_1_0_without_a_host_uses_the_servers_address(server: Secure) -> None:
    response = ask(server, b"GET /secoda" + TARGET + b" HTTP/1.0\r\n" + KEY + b"\r\n")
    assert statuses(response) == [200]
    assert json.loads(response.partition(b"\r\n\r\n")[2])["links"]["next"].startswith(f"{server.url}/secoda/")


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("at_once", [True, False])
@pytest.mark.parametrize("protocol", [b"h2c", b"websocket", b"x"])
def test_a_request_after_one_that_offers_another_protocol_gets_its_reply(
    server: Secure, protocol: bytes, way: str, at_once: bool
) -> None:
    offer = b"Connection: Upgrade, HTTP2-Settings\r\nHTTP2-Settings: AAMAAABk\r\nUpgrade: " + protocol + b"\r\n\r\n"
    with connected(server, way) as connection:
        connection.sendall(GET + offer + (GET + LAST if at_once else b""))
        if not at_once:
            assert eventually(lambda: journalled(server) == [200])
            connection.sendall(GET + LAST)
        assert statuses(received(connection)) == [200, 200]


OFFER = b"Connection: Upgrade, HTTP2-Settings\r\nHTTP2-Settings: AAMAAABk\r\nUpgrade: %b\r\n"
ONE, TWO = b'Content-Length: 14\r\n\r\n{"name":"one"}', b'Content-Length: 14\r\n\r\n{"name":"two"}'
IN_CHUNKS = b'Transfer-Encoding: chunked\r\n\r\n4\r\n\r\n\r\n\r\nE\r\n{"name":"one"}\r\n0\r\n\r\n'
LONG = b'Content-Length: 900014\r\n\r\n{"name":"one"}' + b" " * 900_000


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("size", [2, 99, 1_000_000])
@pytest.mark.parametrize("protocol", [b"h2c", b"websocket", b"x"])
@pytest.mark.parametrize("body", [ONE, IN_CHUNKS, LONG])
def test_every_request_around_one_that_offers_another_protocol_gets_its_reply(
    server: Secure, body: bytes, protocol: bytes, size: int, way: str
) -> None:
    offering = POST + OFFER % protocol
    requests = POST + ONE + offering + body + POST + TWO + offering + TWO + GET + LAST
    with connected(server, way) as connection:
        for start in range(0, min(len(requests), 3000), size):
            connection.sendall(requests[start : min(start + size, 3000)])
        connection.sendall(requests[3000:])
        assert statuses(received(connection)) == [201, 201, 201, 201, 200]
    assert journalled(server) == [201, 201, 201, 201, 200]


@pytest.mark.parametrize("times", [31, 32, 33, 70])
def test_a_request_after_many_waiting_ones_gets_its_reply(server: Secure, times: int) -> None:
    offering = POST + OFFER % b"h2c" + ONE
    with connected(server) as connection:
        connection.sendall(offering * times + POST + TWO + GET + LAST)
        assert statuses(received(connection)) == [201] * (times + 1) + [200]


@pytest.mark.parametrize("times", [1, 3, 40])
def test_a_client_that_closes_its_sending_side_gets_its_responses(server: Secure, times: int) -> None:
    with connected(server) as connection:
        connection.sendall((GET + b"\r\n") * times)
        connection.shutdown(socket.SHUT_WR)
        assert statuses(received(connection)) == [200] * times


def test_a_client_that_ends_its_side_between_requests_gets_the_end(server: Secure) -> None:
    with connected(server) as connection:
        connection.sendall(GET + b"\r\n")
        assert eventually(lambda: journalled(server) == [200])
        connection.shutdown(socket.SHUT_WR)
        assert statuses(received(connection)) == [200]


@pytest.mark.parametrize("path", ["journal", "journal.har", "state/secoda.integrations"])
def test_such_a_client_gets_what_is_sent_in_pieces_too(server: Secure, path: str) -> None:
    with connected(server) as connection:
        connection.sendall(f"GET /_emulator/{path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
        connection.shutdown(socket.SHUT_WR)
        response = received(connection)
    assert (statuses(response), response[-5:]) == ([200], b"0\r\n\r\n") or response.endswith(b"}")


def test_a_stream_without_an_end_ends_with_its_client(server: Secure) -> None:
    with connected(server) as connection:
        connection.sendall(b"GET /_emulator/events HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert connection.recv(15) == b"HTTP/1.1 200 OK"
        connection.shutdown(socket.SHUT_WR)
        received(connection)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(("connection", "sent"), [("truncate", 12), ("drip", None)])
def test_a_body_is_cut_and_slowed_however_a_client_comes(
    server: Secure, way: str, connection: str, sent: int | None
) -> None:
    details = {"truncate": {"after_bytes": 12}, "drip": {"bytes_per_second": 1_000_000}}
    fault = {"vendor": "secoda", "connection": {connection: details[connection]}, "when": {"nth": 2}}
    server.emulator.sandboxes.default.faults.add(fault_of(fault, "fault-1"))
    whole, broken = (ask(server, GET + LAST, way).partition(b"\r\n\r\n")[2] for _ in "ab")
    assert broken == whole[:sent]


@pytest.mark.parametrize(
    "fault",
    [
        {"delay": {"fixed": 3600}},
        {"delay": {"fixed": 3600}, "commit": "after", "reply": {"status": 500}},
        {"connection": "drip"},
    ],
)
@pytest.mark.parametrize("loop", LOOPS)
def test_a_delayed_call_gets_its_reply_at_once_when_the_server_stops(
    catalogue: Catalogue, tmp_path: Path, loop: str, fault: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("emulator.transport.breaking.DRIP_SECONDS", 3600)
    with secure(catalogue, tmp_path, loop) as server, ExitStack() as connections:
        server.emulator.sandboxes.default.faults.add(fault_of({"vendor": "secoda", **fault}, "fault-1"))
        held = {way: connections.enter_context(connected(server, way)) for way in WAYS}
        for connection in held.values():
            connection.sendall(GET + LAST)
        assert eventually(lambda: server.emulator.sandboxes.default.in_flight.count == len(WAYS))
        server.server.run(lambda: asyncio.wait_for(server.server.server.stop(), 60))
        expected = fault.get("reply", {"status": 200})["status"]
        assert {way: statuses(received(one)) for way, one in held.items()} == {way: [expected] for way in WAYS}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("begun", [b"G", b"GET / HTTP/1.1\r\n", GET])
def test_a_head_that_does_not_end_does_not_stay(
    server: Secure, begun: bytes, way: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("emulator.transport.connection.HEAD_SECONDS", 0.01)
    with connected(server, way) as connection:
        connection.sendall(begun)
        assert statuses(received(connection)) == [408]


def test_a_head_that_begins_behind_a_request_does_not_stay_either(
    server: Secure, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("emulator.transport.connection.HEAD_SECONDS", 0.01)
    with connected(server) as connection:
        connection.sendall(GET + b"\r\n")
        assert connection.recv(15) == b"HTTP/1.1 200 OK"
        connection.sendall(GET)
        assert statuses(b"HTTP/1.1 200" + received(connection)) == [200, 408]


def test_a_connection_without_a_request_stays(server: Secure, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("emulator.transport.connection.HEAD_SECONDS", 0.0)
    with connected(server) as connection:
        for calls in (1, 3):
            connection.sendall(GET + b"\r\n")
            assert eventually(lambda calls=calls: len(journalled(server)) == calls)  # type: ignore[misc]
            assert statuses(ask(server, GET + LAST)) == [200]
        connection.sendall(GET + LAST)
        assert statuses(received(connection)) == [200, 200, 200]


def ends_by_reset(connection: socket.socket) -> bool:
    """Return True if TCP resets the connection: below TLS, which takes a reset for an end."""
    connection.setblocking(True)
    try:
        while os.read(connection.fileno(), 4096):
            pass
    except ConnectionResetError:
        return True
    return False


def break_by(server: Secure, how: str, sandbox: str = "default") -> None:
    found = server.emulator.sandboxes.get(sandbox)
    assert found is not None
    found.faults.add(fault_of({"vendor": "secoda", "connection": how}, "fault-1"))


@pytest.mark.parametrize("way", WAYS)
def test_the_fault_reset_resets_the_clients_connection(server: Secure, way: str) -> None:
    break_by(server, "reset")
    with connected(server, way) as connection:
        connection.sendall(GET + b"\r\n")
        assert ends_by_reset(connection)


@pytest.mark.parametrize("way", WAYS)
def test_the_fault_close_ends_it_politely(server: Secure, way: str) -> None:
    break_by(server, "close")
    with connected(server, way) as connection:
        connection.sendall(GET + b"\r\n")
        assert connection.recv(1) == b""


def test_a_reader_that_does_not_read_costs_one_buffer(server: Secure) -> None:
    page = "/secoda" + LIST + "?page_size=100"
    server.server.run(partial(_fill, server, 100, "x" * 2000))
    request = f"GET {page} HTTP/1.1\r\nHost: x\r\n".encode() + KEY + b"\r\n"
    with connected(server) as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        connection.sendall(request * 200)
        assert eventually(lambda: journalled(server) != [])
        before = -1
        while len(journalled(server)) > before:
            before = len(journalled(server))
            for _ in range(300):
                server.server.run(_round)
        assert 0 < before < 60
        assert statuses(ask(server, GET + LAST)) == [200]


async def _round() -> None:
    """Let the event loop turn once."""


async def _fill(server: Secure, count: int, name: str) -> None:
    def fill(world: World) -> None:
        integrations = world[INTEGRATIONS]
        one = integrations.all()[0]
        ids = [f"{number:08}-0000-4000-8000-000000000000" for number in range(count)]
        integrations.insert_many({**one, "id": id, "name": name} for id in ids)

    await server.emulator.sandboxes.default.run("secoda", fill)


async def test_request_that_ends_as_the_stop_gives_up_logs_no_error(caplog: pytest.LogCaptureFixture) -> None:
    called = asyncio.Event()

    async def end_with_the_wait(request: web.BaseRequest) -> web.StreamResponse:
        called.set()
        while (waiter := request.protocol._handler_waiter) is None or not waiter.cancelled():  # noqa: ASYNC110
            await asyncio.sleep(0)
        return web.Response()

    runner = web.ServerRunner(HttpServer(end_with_the_wait), shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    _, writer = await asyncio.open_connection(*runner.addresses[0])
    writer.write(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
    await called.wait()
    with caplog.at_level(logging.DEBUG, logger="emulator"):
        await runner.cleanup()
    writer.close()
    assert [(record.levelname, record.getMessage()) for record in caplog.records if record.name == "emulator"] == [
        ("DEBUG", "a request ended as the stop gave up waiting for it")
    ]
