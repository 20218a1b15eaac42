"""`emulator record`: a proxy in front of a live vendor, for which a second emulator stands in."""

from __future__ import annotations

import asyncio
import json
import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from aiohttp import ClientResponse, web
from aiohttp.test_utils import BaseTestServer, RawTestServer, TestClient
from jsonschema import Draft202012Validator

from emulator.compare import proxy as proxies
from emulator.compare.archive import ArchiveWriter
from emulator.compare.proxy import RecordingProxy
from emulator.compare.reading import ExchangeReader
from emulator.compare.upstream import upstream_of
from emulator.contract.openapi import Contract
from emulator.errors import ConfigurationError
from emulator.journal.entry import Exchange
from emulator.settings import read_settings
from tests.conftest import EmulatorUnderTest
from tests.live_vendor import Reply, live_vendor
from tests.sample_calls import READ_OPERATION, READS, WRITE_OPERATION, WRITES, written
from tests.test_har import HAR

VENDORS = ("celigo", "immuta", "paradime", "secoda")
SECRET = "S3KR3T-9f8e7d6c5b4a"


class Recording:
    """A proxy, what it has recorded, and a client that calls through it."""

    def __init__(
        self, emulator: EmulatorUnderTest, client: TestClient[Any, Any], proxy: RecordingProxy, vendor: str
    ) -> None:
        self.proxy = proxy
        self.exchanges: list[Exchange] = []
        self.refused: list[Exchange] = []
        self.pauses: list[str] = []
        self._emulator = emulator
        self._client = client
        self._vendor = vendor

    async def call(self, method: str, path: str, json: Any = None, **headers: str) -> ClientResponse:
        """Call a path below the vendor's base URL with its credential."""
        target = httpx.URL(self._emulator.url(self._vendor)).path + path
        headers = {**self._emulator.headers(self._vendor), **headers}
        return await self._client.request(method, target, json=json, headers=headers, allow_redirects=False)


def reader(emulator: EmulatorUnderTest, vendor: str) -> ExchangeReader:
    """Return a reader of a vendor's exchanges, with the built-in contract."""
    catalogue = emulator.catalogue
    return ExchangeReader(catalogue.vendors[vendor], catalogue.contracts[vendor], read_settings({}))


@asynccontextmanager
async def recording(
    emulator: EmulatorUnderTest, vendor: str, upstream: str = "", *, allows_writes: bool = False
) -> AsyncIterator[Recording]:
    """Put a proxy in front of a vendor of the emulator, or of another upstream."""
    found: list[Exchange] = []
    refused: list[Exchange] = []
    pauses: list[str] = []
    upstream = upstream or f"{emulator.root}/{vendor}"
    proxy = RecordingProxy(
        reader(emulator, vendor), upstream, found.append, refused.append, pauses.append, allows_writes=allows_writes
    )
    server: BaseTestServer = RawTestServer(proxy.serve)
    async with TestClient[Any, Any](server) as client:
        recorded = Recording(emulator, client, proxy, vendor)
        recorded.exchanges, recorded.refused, recorded.pauses = found, refused, pauses
        yield recorded
    await proxy.close()


async def test_a_body_that_is_not_json_is_a_violation(emulator: EmulatorUnderTest) -> None:
    def cut(reply: Reply) -> None:
        reply.document = b'[{"_id": "5f'

    async with (
        live_vendor(f"{emulator.root}/celigo", cut) as url,
        recording(emulator, "celigo", url) as recorded,
    ):
        await recorded.call("GET", "/integrations")
    [exchange] = recorded.exchanges
    assert [one.sentence.partition(":")[0] for one in exchange.reply_violations] == ["the body is not JSON"]


@pytest.mark.parametrize("vendor", VENDORS)
async def test_a_read_passes_and_is_recorded(emulator: EmulatorUnderTest, vendor: str) -> None:
    method, path, body = READS[vendor]
    async with recording(emulator, vendor) as recorded:
        response = await recorded.call(method, path, body)
        through = await response.read()
    direct = emulator.call(vendor, method, path, json=body)
    assert response.status == direct.status_code == 200
    here = f"{response.url.origin()}/{vendor}"
    assert json.loads(through) == json.loads(direct.text.replace(f"{emulator.root}/{vendor}", here))
    [exchange] = recorded.exchanges
    assert exchange.operations == (READ_OPERATION[vendor],)
    assert exchange.status == 200
    assert exchange.violations == ()
    assert exchange.call.url.startswith(emulator.root)


async def test_a_reply_to_head_needs_no_body(emulator: EmulatorUnderTest) -> None:
    async with recording(emulator, "celigo", f"{emulator.root}/celigo") as recorded:
        assert (await recorded.call("HEAD", "/integrations")).status == 200
    [exchange] = recorded.exchanges
    assert list(exchange.violations) == []


@pytest.mark.parametrize("vendor", VENDORS)
async def test_a_write_is_refused_unless_it_is_allowed(emulator: EmulatorUnderTest, vendor: str) -> None:
    method, path, body = WRITES[vendor]
    async with recording(emulator, vendor) as recorded:
        refused = await recorded.call(method, path, body)
        assert refused.status == 403
        assert "--allow-writes passes it on" in (await refused.json())["detail"]
        assert recorded.exchanges == []
        assert written(emulator, vendor) == 0
    async with recording(emulator, vendor, allows_writes=True) as recorded:
        assert (await recorded.call(method, path, body)).ok
        [exchange] = recorded.exchanges
    assert exchange.operations == (WRITE_OPERATION[vendor],)
    assert exchange.violations == ()
    assert written(emulator, vendor) == 1


@pytest.mark.parametrize(
    ("body", "is_read"),
    [
        ({"query": "query { listCustomIntegrations { integrations { uid } } }"}, True),
        ({"query": "{ __typename }"}, True),
        ({"query": "mutation { __typename }"}, False),
        ({"query": "query A { __typename } mutation B { __typename }", "operationName": "B"}, False),
        ({"query": "query A { __typename } mutation B { __typename }"}, False),
        ({"query": "{"}, False),
        ({"mutation": "{ __typename }"}, False),
        ([{"query": "{ __typename }"}], False),
    ],
)
async def test_of_graphql_only_what_is_surely_a_query_passes(
    emulator: EmulatorUnderTest, body: Any, is_read: bool
) -> None:
    async with recording(emulator, "paradime") as recorded:
        response = await recorded.call("POST", "", body)
    assert (response.status == 403) is not is_read
    assert len(recorded.exchanges) == is_read


QUERY, MUTATION = "{ __typename }", "mutation { __typename }"


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS"])
@pytest.mark.parametrize(
    ("query", "is_read"),
    [
        ({}, True),
        ({"trace": "1"}, True),
        ({"query": QUERY}, True),
        ({"query": f"query A {QUERY}", "operationName": "A", "variables": "{}"}, True),
        ({"query": MUTATION}, False),
        ({"query": [QUERY, MUTATION]}, False),
        ({"Query": MUTATION}, False),
        ({"query": f"query A {QUERY} {MUTATION}", "operationName": "A"}, False),
        ({"query": "fragment F on Query { __typename }"}, False),
        ({"query": "{"}, False),
        ({"query": "{a" * 1500}, False),
        ({"mutation": QUERY}, False),
        ({"query": QUERY, "extensions": "{}"}, False),
        ({"documentId": "5"}, False),
    ],
)
async def test_graphql_in_a_url_passes_only_if_it_is_surely_a_query(
    emulator: EmulatorUnderTest, method: str, query: Mapping[str, Any], is_read: bool
) -> None:
    seen: list[str] = []

    def reply(request: web.BaseRequest) -> web.Response:
        seen.append(request.method)
        return web.Response()

    async with a_vendor(reply) as url, recording(emulator, "paradime", url) as recorded:
        response = await recorded.call(method, f"?{httpx.QueryParams(query)}")
    assert ((response.status == 403), bool(seen)) == (not is_read, is_read)
    assert [len(recorded.exchanges), len(recorded.refused)] == [is_read, not is_read]


@pytest.mark.parametrize("name", ["query", "operationName", "extensions", "id"])
async def test_a_url_cannot_change_what_the_body_of_a_query_runs(emulator: EmulatorUnderTest, name: str) -> None:
    async with recording(emulator, "paradime") as recorded:
        response = await recorded.call("POST", f"?{httpx.QueryParams({name: MUTATION})}", {"query": QUERY})
        assert response.status == 403
        assert (await recorded.call("POST", "?trace=1", {"query": QUERY})).status == 200
        assert (await recorded.call("GET", "", {"query": MUTATION})).status == 403
    assert len(recorded.exchanges) == 1


@pytest.mark.parametrize("vendor", VENDORS)
@pytest.mark.parametrize("name", ["X-HTTP-Method-Override", "X-HTTP-Method", "x-method-override", "_method"])
@pytest.mark.parametrize("value", ["DELETE", " post ", "PATCH", ""])
async def test_a_read_that_asks_for_another_method_does_not_pass(
    emulator: EmulatorUnderTest, vendor: str, name: str, value: str
) -> None:
    method, path, body = READS[vendor]
    async with recording(emulator, vendor) as recorded:
        if not name.startswith("_"):
            assert (await recorded.call(method, path, body, **{name: value})).status == 403
            assert (await recorded.call(method, path, body, **{name: "get"})).status != 403
        query = httpx.QueryParams({name: value})
        assert (await recorded.call(method, f"{path}{'&' if '?' in path else '?'}{query}", body)).status == 403
    assert len(recorded.exchanges) == (not name.startswith("_"))


async def test_a_refused_call_is_told_without_its_credentials(emulator: EmulatorUnderTest) -> None:
    async with recording(emulator, "celigo") as recorded:
        await recorded.call("DELETE", f"/nope?api_key={SECRET}", Authorization=f"Bearer {SECRET}")
        await recorded.call("GET", "/integrations")
    [refused], [passed] = recorded.refused, recorded.exchanges
    assert (refused.status, refused.method, SECRET in str(refused.document())) == (403, "DELETE", False)
    assert passed.number == 1


async def test_an_unmatched_read_passes_and_says_what_is_near(emulator: EmulatorUnderTest) -> None:
    async with recording(emulator, "celigo") as recorded:
        assert (await recorded.call("GET", "/integration")).status == 404
    [exchange] = recorded.exchanges
    assert exchange.is_unmatched
    assert [near.operation for near in exchange.near_misses][:1] == ["listIntegrations"]


async def test_further_pages_lead_through_the_proxy(emulator: EmulatorUnderTest) -> None:
    async with recording(emulator, "celigo") as recorded:
        response = await recorded.call("GET", "/integrations?limit=1")
        following = str(response.links["next"]["url"])
        assert following.startswith(str(response.url.origin()) + "/celigo/v1/")
        second = await recorded.call("GET", following.partition("/celigo/v1")[2])
        assert second.status == 200
    # What is recorded is what the vendor said.
    link = recorded.exchanges[0].reply.header("Link") if recorded.exchanges[0].reply else ""
    assert link.startswith(f"<{emulator.root}/celigo/v1/")


@pytest.mark.parametrize("name", ["calls.har", "calls.jsonl"])
async def test_credentials_do_not_get_into_the_file(emulator: EmulatorUnderTest, tmp_path: Path, name: str) -> None:
    file = tmp_path / name
    async with recording(emulator, "celigo", allows_writes=True) as recorded:
        await recorded.call("GET", f"/integrations?access_token={SECRET}", Cookie=f"sid={SECRET}")
        await recorded.call("GET", "/integrations", Authorization=f"Bearer {SECRET}")
        await recorded.call("POST", "/integrations", {"name": "x", "settings": {"password": SECRET}})
        await recorded.call("POST", "/nope", {"apiKey": SECRET})
    with ArchiveWriter(file, "1") as archive:
        for exchange in recorded.exchanges:
            archive.add(exchange)
    assert len(recorded.exchanges) == 4
    assert SECRET not in file.read_text("utf-8")
    assert "***" in file.read_text("utf-8")


async def test_the_file_is_whole_after_each_exchange(emulator: EmulatorUnderTest, tmp_path: Path) -> None:
    async with recording(emulator, "secoda") as recorded:
        for _ in range(3):
            await recorded.call(*READS["secoda"][:2])
    har, lines = tmp_path / "calls.har", tmp_path / "calls.jsonl"
    with ArchiveWriter(har, "1") as archive, ArchiveWriter(lines, "1") as stream:
        for number in range(4):
            document = json.loads(har.read_bytes())
            Draft202012Validator(HAR).validate(document)
            assert [entry["_id"] for entry in document["log"]["entries"]] == [1, 2, 3][:number]
            assert [json.loads(line)["id"] for line in lines.read_bytes().splitlines()] == [1, 2, 3][:number]
            if number < 3:
                archive.add(recorded.exchanges[number])
                stream.add(recorded.exchanges[number])


@asynccontextmanager
async def a_vendor(reply: Callable[[web.BaseRequest], web.Response]) -> AsyncIterator[str]:
    """Run a server instead of a live vendor; yield its URL."""

    async def serve(request: web.BaseRequest) -> web.StreamResponse:
        await request.read()
        return reply(request)

    async with RawTestServer(serve) as server:
        yield str(server.make_url(""))


@pytest.mark.parametrize(
    ("status", "document", "pointer", "rule"),
    [
        (200, [{"name": "No id"}], "/0", "required"),
        (200, {"integrations": []}, "", "type"),
        (418, [], "", "enum"),
    ],
)
async def test_a_departure_from_the_contract_is_found_on_the_way(
    emulator: EmulatorUnderTest, status: int, document: Any, pointer: str, rule: str
) -> None:
    async with (
        a_vendor(lambda _: web.json_response(document, status=status)) as url,
        recording(emulator, "celigo", url) as recorded,
    ):
        response = await recorded.call("GET", "/integrations")
        assert (response.status, await response.json()) == (status, document)
    [found] = recorded.exchanges[0].reply_violations
    assert found.pointer.startswith(pointer)
    assert found.rule == rule


@pytest.mark.parametrize(
    ("data", "pointer"),
    [
        ({"integrations": [{"uid": "a"}]}, "/data/listCustomIntegrations/integrations/0/name"),
        ({"integrations": [{"uid": None, "name": "n"}]}, "/data/listCustomIntegrations/integrations/0/uid"),
        ({"integrations": {"uid": "a"}}, "/data/listCustomIntegrations/integrations"),
        ({"integrations": [{"uid": 5, "name": "n"}]}, "/data/listCustomIntegrations/integrations/0/uid"),
        (
            {"integrations": [{"uid": "a", "name": "n", "more": 1}]},
            "/data/listCustomIntegrations/integrations/0/more",
        ),
    ],
)
async def test_a_graphql_result_is_compared_with_its_selection(
    emulator: EmulatorUnderTest, data: Any, pointer: str
) -> None:
    async with (
        a_vendor(lambda _: web.json_response({"data": {"listCustomIntegrations": data}})) as url,
        recording(emulator, "paradime", url) as recorded,
    ):
        query = "{ listCustomIntegrations { integrations { uid name } } }"
        await recorded.call("POST", "", {"query": query})
    assert [found.pointer for found in recorded.exchanges[0].reply_violations] == [pointer]


async def test_a_vendor_that_is_gone_is_a_502_and_recorded(emulator: EmulatorUnderTest) -> None:
    async with a_vendor(lambda _: web.Response()) as url:
        pass
    async with recording(emulator, "celigo", url) as recorded:
        response = await recorded.call("GET", "/integrations")
        assert response.status == 502
        assert "did not answer" in (await response.json())["detail"]
    [exchange] = recorded.exchanges
    assert exchange.reply is None


@pytest.mark.parametrize(
    ("headers", "pauses"),
    [
        ({"Retry-After": "30"}, [30]),
        ({"Retry-After": "Sat, 28 Nov 2026 12:00:30 GMT", "Date": "Sat, 28 Nov 2026 12:00:00 GMT"}, [30, 30]),
        ({}, [1, 4, 16, 60, 60]),
    ],
)
async def test_calls_wait_as_the_vendor_wants(
    emulator: EmulatorUnderTest, monkeypatch: pytest.MonkeyPatch, headers: dict[str, str], pauses: list[float]
) -> None:
    replies = iter([*(web.Response(status=429, headers=headers) for _ in pauses), web.json_response([])])
    clock = VendorsPause(monkeypatch)
    async with a_vendor(lambda _: next(replies)) as url, recording(emulator, "celigo", url) as recorded:
        statuses = [(await recorded.call("GET", "/integrations")).status for _ in [*pauses, 0]]
    assert statuses == [*(429 for _ in pauses), 200]
    assert sum(pauses) - 1 < clock.waited <= sum(pauses)
    said = [sentence.partition(":")[0] for sentence in recorded.pauses]
    assert said == [f"what comes next waits {one} second{'s' if one > 1 else ''}" for one in pauses]


class VendorsPause:
    """A clock that waiting calls move; what `meanwhile` does happens while they wait."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, meanwhile: Callable[[], object] = lambda: None) -> None:
        self.waited = 0.0
        self._meanwhile = meanwhile
        monkeypatch.setattr(proxies, "sleep", self._sleep)
        monkeypatch.setattr(proxies, "monotonic", lambda: self.waited)

    async def _sleep(self, seconds: float) -> None:
        self.waited += seconds
        self._meanwhile()
        await asyncio.sleep(0)


async def test_a_longer_pause_counts_and_is_said_with_the_call_and_its_reply(
    emulator: EmulatorUnderTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = VendorsPause(monkeypatch)
    refusals = (web.Response(status=503, headers={"Retry-After": text}) for text in ("3600", "0"))
    replies = iter([*refusals, web.json_response([])])
    async with a_vendor(lambda _: next(replies)) as url, recording(emulator, "celigo", url) as recorded:
        for _ in range(3):
            await recorded.call("GET", "/integrations")
    assert recorded.pauses == ["what comes next waits 3600 seconds: listIntegrations got 503 with Retry-After: 3600"]
    assert clock.waited == 3600


async def test_a_call_that_waits_is_not_passed_on_once_the_recording_ends(
    emulator: EmulatorUnderTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    replies = iter([web.Response(status=429, headers={"Retry-After": "30"})])
    async with a_vendor(lambda _: next(replies)) as url, recording(emulator, "celigo", url) as recorded:
        VendorsPause(monkeypatch, recorded.proxy.stop)
        assert (await recorded.call("GET", "/integrations")).status == 429
        assert (await recorded.call("GET", "/integrations")).status == 503
    assert len(recorded.exchanges) == 1


async def test_a_call_that_waits_is_not_passed_on_once_its_client_has_left(
    emulator: EmulatorUnderTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    replies = iter([web.Response(status=429, headers={"Retry-After": "30"}), web.json_response([])])
    left = iter([True])
    monkeypatch.setattr(proxies, "has_left", lambda request: next(left))
    VendorsPause(monkeypatch)
    async with a_vendor(lambda _: next(replies)) as url, recording(emulator, "celigo", url) as recorded:
        await recorded.call("GET", "/integrations")
        await recorded.call("GET", "/integrations")
    assert [exchange.status for exchange in recorded.exchanges] == [429]


async def test_headers_of_the_connection_stay_behind(emulator: EmulatorUnderTest) -> None:
    seen: list[Mapping[str, str]] = []

    def reply(request: web.BaseRequest) -> web.Response:
        seen.append(request.headers)
        return web.json_response([], headers={"X-Kept": "1"})

    async with a_vendor(reply) as url, recording(emulator, "celigo", url) as recorded:
        response = await recorded.call("GET", "/integrations", TE="trailers", Traceparent="00-1")
    assert response.headers["X-Kept"] == "1"
    assert f"http://{seen[0]['Host']}" == url
    assert seen[0]["Traceparent"] == "00-1"
    assert "TE" not in seen[0]


async def test_only_names_of_this_machine_are_served(emulator: EmulatorUnderTest) -> None:
    async with recording(emulator, "celigo") as recorded:
        assert (await recorded.call("GET", "/integrations", Host="evil.example")).status == 403
    assert recorded.exchanges == []


@pytest.mark.parametrize(
    ("given", "meant"),
    [
        ("https://api.integrator.io", "https://api.integrator.io"),
        ("https://api.integrator.io/", "https://api.integrator.io"),
        ("https://api.integrator.io/v1", "https://api.integrator.io"),
        ("https://api.integrator.io/v1/", "https://api.integrator.io"),
        ("http://127.0.0.1:4070/celigo/v1", "http://127.0.0.1:4070/celigo"),
        ("http://127.0.0.1:4070/celigo", "http://127.0.0.1:4070/celigo"),
    ],
)
def test_upstream_is_taken_with_the_server_path_and_without(
    emulator: EmulatorUnderTest, given: str, meant: str
) -> None:
    assert upstream_of(given, emulator.catalogue.contracts["celigo"]).root == meant


def test_an_upstream_with_a_user_is_refused_without_its_password(emulator: EmulatorUnderTest) -> None:
    with pytest.raises(ConfigurationError, match="leave out what is before the @") as refused:
        upstream_of("https://jane:S3KR3T@api.integrator.io", emulator.catalogue.contracts["celigo"])
    assert "S3KR3T" not in str(refused.value)


@pytest.mark.parametrize(
    "given",
    [
        *("api.integrator.io", "ftp://api.integrator.io", "https://", "https://a/?b"),
        *("https://a:99999", "https://a:0", "https://a:b"),
    ],
)
def test_an_upstream_that_is_none_is_refused(emulator: EmulatorUnderTest, given: str) -> None:
    contract: Contract = emulator.catalogue.contracts["celigo"]
    with pytest.raises(ConfigurationError, match=r"expected a URL such as https://api\.integrator\.io"):
        upstream_of(given, contract)


def run(*words: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run a command that ends by itself."""
    command = [sys.executable, "-m", "emulator", *words]
    return subprocess.run(command, capture_output=True, text=True, check=False, cwd=folder, env=environment())


def environment() -> dict[str, str]:
    """Return the environment without settings."""
    return {name: value for name, value in os.environ.items() if not name.startswith("EMULATOR_")}


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--vendor", "celgo", "--out", "a.har"), "unknown vendor 'celgo'"),
        (("--vendor", "celigo", "--out", "a.txt"), "expected a name that ends in .har, .jsonl or .ndjson"),
        (("--vendor", "celigo", "--out", "there.har"), "there.har exists already; name a new file"),
        (("--vendor", "celigo", "--out", "no/a.har"), "no/a.har cannot be written: No such file or directory"),
    ],
)
def test_wrong_uses_are_refused(tmp_path: Path, words: tuple[str, ...], said: str) -> None:
    (tmp_path / "there.har").write_text("kept")
    done = run("record", "--upstream", "http://127.0.0.1:9", *words, folder=tmp_path)
    assert done.returncode == 2
    assert said in done.stderr
    assert (tmp_path / "there.har").read_text() == "kept"


def sent_raw(url: str, data: bytes) -> bytes:
    """Send what is not HTTP, and return the beginning of the reply."""
    host, _, port = url.rpartition("/")[2].partition(":")
    with socket.create_connection((host, int(port)), timeout=60) as connection:
        connection.sendall(data)
        return connection.recv(4096)


def test_the_command_records_until_it_is_interrupted(emulator: EmulatorUnderTest, tmp_path: Path) -> None:
    words = ("--vendor", "secoda", "--upstream", f"{emulator.root}/secoda", "--out", "calls.har", "--port", "0")
    command = [sys.executable, "-u", "-m", "emulator", "record", *words]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdout=pipe, stderr=pipe, text=True, cwd=tmp_path, env=environment()) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        said = process.stdout.readline()
        assert said.endswith(f" passes to {emulator.root}/secoda\n")
        url = re.findall(r"http://[0-9.:]+", said)[0]
        path = httpx.URL(emulator.url("secoda")).path + READS["secoda"][1]
        assert httpx.get(url + path, headers=emulator.headers("secoda"), timeout=60).status_code == 200
        assert "listIntegrations" in process.stdout.readline()
        assert httpx.post(url + path, headers=emulator.headers("secoda"), json={}, timeout=60).status_code == 403
        refused = process.stdout.readline()
        assert ("createIntegration  " in refused, "  403  " in refused) == (True, True)
        assert refused.endswith("  refused: --allow-writes passes it on\n")
        assert b" 400 " in sent_raw(url, b"GET / HTTP/1.1\r\nAuthorization S3KR3T\r\n\r\n")
        process.send_signal(signal.SIGINT)
        end = "1 call recorded in calls.har; 0 with violations of the contract. 1 refused: may write."
        assert process.stdout.read() == f"{end}\n"
        assert process.stderr.read() == ""
    assert process.returncode == 0
    [entry] = json.loads((tmp_path / "calls.har").read_text())["log"]["entries"]
    assert entry["_operations"] == ["listIntegrations"]
