"""Copies the content of an integration into another one: its flows, exports and imports, with new ids throughout."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from emulator.exchange import Record, timestamp
from emulator.store.collection import Collection
from emulator.store.world import World
from emulator.vendors.celigo.collections import EXPORTS, FLOWS, IMPORTS
from emulator.vendors.celigo.history import log
from emulator.vendors.celigo.ids import new_id
from emulator.vendors.celigo.records import exports_of, flows_of, imports_of

COPIED = (
    "description",
    "readme",
    "_registeredConnectionIds",
    "flowGroupings",
    "apiGroupings",
    "aliases",
    "settings",
    "settingsForm",
    "preSave",
    "hooks",
    "initChild",
    "version",
    "tag",
    "celigoAgentAutoRunMode",
    "iLMIgnore",
)
"""The fields of the integration itself that are copied."""

COLLECTIONS = {"export": EXPORTS, "import": IMPORTS, "flow": FLOWS}

NOT_COPIED = ("lastExecutedAt", "lastModifiedBy")


def copy_content(
    world: World, source: Record, target: Record, connections: Mapping[str, str]
) -> tuple[Record, list[Record]]:
    """Copy everything in `source` into `target`; `connections` maps old connections to new ones.

    Returns the new target, which is not stored yet, and a manifest of the created records:
    [{"model", "_id", "name"}].
    """
    parts = {"export": exports_of(world, source), "import": imports_of(world, source), "flow": flows_of(world, source)}
    ids = {**connections, source["_id"]: target["_id"]}
    for kind, collection in COLLECTIONS.items():
        ids |= {record["_id"]: new_id(world, collection) for record in parts[kind]}
    for grouping in (*source["flowGroupings"], *source.get("apiGroupings", ())):
        ids[grouping["_id"]] = new_id(world)
    content = {name: _renamed(source[name], ids) for name in COPIED if name in source}
    manifest = []
    for kind, collection in COLLECTIONS.items():
        for record in parts[kind]:
            copy = _copy(world, record, ids, target["sandbox"])
            _keep(world, kind, collection, copy)
            manifest.append({"model": kind.capitalize(), "_id": copy["_id"], "name": copy["name"]})
    return {**target, **content}, manifest


def _copy(world: World, record: Record, ids: Mapping[str, str], sandbox: bool) -> Record:
    now = timestamp(world.now)
    copy: Record = _renamed({name: value for name, value in record.items() if name not in NOT_COPIED}, ids)
    copy |= {"createdAt": now, "lastModified": now}
    if "disabled" in copy:
        # A cloned flow does not run until it is enabled (assumed).
        copy["disabled"] = True
    if "apiIdentifier" in copy:
        copy["apiIdentifier"] = copy["apiIdentifier"][:1] + world.hex(9)
    if sandbox or "sandbox" in copy:
        copy["sandbox"] = sandbox
    return copy


def _keep(world: World, kind: str, collection: Collection, copy: Record) -> None:
    world[collection].insert(copy)
    log(world, "create", kind, after=copy)


def _renamed(value: Any, ids: Mapping[str, str]) -> Any:
    """Return a document with all old ids replaced by their new ones, at any depth."""
    if isinstance(value, dict):
        return {name: _renamed(item, ids) for name, item in value.items()}
    if isinstance(value, list):
        return [_renamed(item, ids) for item in value]
    return ids.get(value, value) if isinstance(value, str) else value
