"""Installing and uninstalling an integration, step by step."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

from emulator.exchange import Call, Record, Reply, timestamp
from emulator.store.world import World
from emulator.vendor import Handlers
from emulator.vendors.celigo.collections import CONNECTIONS
from emulator.vendors.celigo.copying import copy_content
from emulator.vendors.celigo.errors import error, invalid_ref, refusal, required
from emulator.vendors.celigo.history import log
from emulator.vendors.celigo.ids import new_id
from emulator.vendors.celigo.records import find, remove, save
from emulator.vendors.celigo.shapes import distinct
from emulator.vendors.celigo.validation import unknown_connections

handlers = Handlers()


@handlers.operation("listInstallSteps")
def list_install_steps(call: Call, world: World) -> Reply:
    """List the installation steps, after running the hidden ones that are due.

    Celigo documentation, Integration API endpoints, which says 201.
    """
    integration = find(world, call.params["_id"])
    if integration.get("mode") == "install" and world.identity.rights == "full":
        steps = deepcopy(integration["installSteps"])
        run_hidden(steps)
        if steps != integration["installSteps"]:
            integration = _progress(world, integration, steps)
    return Reply(201, integration["installSteps"])


@handlers.long_operation("submitInstallStep")
def submit_install_step(call: Call, world: World) -> Reply:
    """Complete the next step, or the next one that fits the body.

    Celigo documentation, Integration API endpoints, which says 200.
    Returns the current steps, and nothing once the integration is installed (Celigo web client).
    """
    integration = find(world, call.params["_id"])
    if integration.get("mode") != "install":
        raise refusal(422, error("invalid_mode", "The integration is not being installed."))
    steps = deepcopy(integration["installSteps"])
    body: Any = call.document or {}
    if pending(steps):
        _complete(world, steps, body)
    run_hidden(steps)
    integration = _progress(world, integration, steps)
    return Reply(200, integration["installSteps"]) if pending(steps) else Reply(200)


@handlers.operation("listUninstallSteps")
def list_uninstall_steps(call: Call, world: World) -> Reply:
    """List the uninstallation steps (Celigo documentation, Integration API endpoints)."""
    return Reply(200, find(world, call.params["_id"])["uninstallSteps"])


@handlers.long_operation("submitUninstallStep")
def submit_uninstall_step(call: Call, world: World) -> Reply:
    """Complete the next step and return the remaining ones.

    Celigo documentation, Integration API endpoints, which says 201.
    After the last one the integration is deleted, and the reply is empty (Celigo web client).
    """
    integration = find(world, call.params["_id"])
    if integration.get("mode") != "uninstall":
        raise refusal(422, error("invalid_mode", "The integration is not being uninstalled."))
    steps = deepcopy(integration["uninstallSteps"])
    for step in pending(steps)[:1]:
        step["completed"] = True
    run_hidden(steps)
    if not pending(steps):
        remove(world, integration)
        return Reply(201)
    save(world, integration, {**integration, "uninstallSteps": steps})
    return Reply(201, pending(steps))


def pending(steps: list[Record]) -> list[Record]:
    """Return the steps that are not completed."""
    return [step for step in steps if not step.get("completed")]


def run_hidden(steps: list[Record]) -> None:
    """Complete the hidden steps that are due: those before the first other step."""
    for step in pending(steps):
        if step.get("type") != "hidden":
            return
        step["completed"] = True


def _complete(world: World, steps: list[Record], body: Record) -> None:
    """Complete the step that the body is for. Raises Refusal (422) if there is none, or if the body is unsuitable."""
    wanted = "connection" if body.keys() & {"_connectionId", "connection"} else "stack" if "_stackId" in body else None
    step = next((step for step in pending(steps) if wanted in (None, step.get("type"))), None)
    if step is None:
        raise refusal(422, error("invalid_step", f"No step waits for a {wanted}."))
    if step.get("type") == "connection":
        step["_connectionId"] = _connection(world, step, body)
    elif step.get("type") == "stack":
        if "_stackId" not in body:
            raise refusal(422, required("_stackId"))
        step["_stackId"] = body["_stackId"]
    step["completed"] = True


def _connection(world: World, step: Record, body: Record) -> str:
    """Return the id of the connection that the body names, or contains for creation. Raises Refusal (422)."""
    if "_connectionId" in body:
        if unknown_connections(world, [body["_connectionId"].lower()]):
            raise refusal(422, invalid_ref("_connectionId"))
        return str(body["_connectionId"].lower())
    if "connection" not in body:
        raise refusal(422, required("_connectionId"))
    now = timestamp(world.now)
    wanted = {name: value for name, value in step.get("sourceConnection", {}).items() if name in ("type", "name")}
    made = {"offline": False, "sandbox": False, **wanted, **body["connection"]}
    record = {
        "name": step.get("name", "Connection"),
        **made,
        "_id": new_id(world, CONNECTIONS),
        "createdAt": now,
        "lastModified": now,
    }
    world[CONNECTIONS].insert(record)
    log(world, "create", "connection", after=record)
    return str(record["_id"])


def _progress(world: World, before: Record, steps: list[Record]) -> Record:
    """Store the steps; once all are completed, finish the installation."""
    after = {**before, "installSteps": steps}
    if not pending(steps):
        if "_sourceId" in before and any(step.get("isClone") for step in steps):
            after = _copied(world, after)
        chosen = [step["_connectionId"] for step in steps if "_connectionId" in step]
        after["_registeredConnectionIds"] = distinct([*after["_registeredConnectionIds"], *chosen])
        after["mode"] = "settings"
    return save(world, before, after)


def _copied(world: World, clone: Record) -> Record:
    """Fill a clone from its source, with the connections from its steps."""
    source = find(world, clone["_sourceId"])
    chosen = {
        step["sourceConnection"]["_id"]: step["_connectionId"]
        for step in clone["installSteps"]
        if "_id" in step.get("sourceConnection", {}) and "_connectionId" in step
    }
    return copy_content(world, source, clone, chosen)[0]
