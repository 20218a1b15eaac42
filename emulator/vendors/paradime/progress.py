"""How far the commands of a run have come: they follow each other within the time that the run takes.

No source says how long a run takes; each command gets the same share. They appear as they begin
(Paradime Python SDK 6.9.0, paradime/cli/bolt.py).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Final

from emulator.exchange import Record
from emulator.store.world import World
from emulator.vendors.paradime.artifacts import artifacts_of
from emulator.vendors.paradime.collections import BOLT_COMMANDS, BOLT_RESOURCES
from emulator.vendors.paradime.times import read, written

LASTS: Final = timedelta(seconds=30)
"""How long a run takes: the states of bolt_runs in the contract, together."""

ENDED: Final = ("SUCCESS", "FAILED", "ERROR", "CANCELED", "SKIPPED")


def add_commands(world: World, run: Record) -> None:
    """Add the commands of a new run, none of which has begun, and the artifacts that they will leave."""
    for text in run["commands"]:
        command = {
            "id": world.unused_number(BOLT_COMMANDS),
            "scheduleRunId": run["id"],
            "command": text,
            **dict.fromkeys(("startDttm", "endDttm", "stdout", "stderr"), ""),
            "returnCode": None,
        }
        world[BOLT_COMMANDS].insert(command)
        for path, content in artifacts_of(text, world.uuid(), run["startDttm"]):
            id, key = world.unused_number(BOLT_RESOURCES), world.secret(32)
            resource = {"id": id, "commandId": command["id"], "path": path, "key": key, "content": content}
            world[BOLT_RESOURCES].insert(resource)


def commands_of(world: World, run: Record) -> list[Record]:
    """Return the commands of a run that have begun, each with the artifacts that it has left."""
    stored = world[BOLT_COMMANDS].all({"scheduleRunId": run["id"]})
    if all(command["startDttm"] for command in stored):
        return [_with_resources(world, command) for command in stored]
    return [_with_resources(world, command) for command in _begun(run, stored, world.now)]


def end_commands(world: World, run: Record) -> None:
    """Keep the commands of a run that has just ended as they are now; remove those that have not begun."""
    stored = world[BOLT_COMMANDS].all({"scheduleRunId": run["id"]})
    begun = {command["id"]: command for command in _begun(run, stored, world.now)}
    for command in stored:
        if command["id"] in begun:
            world[BOLT_COMMANDS].replace(begun[command["id"]])
        else:
            world[BOLT_COMMANDS].delete(command["id"])
            world[BOLT_RESOURCES].delete_all({"commandId": command["id"]})


def _begun(run: Record, commands: Sequence[Record], now: datetime) -> Iterator[Record]:
    first, share = read(run["startDttm"]), LASTS / max(len(commands), 1)
    starts = [first + number * share for number in range(len(commands))]
    count = len(commands) if run["state"] == "SUCCESS" else sum(start <= now for start in starts)
    for number in range(0 if run["state"] == "SKIPPED" else count):
        start = min(starts[number], now)
        command = {**commands[number], "startDttm": written(start)}
        is_last = number == count - 1 and run["state"] != "SUCCESS"
        yield _at_work(command, run, now) if is_last else _done(command, min(start + share, now))


def _done(command: Record, end: datetime) -> Record:
    return {**command, "endDttm": written(end), "stdout": f"{command['command']}: done\n", "returnCode": 0}


def _at_work(command: Record, run: Record, now: datetime) -> Record:
    """Return the last command that has begun: it fails with the run, or is not finished."""
    if run["state"] not in ENDED:
        return command
    reason = "canceled" if run["state"] == "CANCELED" else "failed"
    return {**command, "endDttm": written(now), "stderr": f"{command['command']}: {reason}\n", "returnCode": 1}


def _with_resources(world: World, command: Record) -> Record:
    found = world[BOLT_RESOURCES].all({"commandId": command["id"]}) if command["endDttm"] else []
    return {**command, "resources": [{"id": one["id"], "path": one["path"]} for one in found]}
