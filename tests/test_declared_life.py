"""States that pass by the sandbox's clock: the word `life` of a collection."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.declared.words import duration
from tests.own_vendor import ID, crud, operation, problems, query, ref, served

NOON = "2026-01-01T12:00:00"
LIFE = {
    "field": "status",
    "states": [
        {"state": "queued", "for": "PT2S"},
        {"state": "running", "for": "PT30S", "set": {"startedAt": "$now"}},
        {"state": "$switch.outcome", "set": {"endedAt": "$now"}},
    ],
}
JOB = {
    "type": "object",
    "required": ["id", "status"],
    "properties": {
        "id": {"type": "string", "readOnly": True},
        "status": {"type": "string", "enum": ["queued", "running", "done", "failed", "canceled"], "readOnly": True},
        "startedAt": {"type": "string", "format": "date-time", "readOnly": True},
        "endedAt": {"type": "string", "format": "date-time", "readOnly": True},
        "updatedAt": {"type": "string", "format": "date-time", "readOnly": True},
    },
}


def contract(life: Any = LIFE) -> dict[str, Any]:
    document = crud()
    jobs = {"collection": "jobs"}
    document["x-switches"] = {
        "outcome": {"default": "done", "schema": {"enum": ["done", "failed"]}, "description": "How jobs end."}
    }
    document["x-emulator"]["collections"]["jobs"] = {"life": life, "timestamps": {"updated": "updatedAt"}}
    document["components"]["schemas"]["Job"] = JOB
    cancel = {**jobs, "action": "patch", "set": {"status": "canceled"}, "requires": {"status": ["queued", "running"]}}
    document["paths"] |= {
        "/jobs": {
            "get": operation("listJobs", jobs, {"type": "array", "items": ref("Job")}),
            "post": operation("createJob", jobs, ref("Job"), "201"),
        },
        "/jobs/{id}": {
            "parameters": [ID],
            "get": operation("getJob", jobs, ref("Job")),
            "delete": operation("deleteJob", jobs, status="204"),
        },
        "/jobs/{id}/cancel": {"parameters": [ID], "post": operation("cancelJob", cancel, ref("Job"))},
    }
    again = {**jobs, "action": "patch", "set": {"status": "queued"}}
    document["paths"]["/jobs/{id}/again"] = {"parameters": [ID], "post": operation("repeatJob", again, ref("Job"))}
    document["paths"]["/jobs"]["get"]["parameters"] = query("status")
    return document


@dataclass
class Acme:
    """The vendor, with the clock of its sandbox frozen at noon."""

    client: httpx.Client
    control: Callable[..., httpx.Response]

    def started(self) -> str:
        job = self.client.post("/jobs").json()
        assert job["status"] == "queued"
        return str(job["id"])

    def job(self, id: str) -> Any:
        return self.client.get(f"/jobs/{id}").json()

    def set_clock(self, now: str) -> None:
        assert self.control("PUT", "clock", json={"now": f"{now}Z", "frozen": True}).status_code == 200


@pytest.fixture
def acme(tmp_path: Path) -> Iterator[Acme]:
    with served(tmp_path, contract()) as client:
        origin = httpx.URL(client.base_url).copy_with(path="/")

        def control(method: str, path: str, **more: Any) -> httpx.Response:
            return httpx.request(method, f"{origin}_emulator/{path}", **more)

        found = Acme(client, control)
        found.set_clock(NOON)
        yield found


def test_states_pass_by_the_clock_alone(acme: Acme) -> None:
    id = acme.started()
    states = []
    for second in ("00", "01", "02", "31", "32"):
        acme.set_clock(f"2026-01-01T12:00:{second}")
        states.append(acme.job(id)["status"])
    assert states == ["queued", "queued", "running", "running", "done"]


def test_times_are_those_of_the_changes_whenever_anyone_looks(acme: Acme) -> None:
    id = acme.started()
    acme.set_clock("2026-01-02T00:00:00")
    job = acme.job(id)
    assert (job["status"], job["startedAt"], job["endedAt"]) == (
        "done",
        "2026-01-01T12:00:02.000Z",
        "2026-01-01T12:00:32.000Z",
    )
    assert job["updatedAt"] == job["endedAt"]


def test_lists_filters_and_the_control_api_see_what_is_due(acme: Acme) -> None:
    id = acme.started()
    acme.set_clock("2026-01-01T12:00:02")
    kept = acme.control("GET", "state/acme.jobs").json()
    assert [job["status"] for job in kept["records"]] == ["running"]
    assert [job["id"] for job in acme.client.get("/jobs", params={"status": "running"}).json()] == [id]
    assert acme.client.get("/jobs", params={"status": "queued"}).json() == []


def test_clock_that_is_set_back_leaves_states_as_they_are(acme: Acme) -> None:
    id = acme.started()
    acme.set_clock("2026-01-01T12:00:02")
    assert acme.job(id)["status"] == "running"
    acme.set_clock("2026-01-01T11:00:00")
    assert acme.job(id)["status"] == "running"


@pytest.mark.parametrize("minute", ["12:00:10", "12:01:00"])
def test_life_begins_again_with_the_first_state(acme: Acme, minute: str) -> None:
    id = acme.started()
    acme.set_clock(f"2026-01-01T{minute}")
    assert acme.client.post(f"/jobs/{id}/again").json()["status"] == "queued"
    acme.set_clock(f"2026-01-01T{minute[:-1]}3")
    assert acme.job(id)["status"] == "running"
    acme.set_clock("2026-01-01T12:02:00")
    assert acme.job(id)["status"] == "done"


def test_state_that_is_set_otherwise_stays(acme: Acme) -> None:
    id = acme.started()
    assert acme.client.post(f"/jobs/{id}/cancel").json()["status"] == "canceled"
    acme.set_clock("2026-01-02T00:00:00")
    assert acme.job(id)["status"] == "canceled"
    assert acme.client.post(f"/jobs/{id}/cancel").status_code == 409


def test_switch_chooses_a_state_when_it_begins(acme: Acme) -> None:
    id = acme.started()
    acme.control("PATCH", "switches", json={"acme.outcome": "failed"}).raise_for_status()
    acme.set_clock("2026-01-01T12:01:00")
    assert acme.job(id)["status"] == "failed"


def test_deleted_record_does_not_return(acme: Acme) -> None:
    id = acme.started()
    assert acme.client.delete(f"/jobs/{id}").status_code == 204
    acme.set_clock("2026-01-02T00:00:00")
    assert acme.client.get(f"/jobs/{id}").status_code == 404
    assert acme.client.get("/jobs").json() == []


def test_snapshot_keeps_how_long_a_state_has_lasted(acme: Acme) -> None:
    id = acme.started()
    acme.control("POST", "snapshots", json={"name": "queued"}).raise_for_status()
    acme.set_clock("2026-01-01T12:01:00")
    assert acme.job(id)["status"] == "done"
    acme.set_clock("2026-01-01T12:00:03")
    acme.control("POST", "snapshots/queued/restore").raise_for_status()
    job = acme.job(id)
    assert (job["status"], job["startedAt"]) == ("running", "2026-01-01T12:00:02.000Z")


def test_refused_call_leaves_what_is_due_to_the_next(acme: Acme) -> None:
    id = acme.started()
    acme.set_clock("2026-01-01T12:01:00")
    assert acme.client.post(f"/jobs/{id}/cancel").status_code == 409
    assert acme.job(id)["endedAt"] == "2026-01-01T12:00:32.000Z"


@pytest.mark.parametrize(
    ("states", "pointer", "sentence"),
    [
        ([{"state": "queued", "for": "30s"}, {"state": "done"}], "/0/for", "invalid duration '30s'; write an ISO 8601"),
        ([{"state": "queued"}, {"state": "done"}], "/0", "for is missing: how long it lasts"),
        (
            [{"state": "queued", "for": "PT1S"}, {"state": "done", "for": "PT1S"}],
            "/1/for",
            "the last state has no next one; leave out for",
        ),
        ([{"state": "queud", "for": "PT1S"}, {"state": "done"}], "/0/state", "Did you mean 'queued'?"),
        (
            [{"state": "queued", "for": "PT1S"}, {"state": "done", "set": {"endedat": "$now"}}],
            "/1/set/endedat",
            "Did you mean 'endedAt'?",
        ),
        ([{"state": "queued", "for": "PT1S"}, {"state": "$switch.outcom"}], "/1/state", "Did you mean 'outcome'?"),
    ],
)
def test_mistake_in_a_life_is_told_with_its_place(states: Any, pointer: str, sentence: str, tmp_path: Path) -> None:
    found = problems(tmp_path, contract({"field": "status", "states": states}))
    assert any(f"/life/states{pointer}: " in said and sentence in said for said in found), found


@given(st.integers(0, 99), st.integers(0, 99), st.integers(0, 99), st.integers(0, 99))
def test_duration_is_the_sum_of_its_parts(days: int, hours: int, minutes: int, seconds: int) -> None:
    wanted = timedelta(days=days, hours=hours, minutes=minutes, seconds=seconds)
    assert duration(f"P{days}DT{hours}H{minutes}M{seconds}S") == wanted


@pytest.mark.parametrize("text", ["", "P", "PT", "P1DT", "1S", "PT1", "P1M", "P1Y", "PT-1S", "PT1S ", "pt1s"])
def test_text_without_a_fixed_length_is_no_duration(text: str) -> None:
    assert duration(text) is None


@pytest.mark.parametrize(
    "waiting", [{}, {"due": "soon"}, {"due": 0, "number": 99, "state": "queued"}, {"due": 0, "number": -5}]
)
def test_waiting_record_that_somebody_wrote_stops_nothing(acme: Acme, waiting: dict[str, Any]) -> None:
    id = acme.started()
    assert acme.control("PUT", f"state/acme.jobs_life/{id}", json={"id": id, **waiting}).status_code == 200
    assert acme.client.get(f"/jobs/{id}").json()["status"] == "queued"
    assert acme.client.post("/jobs").status_code == 201
