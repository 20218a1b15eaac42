"""A sandbox's snapshots: save, restore, download, upload."""

from __future__ import annotations

from typing import Any

from emulator.control.handlers import ROOT, Emulator, Handlers, refusal
from emulator.errors import ConfigurationError, Problem, sentence, unknown
from emulator.exchange import Call, Reply
from emulator.sandbox.budget import BudgetExceeded
from emulator.sandbox.sandbox import Sandbox
from emulator.sandbox.sandboxes import NAME
from emulator.sandbox.snapshots import check_snapshot

MEDIA_TYPE = "application/vnd.sqlite3"

handlers = Handlers()


@handlers.sandbox_operation("listSnapshots")
async def list_snapshots(call: Call, sandbox: Sandbox, emulator: Emulator) -> Reply:
    """List the snapshots by name."""
    return Reply(200, {"snapshots": [_describe(name, sandbox) for name in sorted(sandbox.snapshots)]})


@handlers.sandbox_operation("saveSnapshot")
async def save(call: Call, sandbox: Sandbox, emulator: Emulator) -> Reply:
    """Save the sandbox's records under a name."""
    document: Any = call.document
    name = _checked(document["name"])
    _keep(sandbox, name, await sandbox.store.dump())
    return Reply(201, _describe(name, sandbox))


@handlers.sandbox_operation("restoreSnapshot")
async def restore(call: Call, sandbox: Sandbox, emulator: Emulator) -> Reply:
    """Replace the sandbox's records by those of a snapshot."""
    name = find_snapshot(call.params["name"], sandbox)
    try:
        await sandbox.restore(sandbox.snapshots[name])
    except ConfigurationError as problem:
        raise refusal(422, problem) from None
    return Reply(200, _describe(name, sandbox))


@handlers.sandbox_operation("downloadSnapshot")
async def download(call: Call, sandbox: Sandbox, emulator: Emulator) -> Reply:
    """Return a snapshot's SQLite file."""
    return Reply(200, content=sandbox.snapshots[find_snapshot(call.params["name"], sandbox)], content_type=MEDIA_TYPE)


@handlers.sandbox_operation("uploadSnapshot")
async def upload(call: Call, sandbox: Sandbox, emulator: Emulator) -> Reply:
    """Store a SQLite file as a snapshot, if it can be restored."""
    name = _checked(call.params["name"])
    try:
        file = await check_snapshot(sandbox, call.body)
    except ConfigurationError as problem:
        raise refusal(422, problem) from None
    status = 200 if name in sandbox.snapshots else 201
    _keep(sandbox, name, file)
    return Reply(status, _describe(name, sandbox))


@handlers.sandbox_operation("deleteSnapshot")
async def delete(call: Call, sandbox: Sandbox, emulator: Emulator) -> Reply:
    """Delete a snapshot."""
    sandbox.snapshots.remove(find_snapshot(call.params["name"], sandbox))
    return Reply(204)


def _keep(sandbox: Sandbox, name: str, file: bytes) -> None:
    try:
        sandbox.snapshots.put(name, file)
    except BudgetExceeded as problem:
        raise Problem(507, f"No space for this snapshot: {problem}; delete others, or raise snapshot_bytes.") from None


def _checked(name: str) -> str:
    if not NAME.fullmatch(name):
        raise Problem(422, f"Invalid snapshot name {name!r}; use up to 64 of a-z, 0-9, _ and -.")
    return name


def find_snapshot(name: str, sandbox: Sandbox) -> str:
    """Return the name of an existing snapshot. Raises Problem, naming the known ones."""
    if name not in sandbox.snapshots:
        where, command = f"in the sandbox {sandbox.name}", f"GET {ROOT}/snapshots"
        raise Problem(404, sentence(unknown("snapshot", name, sorted(sandbox.snapshots), where, listed_by=command)))
    return name


def _describe(name: str, sandbox: Sandbox) -> dict[str, Any]:
    return {"name": name, "bytes": len(sandbox.snapshots[name])}
