"""patch_dns: clients with built-in URLs reach a sandbox, in this process only, and nothing stays behind."""

from __future__ import annotations

import asyncio
import functools
import json
import os
import socket
import ssl
import subprocess
import sys
import threading
import urllib.request
from collections.abc import Callable, Coroutine, Iterator
from contextlib import suppress
from typing import Any

import aiohttp
import anyio
import httpx
import pytest
import requests
import uvloop
from aiohttp.resolver import AsyncResolver, ThreadedResolver

from emulator.app import Emulator
from emulator.catalogue import Catalogue
from emulator.client.patch_dns import patch_dns
from emulator.errors import ConfigurationError
from emulator.faults.rule import fault_of
from emulator.server.server import ThreadedServer
from emulator.settings import read_settings
from tests.secure import LOOPS, SECODA, TOKEN, Secure, secure
from tests.test_connection import ends_by_reset

CELIGO = "https://api.eu.integrator.io/v1/integrations?limit=1"
NEXT = SECODA.replace("?", "?page=2&")

Run = Callable[[Coroutine[Any, Any, Any]], Any]


@pytest.fixture(scope="module")
def emulator(catalogue: Catalogue, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Secure]:
    with secure(catalogue, tmp_path_factory.mktemp("tls")) as running:
        running.make_sandbox("mine")
        yield running


@pytest.fixture
def patched(emulator: Secure) -> Iterator[Secure]:
    """The block in which a test's clients run; their calls must reach the sandbox "mine"."""
    emulator.server.run(lambda: emulator.emulator.sandboxes.reset("mine"))
    with patch_dns(emulator.url, emulator.emulator.hosts.patterns, sandbox="mine"):
        yield emulator


@pytest.fixture(params=LOOPS)
def run(request: pytest.FixtureRequest) -> Run:
    """Run a coroutine in asyncio's or uvloop's loop."""

    def run(work: Coroutine[Any, Any, Any]) -> Any:
        with asyncio.Runner(loop_factory=LOOPS[request.param]) as runner:
            return runner.run(work)

    return run


def state() -> dict[str, Any]:
    """Return all that patch_dns changes, and what could reveal it."""
    names = [(socket, "getaddrinfo"), (anyio, "connect_tcp"), (AsyncResolver, "resolve")]
    names += [(ssl.SSLContext, "wrap_socket"), (ssl.SSLContext, "wrap_bio")]
    return {
        "attributes": [getattr(owner, name) for owner, name in names],
        "uvloop": set(vars(uvloop.Loop)),
        "environment": dict(os.environ),
        "threads": {thread.name for thread in threading.enumerate() if thread.name == "emulator-relay"},
    }


def test_urllib_reaches_the_sandbox(patched: Secure) -> None:
    with urllib.request.urlopen(urllib.request.Request(SECODA, headers=TOKEN)) as response:
        assert json.load(response)["links"]["next"] == NEXT
    assert patched.called("mine") == [SECODA]


def test_requests_reaches_the_sandbox_and_follows_its_links(patched: Secure) -> None:
    with requests.Session() as session:
        session.headers.update(TOKEN)
        following = session.get(session.get(SECODA).json()["links"]["next"])
    assert following.json()["meta"]["page"] == 2
    assert patched.called("mine") == [SECODA, NEXT]


def test_httpx_reaches_the_sandbox(patched: Secure) -> None:
    assert httpx.get(SECODA, headers=TOKEN).json()["links"]["next"] == NEXT
    assert patched.called("mine") == [SECODA]


def test_async_httpx_reaches_the_sandbox(patched: Secure, run: Run) -> None:
    async def call() -> Any:
        async with httpx.AsyncClient(headers=TOKEN) as client:
            return (await client.get(SECODA)).json()

    assert run(call())["links"]["next"] == NEXT
    assert patched.called("mine") == [SECODA]


@pytest.mark.parametrize("resolver", [ThreadedResolver, AsyncResolver, None])
def test_aiohttp_reaches_the_sandbox(patched: Secure, run: Run, resolver: Any) -> None:
    async def call() -> Any:
        connector = aiohttp.TCPConnector(resolver=resolver() if resolver else None)
        async with aiohttp.ClientSession(connector=connector) as session, session.get(SECODA, headers=TOKEN) as reply:
            return await reply.json()

    assert run(call())["links"]["next"] == NEXT
    assert patched.called("mine") == [SECODA]


def test_a_bare_connection_of_the_loop_reaches_the_sandbox(patched: Secure, run: Run) -> None:
    async def call() -> bytes:
        reader, writer = await asyncio.open_connection("api.secoda.co", 443, ssl=True)
        writer.write(b"GET /nothing HTTP/1.1\r\nHost: api.secoda.co\r\nConnection: close\r\n\r\n")
        response = await reader.read()
        writer.close()
        return response

    assert run(call()).startswith(b"HTTP/1.1 404 ")
    assert patched.called("mine") == ["https://api.secoda.co/nothing"]


def test_clients_made_before_the_block_reach_the_sandbox_inside_it(emulator: Secure) -> None:
    with requests.Session() as session, httpx.Client() as client:
        with patch_dns(emulator.url, emulator.emulator.hosts.patterns, sandbox="mine"):
            assert session.get(SECODA, headers=TOKEN).status_code == 200
            assert client.get(SECODA, headers=TOKEN).status_code == 200
        for call in (session.get, client.get):
            with patch_lookups_away(), pytest.raises((requests.ConnectionError, httpx.ConnectError)):
                call(SECODA)


class patch_lookups_away:  # noqa: N801 - a context manager
    """No look-up of a vendor's name leaves this machine; `tried` lists the attempts."""

    def __enter__(self) -> list[str]:
        self.original, tried = socket.getaddrinfo, list[str]()

        @functools.wraps(self.original)
        def refuse(host: Any, *args: Any, **options: Any) -> Any:
            tried.append(host)
            raise socket.gaierror(socket.EAI_NONAME, "no look-ups here")

        socket.getaddrinfo = refuse
        return tried

    def __exit__(self, *problem: object) -> None:
        socket.getaddrinfo = self.original


@pytest.mark.parametrize("token", ["secoda-token", "secoda-token.mine"])
def test_any_credential_of_the_sandbox_lands_in_the_sandbox(patched: Secure, token: str) -> None:
    assert httpx.get(SECODA, headers={"Authorization": f"Bearer {token}"}).status_code == 200
    assert patched.called("mine") == [SECODA]


def test_every_vendor_is_intercepted(patched: Secure) -> None:
    token = {"Authorization": "Bearer celigo-token"}
    assert httpx.get(CELIGO, headers=token).status_code == 200
    assert httpx.get("https://some-tenant.immuta.com/dictionary/1").status_code == 401
    assert httpx.post("https://api.paradime.io/api/v1/company/graphql", json={"query": "{x}"}).status_code == 401
    assert len(patched.called("mine")) == 3


@pytest.mark.parametrize("how", ["reset", "close"])
def test_a_fault_breaks_the_connection_as_it_says(patched: Secure, how: str) -> None:
    sandbox = patched.emulator.sandboxes.get("mine")
    assert sandbox is not None
    sandbox.faults.add(fault_of({"vendor": "secoda", "connection": how}, "fault-1"))
    with (
        socket.create_connection(("api.secoda.co", 443), timeout=60) as plain,
        patched.trusting().wrap_socket(plain, server_hostname="api.secoda.co") as connection,
    ):
        connection.sendall(b"GET /api/v1/integration/integrations HTTP/1.1\r\nHost: api.secoda.co\r\n\r\n")
        assert ends_by_reset(connection) if how == "reset" else connection.recv(1) == b""


def test_other_names_are_left_alone(patched: Secure) -> None:
    assert socket.getaddrinfo("localhost", 443, socket.AF_INET, socket.SOCK_STREAM)[0][4] == ("127.0.0.1", 443)
    assert httpx.get(f"{patched.url}/_emulator/health").status_code == 200
    with pytest.raises(httpx.ConnectError, match="CERTIFICATE_VERIFY_FAILED"):
        httpx.get(patched.tls_url.replace("127.0.0.1", "localhost"))


@pytest.mark.parametrize("port", [80, "http", None, 8443])
def test_another_port_of_a_vendor_is_not_looked_up(patched: Secure, port: Any) -> None:
    with pytest.raises(socket.gaierror, match=r"the emulator serves api\.secoda\.co on port 443, not "):
        socket.getaddrinfo("api.secoda.co", port)


def test_a_proxy_of_the_environment_is_not_asked_for_the_vendors(
    emulator: Secure, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("NO_PROXY", "localhost")
    with patch_dns(emulator.url, emulator.emulator.hosts.patterns, sandbox="mine"):
        for call in (requests.get, httpx.get):
            assert call(SECODA, headers=TOKEN).status_code == 200
        assert os.environ["no_proxy"].startswith("localhost,api.")
    assert os.environ["NO_PROXY"] == "localhost"
    assert "no_proxy" not in os.environ


def test_all_is_as_before_after_the_block(emulator: Secure) -> None:
    before = state()
    with patch_dns(emulator.url, emulator.emulator.hosts.patterns):
        assert state() != before
        assert httpx.get(SECODA, headers=TOKEN).status_code == 200
    assert state() == before


def test_all_is_as_before_when_the_block_raises(emulator: Secure) -> None:
    before = state()
    with pytest.raises(KeyError), patch_dns(emulator.url, emulator.emulator.hosts.patterns):
        raise KeyError
    assert state() == before


def test_connections_of_the_block_end_with_it(emulator: Secure) -> None:
    with patch_dns(emulator.url, emulator.emulator.hosts.patterns):
        plain = socket.create_connection(("api.secoda.co", 443), timeout=60)
        connection = ssl.create_default_context().wrap_socket(plain, server_hostname="api.secoda.co")
    with connection, suppress(ConnectionError):
        assert connection.recv(1) == b""


def test_a_block_inside_a_block_is_refused(patched: Secure) -> None:
    with (
        pytest.raises(ConfigurationError, match="patch_dns applies to the whole process"),
        patch_dns(patched.url, patched.emulator.hosts.patterns),
    ):
        pass
    assert httpx.get(SECODA, headers=TOKEN).status_code == 200


def test_an_emulator_without_certificates_is_refused_with_the_setting(catalogue: Catalogue) -> None:
    before = state()
    with ThreadedServer(Emulator(read_settings({"port": 0}), catalogue)) as server:
        with pytest.raises(ConfigurationError, match="start it with --tls auto"), patch_dns(server.url, ["x.y"]):
            pass
        url = server.url
    with pytest.raises(ConfigurationError, match="no reply from an emulator at http://127"), patch_dns(url, ["x.y"]):
        pass
    assert state() == before


def test_a_foreign_name_is_refused_and_logged(emulator: Secure, caplog: pytest.LogCaptureFixture) -> None:
    with patch_dns(emulator.url, ["api.example.com"]), pytest.raises(httpx.ConnectError):
        httpx.get("https://api.example.com/")
    assert "HTTP/1.1 403 The emulator does not proxy to api.example.com:443" in caplog.text


def test_a_pattern_alone_is_enough(emulator: Secure) -> None:
    with patch_dns(f"{emulator.url}/", ["*.immuta.com"]):
        assert httpx.get("https://demo.immuta.com/dictionary/1").status_code == 401


def test_two_processes_use_one_server_each_in_its_own_sandbox(emulator: Secure) -> None:
    script = (
        "import sys, requests\nfrom emulator.client.patch_dns import patch_dns\n"
        "url, sandbox, call = sys.argv[1:]\n"
        "with patch_dns(url, ['api.secoda.co'], sandbox=sandbox):\n"
        "    for _ in range(5):\n"
        "        requests.get(call, headers={'Authorization': 'Bearer secoda-token'}).raise_for_status()\n"
    )
    for name in ("left", "right"):
        emulator.make_sandbox(name)
    command = [sys.executable, "-c", script, emulator.url]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    running = [subprocess.Popen([*command, name, SECODA], env=environment) for name in ("left", "right")]
    assert [process.wait(timeout=60) for process in running] == [0, 0]
    assert [len(emulator.called(name)) for name in ("left", "right")] == [5, 5]
