"""Whatever a call contains, its exchange can be read: as JSON, as HAR, as an event, and as a line of the access log."""

from __future__ import annotations

import json
import socket
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest

from emulator.journal.entry import Exchange
from emulator.server.access_log import coloured_line, json_line, text_line
from tests.conftest import EmulatorUnderTest
from tests.test_console_log import NOON

PATH = b"/secoda/api/v1/integration/integrations"
JSON = b"Content-Type: application/json\r\n"
PART = b'--b\r\nContent-Disposition: form-data; name="manifest_file"; filename="%s"\r\n\r\n{}\r\n--b--\r\n'
MULTIPART = b"Content-Type: multipart/form-data; boundary=b\r\n"
UPLOAD = b"/secoda/api/v1/integration/dbt/manifest/"

CALLS = {
    "lone surrogate": (PATH, JSON, b'{"name": "a\\ud800", "\\udc00": "\\udfff\\ud800"}'),
    "lone surrogate beside a credential": (PATH, JSON, b'{"name": "a\\ud800", "token": "x\\ud800"}'),
    "no UTF-8": (PATH, JSON, b'{"name": "caf\xe9"}'),
    "no UTF-8 beside a credential": (PATH, JSON, b'{"name": "caf\xe9", "token": "\xff"}'),
    "surrogate in UTF-8": (PATH, JSON, b'{"name": "\xed\xa0\x80"}'),
    "NUL": (PATH, JSON, b'{"name": "a\0b"}'),
    "escaped NUL": (PATH, JSON, b'{"name": "a\\u0000b", "token": "a\\u0000b"}'),
    "a line of 1 MB": (PATH, JSON, b'{"name": "' + b"x" * 1024**2 + b'"}'),
    "control characters": (PATH, JSON, b'{"name": "\x1b[31m\x07\r\n\xe2\x80\xa8"}'),
    "bytes in headers": (PATH, b"X-Note: caf\xe9 \xff\r\nAuthorization: Bearer \xe9\r\n", b""),
    "bytes in the content type": (PATH, b"Content-Type: text/\xe9\r\n", b"x"),
    "bytes in the query": (PATH + b"?q=%ff%00%ed%a0%80&%ff=1&token=%ff", b"", b""),
    "bytes in the path": (b"/secoda/%ff%00%ed%a0%80/token/%ff%0a%1b%5b", b"", b""),
    "bytes in the name of a file": (UPLOAD, MULTIPART, PART % b"caf\xe9.json"),
    "deep JSON": (PATH, JSON, b'{"token":' * 900 + b"1" + b"}" * 900),
    "deep arrays": (PATH, JSON, b"[" * 20_000),
    "numbers": (PATH, JSON, b'{"name": 1e999, "token": NaN, "x": ' + b"9" * 5000 + b"}"),
    "numbers beside a credential": (PATH, JSON, b'{"token": 1, "x": 1e999, "y": ' + b"9" * 4000 + b"}"),
    "keys twice": (PATH, JSON, b'{"token": "a", "token": "b", "name": "x"}'),
    "a form": (PATH, b"Content-Type: application/x-www-form-urlencoded\r\n", b"name=%ff%ed%a0%80&token=%ff&=&&a"),
}


@pytest.mark.parametrize("name", CALLS)
def test_an_exchange_can_be_read_whatever_was_in_it(
    emulator: EmulatorUnderTest, lines: list[Exchange], name: str
) -> None:
    assert send(emulator.root, *CALLS[name]).startswith(b"HTTP/1.1 ")
    (exchange,) = emulator.exchanges()
    with httpx.Client(base_url=f"{emulator.root}/_emulator", timeout=60) as client:
        (listed,) = client.get("/journal").raise_for_status().json()["exchanges"]
        assert listed == client.get("/journal/1").raise_for_status().json()
        (entry,) = client.get("/journal.har").raise_for_status().json()["log"]["entries"]
        assert entry["_id"] == 1
        assert first_event(client) == listed
    assert lines == [exchange]
    for line in (text_line(exchange, NOON), coloured_line(exchange, NOON)):
        assert "\n" not in line.encode().decode()
    assert json.loads(json_line(exchange, NOON))["call"] == 1


def first_event(client: httpx.Client) -> Any:
    with client.stream("GET", "/events?since=0") as response:
        return next(json.loads(line[6:]) for line in response.iter_lines() if line.startswith("data: "))


def send(root: str, path: bytes, headers: bytes, body: bytes) -> bytes:
    address = urlsplit(root)
    with socket.create_connection((address.hostname or "", address.port or 0), 60) as connection:
        credential = b"" if b"Authorization" in headers else b"Authorization: Bearer secoda-token\r\n"
        length = b"Content-Length: %d\r\nConnection: close\r\n\r\n" % len(body)
        head = b"POST " + path + b" HTTP/1.1\r\nHost: x\r\n" + credential + headers + length
        connection.sendall(head + body)
        response = b""
        while received := connection.recv(65536):
            response += received
        return response
