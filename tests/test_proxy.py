"""The emulator as an HTTPS proxy: unmodified clients reach the vendors' hosts through it, and only these."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import socket
import ssl
import subprocess
import time
from collections.abc import Awaitable, Callable, Iterator
from functools import partial
from io import BytesIO
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import aiohttp
import httpx
import pytest
import requests
from aiohttp import web

from emulator.app import Emulator
from emulator.catalogue import Catalogue
from emulator.server.server import ThreadedServer
from emulator.settings import read_settings
from tests.secure import LIST, LOOPS, SECODA, TOKEN, Secure, secure

NEXT = f"https://api.secoda.co{LIST}?page=2&page_size=1"
BODY = 8 * 1024 * 1024
LARGE = 24 * 1024 * 1024
"""More than fits into all buffers on the way."""

Handler = Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]


@pytest.fixture(scope="module", params=LOOPS)
def running(request: pytest.FixtureRequest, catalogue: Catalogue, tmp_path_factory: Any) -> Iterator[Secure]:
    with secure(catalogue, tmp_path_factory.mktemp("tls"), request.param) as started:
        yield started


@pytest.fixture
def proxy(running: Secure) -> Iterator[Secure]:
    """An emulator with TLS and a fresh sandbox; after the test no tunnel may be open."""
    running.server.run(running.emulator.reset)
    yield running
    assert eventually(lambda: not tunnels(running))


def tunnels(proxy: Secure) -> set[Any]:
    inside = proxy.server.server._proxy
    assert inside is not None
    return inside._tunnels


def eventually(condition: Callable[[], bool]) -> bool:
    end = time.monotonic() + 60
    while not condition() and time.monotonic() < end:
        time.sleep(0.005)
    return condition()


def stop(proxy: Secure) -> None:
    """Stop the server; raise TimeoutError, rather than hang, if something blocks it."""
    proxy.server.run(lambda: asyncio.wait_for(proxy.server.server.stop(), 60))


def answering(proxy: Secure, monkeypatch: pytest.MonkeyPatch, handler: Handler) -> None:
    """Let `handler` handle every request of the emulator."""
    monkeypatch.setattr(proxy.emulator, "dispatch", handler)


def raw(proxy: Secure, target: str, *headers: str, host: str = "") -> socket.socket:
    """Send CONNECT and return the connection before reading the response."""
    address = urlsplit(proxy.url)
    connection = socket.create_connection((address.hostname or "", address.port or 0), timeout=60)
    lines = [f"CONNECT {target} HTTP/1.1", f"Host: {host or target}", *headers]
    connection.sendall("".join(f"{line}\r\n" for line in [*lines, ""]).encode())
    return connection


def read_head(connection: socket.socket) -> bytes:
    """Read exactly to the end of the headers."""
    head = b""
    while not head.endswith(b"\r\n\r\n"):
        byte = connection.recv(1)
        assert byte, head
        head += byte
    return head


def tunnel(proxy: Secure, *headers: str) -> socket.socket:
    """Open a tunnel to Secoda's host, without starting TLS."""
    connection = raw(proxy, "api.secoda.co:443", *headers)
    assert read_head(connection).startswith(b"HTTP/1.1 200 ")
    return connection


def encrypted(proxy: Secure, connection: socket.socket) -> ssl.SSLSocket:
    return proxy.trusting().wrap_socket(connection, server_hostname="api.secoda.co")


GET = f"GET {LIST}?page_size=1 HTTP/1.1\r\nHost: api.secoda.co\r\nAuthorization: Bearer secoda-token\r\n".encode()


def by_curl(proxy: Secure) -> Any:
    header = f"Authorization: {TOKEN['Authorization']}"
    command = ["curl", "-sS", "--cacert", str(proxy.ca), "-H", header, SECODA]
    environment = {**os.environ, "HTTPS_PROXY": proxy.url}
    return json.loads(subprocess.run(command, env=environment, capture_output=True, check=True).stdout)


def by_requests(proxy: Secure, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setenv("HTTPS_PROXY", proxy.url)
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(proxy.ca))
    return requests.get(SECODA, headers=TOKEN).json()


def by_httpx(proxy: Secure, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setenv("HTTPS_PROXY", proxy.url)
    monkeypatch.setenv("SSL_CERT_FILE", str(proxy.ca))
    return httpx.get(SECODA, headers=TOKEN).json()


def by_async_httpx(proxy: Secure, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setenv("HTTPS_PROXY", proxy.url)
    monkeypatch.setenv("SSL_CERT_FILE", str(proxy.ca))

    async def call() -> Any:
        async with httpx.AsyncClient() as client:
            return (await client.get(SECODA, headers=TOKEN)).json()

    return asyncio.run(call())


def by_aiohttp(proxy: Secure) -> Any:
    async def call() -> Any:
        connector = aiohttp.TCPConnector(ssl=proxy.trusting())
        async with (
            aiohttp.ClientSession(connector=connector) as session,
            session.get(SECODA, headers=TOKEN, proxy=proxy.url) as response,
        ):
            return await response.json()

    return asyncio.run(call())


NODE = """
const { request } = require("http"), { get } = require("https");
const [proxy, url, authorization] = process.argv.slice(1);
const { hostname, port } = new URL(proxy), target = new URL(url);
request({ hostname, port, method: "CONNECT", path: target.hostname + ":443" })
  .on("connect", (reply, socket) => {
    if (reply.statusCode !== 200) throw new Error(reply.statusMessage);
    get(url, { socket, agent: false, headers: { authorization } }, (answer) => answer.pipe(process.stdout));
  })
  .end();
"""


def by_node(proxy: Secure) -> Any:
    command = ["node", "-e", NODE, proxy.url, SECODA, TOKEN["Authorization"]]
    environment = {**os.environ, "NODE_EXTRA_CA_CERTS": str(proxy.ca)}
    return json.loads(subprocess.run(command, env=environment, capture_output=True, check=True).stdout)


CLIENTS = [by_curl, by_requests, by_httpx, by_async_httpx, by_aiohttp, by_node]


@pytest.mark.parametrize("call", CLIENTS)
def test_a_clients_proxy_setting_leads_to_the_emulator(
    proxy: Secure, monkeypatch: pytest.MonkeyPatch, call: Callable[..., Any]
) -> None:
    page = call(proxy, monkeypatch) if "monkeypatch" in call.__annotations__ else call(proxy)
    assert page["links"]["next"] == NEXT
    assert proxy.called() == [SECODA]


@pytest.mark.parametrize("name", ["api.paradime.io", "EAPI.secoda.co", "demo.immuta.com", "api.eu.integrator.io"])
def test_every_vendors_name_gets_a_certificate_with_it(proxy: Secure, name: str) -> None:
    with httpx.Client(proxy=proxy.url, verify=proxy.trusting()) as client:
        assert client.get(f"https://{name}/_emulator/health").status_code == 403
        assert client.get(f"https://{name}/nothing/here").status_code in (401, 404)


@pytest.mark.parametrize(
    "target", ["example.com:443", "api.secoda.co:80", "api.secoda.co", "immuta.com:443", "127.0.0.1:22", "[::1]:443"]
)
def test_anything_else_is_refused_with_a_sentence(proxy: Secure, target: str) -> None:
    with raw(proxy, target, host="api.secoda.co:443") as connection:
        status, *_ = read_head(connection).decode().splitlines()
        problem = json.loads(connection.makefile("rb").read())
    assert status.startswith(f"HTTP/1.1 403 The emulator does not proxy to {target}; it only serves port 443 of api.")
    assert (problem["status"], problem["detail"]) == (403, status.removeprefix("HTTP/1.1 403 "))


def test_a_refused_target_is_never_connected_to(proxy: Secure) -> None:
    with socket.create_server(("127.0.0.1", 0)) as elsewhere:
        with raw(proxy, f"127.0.0.1:{elsewhere.getsockname()[1]}") as connection:
            assert b" 403 " in read_head(connection)
        elsewhere.setblocking(False)
        with pytest.raises(BlockingIOError):
            elsewhere.accept()


def test_a_client_shows_why_it_was_refused(proxy: Secure) -> None:
    with pytest.raises(requests.exceptions.ProxyError, match=r"403 The emulator does not proxy to example\.com:443"):
        requests.get("https://example.com/", proxies={"https": proxy.url})


def test_without_certificates_connect_is_refused_with_the_setting_to_change(catalogue: Catalogue) -> None:
    with ThreadedServer(Emulator(read_settings({"port": 0}), catalogue)) as server:
        address = urlsplit(server.url)
        with socket.create_connection((address.hostname or "", address.port or 0), timeout=60) as connection:
            connection.sendall(b"CONNECT api.secoda.co:443 HTTP/1.1\r\nHost: api.secoda.co:443\r\n\r\n")
            head = read_head(connection)
    assert head.startswith(b"HTTP/1.1 501 This emulator has no certificates: start it with --tls auto")


def test_the_user_in_the_proxys_url_names_the_sandbox(proxy: Secure) -> None:
    proxy.make_sandbox("mine")
    # Without a password, requests would not send the user either.
    address = f"http://mine:any@{urlsplit(proxy.url).netloc}"
    with httpx.Client(proxy=address, verify=proxy.trusting(), headers=TOKEN) as client:
        # The same request twice, and once outside the tunnel.
        for _ in range(2):
            assert client.get(SECODA).status_code == 200
    with httpx.Client(proxy=proxy.url, verify=proxy.trusting(), headers=TOKEN) as client:
        assert client.get(SECODA).status_code == 200
    assert (len(proxy.called("mine")), len(proxy.called())) == (2, 1)
    with requests.Session() as session:
        session.proxies = {"http": address}
        assert session.get(SECODA.replace("https", "http"), headers=TOKEN).ok
    assert len(proxy.called("mine")) == 3
    proxy.server.run(lambda: proxy.emulator.sandboxes.drop("mine"))


def test_a_header_of_connect_names_the_sandbox(proxy: Secure) -> None:
    proxy.make_sandbox("theirs")
    with encrypted(proxy, tunnel(proxy, "X-Emulator-Sandbox: theirs")) as connection:
        connection.sendall(GET + b"Connection: close\r\n\r\n")
        assert connection.makefile("rb").read().startswith(b"HTTP/1.1 200 ")
    assert (len(proxy.called("theirs")), len(proxy.called())) == (1, 0)
    proxy.server.run(lambda: proxy.emulator.sandboxes.drop("theirs"))


def test_an_unknown_sandbox_is_reported_inside_the_tunnel(proxy: Secure) -> None:
    address = f"http://nobody@{urlsplit(proxy.url).netloc}"
    with httpx.Client(proxy=address, verify=proxy.trusting(), headers=TOKEN) as client:
        response = client.get(SECODA)
    assert (response.status_code, response.json()["detail"][:25]) == (404, "Unknown sandbox 'nobody'.")


def test_a_client_that_does_not_trust_the_authority_is_logged(proxy: Secure, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING), pytest.raises(httpx.ConnectError):
        httpx.get(SECODA, proxy=proxy.url)
    assert eventually(lambda: "does the client trust /_emulator/ca.crt?" in caplog.text)


def test_large_bodies_pass_both_ways(proxy: Secure, monkeypatch: pytest.MonkeyPatch) -> None:
    async def echo(request: web.BaseRequest) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        async for chunk in request.content.iter_any():
            await response.write(chunk)
        await response.write_eof()
        return response

    answering(proxy, monkeypatch, echo)
    body = os.urandom(1024) * (BODY // 1024)

    async def call() -> bytes:
        connector = aiohttp.TCPConnector(ssl=proxy.trusting())
        async with (
            aiohttp.ClientSession(connector=connector) as session,
            session.post(SECODA, data=BytesIO(body), proxy=proxy.url) as response,
        ):
            return await response.read()

    assert asyncio.run(call()) == body


def test_a_slow_reader_gets_everything_and_delays_only_itself(proxy: Secure, monkeypatch: pytest.MonkeyPatch) -> None:
    sent = 0

    async def flood(request: web.BaseRequest) -> web.StreamResponse:
        nonlocal sent
        response = web.StreamResponse()
        response.content_length = LARGE
        response.force_close()
        await response.prepare(request)
        while sent < LARGE:
            await response.write(b"x" * 65536)
            sent += 65536
        return response

    answering(proxy, monkeypatch, flood)
    with encrypted(proxy, tunnel(proxy)) as connection:
        connection.sendall(GET + b"\r\n")
        assert connection.recv(1) == b"H"
        assert eventually(lambda: sent > 0)
        before = 0
        while before < sent:
            before = sent
            for _ in range(200):
                proxy.server.run(partial(asyncio.sleep, 0))
        assert 0 < sent < LARGE
        body = connection.makefile("rb").read().partition(b"\r\n\r\n")[2]
    assert body == b"x" * LARGE


def test_many_concurrent_tunnels_all_get_replies(proxy: Secure) -> None:
    async def call(session: aiohttp.ClientSession) -> int:
        async with session.get(SECODA, headers=TOKEN, proxy=proxy.url) as response:
            await response.read()
            return response.status

    async def call_all() -> list[int]:
        connector = aiohttp.TCPConnector(ssl=proxy.trusting(), limit=0)
        async with aiohttp.ClientSession(connector=connector) as session:
            return await asyncio.gather(*[call(session) for _ in range(40)])

    assert asyncio.run(call_all()) == [200] * 40
    assert len(proxy.called()) == 40


def test_a_client_that_has_sent_its_last_gets_its_connection_ended(proxy: Secure) -> None:
    connection = encrypted(proxy, tunnel(proxy))
    with connection:
        connection.sendall(GET + b"\r\n")
        assert connection.recv(15) == b"HTTP/1.1 200 OK"
        socket.socket.shutdown(connection, socket.SHUT_WR)
        assert eventually(lambda: not tunnels(proxy))


@pytest.mark.parametrize("gently", [True, False])
@pytest.mark.parametrize("stage", ["before TLS", "idle", "sending", "receiving"])
def test_a_disconnected_client_leaves_no_tunnel(
    proxy: Secure, monkeypatch: pytest.MonkeyPatch, stage: str, gently: bool
) -> None:
    async def flood(request: web.BaseRequest) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        while True:
            await response.write(b"x" * 65536)
            # asyncio's TLS takes what is written to a connection that is ending, and drops it without a pause.
            await asyncio.sleep(0)

    answering(proxy, monkeypatch, flood)
    connection = tunnel(proxy)
    if stage != "before TLS":
        connection = encrypted(proxy, connection)
    if stage == "sending":
        connection.sendall(b"POST / HTTP/1.1\r\nHost: api.secoda.co\r\nContent-Length: 99999\r\n\r\nbegun")
    if stage == "receiving":
        connection.sendall(GET + b"\r\n")
        connection.recv(65536)
    assert eventually(lambda: len(tunnels(proxy)) == 1)
    if not gently:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    connection.close()
    assert eventually(lambda: not tunnels(proxy))


def test_what_is_not_tls_inside_a_tunnel_ends_it(proxy: Secure) -> None:
    with tunnel(proxy) as connection:
        connection.sendall(GET + b"\r\n")
        connection.makefile("rb").read()
        assert eventually(lambda: not tunnels(proxy))


@pytest.mark.parametrize("loop", LOOPS)
def test_a_server_with_open_tunnels_stops_after_its_replies(
    catalogue: Catalogue, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, loop: str
) -> None:
    with secure(catalogue, tmp_path, loop) as proxy:
        arrived, stopping = asyncio.Event(), asyncio.Event()

        async def slow(request: web.BaseRequest) -> web.StreamResponse:
            arrived.set()
            await stopping.wait()
            return web.Response(text="answered")

        async def end_streams() -> None:
            stopping.set()

        answering(proxy, monkeypatch, slow)
        monkeypatch.setattr(proxy.emulator, "end_streams", end_streams)
        silent, idle, asking = tunnel(proxy), encrypted(proxy, tunnel(proxy)), encrypted(proxy, tunnel(proxy))
        asking.sendall(GET + b"\r\n")
        assert eventually(arrived.is_set)
        assert len(tunnels(proxy)) == 3
        stop(proxy)
        assert asking.makefile("rb").read().endswith(b"answered")
        assert silent.recv(1) == b""
        assert idle.recv(1) == b""
        for connection in (silent, idle, asking):
            connection.close()


@pytest.mark.parametrize("loop", LOOPS)
def test_a_request_that_never_ends_does_not_keep_the_server(
    catalogue: Catalogue, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, loop: str
) -> None:
    with secure(catalogue, tmp_path, loop) as proxy:
        arrived = asyncio.Event()

        async def never(request: web.BaseRequest) -> web.StreamResponse:
            arrived.set()
            await asyncio.Event().wait()
            return web.Response()

        answering(proxy, monkeypatch, never)
        with encrypted(proxy, tunnel(proxy)) as asking:
            asking.sendall(GET + b"\r\n")
            assert eventually(arrived.is_set)
            stop(proxy)
