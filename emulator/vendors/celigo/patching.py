"""Patches integrations and flows: JSON Patch (RFC 6902), for the documented fields only, all or nothing."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import chain, islice
from typing import Any, Final, NamedTuple

import jsonpatch

from emulator.exchange import Call, Record, Reply, steps_of
from emulator.store.patching import MOST_OPERATIONS, PatchFailed, json_patch
from emulator.store.world import World
from emulator.vendor import Handlers, Write
from emulator.vendors.celigo.editing import rewrite_flow
from emulator.vendors.celigo.errors import Error, cast_failed, error, refusal, refuse_any, required
from emulator.vendors.celigo.ids import OBJECT_ID
from emulator.vendors.celigo.records import find, find_flow, save, ungroup_flows
from emulator.vendors.celigo.shapes import ALIAS_FIELDS, GROUPINGS, alias_fields, grouping_fields
from emulator.vendors.celigo.validation import MOST_ERRORS, alias_errors, is_settings_form, script_errors

handlers = Handlers()


class Fields(NamedTuple):
    """The fields that PATCH may change: `whole`, and anything inside those that `inside` matches."""

    whole: re.Pattern[str]
    inside: re.Pattern[str]

    def allow(self, pointer: str) -> bool:
        """Return True if the value there may be changed."""
        return bool(self.whole.fullmatch(pointer) or self.inside.fullmatch(pointer))


INTEGRATION: Final = Fields(
    re.compile(
        r"/(settings|aliases|version|tag|updateInProgress|flowGroupings|apiGroupings)"
        r"|/flowGroupings/(0|[1-9][0-9]*)/settings"
    ),
    re.compile(r"/(settings|aliases)/.*|/flowGroupings/(0|[1-9][0-9]*)/settings/.*", re.DOTALL),
)
"""Celigo documentation, Integration API endpoints, fields available to update using PATCH.

The two lists of groups as a whole: Celigo CLI 2026.8.6.
"""

FLOW: Final = Fields(
    re.compile(
        r"/(name|description|schedule|timezone|disabled|runPageGeneratorsInParallel|aliases)"
        r"|/pageGenerators/(0|[1-9][0-9]*)/(schedule|skipRetries)"
        r"|/routers/(0|[1-9][0-9]*)/(name|branches/(0|[1-9][0-9]*)/(name|description))"
    ),
    re.compile(r"/aliases/.*", re.DOTALL),
)
"""Celigo documentation, Flow API endpoints, fields that can be updated using PATCH."""

TYPES: Final = {"version": (str, "String"), "tag": (str, "String"), "updateInProgress": (bool, "Boolean")}
TYPES_OF_FLOW: Final = {
    **dict.fromkeys(("name", "description", "schedule", "timezone"), (str, "String")),
    **dict.fromkeys(("disabled", "runPageGeneratorsInParallel", "skipRetries"), (bool, "Boolean")),
}

NO_FROM: Final = "Operation `from` property is not present (applicable in `move` and `copy` operations)"
NO_VALUE: Final = "Operation `value` property is not present (applicable in `add`, `replace` and `test` operations)"
UNKNOWN_FROM: Final = "Cannot perform the operation from a path that does not exist"
UNKNOWN_PATH: Final = "Cannot perform the operation at a path that does not exist"
UNFIT_PATH: Final = "Cannot perform operation at the desired path"
REASONS: Final = {
    "add": "Cannot perform an `add` operation at the desired path",
    "replace": UNKNOWN_PATH,
    "remove": UNKNOWN_PATH,
    "test": "Test operation failed",
}
"""Why an operation cannot be applied (assumed: the words of fast-json-patch 3.1.1, a library for Node)."""


@handlers.operation("patchIntegration")
def patch_integration(call: Call, world: World) -> Reply:
    """Apply all operations of the patch, or none (Celigo documentation, Integration API endpoints)."""
    before = find(world, call.params["_id"])
    after = _patched(call, world, before, INTEGRATION)
    refuse_any(list(islice(_wrong_types(after), MOST_ERRORS)))
    save(world, before, _settled(world, after))
    return Reply(204)


@handlers.operation("patchFlow")
def patch_flow(call: Call, world: World) -> Reply:
    """Apply all operations of the patch, or none (Celigo documentation, Flow API endpoints)."""
    before = find_flow(world, call.params["_id"])
    after = _patched(call, world, before, FLOW)
    refuse_any(list(islice(_wrong_in_flow(after), MOST_ERRORS)))
    if "aliases" in after:
        after["aliases"] = [alias_fields(alias) for alias in after["aliases"]]
    rewrite_flow(world, Write("flows", call, before, after))
    return Reply(204)


def _patched(call: Call, world: World, before: Record, fields: Fields) -> Record:
    """Return the patched record. Raises Refusal if an operation is not allowed, or cannot be applied."""
    operations: Any = call.document
    refused: int = world.switches["patch_refused_status"]
    refuse_any(list(islice(_refused_operations(world, operations, fields), MOST_ERRORS)), refused)
    return _apply(before, [_setting(operation, fields) for operation in operations], refused)


def _settled(world: World, patched: Record) -> Record:
    """Return a patched integration as it is stored. Raises Refusal (422) for invalid references."""
    after = {name: value for name, value in patched.items() if name not in TYPES or value is not None}
    if "aliases" in after:
        after["aliases"] = [alias_fields(alias) for alias in after["aliases"]]
    after.setdefault("flowGroupings", [])
    for name in GROUPINGS:
        if name in after:
            after[name] = [grouping_fields(world, grouping) for grouping in after[name]]
    problems = chain(alias_errors(world, after), script_errors(world, after))
    refuse_any(list(islice(problems, MOST_ERRORS)))
    ungroup_flows(world, after)
    return after


def _refused_operations(world: World, operations: list[Record], fields: Fields) -> Iterator[Error]:
    if len(operations) > MOST_OPERATIONS:
        yield error(
            "invalid_field", f"The patch has {len(operations)} operations; at most {MOST_OPERATIONS} are taken."
        )
        return
    for operation in operations:
        if operation["op"] != "replace" and world.switches["patch_operations"] == "replace_only":
            yield error("update_not_allowed", f"The operation {operation['op']} is not allowed.")
        for pointer in (operation["path"], operation.get("from")):
            if pointer is not None and not fields.allow(pointer):
                field = ".".join(steps_of(pointer))
                yield error("update_not_allowed", f'The field "{field}" cannot be updated using PATCH.', field)


def _apply(record: Record, operations: list[Record], refused: int) -> Record:
    """Return the patched record. Raises Refusal if an operation cannot be applied."""
    try:
        after: Record = json_patch(record, operations)
    except PatchFailed as problem:
        reason = _reason(problem.record, problem.operation) if problem.operation else str(problem)
        raise refusal(refused, error("invalid_field", f"The patch cannot be applied: {reason}")) from None
    return after


def _reason(integration: Record, operation: Record) -> str:
    """Return why an operation cannot be applied, without a value of the integration."""
    name = operation["op"]
    if name in ("move", "copy") and "from" not in operation:
        return NO_FROM
    if name in ("move", "copy") and not _is_there(integration, operation["from"]):
        return UNKNOWN_FROM
    if name in ("add", "replace", "test") and "value" not in operation:
        return NO_VALUE
    return REASONS.get(name, UNFIT_PATH)


def _is_there(integration: Record, pointer: str) -> bool:
    try:
        jsonpatch.JsonPointer(pointer).resolve(integration)
    except jsonpatch.JsonPointerException:
        return False
    return True


def _setting(operation: Record, fields: Fields) -> Record:
    """Allow replace to set a documented field that is missing, as the Celigo web client does with aliases."""
    if operation["op"] == "replace" and fields.whole.fullmatch(operation["path"]):
        return {**operation, "op": "add"}
    return operation


def _wrong_types(integration: Record) -> Iterator[Error]:
    for field, (kind, name) in TYPES.items():
        value = integration.get(field)
        if value is not None and not isinstance(value, kind):
            yield cast_failed(name, value, field)
    for field, names in (("aliases", ALIAS_FIELDS), *((name, ("name", "_id")) for name in GROUPINGS)):
        yield from _wrong_entries(integration.get(field, []), names, field)
    for field in GROUPINGS:
        yield from _wrong_groupings(integration.get(field, []), field)


def _wrong_in_flow(flow: Record) -> Iterator[Error]:
    """Yield the mistakes in what PATCH may change of a flow."""
    if not flow.get("name"):
        yield required("name")
    yield from _wrong_values(flow, "")
    yield from _wrong_entries(flow.get("aliases", []), ALIAS_FIELDS, "aliases")


def _wrong_values(part: Any, path: str) -> Iterator[Error]:
    """Yield the values of a flow's patchable fields that are of the wrong type, at any depth of its steps."""
    pairs = part.items() if isinstance(part, dict) else enumerate(part) if isinstance(part, list) else ()
    for name, value in pairs:
        where = f"{path}.{name}" if path else str(name)
        if name in TYPES_OF_FLOW and value is not None and not isinstance(value, TYPES_OF_FLOW[name][0]):
            yield cast_failed(TYPES_OF_FLOW[name][1], value, where)
        elif name in ("pageGenerators", "routers", "branches") or isinstance(name, int):
            yield from _wrong_values(value, where)


def _wrong_entries(entries: Any, names: Sequence[str], field: str) -> Iterator[Error]:
    """Yield the mistakes in a list of objects whose fields `names` are strings."""
    if not isinstance(entries, list):
        yield cast_failed("Array", entries, field)
        return
    for number, entry in enumerate(entries):
        if not isinstance(entry, dict):
            yield cast_failed("Object", entry, f"{field}.{number}")
            continue
        for name in names:
            if name in entry and not isinstance(entry[name], str):
                yield cast_failed("String", entry[name], f"{field}.{number}.{name}")


def _wrong_groupings(groupings: Any, field: str) -> Iterator[Error]:
    """Yield the mistakes in groups other than their types: a name and, if it is sent, an id."""
    for number, grouping in enumerate(groupings if isinstance(groupings, list) else ()):
        if not isinstance(grouping, dict):
            continue
        if not grouping.get("name"):
            yield required(f"{field}.{number}.name")
        id, form = grouping.get("_id"), grouping.get("settingsForm")
        if isinstance(id, str) and not OBJECT_ID.fullmatch(id):
            yield cast_failed("ObjectId", id, f"{field}.{number}._id")
        if not is_settings_form(form):
            yield cast_failed("Object", form, f"{field}.{number}.settingsForm")
