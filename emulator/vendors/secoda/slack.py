"""Slack conversations."""

from __future__ import annotations

from emulator.exchange import Call, Reply
from emulator.store.world import World
from emulator.vendor import Handlers
from emulator.vendors.secoda.collections import CONVERSATIONS

handlers = Handlers()


@handlers.operation("listSlackConversations")
def list_slack_conversations(call: Call, world: World) -> Reply:
    """Return all conversations (Secoda documentation, Integrations, List Slack Conversations or Channels)."""
    return Reply(200, [{"id": found["id"], "name": found["name"]} for found in world[CONVERSATIONS].all()])
