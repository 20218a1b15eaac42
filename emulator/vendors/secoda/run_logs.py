"""Logs of the runs of orchestrators, such as Airflow."""

from __future__ import annotations

from emulator.exchange import Call, Reply
from emulator.store.world import World
from emulator.vendor import Handlers
from emulator.vendors.secoda.collections import RUN_LOGS
from emulator.vendors.secoda.integrations import find
from emulator.vendors.secoda.populate import precise_timestamp

handlers = Handlers()


@handlers.operation("ingestRunLog")
def ingest_run_log(call: Call, world: World) -> Reply:
    """Keep the log of a run of the integration (secoda-airflow 0.0.30)."""
    integration = find(world, call.params["integration_id"])
    log = {
        "id": world.new_id(RUN_LOGS, world.uuid),
        "integration_id": integration["id"],
        "received_at": precise_timestamp(world.now),
        "log": call.document if isinstance(call.document, dict) else {},
    }
    world[RUN_LOGS].insert(log)
    return Reply(200)
