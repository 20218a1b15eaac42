"""What a client sees of each scenario, and how a user's own scenarios.yaml is validated against what there is."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import pytest

from emulator.catalogue import Catalogue, read_scenarios
from emulator.client import Client
from emulator.errors import ConfigurationError
from emulator.faults.scenarios import Scenario
from emulator.files.package_data import FIXTURES
from tests.conftest import EmulatorUnderTest
from tests.sample_calls import READ_OPERATION, WRITES, begin, by_id, query, read, write, written

DOCUMENTATION = Path(__file__).parent.parent / "docs" / "how-to" / "scenarios.md"
VENDORS = ("celigo", "immuta", "paradime", "secoda")
Show = Callable[[EmulatorUnderTest, str], None]

SHOWN: dict[str, Show] = {}
"""By full name what shows a scenario; one for "*/<name>" is for each vendor that has none of its own."""


def shows(*names: str) -> Callable[[Show], Show]:
    def remember(show: Show) -> Show:
        for name in names:
            owner, _, short = name.partition("/")
            for vendor in VENDORS if owner == "*" else (owner,):
                if owner != "*" or f"{vendor}/{short}" not in SHOWN:
                    SHOWN[f"{vendor}/{short}"] = show
        return show

    return remember


NAPS: list[float] = []
"""How long the emulator would have slept in this test, had it not been spared."""


@pytest.fixture(autouse=True)
def naps(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the emulator sleep a thousandth of a second whenever it wants to sleep."""

    async def nap(seconds: float, stopping: asyncio.Event) -> None:
        NAPS.append(seconds)
        await asyncio.sleep(0.001)

    NAPS.clear()
    monkeypatch.setattr("emulator.transport.wire.pause", nap)


def statuses(emulator: EmulatorUnderTest, vendor: str, count: int) -> list[int]:
    return [read(emulator, vendor).status_code for _ in range(count)]


def test_every_scenario_is_shown_and_no_other(emulator: EmulatorUnderTest) -> None:
    assert set(VENDORS) == emulator.catalogue.vendors.keys()
    assert sorted(SHOWN) == sorted(emulator.scenarios)


EVERY_VENDOR = {
    *("unauthorized", "forbidden", "not-found", "bad-request", "rate-limited", "server-error", "unavailable"),
    *("slow", "timeout", "connection-reset", "truncated-body", "malformed-json", "flaky", "recovers"),
    *("write-then-fail", "token-expires", "empty-world", "large-world", "outage", "vendor-outage-window"),
}


@pytest.mark.parametrize("vendor", VENDORS)
def test_every_vendor_has_the_common_scenarios(emulator: EmulatorUnderTest, vendor: str) -> None:
    names = {scenario.name for scenario in emulator.scenarios.values() if scenario.vendor == vendor}
    assert names >= EVERY_VENDOR


def test_each_is_described_in_one_sentence(emulator: EmulatorUnderTest) -> None:
    for name, scenario in emulator.scenarios.items():
        assert scenario.description.endswith("."), name
        assert scenario.description.count(". ") == 0, name
        assert "\n" not in scenario.description, name


@shows("paradime/not-found")
def no_integration(emulator: EmulatorUnderTest, vendor: str) -> None:
    response = by_id(emulator, vendor)
    message = "CustomIntegrationNotFoundException: there is no such custom integration"
    assert (response.status_code, response.json()) == (
        200,
        {
            "data": {"updateCustomIntegration": None},
            "errors": [{"message": message, "path": ["updateCustomIntegration"]}],
        },
    )
    assert not written(emulator, vendor)
    assert "errors" not in read(emulator, vendor).json()


@shows("paradime/bad-request")
def document_refused(emulator: EmulatorUnderTest, vendor: str) -> None:
    response = read(emulator, vendor)
    assert response.status_code == 200
    genuine = emulator.call(vendor, "POST", json={"query": ""}, headers={"Prefer": "code=400"})
    assert genuine.status_code == 400
    assert response.json().keys() == {"errors"}
    assert response.json()["errors"][0]["message"].startswith("Syntax Error")
    write(emulator, vendor)
    assert not written(emulator, vendor)


@shows("*/unauthorized", "*/forbidden", "*/server-error", "*/unavailable", "*/rate-limited")
def every_call_has_the_status(emulator: EmulatorUnderTest, vendor: str) -> None:
    name = next(iter(emulator.sandbox.scenarios)).partition("/")[2]
    status = {"unauthorized": 401, "forbidden": 403, "server-error": 500, "unavailable": 503, "rate-limited": 429}[name]
    for call in (read, write, by_id):
        response = call(emulator, vendor)
        assert response.status_code == status
        assert WORDS[status][vendor] in response.text
    assert not written(emulator, vendor)
    assert read(emulator, vendor).headers.get("Retry-After") == RETRY_AFTER.get((vendor, status))


WORDS: Mapping[int, Mapping[str, str]] = {
    400: {"celigo": '"errors"', "immuta": '"statusCode":400', "secoda": "Must be a valid UUID."},
    401: {
        "celigo": "unauthorized",
        "immuta": "A valid Authorization token must be provided",
        "paradime": '{"message"',
        "secoda": "Incorrect authentication credentials.",
    },
    403: {
        "celigo": "forbidden",
        "immuta": '"error":"Forbidden"',
        "paradime": "capability",
        "secoda": "You do not have permission to perform this action.",
    },
    404: {"celigo": "not_found", "immuta": "Data source not found", "secoda": "Not found."},
    429: {
        "celigo": "Too many requests. Retry after 2 seconds.",
        "immuta": "Too Many Requests",
        "paradime": "Too Many Requests",
        "secoda": "Request was throttled. Expected available in 60 seconds.",
    },
    500: {
        "celigo": "Internal Server Error",
        "immuta": "An internal server error occurred",
        "paradime": "Internal Server Error",
        "secoda": "<h1>Server Error (500)</h1>",
    },
    503: {
        "celigo": '"errors"',
        "immuta": "Service Unavailable",
        "paradime": "Service Unavailable",
        "secoda": "503 Service Temporarily Unavailable",
    },
}
"""A piece of each vendor's own words."""

RETRY_AFTER = {("celigo", 429): "2", ("secoda", 429): "60", ("paradime", 429): "1"}


@shows("*/not-found")
def not_found_where_it_can_be(emulator: EmulatorUnderTest, vendor: str) -> None:
    response = by_id(emulator, vendor)
    assert (response.status_code, WORDS[404][vendor] in response.text) == (404, True)
    if vendor != "secoda":
        assert read(emulator, vendor).status_code == 200


@shows("*/bad-request")
def bad_request_where_it_can_be(emulator: EmulatorUnderTest, vendor: str) -> None:
    response = write(emulator, vendor)
    assert (response.status_code, WORDS[400][vendor] in response.text) == (400, True)
    assert not written(emulator, vendor)


@shows("*/slow")
def replies_take_about_a_second(emulator: EmulatorUnderTest, vendor: str) -> None:
    seconds = []
    for _ in range(15):
        before = sum(NAPS)
        assert read(emulator, vendor).status_code == 200
        seconds.append(sum(NAPS) - before)
    assert 0.5 < sorted(seconds)[7] < 2
    assert len(set(seconds)) > 1


@shows("*/timeout")
def a_client_gives_up_and_the_emulator_notices(emulator: EmulatorUnderTest, vendor: str) -> None:
    with begin(emulator, vendor, WRITES):
        wait_for(lambda: NAPS != [])
    wait_for(lambda: emulator.exchanges() != [])
    (exchange,) = emulator.exchanges()
    assert (exchange.reply, exchange.faults) == (None, (f"{vendor}/timeout#1",))
    assert not written(emulator, vendor)


def wait_for(happened: Callable[[], bool]) -> None:
    until = time.monotonic() + 60
    while not happened():
        assert time.monotonic() < until
        time.sleep(0.005)


@shows("*/connection-reset")
def the_connection_is_reset(emulator: EmulatorUnderTest, vendor: str) -> None:
    for call in (read, write):
        with pytest.raises(httpx.ReadError):
            call(emulator, vendor)
    assert not written(emulator, vendor)


@shows("*/truncated-body")
def the_body_ends_early(emulator: EmulatorUnderTest, vendor: str) -> None:
    with pytest.raises(httpx.RemoteProtocolError, match="without sending complete message body"):
        read(emulator, vendor)


@shows("*/malformed-json")
def the_json_does_not_parse(emulator: EmulatorUnderTest, vendor: str) -> None:
    for call in (read, write):
        response = call(emulator, vendor)
        assert (response.status_code, response.headers["Content-Type"].partition(";")[0]) == (200, "application/json")
        with pytest.raises(ValueError, match="Expecting value"):
            response.json()
    assert not written(emulator, vendor)


@shows("*/flaky")
def one_call_in_five_fails(emulator: EmulatorUnderTest, vendor: str) -> None:
    seen = statuses(emulator, vendor, 60)
    assert set(seen) == {200, 500}
    assert 4 <= seen.count(500) <= 22
    emulator.scenario(f"{vendor}/flaky")
    assert statuses(emulator, vendor, 60) == seen


@shows("*/recovers")
def two_failures_and_then_fine(emulator: EmulatorUnderTest, vendor: str) -> None:
    assert statuses(emulator, vendor, 4) == [503, 503, 200, 200]
    assert [write(emulator, vendor).is_success for _ in range(3)] == [False, False, True]


@shows("*/write-then-fail")
def the_write_is_kept(emulator: EmulatorUnderTest, vendor: str) -> None:
    assert write(emulator, vendor).status_code == 500
    assert written(emulator, vendor) == 1
    assert read(emulator, vendor).status_code == 200


@shows("*/token-expires")
def fine_three_times(emulator: EmulatorUnderTest, vendor: str) -> None:
    assert statuses(emulator, vendor, 2) == [200, 200]
    assert write(emulator, vendor).is_success
    assert statuses(emulator, vendor, 2) == [401, 401]
    assert write(emulator, vendor).status_code == 401
    assert written(emulator, vendor) == 1


@shows("immuta/token-expires")
def every_fourth_call_asks_for_a_new_token(emulator: EmulatorUnderTest, vendor: str) -> None:
    assert statuses(emulator, vendor, 4) == [200, 200, 200, 401]
    for _ in range(5):
        exchanged = emulator.call(vendor, "POST", "/bim/apikey/authenticate", json={"apikey": "immuta-api-key"})
        assert exchanged.status_code == 200
    token = {"Authorization": f"Bearer {exchanged.json()['token']}"}
    assert [read(emulator, vendor, headers=token).status_code for _ in range(4)] == [200, 200, 200, 401]


@shows("*/empty-world")
def nothing_is_there(emulator: EmulatorUnderTest, vendor: str) -> None:
    empty = {
        "celigo": [],
        "immuta": {"count": 0, "hits": []},
        "paradime": {"data": {"listCustomIntegrations": {"ok": True, "integrations": []}}},
    }
    response = read(emulator, vendor)
    assert response.status_code == 200
    if vendor == "secoda":
        assert (response.json()["count"], response.json()["results"], response.json()["total_pages"]) == (0, [], 1)
    else:
        assert response.json() == empty[vendor]
    if vendor != "immuta":
        assert write(emulator, vendor).is_success
        assert written(emulator, vendor) == 1


@shows("*/outage")
def unavailable_after_a_short_wait(emulator: EmulatorUnderTest, vendor: str) -> None:
    for _ in range(5):
        before = sum(NAPS)
        assert read(emulator, vendor).status_code == 503
        assert 0.05 <= sum(NAPS) - before <= 0.2


@shows("*/vendor-outage-window")
def unavailable_for_an_hour(emulator: EmulatorUnderTest, vendor: str) -> None:
    seen = {}
    for hour, minute, second in ((0, 0, 0), (0, 59, 59), (1, 0, 0)):
        emulator.clock.set(datetime(2030, 1, 1, hour, minute, second, tzinfo=UTC), frozen=True)
        seen[hour, minute, second] = read(emulator, vendor).status_code
    emulator.clock.set(datetime(2029, 12, 31, 23, 59, 59, tzinfo=UTC), frozen=True)
    assert read(emulator, vendor).status_code == 200
    assert list(seen.values()) == [503, 503, 200]


@shows("celigo/large-world")
def celigo_pages(emulator: EmulatorUnderTest, vendor: str) -> None:
    response = emulator.call(vendor, "GET", "/integrations?limit=1000&skip=9000")
    assert len(response.json()) == 1000
    last = emulator.call(vendor, "GET", "/integrations?limit=1000&skip=10000")
    assert 'rel="next"' in response.headers["Link"]
    assert 'rel="next"' not in last.headers["Link"]
    ids = {one["_id"] for one in response.json()}
    assert len(ids) == 1000
    assert emulator.call(vendor, "GET", f"/integrations/{ids.pop()}").status_code == 200
    assert write(emulator, vendor).status_code == 201


@shows("secoda/large-world")
def secoda_pages(emulator: EmulatorUnderTest, vendor: str) -> None:
    first = read(emulator, vendor).json()
    assert (first["count"], first["total_pages"], len(first["results"])) == (first["count"], 202, 50)
    assert first["count"] > 10_000
    last = emulator.call(vendor, "GET", "/integration/integrations?page=last").json()
    assert (last["meta"]["page"], last["links"]["next"]) == (202, None)
    id = last["results"][-1]["id"]
    assert emulator.call(vendor, "GET", f"/integration/integrations/{id}").status_code == 200
    assert write(emulator, vendor).status_code == 201


@shows("immuta/large-world")
def immuta_pages(emulator: EmulatorUnderTest, vendor: str) -> None:
    response = emulator.call(vendor, "GET", "/dataSource?size=50&offset=9990").json()
    assert (response["count"], len(response["hits"])) == (10_003, 13)
    id = response["hits"][-1]["id"]
    assert emulator.call(vendor, "GET", f"/dictionary/{id}").json()["dataSource"] == id
    changed = emulator.call(vendor, "PUT", f"/dictionary/{id}", json={"metadata": []})
    assert (changed.status_code, changed.json()["types"]) == (200, [])
    assert "jsonb" not in emulator.call(vendor, "GET", "/dictionary/types").json()
    assert write(emulator, vendor).status_code == 200


@shows("paradime/large-world")
def paradime_lists_all(emulator: EmulatorUnderTest, vendor: str) -> None:
    listed = read(emulator, vendor).json()["data"]["listCustomIntegrations"]["integrations"]
    assert len({one["uid"] for one in listed}) == len(listed) >= 1000
    assert len(emulator.records("paradime.nodes")) >= 9000
    assert write(emulator, vendor).is_success


@shows("celigo/rate-window")
def celigo_counts_a_bucket(emulator: EmulatorUnderTest, vendor: str) -> None:
    emulator.clock.set(frozen=True)
    use_up(emulator, vendor, 998)
    assert statuses(emulator, vendor, 2) == [200, 200]
    refused = write(emulator, vendor)
    assert (refused.status_code, refused.headers["Retry-After"]) == (429, "1")
    assert refused.json() == {
        "errors": [{"code": "rate_limited", "message": "Too many requests. Retry after 1 seconds."}]
    }
    emulator.clock.advance(1)
    use_up(emulator, vendor, 299)
    assert statuses(emulator, vendor, 2) == [200, 429]


def use_up(emulator: EmulatorUnderTest, vendor: str, calls: int) -> None:
    """Count calls without making them."""
    for _ in range(calls):
        assert not emulator.sandbox.faults.due(vendor, READ_OPERATION[vendor], True, emulator.sandbox.now())


@shows("secoda/rate-window")
def secoda_counts_writes(emulator: EmulatorUnderTest, vendor: str) -> None:
    emulator.clock.set(frozen=True)
    assert {write(emulator, vendor).status_code for _ in range(30)} == {201}
    refused = write(emulator, vendor)
    assert (refused.status_code, refused.headers["Retry-After"]) == (429, "60")
    assert refused.json() == {"detail": "Request was throttled. Expected available in 60 seconds."}
    assert read(emulator, vendor).status_code == 200
    emulator.clock.advance(58.5)
    assert write(emulator, vendor).headers["Retry-After"] == "2"
    emulator.clock.advance(1.5)
    assert write(emulator, vendor).status_code == 201


@shows("celigo/install-step-fails")
def the_step_stays(emulator: EmulatorUnderTest, vendor: str) -> None:
    path = "/integrations/57974ed227a82a3475cecb15/installSteps"
    before = emulator.call(vendor, "GET", path).json()
    refused = emulator.call(vendor, "POST", path, json={"_connectionId": "5fc5de876cfe5b44bb95dd01"})
    assert (refused.status_code, refused.json()["errors"][0]["code"]) == (422, "invalid_connection")
    assert emulator.call(vendor, "GET", path).json() == before


@shows("celigo/empty-lists-204")
def an_empty_list_has_no_body(emulator: EmulatorUnderTest, vendor: str) -> None:
    id = write(emulator, vendor).json()["_id"]
    for name in ("flows", "connections", "exports", "imports"):
        response = emulator.call(vendor, "GET", f"/integrations/{id}/{name}")
        assert (response.status_code, response.content) == (204, b"")
    assert read(emulator, vendor).status_code == 200


@shows("celigo/runs-fail")
def a_flow_fails_after_ten_seconds(emulator: EmulatorUnderTest, vendor: str) -> None:
    emulator.clock.set(frozen=True)
    id = emulator.call(vendor, "POST", "/flows/5fc5e1346cfe5b44bb95df11/run").json()["_jobId"]
    for seconds, status in ((9, "running"), (1, "failed")):
        emulator.clock.advance(seconds)
        assert emulator.call(vendor, "GET", f"/jobs/{id}").json()["status"] == status


@shows("celigo/update-in-progress")
def changes_wait_for_the_update(emulator: EmulatorUnderTest, vendor: str) -> None:
    assert {one["updateInProgress"] for one in read(emulator, vendor).json()} == {True}
    path = "/integrations/5fc5e0e66cfe5b44bb95de70"
    renamed = {"name": "Renamed"}
    patch = [{"op": "replace", "path": "/version", "value": "2"}]
    connection = f"{path}/connections/5fc5de876cfe5b44bb95dd03/register"
    for method, where, body in (
        ("PUT", path, renamed),
        ("PATCH", path, patch),
        ("PUT", connection, None),
        ("DELETE", path, None),
    ):
        refused = emulator.call(vendor, method, where, json=body)
        assert refused.status_code == 422, (method, where, refused.text)
        assert refused.json()["errors"][0]["code"] == "update_in_progress"
    ended = [{"op": "replace", "path": "/updateInProgress", "value": False}]
    assert emulator.call(vendor, "PATCH", path, json=ended).status_code == 204
    assert emulator.call(vendor, "PUT", path, json=renamed).json()["name"] == "Renamed"
    assert emulator.call(vendor, "DELETE", path).status_code == 204


NO_COLUMNS: dict[str, Any] = {"metadata": []}


@shows("immuta/not-owner")
def dictionaries_cannot_be_changed(emulator: EmulatorUnderTest, vendor: str) -> None:
    assert {hit["subscriptionStatus"] for hit in read(emulator, vendor).json()["hits"]} <= {
        "subscribed",
        "not_subscribed",
    }
    assert by_id(emulator, vendor).status_code == 200
    for method, body in (("POST", NO_COLUMNS), ("PUT", NO_COLUMNS), ("DELETE", None)):
        refused = emulator.call(vendor, method, "/dictionary/1", json=body)
        assert (refused.status_code, refused.json()["message"]) == (
            403,
            "User must have one of the following roles to delete dictionary: owner,expert",
        )


@shows("immuta/data-source-gone")
def the_data_source_is_nowhere(emulator: EmulatorUnderTest, vendor: str) -> None:
    assert [hit["id"] for hit in read(emulator, vendor).json()["hits"]] == [2, 3]
    for method, path, body in (
        ("GET", "/dataSource/1", None),
        ("GET", "/dictionary/1", None),
        ("PUT", "/dictionary/1", NO_COLUMNS),
        ("POST", "/dictionary/1", NO_COLUMNS),
        ("DELETE", "/dictionary/1", None),
    ):
        refused = emulator.call(vendor, method, path, json=body)
        assert (refused.status_code, refused.json()["message"]) == (404, "Data source not found")
    assert emulator.call(vendor, "GET", "/dictionary/2").status_code == 200


@shows("immuta/no-dictionary")
def the_dictionary_has_yet_to_be_created(emulator: EmulatorUnderTest, vendor: str) -> None:
    assert read(emulator, vendor).json()["count"] == 3
    for method, body in (("GET", None), ("PUT", NO_COLUMNS), ("DELETE", None)):
        refused = emulator.call(vendor, method, "/dictionary/3", json=body)
        assert (refused.status_code, refused.json()["message"]) == (404, "Dictionary not found")
    assert emulator.call(vendor, "POST", "/dictionary/3", json=NO_COLUMNS).json()["id"] == 3
    assert emulator.call(vendor, "GET", "/dictionary/3").status_code == 200


@shows("paradime/graphql-error")
def every_field_fails(emulator: EmulatorUnderTest, vendor: str) -> None:
    listed = read(emulator, vendor)
    message = "InternalException: something went wrong"
    assert (listed.status_code, listed.json()) == (
        200,
        {
            "data": {"listCustomIntegrations": None},
            "errors": [{"message": message, "path": ["listCustomIntegrations"]}],
        },
    )
    assert write(emulator, vendor).json()["data"] == {"addCustomIntegration": None}
    assert not written(emulator, vendor)
    assert query(emulator, "{ __typename }") == {"data": {"__typename": "Query"}}


@shows("paradime/partial-data")
def data_comes_with_an_error(emulator: EmulatorUnderTest, vendor: str) -> None:
    listed = read(emulator, vendor).json()
    assert listed["data"]["listCustomIntegrations"]["integrations"]
    assert [error["path"] for error in listed["errors"]] == [["listCustomIntegrations"]]
    added = write(emulator, vendor).json()
    assert added["data"]["addCustomIntegration"]["ok"] is True
    assert added["errors"][0]["message"].startswith("PartialDataException")
    assert written(emulator, vendor) == 1


NODES = """
mutation ($snapshotId: Int, $more: Boolean!) {
  addCustomIntegrationNodes(integrationUid: "abc123", snapshotId: $snapshotId, snapshotHasMoreNodes: $more,
                            chartLikeNodes: [], dashboardLikeNodes: [], datasourceLikeNodes: []) { ok snapshotId } }
"""


@shows("paradime/snapshot-lost")
def the_second_batch_finds_no_snapshot(emulator: EmulatorUnderTest, vendor: str) -> None:
    before = emulator.records("paradime.nodes")
    opened = query(emulator, NODES, more=True)["data"]["addCustomIntegrationNodes"]
    assert opened["ok"] is True
    lost = query(emulator, NODES, more=False, snapshotId=opened["snapshotId"])
    assert lost["data"] == {"addCustomIntegrationNodes": None}
    expected = f"SnapshotNotFoundException: the custom integration 'abc123' has no snapshot {opened['snapshotId']}"
    assert [error["message"] for error in lost["errors"]] == [expected]
    assert emulator.records("paradime.nodes") == before
    again = query(emulator, NODES, more=True)["data"]["addCustomIntegrationNodes"]
    assert again["snapshotId"] > opened["snapshotId"]
    assert query(emulator, NODES, more=False)["data"]["addCustomIntegrationNodes"]["ok"] is True
    assert len(emulator.records("paradime.nodes")) < len(before)


@shows("paradime/bolt-run-fails")
def a_run_fails_after_thirty_seconds(emulator: EmulatorUnderTest, vendor: str) -> None:
    assert _run_after(emulator, seconds=20)["state"] == "RUNNING"
    failed = _run_after(emulator, seconds=30)
    assert failed["state"] == "FAILED"
    assert [command["returnCode"] for command in failed["commands"]] == [0, 0, 0, 1]


@shows("paradime/bolt-run-never-ends")
def a_run_goes_on(emulator: EmulatorUnderTest, vendor: str) -> None:
    assert _run_after(emulator, seconds=24 * 3600)["state"] == "RUNNING"


@shows("paradime/dinoai-run-fails")
def an_agent_fails(emulator: EmulatorUnderTest, vendor: str) -> None:
    assert _agent_after(emulator, seconds=60)["status"] == "FAILED"


@shows("paradime/dinoai-run-never-ends")
def an_agent_goes_on(emulator: EmulatorUnderTest, vendor: str) -> None:
    assert _agent_after(emulator, seconds=24 * 3600) == {"status": "RUNNING", "messages": [{"role": "user"}]}


def _agent_after(emulator: EmulatorUnderTest, seconds: float) -> Any:
    started = query(emulator, 'mutation { triggerDinoaiAgentRun(message: "Help") { agentSessionId } }')
    emulator.clock.advance(seconds)
    run = "query ($id: String!) { dinoaiAgentRun(agentSessionId: $id) { status messages { role } } }"
    id = started["data"]["triggerDinoaiAgentRun"]["agentSessionId"]
    return query(emulator, run, id=id)["data"]["dinoaiAgentRun"]


def _run_after(emulator: EmulatorUnderTest, seconds: float) -> Any:
    started = query(emulator, 'mutation { triggerBoltRun(slug: "daily_run") { runId } }')
    emulator.clock.advance(seconds)
    status = "query ($runId: Int!) { boltRunStatus(runId: $runId) { state commands { returnCode } } }"
    return query(emulator, status, **started["data"]["triggerBoltRun"])["data"]["boltRunStatus"]


@shows("secoda/torn-pagination")
def one_comes_twice_and_one_never(emulator: EmulatorUnderTest, vendor: str) -> None:
    url: str | None = f"{emulator.url(vendor)}/integration/integrations"
    found: list[str] = []
    while url:
        page = httpx.get(url, headers=emulator.headers(vendor)).json()
        found += [one["id"] for one in page["results"]]
        url = page["links"]["next"]
    kept = [one["id"] for one in sorted(emulator.records("secoda.integrations"), key=lambda one: one["created_at"])]
    assert len(found) == page["count"] == len(kept)
    assert [id for id in kept if found.count(id) == 2] == [found[49]] == [found[50]]
    assert [id for id in kept if id not in found] == [kept[-1]]


MANIFEST = b"""{"metadata": {"dbt_schema_version": "https://schemas.getdbt.com/dbt/manifest/v12.json"}, "nodes": {}}"""
RUN_RESULTS = MANIFEST.replace(b"manifest/v12", b"run-results/v6").replace(b'"nodes": {}', b'"results": []')


@shows("secoda/sync-stuck")
def nothing_ever_changes(emulator: EmulatorUnderTest, vendor: str) -> None:
    path = "/integration/dbt/8c0f3d7e-41b5-4f0a-9a66-2d9b1e4c5f70"
    before = emulator.call(vendor, "GET", f"{path}/failing_tests/").json()
    files = {"manifest": ("manifest.json", MANIFEST), "run_results": ("run_results.json", RUN_RESULTS)}
    assert emulator.call(vendor, "POST", f"{path}/upload_artifacts/", files=files).status_code == 200
    for _ in range(2):
        assert emulator.call(vendor, "POST", f"{path}/trigger/").status_code == 200
        emulator.clock.advance(86_400)
        assert emulator.call(vendor, "GET", f"{path}/failing_tests/").json() == before
    upload = "/integration/integrations/d31e59c7-cd52-4398-9d6e-da313a7b7775/import_metadata"
    csv = b"col_name,database,schema,name\nid,warehouse,sales,orders\n"
    assert emulator.call(vendor, "POST", upload, files={"file": ("tables.csv", csv)}).status_code == 200
    stuck = [sync for sync in emulator.records("secoda.syncs") if sync["status"] == "running"]
    assert [sync["kind"] for sync in stuck] == ["dbt", "dbt", "csv"]
    assert {(sync["current"], sync["finished_at"]) for sync in stuck} == {(False, None)}
    emulator.scenario("secoda/sync-stuck", on=False)
    assert emulator.call(vendor, "POST", f"{path}/trigger/").status_code == 200
    assert emulator.call(vendor, "GET", f"{path}/failing_tests/").json() == {"warning": [], "failing": []}


@shows("secoda/slack-disconnected")
def no_conversation_is_listed(emulator: EmulatorUnderTest, vendor: str) -> None:
    assert emulator.call(vendor, "GET", "/api/v2/integration_v2/slack/conversations/list").json() == []
    listed = emulator.call(vendor, "GET", "/integration/integrations?type=slack").json()
    assert (listed["count"], listed["results"]) == (0, [])


@pytest.mark.parametrize("name", sorted(SHOWN))
def test_client_sees(emulator: EmulatorUnderTest, name: str) -> None:
    vendor = name.partition("/")[0]
    switches = dict(emulator.sandbox.switches[vendor])
    emulator.scenario(name)
    SHOWN[name](emulator, vendor)
    emulator.scenario(name, on=False)
    assert (len(emulator.sandbox.faults), emulator.sandbox.switches[vendor]) == (0, switches)
    assert read(emulator, vendor).status_code == 200


SECODA_FAULT = "scenarios:\n  mine:\n    description: Mine.\n    faults:\n      - {}\n"
SECODA = "scenarios:\n  mine:\n    description: Mine.\n    {}\n"
OPERATIONS = "unknown operation 'createIntegratoin' of secoda. Did you mean 'createIntegration', "


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ("scenarios: [\n", "secoda/scenarios.yaml line 2: while parsing a flow"),
        (
            "scenarios: {a: {description: A.}}\nscenario: {}",
            "line 2, /scenario: unknown field 'scenario'. Did you mean 'scenarios'?",
        ),
        ("scenarios: {My Own: {description: A.}}", "line 1, /scenarios: 'My Own' does not match"),
        ("scenarios:\n  a: {description: A.}\n  a: {description: B.}", "scenarios.yaml line 3: duplicate key a"),
        ("scenarios:\n  a: {faults: []}", "line 2, /scenarios/a/description: 'description' is a required property"),
        (SECODA.format("fault: []"), "line 4, /scenarios/mine/fault: unknown field 'fault'. Did you mean 'faults'?"),
        (
            SECODA_FAULT.format("{reply: {status: 500}, wenn: {nth: 1}}"),
            "secoda/scenarios.yaml line 5, /scenarios/mine/faults/0/wenn: unknown field 'wenn'. Did you mean 'when'?",
        ),
        (SECODA_FAULT.format("{reply: {status: 500}, when: {nth: 0}}"), "/faults/0/when/nth: 0 is less than the"),
        (
            SECODA_FAULT.format("{operation: createIntegratoin, reply: {status: 500}}"),
            f"line 5, /scenarios/mine/faults/0: {OPERATIONS}",
        ),
        (
            SECODA_FAULT.format("{operation: createIntegration, reply: {status: 404}}"),
            "/faults/0: status 404 is not in the contract (createIntegration: 201, 400, 401, 403, 413, 415,",
        ),
        (
            SECODA_FAULT.format("{vendor: celigo, reply: {status: 500}}"),
            "/faults/0/vendor: expected secoda, the vendor of the scenario",
        ),
        (
            SECODA_FAULT.format(
                "{when: {between: [2030-01-01T01:00:00Z, 2030-01-01T00:00:00Z]}, reply: {status: 500}}"
            ),
            "/faults/0: when: between takes the earlier time, then the later",
        ),
        (
            SECODA_FAULT.format("{reply: {status: 500, headers: {Retry-After: 5}}}"),
            "headers/Retry-After: 5 is not of type",
        ),
        (
            SECODA.format("switches: {torn_page: true}"),
            "/scenarios/mine/switches/torn_page: unknown switch 'torn_page' of secoda. Did you mean 'torn_pages'",
        ),
        (
            SECODA.format("switches: {torn_pages: 1}"),
            "line 4, /scenarios/mine/switches/torn_pages: 1 is not one of false, true",
        ),
        (
            SECODA.format("switches: {bad_rows: recorder}"),
            "/switches/bad_rows: recorder is not one of recorded, refused",
        ),
        (
            SECODA.format("records: {clear: [zzz]}"),
            "line 4, /scenarios/mine/records/clear/0: unknown collection 'zzz' of secoda. Known",
        ),
        (SECODA.format("records: {merge: {flows: {}}}"), "/records/merge/flows: unknown collection 'flows'"),
        (
            SECODA.format("records: {populate: {syncs: 3}}"),
            "/records/populate/syncs: syncs cannot be populated; collections that can: integrations",
        ),
        (SECODA.format("records: {insert: {syncs: [{}]}}"), "/records/insert/syncs/0: the record has no id"),
        (
            SECODA.format("records: {insert: {integrations: [{id: 5}]}}"),
            "/records/insert/integrations/0/created_at: 'created_at' is a required",
        ),
    ],
)
def test_a_wrong_scenario_is_refused_with_line_and_key(
    tmp_path: Path, catalogue: Catalogue, content: str, sentence: str
) -> None:
    write_file(tmp_path / "secoda", content)
    with pytest.raises(ConfigurationError) as refusal:
        read_scenarios([tmp_path], catalogue)
    assert sentence in str(refusal.value)


def write_file(folder: Path, content: str) -> None:
    folder.mkdir(exist_ok=True)
    (folder / "scenarios.yaml").write_text(content)


def test_a_scenario_across_vendors_is_for_those_that_can_have_it(tmp_path: Path, catalogue: Catalogue) -> None:
    fault = "{operation: createIntegration, when: {nth: 1}, reply: {status: 503}}"
    write_file(tmp_path, f"scenarios: {{mine: {{description: Mine., faults: [{fault}]}}}}")
    found = read_scenarios([tmp_path], catalogue)
    assert [name for name in found if name.endswith("/mine")] == ["celigo/mine", "secoda/mine"]


def test_a_scenario_for_several_vendors_that_fits_no_vendor_is_rejected(tmp_path: Path, catalogue: Catalogue) -> None:
    write_file(tmp_path, "scenarios:\n  mine:\n    description: Mine.\n    switches: {nothing: 1}")
    with pytest.raises(ConfigurationError, match="line 4, /scenarios/mine/switches/nothing: unknown switch 'nothing'"):
        read_scenarios([tmp_path], catalogue)


def test_a_users_scenarios_replace_built_in_ones_of_the_same_name(tmp_path: Path, catalogue: Catalogue) -> None:
    write_file(tmp_path, "scenarios: {bad-request: {description: All., faults: [{reply: {status: 400}}]}}")
    write_file(tmp_path / "secoda", "scenarios: {bad-request: {description: Ours., faults: [{connection: close}]}}")
    found = read_scenarios([FIXTURES, tmp_path], catalogue)
    described = {vendor: found[f"{vendor}/bad-request"].description for vendor in VENDORS}
    assert described == {"celigo": "All.", "immuta": "All.", "paradime": "All.", "secoda": "Ours."}


def test_the_documented_file_is_valid(tmp_path: Path, catalogue: Catalogue) -> None:
    (content,) = re.findall("```yaml\n(.*?)```", DOCUMENTATION.read_text(), re.DOTALL)
    write_file(tmp_path / "secoda", content)
    found = read_scenarios([tmp_path], catalogue)
    assert list(found) == ["secoda/bad-monday", "secoda/lost-replies", "secoda/aimed"]


def test_keys_and_times_need_no_quotes(tmp_path: Path, catalogue: Catalogue) -> None:
    write_file(
        tmp_path / "immuta",
        "scenarios:\n"
        "  mine:\n"
        "    description: Mine.\n"
        "    faults: [{when: {between: [2030-01-01T00:00:00Z, 2030-01-01T01:00:00Z]}, reply: {status: 503}}]\n"
        "    records: {merge: {data_sources: {1: {name: Renamed}}}}\n",
    )
    mine = read_scenarios([FIXTURES, tmp_path], catalogue)["immuta/mine"]
    assert mine.faults[0].when.between == (datetime(2030, 1, 1, tzinfo=UTC), datetime(2030, 1, 1, 1, tzinfo=UTC))
    assert mine.records == {"merge": {"data_sources": {"1": {"name": "Renamed"}}}}


RECORDS = Scenario(
    "celigo",
    "mine",
    "Mine.",
    records={
        "clear": ["flows"],
        "delete": {"integrations": ["5fc5e0e66cfe5b44bb95de70"]},
        "merge": {"integrations": {"60f1a2b3c4d5e6f708192a30": {"name": "Changed"}, "5fc5e0e66cfe5b44bb95de70": {}}},
        "insert": {"scripts": [{"_id": "a" * 24, "name": "Added"}]},
        "populate": {"audit": 3},
    },
)


def test_records_are_changed_as_it_says_also_twice(emulator: EmulatorUnderTest) -> None:
    audit = len(emulator.records("celigo.audit"))
    for times in (1, 2):
        emulator.run(partial(emulator.sandbox.switch_on, RECORDS))
        integrations = {one["_id"]: one["name"] for one in emulator.records("celigo.integrations")}
        assert "5fc5e0e66cfe5b44bb95de70" not in integrations
        assert integrations["60f1a2b3c4d5e6f708192a30"] == "Changed"
        assert emulator.records("celigo.flows") == []
        assert [one["name"] for one in emulator.records("celigo.scripts") if one["_id"] == "a" * 24] == ["Added"]
        assert len(emulator.records("celigo.audit")) == audit + 3 * times


def test_two_scenarios_are_on_at_once_and_the_last_switch_counts(emulator: EmulatorUnderTest) -> None:
    def switches() -> tuple[Any, Any]:
        found = emulator.sandbox.switches["celigo"]
        return found["empty_list_status"], found["clone_reply"]

    one = Scenario("celigo", "one", "One.", switches={"empty_list_status": 204, "clone_reply": "manifest"})
    two = Scenario("celigo", "two", "Two.", switches={"empty_list_status": 200})
    emulator.run(partial(emulator.sandbox.switch_on, one))
    emulator.run(partial(emulator.sandbox.switch_on, two))
    assert switches() == (200, "manifest")
    emulator.run(partial(emulator.sandbox.switch_off, two))
    assert switches() == (204, "manifest")
    emulator.run(partial(emulator.sandbox.switch_off, one))
    assert switches() == (200, "integration")


def test_a_pattern_names_the_scenario_of_every_vendor(emulator: EmulatorUnderTest) -> None:
    emulator.scenario("*/outage")
    assert {vendor: read(emulator, vendor).status_code for vendor in VENDORS} == dict.fromkeys(VENDORS, 503)
    with pytest.raises(ConfigurationError, match=r"unknown scenario 'secoda/outrage'\. Did you mean 'secoda/outage', "):
        emulator.scenario("secoda/outrage")


def test_a_number_is_a_fixed_delay_in_yaml_http_and_python(
    catalogue: Catalogue, tmp_path: Path, emulator: EmulatorUnderTest
) -> None:
    faults = "[{delay: 2}, {delay: {fixed: 2}}]"
    (tmp_path / "scenarios.yaml").write_text(f"scenarios: {{mine: {{description: Mine., faults: {faults}}}}}")
    short, long = read_scenarios([tmp_path], catalogue)["secoda/mine"].faults
    assert short.delay == long.delay
    with Client(emulator.root) as client:
        client.sandbox().fault(vendor="secoda", delay=2)
    httpx.post(f"{emulator.root}/_emulator/faults", json={"vendor": "secoda", "delay": {"fixed": 2}})
    in_python, over_http = emulator.sandbox.faults
    assert in_python.delay == over_http.delay == short.delay
