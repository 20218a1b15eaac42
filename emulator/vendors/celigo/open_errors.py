"""The errors of flows: counted, listed by step, resolved and retried. Each is of one export or import of a flow."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any, Final
from urllib.parse import urlencode

from emulator.exchange import Call, Record, Reply, timestamp
from emulator.store.world import World
from emulator.vendor import Handlers
from emulator.vendors.celigo.collections import ERRORS, JOBS
from emulator.vendors.celigo.errors import invalid_ref, refusal
from emulator.vendors.celigo.records import find, find_flow, flows_of
from emulator.vendors.celigo.times import time_in

handlers = Handlers()

PAGE: Final = 1000
"""How many errors a page has (assumed)."""

LIMITS: Final = ("occurredAt_gte", "occurredAt_lte")
NOT_SHOWN: Final = ("_flowId", "_expOrImpId", "_retryJobId")


@handlers.operation("listIntegrationErrors")
def list_integration_errors(call: Call, world: World) -> Reply:
    """Count the open errors of an integration, by flow (Celigo CLI 2026.8.6)."""
    return Reply(200, list(counts(world, flows_of(world, find(world, call.params["_id"])))))


@handlers.operation("listFlowErrors")
def list_flow_errors(call: Call, world: World) -> Reply:
    """Count the open errors of a flow, by step (Celigo CLI 2026.8.6)."""
    flow = find_flow(world, call.params["_id"])
    steps = Counter(one["_expOrImpId"] for one in _open(world, flow["_id"]))
    return Reply(200, {"flowErrors": [{"_expOrImpId": step, "numError": count} for step, count in steps.items()]})


@handlers.operation("listStepErrors")
def list_step_errors(call: Call, world: World) -> Reply:
    """List the open errors of a step, from the newest (Celigo documentation, Errors API endpoints)."""
    return _page(call, [one for one in _of_step(call, world) if "resolvedAt" not in one])


@handlers.operation("listResolvedErrors")
def list_resolved_errors(call: Call, world: World) -> Reply:
    """List the resolved errors of a step, from the newest (Celigo documentation, Errors API endpoints)."""
    return _page(call, [one for one in _of_step(call, world) if "resolvedAt" in one])


@handlers.operation("resolveErrors")
def resolve_errors(call: Call, world: World) -> Reply:
    """Resolve the open errors with these ids (Celigo documentation, Errors API endpoints)."""
    wanted: Any = call.document
    chosen = [one for one in _of_step(call, world) if one["errorId"] in wanted["errors"] and "resolvedAt" not in one]
    resolve(world, chosen, resolvedBy=world.identity.user)
    return Reply(204)


def counts(world: World, flows: Iterable[Record]) -> Iterator[Record]:
    """Yield how many open errors each flow has, and when the last one occurred; nothing for those without any."""
    for flow in flows:
        times = [str(one["occurredAt"]) for one in _open(world, flow["_id"])]
        if times:
            yield {"_flowId": flow["_id"], "numError": len(times), "lastErrorAt": max(times)}


def to_retry(call: Call, world: World) -> list[Record]:
    """Return the open errors of the step that a call names. Raises Refusal (404, 422) if there are none."""
    wanted: Any = call.document
    keys, ids = wanted.get("retryDataKeys", ()), wanted.get("errorIds", ())
    open_ones = [one for one in _of_step(call, world) if "resolvedAt" not in one]
    chosen = [one for one in open_ones if one.get("retryDataKey") in keys or one["errorId"] in ids]
    if not chosen:
        raise refusal(422, {**invalid_ref("retryDataKey"), "field": "retryDataKeys"})
    return chosen


def retried_by(world: World, job: Record) -> list[Record]:
    """Return the errors that a job retries now."""
    return [one for one in _open(world, job["_flowId"]) if one.get("_retryJobId") == job["_id"]]


def resolve(world: World, errors: Iterable[Record], **fields: str) -> None:
    """Keep open errors as resolved now, with `fields`, and count them so in the runs in which they occurred."""
    runs: Counter[str] = Counter()
    for one in errors:
        world[ERRORS].replace({**_free(one), "resolvedAt": timestamp(world.now), **fields})
        runs[one.get("_flowJobId", "")] += 1
    for id, count in runs.items():
        if run := world[JOBS].get(id):
            counted = {"numOpenError": max(run["numOpenError"] - count, 0), "numResolved": run["numResolved"] + count}
            world[JOBS].replace({**run, **counted, "lastModified": timestamp(world.now)})


def release(world: World, errors: Iterable[Record]) -> None:
    """Keep errors whose retry has failed as open."""
    for one in errors:
        world[ERRORS].replace(_free(one))


def _free(one: Record) -> Record:
    return {name: value for name, value in one.items() if name != "_retryJobId"}


def _open(world: World, flow_id: str) -> list[Record]:
    return [one for one in world[ERRORS].all({"_flowId": flow_id}) if "resolvedAt" not in one]


def _of_step(call: Call, world: World) -> list[Record]:
    """Return the errors of the call's flow and step. A step that the flow does not have has none (assumed)."""
    flow, step = find_flow(world, call.params["_id"]), call.params["_stepId"].lower()
    return [one for one in world[ERRORS].all({"_flowId": flow["_id"]}) if one["_expOrImpId"] == step]


def _page(call: Call, errors: list[Record]) -> Reply:
    """Return the page that the query names, of the errors that it keeps."""
    kept = sorted(_kept(call, errors), key=lambda one: str(one["occurredAt"]), reverse=True)
    ids, after = [one["errorId"] for one in kept], call.params.get("after")
    first = ids.index(after) + 1 if after in ids else 0
    shown = kept[first : first + PAGE]
    document: Record = {"errors": [{name: one[name] for name in one if name not in NOT_SHOWN} for one in shown]}
    if first + PAGE < len(kept):
        query = urlencode({**dict(call.query), "after": shown[-1]["errorId"]})
        document["nextPageURL"] = f"{call.base_url}{call.path}?{query}"
    return Reply(200, document)


def _kept(call: Call, errors: Iterable[Record]) -> Iterator[Record]:
    times = {name: time_in(name, call.params[name]) for name in LIMITS if name in call.params}
    for one in errors:
        since, until = times.get("occurredAt_gte", one["occurredAt"]), times.get("occurredAt_lte", one["occurredAt"])
        if since <= one["occurredAt"] <= until and call.params.get("source", one["source"]) == one["source"]:
            yield one
