"""Counters of one process, shown in Prometheus's text format."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from emulator.journal.entry import Exchange

if TYPE_CHECKING:
    from prometheus_client import Metric

    from emulator.sandbox.sandbox import Sandbox


class Metrics:
    """Plain counters for each call, converted to metrics on request."""

    def __init__(self) -> None:
        self._calls: Counter[tuple[str, str, str]] = Counter()
        self._faults: Counter[tuple[str, str]] = Counter()
        self._violations: Counter[tuple[str, str]] = Counter()
        self._dropped = 0

    def count(self, exchange: Exchange) -> None:
        """Count an exchange: its operations, status, faults and violations."""
        status = str(exchange.status or "none")
        for operation in exchange.operations or ("stubbed" if exchange.is_stubbed else "unmatched",):
            self._calls[exchange.vendor, operation, status] += 1
            for _ in exchange.faults:
                self._faults[exchange.vendor, operation] += 1
        if exchange.call_violations:
            self._violations[exchange.vendor, "call"] += len(exchange.call_violations)
        if exchange.reply_violations:
            self._violations[exchange.vendor, "reply"] += len(exchange.reply_violations)

    def forget(self, sandbox: Sandbox) -> None:
        """Add what a sandbox's journal has dropped, when the sandbox is dropped."""
        self._dropped += sandbox.journal.dropped

    def text(self, sandboxes: Iterable[Sandbox]) -> bytes:
        """Return all metrics in the text format."""
        from prometheus_client import CollectorRegistry, generate_latest  # noqa: PLC0415

        registry = CollectorRegistry()
        registry.register(_Collector(self, list(sandboxes)))
        return generate_latest(registry)


class _Collector:
    def __init__(self, metrics: Metrics, sandboxes: list[Sandbox]) -> None:
        self._metrics = metrics
        self._sandboxes = sandboxes

    def collect(self) -> Iterator[Metric]:
        from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily  # noqa: PLC0415

        metrics = self._metrics
        calls = CounterMetricFamily("emulator_calls", "Calls with a reply.", labels=["vendor", "operation", "status"])
        faults = CounterMetricFamily("emulator_faults", "Calls affected by a fault.", labels=["vendor", "operation"])
        violations = CounterMetricFamily(
            "emulator_violations",
            "Violations of a contract, in calls or replies.",
            labels=["vendor", "of"],
        )
        for family, counter in ((calls, metrics._calls), (faults, metrics._faults), (violations, metrics._violations)):
            for labels, count in counter.items():
                family.add_metric(labels, count)
            yield family
        dropped = metrics._dropped + sum(sandbox.journal.dropped for sandbox in self._sandboxes)
        yield CounterMetricFamily("emulator_journal_dropped", "Exchanges dropped by journals.", value=dropped)
        yield GaugeMetricFamily("emulator_sandboxes", "Number of sandboxes.", value=len(self._sandboxes))
