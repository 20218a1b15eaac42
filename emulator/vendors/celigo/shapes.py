"""The shape of an integration: the fields that a client may write, and the order of fields in replies."""

from __future__ import annotations

from emulator.exchange import Record
from emulator.store.world import World
from emulator.vendors.celigo.ids import new_id

ORDER = (
    "_id",
    "lastModified",
    "name",
    "description",
    "readme",
    "_connectorId",
    "install",
    "mode",
    "sandbox",
    "syncs",
    "_registeredConnectionIds",
    "_registeredLookupCacheIds",
    "installSteps",
    "uninstallSteps",
    "changeEditionSteps",
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
    "updateInProgress",
    "celigoAgentAutoRunMode",
    "childDisplayName",
    "resolvedAt",
    "iLMIgnore",
    "_parentId",
    "_templateId",
    "createdAt",
    "lastModifiedBy",
    "_sourceId",
)
"""As captured from the live service (Celigo web client, tests), with the other fields inserted."""

READ_ONLY = (
    "_id",
    "lastModified",
    "_connectorId",
    "mode",
    "sandbox",
    "syncs",
    "_registeredLookupCacheIds",
    "_parentId",
    "_templateId",
    "createdAt",
    "lastModifiedBy",
    "_sourceId",
)
"""Fields that clients cannot write, except sandbox and syncs when they create an integration."""

KEPT_BY_PUT = (*READ_ONLY, "_registeredConnectionIds")
"""Fields that PUT keeps; other omitted fields are erased (Celigo developer pages, Integrations).

Connections are registered by separate calls: for PUT their list is read-only (Celigo CLI 2026.8.6).
"""

LISTS = ("install", "_registeredConnectionIds", "installSteps", "uninstallSteps", "flowGroupings")
"""Fields that default to an empty list."""

ALIAS_FIELDS = (
    "alias",
    "description",
    "_connectionId",
    "_exportId",
    "_importId",
    "_flowId",
    "_scriptId",
    "_lookupCacheId",
)
GROUPINGS = ("flowGroupings", "apiGroupings")
GROUPING_FIELDS = ("name", "settings", "settingsForm")


def ordered(record: Record) -> Record:
    """Return the fields of an integration in the order of the reply."""
    return {name: record[name] for name in ORDER if name in record}


def written(world: World, document: Record) -> Record:
    """Return what a POST or PUT writes: the writable fields, with generated ids and empty lists.

    A field that is null counts as left out; unknown fields are dropped, as Mongoose does.
    """
    names = [name for name in ORDER if name not in READ_ONLY and document.get(name) is not None]
    record = {**{name: [] for name in LISTS}, **{name: document[name] for name in names}}
    for name in GROUPINGS:
        if name in record:
            record[name] = [grouping_fields(world, grouping) for grouping in record[name]]
    record["_registeredConnectionIds"] = distinct(record["_registeredConnectionIds"])
    if "aliases" in record:
        record["aliases"] = [alias_fields(alias) for alias in record["aliases"]]
    return record


def alias_fields(alias: Record) -> Record:
    """Return the known fields of an alias."""
    return {name: alias[name] for name in ALIAS_FIELDS if name in alias}


def distinct(ids: list[str]) -> list[str]:
    """Return ids without duplicates, in order."""
    return list(dict.fromkeys(id.lower() for id in ids))


def grouping_fields(world: World, grouping: Record) -> Record:
    """Return the known fields of a group, with a new id if it has none."""
    fields = {name: grouping[name] for name in GROUPING_FIELDS if name in grouping}
    return {"name": fields.pop("name"), "_id": grouping.get("_id") or new_id(world), **fields}
