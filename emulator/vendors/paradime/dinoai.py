"""Sessions of DinoAI agents. The contract declares what starts and stops them, and how their status passes."""

from __future__ import annotations

from datetime import datetime, timedelta

from emulator.exchange import Record
from emulator.store.world import World
from emulator.vendor import Hooks, Write
from emulator.vendors.paradime.collections import DINOAI_SESSIONS, WORKSPACES
from emulator.vendors.paradime.errors import nothing_to_do

DELIVERED = {"COMPLETED": "Done.", "FAILED": "The run has failed."}
"""What the agent says at the end of a turn (assumed).

One that was stopped, or that never started, says nothing: Paradime Python SDK 6.9.0, paradime/cli/dinoai.py.
"""


hooks = Hooks()


@hooks.writing("dinoai_sessions")
def take_message(world: World, write: Write) -> Record | None:
    """Add the client's message to a session; complete a new one. Raises FieldError for one without any purpose."""
    if write.after is None:
        return None
    message = write.call.params.get("message")
    told = {**write.after, "messages": _with(write.after["messages"], "user", message, world.now)}
    if write.before is not None:
        return told
    if message is None and write.after["agent"] is None:
        raise nothing_to_do()
    family = write.after["modelFamily"]
    warning = None if family is None else f"Unknown model family {family!r}: the default one is used"
    return {**told, "workspaceUid": _workspace(world), "warning": warning}


@hooks.written("dinoai_sessions")
def deliver(world: World, write: Write) -> None:
    """Let the agent say something when its turn ends."""
    if write.before is None or write.after is None or write.after["status"] == write.before["status"]:
        return
    said = DELIVERED.get(write.after["status"])
    world[DINOAI_SESSIONS].replace(
        {**write.after, "messages": _with(write.after["messages"], "agent", said, world.now)}
    )


def _with(messages: list[Record], role: str, content: str | None, now: datetime) -> list[Record]:
    """Return messages with one more, if it has content. Clients tell them apart by `ts` (SDK 6.9.0)."""
    if content is None:
        return messages
    known = {message["ts"] for message in messages}
    while (ts := f"{now.timestamp():.6f}") in known:
        now += timedelta(microseconds=1)
    return [*messages, {"ts": ts, "role": role, "content": content}]


def _workspace(world: World) -> str | None:
    """Return the workspace of the caller's token, or else the first."""
    first = world[WORKSPACES].page(limit=1)
    own: str | None = world.identity.credential.get("workspace")
    return own or (first[0]["uid"] if first else None)
