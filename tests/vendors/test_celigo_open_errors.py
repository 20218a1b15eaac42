"""The errors of Celigo's flows: counted, listed, resolved and retried; and its revisions, listed and read."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from emulator.exchange import Record
from emulator.vendors.celigo import open_errors
from tests.conftest import EmulatorUnderTest
from tests.vendors.test_celigo_flows import ORDERS, OWNER, UNKNOWN, call
from tests.vendors.test_celigo_integrations import EMPTY, PLAIN, SHOP, errors

SHIPMENTS = "5fc5e1346cfe5b44bb95df12"
"""A flow of PLAIN with errors."""
ADD = "5fc5e1226cfe5b44bb95dea2"
"""Its import, whose errors they are."""
OPEN = ["8471200519", "8471200518"]
RESOLVED = "8471200517"
KEYS = ["9b3f1c7a52de4e0c8f6a1d20b7e4c981", "5e0d7b1f3c924a86b2f4c7d9e1a30586"]
RUN = "65c1a5140000000000000201"
"""The run in which they occurred."""


def test_errors_of_an_integration_are_counted_by_flow(emulator: EmulatorUnderTest) -> None:
    expected = {"_flowId": SHIPMENTS, "numError": 2, "lastErrorAt": "2024-02-06T03:15:20.000Z"}
    assert call(emulator, "GET", f"/integrations/{PLAIN}/errors") == [expected]
    assert call(emulator, "GET", f"/integrations/{EMPTY}/errors") == []


def test_errors_of_a_flow_are_counted_by_step(emulator: EmulatorUnderTest) -> None:
    for id in (PLAIN, SHOP):
        for counted in call(emulator, "GET", f"/integrations/{id}/errors"):
            steps = call(emulator, "GET", f"/flows/{counted['_flowId']}/errors")["flowErrors"]
            assert sum(step["numError"] for step in steps) == counted["numError"]
    assert call(emulator, "GET", f"/flows/{ORDERS}/errors") == {"flowErrors": []}


def test_a_deleted_flow_has_no_errors(emulator: EmulatorUnderTest) -> None:
    call(emulator, "DELETE", f"/flows/{SHIPMENTS}")
    assert call(emulator, "GET", f"/integrations/{PLAIN}/errors") == []
    assert emulator.call("celigo", "GET", f"/flows/{SHIPMENTS}/errors").status_code == 404


def test_revisions_are_listed_from_the_newest(emulator: EmulatorUnderTest) -> None:
    made = call(emulator, "POST", f"/integrations/{PLAIN}/revisions/create", json={"description": "Now"})
    listed = call(emulator, "GET", f"/integrations/{PLAIN}/revisions")
    assert [one["description"] for one in listed] == ["Now", "Before the spring release", "Before peak season"]
    assert listed[0] == made == call(emulator, "GET", f"/integrations/{PLAIN}/revisions/{made['_id'].upper()}")


def test_a_revision_of_another_integration_is_unknown(emulator: EmulatorUnderTest) -> None:
    of_plain = call(emulator, "GET", f"/integrations/{PLAIN}/revisions")[0]["_id"]
    for id in (of_plain, UNKNOWN):
        response = emulator.call("celigo", "GET", f"/integrations/{SHOP}/revisions/{id}")
        expected = [{"code": "not_found", "message": "Revision not found."}]
        assert (response.status_code, errors(response)) == (404, expected)


def test_a_malformed_id_of_a_revision(emulator: EmulatorUnderTest) -> None:
    response = emulator.call("celigo", "GET", f"/integrations/{PLAIN}/revisions/x")
    expected = [{"code": "invalid_ref", "message": "Please provide a valid _revisionId."}]
    assert (response.status_code, errors(response)) == (422, expected)


def listed(emulator: EmulatorUnderTest, kind: str = "errors", query: str = "") -> list[str]:
    found = call(emulator, "GET", f"/flows/{SHIPMENTS}/{ADD}/{kind}{query}")
    return [one["errorId"] for one in found["errors"]]


def retry(emulator: EmulatorUnderTest, **body: Any) -> Record:
    emulator.clock.set(frozen=True)
    job: Record = call(emulator, "POST", f"/flows/{SHIPMENTS}/{ADD}/retry", json=body)
    return job


def job_after(emulator: EmulatorUnderTest, id: str, seconds: float) -> Record:
    emulator.clock.advance(seconds)
    job: Record = call(emulator, "GET", f"/jobs/{id}")
    return job


def test_errors_of_a_step_are_listed_from_the_newest(emulator: EmulatorUnderTest) -> None:
    first, second = call(emulator, "GET", f"/flows/{SHIPMENTS.upper()}/{ADD.upper()}/errors")["errors"]
    assert [first["errorId"], second["errorId"]] == OPEN
    assert first["occurredAt"] > second["occurredAt"]
    assert not first.keys() & {"_flowId", "_expOrImpId", "resolvedAt"}
    assert listed(emulator, "resolved") == [RESOLVED]
    assert call(emulator, "GET", f"/flows/{SHIPMENTS}/{UNKNOWN}/errors") == {"errors": []}


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("?occurredAt_gte=2024-02-06T03:15:20Z", OPEN[:1]),
        ("?occurredAt_lte=2024-02-06T03:15:19.999Z", OPEN[1:]),
        ("?source=application", OPEN),
        ("?source=connection", []),
    ],
)
def test_errors_of_a_step_are_listed_by_query(emulator: EmulatorUnderTest, query: str, expected: list[str]) -> None:
    assert listed(emulator, query=query) == expected


def test_pages_of_errors(emulator: EmulatorUnderTest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(open_errors, "PAGE", 1)
    path = f"/flows/{SHIPMENTS}/{ADD}/errors?source=application"
    first = emulator.call("celigo", "GET", path).json()
    second = httpx.get(first["nextPageURL"], headers=emulator.headers("celigo")).json()
    assert [one["errorId"] for one in (*first["errors"], *second["errors"])] == OPEN
    assert "source=application" in first["nextPageURL"]
    assert "nextPageURL" not in second


def test_resolved_errors_are_counted_no_more(emulator: EmulatorUnderTest) -> None:
    path = f"/flows/{SHIPMENTS}/{ADD}/resolved"
    assert call(emulator, "PUT", path, json={"errors": [OPEN[0], RESOLVED, "other"]}) is None
    assert (listed(emulator), listed(emulator, "resolved")) == (OPEN[1:], [OPEN[0], RESOLVED])
    assert call(emulator, "GET", f"/integrations/{PLAIN}/errors")[0]["numError"] == 1
    assert call(emulator, "GET", path)["errors"][0]["resolvedBy"] == OWNER
    run = call(emulator, "GET", f"/jobs/{RUN}")
    assert (run["numError"], run["numOpenError"], run["numResolved"]) == (3, 1, 2)
    call(emulator, "PUT", path, json={"errors": OPEN})
    assert call(emulator, "GET", f"/integrations/{PLAIN}/errors") == []


@pytest.mark.parametrize("body", [{"retryDataKeys": KEYS[:1]}, {"errorIds": OPEN[:1]}], ids=["keys", "ids"])
def test_errors_are_resolved_when_their_retry_completes(emulator: EmulatorUnderTest, body: Record) -> None:
    job = retry(emulator, **body)
    expected = {"type": "retry", "status": "queued", "_flowId": SHIPMENTS, "_importId": ADD}
    assert {name: job[name] for name in expected} == expected
    assert listed(emulator) == OPEN
    completed = job_after(emulator, job["_id"], 10)
    assert (completed["status"], completed["numSuccess"], completed["numOpenError"]) == ("completed", 1, 0)
    assert (listed(emulator), listed(emulator, "resolved")) == (OPEN[1:], [OPEN[0], RESOLVED])
    assert call(emulator, "GET", f"/jobs?_importId={ADD}&type=retry") == [completed]


def test_errors_stay_open_when_their_retry_fails_or_is_canceled(emulator: EmulatorUnderTest) -> None:
    canceled = retry(emulator, retryDataKeys=KEYS)["_id"]
    call(emulator, "PUT", f"/jobs/{canceled}/cancel")
    emulator.switch("celigo.job_outcome", "failed")
    failed = job_after(emulator, retry(emulator, retryDataKeys=KEYS)["_id"], 10)
    assert (failed["status"], failed["numError"]) == ("failed", 2)
    assert (listed(emulator), listed(emulator, "resolved")) == (OPEN, [RESOLVED])


@pytest.mark.parametrize("body", [{"errorIds": [RESOLVED]}, {"retryDataKeys": ["other"]}], ids=["resolved", "unknown"])
def test_what_is_not_open_cannot_be_retried(emulator: EmulatorUnderTest, body: Record) -> None:
    response = emulator.call("celigo", "POST", f"/flows/{SHIPMENTS}/{ADD}/retry", json=body)
    assert (response.status_code, errors(response)[0]["field"]) == (422, "retryDataKeys")


def test_a_failed_run_leaves_an_error_that_can_be_retried(emulator: EmulatorUnderTest) -> None:
    emulator.switch("celigo.job_outcome", "failed")
    emulator.clock.set(frozen=True)
    run = job_after(emulator, call(emulator, "POST", f"/flows/{ORDERS}/run")["_jobId"], 10)
    assert (run["status"], run["numError"], run["numOpenError"]) == ("failed", 1, 1)
    (counted,) = call(emulator, "GET", f"/flows/{ORDERS}/errors")["flowErrors"]
    step = f"/flows/{ORDERS}/{counted['_expOrImpId']}"
    (left,) = call(emulator, "GET", f"{step}/errors")["errors"]
    assert (left["_flowJobId"], left["occurredAt"]) == (run["_id"], run["endedAt"])
    emulator.switch("celigo.job_outcome", "completed")
    retried = call(emulator, "POST", f"{step}/retry", json={"retryDataKeys": [left["retryDataKey"]]})
    assert job_after(emulator, retried["_id"], 10)["status"] == "completed"
    assert call(emulator, "GET", f"/flows/{ORDERS}/errors") == {"flowErrors": []}


def test_a_malformed_id_of_a_step(emulator: EmulatorUnderTest) -> None:
    response = emulator.call("celigo", "GET", f"/flows/{SHIPMENTS}/x/errors")
    expected = [{"code": "invalid_ref", "message": "Please provide a valid _stepId."}]
    assert (response.status_code, errors(response)) == (422, expected)
