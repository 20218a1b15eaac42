"""Sends a span for each exchange to a collector of OpenTelemetry. Its data comes from the journal, masked."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from queue import SimpleQueue
from urllib.parse import urlsplit

from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import SERVICE_NAME, SERVICE_VERSION, OTELResourceDetector, Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import SpanKind, Status, StatusCode
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator
from opentelemetry.util.types import AttributeValue

from emulator.journal.entry import Exchange, plain

WAITING_LIMIT = 10_000
"""How many exchanges wait for their span; the spans of further ones are left out."""

CLOSE_SECONDS = 0.4
"""How long the end of the process waits for spans that are not sent yet."""

METHODS = {"CONNECT", "DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT", "TRACE"}
"""The methods that OpenTelemetry names; any other is "_OTHER", so that nobody makes endless kinds of spans."""

PARENT = TraceContextTextMapPropagator()


class Spans:
    """A recorder of exchanges: each becomes a span, made and sent on threads of its own.

    The collector, the name of the service and all else is as the environment variables of OpenTelemetry say:
    OTEL_EXPORTER_OTLP_ENDPOINT, OTEL_SERVICE_NAME, OTEL_TRACES_SAMPLER.
    """

    def __init__(self, version: str) -> None:
        named = Resource.create({SERVICE_NAME: "integration-emulator", SERVICE_VERSION: version})
        # The environment's names win.
        resource = named.merge(OTELResourceDetector().detect())
        self._provider = TracerProvider(resource=resource, shutdown_on_exit=False)
        self._provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
        self._tracer = self._provider.get_tracer("emulator", version)
        self._waiting: SimpleQueue[Exchange | None] = SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="spans", daemon=True)
        self._thread.start()

    def __call__(self, exchange: Exchange) -> None:
        """Queue the span of an exchange that has ended."""
        if self._waiting.qsize() < WAITING_LIMIT:
            self._waiting.put(exchange)

    def close(self) -> None:
        """Send what is waiting, unless the collector takes too long."""
        self._waiting.put(None)
        self._thread.join(CLOSE_SECONDS)

    def _run(self) -> None:
        for exchange in iter(self._waiting.get, None):
            self._add(exchange)
        self._provider.shutdown()

    def _add(self, exchange: Exchange) -> None:
        # What began at a moment of a clock without a date.
        began = time.time() - time.perf_counter() + exchange.started
        span = self._tracer.start_span(
            f"{exchange.vendor} {', '.join(exchange.operations) or _method(exchange, 'HTTP')}",
            context=_parent(exchange),
            kind=SpanKind.SERVER,
            attributes=dict(_attributes(exchange)),
            start_time=int(began * 1e9),
        )
        if not exchange.status:
            span.set_status(Status(StatusCode.ERROR, "the connection ended without a reply"))
        elif exchange.status >= 500:
            span.set_status(StatusCode.ERROR)
        span.end(int((began + exchange.seconds) * 1e9))


def _parent(exchange: Exchange) -> Context:
    """Return the context of the client's span, which it names by W3C Trace Context."""
    return PARENT.extract({name: exchange.call.header(name) for name in ("traceparent", "tracestate")})


def _method(exchange: Exchange, other: str) -> str:
    return exchange.method if exchange.method in METHODS else other


def _attributes(exchange: Exchange) -> Iterator[tuple[str, AttributeValue]]:
    """Yield names and values: OpenTelemetry's of an HTTP server, then the emulator's own ("emulator.")."""
    yield "http.request.method", _method(exchange, "_OTHER")
    if exchange.method not in METHODS:
        yield "http.request.method_original", plain(exchange.method)
    yield "url.path", plain(urlsplit(exchange.call.url).path)
    if agent := exchange.call.header("User-Agent"):
        yield "user_agent.original", plain(agent)
    if exchange.status:
        yield "http.response.status_code", exchange.status
    if not exchange.status or exchange.status >= 500:
        yield "error.type", str(exchange.status or "no_reply")
    yield "emulator.sandbox", exchange.sandbox
    yield "emulator.vendor", exchange.vendor
    yield "emulator.operations", exchange.operations
    yield "emulator.exchange", exchange.number
    if exchange.faults:
        yield "emulator.faults", [plain(fault) for fault in exchange.faults]
    if exchange.stub:
        yield "emulator.stub", plain(exchange.stub)
    if exchange.violations:
        yield (
            "emulator.violations",
            [f"{found.place}{found.pointer}: {found.sentence}" for found in exchange.violations],
        )
