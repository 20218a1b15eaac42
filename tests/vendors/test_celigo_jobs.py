"""Celigo's jobs: runs of flows, whose states pass by the sandbox's clock, and the jobs of their steps."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from emulator.exchange import Record
from tests.conftest import EmulatorUnderTest
from tests.vendors.test_celigo_flows import ORDERS, OWNER, call
from tests.vendors.test_celigo_integrations import EMPTY, PLAIN, SHOP, errors
from tests.vendors.test_celigo_open_errors import SHIPMENTS

STOCK = "5fc5e1346cfe5b44bb95df13"
"""A flow of PLAIN that is disabled."""
RUN_WITH_ERRORS = "65c1a5140000000000000201"
STEPS = ["65c1a5140000000000000203", "65c1a5140000000000000202"]
"""The jobs of its export and its import, from the newest."""
LAST_OF_ORDERS = "65c276300000000000000301"


def run(emulator: EmulatorUnderTest, flow: str = SHIPMENTS) -> str:
    emulator.clock.set(frozen=True)
    made = call(emulator, "POST", f"/flows/{flow}/run")
    assert list(made) == ["_jobId"]
    return str(made["_jobId"])


def job_after(emulator: EmulatorUnderTest, id: str, seconds: float) -> Any:
    emulator.clock.advance(seconds)
    return call(emulator, "GET", f"/jobs/{id}")


def ids(jobs: list[Record]) -> list[str]:
    return [job["_id"] for job in jobs]


def test_a_run_is_queued_runs_and_completes_by_the_clock(emulator: EmulatorUnderTest) -> None:
    id = run(emulator)
    queued = call(emulator, "GET", f"/jobs/{id}")
    expected = {"type": "flow", "status": "queued", "_flowId": SHIPMENTS, "_integrationId": PLAIN, "triggeredBy": OWNER}
    assert {name: queued[name] for name in expected} == expected
    assert "startedAt" not in queued
    running = job_after(emulator, id, 2)
    assert (running["status"], "endedAt" in running, running["doneExporting"]) == ("running", False, False)
    assert call(emulator, "GET", f"/flows/{SHIPMENTS}")["lastExecutedAt"] == running["startedAt"]
    ended = job_after(emulator, id, 8)
    assert (ended["status"], ended["doneExporting"]) == ("completed", True)
    assert queued["createdAt"] < running["startedAt"] < ended["endedAt"] == ended["lastModified"]


def test_each_step_of_a_run_has_a_job_that_follows_it(emulator: EmulatorUnderTest) -> None:
    id = run(emulator)
    for seconds, status in ((0, "queued"), (2, "running"), (8, "completed")):
        ran = job_after(emulator, id, seconds)
        steps = call(emulator, "GET", f"/jobs?_flowJobId={id}")
        assert {step["status"] for step in steps} == {status} == {ran["status"]}
    flow = call(emulator, "GET", f"/flows/{SHIPMENTS}")
    look_up, add = flow["pageProcessors"]
    expected = [
        ("export", flow["pageGenerators"][0]["_exportId"]),
        ("export", look_up["_exportId"]),
        ("import", add["_importId"]),
    ]
    ordered = sorted(steps, key=lambda step: step["oIndex"])
    assert [(step["type"], step.get("_exportId", step.get("_importId"))) for step in ordered] == expected


def test_a_run_can_fail(emulator: EmulatorUnderTest) -> None:
    emulator.switch("celigo.job_outcome", "failed")
    assert job_after(emulator, run(emulator), 10)["status"] == "failed"


def test_a_disabled_flow_does_not_run(emulator: EmulatorUnderTest) -> None:
    response = emulator.call("celigo", "POST", f"/flows/{STOCK}/run")
    assert (response.status_code, errors(response)) == (
        422,
        [{"code": "invalid_flow", "message": "The flow is disabled."}],
    )
    emulator.switch("celigo.disabled_flow_run", "accepted")
    assert job_after(emulator, run(emulator, STOCK), 10)["status"] == "completed"


def test_a_run_that_has_not_ended_can_be_canceled(emulator: EmulatorUnderTest) -> None:
    id = run(emulator)
    job_after(emulator, id, 3)
    canceled = call(emulator, "PUT", f"/jobs/{id}/cancel", json={})
    assert (canceled["status"], canceled["canceledBy"]) == ("canceled", OWNER)
    assert {step["status"] for step in call(emulator, "GET", f"/jobs?_flowJobId={id}")} == {"canceled"}
    assert job_after(emulator, id, 60) == canceled
    again = emulator.call("celigo", "PUT", f"/jobs/{id}/cancel")
    assert (again.status_code, errors(again)[0]["code"]) == (409, "conflict")


def test_the_job_of_a_step_cannot_be_canceled(emulator: EmulatorUnderTest) -> None:
    (step, *_) = call(emulator, "GET", f"/jobs?_flowJobId={run(emulator)}")
    response = emulator.call("celigo", "PUT", f"/jobs/{step['_id']}/cancel")
    message = "type is 'import', not ['flow', 'retry']"
    assert (response.status_code, errors(response)) == (409, [{"code": "conflict", "message": message}])


def test_the_latest_run_of_a_flow_is_listed(emulator: EmulatorUnderTest) -> None:
    assert ids(call(emulator, "GET", f"/flows/{ORDERS}/jobs/latest")) == [LAST_OF_ORDERS]
    id = run(emulator, ORDERS)
    assert ids(call(emulator, "GET", f"/flows/{ORDERS.upper()}/jobs/latest")) == [id]
    assert call(emulator, "GET", f"/flows/{STOCK}/jobs/latest") == []


def test_the_latest_runs_of_an_integration_are_listed_by_flow(emulator: EmulatorUnderTest) -> None:
    latest = call(emulator, "GET", f"/integrations/{PLAIN}/jobs/latest")
    assert [job["_flowId"] for job in latest] == [SHIPMENTS, ORDERS]
    run(emulator, ORDERS)
    assert [job["_flowId"] for job in call(emulator, "GET", f"/integrations/{PLAIN}/jobs/latest")] == [
        ORDERS,
        SHIPMENTS,
    ]
    assert call(emulator, "GET", f"/integrations/{EMPTY}/jobs/latest") == []


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        (f"_flowId={SHIPMENTS}", ["65c279b50000000000000401", RUN_WITH_ERRORS]),
        (
            f"createdAt_gte=2024-01-01&_flowId_in={SHIPMENTS},{ORDERS.upper()}&numSuccess_gte=7",
            [LAST_OF_ORDERS, RUN_WITH_ERRORS],
        ),
        (f"_integrationId={SHOP}&status=failed", ["65b8a2650000000000000101"]),
        (f"_integrationId={PLAIN}&numError_gte=1", [RUN_WITH_ERRORS]),
        (f"_flowJobId={RUN_WITH_ERRORS}", STEPS),
        (f"_flowJobId={RUN_WITH_ERRORS}&type=import", STEPS[:1]),
        (f"_flowJobId={RUN_WITH_ERRORS}&type_in=import,export", STEPS),
        ("_exportId=5fc5e1116cfe5b44bb95de92&type=export", STEPS[1:]),
        ("createdAt_lte=2024-02-01", ["65b8a2650000000000000101"]),
        ("createdAt_gte=2024-02-06T19:30:00%2B01:00", ["65c27d380000000000000501"]),
        ("createdAt_gte=1707244200044", ["65c27d380000000000000501"]),
        ("createdAt_gte=2030-01-01T00:00:00Z", []),
        ("createdAt_lte=2024-02-01&createdAt_gte=&_flowId=", ["65b8a2650000000000000101"]),
    ],
)
def test_jobs_are_listed_by_query(emulator: EmulatorUnderTest, query: str, expected: list[str]) -> None:
    assert ids(call(emulator, "GET", f"/jobs?{query}")) == expected


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("", "invalid_query"),
        ("?status=failed", "invalid_query"),
        (f"?type=import&_flowId={SHIPMENTS}", "invalid_query"),
        ("?createdAt_gte=yesterday", "invalid_query_params"),
        ("?createdAt_gte=99999999999999999999", "invalid_query_params"),
    ],
)
def test_queries_of_jobs_that_are_refused(emulator: EmulatorUnderTest, query: str, code: str) -> None:
    response = emulator.call("celigo", "GET", f"/jobs{query}")
    assert (response.status_code, errors(response)[0]["code"]) == (400, code)


def test_all_runs_are_listed_by_a_switch(emulator: EmulatorUnderTest) -> None:
    emulator.switch("celigo.jobs_without_filter", "accepted")
    runs = call(emulator, "GET", "/jobs")
    assert [job["createdAt"] for job in runs] == sorted((job["createdAt"] for job in runs), reverse=True)
    assert {job["type"] for job in runs} == {"flow"}


def test_jobs_are_gone_with_their_flow(emulator: EmulatorUnderTest) -> None:
    id = run(emulator)
    call(emulator, "DELETE", f"/flows/{SHIPMENTS}")
    for job in (id, RUN_WITH_ERRORS, *STEPS):
        assert emulator.call("celigo", "GET", f"/jobs/{job}").status_code == 404
    call(emulator, "DELETE", f"/integrations/{PLAIN}")
    assert emulator.call("celigo", "GET", f"/jobs/{LAST_OF_ORDERS}").status_code == 404
    emulator.clock.advance(60)
    assert call(emulator, "GET", f"/jobs?_integrationId={PLAIN}") == []


def test_a_run_of_a_flow_without_an_integration(emulator: EmulatorUnderTest) -> None:
    flow = call(emulator, "POST", "/flows", json={"name": "Alone"})["_id"]
    ended = job_after(emulator, run(emulator, flow), 10)
    assert (ended["status"], "_integrationId" in ended) == ("completed", False)


def test_sandboxes_have_their_own_jobs_errors_and_clocks(emulator: EmulatorUnderTest) -> None:
    before = call(emulator, "GET", f"/flows/{ORDERS}/jobs/latest")
    httpx.post(
        f"{emulator.root}/_emulator/sandboxes", json={"name": "other", "switches": {"celigo.job_outcome": "failed"}}
    )
    try:
        elsewhere = {"X-Emulator-Sandbox": "other"}
        id = call(emulator, "POST", f"/flows/{ORDERS}/run", headers=elsewhere)["_jobId"]
        emulator.clock.advance(60)
        httpx.post(f"{emulator.root}/_emulator/sandboxes/other/clock/advance", json={"seconds": 60})
        assert call(emulator, "GET", f"/jobs/{id}", headers=elsewhere)["status"] == "failed"
        assert call(emulator, "GET", f"/flows/{ORDERS}/errors", headers=elsewhere)["flowErrors"]
        assert call(emulator, "GET", f"/flows/{ORDERS}/jobs/latest") == before
        assert call(emulator, "GET", f"/flows/{ORDERS}/errors") == {"flowErrors": []}
        assert emulator.call("celigo", "GET", f"/jobs/{id}").status_code == 404
    finally:
        httpx.delete(f"{emulator.root}/_emulator/sandboxes/other")


def test_a_job_goes_on_after_a_restore_by_the_clock(emulator: EmulatorUnderTest) -> None:
    id = run(emulator)
    httpx.post(f"{emulator.root}/_emulator/snapshots", json={"name": "queued"})
    assert job_after(emulator, id, 10)["status"] == "completed"
    httpx.post(f"{emulator.root}/_emulator/snapshots/queued/restore")
    assert call(emulator, "GET", f"/jobs/{id}")["status"] == "completed"
    emulator.clock.advance(-10)
    httpx.post(f"{emulator.root}/_emulator/snapshots/queued/restore")
    assert call(emulator, "GET", f"/jobs/{id}")["status"] == "queued"
