"""Stubs: calls that no operation matches get the reply that a test gives, in one sandbox."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import httpx
import pytest

from emulator.client import Client, EmulatorError, SandboxClient
from emulator.control.stubs import MOST_STUBS
from tests.conftest import EmulatorUnderTest

FLOWS = [{"_id": "5f7c3a2b9d1e4c0012a4b6c1", "name": "Orders"}]


@pytest.fixture
def sandbox(emulator: EmulatorUnderTest) -> Iterator[SandboxClient]:
    with Client(emulator.root) as client:
        yield client.sandbox()


def celigo(emulator: EmulatorUnderTest, method: str = "GET", path: str = "/tools", **options: Any) -> httpx.Response:
    return emulator.call("celigo", method, path, **options)


def test_a_call_that_is_not_emulated_gets_the_stubs_reply(emulator: EmulatorUnderTest, sandbox: SandboxClient) -> None:
    assert celigo(emulator).status_code == 404
    stub = sandbox.celigo.stub("GET", "/tools", json=FLOWS, headers={"X-Total": "1"})
    reply = celigo(emulator)
    assert (reply.status_code, reply.json(), reply.headers["X-Total"]) == (200, FLOWS, "1")
    assert reply.headers["Content-Type"] == "application/json; charset=utf-8"
    assert stub.hits == 1
    # Others continue as before.
    assert celigo(emulator, "POST").status_code == 404
    assert celigo(emulator, path="/integrations").status_code == 200
    stub.remove()
    assert celigo(emulator).status_code == 404
    stub.remove()


@pytest.mark.parametrize(
    ("given", "status", "content", "kind"),
    [
        ({}, 200, b"", None),
        ({"status": 204}, 204, b"", None),
        ({"json": None}, 200, b"null", "application/json; charset=utf-8"),
        ({"json": "text"}, 200, b'"text"', "application/json; charset=utf-8"),
        (
            {"json": {"n": 1.5, "e": "\u00e9"}},
            200,
            '{"n":1.5,"e":"\u00e9"}'.encode(),
            "application/json; charset=utf-8",
        ),
        ({"text": "a\u00e9"}, 200, "a\u00e9".encode(), "text/plain; charset=utf-8"),
        ({"text": "<a/>", "headers": {"content-type": "text/xml"}, "status": 500}, 500, b"<a/>", "text/xml"),
        ({"json": [], "headers": {"Content-Type": "application/hal+json"}}, 200, b"[]", "application/hal+json"),
    ],
)
def test_what_a_stub_replies(
    emulator: EmulatorUnderTest, sandbox: SandboxClient, given: dict[str, Any], status: int, content: bytes, kind: Any
) -> None:
    sandbox.celigo.stub("get", "/tools", **given)
    reply = celigo(emulator)
    assert (reply.status_code, reply.content, reply.headers.get("Content-Type")) == (status, content, kind)
    head = celigo(emulator, "HEAD")
    assert (head.status_code, head.content) == (status, b"")


def test_a_stub_replies_before_authentication(emulator: EmulatorUnderTest, sandbox: SandboxClient) -> None:
    sandbox.celigo.stub("GET", "/tools", json=[])
    for rights in (None, "expired", "read"):
        assert celigo(emulator, rights=rights).status_code == 200


@pytest.mark.parametrize(
    ("where", "meant"),
    [
        ({"path": {"id": "a"}}, [("/tools/a/run", {}), ("/tools/a/run", {"json": {"x": 1}})]),
        ({"query": {"dry": True}}, [("/tools/b/run?dry=true", {})]),
        ({"headers": {"X-Run": {"glob": "r*"}}}, [("/tools/b/run", {"headers": {"X-Run": "r1"}})]),
        ({"body": {"x": 1}}, [("/tools/a/run", {"json": {"x": 1}})]),
        ({"body": {"a": "1"}}, [("/tools/b/run", {"data": {"a": "1"}})]),
        ({"credential": {"absent": True}}, [("/tools/b/run", {"rights": None})]),
    ],
)
def test_only_calls_with_these_values_get_the_reply(
    emulator: EmulatorUnderTest, sandbox: SandboxClient, where: Any, meant: list[tuple[str, dict[str, Any]]]
) -> None:
    sandbox.celigo.stub("POST", "/tools/{id}/run", where=where, status=202)
    every: list[tuple[str, dict[str, Any]]] = [
        ("/tools/a/run", {}),
        ("/tools/a/run", {"json": {"x": 1}}),
        ("/tools/b/run?dry=true", {}),
        ("/tools/b/run", {"headers": {"X-Run": "r1"}}),
        ("/tools/b/run", {"data": {"a": "1"}}),
        ("/tools/b/run", {"rights": None}),
    ]
    found = [call for call in every if celigo(emulator, "POST", call[0], **call[1]).status_code == 202]
    assert found == meant


def test_stubs_are_used_up_one_after_the_other(emulator: EmulatorUnderTest, sandbox: SandboxClient) -> None:
    first = sandbox.celigo.stub("GET", "/tools", status=500, times=2)
    second = sandbox.celigo.stub("GET", "/tools", json=[])
    assert [celigo(emulator).status_code for _ in range(4)] == [500, 500, 200, 200]
    assert (first.hits, second.hits) == (2, 2)


def test_a_burst_of_calls_is_limited(emulator: EmulatorUnderTest, sandbox: SandboxClient) -> None:
    sandbox.celigo.stub("POST", "/tools", status=202, times=5)
    with ThreadPoolExecutor(8) as threads:
        found = list(threads.map(lambda _: celigo(emulator, "POST", json={"a": 1}).status_code, range(20)))
    assert (found.count(202), found.count(404)) == (5, 15)


def test_a_stub_replies_late(
    emulator: EmulatorUnderTest, sandbox: SandboxClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    held = []

    async def hold(request: Any, seconds: float, stopping: Any) -> None:
        held.append(seconds)

    monkeypatch.setattr("emulator.pipeline.pipeline.hold_back", hold)
    sandbox.celigo.stub("GET", "/tools", delay=2)
    sandbox.celigo.stub("GET", "/tools/{id}", delay={"uniform": [1, 3]})
    celigo(emulator)
    celigo(emulator, path="/tools/a")
    assert (len(held), held[0]) == (2, 2)
    assert 1 <= held[1] <= 3
    before = sandbox.clock.now
    sandbox.celigo.stub("GET", "/later", delay={"clock": 3600})
    celigo(emulator, path="/later")
    assert (len(held), sandbox.clock.now - before >= timedelta(hours=1)) == (2, True)


def test_with_a_block_a_stub_is_gone_at_its_end(emulator: EmulatorUnderTest, sandbox: SandboxClient) -> None:
    with sandbox.celigo.stub("GET", "/tools", json=[]):
        assert celigo(emulator).status_code == 200
    assert celigo(emulator).status_code == 404


def test_a_stub_belongs_to_one_sandbox_and_a_reset_removes_it(
    emulator: EmulatorUnderTest, sandbox: SandboxClient
) -> None:
    with Client(emulator.root) as client, client.create_sandbox() as other:
        other.celigo.stub("GET", "/tools", json=FLOWS)
        assert celigo(emulator).status_code == 404
        url, headers = other.celigo.url + "/tools", dict(other.celigo.headers)
        assert httpx.get(url, headers=headers).json() == FLOWS
        other.reset()
        assert httpx.get(url, headers=headers).status_code == 404


def test_a_stubbed_call_is_journalled_as_such_and_counted_separately(
    emulator: EmulatorUnderTest, sandbox: SandboxClient
) -> None:
    sandbox.celigo.stub("POST", "/tools/{id}/run", json={"ok": True})
    celigo(emulator, "POST", "/tools/a/run?x=1", json={"password": "hunter2"})
    celigo(emulator)
    [stubbed, unmatched] = sandbox.journal
    assert (stubbed.stub, stubbed.operations, stubbed.path, stubbed.status, stubbed.near_misses) == (
        "POST /tools/{id}/run",
        (),
        "/tools/a/run",
        200,
        (),
    )
    assert stubbed.url == emulator.url("celigo") + "/tools/a/run?x=1"
    assert (stubbed.json, stubbed.reply_json, stubbed.violations) == ({"password": "***"}, {"ok": True}, ())
    assert (unmatched.stub, unmatched.state) == (None, "done")
    assert [one.id for one in sandbox.journal.select(unmatched=True)] == [2]
    assert [one.id for one in sandbox.journal.select(unmatched=False)] == [1]
    assert [one.id for one in sandbox.journal.select(stubbed=True)] == [1]
    metrics = httpx.get(f"{emulator.root}/_emulator/metrics").text
    assert 'emulator_calls_total{operation="stubbed",status="200",vendor="celigo"}' in metrics


def test_the_parameters_of_a_stubs_path_are_found_in_the_journal(
    emulator: EmulatorUnderTest, sandbox: SandboxClient
) -> None:
    sandbox.celigo.stub("GET", "/tools/{id}", json={})
    for id in ("a", "b"):
        celigo(emulator, path=f"/tools/{id}")
    assert [one.path for one in sandbox.journal.select(where={"path": {"id": "b"}})] == ["/tools/b"]


def test_a_credential_in_a_stubs_path_is_masked(emulator: EmulatorUnderTest, sandbox: SandboxClient) -> None:
    sandbox.celigo.stub("GET", "/token/hunter2-is-secret", json={})
    assert celigo(emulator, path="/token/hunter2-is-secret").status_code == 200
    assert sandbox.journal[-1].stub == "GET /token/***"
    assert "hunter2" not in sandbox.api.send("GET", "/journal").decode()


def test_a_method_that_an_emulated_path_does_not_take_may_be_stubbed(
    emulator: EmulatorUnderTest, sandbox: SandboxClient
) -> None:
    sandbox.celigo.stub("DELETE", "/integrations", status=202)
    assert celigo(emulator, "DELETE", "/integrations").status_code == 202
    assert sandbox.journal[-1].path == "/integrations"


@pytest.mark.parametrize(
    ("vendor", "base"),
    [("secoda", "/secoda/api/v1"), ("secoda", "/secoda"), ("immuta", "/immuta"), ("celigo", "/celigo/v1")],
)
def test_a_stubs_path_follows_the_vendors_base_urls_and_conventions(
    emulator: EmulatorUnderTest, sandbox: SandboxClient, vendor: str, base: str
) -> None:
    sandbox.vendors[vendor].stub("GET", "/extra/{name}", json={})
    assert httpx.get(f"{emulator.root}{base}/extra/a%20b").status_code == 200
    slash = httpx.get(f"{emulator.root}{base}/extra/a/").status_code
    conventions = emulator.catalogue.contracts[vendor].conventions
    assert (slash == 200) is (conventions.trailing_slash == "accepted")


@pytest.mark.parametrize("vendor", ["secoda", "immuta", "celigo"])
@pytest.mark.parametrize("path", ["/flüge/a b", "/fl%C3%BCge/a%20b", "/fl%c3%bcge/%61%20b"])
@pytest.mark.parametrize("sent", ["/fl%C3%BCge/a%20b", "/%66l%c3%bcge/a%20b"])
def test_how_a_stubs_path_is_percent_encoded_never_matters(
    emulator: EmulatorUnderTest, sandbox: SandboxClient, vendor: str, path: str, sent: str
) -> None:
    sandbox.vendors[vendor].stub("GET", path)
    assert emulator.call(vendor, "GET", sent).status_code == 200
    assert emulator.call(vendor, "GET", "/fl%C3%BCge/ab").status_code != 200


@pytest.mark.parametrize("path", ["/a%25b", "/a%2520b", "/%7Bid%7D", "/%7Bid", "/a%2Fb", "/%", "/%ff"])
def test_an_encoded_path_of_a_stub_is_decoded_once(
    emulator: EmulatorUnderTest, sandbox: SandboxClient, path: str
) -> None:
    for vendor in ("secoda", "immuta", "celigo"):
        sandbox.vendors[vendor].stub("GET", path)
        assert emulator.call(vendor, "GET", path).status_code == 200


def test_a_stub_with_the_whole_path_answers_where_the_vendor_is_served_without_its_base_path(
    emulator: EmulatorUnderTest, sandbox: SandboxClient
) -> None:
    sandbox.secoda.stub("GET", "/api/v1/x")
    assert emulator.call("secoda", "GET", "/x").status_code == 200


def test_a_stub_is_found_by_the_vendors_host_and_by_the_sandboxes_prefix(
    emulator: EmulatorUnderTest, sandbox: SandboxClient
) -> None:
    sandbox.celigo.stub("GET", "/tools", json=[])
    urls = {f"{emulator.root}/v1/tools": {"Host": "api.integrator.io"}, f"{emulator.root}/~default/celigo/v1/tools": {}}
    assert [httpx.get(url, headers=headers).status_code for url, headers in urls.items()] == [200, 200]


def test_strict_mode_and_scenarios_leave_stubs_alone(emulator: EmulatorUnderTest, sandbox: SandboxClient) -> None:
    emulator.strict(True)
    sandbox.celigo.stub("GET", "/tools", json=[])
    with sandbox.scenario("celigo/outage"):
        assert celigo(emulator, path="/tools?x=1").status_code == 200
        assert celigo(emulator, path="/integrations").status_code == 503


def test_a_path_beside_graphql_may_be_stubbed(emulator: EmulatorUnderTest, sandbox: SandboxClient) -> None:
    sandbox.paradime.stub("GET", "/status", text="up")
    url = emulator.url("paradime").removesuffix("/graphql")
    assert httpx.get(f"{url}/status").text == "up"


QUERY = 'query Q($n: Int) { %s(first: $n, name: "a") { ok } }'
REPLY: dict[str, Any] = {"data": {"listIntegrations": {"workspaces": []}}}


@pytest.mark.parametrize(
    "where",
    [
        {"body": {"query": {"regex": "listIntegrations"}}},
        {"arguments": {"first": 3, "name": "a"}},
        {"variables": {"n": 3}},
    ],
)
def test_root_fields_that_the_schema_does_not_have_may_be_stubbed(
    emulator: EmulatorUnderTest, sandbox: SandboxClient, where: Any
) -> None:
    sandbox.paradime.stub("POST", "/graphql", where=where, json=REPLY)

    def ask(query: str, n: int = 3) -> Any:
        return emulator.call("paradime", "POST", json={"query": query, "variables": {"n": n}}, rights=None).json()

    assert ask(QUERY % "listIntegrations") == REPLY
    listed = emulator.call("paradime", "POST", json={"query": "{ listCustomIntegrations { ok } }"}).json()
    assert listed["data"]["listCustomIntegrations"]["ok"] is True
    for other in ("{ listCustomIntegrations { ok } listIntegrations }", "{", "", "{ other }"):
        assert ask(other, 4) != REPLY
    assert [one.id for one in sandbox.journal.select(stubbed=True)] == [1]
    assert (sandbox.journal[0].stub, sandbox.journal[0].near_misses) == ("POST /graphql", ())


def test_a_graphql_body_that_cannot_be_read_is_refused_as_without_stubs(
    emulator: EmulatorUnderTest, sandbox: SandboxClient
) -> None:
    def answers() -> list[tuple[int, str, int]]:
        sent: list[dict[str, Any]] = [
            {"content": b"{", "headers": {"Content-Type": "application/json"}},
            {"content": iter([b'{"query": "', b"x" * 17_000_000, b'"}'])},
            {"content": iter([b'{"query": "{ listCustom', b'Integrations { ok } }"}'])},
            {"content": b"\x1f\x8b", "headers": {"Content-Encoding": "gzip"}},
            {"files": {"a": b"b"}},
            {"content": b""},
        ]
        found = []
        for one in sent:
            kind = {} if "files" in one else {"Content-Type": "application/json"}
            options = {**one, "headers": {**kind, **one.get("headers", {})}}
            reply = emulator.call("paradime", "POST", **options)
            found.append((reply.status_code, reply.text, emulator.exchanges()[-1].call.body_size))
        return found

    before = answers()
    sandbox.paradime.stub("POST", "/graphql", json=REPLY)
    assert answers() == before


def test_stubs_are_listed_and_removed(emulator: EmulatorUnderTest, sandbox: SandboxClient) -> None:
    document = {"vendor": "celigo", "method": "GET", "path": "/tools", "json": [2.0], "times": 3}
    made = sandbox.request("POST", "/stubs", document)
    assert made == {"id": "stub-1", "hits": 0, "stub": document}
    celigo(emulator)
    sandbox.celigo.stub("GET", "/other")
    assert (
        sandbox.request("GET", "/stubs")["stubs"][0] == sandbox.request("GET", "/stubs/stub-1") == {**made, "hits": 1}
    )
    sandbox.request("DELETE", "/stubs")
    assert sandbox.request("GET", "/stubs") == {"stubs": []}


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        (
            {"path": "/integrations"},
            "Invalid stub: GET /integrations is the operation listIntegrations of celigo, which is emulated;"
            " for another reply use a fault.",
        ),
        (
            {"path": "/integrations/5f7c3a2b9d1e4c0012a4b6c1"},
            "Invalid stub: GET /integrations/5f7c3a2b9d1e4c0012a4b6c1 is the operation getIntegration of celigo,",
        ),
        ({"path": "/integrations/{id}"}, "Invalid stub: GET /integrations/{id} is the operation getIntegration of"),
        ({"path": "flows"}, "Invalid stub: path: 'flows' is not a path below the base URL, such as /tools or"),
        ({"path": "/tools?a=1"}, "Invalid stub: path: a query is a condition: where {"),
        ({"path": "/tools/{id}.zip"}, "Invalid stub: path: '/tools/{id}.zip' is not a path below the base URL"),
        (
            {"path": "/v1/tools/{id}"},
            "Invalid stub: path: '/v1/tools/{id}' begins with the base path /v1: write '/tools/{id}'.",
        ),
        (
            {"path": "/celigo/v1/tools"},
            "Invalid stub: path: '/celigo/v1/tools' begins with the base path /celigo/v1: write",
        ),
        (
            {"vendor": "secoda", "path": "/secoda/api/v1/x"},
            "Invalid stub: path: '/secoda/api/v1/x' begins with the base path /secoda/api/v1: write '/x'.",
        ),
        (
            {"vendor": "paradime", "path": "/paradime/api/v1/company-token/x"},
            "Invalid stub: path: '/paradime/api/v1/company-token/x' begins with the base path",
        ),
        (
            {"vendor": "immuta", "path": "/immuta/x"},
            "Invalid stub: path: '/immuta/x' begins with the base path /immuta:",
        ),
        ({"path": "/{a}/{a}"}, "Invalid stub: path: '/{a}/{a}' has a parameter twice."),
        ({"vendor": "celgo"}, "Invalid stub: unknown vendor 'celgo'. Did you mean 'celigo'?"),
        ({"json": [], "text": ""}, "Invalid stub: give either json or text."),
        ({"json": [], "status": 204}, "Invalid stub: a reply with status 204 has no body."),
        ({"where": {"status": 200}}, "Invalid stub: where: status cannot be used, because a stub gives it."),
        (
            {"path": "/tools/{id}", "where": {"path": {"idd": 1}}},
            "Invalid stub: where: path: unknown parameter 'idd'. Did you mean 'id'?",
        ),
        ({"where": {"body": {"a": {"regex": "("}}}}, "Invalid stub: where: body a: invalid: "),
        ({"headers": {"a b": "c"}}, "Invalid stub: invalid header 'a b': 'c'."),
        ({"text": "\ud800"}, "Invalid stub: text has a lone surrogate, which UTF-8 cannot encode."),
        ({"method": "HEAD"}, "method: unknown value 'HEAD'. Known values: GET, POST, PUT, PATCH, DELETE."),
        ({"staus": 1}, "staus: unknown field 'staus'. Did you mean 'status'?"),
        ({"delay": -1}, "delay: -1 is less than the minimum of 0."),
    ],
)
def test_an_invalid_stub_is_refused(sandbox: SandboxClient, given: dict[str, Any], sentence: str) -> None:
    document = {"vendor": "celigo", "method": "GET", "path": "/tools", **given}
    with pytest.raises(EmulatorError) as caught:
        sandbox.request("POST", "/stubs", document)
    assert caught.value.status == 422
    assert str(caught.value).startswith(sentence)
    assert sandbox.request("GET", "/stubs") == {"stubs": []}


def test_an_unknown_stub_names_the_known_ones(sandbox: SandboxClient) -> None:
    sandbox.celigo.stub("GET", "/tools")
    with pytest.raises(EmulatorError, match=r"Unknown stub 'stub-9'\. Did you mean 'stub-1'\?"):
        sandbox.request("GET", "/stubs/stub-9")


def test_there_are_only_so_many_stubs(sandbox: SandboxClient, monkeypatch: pytest.MonkeyPatch) -> None:
    assert MOST_STUBS == 1000
    monkeypatch.setattr("emulator.control.stubs.MOST_STUBS", 1)
    sandbox.celigo.stub("GET", "/tools")
    with pytest.raises(EmulatorError, match=r"There are 1 stubs already; remove some: remove\(\)\."):
        sandbox.celigo.stub("GET", "/tools")
