"""Counters of one process, shown in Prometheus's text format."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from itertools import accumulate
from typing import TYPE_CHECKING

from emulator.journal.entry import Exchange

if TYPE_CHECKING:
    from prometheus_client import Metric

    from emulator.sandbox.sandbox import Sandbox


BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
"""The upper bounds of durations, in seconds: OpenTelemetry's for HTTP servers, and shorter ones."""


class Metrics:
    """Plain counters for each call, converted to metrics on request."""

    def __init__(self) -> None:
        self._faults: Counter[tuple[str, str]] = Counter()
        self._violations: Counter[tuple[str, str]] = Counter()
        self._durations: defaultdict[tuple[str, str, int], _Durations] = defaultdict(_Durations)
        self._dropped = 0

    def count(self, exchange: Exchange) -> None:
        """Count an exchange: its operations, status, faults and violations."""
        for operation in exchange.operations or ("stubbed" if exchange.is_stubbed else "unmatched",):
            self._durations[exchange.vendor, operation, exchange.status].add(exchange.seconds)
            if exchange.faults:
                self._faults[exchange.vendor, operation] += len(exchange.faults)
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


class _Durations:
    """How many calls took at most each of the seconds in BUCKETS, and all together."""

    def __init__(self) -> None:
        self.counts = [0] * (len(BUCKETS) + 1)
        self.seconds = 0.0

    def add(self, seconds: float) -> None:
        self.counts[bisect_left(BUCKETS, seconds)] += 1
        self.seconds += seconds

    def buckets(self) -> list[tuple[str, int]]:
        """Return the upper bound of each bucket, and how many calls are in it and those before."""
        return list(zip([*map(str, BUCKETS), "+Inf"], accumulate(self.counts), strict=True))


class _Collector:
    def __init__(self, metrics: Metrics, sandboxes: list[Sandbox]) -> None:
        self._metrics = metrics
        self._sandboxes = sandboxes

    def collect(self) -> Iterator[Metric]:
        from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily  # noqa: PLC0415

        metrics = self._metrics
        of_call = ["vendor", "operation", "status"]
        calls = CounterMetricFamily("emulator_calls", "Calls with a reply.", labels=of_call)
        durations = HistogramMetricFamily(
            "emulator_call_duration_seconds", "From a call's arrival to its reply.", labels=of_call
        )
        for (vendor, operation, status), found in metrics._durations.items():
            labels = vendor, operation, str(status or "none")
            calls.add_metric(labels, sum(found.counts))
            durations.add_metric(labels, found.buckets(), found.seconds)
        yield calls
        yield durations
        faults = CounterMetricFamily("emulator_faults", "Calls affected by a fault.", labels=["vendor", "operation"])
        violations = CounterMetricFamily(
            "emulator_violations",
            "Violations of a contract, in calls or replies.",
            labels=["vendor", "of"],
        )
        for family, counter in ((faults, metrics._faults), (violations, metrics._violations)):
            for affected, count in counter.items():
                family.add_metric(affected, count)
            yield family
        dropped = metrics._dropped + sum(sandbox.journal.dropped for sandbox in self._sandboxes)
        yield CounterMetricFamily("emulator_journal_dropped", "Exchanges dropped by journals.", value=dropped)
        yield GaugeMetricFamily("emulator_sandboxes", "Number of sandboxes.", value=len(self._sandboxes))
