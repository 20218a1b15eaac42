"""Commands of Bolt's runs: their output and their artifacts."""

from __future__ import annotations

import re
from typing import Any

from emulator.errors import Refusal
from emulator.exchange import Call, Record, Reply
from emulator.store.world import World
from emulator.vendor import Handlers
from emulator.vendors.paradime import progress
from emulator.vendors.paradime.collections import BOLT_COMMANDS, BOLT_RESOURCES, BOLT_RUNS
from emulator.vendors.paradime.errors import unknown_command, unknown_cursor, unknown_resource

CURSOR = re.compile("([0-9]{1,9}):([0-9]{1,9})")
"""How many lines of stdout and of stderr a client has: "0:0" at first (Paradime Python SDK 6.9.0)."""

handlers = Handlers()


@handlers.operation("boltCommand")
def bolt_command(call: Call, world: World) -> Record:
    """Return a command that has begun (Paradime documentation, Bolt API, Get Bolt Command Details)."""
    return _find(world, call.params["commandId"])


@handlers.operation("boltCommandLogs")
def bolt_command_logs(call: Call, world: World) -> dict[str, Any]:
    """Return the lines that a client does not have yet (Paradime Python SDK 6.9.0)."""
    command = _find(world, call.params["commandId"])
    given = call.params.get("cursor") or "0:0"
    known = CURSOR.fullmatch(given)
    if known is None:
        raise unknown_cursor(given)
    texts = {"STDOUT": command["stdout"], "STDERR": command["stderr"]}
    lines = {stream: text.splitlines(keepends=True) for stream, text in texts.items()}
    return {
        "lines": [
            {"stream": stream, "line": line}
            for (stream, found), count in zip(lines.items(), known.groups(), strict=True)
            for line in found[int(count) :]
        ],
        "cursor": ":".join(str(len(found)) for found in lines.values()),
        "finished": bool(command["endDttm"]),
    }


@handlers.operation("boltResourceUrl")
def bolt_resource_url(call: Call, world: World) -> dict[str, Any]:
    """Return the URL of an artifact, which needs no credentials (Paradime documentation, Bolt API)."""
    resource = world[BOLT_RESOURCES].get(call.params["resourceId"])
    if resource is None or not _has_ended(world, resource["commandId"]):
        raise unknown_resource(call.params["resourceId"])
    return {"ok": True, "url": f"{call.public_url}/bolt-resources/{resource['key']}"}


@handlers.operation("getBoltResourceFile")
def get_bolt_resource_file(call: Call, world: World) -> Reply:
    """Return an artifact to whoever knows its URL."""
    found = world[BOLT_RESOURCES].page(limit=1, where={"key": call.params["key"]})
    if not found or not _has_ended(world, found[0]["commandId"]):
        raise Refusal(Reply(404, {"message": "Not Found"}))
    return Reply(200, found[0]["content"])


def _find(world: World, id: int) -> Record:
    command = world[BOLT_COMMANDS].get(id)
    run = world[BOLT_RUNS].get(command["scheduleRunId"]) if command else None
    begun = progress.commands_of(world, run) if run else []
    found = next((one for one in begun if one["id"] == id), None)
    if found is None:
        raise unknown_command(id)
    return found


def _has_ended(world: World, id: int) -> bool:
    command = world[BOLT_COMMANDS].get(id)
    run = world[BOLT_RUNS].get(command["scheduleRunId"]) if command else None
    return any(one["id"] == id and one["endDttm"] for one in (progress.commands_of(world, run) if run else []))
