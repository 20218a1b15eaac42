"""An answer that is sent as bytes is the answer that aiohttp would have sent."""

from __future__ import annotations

import re
import socket
from collections.abc import Iterator
from contextlib import closing

import pytest
from aiohttp import web
from hypothesis import given
from hypothesis import strategies as st
from multidict import CIMultiDict

from emulator.app import Catalogue
from emulator.sending import Sendable
from tests.control import Control, controlled

REQUESTS = [
    "GET /secoda/api/v1/integration/integrations?page_size=2 HTTP/1.1\r\nAuthorization: Bearer secoda-token",
    "HEAD /secoda/api/v1/integration/integrations?page_size=2 HTTP/1.1\r\nAuthorization: Bearer secoda-token",
    "GET /secoda/api/v1/integration/integrations?page_size=2 HTTP/1.0\r\nAuthorization: Bearer secoda-token",
    "GET /celigo/v1/integrations HTTP/1.1\r\nAuthorization: Bearer celigo-token\r\nConnection: close",
    "GET /celigo/v1/integrations HTTP/1.1\r\nAuthorization: Bearer celigo-token",
    "GET /immuta/dictionary/404 HTTP/1.1\r\nAuthorization: Bearer immuta-token",
    "DELETE /immuta/dictionary/1 HTTP/1.1\r\nAuthorization: Bearer immuta-token",
    "GET /secoda/api/v1/integration/integrations HTTP/1.1",
    "GET /_emulator/operations HTTP/1.1",
    "GET /_emulator/nothing HTTP/1.1",
    "DELETE /_emulator/faults HTTP/1.1",
]


@pytest.fixture
def control(catalogue: Catalogue) -> Iterator[Control]:
    with controlled(catalogue) as (_, control):
        yield control


def raw_answer(control: Control, request: str) -> bytes:
    """Return the bytes of an answer, dates left out; if the connection stays open, those of a second answer, too."""
    host, port = control.url.removeprefix("http://").split(":")
    with closing(socket.create_connection((host, int(port)), timeout=30)) as connection:
        last = "GET /_emulator/ready HTTP/1.1\r\nConnection: close"
        connection.sendall("".join(f"{one}\r\nHost: {host}\r\n\r\n" for one in (request, last)).encode())
        received = b"".join(iter(lambda: connection.recv(65536), b""))
    return re.sub(rb"\r\nDate: [^\r]*", b"\r\nDate: now", received)


@pytest.mark.parametrize("request_line", REQUESTS)
def test_the_bytes_are_those_of_aiohttp(control: Control, monkeypatch: pytest.MonkeyPatch, request_line: str) -> None:
    as_bytes = raw_answer(control, request_line)
    control.done("POST", "/reset")
    monkeypatch.setattr("emulator.wire.response_for", by_aiohttp)
    monkeypatch.setattr("emulator.recall.response_for", by_aiohttp)
    assert as_bytes == raw_answer(control, request_line)
    assert as_bytes.startswith(b"HTTP/1.")


def by_aiohttp(request: web.BaseRequest, status: int, headers: CIMultiDict[str], body: bytes) -> web.Response:
    return web.Response(status=status, headers=headers, body=body)


@given(st.text(st.sampled_from("a\r\n"), min_size=1))
def test_no_header_brings_another_one_in(value: str) -> None:
    headers = CIMultiDict({"Content-Type": "text/plain", "X-Name": value})
    if "\r" in value or "\n" in value:
        with pytest.raises(ValueError, match="line break"):
            Sendable(200, headers, b"body")
    else:
        Sendable(200, headers, b"body")


def test_what_aiohttp_decides_is_left_to_it(control: Control) -> None:
    """A fault may reply with headers of the connection itself."""
    reply = {"status": 503, "headers": {"Connection": "close", "Date": "Mon, 01 Jan 2024 00:00:00 GMT"}}
    control.done("POST", "/faults", json={"vendor": "celigo", "reply": reply})
    answer = raw_answer(control, REQUESTS[4]).partition(b"HTTP/1.1 200")[0]
    assert answer.count(b"\r\nDate: ") == answer.count(b"\r\nConnection: close") == 1
