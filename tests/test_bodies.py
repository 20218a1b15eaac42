"""How bodies come: after a 100, compressed, or not to the end."""

from __future__ import annotations

import gzip
import json
import logging
import re
import socket
import subprocess
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from emulator.catalogue import Catalogue
from tests.secure import Secure, secure
from tests.test_connection import KEY, POST, WAYS, connected, eventually, journalled, received, statuses

EXPECT = b"Expect: 100-continue\r\n"
CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
IMPORT = b"/api/v1/integration/integrations/740904fe-e87d-44f8-8a91-b13631ff2812/import_metadata"

CELIGO = (b"/celigo/v1/integrations", b"Authorization: Bearer celigo-token")
IMMUTA = (b"/immuta/dictionary/1", b"Authorization: Bearer immuta-token")
SECODA = (b"/secoda/integration/integrations", b"Authorization: Bearer secoda-token")
PARADIME = (b"/paradime/graphql", b"X-API-KEY: paradime-key\r\nX-API-SECRET: paradime-secret")
CONTROL = (b"/_emulator/faults", b"X: y")
ALL = {"celigo": CELIGO, "immuta": IMMUTA, "secoda": SECODA, "paradime": PARADIME, "control": CONTROL}


@pytest.fixture(scope="module")
def running(catalogue: Catalogue, tmp_path_factory: Any) -> Iterator[Secure]:
    with secure(catalogue, tmp_path_factory.mktemp("tls"), max_json="64k", max_body="4m") as started:
        yield started


@pytest.fixture
def server(running: Secure) -> Secure:
    running.server.run(running.emulator.reset)
    return running


def head(to: str, *more: bytes, length: int | None, kind: bytes = b"application/json") -> bytes:
    path, key = ALL[to]
    size = b"Transfer-Encoding: chunked" if length is None else b"Content-Length: %d" % length
    lines = [b"POST " + path + b" HTTP/1.1", b"Host: localhost", key, b"Content-Type: " + kind, size, *more]
    return b"\r\n".join(lines) + b"\r\n\r\n"


def until(connection: socket.socket, end: bytes) -> bytes:
    found = b""
    while not found.endswith(end):
        chunk = connection.recv(1)
        assert chunk, found
        found += chunk
    return found


# 100-continue (RFC 9110, 10.1.1)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("expect", [b"100-continue", b"100-Continue"])
def test_a_client_that_waits_for_a_100_gets_it_and_then_its_reply(server: Secure, way: str, expect: bytes) -> None:
    with connected(server, way) as connection:
        for _ in range(2):
            connection.sendall(POST + b"Expect: " + expect + b"\r\nContent-Length: 12\r\n\r\n")
            assert until(connection, b"\r\n\r\n") == CONTINUE
            connection.sendall(b'{"name":"x"}')
            response = until(connection, b"\r\n\r\n")
            assert response.startswith(b"HTTP/1.1 201 ")
            for _ in range(int(re.findall(rb"Content-Length: (\d+)", response)[0])):
                connection.recv(1)
    assert journalled(server) == [201, 201]


@pytest.mark.parametrize("to", ALL)
@pytest.mark.parametrize("length", [2, None])
def test_every_api_sends_it(server: Secure, to: str, length: int | None) -> None:
    with connected(server) as connection:
        connection.sendall(head(to, b"Expect: 100-continue", b"Connection: close", length=length))
        assert until(connection, b"\r\n\r\n") == CONTINUE
        connection.sendall(b"{}" if length else b"2\r\n{}\r\n0\r\n\r\n")
        assert received(connection).startswith(b"HTTP/1.1 ")


def answer_to_head(server: Secure, way: str, request_line: bytes, headers: bytes) -> bytes:
    """Send the head of a request whose client waits before it sends the body, and return the answer."""
    with connected(server, way) as connection:
        connection.sendall(request_line + b" HTTP/1.1\r\nHost: api.secoda.co\r\n" + headers + EXPECT + b"\r\n")
        return received(connection)


@pytest.mark.parametrize(
    ("request_line", "headers", "status"),
    [
        (b"POST /api/v1/nothing", KEY, 404),
        (b"DELETE /api/v1/integration/integrations", KEY, 405),
        (b"POST " + IMPORT, b"", 401),
        (b"POST " + IMPORT, b"Authorization: Bearer secoda-expired-token\r\n", 401),
        (b"POST " + IMPORT, b"Authorization: Bearer secoda-viewer-token\r\n", 403),
        (b"POST " + IMPORT, KEY, 413),
        (b"POST /~nobody/secoda" + IMPORT, KEY, 404),
    ],
)
@pytest.mark.parametrize("way", WAYS)
def test_a_refused_call_gets_its_reply_at_once_and_its_body_is_not_a_request(
    server: Secure, request_line: bytes, headers: bytes, status: int, way: str
) -> None:
    kind = b"Content-Type: multipart/form-data; boundary=x\r\nContent-Length: 5000000\r\n"
    response = answer_to_head(server, way, request_line, headers + kind)
    assert statuses(response) == [status]
    assert b"Connection: close" in response
    assert [code for code in journalled(server) if code != status] == []


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(
    ("request_line", "headers", "status"),
    [
        (b"POST /api/v1/nothing", KEY, 404),
        (b"DELETE /api/v1/integration/integrations", KEY, 405),
        (b"POST /api/v1/integration/integrations", b"", 401),
    ],
)
def test_a_short_body_is_not_waited_for_either(
    server: Secure, request_line: bytes, headers: bytes, status: int, way: str
) -> None:
    kind = b"Content-Type: application/json\r\nContent-Length: 14\r\n"
    assert statuses(answer_to_head(server, way, request_line, headers + kind)) == [status]
    assert journalled(server) == [status]


@pytest.mark.parametrize(
    ("request_line", "status"), [(b"POST /_emulator/nothing", 404), (b"PUT /_emulator/snapshots/x", 413)]
)
def test_the_control_api_refuses_at_once_too(server: Secure, request_line: bytes, status: int) -> None:
    kind = b"Content-Type: application/vnd.sqlite3\r\n"
    with connected(server) as connection:
        connection.sendall(request_line + b" HTTP/1.1\r\nHost: localhost\r\n" + kind + EXPECT)
        connection.sendall(b"Content-Length: 5000000\r\n\r\n")
        assert statuses(received(connection)) == [status]


def test_a_body_sent_without_a_100_is_not_read_as_a_request(server: Secure) -> None:
    inside = b"GET /api/v1/integration/integrations HTTP/1.1\r\nHost: api.secoda.co\r\n" + KEY + b"\r\n"
    with connected(server) as connection:
        request = b"POST /api/v1/nothing HTTP/1.1\r\nHost: api.secoda.co\r\nConnection: close\r\n" + EXPECT
        connection.sendall(request + b"Content-Length: %d\r\n\r\n" % len(inside) + inside)
        assert statuses(received(connection)) == [404]
    assert journalled(server) == [404]


@pytest.mark.parametrize("expect", [b"", b"200-maybe", b"100-continued"])
def test_no_other_client_gets_a_100(server: Secure, expect: bytes) -> None:
    with connected(server) as connection:
        connection.sendall(POST + b"Expect: " + expect + b"\r\nConnection: close\r\nContent-Length: 12\r\n\r\n")
        connection.sendall(b'{"name":"x"}')
        assert statuses(received(connection)) == [201]


def test_http_1_0_has_no_100(server: Secure) -> None:
    with connected(server) as connection:
        connection.sendall(POST.replace(b"HTTP/1.1", b"HTTP/1.0") + EXPECT + b"Content-Length: 12\r\n\r\n")
        connection.sendall(b'{"name":"x"}')
        assert statuses(received(connection)) == [201]


@pytest.mark.parametrize("how", [["-T"], ["-X", "POST", "--data-binary"], ["-F"]])
@pytest.mark.parametrize("way", WAYS)
def test_curl_does_not_wait_with_what_is_longer_than_1_mb(
    server: Secure, way: str, how: list[str], tmp_path: Path
) -> None:
    file = tmp_path / "resources.csv"
    file.write_bytes(b"title,entity_type\n" + b"a,table\n" * 200_000)
    what = {"-T": str(file), "--data-binary": f"@{file}", "-F": f"file=@{file};type=text/csv"}[how[-1]]
    root = {"http": f"{server.url}/secoda", "https": f"{server.tls_url}/secoda", "tunnel": "https://api.secoda.co"}[way]
    through = ["--proxy", server.url] if way == "tunnel" else []
    command = ["curl", "-sv", "--http1.1", "--expect100-timeout", "90", "--cacert", str(server.ca), *through]
    command += ["-H", "Authorization: Bearer secoda-token", "-H", "Expect: 100-continue", "-m", "60", *how, what]
    done = subprocess.run([*command, root + IMPORT.decode()], capture_output=True, check=False)
    assert done.returncode == 0, done.stderr
    # PUT is refused at once (405), and what is not an upload, too (413).
    assert (b"HTTP/1.1 100 Continue" in done.stderr) is (how == ["-F"])
    assert re.findall(rb"< HTTP/1.1 ([2-5]\d\d)", done.stderr)[-1:] == [str(journalled(server)[-1]).encode()]


# Compressed bodies


PLAIN = json.dumps({"name": "packed, and packed, and packed"}).encode()
GZIP, DEFLATE = gzip.compress(PLAIN, mtime=0), zlib.compress(PLAIN)


def flipped(content: bytes, place: int, bit: int = 1) -> bytes:
    changed = bytearray(content)
    changed[place] ^= bit
    return bytes(changed)


HEADER, END = "incorrect header check", "unexpected end of file"
BROKEN = {
    "gzip junk": ("gzip", b"xx", HEADER),
    "gzip of one byte": ("gzip", b"x", END),
    "gzip wrong sum": ("gzip", flipped(GZIP, -8), "incorrect data check"),
    "gzip wrong length": ("gzip", flipped(GZIP, -1), "incorrect length check"),
    "gzip bit flipped": ("gzip", flipped(GZIP, 20, 4), "incorrect data check"),
    "gzip trailing": ("gzip", GZIP + b"xx", HEADER),
    "gzip cut short": ("gzip", GZIP[:20], END),
    "gzip head cut short": ("gzip", GZIP[:5], END),
    "gzip sum cut short": ("gzip", GZIP[:-3], END),
    "gzip second cut short": ("gzip", GZIP + GZIP[:9], END),
    "deflate junk": ("deflate", b"xx", HEADER),
    "deflate without its head": ("deflate", zlib.compress(PLAIN, wbits=-15), HEADER),
    "deflate wrong sum": ("deflate", flipped(DEFLATE, -1), "incorrect data check"),
    "deflate cut short": ("deflate", DEFLATE[:15], END),
}
SOUND = {
    "gzip": ("gzip", GZIP),
    "gzip in capitals": ("GZIP", GZIP),
    "gzip of two members": ("gzip", gzip.compress(PLAIN[:9], mtime=0) + gzip.compress(PLAIN[9:], mtime=0)),
    "gzip and zeros": ("gzip", GZIP + b"\0\0A"),
    "deflate": ("deflate", DEFLATE),
    "deflate and more": ("deflate", DEFLATE + b"xx"),
    "identity": ("identity", PLAIN),
    "none": ("", PLAIN),
}


def violations(server: Secure) -> list[tuple[str, str, str, str]]:
    """Return place, pointer, rule and sentence of what departs from a contract in the calls, oldest first."""
    journal = server.emulator.sandboxes.default.journal
    return [(one.place, one.pointer, one.rule, one.sentence) for exchange in journal for one in exchange.violations]


def send(server: Secure, to: str, encoding: str, body: bytes, on_thread: bool = False) -> tuple[int, Any]:
    """Send an encoded body, perhaps some time after its head; return status and JSON."""
    with connected(server) as connection:
        begun = head(to, b"Content-Encoding: " + encoding.encode(), b"Connection: close", length=len(body))
        connection.sendall(begun + (b"" if on_thread else body))
        if on_thread:
            if to != "control":
                assert eventually(lambda: bool(server.emulator.sandboxes.default.in_flight.count))
            connection.sendall(body[:3])
            connection.sendall(body[3:])
        response = received(connection)
    return statuses(response)[0], json.loads(response.partition(b"\r\n\r\n")[2])


@pytest.mark.parametrize("on_thread", [False, True])
@pytest.mark.parametrize("name", BROKEN)
def test_what_does_not_unpack_is_400_in_the_vendors_words(server: Secure, name: str, on_thread: bool) -> None:
    encoding, body, problem = BROKEN[name]
    status, document = send(server, "celigo", encoding, body, on_thread)
    assert (status, document["errors"][0]["message"]) == (400, problem)
    status, document = send(server, "immuta", encoding, body, on_thread)
    assert (status, document["message"].removeprefix("Bad request: ")) == (400, "Invalid compressed payload")
    assert send(server, "paradime", encoding, body, on_thread)[0] == 400
    assert journalled(server) == [400, 400, 400]
    sentence = f"cannot be decompressed: {problem}"
    assert violations(server) == [("body", "", "contentEncoding", sentence)] * 3
    assert (
        send(server, "control", encoding, body, on_thread)[1]["detail"]
        == f"The body cannot be decompressed: {problem}."
    )


@pytest.mark.parametrize("on_thread", [False, True])
@pytest.mark.parametrize("name", SOUND)
def test_what_unpacks_is_read(server: Secure, name: str, on_thread: bool) -> None:
    encoding, body = SOUND[name]
    assert send(server, "celigo", encoding, body, on_thread)[1]["name"] == "packed, and packed, and packed"
    exchange = next(iter(server.emulator.sandboxes.default.journal))
    assert json.loads(exchange.call.body) == json.loads(PLAIN)
    fault = json.dumps({"vendor": "secoda", "reply": {"status": 500}}).encode()
    assert send(server, "control", "gzip", gzip.compress(fault), on_thread)[0] == 201


@pytest.mark.parametrize("encoding", ["br", "zstd", "compress", "x-gzip", "gzip, gzip", "nonsense"])
def test_another_encoding_is_415_in_the_vendors_words(server: Secure, encoding: str) -> None:
    status, document = send(server, "celigo", encoding, PLAIN)
    assert (status, document["errors"][0]["message"]) == (415, f'unsupported content encoding "{encoding}"')
    assert send(server, "immuta", encoding, PLAIN) == (
        415,
        {"statusCode": 415, "error": "Unsupported Media Type", "message": "Unsupported Media Type"},
    )
    assert send(server, "paradime", encoding, PLAIN) == (415, {"message": "Unsupported Media Type"})
    assert send(server, "control", encoding, PLAIN)[0] == 415
    assert journalled(server) == [415, 415, 415]
    sentence = f"the content encoding {encoding!r} is not one of gzip, deflate"
    assert violations(server) == [("header", "/content-encoding", "enum", sentence)] * 3


def test_a_body_of_no_bytes_does_not_unpack(server: Secure) -> None:
    status, document = send(server, "celigo", "gzip", b"")
    assert (status, document["errors"][0]["message"]) == (400, "unexpected end of file")
    status, document = send(server, "immuta", "deflate", b"")
    assert (status, document["message"].removeprefix("Bad request: ")) == (400, "Invalid compressed payload")
    assert send(server, "paradime", "gzip", b"")[0] == 400
    assert send(server, "celigo", "br", b"")[0] == 415
    assert (
        send(server, "control", "gzip", b"")[1]["detail"] == "The body cannot be decompressed: unexpected end of file."
    )
    status, document = send(server, "celigo", "identity", b"")
    assert (status, document["errors"][0]["message"]) == (422, "Path `name` is required.")
    assert send(server, "secoda", "gzip", b"")[0] == 201


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "br", "zstd"])
def test_secoda_reads_bodies_as_they_are_sent(server: Secure, encoding: str) -> None:
    status, document = send(server, "secoda", encoding, GZIP)
    assert (status, document["detail"].partition(" - ")[0]) == (400, "JSON parse error")
    assert send(server, "secoda", encoding, PLAIN)[0] == 201


@pytest.mark.parametrize("to", ["celigo", "immuta", "paradime", "control"])
@pytest.mark.parametrize("length", [65_536, 50_000_000])
def test_what_counts_is_how_long_a_body_is_when_it_is_unpacked(server: Secure, to: str, length: int) -> None:
    assert send(server, to, "gzip", gzip.compress(b" " * length + b"{}"))[0] == 413


# Bodies that do not come to their end


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("gently", [True, False])
@pytest.mark.parametrize(
    "begun",
    [
        head("secoda", length=100) + b'{"na',
        head("celigo", length=100) + b'{"na',
        head("immuta", length=100) + b'{"na',
        head("paradime", length=100) + b'{"qu',
        head("secoda", length=None) + b'4\r\n{"na',
        head("secoda", b"Content-Encoding: gzip", length=100) + GZIP[:9],
        head("celigo", b"Content-Encoding: gzip", length=100) + GZIP[:9],
        head("secoda", length=100, kind=b"text/plain") + b"x",
        head("secoda", b"Expect: 100-continue", length=100),
        head("secoda", length=100_000, kind=b"multipart/form-data; boundary=x").replace(SECODA[0], b"/secoda" + IMPORT)
        + b'--x\r\nContent-Disposition: form-data; name="file"; filename="f"\r\n\r\nabc',
    ],
)
def test_a_client_that_leaves_amid_its_body_is_noted_and_no_error(
    server: Secure, begun: bytes, gently: bool, way: str, caplog: pytest.LogCaptureFixture
) -> None:
    with connected(server, way) as connection:
        connection.sendall(begun)
        sandbox = server.emulator.sandboxes.default
        assert eventually(lambda: bool(sandbox.in_flight.count))
        if not gently:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    assert eventually(lambda: journalled(server) == [0])
    exchange = next(iter(sandbox.journal))
    assert (exchange.reply, exchange.violations, exchange.near_misses) == (None, (), ())
    assert exchange.operations in (
        ("createIntegration",),
        ("createDictionary",),
        ("importMetadata",),
        ("executeGraphql",),
    )
    assert [record for record in caplog.records if record.levelno >= logging.WARNING] == []
    assert 'status="500"' not in server.emulator.metrics.text([]).decode()


@pytest.mark.parametrize("begun", [head("control", length=100) + b'{"ve', head("control", length=None) + b"4\r\n{"])
def test_a_client_that_disconnects_during_its_body_is_not_an_error_of_the_control_api(
    server: Secure, begun: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    with connected(server) as connection:
        connection.sendall(begun)
    with connected(server) as connection:
        connection.sendall(head("control", b"Connection: close", length=2) + b"{}")
        assert statuses(received(connection)) == [422]
    assert [record for record in caplog.records if record.levelno >= logging.WARNING] == []
