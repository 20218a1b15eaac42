"""Faults: what each field of one does to calls of a made-up vendor, of the real ones, and to GraphQL root fields."""

from __future__ import annotations

import asyncio
import errno
import json
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from copy import deepcopy
from datetime import UTC, datetime, timedelta
from functools import partial
from http.client import HTTPConnection, IncompleteRead
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from emulator.app import Emulator
from emulator.catalogue import Catalogue, read_catalogue
from emulator.control.document import own_schemas
from emulator.errors import ConfigurationError
from emulator.faults.armed import Due, Faults
from emulator.faults.check import check_fault
from emulator.faults.rule import fault_of
from emulator.server.server import ThreadedServer
from emulator.settings import read_settings
from emulator.transport.breaking import KINDS
from tests.conftest import EmulatorUnderTest, fresh
from tests.sample_calls import READ_OPERATION, READS, WRITE_OPERATION, WRITES, begin, by_id, query, read, write, written
from tests.test_pipeline import MADE_UP

REST = ("acme", "celigo", "immuta", "secoda")
VENDORS = (*REST, "paradime")
START = datetime(2030, 1, 1, tzinfo=UTC)

every_vendor = pytest.mark.parametrize("vendor", VENDORS)
rest_vendors = pytest.mark.parametrize("vendor", REST)


@pytest.fixture(scope="module")
def with_acme(catalogue: Catalogue) -> Catalogue:
    """The real vendors and the made-up one."""
    acme = read_catalogue({}, homes={"acme": MADE_UP / "acme"})
    return Catalogue(
        {**acme.vendors, **catalogue.vendors},
        {**acme.contracts, **catalogue.contracts},
        {**acme.handlers, **catalogue.handlers},
    )


@pytest.fixture(scope="module")
def server(with_acme: Catalogue) -> Iterator[ThreadedServer]:
    settings = read_settings({"port": 0, "access_log": False})
    with ThreadedServer(Emulator(settings, with_acme)) as server:
        yield server


@pytest.fixture
def emulator(server: ThreadedServer, _client: httpx.Client) -> Iterator[EmulatorUnderTest]:
    yield from fresh(server, _client)


@pytest.fixture
def naps(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """How long the emulator would have slept."""
    seconds: list[float] = []
    sleep = asyncio.sleep

    async def nap(wanted: float, stopping: asyncio.Event) -> None:
        seconds.append(wanted)
        await sleep(0.001)

    monkeypatch.setattr("emulator.transport.wire.pause", nap)
    return seconds


def reads(emulator: EmulatorUnderTest, vendor: str, count: int) -> str:
    """Return "x" for each call that was affected and "." for each other."""
    return "".join("." if read(emulator, vendor).status_code == 200 else "x" for _ in range(count))


# What is answered


@every_vendor
def test_status_comes_with_the_contracts_example(emulator: EmulatorUnderTest, vendor: str) -> None:
    operation = READ_OPERATION[vendor]
    contract = emulator.catalogue.contracts[vendor]
    carrier = contract.graphql.carrier if contract.graphql else operation
    example = next(iter(contract.operations[carrier].responses[401].media["application/json"].examples.values()))
    emulator.fault({"vendor": vendor, "operation": operation, "reply": {"status": 401}})
    response = read(emulator, vendor)
    assert (response.status_code, response.json()) == (401, example)
    assert response.headers["Content-Type"] == contract.conventions.json_content_type
    assert write(emulator, vendor).is_success


def test_example_brings_its_headers(emulator: EmulatorUnderTest) -> None:
    emulator.fault({"vendor": "secoda", "reply": {"status": 429}})
    assert read(emulator, "secoda").headers["Retry-After"] == "60"


def test_example_may_be_no_json(emulator: EmulatorUnderTest) -> None:
    emulator.fault({"vendor": "secoda", "reply": {"status": 500}})
    response = read(emulator, "secoda")
    assert response.headers["Content-Type"].startswith("text/html")
    assert response.text.lstrip().startswith("<!doctype html>")


@every_vendor
def test_given_body_and_headers_are_sent(emulator: EmulatorUnderTest, vendor: str) -> None:
    reply = {"status": 503, "body": {"asleep": True}, "headers": {"retry-after": "7", "X-Who": "me"}}
    emulator.fault({"vendor": vendor, "reply": reply, "force": True})
    response = read(emulator, vendor)
    assert (response.status_code, response.json()) == (503, {"asleep": True})
    assert response.headers.get_list("Retry-After") == ["7"]
    assert response.headers["X-Who"] == "me"
    assert response.headers["Content-Type"].startswith("application/json")


@every_vendor
def test_a_string_is_sent_unchanged(emulator: EmulatorUnderTest, vendor: str) -> None:
    reply = {"status": 502, "body": "<h1>Bad gateway</h1>", "headers": {"content-type": "text/html"}}
    emulator.fault({"vendor": vendor, "reply": reply, "force": True})
    response = read(emulator, vendor)
    assert (response.status_code, response.content) == (502, b"<h1>Bad gateway</h1>")
    assert response.headers.get_list("Content-Type") == ["text/html"]


def test_given_header_takes_the_place_of_the_examples(emulator: EmulatorUnderTest) -> None:
    emulator.fault({"vendor": "secoda", "reply": {"status": 429, "headers": {"retry-after": "5"}}})
    assert read(emulator, "secoda").headers.get_list("Retry-After") == ["5"]


@every_vendor
def test_failed_call_does_nothing(emulator: EmulatorUnderTest, vendor: str) -> None:
    emulator.fault({"vendor": vendor, "reply": {"status": 500}})
    assert write(emulator, vendor).status_code == 500
    assert not written(emulator, vendor)
    (exchange,) = emulator.exchanges()
    assert (exchange.faults, exchange.operations) == (("fault-1",), (WRITE_OPERATION[vendor],))


@rest_vendors
def test_a_failed_call_needs_no_credentials(emulator: EmulatorUnderTest, vendor: str) -> None:
    emulator.fault({"vendor": vendor, "reply": {"status": 500}})
    assert by_id(emulator, vendor, rights=None).status_code == 500


# Which calls


@every_vendor
@pytest.mark.parametrize(
    ("when", "seen"),
    [
        ({}, "xxxxxxxx"),
        ({"nth": 3}, "..x....."),
        ({"nth": [1, 4]}, "x..x...."),
        ({"times": 2}, "xx......"),
        ({"after": 5}, ".....xxx"),
        ({"every": 3}, "..x..x.."),
        ({"after": 2, "every": 2, "times": 2}, "...x.x.."),
        ({"after": 1, "nth": [1, 2]}, ".xx....."),
        ({"probability": 1}, "xxxxxxxx"),
        ({"probability": 0}, "........"),
    ],
)
def test_when(emulator: EmulatorUnderTest, vendor: str, when: dict[str, Any], seen: str) -> None:
    emulator.fault({"vendor": vendor, "operation": READ_OPERATION[vendor], "when": when, "reply": {"status": 500}})
    assert reads(emulator, vendor, 8) == seen
    assert emulator.sandbox.faults.hits("fault-1") == seen.count("x")


@every_vendor
def test_probability_is_drawn_by_the_seed(emulator: EmulatorUnderTest, vendor: str) -> None:
    document = {"vendor": vendor, "when": {"probability": 0.5}, "reply": {"status": 500}}
    fault = emulator.fault(document)
    seen = reads(emulator, vendor, 30)
    assert set(seen) == {"x", "."}
    emulator.sandbox.faults.add(fault)
    assert reads(emulator, vendor, 30) == seen


@every_vendor
def test_between_two_times_of_the_clock(emulator: EmulatorUnderTest, vendor: str) -> None:
    window = ["2030-01-01T02:00:00+02:00", "2030-01-01T01:00:00Z"]
    emulator.fault({"vendor": vendor, "when": {"between": window}, "reply": {"status": 503}})
    seen = ""
    for minutes in (-1, 0, 59, 60):
        emulator.clock.set(START + timedelta(minutes=minutes), frozen=True)
        seen += reads(emulator, vendor, 1)
    assert seen == ".xx."


@every_vendor
def test_over_a_bucket(emulator: EmulatorUnderTest, vendor: str) -> None:
    emulator.clock.set(START, frozen=True)
    reply = {"status": 429, "headers": {"Retry-After": "{retry_after}"}}
    emulator.fault({"vendor": vendor, "when": {"over": {"calls": 3, "per_second": 0.5}}, "reply": reply})
    assert reads(emulator, vendor, 5) == "...xx"
    assert read(emulator, vendor).headers["Retry-After"] == "2"
    emulator.clock.advance(1)
    assert read(emulator, vendor).headers["Retry-After"] == "1"
    emulator.clock.advance(1)
    assert reads(emulator, vendor, 2) == ".x"
    emulator.clock.advance(3600)
    assert reads(emulator, vendor, 4) == "...x"


@every_vendor
def test_over_a_window(emulator: EmulatorUnderTest, vendor: str) -> None:
    emulator.clock.set(START, frozen=True)
    reply = {"status": 429, "body": "Wait {retry_after} s.", "headers": {"Retry-After": "{retry_after}"}}
    when = {"over": {"calls": 2, "seconds": 10}, "per": "operation"}
    emulator.fault({"vendor": vendor, "when": when, "reply": reply, "force": True})
    assert reads(emulator, vendor, 1) == "."
    emulator.clock.advance(4)
    assert reads(emulator, vendor, 2) == ".x"
    refused = read(emulator, vendor)
    assert (refused.headers["Retry-After"], refused.text) == ("6", "Wait 6 s.")
    emulator.clock.advance(6)
    assert reads(emulator, vendor, 2) == ".x"
    assert write(emulator, vendor).is_success


@pytest.mark.parametrize("over", [{"calls": 1, "per_second": 1}, {"calls": 1, "seconds": 10}])
def test_a_clock_set_back_does_not_close_a_rate_for_long(emulator: EmulatorUnderTest, over: dict[str, Any]) -> None:
    emulator.clock.set(START, frozen=True)
    emulator.fault({"vendor": "secoda", "when": {"over": over}, "reply": {"status": 429}})
    assert reads(emulator, "secoda", 2) == ".x"
    emulator.clock.set(START - timedelta(days=365))
    reads(emulator, "secoda", 1)
    emulator.clock.advance(10)
    assert reads(emulator, "secoda", 2) == ".x"


@every_vendor
def test_per_operation_counts_each_by_itself(emulator: EmulatorUnderTest, vendor: str) -> None:
    emulator.fault({"vendor": vendor, "when": {"times": 1, "per": "operation"}, "reply": {"status": 500}})
    assert [read(emulator, vendor).is_success, write(emulator, vendor).is_success] == [False, False]
    assert [read(emulator, vendor).is_success, write(emulator, vendor).is_success] == [True, True]


@every_vendor
@pytest.mark.parametrize("when", [{"times": 1}, {"nth": 1}, {"every": 2, "after": 1, "times": 1}, {"after": 3}])
def test_all_operations_are_counted_together(emulator: EmulatorUnderTest, vendor: str, when: dict[str, Any]) -> None:
    emulator.fault({"vendor": vendor, "when": when, "reply": {"status": 500}})
    seen = [call(emulator, vendor).is_success for call in (read, write, read, write)]
    assert seen.count(False) == 1


def test_a_rate_counts_all_operations_together(emulator: EmulatorUnderTest) -> None:
    emulator.clock.set(START, frozen=True)
    when = {"over": {"calls": 3, "seconds": 10}}
    emulator.fault({"vendor": "secoda", "when": when, "reply": {"status": 429}})
    assert [call(emulator, "secoda").is_success for call in (read, write, read, write, read)] == [True] * 3 + [
        False
    ] * 2


def test_calls_that_the_fault_cannot_affect_are_not_counted(emulator: EmulatorUnderTest) -> None:
    emulator.fault({"vendor": "secoda", "when": {"times": 1}, "reply": {"status": 404}})
    assert write(emulator, "secoda").status_code == 201
    assert by_id(emulator, "secoda").status_code == 404
    assert by_id(emulator, "secoda").status_code == 200


@every_vendor
def test_only_reads_and_only_writes(emulator: EmulatorUnderTest, vendor: str) -> None:
    fault = emulator.fault({"vendor": vendor, "only": "reads", "reply": {"status": 500}})
    assert [read(emulator, vendor).is_success, write(emulator, vendor).is_success] == [False, True]
    assert emulator.sandbox.faults.remove(fault.id)
    emulator.fault({"vendor": vendor, "only": "writes", "reply": {"status": 500}})
    assert [read(emulator, vendor).is_success, write(emulator, vendor).is_success] == [True, False]


@pytest.mark.parametrize("operation", ["create*", ["createIntegration"], "*Integration", "[cu]reateIntegration"])
def test_operations_by_glob_and_list(emulator: EmulatorUnderTest, operation: Any) -> None:
    emulator.fault({"vendor": "celigo", "operation": operation, "reply": {"status": 500}})
    assert (read(emulator, "celigo").status_code, write(emulator, "celigo").status_code) == (200, 500)


def test_a_fault_is_of_one_vendor_and_sandbox(emulator: EmulatorUnderTest) -> None:
    emulator.fault({"vendor": "celigo", "reply": {"status": 500}})
    other = emulator.run(partial(emulator.sandboxes.create, "other"))
    assert (read(emulator, "celigo").status_code, read(emulator, "secoda").status_code) == (500, 200)
    assert read(emulator, "celigo", headers={"X-Emulator-Sandbox": other.name}).status_code == 200
    emulator.run(partial(emulator.sandboxes.drop, other.name))


# How long


@every_vendor
@pytest.mark.parametrize(
    ("delay", "shortest", "longest"),
    [
        ({"fixed": 1.5}, 1.5, 1.5),
        (1.5, 1.5, 1.5),
        ({"uniform": [0.5, 2]}, 0.5, 2),
        ({"lognormal": {"median": 1, "sigma": 0.5}}, 0.05, 20),
        ({"fixed": 0}, 0, 0),
    ],
)
def test_delay(
    emulator: EmulatorUnderTest, vendor: str, naps: list[float], delay: Any, shortest: float, longest: float
) -> None:
    emulator.fault({"vendor": vendor, "operation": READ_OPERATION[vendor], "delay": delay})
    seconds = set()
    for _ in range(6):
        naps.clear()
        assert read(emulator, vendor).status_code == 200
        seconds.add(round(sum(naps), 9))
    assert shortest <= min(seconds) <= max(seconds) <= longest
    assert (len(seconds) == 1) == (shortest == longest)
    naps.clear()
    write(emulator, vendor)
    assert naps == []


def test_delays_add_up_and_a_reply_comes_after_them(emulator: EmulatorUnderTest, naps: list[float]) -> None:
    emulator.fault({"vendor": "celigo", "delay": {"fixed": 1}})
    emulator.fault({"vendor": "celigo", "delay": {"fixed": 2}, "reply": {"status": 503}})
    assert read(emulator, "celigo").status_code == 503
    assert sum(naps) == 3
    assert emulator.exchanges()[0].faults == ("fault-1", "fault-2")


@pytest.mark.parametrize("commit", ["before", "after"])
def test_a_delay_on_the_clock_moves_it_and_nobody_waits(
    emulator: EmulatorUnderTest, naps: list[float], commit: str
) -> None:
    emulator.clock.set(START, frozen=True)
    emulator.fault({"vendor": "celigo", "delay": {"clock": 30}, "commit": commit})
    emulator.fault({"vendor": "celigo", "delay": 2, "when": {"nth": 2}})
    assert [read(emulator, "celigo").status_code for _ in range(2)] == [200, 200]
    assert ((emulator.clock.now() - START).total_seconds(), sum(naps)) == (60, 2)


def test_lognormal_delays_have_their_median(with_acme: Catalogue) -> None:
    document = {"vendor": "acme", "delay": {"lognormal": {"median": 2, "sigma": 1}}}
    faults = armed(document)
    seconds = sorted(faults.due("acme", "listThings", True, START)[0].seconds for _ in range(400))
    assert 1.5 < seconds[200] < 2.7
    assert seconds[-1] > 10


@every_vendor
def test_a_client_that_gives_up_is_noticed(
    emulator: EmulatorUnderTest, vendor: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("emulator.faults.effect.LOOK_SECONDS", 0.01)
    fault = emulator.fault({"vendor": vendor, "delay": {"fixed": 3600}, "reply": {"status": 503}})
    with begin(emulator, vendor, WRITES):
        wait_for(lambda: emulator.sandbox.faults.hits(fault.id) == 1)
    wait_for(lambda: emulator.exchanges() != [])
    assert emulator.exchanges()[0].reply is None
    assert not written(emulator, vendor)


@every_vendor
def test_a_write_is_done_before_a_delay_after_it(
    emulator: EmulatorUnderTest, vendor: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("emulator.faults.effect.LOOK_SECONDS", 0.01)
    emulator.fault({"vendor": vendor, "commit": "after", "delay": {"fixed": 3600}})
    with begin(emulator, vendor, WRITES):
        wait_for(lambda: written(emulator, vendor) == 1)
    wait_for(lambda: emulator.exchanges() != [])
    assert emulator.exchanges()[0].reply is None
    assert written(emulator, vendor) == 1


def wait_for(happened: Callable[[], bool]) -> None:
    until = time.monotonic() + 60
    while not happened():
        assert time.monotonic() < until
        time.sleep(0.005)


# How the connection ends


@rest_vendors
def test_reset_is_a_tcp_reset(emulator: EmulatorUnderTest, vendor: str) -> None:
    emulator.fault({"vendor": vendor, "connection": "reset"})
    with begin(emulator, vendor) as connection, pytest.raises(ConnectionResetError) as reset:
        connection.recv(1)
    assert reset.value.errno == errno.ECONNRESET


@rest_vendors
def test_close_ends_without_a_reply(emulator: EmulatorUnderTest, vendor: str) -> None:
    emulator.fault({"vendor": vendor, "connection": "close"})
    with begin(emulator, vendor) as connection:
        assert connection.recv(1) == b""
    assert emulator.exchanges()[0].reply is None


@every_vendor
@pytest.mark.parametrize(("connection", "seen"), [("reset", httpx.ReadError), ("close", httpx.RemoteProtocolError)])
def test_broken_connection_before_or_after_the_write(
    emulator: EmulatorUnderTest, vendor: str, connection: str, seen: type[Exception]
) -> None:
    fault = emulator.fault({"vendor": vendor, "connection": connection})
    with pytest.raises(seen):
        write(emulator, vendor)
    assert not written(emulator, vendor)
    emulator.sandbox.faults.remove(fault.id)
    emulator.fault({"vendor": vendor, "connection": connection, "commit": "after"})
    with pytest.raises(seen):
        write(emulator, vendor)
    assert written(emulator, vendor) == 1


@every_vendor
def test_truncate_ends_in_the_middle_of_the_body(
    emulator: EmulatorUnderTest, vendor: str, caplog: pytest.LogCaptureFixture
) -> None:
    whole = read(emulator, vendor).content
    emulator.fault({"vendor": vendor, "connection": "truncate"})
    method, path, document = READS[vendor]
    connection = HTTPConnection(emulator.root.removeprefix("http://"))
    headers = {**emulator.headers(vendor), "Content-Type": "application/json"}
    connection.request(method, urlsplit(emulator.url(vendor) + path).path, json.dumps(document), headers)
    response = connection.getresponse()
    assert (response.status, response.headers["Content-Length"]) == (200, str(len(whole)))
    with pytest.raises(IncompleteRead) as cut:
        response.read()
    connection.close()
    assert cut.value.partial == whole[: len(whole) // 2]
    assert caplog.text == ""


@every_vendor
def test_drip_sends_all_bytes_in_pieces(emulator: EmulatorUnderTest, vendor: str, naps: list[float]) -> None:
    whole = read(emulator, vendor).content
    emulator.fault({"vendor": vendor, "connection": "drip"})
    with stream(emulator, vendor) as response:
        received = b"".join(response.iter_raw())
    assert received == whole
    # Of the pauses between two pieces: a busy machine receives several pieces as one.
    assert len(naps) > 5
    assert 1 < sum(naps) < 4


@pytest.mark.parametrize("rate", [1, 7.5, 100, 1_000_000])
def test_drip_keeps_to_a_rate(emulator: EmulatorUnderTest, rate: float, naps: list[float]) -> None:
    document = {"name": "x" * 40}
    emulator.fault({"vendor": "celigo", "connection": {"drip": {"bytes_per_second": rate}}})
    whole = emulator.call("celigo", "POST", "/integrations", json=document).content
    assert json.loads(whole)["_id"]
    # The last piece may be shorter than its time.
    assert len(whole) / rate - 1e-6 <= sum(naps) <= len(whole) / rate + max(naps) + 1e-6
    assert max(naps) <= 1


@pytest.mark.parametrize("sent", [0, 1, 20])
def test_truncate_sends_so_many_bytes(emulator: EmulatorUnderTest, sent: int) -> None:
    whole = read(emulator, "celigo").content
    emulator.fault({"vendor": "celigo", "connection": {"truncate": {"after_bytes": sent}}})
    pieces: list[bytes] = []
    with stream(emulator, "celigo") as response, pytest.raises(httpx.RemoteProtocolError):
        pieces.extend(response.iter_raw())
    assert (response.status_code, b"".join(pieces)) == (200, whole[:sent])


def test_truncate_leaves_a_shorter_body_whole(emulator: EmulatorUnderTest) -> None:
    whole = read(emulator, "celigo").content
    for sent in (len(whole), 1_000_000):
        emulator.fault({"vendor": "celigo", "when": {"times": 1}, "connection": {"truncate": {"after_bytes": sent}}})
        assert read(emulator, "celigo").content == whole


def test_a_client_may_leave_while_it_drips(
    emulator: EmulatorUnderTest, naps: list[float], caplog: pytest.LogCaptureFixture
) -> None:
    emulator.fault({"vendor": "celigo", "connection": "drip"})
    with begin(emulator, "celigo") as connection:
        connection.recv(1)
    wait_for(lambda: emulator.sandbox.idle)
    assert caplog.text == ""


@pytest.mark.parametrize("connection", ["truncate", "drip"])
def test_a_failed_reply_can_end_so_too(emulator: EmulatorUnderTest, connection: str, naps: list[float]) -> None:
    emulator.fault({"vendor": "celigo", "connection": connection, "reply": {"status": 503}})
    with stream(emulator, "celigo") as response:
        assert response.status_code == 503
        if connection == "drip":
            assert b"errors" in response.read()
        else:
            with pytest.raises(httpx.RemoteProtocolError):
                response.read()


@pytest.mark.parametrize("connection", ["truncate", "drip"])
def test_responses_without_a_body_are_never_cut(emulator: EmulatorUnderTest, connection: str) -> None:
    emulator.fault({"vendor": "celigo", "connection": connection})
    assert emulator.call("celigo", "DELETE", "/integrations/5fc5e0e66cfe5b44bb95de70").status_code == 204
    head = emulator.call("celigo", "HEAD", "/integrations")
    assert (head.status_code, head.content) == (200, b"")
    assert emulator.call("celigo", "HEAD", "/integrations").status_code == 200


def test_the_schema_of_faults_allows_each_way_in_which_a_connection_breaks() -> None:
    schema = json.loads(own_schemas()["fault.schema.json"].read_text("utf-8"))["properties"]["connection"]
    by_word, by_amount = schema["oneOf"]
    assert by_word["enum"] == [*KINDS]
    assert [*by_amount["properties"]] == [way for way, kind in KINDS.items() if kind.effect_of_amount]
    assert [way for way in KINDS if f"{way}: " not in schema["description"]] == []


def stream(emulator: EmulatorUnderTest, vendor: str) -> Any:
    """Read a list as a stream."""
    method, path, document = READS[vendor]
    return httpx.stream(method, emulator.url(vendor) + path, headers=emulator.headers(vendor), json=document)


# Writes that are kept


@every_vendor
@pytest.mark.parametrize("status", [500, 503])
def test_commit_after_keeps_the_write_and_then_fails(emulator: EmulatorUnderTest, vendor: str, status: int) -> None:
    document = {"vendor": vendor, "operation": WRITE_OPERATION[vendor], "commit": "after", "reply": {"status": status}}
    emulator.fault(document)
    assert write(emulator, vendor).status_code == status
    assert written(emulator, vendor) == 1


def test_commit_after_keeps_an_upload(emulator: EmulatorUnderTest) -> None:
    emulator.fault({"vendor": "acme", "operation": "importThings", "commit": "after", "reply": {"status": 500}})
    upload = {"file": ("names.txt", b"New\nNew\n")}
    assert emulator.call("acme", "POST", "/things/import", files=upload).status_code == 500
    assert written(emulator, "acme") == 2


# GraphQL

BOTH = """mutation {
  first: updateCustomIntegration(integrationUid: "abc123", name: "First") { ok }
  addCustomIntegration(name: "New", nodeTypes: []) { ok }
  second: updateCustomIntegration(integrationUid: "def456", name: "Second") { ok }
}"""
ERRORS: list[dict[str, Any]] = [
    {"message": "AlreadyRunningException", "extensions": {"code": "BUSY"}},
    {"message": "and more"},
]


def test_graphql_errors_are_those_of_one_root_field(emulator: EmulatorUnderTest) -> None:
    emulator.fault({"vendor": "paradime", "operation": "addCustomIntegration", "graphql": {"errors": ERRORS}})
    assert query(emulator, BOTH) == {
        "data": {"first": {"ok": True}, "addCustomIntegration": None, "second": {"ok": True}},
        "errors": [{**error, "path": ["addCustomIntegration"]} for error in ERRORS],
    }
    names = {one["name"] for one in emulator.records("paradime.integrations")}
    assert {"First", "Second"} <= names
    assert "New" not in names


def test_graphql_errors_name_the_key_of_the_result(emulator: EmulatorUnderTest) -> None:
    graphql = {"errors": [{"message": "no"}], "data": "keep"}
    emulator.fault({"vendor": "paradime", "operation": "updateCustomIntegration", "graphql": graphql})
    response = query(emulator, BOTH)
    assert response["data"]["first"] == {"ok": True}
    assert response["errors"] == [{"message": "no", "path": ["first"]}, {"message": "no", "path": ["second"]}]


def test_graphql_data_is_returned_with_the_errors(emulator: EmulatorUnderTest) -> None:
    whole = read(emulator, "paradime").json()
    emulator.fault({"vendor": "paradime", "graphql": {"errors": [{"message": "late"}], "data": "keep"}})
    response = read(emulator, "paradime").json()
    assert response == {**whole, "errors": [{"message": "late", "path": ["listCustomIntegrations"]}]}


@pytest.mark.parametrize(("commit", "kept"), [("before", 0), ("after", 1)])
def test_graphql_data_is_null_and_the_write_kept_or_not(emulator: EmulatorUnderTest, commit: str, kept: int) -> None:
    graphql = {"errors": [{"message": "no"}], "data": None}
    emulator.fault({"vendor": "paradime", "only": "writes", "commit": commit, "graphql": graphql})
    response = write(emulator, "paradime")
    assert response.status_code == 200
    assert response.json()["data"] == {"addCustomIntegration": None}
    assert written(emulator, "paradime") == kept


def test_graphql_errors_wait_for_their_nth_call(emulator: EmulatorUnderTest) -> None:
    when = {"nth": 2, "per": "operation"}
    emulator.fault({"vendor": "paradime", "when": when, "graphql": {"errors": [{"message": "no"}]}})
    assert ["errors" in read(emulator, "paradime").json() for _ in range(3)] == [False, True, False]
    assert ["errors" in write(emulator, "paradime").json() for _ in range(3)] == [False, True, False]


def test_a_document_that_is_not_run_has_only_its_own_errors(emulator: EmulatorUnderTest) -> None:
    emulator.fault({"vendor": "paradime", "graphql": {"errors": [{"message": "mine"}]}})
    response = query(emulator, "{ listCustomIntegrations { nothing } }")
    assert [error["message"] for error in response["errors"]] == [
        "Cannot query field 'nothing' on type 'ListCustomIntegrations'."
    ]
    assert query(emulator, "{ __typename }") == {"data": {"__typename": "Query"}}


def test_a_reply_for_one_root_field_is_the_reply_to_the_document(emulator: EmulatorUnderTest) -> None:
    emulator.fault({"vendor": "paradime", "operation": "addCustomIntegration", "reply": {"status": 503}})
    assert emulator.call("paradime", "POST", json={"query": BOTH}).status_code == 503
    assert "First" not in {one["name"] for one in emulator.records("paradime.integrations")}
    assert read(emulator, "paradime").status_code == 200


# Without state


@every_vendor
def test_prefer_asks_for_a_status(emulator: EmulatorUnderTest, vendor: str) -> None:
    assert write(emulator, vendor, headers={"Prefer": "code=500"}).status_code == 500
    for spelled in (
        'return=minimal, code="503"',
        "Code=503",
        "code = 503",
        "CODE=503; strict",
        'wait=5 , code\t=\t"503"',
    ):
        assert write(emulator, vendor, headers={"Prefer": spelled}).status_code == 503
    assert not written(emulator, vendor)
    for other in ("return=minimal", "barcode=503", "code=5030", "x=1; code=503"):
        assert write(emulator, vendor, headers={"Prefer": other}).is_success


def test_prefer_may_be_sent_twice(emulator: EmulatorUnderTest) -> None:
    headers = [*emulator.headers("celigo").items(), ("Prefer", "wait=5"), ("Prefer", "code=401")]
    assert httpx.get(emulator.url("celigo") + "/integrations", headers=headers).status_code == 401


def test_prefer_takes_the_operations_own_example(emulator: EmulatorUnderTest) -> None:
    listed = read(emulator, "paradime", headers={"Prefer": "code=200"}).json()
    assert [one["uid"] for one in listed["data"]["listCustomIntegrations"]["integrations"]] == ["abc123", "def456"]
    deleted = emulator.call("secoda", "DELETE", "/integration/integrations/none", headers={"Prefer": "code=204"})
    assert (deleted.status_code, deleted.content) == (204, b"")


def test_prefer_for_what_is_not_in_the_contract_is_refused_with_what_is(emulator: EmulatorUnderTest) -> None:
    response = emulator.call("celigo", "GET", "/tokenInfo", headers={"Prefer": "code=418"})
    assert (response.status_code, response.headers["Content-Type"]) == (422, "application/problem+json")
    assert response.json()["detail"] == (
        "Prefer: code=418 is not in the contract of getTokenInfo, which has 200, 304, 400, 401, 403, 429, 500, 503."
    )


@pytest.mark.parametrize("name", ["unavailable", "celigo/unavailable", "*/unavailable"])
def test_a_scenario_for_one_call(emulator: EmulatorUnderTest, name: str) -> None:
    assert read(emulator, "celigo", headers={"X-Emulator-Scenario": name}).status_code == 503
    assert read(emulator, "celigo").status_code == 200


def test_the_switches_of_a_scenario_for_one_call(emulator: EmulatorUnderTest) -> None:
    path = f"/integrations/{write(emulator, 'celigo').json()['_id']}/flows"
    named, unnamed = {"X-Emulator-Scenario": "empty-lists-204"}, dict[str, str]()
    assert [
        emulator.call("celigo", "GET", path, headers=headers).status_code for headers in (named, unnamed, named)
    ] == [
        204,
        200,
        204,
    ]


def test_each_call_for_itself_is_affected_or_not(emulator: EmulatorUnderTest) -> None:
    named = {"X-Emulator-Scenario": "flaky"}
    assert {read(emulator, "celigo", headers=named).status_code for _ in range(40)} == {200, 500}


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("flakey", "Unknown scenario 'flakey' of celigo. Did you mean 'flaky'"),
        ("secoda/flaky", "Unknown scenario 'secoda/flaky' of celigo. Did you mean 'flaky'"),
        ("empty-world", "Scenario celigo/empty-world changes records, so it cannot apply to one call: turn it on."),
    ],
)
def test_a_scenario_that_one_call_cannot_have_is_refused(emulator: EmulatorUnderTest, name: str, sentence: str) -> None:
    response = read(emulator, "celigo", headers={"X-Emulator-Scenario": name})
    assert (response.status_code, response.json()["detail"].startswith(sentence)) == (422, True)


# What is refused


@pytest.mark.parametrize(
    ("document", "sentence"),
    [
        ({"reply": {"status": 500}}, "a fault needs a vendor; known vendors: acme, celigo, immuta, paradime, secoda"),
        (
            {"vendor": "acne", "reply": {"status": 500}},
            "unknown vendor 'acne'. Did you mean 'acme'? Known vendors: acme, celigo, ",
        ),
        (
            {"vendor": "acme", "operation": "listThing", "reply": {"status": 500}},
            "unknown operation 'listThing' of acme. Did you mean 'listThings'? Known operations: createThing, ",
        ),
        (
            {"vendor": "acme", "operation": ["listThings", "drop*"], "reply": {"status": 500}},
            "unknown operation 'drop*' of acme. Known operations: createThing, ",
        ),
        (
            {"vendor": "paradime", "operation": "executeGraphql", "reply": {"status": 500}},
            "unknown operation 'executeGraphql' of paradime. Some operations: ",
        ),
        (
            {"vendor": "acme", "operation": "createThing", "only": "reads", "reply": {"status": 500}},
            "only: reads excludes all matching operations: createThing",
        ),
        (
            {"vendor": "acme", "operation": "importThings", "reply": {"status": 200}},
            "status 200 is not in the contract (importThings: 204, 400, 401, 403, 404, 409, 413, 415, 422, 429, ",
        ),
        (
            {"vendor": "secoda", "operation": ["getIntegration", "createIntegration"], "reply": {"status": 404}},
            "status 404 is not in the contract (createIntegration: 201, 400, ",
        ),
        (
            {"vendor": "paradime", "operation": "*CustomIntegration", "reply": {"status": 404}},
            "status 404 is not in the contract (addCustomIntegration: 200, 400, ",
        ),
        (
            {"vendor": "acme", "operation": "getThing", "reply": {"status": 200, "body": {"id": "a"}}},
            "the body violates the contract of getThing 200: at /name: 'name' is a required property;",
        ),
        (
            {"vendor": "acme", "operation": "getThing", "reply": {"status": 200, "body": "{"}},
            "the body violates the contract of getThing 200: at /: '{' is not of type 'object'. Write it like",
        ),
        (
            {"vendor": "acme", "operation": "importThings", "reply": {"status": 204, "body": {}}},
            "the body violates the contract of importThings 204: this status has no body;",
        ),
        (
            {"vendor": "secoda", "operation": "getIntegration", "reply": {"status": 500, "body": {"detail": "x"}}},
            "the body violates the contract of getIntegration 500: it is text/html, so give a string;",
        ),
        ({"vendor": "acme"}, "a fault needs a reply, a delay, a connection or graphql"),
        ({"vendor": "acme", "commit": "after", "when": {"nth": 1}}, "a fault needs a reply, a delay, a connection or"),
        (
            {"vendor": "paradime", "graphql": {"errors": [{"message": "x"}]}, "reply": {"status": 500}},
            "graphql cannot be combined with a reply or a connection",
        ),
        (
            {"vendor": "paradime", "graphql": {"errors": [{"message": "x"}]}, "connection": "drip"},
            "graphql cannot be combined with a reply or a connection",
        ),
        ({"vendor": "acme", "graphql": {"errors": [{"message": "x"}]}}, "acme has no GraphQL operations; use a reply"),
        (
            {"vendor": "acme", "connection": "reset", "reply": {"status": 500}},
            "connection reset sends no reply, so it cannot be combined with one",
        ),
        (
            {"vendor": "acme", "connection": "close", "reply": {"status": 500}},
            "connection close sends no reply, so it cannot be combined with one",
        ),
        ({"vendor": "acme", "delay": {"uniform": [2, 1]}}, "delay: uniform takes the shortest delay, then the longest"),
        (
            {"vendor": "acme", "when": {"nth": [1, 3], "every": 2}, "connection": "close"},
            "when: no nth call is a multiple of 2, so it would never apply",
        ),
        (
            {"vendor": "acme", "when": {"between": ["2030-01-01T00:00:00Z"] * 2}, "connection": "close"},
            "when: between takes the earlier time, then the later",
        ),
        (
            {"vendor": "acme", "when": {"between": ["2016-12-31T23:59:60Z"] * 2}, "connection": "close"},
            "between: invalid time '2016-12-31T23:59:60Z': second must be in 0..59",
        ),
        (
            {"vendor": "acme", "reply": {"status": 500, "headers": {"X-A": "a\r\nX-B: b"}}},
            "invalid header 'X-A': 'a\\r\\nX-B: b'",
        ),
        ({"vendor": "acme", "reply": {"status": 500, "headers": {"X A": "a"}}}, "invalid header 'X A': 'a'"),
        ({"vendor": "acme", "reply": {"status": 500, "headers": {"X": "\ud800"}}}, "invalid header 'X': '\\ud800'"),
        (
            {"vendor": "acme", "reply": {"status": 500, "body": "a\ud800"}, "force": True},
            "the body is a string with a lone surrogate, which UTF-8 cannot encode",
        ),
    ],
)
def test_an_invalid_fault_is_refused_with_valid_values(
    with_acme: Catalogue, document: dict[str, Any], sentence: str
) -> None:
    with pytest.raises(ConfigurationError) as refusal:
        check(document, with_acme)
    assert str(refusal.value).startswith(sentence)


@pytest.mark.parametrize(
    "document",
    [
        {"vendor": "acme", "operation": "importThings", "reply": {"status": 200}},
        {"vendor": "acme", "operation": "getThing", "reply": {"status": 200, "body": "{"}},
        {"vendor": "acme", "operation": "getThing", "reply": {"status": 200, "body": {"id": 1}}},
        {"vendor": "acme", "reply": {"status": 599, "body": None}},
    ],
)
def test_force_allows_what_the_contract_does_not_hold(with_acme: Catalogue, document: dict[str, Any]) -> None:
    with pytest.raises(ConfigurationError):
        check(document, with_acme)
    check({**document, "force": True}, with_acme)


def test_forced_null_is_sent(emulator: EmulatorUnderTest) -> None:
    emulator.fault({"vendor": "celigo", "reply": {"status": 599, "body": None}, "force": True})
    assert (read(emulator, "celigo").status_code, read(emulator, "celigo").content) == (599, b"null")


def check(document: dict[str, Any], catalogue: Catalogue) -> None:
    fault = fault_of(document, "fault-1")
    check_fault(fault, catalogue.contracts)


# Properties of all faults

OPERATIONS = ("createThing", "getThing", "listThings")
however_slow = settings(deadline=None)
WHENS = st.fixed_dictionaries(
    {},
    optional={
        "nth": st.lists(st.integers(1, 8), min_size=1, max_size=3),
        "times": st.integers(1, 4),
        "after": st.integers(0, 4),
        "every": st.integers(1, 3),
        "probability": st.floats(0, 1),
        "between": st.just(["2030-01-01T00:00:05Z", "2030-01-01T00:00:30Z"]),
        "over": st.one_of(
            st.fixed_dictionaries({"calls": st.integers(1, 3), "per_second": st.floats(0.01, 2)}),
            st.fixed_dictionaries({"calls": st.integers(1, 3), "seconds": st.floats(0.5, 20)}),
        ),
    },
)
DELAYS = st.one_of(
    st.floats(0, 9),
    st.fixed_dictionaries({"fixed": st.floats(0, 9)}),
    st.just({"uniform": [0.5, 3]}),
    st.just({"lognormal": {"median": 1, "sigma": 2}}),
)
DOCUMENTS = st.fixed_dictionaries(
    {"vendor": st.just("acme"), "when": WHENS, "delay": DELAYS},
    optional={"operation": st.sampled_from(["*", "*Thing", ["getThing", "listThings"]]), "only": st.just("reads")},
)
CALLS = st.lists(st.tuples(st.sampled_from(OPERATIONS), st.floats(0, 3)), max_size=40)


def armed(*documents: dict[str, Any], seed: int = 1) -> Faults:
    faults = Faults(seed)
    for document in documents:
        faults.add(fault_of(document, faults.next_id()))
    return faults


def met(faults: Faults, calls: Sequence[tuple[str, datetime]]) -> list[tuple[str, list[tuple[str, float, int]]]]:
    """Return each call's operation, and which faults apply to it with which delay."""
    return [(operation, [told(due) for due in met_by(faults, operation, now)]) for operation, now in calls]


def met_by(faults: Faults, operation: str, now: datetime) -> list[Due]:
    return faults.due("acme", operation, operation != "createThing", now)


def told(due: Due) -> tuple[str, float, int]:
    return due.fault.id, due.seconds, due.retry_after


def timed(calls: Sequence[tuple[str, float]]) -> list[tuple[str, datetime]]:
    now, found = START, []
    for operation, seconds in calls:
        now += timedelta(seconds=seconds)
        found.append((operation, now))
    return found


@however_slow
@given(st.lists(DOCUMENTS, min_size=1, max_size=3), CALLS, st.integers())
def test_faults_of_an_operation_depend_only_on_seed_and_its_own_calls(
    documents: list[dict[str, Any]], calls: list[tuple[str, float]], seed: int
) -> None:
    documents = [{**one, "when": {**one.get("when", {}), "per": "operation"}} for one in documents]
    interleaved = met(armed(*documents, seed=seed), timed(calls))
    for operation in OPERATIONS:
        own = [call for call in timed(calls) if call[0] == operation]
        alone = met(armed(*documents, seed=seed), own)
        assert [call for call in interleaved if call[0] == operation] == alone


@however_slow
@given(st.integers(), st.integers())
def test_another_seed_gives_another_run(one: int, other: int) -> None:
    document = {"vendor": "acme", "when": {"probability": 0.5}, "delay": {"uniform": [0, 1]}}
    calls = [("getThing", START)] * 40
    runs = [met(armed(document, seed=seed), calls) for seed in (one, other)]
    assert (runs[0] == runs[1]) == (one == other)


@however_slow
@given(st.lists(DOCUMENTS, min_size=1, max_size=3), CALLS)
def test_hits_are_the_calls_that_were_affected(documents: list[dict[str, Any]], calls: list[tuple[str, float]]) -> None:
    faults = armed(*documents)
    counted = Counter(id for _, dues in met(faults, timed(calls)) for id, _, _ in dues)
    assert {fault.id: faults.hits(fault.id) for fault in faults} == {fault.id: counted[fault.id] for fault in faults}
    for fault in faults:
        assert faults.hits(fault.id) <= fault.when.times * len(OPERATIONS)


STEPS = st.lists(st.floats(0, 5) | st.just(0.0), min_size=1, max_size=80)


@however_slow
@given(st.integers(1, 5), st.floats(0.05, 3), STEPS)
@example(10, 0.1, [0.0] * 11 + [10.0, 0.0])
def test_a_bucket_never_lets_more_through_than_capacity_and_refill(
    capacity: int, per_second: float, steps: list[float]
) -> None:
    through = let_through({"calls": capacity, "per_second": per_second}, steps)
    for first, start in enumerate(through):
        for last, end in enumerate(through[first:], first):
            assert last - first + 1 <= capacity + per_second * (end - start).total_seconds() + 1e-6


@however_slow
@given(st.integers(1, 5), st.floats(0.5, 10), STEPS)
def test_a_window_never_lets_more_through_in_any_stretch(capacity: int, seconds: float, steps: list[float]) -> None:
    through = let_through({"calls": capacity, "seconds": seconds}, steps)
    for start in through:
        assert sum(0 <= (other - start).total_seconds() < seconds for other in through) <= capacity


@however_slow
@given(
    st.one_of(
        st.fixed_dictionaries({"calls": st.integers(1, 5), "per_second": st.floats(0.05, 3)}),
        st.fixed_dictionaries({"calls": st.integers(1, 5), "seconds": st.floats(0.5, 10)}),
    ),
    STEPS,
)
@example({"calls": 10, "per_second": 0.1}, [0.0] * 11)
def test_a_client_that_waits_as_long_as_requested_succeeds(over: dict[str, Any], steps: list[float]) -> None:
    faults = armed({"vendor": "acme", "when": {"over": over}, "connection": "close"})
    for _, now in timed([("getThing", step) for step in steps]):
        for due in met_by(faults, "getThing", now):
            assert due.retry_after >= 1
            assert not met_by(deepcopy(faults), "getThing", now + timedelta(seconds=due.retry_after))


def let_through(over: dict[str, Any], steps: list[float]) -> list[datetime]:
    """Return when calls were let through, each as early as possible."""
    faults = armed({"vendor": "acme", "when": {"over": over}, "connection": "close"})
    calls = timed([("getThing", step) for step in steps])
    through = [now for (_, now), (_, dues) in zip(calls, met(faults, calls), strict=True) if not dues]
    assert through[: min(over["calls"], len(steps))] == [now for _, now in calls][: over["calls"]]
    return through
