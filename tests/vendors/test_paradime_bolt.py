"""Bolt, Paradime's scheduler: schedules, their runs, and what these leave. Neighbours of custom integrations."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import Any

import httpx
import pytest
import yaml

from emulator.declared.words import duration
from emulator.files.package_data import CONTRACTS
from emulator.vendors.paradime.progress import LASTS
from tests.conftest import EmulatorUnderTest
from tests.sample_calls import query

SCHEDULES = """query ($offset: Int!, $limit: Int!, $showInactive: Boolean!, $filter: BoltScheduleFilter) {
    listBoltSchedules(offset: $offset, limit: $limit, showInactive: $showInactive, filter: $filter) {
        schedules {
            name schedule owner lastRunAt lastRunState nextRunAt id uuid source
            turboCi { enabled deferredScheduleName successfulRunOnly }
            deferredSchedule { deferredScheduleName enabled successfulRunOnly }
            commands gitBranch slackOn slackNotify emailOn emailNotify
        }
        totalCount
    }
}"""
STATUS = """query ($runId: Int!) {
    boltRunStatus(runId: $runId) {
        state commands { id command startDttm endDttm stdout stderr returnCode resources { id path } }
    }
}"""
TRIGGER = """mutation ($slug: String, $scheduleName: String, $commands: [String!], $branch: String, $prNumber: Int,
    $commandConfigs: [BoltCommandInput!], $reason: String) {
    triggerBoltRun(slug: $slug, scheduleName: $scheduleName, commands: $commands, branch: $branch, prNumber: $prNumber,
        commandConfigs: $commandConfigs, reason: $reason) { ok runId }
}"""
RUNS = """query ($slug: String, $offset: Int!, $limit: Int!) {
    listBoltRuns(slug: $slug, offset: $offset, limit: $limit) {
        ok
        runs {
            id state actor actorEmail startDttm endDttm parentScheduleRunId
            gitInfo { branch commitHash pullRequestId }
        }
    }
}"""
LOGS = """query ($commandId: Int!, $cursor: String) {
    boltCommandLogs(commandId: $commandId, cursor: $cursor) { lines { stream line } cursor finished }
}"""
COMMAND = "query ($id: Int!) { boltCommand(commandId: $id) { command scheduleRunId returnCode resources { id path } } }"
URL = "query ($id: Int!) { boltResourceUrl(resourceId: $id) { ok url } }"
CANCEL = "mutation ($runId: Int!) { cancelBoltRun(scheduleRunId: $runId) { ok } }"
RETRY = "mutation ($runId: Int!) { retryBoltRun(scheduleRunId: $runId) { runId } }"
RETRY_ALL = "mutation ($runId: Int!) { retryAllBoltRun(scheduleRunId: $runId) { runId } }"
RETRY_LATEST = "mutation ($slug: String) { retryBoltRunFromFailure(slug: $slug) { runId } }"
CREATE = "mutation ($schedule: BoltScheduleInput!) { createBoltSchedule(schedule: $schedule) { slug } }"
SUSPEND = "mutation ($slug: String, $suspend: Boolean!) { suspendBoltSchedule(slug: $slug, suspend: $suspend) { ok } }"
NOON = datetime.fromisoformat("2026-03-01T12:00:00+00:00")


@pytest.fixture(autouse=True)
def _frozen(emulator: EmulatorUnderTest) -> None:
    emulator.clock.set(NOON, frozen=True)


def asked(emulator: EmulatorUnderTest, document: str, **variables: Any) -> Any:
    """Return the value of the only root field of a call that succeeds."""
    found = query(emulator, document, **variables)
    assert "errors" not in found, found
    (value,) = found["data"].values()
    return value


def refused(emulator: EmulatorUnderTest, document: str, **variables: Any) -> str:
    """Return the message of a call whose root field fails."""
    found = query(emulator, document, **variables)
    assert list(found["data"].values()) == [None]
    message: str = found["errors"][0]["message"]
    return message


def triggered(emulator: EmulatorUnderTest, slug: str = "daily_run", **variables: Any) -> int:
    started = asked(emulator, TRIGGER, slug=slug, **variables)
    assert started["ok"] is True
    id: int = started["runId"]
    return id


def status(emulator: EmulatorUnderTest, run: int) -> dict[str, Any]:
    found: dict[str, Any] = asked(emulator, STATUS, runId=run)
    return found


def record(emulator: EmulatorUnderTest, run: int) -> dict[str, Any]:
    return next(one for one in emulator.records("paradime.bolt_runs") if one["id"] == run)


def schedules(emulator: EmulatorUnderTest, **changed: Any) -> dict[str, Any]:
    found: dict[str, Any] = asked(emulator, SCHEDULES, **{"offset": 0, "limit": 10, "showInactive": False} | changed)
    return found


def names(listed: dict[str, Any]) -> list[str]:
    return [schedule["name"] for schedule in listed["schedules"]]


# Schedules


def test_schedule_is_listed_as_documented(emulator: EmulatorUnderTest) -> None:
    assert schedules(emulator)["schedules"][0] == {
        "name": "fabio-chld-yaml",
        "schedule": "OFF",
        "owner": "fabio@paradime.io",
        "lastRunAt": None,
        "lastRunState": None,
        "nextRunAt": None,
        "id": 973767,
        "uuid": "f5f98a76-c978-31c5-9296-aae9903653f4",
        "source": "yaml",
        "turboCi": None,
        "deferredSchedule": None,
        "commands": ["dbt run"],
        "gitBranch": "main",
        "slackOn": [""],
        "slackNotify": [""],
        "emailOn": [""],
        "emailNotify": [""],
    }


def test_pages_of_schedules_have_the_count_of_all(emulator: EmulatorUnderTest) -> None:
    pages = [schedules(emulator, offset=offset, limit=2) for offset in (0, 2, 4)]
    assert [len(page["schedules"]) for page in pages] == [2, 2, 0]
    assert {page["totalCount"] for page in pages} == {4}


def test_inactive_schedules_are_listed_instead_of_active_ones(emulator: EmulatorUnderTest) -> None:
    assert names(schedules(emulator, showInactive=True)) == ["orders backfill"]


@pytest.mark.parametrize(("suspended", "count"), [(True, 1), (False, 3), (None, 4)])
def test_schedules_are_filtered_by_suspension(emulator: EmulatorUnderTest, suspended: bool | None, count: int) -> None:
    assert schedules(emulator, filter={"suspended": suspended})["totalCount"] == count


def test_schedule_shows_its_latest_run(emulator: EmulatorUnderTest) -> None:
    run = triggered(emulator)
    listed = schedules(emulator)["schedules"][1]
    assert (listed["lastRunAt"], listed["lastRunState"]) == ("2026-03-01 12:00:00.000000", "RUNNING")
    for name in ("slug", "scheduleName"):
        found = asked(
            emulator, f'{{ boltScheduleName({name}: "daily_run") {{ ok latestRunId commands uuid suspended }} }}'
        )
        assert found["latestRunId"] == run
        assert found["commands"] == ["dbt build", "dbt docs generate"]


def test_schedule_without_runs_has_no_latest_one(emulator: EmulatorUnderTest) -> None:
    assert asked(emulator, '{ boltScheduleName(slug: "fabio-chld-yaml") { latestRunId } }') == {"latestRunId": None}


@pytest.mark.parametrize("arguments", ["", '(slug: "daily_run", scheduleName: "daily_run")'])
def test_schedule_is_named_exactly_once(emulator: EmulatorUnderTest, arguments: str) -> None:
    assert "exactly one" in refused(emulator, f"{{ boltScheduleName{arguments} {{ ok }} }}")


def test_created_schedule_is_listed_last_and_can_be_started(emulator: EmulatorUnderTest) -> None:
    given = {
        "name": "Nightly build",
        "schedule": "0 1 * * *",
        "environment": "production",
        "commands": ["dbt build"],
        "ownerEmail": "ada@example.com",
        "turboCi": {"enabled": True, "successfulRunOnly": True, "deferredScheduleSlug": "daily_run"},
        "notifications": {"teamsNotifications": [{"channel": "data", "events": ["failed"]}]},
        "envVars": [{"key": "DBT_PROFILES_DIR", "value": "/wks/p"}],
    }
    slug = asked(emulator, CREATE, schedule=given)["slug"]
    assert slug.startswith("nightly-build-")
    listed = schedules(emulator)["schedules"][-1]
    assert (listed["name"], listed["owner"], listed["turboCi"]["deferredScheduleName"]) == (
        "Nightly build",
        "ada@example.com",
        None,
    )
    assert emulator.records("paradime.bolt_schedules")[-1]["notifications"]["msTeamsNotifications"] == [
        {"channel": "data", "events": ["failed"], "templateSlug": None, "templateName": None}
    ]
    assert status(emulator, triggered(emulator, slug))["state"] == "RUNNING"


def test_slugs_of_one_name_differ(emulator: EmulatorUnderTest) -> None:
    made = asked(emulator, 'mutation { createScheduleSlugs(displayNames: ["Daily", "Daily", "-"]) { ok slugs } }')
    assert len(set(made["slugs"])) == 3


def test_suspended_schedule_can_be_resumed(emulator: EmulatorUnderTest) -> None:
    asked(emulator, SUSPEND, slug="weekly-refresh-4e1d07", suspend=False)
    assert schedules(emulator, filter={"suspended": True})["totalCount"] == 0


def test_schedule_of_a_yaml_file_cannot_be_suspended(emulator: EmulatorUnderTest) -> None:
    assert "YAML" in refused(emulator, SUSPEND, slug="daily_run", suspend=True)


def test_runs_of_a_deleted_schedule_stay(emulator: EmulatorUnderTest) -> None:
    asked(emulator, 'mutation { deleteBoltSchedule(slug: "daily_run") { ok } }')
    assert "daily_run" in refused(emulator, TRIGGER, slug="daily_run")
    assert status(emulator, 2)["state"] == "SUCCESS"


def test_names_and_environments_are_listed(emulator: EmulatorUnderTest) -> None:
    assert {"name": "daily run", "workspaceName": "analytics"} in asked(
        emulator, "{ listAllScheduleNames { ok schedules { name workspaceName } } }"
    )["schedules"]
    assert asked(emulator, "{ environments(environmentType: SCHEDULER) { environments { slug isDefault } } }") == {
        "environments": [{"slug": "production", "isDefault": True}, {"slug": "staging", "isDefault": False}]
    }


# The life of a run


def test_run_succeeds_by_the_clock_and_its_commands_appear_as_they_begin(emulator: EmulatorUnderTest) -> None:
    run, seen = triggered(emulator), []
    for _ in range(5):
        found = status(emulator, run)
        seen.append((found["state"], [(one["command"], one["returnCode"]) for one in found["commands"]]))
        emulator.clock.advance(7.5)
    clone, deps, build = ("git clone ...", 0), ("dbt deps", 0), ("dbt build", 0)
    assert seen == [
        ("RUNNING", [("git clone ...", None)]),
        ("RUNNING", [clone, ("dbt deps", None)]),
        ("RUNNING", [clone, deps, ("dbt build", None)]),
        ("RUNNING", [clone, deps, build, ("dbt docs generate", None)]),
        ("SUCCESS", [clone, deps, build, ("dbt docs generate", 0)]),
    ]


def test_time_of_a_run_is_that_of_its_states() -> None:
    document = yaml.safe_load((CONTRACTS / "paradime" / "openapi.yaml").read_text("utf-8"))
    states = document["x-emulator"]["collections"]["bolt_runs"]["life"]["states"]
    assert sum((duration(one["for"]) or timedelta() for one in states if "for" in one), timedelta()) == LASTS


def test_run_ends_when_its_time_is_over_whenever_someone_looks(emulator: EmulatorUnderTest) -> None:
    run = triggered(emulator)
    emulator.clock.advance(3600)
    last = status(emulator, run)["commands"][-1]
    assert record(emulator, run)["endDttm"] == last["endDttm"] == "2026-03-01 12:00:30.000000"


def test_run_stands_still_with_a_frozen_clock(emulator: EmulatorUnderTest) -> None:
    run = triggered(emulator)
    assert status(emulator, run) == status(emulator, run)


@pytest.mark.parametrize("outcome", ["FAILED", "ERROR", "CANCELED"])
def test_last_command_of_a_run_that_does_not_succeed_fails(emulator: EmulatorUnderTest, outcome: str) -> None:
    emulator.switch("paradime.bolt_run_outcome", outcome)
    run = triggered(emulator)
    emulator.clock.advance(60)
    found = status(emulator, run)
    assert found["state"] == outcome
    assert [one["returnCode"] for one in found["commands"]] == [0, 0, 0, 1]
    assert found["commands"][-1]["stderr"]


def test_skipped_run_has_no_commands(emulator: EmulatorUnderTest) -> None:
    emulator.switch("paradime.bolt_run_outcome", "SKIPPED")
    run = triggered(emulator)
    emulator.clock.advance(60)
    assert status(emulator, run) == {"state": "SKIPPED", "commands": []}


def test_run_that_never_ends_keeps_its_last_command(emulator: EmulatorUnderTest) -> None:
    emulator.scenario("paradime/bolt-run-never-ends")
    run = triggered(emulator)
    emulator.clock.advance(24 * 3600)
    found = status(emulator, run)
    assert found["state"] == "RUNNING"
    assert [one["returnCode"] for one in found["commands"]] == [0, 0, 0, None]
    assert record(emulator, run)["endDttm"] is None
    asked(emulator, CANCEL, runId=run)
    assert status(emulator, run)["state"] == "CANCELED"


def test_failing_runs_are_a_scenario(emulator: EmulatorUnderTest) -> None:
    emulator.scenario("paradime/bolt-run-fails")
    run = triggered(emulator)
    emulator.clock.advance(60)
    assert status(emulator, run)["state"] == "FAILED"


def test_run_may_begin_with_starting(emulator: EmulatorUnderTest) -> None:
    emulator.switch("paradime.bolt_first_state", "STARTING")
    run, seen = triggered(emulator), []
    for _ in range(3):
        seen.append(status(emulator, run)["state"])
        emulator.clock.advance(15)
    assert seen == ["STARTING", "RUNNING", "SUCCESS"]


@pytest.mark.parametrize(
    ("given", "commands"),
    [
        ({"commands": ["dbt compile", "dbt test"]}, ["dbt compile", "dbt test"]),
        ({"commandConfigs": [{"command": "dbt run", "continueOnError": True}]}, ["dbt run"]),
        ({}, ["dbt build", "dbt docs generate"]),
    ],
)
def test_commands_of_a_call_replace_those_of_the_schedule(
    emulator: EmulatorUnderTest, given: dict[str, Any], commands: list[str]
) -> None:
    run = triggered(emulator, **given)
    assert record(emulator, run)["commands"] == ["git clone ...", "dbt deps", *commands]


def test_two_lists_of_commands_are_refused(emulator: EmulatorUnderTest) -> None:
    both = {"commands": ["dbt run"], "commandConfigs": [{"command": "dbt run"}]}
    assert "at most one" in refused(emulator, TRIGGER, slug="daily_run", **both)
    assert len(emulator.records("paradime.bolt_runs")) == 2


def test_branch_commit_and_pull_request_are_in_the_list_of_runs(emulator: EmulatorUnderTest) -> None:
    commit = "e987a71966bf68c79c7fdcb4c4c19babdaf9b258"
    of_commit, of_branch = triggered(emulator, branch=commit), triggered(emulator, branch="fix", prNumber=123)
    listed = asked(emulator, RUNS, slug="daily_run", offset=0, limit=50)
    assert listed["ok"] is True
    assert [run["id"] for run in listed["runs"]] == [of_branch, of_commit, 2]
    first, second, _ = [run["gitInfo"] for run in listed["runs"]]
    assert (first["branch"], first["pullRequestId"]) == ("fix", "123")
    assert (second["commitHash"], second["pullRequestId"]) == (commit, None)
    assert asked(emulator, RUNS, slug="daily_run", offset=1, limit=1)["runs"] == listed["runs"][1:2]


def test_second_run_is_refused_while_one_has_not_ended(emulator: EmulatorUnderTest) -> None:
    emulator.switch("paradime.bolt_concurrent_runs", "refused")
    triggered(emulator)
    assert "AlreadyRunningException" in refused(emulator, TRIGGER, slug="daily_run")
    emulator.clock.advance(30)
    triggered(emulator)


def test_of_calls_at_once_one_starts_a_run_where_a_second_is_refused(emulator: EmulatorUnderTest) -> None:
    emulator.switch("paradime.bolt_concurrent_runs", "refused")
    with ThreadPoolExecutor(8) as pool:
        replies = list(pool.map(lambda _: query(emulator, TRIGGER, slug="daily_run"), range(8)))
    assert sorted("errors" in reply for reply in replies) == [False, *[True] * 7]
    assert len(emulator.records("paradime.bolt_runs")) == 3


@pytest.mark.parametrize(
    ("document", "variables"),
    [(STATUS, {"runId": 99}), (CANCEL, {"runId": 99}), (RETRY, {"runId": 99}), (RETRY_ALL, {"runId": 99}),
     (COMMAND, {"id": 99}), (LOGS, {"commandId": 99}), (URL, {"id": 99}),
     (RUNS, {"slug": "99", "offset": 0, "limit": 1}),
     (TRIGGER, {"slug": "99"}), (SUSPEND, {"slug": "99", "suspend": True}), (RETRY_LATEST, {"slug": "99"})],
)  # fmt: skip
def test_what_does_not_exist_is_a_graphql_error(
    emulator: EmulatorUnderTest, document: str, variables: dict[str, Any]
) -> None:
    assert "99" in refused(emulator, document, **variables)


# Cancel and retry


def test_canceled_run_ends_now_with_its_command(emulator: EmulatorUnderTest) -> None:
    run = triggered(emulator)
    emulator.clock.advance(10)
    assert asked(emulator, CANCEL, runId=run) == {"ok": True}
    emulator.clock.advance(60)
    found = status(emulator, run)
    assert found["state"] == "CANCELED"
    assert [(one["command"], one["returnCode"]) for one in found["commands"]] == [("git clone ...", 0), ("dbt deps", 1)]
    assert found["commands"][-1]["endDttm"] == record(emulator, run)["endDttm"] == "2026-03-01 12:00:10.000000"


def test_run_that_has_ended_cannot_be_canceled(emulator: EmulatorUnderTest) -> None:
    assert refused(emulator, CANCEL, runId=2).startswith("RunStateException: state is 'SUCCESS'")


def test_retry_runs_what_has_failed_without_the_setup(emulator: EmulatorUnderTest) -> None:
    run = asked(emulator, RETRY, runId=1)["runId"]
    assert record(emulator, run)["commands"] == ["dbt retry", "dbt test"]
    assert record(emulator, run)["parentScheduleRunId"] == 1
    assert asked(emulator, RUNS, slug="my-schedule", offset=0, limit=1)["runs"][0]["parentScheduleRunId"] == 1


def test_retry_of_all_runs_every_command_verbatim(emulator: EmulatorUnderTest) -> None:
    run = asked(emulator, RETRY_ALL, runId=1)["runId"]
    assert record(emulator, run)["commands"] == ["dbt source freshness", "dbt run", "dbt test"]


def test_latest_run_of_a_schedule_is_retried(emulator: EmulatorUnderTest) -> None:
    run = asked(emulator, RETRY_LATEST, slug="my-schedule")["runId"]
    assert record(emulator, run)["parentScheduleRunId"] == 1


def test_retried_command_that_dbt_cannot_retry_stays(emulator: EmulatorUnderTest) -> None:
    emulator.switch("paradime.bolt_run_outcome", "FAILED")
    run = triggered(emulator, commands=["edr report"])
    emulator.clock.advance(60)
    again = asked(emulator, RETRY, runId=run)["runId"]
    assert record(emulator, again)["commands"] == ["edr report"]


@pytest.mark.parametrize(("document", "variables"), [(RETRY, {"runId": 2}), (RETRY_LATEST, {"slug": "daily_run"})])
def test_only_a_failed_run_is_retried(emulator: EmulatorUnderTest, document: str, variables: dict[str, Any]) -> None:
    assert "SUCCESS" in refused(emulator, document, **variables)


def test_schedule_that_never_ran_is_not_retried(emulator: EmulatorUnderTest) -> None:
    assert "has no run" in refused(emulator, RETRY_LATEST, slug="fabio-chld-yaml")


def test_run_that_has_not_ended_is_not_repeated(emulator: EmulatorUnderTest) -> None:
    assert "has not ended" in refused(emulator, RETRY_ALL, runId=triggered(emulator))


# Output and artifacts


def test_logs_go_on_behind_the_cursor(emulator: EmulatorUnderTest) -> None:
    whole = asked(emulator, LOGS, commandId=4)
    assert [line["stream"] for line in whole["lines"]] == ["STDOUT", "STDOUT", "STDERR"]
    assert (whole["cursor"], whole["finished"]) == ("2:1", True)
    rest = asked(emulator, LOGS, commandId=4, cursor="1:1")
    assert rest["lines"] == whole["lines"][1:2]
    assert asked(emulator, LOGS, commandId=4, cursor=whole["cursor"])["lines"] == []


def test_logs_of_a_running_command_are_not_finished(emulator: EmulatorUnderTest) -> None:
    command = status(emulator, triggered(emulator))["commands"][0]["id"]
    assert asked(emulator, LOGS, commandId=command) == {"lines": [], "cursor": "0:0", "finished": False}


def test_made_up_cursor_is_refused(emulator: EmulatorUnderTest) -> None:
    assert "'next'" in refused(emulator, LOGS, commandId=4, cursor="next")


def test_command_has_its_artifacts_once_it_has_ended(emulator: EmulatorUnderTest) -> None:
    run = triggered(emulator)
    emulator.clock.advance(16)
    build = status(emulator, run)["commands"][2]["id"]
    assert asked(emulator, COMMAND, id=build)["resources"] == []
    emulator.clock.advance(10)
    found = asked(emulator, COMMAND, id=build)
    assert (found["scheduleRunId"], found["returnCode"]) == (run, 0)
    assert [one["path"] for one in found["resources"]] == ["target/manifest.json", "target/run_results.json"]


def test_command_that_has_not_begun_is_unknown(emulator: EmulatorUnderTest) -> None:
    later = status(emulator, triggered(emulator))["commands"][0]["id"] + 1
    assert str(later) in refused(emulator, COMMAND, id=later)


def test_artifact_is_downloaded_without_credentials(emulator: EmulatorUnderTest) -> None:
    url = asked(emulator, URL, id=1)["url"]
    assert "manifest" in httpx.get(url).json()["metadata"]["dbt_schema_version"]
    assert httpx.get(f"{url}0").status_code == 404


def test_manifest_describes_the_nodes_that_the_results_name(emulator: EmulatorUnderTest) -> None:
    paths = {one["path"]: one["id"] for one in reversed(emulator.records("paradime.bolt_resources"))}
    manifest, results = (
        httpx.get(asked(emulator, URL, id=paths[f"target/{name}.json"])["url"]).json()
        for name in ("manifest", "run_results")
    )
    for result in results["results"]:
        node = manifest["nodes"][result["unique_id"]]
        assert node["relation_name"] == result["relation_name"]
        # dagster-dbt reads these of each node and source without asking whether they are there.
        for one in (node, *(manifest["sources"][parent] for parent in node["depends_on"]["nodes"])):
            assert {"name", "resource_type", "description", "config", "columns", "fqn"} <= one.keys()


def test_artifact_of_a_command_at_work_has_no_url_yet(emulator: EmulatorUnderTest) -> None:
    triggered(emulator)
    resource = emulator.records("paradime.bolt_resources")[-1]
    assert str(resource["id"]) in refused(emulator, URL, id=resource["id"])
    base = asked(emulator, URL, id=1)["url"].rpartition("/")[0]
    assert httpx.get(f"{base}/{resource['key']}").status_code == 404
    emulator.clock.advance(30)
    assert httpx.get(asked(emulator, URL, id=resource["id"])["url"]).status_code == 200


def test_commands_that_never_began_leave_nothing(emulator: EmulatorUnderTest) -> None:
    run = triggered(emulator)
    asked(emulator, CANCEL, runId=run)
    commands = [one["id"] for one in emulator.records("paradime.bolt_commands") if one["scheduleRunId"] == run]
    assert len(commands) == 1
    assert all(one["commandId"] <= commands[0] for one in emulator.records("paradime.bolt_resources"))


def test_url_of_another_sandbox_is_unknown_here(emulator: EmulatorUnderTest) -> None:
    httpx.post(f"{emulator.root}/_emulator/sandboxes", json={"name": "other"}).raise_for_status()
    try:
        run = triggered(emulator)
        emulator.clock.advance(60)
        key = emulator.records("paradime.bolt_resources")[-1]["key"]
        assert status(emulator, run)["state"] == "SUCCESS"
        other = f"{emulator.root}/~other/paradime/api/v1/company-token/bolt-resources/{key}"
        assert httpx.get(other).status_code == 404
    finally:
        httpx.delete(f"{emulator.root}/_emulator/sandboxes/other")


def test_url_leads_to_the_sandbox_of_the_credential(emulator: EmulatorUnderTest) -> None:
    httpx.post(f"{emulator.root}/_emulator/sandboxes", json={"name": "other"}).raise_for_status()
    try:
        headers = {"X-API-KEY": "paradime-key.other", "X-API-SECRET": "paradime-secret"}
        document = {"query": URL, "variables": {"id": 1}}
        reply = httpx.post(emulator.url("paradime"), json=document, headers=headers).json()
        url = reply["data"]["boltResourceUrl"]["url"]
        assert "/~other/" in url
        assert httpx.get(url).status_code == 200
    finally:
        httpx.delete(f"{emulator.root}/_emulator/sandboxes/other")


def test_nothing_is_kept_of_a_run_whose_call_fails_after_it(emulator: EmulatorUnderTest) -> None:
    emulator.fault({"vendor": "paradime", "operation": "triggerBoltRun", "graphql": {"errors": [{"message": "No"}]}})
    assert refused(emulator, TRIGGER, slug="daily_run") == "No"
    assert len(emulator.records("paradime.bolt_runs")) == 2


def test_lost_reply_leaves_a_run(emulator: EmulatorUnderTest) -> None:
    emulator.fault({"vendor": "paradime", "operation": "triggerBoltRun", "commit": "after", "reply": {"status": 503}})
    document = {"query": TRIGGER, "variables": {"slug": "daily_run"}}
    assert emulator.call("paradime", "POST", json=document).status_code == 503
    assert len(emulator.records("paradime.bolt_runs")) == 3
