"""Paradime's collections."""

from __future__ import annotations

from typing import TYPE_CHECKING

from emulator.exchange import Record
from emulator.store.collection import Collection
from emulator.vendors.paradime import populate

if TYPE_CHECKING:
    from faker import Faker

    from emulator.store.world import World


def _node_of_some_integration(fake: Faker, number: int, world: World, given: Record) -> Record:
    integrations = world[INTEGRATIONS]
    chosen = integrations.get(given.get("integrationUid"))
    if chosen is None:
        count = integrations.count()
        if not count:
            integrations.insert(populate.integration(fake, number, world, {}))
        (chosen,) = integrations.page(skip=fake.random_int(0, max(count - 1, 0)), limit=1)
    return populate.node_of(chosen, fake, number, given)


CREDENTIALS = Collection("paradime.credentials", schema="credential.schema.json")
INTEGRATIONS = Collection(
    "paradime.integrations", key="uid", schema="custom-integration.schema.json", populate=populate.integration
)
SNAPSHOTS = Collection(
    "paradime.snapshots", order=("id",), schema="snapshot.schema.json", references={"integrationUid": INTEGRATIONS}
)
NODES = Collection(
    "paradime.nodes", indexes=("integrationUid",), schema="node.schema.json", populate=_node_of_some_integration
)
# Separate from the nodes, because they are invisible until their snapshot is closed.
PENDING_NODES = Collection(
    "paradime.pending_nodes",
    indexes=("snapshotId",),
    schema="pending-node.schema.json",
    references={"snapshotId": SNAPSHOTS},
)
BOLT_RUNS = Collection("paradime.bolt_runs", indexes=("slug",), schema="bolt-run.schema.json")
BOLT_COMMANDS = Collection(
    "paradime.bolt_commands",
    indexes=("scheduleRunId",),
    schema="bolt-command.schema.json",
    references={"scheduleRunId": BOLT_RUNS},
)
BOLT_RESOURCES = Collection(
    "paradime.bolt_resources",
    indexes=("commandId", "key"),
    schema="bolt-resource.schema.json",
    references={"commandId": BOLT_COMMANDS},
)

# The declared ones have their keys and their behaviour in the contract; these are for handlers.
USERS = Collection("paradime.users", key="uid", schema="user.schema.json")
INVITATIONS = Collection("paradime.invitations", key="email", schema="invitation.schema.json")
WORKSPACES = Collection("paradime.workspaces", key="uid", schema="workspace.schema.json")
BOLT_SCHEDULES = Collection("paradime.bolt_schedules", key="slug", schema="bolt-schedule.schema.json")
DINOAI_SESSIONS = Collection("paradime.dinoai_sessions", schema="dinoai-session.schema.json")
LINEAGE_DIFF_REPORTS = Collection("paradime.lineage_diff_reports", key="uuid", schema="lineage-diff-report.schema.json")
