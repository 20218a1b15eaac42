"""The metrics, as Prometheus's own parser reads them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import pytest
from prometheus_client.parser import text_string_to_metric_families

from emulator.catalogue import Catalogue
from tests.control import Control, controlled

SECODA = {"Authorization": "Bearer secoda-token"}
INTEGRATIONS = "/secoda/api/v1/integration/integrations"


@pytest.fixture
def control(catalogue: Catalogue) -> Iterator[Control]:
    """An emulator of its own: the counters are those of a process."""
    with controlled(catalogue, journal_size=3) as (_, control):
        yield control


def metrics(control: Control) -> Mapping[tuple[str, ...], float]:
    """Return the value of each sample, by name and the values of its labels: vendor, operation, status, of."""
    response = control.ask("GET", "/metrics")
    assert response.headers["Content-Type"].startswith("text/plain; version=0.0.4")
    families = list(text_string_to_metric_families(response.text))
    assert all(family.documentation for family in families)
    return {(sample.name, *_values(sample.labels)): sample.value for family in families for sample in family.samples}


def _values(labels: Mapping[str, str]) -> list[str]:
    # Prometheus sorts labels by name.
    return [labels[name] for name in ("vendor", "operation", "status", "of") if name in labels]


def call(control: Control, times: int = 1, path: str = INTEGRATIONS) -> None:
    for _ in range(times):
        control.client.get(control.url + path, headers=SECODA)


def test_calls_are_counted_by_operation_and_status(control: Control) -> None:
    call(control, 2)
    call(control, path="/secoda/no/such/path")
    counted = metrics(control)
    assert counted["emulator_calls_total", "secoda", "listIntegrations", "200"] == 2
    assert counted["emulator_calls_total", "secoda", "unmatched", "404"] == 1


def test_faults_and_broken_connections_are_counted(control: Control) -> None:
    control.done("POST", "/faults", json={"vendor": "secoda", "when": {"times": 2}, "reply": {"status": 503}})
    call(control, 3)
    counted = metrics(control)
    assert counted["emulator_faults_total", "secoda", "listIntegrations"] == 2
    assert counted["emulator_calls_total", "secoda", "listIntegrations", "503"] == 2


def test_violations_are_counted(control: Control) -> None:
    control.client.post(control.url + INTEGRATIONS, headers=SECODA, json={"colour": "red"})
    exchange = control.done("GET", "/journal/1")
    assert metrics(control)["emulator_violations_total", "secoda", "call"] == len(exchange["violations"]) > 0


def test_sandboxes_are_counted_as_they_come_and_go(control: Control) -> None:
    found = []
    for method, path, body in (("POST", "/sandboxes", {"name": "alpha"}), ("DELETE", "/sandboxes/alpha", None)):
        found.append(metrics(control)["emulator_sandboxes",])
        control.done(method, path, json=body)
    assert [*found, metrics(control)["emulator_sandboxes",]] == [1, 2, 1]


def test_dropped_exchanges_stay_counted_after_their_sandbox_is_deleted(control: Control) -> None:
    control.sandbox(name="alpha")
    call(control, 5, f"/~alpha{INTEGRATIONS}")
    call(control, 4)
    for method, path in (("DELETE", "/sandboxes/alpha"), ("POST", "/reset")):
        assert metrics(control)["emulator_journal_dropped_total",] == 3
        control.done(method, path)
    assert metrics(control)["emulator_journal_dropped_total",] == 3


def test_no_credential_is_in_the_metrics(control: Control) -> None:
    call(control)
    assert "secoda-token" not in control.ask("GET", "/metrics").text


def test_durations_are_a_histogram_of_each_operation(control: Control) -> None:
    delayed = {"vendor": "secoda", "operation": "listIntegrations", "when": {"times": 1}, "delay": {"fixed": 0.03}}
    control.done("POST", "/faults", json=delayed)
    call(control, 3)
    families = list(text_string_to_metric_families(control.ask("GET", "/metrics").text))
    (found,) = [family for family in families if family.name == "emulator_call_duration_seconds"]
    assert found.type == "histogram"
    buckets = {sample.labels["le"]: sample.value for sample in found.samples if sample.name.endswith("_bucket")}
    assert (buckets["+Inf"], buckets["0.025"] <= 2) == (3, True)
    assert list(buckets.values()) == sorted(buckets.values())
    exchanges = [control.done("GET", f"/journal/{number}") for number in (1, 2, 3)]
    seconds = next(sample.value for sample in found.samples if sample.name.endswith("_sum"))
    assert seconds == pytest.approx(sum(exchange["seconds"] for exchange in exchanges))
