"""Spans of OpenTelemetry, as a collector gets them from a running emulator."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from queue import Queue
from threading import Thread
from typing import Any
from urllib.parse import urlsplit

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status

from emulator.app import Emulator
from emulator.catalogue import Catalogue
from emulator.errors import ConfigurationError
from emulator.settings import read_settings
from tests.control import Control, controlled, process
from tests.inner_runs import INI, OUTSIDE, PLAIN
from tests.ports import reserved_port

pytest_plugins = ["pytester"]

SECODA = {"Authorization": "Bearer secoda-token"}
INTEGRATIONS = "/secoda/api/v1/integration/integrations"
TRACE, CLIENT = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
SECRET = "a-very-secret-password-of-ours"


class Collector(ThreadingHTTPServer):
    """A collector of OpenTelemetry on a free port."""

    daemon_threads = True

    def __init__(self) -> None:
        self.requests: Queue[ExportTraceServiceRequest] = Queue()
        collected = self.requests

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                collected.put(ExportTraceServiceRequest.FromString(body))
                self.send_response(200)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_: Any) -> None:
                pass

        super().__init__(("127.0.0.1", 0), Handler)

    @property
    def url(self) -> str:
        """The URL for OTEL_EXPORTER_OTLP_ENDPOINT."""
        return f"http://127.0.0.1:{self.server_port}"

    def spans(self, count: int) -> list[Span]:
        """Wait for so many spans and return them."""
        found: list[Span] = []
        while len(found) < count:
            request = self.requests.get(timeout=60)
            found += [span for of in request.resource_spans for scope in of.scope_spans for span in scope.spans]
        return found


@contextmanager
def collecting() -> Iterator[Collector]:
    with Collector() as collector:
        thread = Thread(target=collector.serve_forever)
        thread.start()
        try:
            yield collector
        finally:
            collector.shutdown()
            thread.join()


@pytest.fixture(scope="module")
def shared() -> Iterator[tuple[Collector, Control]]:
    """An emulator whose spans a collector gets at once; one process for all tests."""
    with collecting() as collector, ExitStack() as stack:
        with pytest.MonkeyPatch.context() as environment:
            environment.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", collector.url)
            environment.setenv("OTEL_BSP_SCHEDULE_DELAY", "1")
            _, control = stack.enter_context(process("--otel", "true"))
        yield collector, control


@pytest.fixture
def collector(shared: tuple[Collector, Control]) -> Collector:
    collector, _ = shared
    while not collector.requests.empty():  # of a test that has failed
        collector.requests.get()
    return collector


@pytest.fixture
def traced(shared: tuple[Collector, Control]) -> Control:
    _, control = shared
    control.done("POST", "/reset")
    return control


def attributes(span: Span) -> Mapping[str, Any]:
    return {found.key: _value(found.value) for found in span.attributes}


def _value(value: Any) -> Any:
    kind = value.WhichOneof("value")
    return [_value(one) for one in value.array_value.values] if kind == "array_value" else getattr(value, kind)


def test_a_call_is_a_child_of_the_clients_span(traced: Control, collector: Collector) -> None:
    context = {"traceparent": f"00-{TRACE}-{CLIENT}-01", "User-Agent": "our-client/1"}
    traced.client.get(f"{traced.url}{INTEGRATIONS}?page_size=10", headers={**SECODA, **context})
    (span,) = collector.spans(1)
    assert (span.trace_id.hex(), span.parent_span_id.hex()) == (TRACE, CLIENT)
    assert (span.name, span.kind) == ("secoda listIntegrations", Span.SPAN_KIND_SERVER)
    assert span.status.code == Status.STATUS_CODE_UNSET
    assert attributes(span) == {
        "http.request.method": "GET",
        "url.path": INTEGRATIONS,
        "user_agent.original": "our-client/1",
        "http.response.status_code": 200,
        "emulator.sandbox": "default",
        "emulator.vendor": "secoda",
        "emulator.operations": ["listIntegrations"],
        "emulator.exchange": 1,
    }
    exchange = traced.done("GET", "/journal/1")
    assert (span.end_time_unix_nano - span.start_time_unix_nano) / 1e9 == pytest.approx(exchange["seconds"], abs=1e-4)


def test_a_call_without_a_context_begins_a_trace(traced: Control, collector: Collector) -> None:
    for _ in range(2):
        traced.client.get(traced.url + INTEGRATIONS, headers=SECODA)
    first, second = collector.spans(2)
    assert first.parent_span_id == second.parent_span_id == b""
    assert first.trace_id != second.trace_id


def test_a_span_says_what_went_wrong(traced: Control, collector: Collector) -> None:
    fault = traced.done("POST", "/faults", json={"vendor": "secoda", "when": {"times": 1}, "reply": {"status": 503}})
    traced.client.post(traced.url + INTEGRATIONS, headers=SECODA, json={"colour": "red"})
    traced.client.post(traced.url + INTEGRATIONS, headers=SECODA, json={"colour": "red"})
    faulty, wrong = map(attributes, spans := collector.spans(2))
    assert [span.status.code for span in spans] == [Status.STATUS_CODE_ERROR, Status.STATUS_CODE_UNSET]
    assert (faulty["emulator.faults"], faulty["error.type"]) == ([fault["id"]], "503")
    assert len(wrong["emulator.violations"]) == 1
    assert wrong["emulator.violations"][0].startswith("body/colour: ")


def test_a_reply_that_never_came_is_an_error(traced: Control, collector: Collector) -> None:
    traced.done("POST", "/faults", json={"vendor": "secoda", "connection": "close"})
    with pytest.raises(Exception, match=r".+"):
        traced.client.get(traced.url + INTEGRATIONS, headers=SECODA)
    (span,) = collector.spans(1)
    assert span.status.code == Status.STATUS_CODE_ERROR
    assert "http.response.status_code" not in attributes(span)
    assert attributes(span)["error.type"] == "no_reply"


def test_the_root_fields_of_graphql_are_named(traced: Control, collector: Collector) -> None:
    headers = {"X-API-KEY": "paradime-key", "X-API-SECRET": "paradime-secret"}
    query = {"query": "{listCustomIntegrations {ok}}"}
    traced.client.post(f"{traced.url}/paradime/graphql", headers=headers, json=query)
    assert [span.name for span in collector.spans(1)] == ["paradime listCustomIntegrations"]


def test_an_unregistered_method_is_named_as_opentelemetry_says(traced: Control, collector: Collector) -> None:
    traced.client.request("FROBNICATE", traced.url + INTEGRATIONS, headers=SECODA)
    (span,) = collector.spans(1)
    assert span.name == "secoda HTTP"
    shown = attributes(span)
    assert (shown["http.request.method"], shown["http.request.method_original"]) == ("_OTHER", "FROBNICATE")


def test_spans_show_what_the_journal_shows_without_credentials(traced: Control, collector: Collector) -> None:
    paths = ("/secoda/api_key/secoda-token/x", f"{INTEGRATIONS}?api_key={SECRET}", INTEGRATIONS)
    for path in paths:
        headers = {"Authorization": "Bearer secoda-token", "User-Agent": "client Bearer secoda-token"}
        traced.client.post(traced.url + path, headers=headers, json={"password": SECRET, "name": [SECRET]})
    spans = collector.spans(3)
    journalled = [traced.done("GET", f"/journal/{number}")["call"]["url"] for number in (1, 2, 3)]
    assert [attributes(span)["url.path"] for span in spans] == [urlsplit(url).path for url in journalled]
    assert not {"secoda-token", SECRET} & {word for span in spans for word in re.findall(r"[\w-]+", str(span))}


def test_what_the_client_does_not_sample_is_not_sent(traced: Control, collector: Collector) -> None:
    for flags in ("00", "01"):
        headers = {**SECODA, "traceparent": f"00-{TRACE}-{CLIENT}-{flags}"}
        traced.client.get(traced.url + INTEGRATIONS, headers=headers)
    assert [attributes(span)["emulator.exchange"] for span in collector.spans(1)] == [2]


def test_what_is_not_sent_at_the_end_is_sent_then(monkeypatch: pytest.MonkeyPatch, catalogue: Catalogue) -> None:
    monkeypatch.setenv("OTEL_SERVICE_NAME", "ours")
    # The end waits 0.4 s for the collector, which is a long time on an idle machine only.
    monkeypatch.setattr("emulator.tracing.spans.CLOSE_SECONDS", 60)
    with collecting() as collector:
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", collector.url)
        with controlled(catalogue, otel=True) as (_, control):
            control.client.get(control.url + INTEGRATIONS, headers=SECODA)
        (of,) = collector.requests.get_nowait().resource_spans
    named = {found.key: found.value.string_value for found in of.resource.attributes}
    assert named["service.name"] == "ours"
    assert [span.name for scope in of.scope_spans for span in scope.spans] == ["secoda listIntegrations"]


def test_the_ini_file_of_pytest_turns_it_on(
    pytester: pytest.Pytester, collector: Collector, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in OUTSIDE:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", collector.url)
    monkeypatch.setenv("OTEL_BSP_SCHEDULE_DELAY", "1")
    pytester.makeini(f"{INI}emulator_otel = true\n")
    pytester.makepyfile("""
        import httpx

        def test_it(emulator):
            url = f"{emulator.secoda.url}/integration/integrations"
            httpx.get(url, headers=dict(emulator.secoda.headers), params={"page_size": 100})
    """)
    pytester.runpytest_subprocess(*PLAIN).assert_outcomes(passed=1)
    (span,) = collector.spans(1)
    assert span.name == "secoda listIntegrations"
    assert attributes(span)["emulator.sandbox"] != "default"


def test_a_collector_that_is_not_there_harms_no_call(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_BSP_SCHEDULE_DELAY", "1")
    with reserved_port() as gone, ExitStack() as stack:
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", f"http://127.0.0.1:{gone}")
        started, control = stack.enter_context(process("--otel", "true"))
        for _ in range(20):
            assert control.client.get(control.url + INTEGRATIONS, headers=SECODA).status_code == 200
        started.terminate()
        assert started.wait() == 0


def test_without_the_setting_nothing_of_it_is_imported() -> None:
    program = (
        "import sys; from emulator.app import Emulator; from emulator.settings import read_settings;"
        "import emulator.cli.serve; Emulator(read_settings({}));"
        "sys.exit(any(name.startswith(('opentelemetry', 'google')) for name in sys.modules))"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


def test_without_the_extra_the_setting_is_refused(catalogue: Catalogue, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "emulator.tracing.spans", None)
    with pytest.raises(ConfigurationError, match=r"pip install 'integration-emulator\[otel\]'"):
        Emulator(read_settings({"otel": True}), catalogue)
