"""dbt Core: uploads artifacts; a sync extracts the entities with failing tests."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any
from uuid import UUID, uuid5

from emulator.exchange import Call, Part, Record, Reply
from emulator.store.world import World
from emulator.vendor import Handlers, Transactions
from emulator.vendors.secoda.artifacts import read_manifest, read_run_results
from emulator.vendors.secoda.collections import ARTIFACTS, FAILING_TESTS
from emulator.vendors.secoda.errors import NO_FILE, NO_UUID, REQUIRED, invalid_fields, not_found, parse_uuid
from emulator.vendors.secoda.integrations import find
from emulator.vendors.secoda.populate import timestamp
from emulator.vendors.secoda.reports import Report
from emulator.vendors.secoda.syncs import begin, finish, refuse_errors

handlers = Handlers()


@handlers.streaming_operation("uploadDbtArtifacts")
async def upload_dbt_artifacts(call: Call, transactions: Transactions) -> Reply:
    """Store the artifacts' tests for the next sync (Secoda documentation, Integrations, Upload dbt Core Artifacts)."""
    results, manifest = _files(call, "run_results", "manifest")
    id = call.params["integration_id"]
    await transactions.run(lambda world: _find_dbt(world, id))
    reports = [Report.on(results), Report.on(manifest)]
    found = {
        "outcomes": await read_run_results(results, reports[0], call.max_depth),
        "tests": await read_manifest(manifest, reports[1], call.max_depth),
    }
    await transactions.run(lambda world: _keep(world, id, found, reports))
    return Reply(200)


@handlers.streaming_operation("triggerDbtSync")
async def trigger_dbt_sync(call: Call, transactions: Transactions) -> Reply:
    """Run a sync on the uploaded artifacts, with any number of tests.

    Secoda documentation, Integrations, Trigger dbt Core Sync.
    """
    await transactions.run(lambda world: _sync(world, _find_dbt(world, call.params["integration_id"])["id"]))
    return Reply(200)


@handlers.operation("listDbtFailingTests")
def list_dbt_failing_tests(call: Call, world: World) -> Reply:
    """Return the results of the last sync.

    Secoda documentation, Integrations, Get Entities With Failing or Warning Tests.
    """
    integration = _find_dbt(world, call.params["integration_id"])
    found = world[FAILING_TESTS].get(integration["id"]) or {"warning": [], "failing": []}
    return Reply(200, {"warning": found["warning"], "failing": found["failing"]})


@handlers.streaming_operation("uploadDbtManifest")
async def upload_dbt_manifest(call: Call, transactions: Transactions) -> Reply:
    """Store a manifest and run a sync at once (Secoda documentation, dbt Core)."""
    (part,) = _files(call, "manifest_file")
    report = Report.on(part)
    return await _extract_now(call, transactions, report, "tests", lambda: read_manifest(part, report, call.max_depth))


@handlers.streaming_operation("uploadDbtRunResult")
@handlers.streaming_operation("uploadDbtRunResults")
async def upload_dbt_run_result(call: Call, transactions: Transactions) -> Reply:
    """Store run results and run a sync at once (Secoda documentation, dbt Core; the plural path is the older one)."""
    (part,) = _files(call, "run_result_file")
    report = Report.on(part)
    return await _extract_now(
        call, transactions, report, "outcomes", lambda: read_run_results(part, report, call.max_depth)
    )


async def _extract_now(
    call: Call, transactions: Transactions, report: Report, name: str, read: Callable[[], Any]
) -> Reply:
    id = _integration_field(call)
    await transactions.run(lambda world: _find_dbt(world, id))
    found = {name: await read()}
    await transactions.run(lambda world: _keep(world, id, found, [report], sync=True))
    return Reply(200, {"message": "Successfully ran extraction for dbt"})


def _files(call: Call, *names: str) -> list[Part]:
    """Return the named parts. Raises Refusal (400) for missing ones."""
    missing = {name: [NO_FILE] for name in names if name not in call.parts}
    if missing:
        raise invalid_fields(missing)
    return [call.parts[name] for name in names]


def _integration_field(call: Call) -> str:
    """Return the id in the field `integration`, or under its older name. Raises Refusal (400)."""
    name = "integration" if "integration" in call.parts else "integration_id"
    if name not in call.parts:
        raise invalid_fields({"integration": [REQUIRED]})
    part = call.parts[name]
    id = parse_uuid(part.text()) if part.filename is None else None
    if id is None:
        raise invalid_fields({name: [NO_UUID]})
    return id


def _find_dbt(world: World, integration_id: str) -> Record:
    integration = find(world, integration_id)
    if integration["type"] != "dbt" and world.switches["dbt_on_other_types"] == "not_found":
        raise not_found()
    return integration


def _keep(world: World, id: str, found: Record, reports: Sequence[Report], *, sync: bool = False) -> None:
    """Replace the stored tests by those of the artifacts; run a sync if `sync`."""
    refuse_errors(world, reports)
    id = _find_dbt(world, id)["id"]
    former = world[ARTIFACTS].get(id) or {"tests": {}, "outcomes": {}}
    problems = [error for report in reports for error in report.errors]
    world[ARTIFACTS].delete(id)
    uploaded_at = timestamp(world.now)
    world[ARTIFACTS].insert({**former, **found, "id": id, "problems": problems, "uploaded_at": uploaded_at})
    if sync:
        _sync(world, id)


def _sync(world: World, id: str) -> None:
    """Extract from the artifacts; if that fails, the sync is recorded as failed, and changes nothing."""
    found: Record = {}
    artifacts = world[ARTIFACTS].get(id)
    report = Report("manifest", "manifest.json")
    if artifacts is None:
        report.error(None, None, "No artifacts were uploaded.")
    elif not artifacts["problems"]:
        found = {"id": id, **_failing_tests(id, artifacts, report, world.switches["dbt_unit_tests"] == "counted")}
    else:
        report.errors, report.error_count = artifacts["problems"], len(artifacts["problems"])
    sync = begin(world, id, "dbt", {})
    sync = finish(world, sync["id"], "failed" if report.errors else "succeeded", [report])
    if sync["status"] == "succeeded":
        world[FAILING_TESTS].delete(id)
        world[FAILING_TESTS].insert(found)


def _failing_tests(id: str, artifacts: Record, report: Report, unit_tests_count: bool) -> dict[str, list[str]]:
    """Return the entities with failing tests, and those with only warnings."""
    entities: dict[str, dict[str, None]] = {"failing": {}, "warning": {}}
    for test, outcome in artifacts["outcomes"].items():
        if test not in artifacts["tests"]:
            report.warning(None, None, f"{test} is not in the manifest.")
        if test.startswith("unit_test."):
            report.warning(None, None, f"{test} is a unit test: {_UNIT_TESTS[unit_tests_count]}.")
            if not unit_tests_count:
                continue
        entities[outcome].update(dict.fromkeys(artifacts["tests"].get(test, ())))
    warned = [entity for entity in entities["warning"] if entity not in entities["failing"]]
    return {"warning": _ids(id, warned), "failing": _ids(id, list(entities["failing"]))}


_UNIT_TESTS = {
    True: "it counts against what it depends on (switch dbt_unit_tests)",
    False: "it does not count (switch dbt_unit_tests)",
}


def _ids(integration_id: str, entities: Sequence[str]) -> list[str]:
    """Return the ids of dbt's entities: a client can predict them from integration and unique id."""
    return [str(uuid5(UUID(integration_id), entity)) for entity in entities]
