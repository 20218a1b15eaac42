"""Jobs: runs of flows. The contract declares what begins and cancels them, and how their state passes."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from itertools import islice
from typing import Any, Final, TypeAlias

from emulator.exchange import Call, Record, Reply, timestamp
from emulator.store.world import World
from emulator.vendor import Handlers, Hooks, Write
from emulator.vendors.celigo.collections import FLOWS, JOBS
from emulator.vendors.celigo.errors import envelope, error, refusal
from emulator.vendors.celigo.ids import new_id
from emulator.vendors.celigo.records import find, find_flow, flows_of

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
    """Complete a new run. Raises Refusal (404, 422)."""
    if write.before is not None or write.after is None:
        return write.after
    flow = find_flow(world, write.after["_flowId"])
    if flow.get("disabled") and world.switches["disabled_flow_run"] == "refused":
        raise refusal(422, error("invalid_flow", "The flow is disabled."))
    counted = dict.fromkeys((*COUNTS, "numPagesGenerated", "numPagesProcessed"), 0)
    return {**write.after, **_of(flow, ["_integrationId"]), "_flowId": flow["_id"], **counted, "doneExporting": False}


@hooks.written("jobs")
def follow(world: World, write: Write) -> None:
    """Add the jobs of the steps of a new run; let them pass through its states."""
    run = write.after
    if run is None:
        return
    if write.before is None:
        _add_steps(world, run)
    elif run["status"] != write.before["status"]:
        for step in world[JOBS].all({"_flowJobId": run["_id"]}):
            world[JOBS].replace({**step, **_of(run, PASSED_ON)})
        if run["status"] == "running":
            flow = find_flow(world, run["_flowId"])
            world[FLOWS].replace({**flow, "lastExecutedAt": run["startedAt"]})


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
    """Yield the conditions of the query. Without type or _flowJobId, jobs of steps are left out."""
    for name, value in call.params.items():
        field, _, ending = name.rpartition("_")
        if field == "createdAt":
            yield field, COMPARED[ending], _time(name, value)
        elif ending == "in":
            yield field, COMPARED[ending], value.lower().split(",")
        elif ending in COMPARED:
            yield field, COMPARED[ending], value
        else:
            yield name, operator.eq, value.lower()
    if not call.params.keys() & {"type", "type_in", "_flowJobId"}:
        yield "_flowJobId", operator.eq, None


def _fits(job: Record, wanted: list[Condition]) -> bool:
    return all(compare(job.get(field), value) for field, compare, value in wanted)


def _time(name: str, written: str) -> str:
    """Return a time as it is stored: ISO 8601, a date, or milliseconds since 1970. Raises Refusal (400)."""
    try:
        if written.isdigit():
            return timestamp(datetime.fromtimestamp(int(written) / 1000, UTC))
        read = datetime.fromisoformat(written)
        return timestamp(read if read.tzinfo else read.replace(tzinfo=UTC))
    except (ValueError, OverflowError, OSError):
        raise refusal(400, error("invalid_query_params", f"The query parameter {name} is not valid.")) from None
