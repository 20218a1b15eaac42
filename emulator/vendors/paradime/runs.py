"""Runs of Bolt's schedules. The contract declares what starts and cancels them, and how their state passes."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from emulator.exchange import Call, Record
from emulator.store.world import World
from emulator.vendor import Handlers, Hooks, Write
from emulator.vendors.paradime import progress, schedules
from emulator.vendors.paradime.collections import BOLT_RUNS
from emulator.vendors.paradime.errors import (
    already_running,
    not_failed,
    still_running,
    two_lists_of_commands,
    unknown_run,
)
from emulator.vendors.paradime.times import written

SETUP = ("git clone ...", "dbt deps")
"""What each run begins with, and no retry repeats (Paradime documentation, Webhooks, Getting Started; SDK 6.9.0)."""

RETRIED_BY_DBT = re.compile(r"dbt (build|compile|clone|docs generate|run|run-operation|seed|snapshot|test)\b")
"""The commands that `dbt retry` supports (dbt documentation)."""

FAILED = ("FAILED", "ERROR")
COMMIT = re.compile("[0-9a-f]{40}")

handlers = Handlers()
hooks = Hooks()


@handlers.operation("listBoltRuns")
def list_bolt_runs(call: Call, world: World) -> dict[str, Any]:
    """Return a page of a schedule's runs, the latest first (Paradime Python SDK 6.9.0)."""
    where = {"slug": schedules.find(call, world)["slug"]}
    behind = max(world[BOLT_RUNS].count(where) - max(call.params["offset"], 0), 0)
    first = max(behind - max(call.params["limit"], 0), 0)
    page = world[BOLT_RUNS].page(skip=first, limit=behind - first, where=where)
    return {"ok": True, "runs": [_listed(run) for run in reversed(page)]}


@handlers.operation("boltRunStatus")
def bolt_run_status(call: Call, world: World) -> dict[str, Any]:
    """Return the state of a run and the commands that have begun (Paradime documentation, Bolt API)."""
    run = _find(world, call.params["runId"])
    return {"state": run["state"], "commands": progress.commands_of(world, run)}


@hooks.writing("bolt_runs")
def start(world: World, write: Write) -> Record | None:
    """Complete a new run as the mutation that starts it says. Raises FieldError."""
    if write.before is not None or write.after is None:
        return write.after
    return {**write.after, **_STARTED[write.after["startedBy"]](world, write.call), "startDttm": written(world.now)}


@hooks.written("bolt_runs")
def follow(world: World, write: Write) -> None:
    """Add the commands of a new run; end those of a run that ends."""
    if write.before is None and write.after is not None:
        progress.add_commands(world, write.after)
    elif write.after is not None and write.after["state"] in progress.ENDED:
        ended = {**write.after, "endDttm": written(world.now)}
        world[BOLT_RUNS].replace(ended)
        progress.end_commands(world, ended)


def _find(world: World, id: int) -> Record:
    run = world[BOLT_RUNS].get(id)
    if run is None:
        raise unknown_run(id)
    return run


def _listed(run: Record) -> Record:
    names = ("id", "state", "actor", "actorEmail", "startDttm", "endDttm", "parentScheduleRunId")
    git = {name: run[name] for name in ("branch", "commitHash", "pullRequestId")}
    return {**{name: run[name] for name in names}, "gitInfo": git}


def _triggered(world: World, call: Call) -> Record:
    schedule = schedules.find(call, world)
    _refuse_second(world, schedule["slug"])
    given, configured = call.params.get("commands"), call.params.get("commandConfigs")
    if given is not None and configured is not None:
        raise two_lists_of_commands()
    commands = [one["command"] for one in configured] if configured is not None else given
    branch, number = call.params.get("branch") or schedule["gitBranch"], call.params.get("prNumber")
    return {
        "slug": schedule["slug"],
        "commands": [*SETUP, *(schedule["commands"] if commands is None else commands)],
        "branch": branch,
        "commitHash": branch if branch and COMMIT.fullmatch(branch) else world.hex(40),
        "pullRequestId": None if number is None else str(number),
        "reason": call.params.get("reason"),
    }


def _retried(world: World, call: Call) -> Record:
    return _from_failure(world, _find(world, call.params["scheduleRunId"]))


def _retried_latest(world: World, call: Call) -> Record:
    schedule = schedules.find(call, world)
    run = schedules.latest_run(world, schedule["slug"])
    if run is None:
        raise not_failed(f"the schedule {schedule['slug']!r} has no run")
    return _from_failure(world, run)


def _from_failure(world: World, run: Record) -> Record:
    if run["state"] not in FAILED:
        raise not_failed(f"run {run['id']} is {run['state']}")
    begun = progress.commands_of(world, run)
    first = next((number for number, one in enumerate(begun) if one["returnCode"] != 0), 0)
    failed, *later = _without_setup(run["commands"][first:]) or [""]
    return _again(world, run, ["dbt retry" if RETRIED_BY_DBT.match(failed) else failed, *later] if failed else [])


def _retried_all(world: World, call: Call) -> Record:
    run = _find(world, call.params["scheduleRunId"])
    if run["state"] not in progress.ENDED:
        raise still_running(run["id"])
    return _again(world, run, _without_setup(run["commands"]))


def _again(world: World, run: Record, commands: Sequence[str]) -> Record:
    _refuse_second(world, run["slug"])
    same = {name: run[name] for name in ("slug", "branch", "commitHash", "pullRequestId")}
    return {**same, "parentScheduleRunId": run["id"], "commands": list(commands)}


def _without_setup(commands: Sequence[str]) -> list[str]:
    return [command for command in commands if command not in SETUP]


def _refuse_second(world: World, slug: str) -> None:
    if world.switches["bolt_concurrent_runs"] == "refused":
        for run in world[BOLT_RUNS].all({"slug": slug}):
            if run["state"] not in progress.ENDED:
                raise already_running(slug, run["id"])


_STARTED: Mapping[str, Callable[[World, Call], Record]] = {
    "trigger": _triggered,
    "retry": _retried,
    "retryAll": _retried_all,
    "retryFromFailure": _retried_latest,
}
