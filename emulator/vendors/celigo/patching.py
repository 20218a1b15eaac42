"""Parts of an integration: JSON Patch (RFC 6902), for the documented fields only, all or nothing."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final

import jsonpatch

from emulator.exchange import Call, Reply
from emulator.sandbox.collection import Record
from emulator.sandbox.world import World
from emulator.vendor import Handlers
from emulator.vendors.celigo.errors import Error, cast_failed, error, refuse_any
from emulator.vendors.celigo.records import find, save
from emulator.vendors.celigo.shapes import ALIAS_FIELDS, alias_fields
from emulator.vendors.celigo.validation import alias_errors

handlers = Handlers()

WHOLE: Final = r"/(settings|aliases|version|tag|updateInProgress)|/flowGroupings/(0|[1-9][0-9]*)/settings"
"""The fields that PATCH may change (Seed 004, fields available to update using PATCH)."""

PATCHABLE: Final = re.compile(
    rf"({WHOLE})|/(settings|aliases)/.*|/flowGroupings/(0|[1-9][0-9]*)/settings/.*", re.DOTALL
)
"""The same, and what is inside those that may hold anything."""

TYPES = {"version": (str, "String"), "tag": (str, "String"), "updateInProgress": (bool, "Boolean")}


@handlers.operation("patchIntegration")
def patch_integration(call: Call, world: World) -> Reply:
    """Carry out all operations of the patch, or none (Seed 004)."""
    before = find(world, call.params["_id"])
    operations: Any = call.document
    refused: int = world.flags["patch_refused_status"]
    refuse_any(list(_refused_operations(world, operations)), refused)
    after = _apply(before, operations, refused)
    refuse_any(list(_wrong_types(after)))
    after = {name: value for name, value in after.items() if name not in TYPES or value is not None}
    if "aliases" in after:
        after["aliases"] = [alias_fields(alias) for alias in after["aliases"]]
        refuse_any(list(alias_errors(world, after)))
    save(world, before, after)
    return Reply(204)


def _refused_operations(world: World, operations: list[Record]) -> Iterator[Error]:
    for operation in operations:
        if operation["op"] != "replace" and world.flags["patch_operations"] == "replace_only":
            yield error("update_not_allowed", f"The operation {operation['op']} is not allowed.")
        for pointer in (operation["path"], operation.get("from")):
            if pointer is not None and not PATCHABLE.fullmatch(pointer):
                field = ".".join(step.replace("~1", "/").replace("~0", "~") for step in pointer.split("/")[1:])
                yield error("update_not_allowed", f'The field "{field}" cannot be updated using PATCH.', field)


def _apply(integration: Record, operations: list[Record], refused: int) -> Record:
    """Return the patched integration. Raises Refusal if an operation cannot be carried out."""
    after: Record = {}
    problems = []
    try:
        after = jsonpatch.apply_patch(integration, [_setting(operation) for operation in operations])
    except (jsonpatch.JsonPatchException, jsonpatch.JsonPointerException, TypeError) as problem:
        # The library lets a TypeError through where a path leads into a string or a number.
        problems.append(error("invalid_field", f"The patch cannot be applied: {problem}"))
    refuse_any(problems, refused)
    return after


def _setting(operation: Record) -> Record:
    """Let replace set a documented field that is not there yet, as the vendor's web client does with aliases."""
    if operation["op"] == "replace" and re.fullmatch(WHOLE, operation["path"]):
        return {**operation, "op": "add"}
    return operation


def _wrong_types(integration: Record) -> Iterator[Error]:
    for field, (kind, name) in TYPES.items():
        value = integration.get(field)
        if value is not None and not isinstance(value, kind):
            yield cast_failed(name, value, field)
    aliases = integration.get("aliases", [])
    if not isinstance(aliases, list):
        yield cast_failed("Array", aliases, "aliases")
        return
    for number, alias in enumerate(aliases):
        yield from _wrong_alias(alias, f"aliases.{number}")


def _wrong_alias(alias: Any, field: str) -> Iterator[Error]:
    if not isinstance(alias, dict):
        yield cast_failed("Object", alias, field)
        return
    for name in ALIAS_FIELDS:
        if name in alias and not isinstance(alias[name], str):
            yield cast_failed("String", alias[name], f"{field}.{name}")
