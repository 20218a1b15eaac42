"""Copies flows, exports and imports into another integration, with new ids throughout."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final, TypeAlias

from emulator.exchange import Record, timestamp
from emulator.store.world import World
from emulator.vendors.celigo.collections import EXPORTS, FLOWS, IMPORTS
from emulator.vendors.celigo.history import log
from emulator.vendors.celigo.ids import new_id
from emulator.vendors.celigo.records import exports_of, flows_of, imports_of

Parts: TypeAlias = Mapping[str, Sequence[Record]]
"""Records to copy by kind: "export", "import", "flow"."""

Copy: TypeAlias = tuple[str, Record]
"""A kind, and the copy of a record of that kind."""

Instead: TypeAlias = Mapping[str, Record]
"""Fields that copies get instead of those of their sources, by kind."""

NOTHING: Final[Instead] = {}

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
    ids = with_new_ids(world, parts, {**connections, source["_id"]: target["_id"]})
    for grouping in (*source["flowGroupings"], *source.get("apiGroupings", ())):
        ids[grouping["_id"]] = new_id(world)
    content = {name: _renamed(source[name], ids) for name in COPIED if name in source}
    copies = copy_records(world, parts, ids, sandbox=target["sandbox"])
    return {**target, **content}, manifest_of(copies)


def with_new_ids(world: World, parts: Parts, ids: Mapping[str, str]) -> dict[str, str]:
    """Return `ids` with a new id for each record in `parts`."""
    new = {one["_id"]: new_id(world, COLLECTIONS[kind]) for kind, records in parts.items() for one in records}
    return {**ids, **new}


def copy_records(
    world: World, parts: Parts, ids: Mapping[str, str], *, sandbox: bool, instead: Instead = NOTHING
) -> list[Copy]:
    """Keep a copy of each record in `parts`, with the new ids, and return them."""
    copies = []
    for kind, records in parts.items():
        for record in records:
            copy = _copy(world, record, ids, sandbox)
            if kind in instead:
                copy = {name: value for name, value in copy.items() if name != "_flowGroupingId"} | instead[kind]
            world[COLLECTIONS[kind]].insert(copy)
            log(world, "create", kind, after=copy)
            copies.append((kind, copy))
    return copies


def manifest_of(copies: Iterable[Copy]) -> list[Record]:
    """Return the list of copies that a clone replies."""
    return [{"model": kind.capitalize(), "_id": copy["_id"], "name": copy["name"]} for kind, copy in copies]


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


def _renamed(value: Any, ids: Mapping[str, str]) -> Any:
    """Return a document with all old ids replaced by their new ones, at any depth."""
    if isinstance(value, dict):
        return {name: _renamed(item, ids) for name, item in value.items()}
    if isinstance(value, list):
        return [_renamed(item, ids) for item in value]
    return ids.get(value, value) if isinstance(value, str) else value
