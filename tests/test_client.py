"""The client of the control API, against a running emulator."""

from __future__ import annotations

import socket
import threading
import warnings
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from types import MappingProxyType
from typing import Any

import httpx
import pytest

from emulator import __version__
from emulator.client import AppliedFault, Client, EmulatorError, SandboxClient, VendorAccess, journal
from emulator.client.types import When
from emulator.testing import running
from tests.conftest import EmulatorUnderTest
from tests.ports import reserved_port


@pytest.fixture
def client(emulator: EmulatorUnderTest) -> Iterator[Client]:
    with Client(emulator.root) as client:
        yield client


@pytest.fixture
def sandbox(client: Client) -> Iterator[SandboxClient]:
    with client.create_sandbox() as sandbox:
        yield sandbox


def list_integrations(vendor: VendorAccess, **query: str) -> httpx.Response:
    return httpx.get(f"{vendor.url}/integration/integrations", headers=dict(vendor.headers), params=query)


def test_sandbox_is_dropped_at_the_end_of_its_block(client: Client) -> None:
    with client.create_sandbox("alpha") as sandbox:
        assert client.sandboxes() == ["default", "alpha"]
    assert client.sandboxes() == ["default"]
    sandbox.drop()


def test_sandbox_begins_as_it_is_asked_to(client: Client) -> None:
    with client.create_sandbox(
        "alpha",
        seed=7,
        scenarios=["secoda/outage"],
        clock={"now": datetime(2030, 1, 1, tzinfo=UTC), "frozen": True},
        switches={"celigo.empty_list_status": 204},
    ) as sandbox:
        assert (sandbox.name, sandbox.seed) == ("alpha", 7)
        assert sandbox.clock.now == datetime(2030, 1, 1, tzinfo=UTC)
        assert sandbox.clock.frozen
        assert sandbox.switches["celigo.empty_list_status"] == 204
        assert list_integrations(sandbox.secoda).status_code == 503


def test_strict_sandbox_refuses_what_others_are_tolerant_of(client: Client) -> None:
    with client.create_sandbox(strict=True) as strict, client.create_sandbox() as tolerant:
        assert list_integrations(strict.secoda, colour="blue").status_code == 400
        assert list_integrations(tolerant.secoda, colour="blue").status_code == 200
        strict.reset()
        assert list_integrations(strict.secoda, colour="blue").status_code == 400


def test_sandbox_that_is_there_is_found(client: Client, sandbox: SandboxClient) -> None:
    found = client.sandbox(sandbox.name)
    assert found.secoda.url == sandbox.secoda.url
    assert client.sandbox().name == "default"


def test_refusal_is_the_sentence_of_the_control_api(client: Client) -> None:
    with pytest.raises(EmulatorError, match=r"^Unknown sandbox 'beta'\. Known sandboxes: default") as caught:
        client.sandbox("beta")
    assert caught.value.status == 404


def test_no_emulator_is_a_sentence(unused_port: int) -> None:
    with (
        Client(f"http://127.0.0.1:{unused_port}") as client,
        pytest.raises(EmulatorError, match=r"^No reply from an emulator"),
    ):
        client.sandboxes()


def test_waiting_ends_with_a_sentence(unused_port: int) -> None:
    with (
        Client(f"http://127.0.0.1:{unused_port}") as client,
        pytest.raises(EmulatorError, match=r"is not ready after 0.1"),
    ):
        client.wait(0.1)


def test_server_that_never_replies_is_not_waited_for_longer() -> None:
    with socket.create_server(("127.0.0.1", 0)) as mute:
        url = f"http://127.0.0.1:{mute.getsockname()[1]}"
        with Client(url) as client, pytest.raises(EmulatorError, match=r"is not ready after 0 s: .*timed out"):
            client.wait(0)


def test_ready_emulator_is_not_waited_for(client: Client) -> None:
    client.wait(0)


@pytest.mark.parametrize("url", ["127.0.0.1:4070", "ftp://localhost", "http://", "http://localhost:port"])
def test_invalid_url_is_refused(url: str) -> None:
    with pytest.raises(EmulatorError, match="is not the URL of an emulator"):
        Client(url)


def test_a_server_that_is_not_an_emulator_is_reported() -> None:
    class Stranger(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_error(404)

        def log_message(self, *args: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Stranger) as server:
        thread = threading.Thread(target=server.handle_request)
        thread.start()
        with (
            Client(f"http://127.0.0.1:{server.server_port}") as client,
            pytest.raises(EmulatorError, match="returned 404, but not an emulator's error document"),
        ):
            client.sandboxes()
        thread.join()


def test_threads_share_a_client(client: Client) -> None:
    def visit(number: int) -> str:
        with client.create_sandbox(f"thread-{number}") as sandbox:
            list_integrations(sandbox.secoda)
            return f"{sandbox.journal.select()[0].document['sandbox']} {len(sandbox.journal)}"

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(visit, range(16))) == [f"thread-{number} 1" for number in range(16)]


def test_connection_that_the_server_has_closed_is_opened_again(client: Client) -> None:
    assert client.sandboxes() == ["default"]
    for connection in client._connections._idle:
        assert connection.sock is not None
        connection.sock.shutdown(2)
    assert client.sandboxes() == ["default"]


class Unreliable:
    """A server that answers the first call of each connection, and does to the others what it is told."""

    def __init__(self, closes: bool) -> None:
        self.requests: list[bytes] = []
        self._closes = closes
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self._open: list[socket.socket] = []
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        with suppress(OSError):  # closed
            while True:
                connection, _ = self._listener.accept()
                self._open.append(connection)
                threading.Thread(target=self._answer, args=[connection], daemon=True).start()

    def _answer(self, connection: socket.socket) -> None:
        with suppress(OSError):
            self.requests.append(connection.recv(65536).split(b" ")[0])
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 17\r\n\r\n" + b'{"sandboxes": []}')
            second = connection.recv(65536)
            if second:
                self.requests.append(second.split(b" ")[0])
                if self._closes:
                    connection.close()

    def close(self) -> None:
        for one in [self._listener, *self._open]:
            one.close()


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
def test_call_that_may_have_been_done_is_not_sent_again(method: str) -> None:
    with closing(Unreliable(closes=True)) as server, Client(server.url) as client:
        client.sandboxes()
        with pytest.raises(
            EmulatorError, match=r"^No reply from an emulator at .*; the call may have been executed\.$"
        ):
            client.request(method, "/reset", {})
        assert server.requests == [b"GET", method.encode()]


def test_read_is_sent_again_if_the_server_closed_the_connection() -> None:
    with closing(Unreliable(closes=True)) as server, Client(server.url) as client:
        assert (client.sandboxes(), client.sandboxes()) == ([], [])
        assert server.requests == [b"GET", b"GET", b"GET"]


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_call_without_a_reply_in_time_is_not_sent_again(method: str) -> None:
    with closing(Unreliable(closes=False)) as server, Client(server.url) as client:
        client.sandboxes()
        with pytest.raises(EmulatorError, match="timed out"):
            client.send(method, "/reset", seconds=0.05)
        assert server.requests == [b"GET", method.encode()]


def test_credentials_go_by_rights(sandbox: SandboxClient) -> None:
    assert list(sandbox.secoda.credentials) == ["full", "read", "expired"]
    assert sandbox.secoda.credentials["full"].headers == sandbox.secoda.headers
    expired = sandbox.secoda.credentials["expired"].headers
    response = httpx.get(f"{sandbox.secoda.url}/integration/integrations", headers=dict(expired))
    assert response.status_code == 401
    with pytest.raises(KeyError, match="Known rights: full, read, expired"):
        sandbox.secoda.credentials["owner"]


def test_added_vendor_is_in_vendors_but_not_an_attribute(sandbox: SandboxClient) -> None:
    document = sandbox.request("GET")
    document["vendors"]["acme"] = document["vendors"].pop("secoda")
    other = SandboxClient(sandbox.api, document)
    assert other.vendors["acme"].title == "Secoda"
    with pytest.raises(AttributeError, match=r"^acme does not come with the emulator; write \.vendors\['acme'\]$"):
        _ = other.acme  # type: ignore[attr-defined]
    assert (hasattr(other, "secoda"), hasattr(other, "celigo")) == (False, True)


def test_unknown_vendor_is_an_attribute_error(sandbox: SandboxClient) -> None:
    assert set(sandbox.vendors) == {"celigo", "immuta", "paradime", "secoda"}
    with pytest.raises(AttributeError, match="Did you mean 'secoda'"):
        _ = sandbox.seconda  # type: ignore[attr-defined]


def test_scenario_is_on_inside_its_block(sandbox: SandboxClient) -> None:
    with sandbox.scenario("secoda/outage"):
        assert list_integrations(sandbox.secoda).status_code == 503
        assert sandbox.scenarios()["secoda/outage"]
    assert list_integrations(sandbox.secoda).status_code == 200


def test_scenario_of_every_vendor(sandbox: SandboxClient) -> None:
    sandbox.scenario("*/outage")
    assert [name for name, on in sandbox.scenarios().items() if on] == [
        f"{vendor}/outage" for vendor in ("celigo", "immuta", "paradime", "secoda")
    ]


def test_fault_counts_its_hits_until_it_is_disarmed(sandbox: SandboxClient) -> None:
    with sandbox.fault(vendor="secoda", operation="listIntegrations", status=429) as fault:
        assert list_integrations(sandbox.secoda).status_code == 429
        assert fault.hits == 1
    assert list_integrations(sandbox.secoda).status_code == 200
    fault.disarm()


@pytest.mark.parametrize(
    "when",
    [
        {"probability": 0.4},
        {"nth": [2, 5]},
        {"after": 1, "times": 2},
        {"every": 3},
        {"over": {"calls": 4, "seconds": 60}},
    ],
)
def test_preview_of_a_fault_is_what_the_next_calls_get(sandbox: SandboxClient, when: When) -> None:
    fault = sandbox.fault(vendor="secoda", operation="listIntegrations", when=when, status=429)
    for calls in (1, 12):
        promised = fault.preview(calls=calls)
        assert promised == fault.preview("listIntegrations", calls=calls)
        assert promised == [list_integrations(sandbox.secoda).status_code == 429 for _ in range(calls)]


def test_preview_names_the_operations_that_the_fault_applies_to(sandbox: SandboxClient) -> None:
    fault = sandbox.fault(vendor="secoda", operation="list*", status=429)
    with pytest.raises(EmulatorError, match=r"Unknown operation 'getIntegration' that .* applies to.*listIntegrations"):
        fault.preview("getIntegration")


def test_status_of_a_fault_goes_with_its_reply(sandbox: SandboxClient) -> None:
    sandbox.fault(vendor="secoda", operation=["list*"], status=429, reply={"headers": {"Retry-After": "7"}})
    response = list_integrations(sandbox.secoda)
    assert (response.status_code, response.headers["Retry-After"]) == (429, "7")


def test_invalid_fault_is_refused(sandbox: SandboxClient) -> None:
    with pytest.raises(EmulatorError, match="Invalid fault: unknown operation"):
        sandbox.fault(vendor="secoda", operation="nothing", status=429)


def test_clock_is_set_frozen_and_moved_on(sandbox: SandboxClient) -> None:
    sandbox.clock.freeze("2030-01-01T00:00:00Z")
    sandbox.clock.advance(3600)
    sandbox.clock.advance(timedelta(minutes=1))
    assert sandbox.clock.now == datetime(2030, 1, 1, 1, 1, tzinfo=UTC)
    sandbox.clock.set(datetime(2031, 1, 1, tzinfo=UTC))
    assert sandbox.clock.now == datetime(2031, 1, 1, tzinfo=UTC)
    assert sandbox.clock.frozen
    sandbox.clock.unfreeze()
    assert not sandbox.clock.frozen


def test_time_without_a_zone_is_refused(sandbox: SandboxClient) -> None:
    with pytest.raises(EmulatorError, match="has no time zone"):
        sandbox.clock.set(datetime(2031, 1, 1))  # noqa: DTZ001 - that is the point


def test_journal_shows_each_exchange(sandbox: SandboxClient) -> None:
    httpx.post(
        f"{sandbox.secoda.url}/integration/integrations",
        headers=dict(sandbox.secoda.headers),
        json={"name": "Sales", "colour": "blue"},
    )
    (exchange,) = sandbox.journal
    assert (exchange.vendor, exchange.operations, exchange.method) == ("secoda", ("createIntegration",), "POST")
    assert (exchange.path, exchange.status, exchange.faults) == ("/integration/integrations", 201, ())
    assert exchange.json["name"] == "Sales"
    assert exchange.reply_json["name"] == "Sales"
    assert [(found.of, found.place, found.pointer) for found in exchange.violations] == [("call", "body", "/colour")]
    assert sandbox.journal.get(exchange.id) == exchange


def test_exchange_says_what_a_fault_did_also_when_it_is_disarmed(sandbox: SandboxClient) -> None:
    fault = sandbox.fault(vendor="secoda", operation="listIntegrations", reply={"status": 503})
    list_integrations(sandbox.vendors["secoda"])
    fault.disarm()
    exchange = sandbox.journal[-1]
    sentence = "Every call of listIntegrations of secoda gets 503."
    assert exchange.faults == (fault.id,)
    assert exchange.applied_faults == (AppliedFault(fault.id, None, 1, sentence),)


def test_journal_is_read_page_by_page(sandbox: SandboxClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(journal, "PAGE", 2)
    for _ in range(5):
        httpx.get(f"{sandbox.secoda.url}/integration/integrations", headers=sandbox.secoda.headers)
    assert [one.id for one in sandbox.journal] == [1, 2, 3, 4, 5]
    assert [one.id for one in sandbox.journal.select(since=2)] == [3, 4, 5]
    assert [one.id for one in sandbox.journal.select(limit=2)] == [4, 5]


def test_journal_gives_an_exchange_by_its_place_and_its_length_without_the_others(
    sandbox: SandboxClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    for page in range(1, 6):
        httpx.get(f"{sandbox.secoda.url}/integration/integrations?page={page}", headers=sandbox.secoda.headers)
    asked: list[Mapping[str, Any]] = []
    request = sandbox.api.request

    def noting(method: str, path: str, *, query: Mapping[str, Any] | None = None) -> Any:
        told = request(method, path, query=query)
        if query is not None:
            asked.append({"limit": query["limit"], "got": len(told["exchanges"])})
        return told

    monkeypatch.setattr(sandbox.api, "request", noting)
    assert (len(sandbox.journal), asked.pop()) == (5, {"limit": 0, "got": 0})
    assert (sandbox.journal[-1].id, asked.pop()) == (5, {"limit": 1, "got": 1})
    assert [sandbox.journal[place].id for place in (0, 1, 4, -1, -2, -5)] == [1, 2, 5, 5, 4, 1]
    assert [one.id for one in sandbox.journal[1:-1]] == [2, 3, 4]
    assert [one.id for one in reversed(sandbox.journal)] == [5, 4, 3, 2, 1]
    for place in (5, -6):
        with pytest.raises(IndexError, match=rf"the journal keeps 5 exchanges; there is no \[{place}\]"):
            sandbox.journal[place]
    sandbox.journal.clear()
    assert (len(sandbox.journal), list(sandbox.journal[:])) == (0, [])


def test_exchange_has_the_headers_of_call_and_reply(sandbox: SandboxClient) -> None:
    headers = [("X-Run", "a"), ("x-run", "b"), *sandbox.secoda.headers.items()]
    httpx.get(f"{sandbox.secoda.url}/integration/integrations", headers=headers)
    exchange = sandbox.journal[-1]
    assert (exchange.headers["x-RUN"], exchange.headers.all("X-RUN")) == ("a", ["a", "b"])
    assert "X-Other" not in exchange.headers
    assert exchange.headers.get("X-Other") is None
    assert [name.lower() for name in exchange.headers].count("x-run") == 1
    assert len(exchange.headers) == len(dict(exchange.headers))
    assert exchange.reply_headers["content-type"] == "application/json"
    with sandbox.fault(vendor="secoda", connection="close"), suppress(httpx.HTTPError):
        httpx.get(f"{sandbox.secoda.url}/integration/integrations", headers=sandbox.secoda.headers)
    assert dict(sandbox.journal[-1].reply_headers) == {}


def test_journal_is_selected_from_and_cleared(sandbox: SandboxClient) -> None:
    list_integrations(sandbox.secoda)
    httpx.get(f"{sandbox.secoda.url}/nowhere", headers=dict(sandbox.secoda.headers))
    assert [one.status for one in sandbox.journal.select(unmatched=True)] == [404]
    assert [one.status for one in sandbox.journal.select(operation="list*", violations=False)] == [200]
    assert [one.id for one in sandbox.journal.select(since=1, limit=5)] == [2]
    assert sandbox.journal.select(unmatched=True)[0].near_misses
    sandbox.journal.clear()
    assert len(sandbox.journal) == 0
    assert [one.id for one in sandbox.journal.left] == [1, 2]


def test_verified_calls_are_returned(sandbox: SandboxClient) -> None:
    list_integrations(sandbox.secoda, page="2")
    (exchange,) = sandbox.verify("listIntegrations", vendor="secoda", count=1, query={"page": 2})
    assert exchange.query == (("page", "2"),)


def test_a_verdict_stays_when_the_journal_drops_exchanges(
    sandbox: SandboxClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    list_integrations(sandbox.secoda, page="2")
    request = sandbox.api.request

    def request_and_forget(*arguments: Any, **options: Any) -> Any:
        response = request(*arguments, **options)
        request("DELETE", "/journal")
        return response

    monkeypatch.setattr(sandbox.api, "request", request_and_forget)
    assert [one.query for one in sandbox.verify("listIntegrations", count=1)] == [(("page", "2"),)]


def test_failed_verification_lists_near_misses(sandbox: SandboxClient) -> None:
    list_integrations(sandbox.secoda, page="2")
    with pytest.raises(AssertionError) as caught:
        sandbox.verify("listIntegrations", vendor="secoda", query={"page": 3}, status=200)
    assert str(caught.value).splitlines() == [
        "expected listIntegrations at least once with query page 3 and status 200, found 0",
        "nearest:",
        "  exchange 1: query page is '2', not 3",
    ]


def test_switches_are_read_and_set(sandbox: SandboxClient) -> None:
    sandbox.switches["celigo.empty_list_status"] = 204
    assert sandbox.switches["celigo.empty_list_status"] == 204
    assert "secoda.bad_rows" in sandbox.switches
    with pytest.raises(EmulatorError, match=r"Unknown switch 'celigo.colour'"):
        sandbox.switches.update({"celigo.colour": "blue"})


def test_records_are_put_read_and_deleted(sandbox: SandboxClient) -> None:
    scripts = sandbox.state("celigo.scripts")
    record = {**scripts.list()[0], "_id": "ffffffffffffffffffffff01", "name": "Mine"}
    before = len(scripts)
    assert scripts.put(record) == record
    assert scripts.get("ffffffffffffffffffffff01")["name"] == "Mine"
    assert len(scripts) == before + 1 == sandbox.collections()["celigo.scripts"]
    scripts.delete("ffffffffffffffffffffff01")
    assert [one for one in scripts if one["name"] == "Mine"] == []


def test_record_without_its_key_is_refused(sandbox: SandboxClient) -> None:
    with pytest.raises(EmulatorError, match=r"A record of celigo.scripts needs its _id"):
        sandbox.state("celigo.scripts").put({"name": "Mine"})
    with pytest.raises(EmulatorError, match=r"Unknown collection 'celigo.script'\. Did you mean 'celigo.scripts'"):
        sandbox.state("celigo.script").put({"name": "Mine"})


def test_invalid_record_needs_force(sandbox: SandboxClient) -> None:
    integrations = sandbox.state("secoda.integrations")
    record = {**integrations.list()[0], "name": 7}
    with pytest.raises(EmulatorError, match="violates the schema"):
        integrations.put(record)
    assert integrations.put(record, force=True)["name"] == 7


def test_id_may_hold_any_character(sandbox: SandboxClient) -> None:
    credentials = sandbox.state("secoda.credentials")
    record = {**credentials.list()[0], "id": "a/b c?d%e"}
    credentials.put(record)
    assert credentials.get("a/b c?d%e") == record
    credentials.delete("a/b c?d%e")


def test_more_records_than_a_page_are_all_listed(sandbox: SandboxClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("emulator.client.collection.PAGE", 20)
    integrations = sandbox.state("secoda.integrations")
    integrations.populate(7)
    listed = integrations.list()
    assert len({one["id"] for one in listed}) == len(listed) == len(integrations)


def test_snapshot_is_restored(sandbox: SandboxClient) -> None:
    integrations = sandbox.state("secoda.integrations")
    named, unnamed, before = sandbox.snapshot("before"), sandbox.snapshot(), len(integrations)
    integrations.populate(1)
    named.restore()
    assert len(integrations) == before
    integrations.populate(1)
    sandbox.restore(unnamed.name)
    assert len(integrations) == before


def test_a_snapshot_file_can_be_restored_in_another_sandbox(client: Client, sandbox: SandboxClient) -> None:
    sandbox.state("secoda.integrations").populate(1)
    sandbox.snapshot("before")
    with client.create_sandbox() as other:
        uploaded = other.upload_snapshot("copy", sandbox.download_snapshot("before"))
        assert other.snapshots() == [uploaded]
        uploaded.restore()
        assert other.state("secoda.integrations").list() == sandbox.state("secoda.integrations").list()


def test_reset_sandbox_is_as_it_began(sandbox: SandboxClient) -> None:
    sandbox.state("secoda.integrations").populate(1)
    sandbox.scenario("secoda/outage")
    list_integrations(sandbox.secoda)
    sandbox.reset()
    assert list_integrations(sandbox.secoda).status_code == 200
    assert len(sandbox.journal) == 1


def test_names_of_vendors_lead_nowhere_without_certificates(sandbox: SandboxClient) -> None:
    with pytest.raises(EmulatorError, match="This emulator has no certificates"):
        sandbox.patch_dns()


@pytest.fixture
def unused_port() -> Iterator[int]:
    with reserved_port() as port:
        yield port


@pytest.mark.parametrize(("own", "older"), [("0.0.9", "client"), ("0.10.0", "emulator")])
def test_client_of_another_version_says_which_side_is_older(
    emulator: EmulatorUnderTest, monkeypatch: pytest.MonkeyPatch, own: str, older: str
) -> None:
    monkeypatch.setattr("emulator.client.connections.__version__", own)
    sides = f"The client is version {own}, the emulator at {emulator.root} is {__version__}"
    with Client(emulator.root) as client:
        with pytest.warns(UserWarning, match=rf"^{sides}: the {older} is older\.") as warned:
            client.sandboxes()
        client.sandboxes()
    assert [one.filename for one in warned] == [__file__]


def test_a_warning_of_versions_shows_the_line_that_runs_an_emulator(
    emulator: EmulatorUnderTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("emulator.client.connections.__version__", "0.0.9")
    monkeypatch.setenv("EMULATOR_URL", emulator.root)
    with pytest.warns(UserWarning, match="the client is older") as warned, running():
        pass
    assert [one.filename for one in warned] == [__file__]


def test_client_of_the_same_version_says_nothing(emulator: EmulatorUnderTest) -> None:
    with Client(emulator.root) as client, warnings.catch_warnings():
        warnings.simplefilter("error")
        assert client.sandboxes() == ["default"]


@pytest.mark.parametrize(
    ("call", "told"),
    [
        (lambda sandbox: sandbox.scenario(3), "Unknown scenario '3'"),
        (lambda sandbox: sandbox.fault(vendor="secoda", operation=3, status=500), "operation: 3"),
        (
            lambda sandbox: sandbox.fault(vendor="secoda", status=500, where={"body": {"name": {"a"}}}),
            "cannot be written",
        ),
        (lambda sandbox: sandbox.verify("createIntegration", within="5"), "within: '5'"),
        (lambda sandbox: sandbox.restore(3), "'3'"),
        (lambda sandbox: sandbox.secoda.stub("GET", "/teapots", json=object()), "cannot be written as JSON"),
        (lambda sandbox: sandbox.journal.select(where={"body": {"name": {"a"}}}), "cannot be written as JSON"),
        (lambda sandbox: sandbox.state("secoda.integrations").add_many({"name": "x"}), "takes a list of records"),
    ],
    ids=["scenario", "operation", "where", "within", "restore", "stub", "select", "add_many"],
)
def test_argument_of_a_wrong_type_is_refused_in_a_sentence(
    sandbox: SandboxClient, call: Callable[[Any], object], told: str
) -> None:
    with pytest.raises(EmulatorError, match=told):
        call(sandbox)


@pytest.mark.parametrize("options", [{"scenarios": 3}, {"switches": ["a"]}, {"switches": {"a": {1}}}], ids=str)
def test_option_of_a_wrong_type_is_refused_in_a_sentence(client: Client, options: Any) -> None:
    with pytest.raises(EmulatorError):
        client.create_sandbox(**options)


def test_any_mapping_and_sequence_is_json(sandbox: SandboxClient) -> None:
    options = MappingProxyType({"celigo.empty_list_status": 204})
    with Client(sandbox.api.url) as client, client.create_sandbox(switches=options) as other:
        assert other.switches["celigo.empty_list_status"] == 204
    sandbox.fault(vendor="secoda", operation=("listIntegrations", "create*"), status=500)


def test_switches_are_not_replaced(sandbox: SandboxClient) -> None:
    with pytest.raises(AttributeError, match="update"):
        sandbox.switches = {"celigo.empty_list_status": 204}  # type: ignore[assignment]


def test_place_in_the_journal_is_a_number_or_a_slice(sandbox: SandboxClient) -> None:
    with pytest.raises(TypeError, match="a number or a slice, not 'x'"):
        sandbox.journal["x"]  # type: ignore[call-overload]


def test_body_that_cannot_be_parsed_is_a_sentence(sandbox: SandboxClient) -> None:
    list_integrations(sandbox.secoda)
    exchange = sandbox.journal[-1]
    with pytest.raises(ValueError, match=r"The body of exchange .* is empty, or no text"):
        _ = exchange.json
    with pytest.raises(ValueError, match="in progress: there is no reply yet"):
        _ = replace(exchange, state="open", reply_body=None).reply_json
    with pytest.raises(ValueError, match=r"The reply's body of exchange .* is not JSON"):
        _ = replace(exchange, reply_body="<html>").reply_json


def test_coverage_counts_operations_statuses_and_graphql_fields(sandbox: SandboxClient) -> None:
    for _ in range(2):
        list_integrations(sandbox.secoda)
    httpx.get(f"{sandbox.secoda.url}/integration/integrations")
    query = {"query": "{ listCustomIntegrations { integrations { uid } } }"}
    httpx.post(sandbox.paradime.url, headers=sandbox.paradime.headers, json=query)
    httpx.post(sandbox.paradime.url, headers=sandbox.paradime.headers, json={"query": "{ no"})
    coverage = sandbox.journal.coverage()
    counted = {one["operation"]: one["statuses"] for one in coverage["operations"]}
    assert counted == {
        "listIntegrations": {"200": 2, "401": 1},
        "listCustomIntegrations": {"200": 1},
        "executeGraphql": {"200": 1},
    }
    selected = {(one["type"], one["field"]) for one in coverage["graphql_fields"] if one["calls"]}
    assert {field for _, field in selected} == {"listCustomIntegrations", "integrations", "uid"}
    assert len(coverage["graphql_fields"]) > len(selected)
    assert {one["evidence"] for one in coverage["graphql_fields"] if one["calls"]} == {"documented"}


def test_assumptions_say_what_each_switch_decides(client: Client, sandbox: SandboxClient) -> None:
    known = {one["switch"]: one for one in client.assumptions()}
    assert known.keys() == dict(sandbox.switches).keys()
    assert all(sandbox.switches[name] == one["default"] in one["choices"] for name, one in known.items())
    assert known["celigo.unknown_id_status"]["evidence"]["level"] == "assumed"
