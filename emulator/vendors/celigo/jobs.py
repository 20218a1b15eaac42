"""Jobs: runs of flows, and retries of errors.

The contract declares what begins and cancels them, and how their state passes.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any, Final, TypeAlias

from emulator.exchange import Call, Record, Reply
from emulator.store.world import World
from emulator.vendor import Handlers, Hooks, Write
from emulator.vendors.celigo.collections import ERRORS, FLOWS, IMPORTS, JOBS
from emulator.vendors.celigo.errors import envelope, error, refusal
from emulator.vendors.celigo.ids import new_id
from emulator.vendors.celigo.open_errors import release, resolve, retried_by, to_retry
from emulator.vendors.celigo.records import find, find_flow, flows_of
from emulator.vendors.celigo.times import time_in

Condition: TypeAlias = tuple[str, Callable[[Any, Any], bool], Any]
"""A field, how it is compared, and with what."""

handlers = Handlers()
hooks = Hooks()

LONGEST_LIST: Final = 1001
"""How many jobs a list has at most (Celigo developer pages, Jobs)."""

OWNERS: Final = ("_integrationId", "_flowId", "_exportId", "_importId", "_flowJobId", "createdAt_gte", "createdAt_lte")
"""The parameters of which a list of runs needs one (Celigo developer pages, Jobs)."""

OWNERS_OF_STEPS: Final = ("_flowJobId", "_exportId", "_importId")
NO_OWNER: Final = 'For parent jobs, query parameters must contain either "_integrationId" or "_jobId" or "createdAt"'
NO_OWNER_OF_STEPS: Final = 'For child jobs, query parameters must contain either "_flowJobId" or "resourceId"'

STEPS: Final = {"_exportId": "export", "_importId": "import"}
"""The type of a step's job, by the field that names the step."""

PASSED_ON: Final = ("status", "startedAt", "endedAt", "lastModified")
"""The fields of a run that the jobs of its steps take over."""

SHARED: Final = ("_integrationId", "_flowId", "status", "createdAt", "lastModified")
"""The fields of a run with which they begin."""

COUNTS: Final = ("numSuccess", "numError", "numIgnore", "numOpenError", "numResolved")
NOTHING_DONE: Final = {**dict.fromkeys((*COUNTS, "numPagesGenerated", "numPagesProcessed"), 0), "doneExporting": False}
ENDED: Final = ("failed", "canceled")
FAILURE: Final = {
    "source": "application",
    "code": "run_failed",
    "message": "The run failed: the switch job_outcome of this emulator is 'failed'.",
}
"""The error that a failed run leaves."""

COMPARED: Final[Mapping[str, Callable[[Any, Any], bool]]] = {
    "in": lambda value, wanted: value in wanted,
    "gte": operator.ge,
    "lte": operator.le,
}
"""How a field is compared, by the end of the parameter's name."""


@handlers.operation("listJobs")
def list_jobs(call: Call, world: World) -> Reply:
    """List jobs from the newest, at most 1001 (Celigo developer pages, Jobs)."""
    of_steps = call.params.get("type") in STEPS.values()
    owners, sentence = (OWNERS_OF_STEPS, NO_OWNER_OF_STEPS) if of_steps else (OWNERS, NO_OWNER)
    if world.switches["jobs_without_filter"] == "refused" and not any(name in call.params for name in owners):
        return envelope(400, error("invalid_query", sentence))
    wanted = list(_conditions(call))
    found = list(islice((job for job in _newest(world) if _fits(job, wanted)), LONGEST_LIST))
    return Reply(204) if not found and world.switches["empty_list_status"] == 204 else Reply(200, found)


@handlers.operation("listLatestFlowJobs")
def list_latest_flow_jobs(call: Call, world: World) -> Reply:
    """Return the latest run of a flow, in a list (celigo/ai, API Reference)."""
    return Reply(200, list(_latest(world, find_flow(world, call.params["_id"])["_id"])))


@handlers.operation("listLatestIntegrationJobs")
def list_latest_integration_jobs(call: Call, world: World) -> Reply:
    """List the latest run of each flow of an integration, from the newest (celigo/ai, API Reference)."""
    flows = flows_of(world, find(world, call.params["_id"]))
    jobs = [job for flow in flows for job in _latest(world, flow["_id"])]
    return Reply(200, sorted(jobs, key=lambda job: str(job["createdAt"]), reverse=True))


@hooks.writing("jobs")
def start(world: World, write: Write) -> Record | None:
    """Complete a new job as the call that begins it says. Raises Refusal (404, 422)."""
    if write.before is not None or write.after is None:
        return write.after
    flow = find_flow(world, write.after["_flowId"])
    begun = {**write.after, **_of(flow, ["_integrationId"]), "_flowId": flow["_id"], **NOTHING_DONE}
    if write.after["type"] == "retry":
        return {**begun, **_retried_step(write.call, world)}
    if flow.get("disabled") and world.switches["disabled_flow_run"] == "refused":
        raise refusal(422, error("invalid_flow", "The flow is disabled."))
    return begun


@hooks.written("jobs")
def follow(world: World, write: Write) -> None:
    """Follow a new job, and its changes of state, with what depends on it: steps, errors, its flow."""
    job = write.after
    if job is None:
        return
    if write.before is None:
        _begin(world, write.call, job)
    elif job["status"] != write.before["status"] and job["type"] in _FOLLOWED:
        _FOLLOWED[job["type"]](world, job)


def _begin(world: World, call: Call, job: Record) -> None:
    if job["type"] == "retry":
        for one in to_retry(call, world):
            world[ERRORS].replace({**one, "_retryJobId": job["_id"]})
    else:
        _add_steps(world, job)


def _follow_run(world: World, run: Record) -> None:
    if run["status"] == "running" and (flow := world[FLOWS].get(run["_flowId"])):
        world[FLOWS].replace({**flow, "lastExecutedAt": run["startedAt"]})
    steps = world[JOBS].all({"_flowJobId": run["_id"]})
    for step in steps:
        world[JOBS].replace({**step, **_of(run, PASSED_ON)})
    if run["status"] == "failed" and steps:
        _fail(world, run, world[JOBS].get(steps[0]["_id"]) or steps[0])


def _fail(world: World, run: Record, step: Record) -> None:
    """Leave an error of the first step of a run."""
    failed = {
        "errorId": new_id(world, ERRORS),
        "_flowId": run["_flowId"],
        "_expOrImpId": step["_exportId" if step["type"] == "export" else "_importId"],
        "occurredAt": run["endedAt"],
        **FAILURE,
        "retryDataKey": world.hex(32),
        "_flowJobId": run["_id"],
        "retriable": True,
    }
    world[ERRORS].insert(failed)
    for job in (run, step):
        world[JOBS].replace({**job, "numError": 1, "numOpenError": 1})


def _follow_retry(world: World, job: Record) -> None:
    retried = retried_by(world, job)
    if job["status"] == "completed":
        resolve(world, retried)
        world[JOBS].replace({**job, "numSuccess": len(retried), "numResolved": len(retried)})
    elif job["status"] in ENDED:
        release(world, retried)
        world[JOBS].replace({**job, "numError": len(retried), "numOpenError": len(retried)})


_FOLLOWED: Final = {"flow": _follow_run, "retry": _follow_retry}
"""What follows a change of state, by the type of a job that has states."""


def _retried_step(call: Call, world: World) -> Record:
    step = to_retry(call, world)[0]["_expOrImpId"]
    return {"_importId" if world[IMPORTS].get(step) else "_exportId": step}


def _add_steps(world: World, run: Record) -> None:
    flow = find_flow(world, run["_flowId"])
    parts = [flow.get(name) for name in ("pageGenerators", "pageProcessors", "routers")]
    for number, (field, id) in enumerate(_steps(parts)):
        step = {"_id": new_id(world, JOBS), "type": STEPS[field], "_flowJobId": run["_id"], field: id, "oIndex": number}
        world[JOBS].insert({**step, **_of(run, SHARED), **dict.fromkeys(COUNTS, 0)})


def _of(record: Record, names: Sequence[str]) -> Record:
    return {name: record[name] for name in names if name in record}


def _steps(part: Any) -> Iterator[tuple[str, str]]:
    """Yield the exports and imports in a part of a flow, in their order, each with the field that names it."""
    for name, value in part.items() if isinstance(part, dict) else ():
        if name in STEPS and isinstance(value, str):
            yield name, value
        else:
            yield from _steps(value)
    for value in part if isinstance(part, list) else ():
        yield from _steps(value)


def _newest(world: World) -> list[Record]:
    return sorted(world[JOBS].all(), key=lambda job: str(job["createdAt"]))[::-1]


def _latest(world: World, flow_id: str) -> Iterator[Record]:
    runs = world[JOBS].all({"_flowId": flow_id, "type": "flow"})
    yield from sorted(runs, key=lambda job: str(job["createdAt"]))[-1:]


def _conditions(call: Call) -> Iterator[Condition]:
    """Yield the conditions of the query. Without type or _flowJobId, jobs of steps are left out.

    An empty parameter is ignored: gcarbone/celigo-cli sends them.
    """
    given = {name: value for name, value in call.params.items() if value != ""}
    for name, value in given.items():
        field, _, ending = name.rpartition("_")
        if field == "createdAt":
            yield field, COMPARED[ending], time_in(name, value)
        elif ending == "in":
            yield field, COMPARED[ending], value.lower().split(",")
        elif ending in COMPARED:
            yield field, COMPARED[ending], value
        else:
            yield name, operator.eq, value.lower()
    if not given.keys() & {"type", "type_in", "_flowJobId"}:
        yield "_flowJobId", operator.eq, None


def _fits(job: Record, wanted: list[Condition]) -> bool:
    return all(compare(job.get(field), value) for field, compare, value in wanted)
