"""The changes of a sandbox's records."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from emulator.control.handlers import Emulator, Handlers
from emulator.control.snapshots import find_snapshot
from emulator.exchange import NOTHING, Call, Reply, steps_of
from emulator.journal.credential_shapes import names_credential
from emulator.journal.masking import Masker
from emulator.sandbox.changes import Changes, Difference
from emulator.sandbox.sandbox import Sandbox

LIMIT = 100
"""How many records of each kind are listed by default."""

handlers = Handlers()


@handlers.sandbox_operation("listChanges")
async def list_changes(call: Call, sandbox: Sandbox, emulator: Emulator) -> Reply:
    """List the changes since the start of the sandbox, or since a snapshot."""
    since, limit = call.params.get("since"), call.params.get("limit", LIMIT)
    before = None if since is None else sandbox.snapshots[find_snapshot(since, sandbox)]
    describe = _describe_masked if call.params.get("masked") else _describe
    changes = await emulator.sandboxes.changes(sandbox, before, limit)
    return Reply(200, {"collections": [describe(found) for found in changes]})


def _describe(found: Changes, shown: Callable[[Any, str], Any] = lambda value, pointer: value) -> dict[str, Any]:
    """Return changes as JSON; `shown` masks a value at a JSON pointer of its record."""
    return {
        "collection": found.collection.name,
        "added": [shown(record, "") for record in found.added],
        "removed": [shown(record, "") for record in found.removed],
        "changed": [
            {"id": id, "differences": [_describe_difference(one, shown) for one in differing]}
            for id, differing in found.changed
        ],
        "counts": found.counts,
    }


def _describe_difference(one: Difference, shown: Callable[[Any, str], Any]) -> dict[str, Any]:
    values = {"before": one.before, "after": one.after}
    there = {name: shown(value, one.pointer) for name, value in values.items() if value is not NOTHING}
    return {"pointer": one.pointer, **there}


def _describe_masked(found: Changes) -> dict[str, Any]:
    if found.collection.is_of_credentials:
        # Their ids are what a call presents.
        found = Changes(found.collection, counts=found.counts)
    return _describe(found, _masked)


def _masked(value: Any, pointer: str) -> Any:
    return Masker().document(value, any(map(names_credential, steps_of(pointer))))
