"""Brings what uploads have put in force into the catalogue, and takes out what they no longer have.

That is done when someone looks into the catalogue, so that uploads of any size take no longer.
"""

from __future__ import annotations

from typing import Final
from uuid import UUID, uuid5

from emulator.exchange import Record
from emulator.runtime.off_loop import leave_loop
from emulator.store.world import World
from emulator.vendors.secoda.changes import remove_resources, with_those_below
from emulator.vendors.secoda.collections import CATALOG, RESOURCES, SYNCS
from emulator.vendors.secoda.populate import precise_timestamp

MOST_SHOWN: Final = 10_000
"""How many resources of one upload the catalogue shows: as many as its list has on all pages."""

FIELDS: Final = (
    "database",
    "definition",
    "description",
    "external_updated_at",
    "group",
    "native_type",
    "product",
    "schema",
    "sort_order",
    "title",
)
"""The fields of an uploaded resource that a resource of the catalogue has, too."""


QUICK_ROWS: Final = 500
"""So many are brought in a few milliseconds."""


def bring_in_uploads(world: World) -> None:
    """Bring the rows of each sync in force into the catalogue, once."""
    due = [sync for sync in world[SYNCS].all({"rows": "in force"}) if not sync.get("in_catalogue", False)]
    if sum(sync.get("resources", 0) for sync in due) > QUICK_ROWS:
        leave_loop()
    for sync in due:
        _bring_in(world, sync["integration_id"], sync["tag"])
        world[SYNCS].replace({**sync, "in_catalogue": True})


def _bring_in(world: World, integration_id: str, tag: str) -> None:
    """Let the catalogue show the rows of a sync as the resources of its integration, those of former ones no more.

    A resource keeps its id, and what callers have said of it, if the upload does not say otherwise (assumed). What
    callers have made below one that is gone goes with it, as if they had deleted that (assumed).
    """
    rows = world[RESOURCES].prefixed(f"{tag}:", MOST_SHOWN)
    ids = {row["databuilder_id"]: resource_id(integration_id, row["databuilder_id"]) for row in rows}
    records, shown = world[CATALOG], set(ids.values())
    former = {one["id"]: one for one in records.all({"integration": integration_id}) if "databuilder_id" in one}
    now = precise_timestamp(world.now)
    gone = with_those_below(world, former.keys() - shown, shown)
    resources = {row["databuilder_id"]: _resource(row, ids, integration_id, now) for row in rows}
    records.insert_many(one for one in resources.values() if one["id"] not in former)
    for one in resources.values():
        before = former.get(one["id"])
        if before is None:
            continue
        after = {**before, **one, "created_at": before["created_at"]}
        if after.get("parent") in gone:
            del after["parent"]
        if {**after, "updated_at": before["updated_at"]} != before:
            records.replace(after)
    remove_resources(world, gone)


def resource_id(integration_id: str, databuilder_id: str) -> str:
    """Return the id of an uploaded resource: the same in each upload, so that a test can predict it."""
    return str(uuid5(UUID(integration_id), databuilder_id))


def _resource(row: Record, ids: dict[str, str], integration_id: str, now: str) -> Record:
    given = {name: row[name] for name in FIELDS if row.get(name) is not None}
    parent = ids.get(row.get("parent_databuilder_id", ""))
    if row.get("is_view"):
        given = {"native_type": "view", **given}
    return {
        "id": ids[row["databuilder_id"]],
        "created_at": now,
        "updated_at": now,
        "entity_type": row["entity_type"],
        **given,
        **({"parent": parent} if parent else {}),
        "title_full": row["databuilder_id"],
        "databuilder_id": row["databuilder_id"],
        "integration": integration_id,
    }
