"""Writes the audit log: who did what, and which fields it changed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from emulator.exchange import Record, timestamp
from emulator.json_text import stored_text
from emulator.store.world import World
from emulator.vendors.celigo.collections import AUDIT
from emulator.vendors.celigo.ids import new_id

LONGEST_VALUE: Final = 16 * 1024
"""In characters of JSON: for a longer value the log says only that it changed (assumed)."""

NOT_LOGGED = ("_id", "createdAt", "lastModified", "lastModifiedBy")
_MISSING: Final = object()


def log(
    world: World, event: str, resource_type: str, *, before: Record | None = None, after: Record | None = None
) -> None:
    """Write an entry about the resource `before` and `after` the event; an update without changes writes none.

    Entries of created and deleted resources have no changes (Celigo web client, tests of its audit log).
    """
    changes = list(_changes(before, after)) if before and after else []
    if event == "update" and not changes:
        return
    entry = {
        "_id": new_id(world, AUDIT),
        "resourceType": resource_type,
        "_resourceId": (after or before or {})["_id"],
        "source": "api",
        "fieldChanges": changes,
        "event": event,
        "time": timestamp(world.now),
        "byUser": _who(world),
    }
    if event == "delete" and before:
        entry["deletedInfo"] = {"name": before["name"]}
    world[AUDIT].insert(entry)


def _who(world: World) -> Record:
    credential = world.identity.credential
    names = [name for name in ("email", "name") if name in credential]
    return {"_id": world.identity.user, **{name: credential[name] for name in names}}


def _changes(before: Record, after: Record, path: str = "") -> Iterator[Record]:
    """Yield each field whose value differs; inside objects, with its dotted path."""
    for name in {**before, **after}:
        if path or name not in NOT_LOGGED:
            yield from _change(before.get(name, _MISSING), after.get(name, _MISSING), f"{path}{name}")


def _change(old: Any, new: Any, path: str) -> Iterator[Record]:
    if old == new:
        return
    if isinstance(old, dict) and isinstance(new, dict):
        yield from _changes(old, new, f"{path}.")
    else:
        values = {"oldValue": old, "newValue": new}
        yield {**{name: value for name, value in values.items() if _is_logged(value)}, "fieldPath": path}


def _is_logged(value: Any) -> bool:
    return value is not _MISSING and len(stored_text(value)) <= LONGEST_VALUE
